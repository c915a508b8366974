package messagemediatest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

var _ messagemedia.SignatureKeyStore = (*messagemediatest.KeyStore)(nil)

func TestKeyStoreKeepsKeys(t *testing.T) {
	t.Parallel()
	store := messagemediatest.NewKeyStore()
	keys, err := store.SignatureKeys(t.Context())
	require.NoError(t, err)
	assert.Empty(t, keys)
	for _, id := range []string{"b", "a", "b"} {
		require.NoError(t, store.PutSignatureKey(t.Context(), messagemedia.StoredKey{ID: id}))
	}
	keys, err = store.SignatureKeys(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []messagemedia.StoredKey{{ID: "a"}, {ID: "b"}}, keys)
	for range 2 {
		require.NoError(t, store.DeleteSignatureKey(t.Context(), "a"))
	}
	keys, err = store.SignatureKeys(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []messagemedia.StoredKey{{ID: "b"}}, keys)
}

func TestKeyStoreFails(t *testing.T) {
	t.Parallel()
	failure := errors.New("deadlock detected")
	put := func(ctx context.Context, s *messagemediatest.KeyStore) error {
		return s.PutSignatureKey(ctx, messagemedia.StoredKey{ID: "k"})
	}
	for name, c := range map[string]struct {
		fault  messagemediatest.KeyStoreFault
		want   error
		stored int
		after  time.Duration
	}{
		"before it takes effect":                 {messagemediatest.KeyStoreFault{}, messagemediatest.ErrKeyStoreFault, 0, 0},
		"after it took effect":                   {messagemediatest.KeyStoreFault{AfterCommit: true}, messagemediatest.ErrKeyStoreFault, 1, 0},
		"with an error":                          {messagemediatest.KeyStoreFault{Err: failure}, failure, 0, 0},
		"late":                                   {messagemediatest.KeyStoreFault{Err: failure, Delay: time.Second}, failure, 0, time.Second},
		"slowly":                                 {messagemediatest.KeyStoreFault{Delay: time.Second}, nil, 1, time.Second},
		"slowly, after it took effect":           {messagemediatest.KeyStoreFault{Delay: time.Second, AfterCommit: true}, nil, 1, time.Second},
		"not, with a fault of another operation": {messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStoreDelete}, nil, 1, 0},
		"with a fault of its operation":          {messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStorePut}, messagemediatest.ErrKeyStoreFault, 0, 0},
		"with its context":                       {messagemediatest.KeyStoreFault{Delay: time.Hour}, context.DeadlineExceeded, 0, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := messagemediatest.NewKeyStore()
				require.NoError(t, store.Fail(c.fault))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start := time.Now()
				require.ErrorIs(t, put(ctx, store), c.want)
				assert.Equal(t, c.after, time.Since(start))
				if c.fault.Operation == messagemediatest.KeyStoreDelete {
					require.ErrorIs(t, store.DeleteSignatureKey(t.Context(), "other"), messagemediatest.ErrKeyStoreFault)
				}
				keys, err := store.SignatureKeys(t.Context())
				require.NoError(t, err, "a fault without Times affects one operation")
				assert.Len(t, keys, c.stored)
			})
		})
	}
}

func TestInvalidFaultsOfAKeyStoreAreNotQueued(t *testing.T) {
	t.Parallel()
	store := messagemediatest.NewKeyStore()
	for want, fault := range map[string]messagemediatest.KeyStoreFault{
		`Operation must be one of ["SignatureKeys" "PutSignatureKey" "DeleteSignatureKey"], got "Put"`: {Operation: "Put"},
		"Times must not be negative, got -1":   {Times: -1},
		"Delay must not be negative, got -1ns": {Delay: -1},
	} {
		require.EqualError(t, store.Fail(messagemediatest.KeyStoreFault{}, fault), "messagemediatest: KeyStore.Fail: "+want)
	}
	require.NoError(t, store.PutSignatureKey(t.Context(), messagemedia.StoredKey{ID: "k"}))
}

func TestTimesIsTheNumberOfFailedStoreOperations(t *testing.T) {
	t.Parallel()
	store := messagemediatest.NewKeyStore()
	store.Fail(messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStoreRead, Times: 2}, messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStoreRead, Err: errors.ErrUnsupported})
	for _, want := range []error{messagemediatest.ErrKeyStoreFault, messagemediatest.ErrKeyStoreFault, errors.ErrUnsupported, nil} {
		_, err := store.SignatureKeys(t.Context())
		require.ErrorIs(t, err, want)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, store.DeleteSignatureKey(ended, "k"), context.Canceled)
}

func TestKeyStoreFromManyGoroutines(t *testing.T) {
	t.Parallel()
	store := messagemediatest.NewKeyStore()
	var all sync.WaitGroup
	for n := range 10 {
		all.Go(func() {
			store.Fail(messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStoreDelete})
			assert.NoError(t, store.PutSignatureKey(t.Context(), messagemedia.StoredKey{ID: fmt.Sprint(n)}))
			_, err := store.SignatureKeys(t.Context())
			assert.NoError(t, err)
			assert.ErrorIs(t, store.DeleteSignatureKey(t.Context(), "0"), messagemediatest.ErrKeyStoreFault)
		})
	}
	all.Wait()
	keys, err := store.SignatureKeys(t.Context())
	require.NoError(t, err)
	assert.Len(t, keys, 10)
}

// If a key can't be stored, the call does not enable it and deletes it.
func ExampleKeyStore_Fail() {
	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()
	store := messagemediatest.NewKeyStore()
	store.Fail(messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStorePut})

	result, err := api.Client().SyncSignatureKey(context.Background(), store)
	fmt.Println(errors.Is(err, messagemediatest.ErrKeyStoreFault))
	for _, step := range result.Steps {
		fmt.Println(step.Action, step.Outcome)
	}
	// Output:
	// true
	// create applied
	// store unknown
	// delete applied
	// remove applied
}
