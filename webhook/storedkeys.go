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
	keyRefresh      = time.Minute            // between two loads, if no delivery needs one earlier
	keyWait         = time.Second            // how long a delivery waits for a load
	keyLoadInterval = 250 * time.Millisecond // between the starts of two loads, at least
	keyLoadTimeout  = 10 * time.Second

	defaultMaxStaleness = 24 * time.Hour
)

// StoredKeysOption configures [StoredKeys]. If a value is invalid, [NewVerifier] returns an
// error.
type StoredKeysOption func(*storedKeys)

// WithMaxStaleness sets how long loaded keys are used while the store can't be read. The
// default is 24 hours.
func WithMaxStaleness(limit time.Duration) StoredKeysOption {
	return func(s *storedKeys) { s.maxStaleness = limit }
}

// StoredKeys returns a [KeySource] that reads a store, which SyncSignatureKey and
// RotateSignatureKey of messagemedia.Client maintain. The KeySource is safe for concurrent
// use. It keeps the keys in memory, so create one per store and reuse it.
//
// StoredKeys loads all keys together. It loads them again after a minute, so it uses a key
// that was deleted from the store for at most a minute. Before it rejects an unknown key, it
// waits for a load that began after the delivery arrived, so that it accepts a new key at
// once. It waits at most a second. After that, the error matches [ErrKeySource], and a
// [Handler] responds 503.
//
// Because anyone can send unknown IDs, StoredKeys remembers nothing about them. At most one
// load runs at a time, and at most 4 begin per second.
//
// If the store can't be read, StoredKeys uses the loaded keys for 24 hours
// ([WithMaxStaleness]). For unknown keys, the error matches ErrKeySource. A load fails after
// 10 seconds. The store's methods must return when their context ends: while one does not
// return, no other load starts.
//
// If the store or an option is invalid, [NewVerifier] returns an error.
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
		check.That(!check.IsNil(store), "webhook: StoredKeys: store is nil"),
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
	keys     map[string]storedKey // of the last successful load
	loadedAt time.Time            // when that load began; zero before the first
	triedAt  time.Time            // when the last load began
	running  *keyLoad             // the load that runs; nil if there is none
	next     *keyLoad             // the load that waits to start; nil if there is none
}

// storedKey is a key, or the reason that it can't be used. An invalid key does not affect
// the others.
type storedKey struct {
	key *Key
	err error
}

// keyLoad is one load of the store. Any number of deliveries can wait for it.
type keyLoad struct {
	began time.Time // zero until the load begins
	done  chan struct{}
	err   error // valid once done is closed
}

// check returns an error if an argument is invalid, for NewVerifier. Each delivery checks
// the size of its key.
func (s *storedKeys) check(int) error { return s.invalid }

// Key returns the key with this ID. If the store does not contain it, the error matches
// ErrUnknownKey.
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

// known returns a key that is in memory. If the keys are due for a refresh, known waits for
// it. If the refresh takes too long, known returns the key in memory.
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

// refresh returns the load that refreshes the keys, and when it began. It returns nil if the
// keys are less than a minute old, or if a load failed less than a minute ago.
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

// startLoad returns a load that has not begun yet. All calls until it begins share it.
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

// load reads the store, after a pause and after the previous load has ended.
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

// read reads and parses all keys. It recovers a panic of the store, which would end the
// program, because load runs in its own goroutine.
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

// wait waits for the load and returns its error. If the limit passes or ctx ends first, it
// returns an error.
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
