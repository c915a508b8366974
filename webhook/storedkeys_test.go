package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// observedStore records when it is read.
type observedStore struct {
	messagemedia.SignatureKeyStore
	mu    sync.Mutex
	reads []time.Time
	read  func() // called before the store is read
}

func (s *observedStore) SignatureKeys(ctx context.Context) ([]messagemedia.StoredKey, error) {
	s.mu.Lock()
	s.reads = append(s.reads, time.Now())
	s.mu.Unlock()
	if s.read != nil {
		s.read()
	}
	return s.SignatureKeyStore.SignatureKeys(ctx)
}

func (s *observedStore) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.reads)
}

// storedKeysWorld is a store with the key "known", and a KeySource that reads it.
type storedKeysWorld struct {
	*testing.T
	store    *messagemediatest.KeyStore
	observed *observedStore
	keys     webhook.KeySource
}

func withStoredKeys(t *testing.T, test func(*storedKeysWorld), options ...webhook.StoredKeysOption) {
	t.Parallel()
	public, _ := newSigner(t, webhook.SHA256)
	synctest.Test(t, func(t *testing.T) {
		w := &storedKeysWorld{T: t, store: messagemediatest.NewKeyStore()}
		w.observed = &observedStore{SignatureKeyStore: w.store}
		w.keys = webhook.StoredKeys(w.observed, options...)
		w.put("known", public.PublicKey)
		test(w)
	})
}

func (w *storedKeysWorld) put(id, publicKey string) {
	require.NoError(w, w.store.PutSignatureKey(w.Context(), messagemedia.StoredKey{ID: id, Digest: webhook.SHA256, PublicKey: publicKey}))
}

// another stores a copy of the known key under another ID.
func (w *storedKeysWorld) another(id string) {
	keys, err := w.store.SignatureKeys(w.Context())
	require.NoError(w, err)
	w.put(id, keys[0].PublicKey)
}

func (w *storedKeysWorld) fail(times int) {
	w.store.Fail(messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStoreRead, Times: times})
}

func (w *storedKeysWorld) slow(delay time.Duration) {
	w.store.Fail(messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStoreRead, Delay: delay})
}

func (w *storedKeysWorld) accepts(id string) {
	w.Helper()
	key, err := w.keys.Key(w.Context(), id)
	require.NoError(w, err)
	require.Equal(w, id, key.ID())
}

func (w *storedKeysWorld) rejects(id string) {
	w.Helper()
	key, err := w.keys.Key(w.Context(), id)
	require.ErrorIs(w, err, webhook.ErrUnknownKey)
	require.Nil(w, key)
}

// cantTell expects an error of the KeySource, not of the delivery.
func (w *storedKeysWorld) cantTell(id, want string) {
	w.Helper()
	key, err := w.keys.Key(w.Context(), id)
	require.ErrorContains(w, err, want)
	require.NotErrorIs(w, err, webhook.ErrUnknownKey)
	require.Nil(w, key)
}

func TestStoredKeysAreLoadedOnceAMinute(t *testing.T) {
	withStoredKeys(t, func(w *storedKeysWorld) {
		for range 100 {
			w.accepts("known")
		}
		assert.Equal(t, 1, w.observed.count())
		time.Sleep(59 * time.Second)
		w.accepts("known")
		assert.Equal(t, 1, w.observed.count())
		time.Sleep(time.Second)
		w.accepts("known")
		assert.Equal(t, 2, w.observed.count())
	})
}

func TestAKeyDeletedFromTheStoreIsRejectedAMinuteLater(t *testing.T) {
	withStoredKeys(t, func(w *storedKeysWorld) {
		w.accepts("known")
		require.NoError(t, w.store.DeleteSignatureKey(w.Context(), "known"))
		time.Sleep(time.Minute)
		w.rejects("known")
	})
}

func TestANewKeyIsAcceptedAtOnce(t *testing.T) {
	withStoredKeys(t, func(w *storedKeysWorld) {
		w.rejects("new")
		w.another("new")
		w.accepts("new")
		w.rejects("newer")
	})
}

// TestAnUnknownKeyWaitsForALoadThatBeganLater, because a load that already runs may have read
// the store before the key was stored.
func TestAnUnknownKeyWaitsForALoadThatBeganLater(t *testing.T) {
	withStoredKeys(t, func(w *storedKeysWorld) {
		w.accepts("known")
		time.Sleep(time.Second)
		w.store.Fail(messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStoreRead, Delay: 500 * time.Millisecond, AfterCommit: true})
		go func() { _, _ = w.keys.Key(context.Background(), "forged") }()
		time.Sleep(100 * time.Millisecond) // the store was read, and its result is not there yet
		w.another("new")
		w.accepts("new")
		assert.Equal(t, 3, w.observed.count())
	})
}

func TestForgedIDsDoNotDelayKnownKeys(t *testing.T) {
	withStoredKeys(t, func(w *storedKeysWorld) {
		w.observed.read = func() { time.Sleep(100 * time.Millisecond) }
		var flood sync.WaitGroup
		stop := make(chan struct{})
		for n := range 200 {
			flood.Go(func() {
				random := rand.New(rand.NewPCG(1, uint64(n)))
				for {
					select {
					case <-stop:
						return
					default:
						time.Sleep(time.Duration(random.Int64N(int64(50 * time.Millisecond))))
						w.rejects(fmt.Sprint("forged-", random.Uint64()))
					}
				}
			})
		}
		const seconds = 60
		began := time.Now()
		for n := range seconds {
			id := fmt.Sprint("new-", n)
			w.another(id)
			start := time.Now()
			w.accepts(id)
			assert.Less(t, time.Since(start), time.Second)
			start = time.Now()
			w.accepts(id)
			w.accepts("known")
			assert.Zero(t, time.Since(start), "a known key does not wait for the lookups of others")
			time.Sleep(time.Second)
		}
		close(stop)
		flood.Wait()
		for i := 1; i < len(w.observed.reads); i++ {
			require.GreaterOrEqual(t, w.observed.reads[i].Sub(w.observed.reads[i-1]), 250*time.Millisecond)
		}
		assert.Greater(t, len(w.observed.reads), 3*seconds, "the forged IDs caused loads")
		t.Logf("%d reads in %v", len(w.observed.reads), time.Since(began))
	})
}

// TestForgedIDsAreNotRemembered measures the memory in use after a million of them.
func TestForgedIDsAreNotRemembered(t *testing.T) {
	public, _ := newSigner(t, webhook.SHA256)
	store := messagemediatest.NewKeyStore()
	require.NoError(t, store.PutSignatureKey(t.Context(), messagemedia.StoredKey{ID: "known", Digest: webhook.SHA256, PublicKey: public.PublicKey}))
	synctest.Test(t, func(t *testing.T) {
		keys := webhook.StoredKeys(store)
		forge := func(from, to int) {
			var flood sync.WaitGroup
			for n := from; n < to; n++ {
				flood.Go(func() {
					_, err := keys.Key(t.Context(), fmt.Sprintf("forged-%d-%01000d", n, n))
					assert.ErrorIs(t, err, webhook.ErrUnknownKey)
				})
			}
			flood.Wait()
		}
		live := func() uint64 {
			var stats runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&stats)
			return stats.HeapAlloc
		}
		forge(0, 1000)
		before := live()
		for round := range 20 {
			forge(round*1000, round*1000+1000) // 1 KB each
		}
		assert.Less(t, int64(live())-int64(before), int64(2<<20), "20 MB of IDs were sent")
		_, err := keys.Key(t.Context(), "known")
		require.NoError(t, err)
	})
}

func TestKnownKeysServeWhileTheStoreIsDown(t *testing.T) {
	withStoredKeys(t, func(w *storedKeysWorld) {
		w.accepts("known")
		loaded := time.Now()
		w.fail(1 << 30)
		for time.Since(loaded) < 24*time.Hour {
			w.accepts("known")
			time.Sleep(9*time.Minute + time.Second)
		}
		time.Sleep(time.Until(loaded.Add(24*time.Hour + time.Second)))
		w.cantTell("known", "webhook: StoredKeys: read the store: messagemediatest: key store: injected fault")
		w.cantTell("forged", "injected fault")
	})
}

func TestWithMaxStaleness(t *testing.T) {
	withStoredKeys(t, func(w *storedKeysWorld) {
		w.accepts("known")
		w.fail(2)
		time.Sleep(time.Hour)
		w.accepts("known")
		time.Sleep(time.Second)
		w.cantTell("known", "injected fault")
		w.accepts("known")
	}, webhook.WithMaxStaleness(time.Hour))
}

// TestAFailingStoreIsNotReadForEachDelivery that a known key signed.
func TestAFailingStoreIsNotReadForEachDelivery(t *testing.T) {
	withStoredKeys(t, func(w *storedKeysWorld) {
		w.accepts("known")
		w.fail(1 << 30)
		start := time.Now()
		for time.Since(start) < 10*time.Minute {
			time.Sleep(100 * time.Millisecond)
			w.accepts("known")
		}
		assert.LessOrEqual(t, w.observed.count(), 11)
		assert.GreaterOrEqual(t, w.observed.count(), 10)
	})
}

// TestAHangingStoreDoesNotDelayKnownKeys, except for the first second.
func TestAHangingStoreDoesNotDelayKnownKeys(t *testing.T) {
	withStoredKeys(t, func(w *storedKeysWorld) {
		w.accepts("known")
		time.Sleep(time.Minute)
		w.slow(time.Hour)
		start := time.Now()
		w.accepts("known")
		assert.Equal(t, time.Second, time.Since(start))
		for range 100 {
			w.accepts("known")
		}
		assert.Equal(t, time.Second, time.Since(start))
		w.cantTell("new", "webhook: StoredKeys: the store was not read within 1s")
		assert.Equal(t, 2*time.Second, time.Since(start))
		time.Sleep(8 * time.Second) // the load's 10 seconds
		w.rejects("new")
	})
}

func TestADeliveryWaitsNoLongerThanItsContext(t *testing.T) {
	withStoredKeys(t, func(w *storedKeysWorld) {
		w.slow(time.Minute)
		cause := errors.New("the caller disconnected")
		ctx, cancel := context.WithTimeoutCause(w.Context(), time.Millisecond, cause)
		defer cancel()
		start := time.Now()
		_, err := w.keys.Key(ctx, "known")
		require.ErrorIs(t, err, cause)
		assert.Equal(t, time.Millisecond, time.Since(start))
		time.Sleep(20 * time.Second)
		w.accepts("known")
	})
}

// TestALoadOutlivesTheDeliveryThatBeganIt, because other deliveries wait for it.
func TestALoadOutlivesTheDeliveryThatBeganIt(t *testing.T) {
	withStoredKeys(t, func(w *storedKeysWorld) {
		w.slow(500 * time.Millisecond)
		ctx, cancel := context.WithCancel(w.Context())
		go func() { _, _ = w.keys.Key(ctx, "known") }()
		synctest.Wait()
		cancel()
		time.Sleep(600 * time.Millisecond)
		w.accepts("known")
		assert.Equal(t, 1, w.observed.count())
	})
}

func TestAnInvalidStoredKeyDoesNotAffectOthers(t *testing.T) {
	withStoredKeys(t, func(w *storedKeysWorld) {
		w.put("bad", "junk")
		w.accepts("known")
		w.cantTell("bad", `webhook: StoredKeys: stored key "bad": `)
		w.rejects("unknown")
	})
}

func TestAPanicOfTheStoreIsAnError(t *testing.T) {
	withStoredKeys(t, func(w *storedKeysWorld) {
		for want, misbehave := range map[string]func(){
			"nil map":                         func() { panic("nil map") },
			errors.ErrUnsupported.Error():     func() { panic(errors.ErrUnsupported) },
			"the store called runtime.Goexit": runtime.Goexit,
		} {
			w.observed.read = misbehave
			_, err := w.keys.Key(w.Context(), "known")
			require.ErrorIs(t, err, webhook.ErrPanic)
			assert.ErrorContains(t, err, want)
			assert.Equal(t, want == errors.ErrUnsupported.Error(), errors.Is(err, errors.ErrUnsupported))
		}
		w.observed.read = nil
		w.accepts("known")
	})
}

func TestStoredKeysReportsInvalidArguments(t *testing.T) {
	t.Parallel()
	store := messagemediatest.NewKeyStore()
	for want, keys := range map[string]webhook.KeySource{
		"webhook: StoredKeys: store is nil":                        webhook.StoredKeys(nil),
		"webhook: StoredKeys: option 2 is nil":                     webhook.StoredKeys(store, webhook.WithMaxStaleness(time.Hour), nil),
		"webhook: WithMaxStaleness: must be positive, got 0s":      webhook.StoredKeys(store, webhook.WithMaxStaleness(0)),
		"webhook: WithMaxStaleness: must be positive, got -1h0m0s": webhook.StoredKeys(store, webhook.WithMaxStaleness(-time.Hour)),
	} {
		_, err := webhook.NewVerifier(webhook.Signed(keys))
		assert.EqualError(t, err, want)
		_, err = keys.Key(t.Context(), "k")
		assert.EqualError(t, err, want)
	}
	_, err := webhook.NewVerifier(webhook.Signed(webhook.StoredKeys((*messagemedia.FileKeyStore)(nil))))
	assert.EqualError(t, err, "webhook: StoredKeys: store is nil")
	_, err = webhook.NewVerifier(webhook.Signed(webhook.StoredKeys(nil, nil, webhook.WithMaxStaleness(-1))))
	assert.EqualError(t, err, "webhook: StoredKeys: store is nil\nwebhook: StoredKeys: option 1 is nil\nwebhook: WithMaxStaleness: must be positive, got -1ns")
	_, err = webhook.NewVerifier(webhook.Signed(webhook.StoredKeys(store)))
	assert.NoError(t, err)
}

// TestKnownKeysDoNotAllocate once they are loaded.
func TestKnownKeysDoNotAllocate(t *testing.T) {
	public, _ := newSigner(t, webhook.SHA256)
	store := messagemediatest.NewKeyStore()
	require.NoError(t, store.PutSignatureKey(t.Context(), messagemedia.StoredKey{ID: "known", Digest: webhook.SHA256, PublicKey: public.PublicKey}))
	keys := webhook.StoredKeys(store)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_, err := keys.Key(t.Context(), "known")
		require.NoError(t, err)
	}))
}
