package webhook

import (
	"context"
	"errors"
	"sync"
)

// KeySource finds the key that a delivery names. It is called for each signed delivery,
// with an ID that anyone can have sent, so a source over a database needs a cache:
// [StoredKeys] is one. It must return when its context ends, which under [NewHandler] is 5 seconds after the
// request's header by default.
type KeySource interface {
	// Key returns the key with this ID. If there is none, the error matches
	// [ErrUnknownKey], and the delivery is refused. Any other error means that the source
	// failed: [Verifier.Verify] then returns an error that matches [ErrKeySource], and
	// the handler responds 503, so that the platform retries.
	Key(ctx context.Context, id string) (*Key, error)
}

// checkedKeySource is a KeySource that can tell what is wrong with it before it is used.
type checkedKeySource interface {
	check(minKeyBits int) error
}

// KeySet is a [KeySource] in memory. It is safe for concurrent use, also while keys are
// added and removed. The zero value is an empty set.
type KeySet struct {
	mu      sync.RWMutex
	keys    map[string]*Key
	problem error // of a key that NewKeySet was given
}

// NewKeySet returns a set of these keys. A key that [KeySet.Add] would refuse is an
// error of [NewVerifier].
func NewKeySet(keys ...*Key) *KeySet {
	set := new(KeySet)
	for _, key := range keys {
		if err := set.Add(key); err != nil {
			set.problem = err
		}
	}
	return set
}

// Add puts a key into the set, in place of one with the same ID. It returns an error if
// the key is nil, or not one that [ParseKey] returned.
func (s *KeySet) Add(key *Key) error {
	if key == nil || key.publicKey == nil {
		return errors.New("webhook: KeySet: key is not one of ParseKey")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = make(map[string]*Key)
	}
	s.keys[key.id] = key
	return nil
}

// Remove takes the key with this ID out of the set, if it is there. Deliveries that it
// signed are refused from then on.
func (s *KeySet) Remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, id)
}

// Key returns the key with this ID, or [ErrUnknownKey].
func (s *KeySet) Key(_ context.Context, id string) (*Key, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if key, ok := s.keys[id]; ok {
		return key, nil
	}
	return nil, ErrUnknownKey
}

// check finds weak keys where that can be done early.
func (s *KeySet) check(minKeyBits int) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	errs := []error{s.problem}
	for _, key := range s.keys {
		errs = append(errs, key.checkSize(minKeyBits))
	}
	return errors.Join(errs...)
}
