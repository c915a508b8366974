package webhook

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

const (
	keyRefresh      = time.Minute            // from one load to the next, if no delivery needs one earlier
	keyWait         = time.Second            // of a delivery for a load
	keyLoadInterval = 250 * time.Millisecond // from the start of one load to that of the next
	keyLoadTimeout  = 10 * time.Second

	defaultMaxStaleness = 24 * time.Hour
)

// StoredKeysOption configures [StoredKeys].
type StoredKeysOption func(*storedKeys)

// WithMaxStaleness sets how long known keys are used while the store can't be read. The
// default is 24 hours.
func WithMaxStaleness(limit time.Duration) StoredKeysOption {
	return func(s *storedKeys) { s.maxStaleness = limit }
}

// StoredKeys returns a [KeySource] over a store, which messagemedia.Client's
// SyncSignatureKey and RotateSignatureKey maintain. It is safe for concurrent use. Create
// one per store and keep it: it holds the keys in memory.
//
// All keys are loaded together, and again after a minute, so a key that was deleted from
// the store is used for a minute at most. A key that is not known is not rejected before a
// load that began after the delivery arrived: a delivery that is signed with a new key is
// accepted at once. For this it waits a second at most, and then has an error that
// matches [ErrKeySource], for which the handler responds 503.
//
// Anyone can send unknown IDs, so nothing is remembered about them, and the store is read
// once at a time, 4 times a second at most.
//
// While the store can't be read, known keys are used for 24 hours ([WithMaxStaleness]), and
// unknown ones have an error that matches ErrKeySource. A load that takes longer than 10
// seconds has failed. The store's methods must obey their context: one that does not
// return keeps every later load from starting.
//
// NewVerifier returns an error if the store or an option is invalid.
func StoredKeys(store messagemedia.SignatureKeyStore, options ...StoredKeysOption) KeySource {
	s := &storedKeys{store: store, maxStaleness: defaultMaxStaleness}
	for i, option := range options {
		if option == nil {
			s.invalid = errors.Join(s.invalid, fmt.Errorf("webhook: StoredKeys: option %d is nil", i+1))
			continue
		}
		option(s)
	}
	s.invalid = errors.Join(
		check.That(!isNil(store), "webhook: StoredKeys: store is nil"),
		s.invalid,
		check.That(s.maxStaleness > 0, "webhook: WithMaxStaleness: must be positive, got %v", s.maxStaleness),
	)
	return s
}

// storedKeys is the KeySource of StoredKeys.
type storedKeys struct {
	store        messagemedia.SignatureKeyStore
	maxStaleness time.Duration
	invalid      error // of the arguments

	mu       sync.Mutex
	keys     map[string]storedKey // of the last load that succeeded
	loadedAt time.Time            // when that began; zero before the first
	triedAt  time.Time            // when the last load began
	running  *keyLoad             // nil if there is none
	next     *keyLoad             // waits until it may start; nil if there is none
}

// storedKey is a key, or why it can't be used: one bad row does not cost the others.
type storedKey struct {
	key *Key
	err error
}

// keyLoad is one reading of the store, which any number of deliveries wait for.
type keyLoad struct {
	began time.Time // zero until then
	done  chan struct{}
	err   error // valid once done is closed
}

// check reports the invalid arguments, for NewVerifier. The size of a key is checked at
// each delivery.
func (s *storedKeys) check(int) error { return s.invalid }

// Key returns the key with this ID, an error that matches ErrUnknownKey, or why neither
// could be found out.
func (s *storedKeys) Key(ctx context.Context, id string) (*Key, error) {
	if s.invalid != nil {
		return nil, s.invalid
	}
	if key, known := s.known(ctx, id); known {
		return key.key, key.err
	}
	load := s.startLoad(ctx)
	if err := load.wait(ctx, keyWait); err != nil {
		return nil, fmt.Errorf("webhook: StoredKeys: %w", err)
	}
	if key, known := s.lookUp(id); known {
		return key.key, key.err
	}
	return nil, ErrUnknownKey
}

// known returns a key that is in memory. If the keys are due to be loaded again, it waits
// for that first, unless the store hangs: keys in memory then serve without a delay.
func (s *storedKeys) known(ctx context.Context, id string) (storedKey, bool) {
	key, known := s.lookUp(id)
	if !known {
		return key, false
	}
	load, began := s.refresh(ctx)
	if load == nil {
		return key, true
	}
	if err := load.wait(ctx, keyWait-time.Since(began)); err != nil {
		return key, true
	}
	return s.lookUp(id)
}

func (s *storedKeys) lookUp(id string) (storedKey, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.loadedAt) > s.maxStaleness {
		return storedKey{}, false
	}
	key, known := s.keys[id]
	return key, known
}

// refresh returns the load that is to bring the keys up to date, and when it began. It
// returns nil if they are, and if a load has failed less than a minute ago.
func (s *storedKeys) refresh(ctx context.Context) (*keyLoad, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case time.Since(s.loadedAt) < keyRefresh:
		return nil, time.Time{}
	case s.running != nil:
		return s.running, s.running.began
	case time.Since(s.triedAt) < keyRefresh:
		return nil, time.Time{}
	}
	return s.startLoadLocked(ctx), time.Now()
}

// startLoad returns a load that begins from now on. All who call it until then share it.
func (s *storedKeys) startLoad(ctx context.Context) *keyLoad {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.startLoadLocked(ctx)
}

func (s *storedKeys) startLoadLocked(ctx context.Context) *keyLoad {
	if s.next == nil {
		s.next = &keyLoad{done: make(chan struct{}), err: errLoadEnded}
		go s.load(context.WithoutCancel(ctx), s.next, s.running, keyLoadInterval-time.Since(s.triedAt))
	}
	return s.next
}

// load reads the store, after the load before it has ended and a pause.
func (s *storedKeys) load(ctx context.Context, load, before *keyLoad, pause time.Duration) {
	time.Sleep(pause)
	if before != nil {
		<-before.done
	}
	s.mu.Lock()
	load.began = time.Now()
	s.running, s.next, s.triedAt = load, nil, load.began
	s.mu.Unlock()

	var keys map[string]storedKey
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if load.err == nil {
			s.keys, s.loadedAt = keys, load.began
		}
		s.running = nil
		close(load.done)
	}()
	keys, load.err = s.read(ctx)
}

// read takes a panic of the store for an error: it runs in a goroutine of its own, where
// a panic would end the program.
func (s *storedKeys) read(ctx context.Context) (keys map[string]storedKey, err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case error:
			err = fmt.Errorf("%w: %w", ErrPanic, v)
		default:
			err = fmt.Errorf("%w: %v", ErrPanic, v)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, keyLoadTimeout)
	defer cancel()
	stored, err := s.store.SignatureKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the store: %w", err)
	}
	keys = make(map[string]storedKey, len(stored))
	for _, k := range stored {
		key, err := ParseKey(k.ID, k.Digest, k.PublicKey)
		if err != nil {
			err = fmt.Errorf("webhook: StoredKeys: stored key %q: %w", k.ID, err)
		}
		keys[k.ID] = storedKey{key, err}
	}
	return keys, nil
}

var (
	errLoadEnded = fmt.Errorf("%w: the store called runtime.Goexit", ErrPanic)
	errLoadWait  = fmt.Errorf("the store was not read within %v", keyWait)
)

// wait returns the load's error, or why it waits no longer.
func (l *keyLoad) wait(ctx context.Context, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-l.done:
		return l.err
	case <-timer.C:
		return errLoadWait
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
