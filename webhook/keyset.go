package webhook

import (
	"context"
	"errors"
	"sync"
)

// KeySource finds the key that a delivery names. The verifier calls it for each signed
// delivery, with an ID that anyone can send, so a KeySource that reads a database needs a
// cache: [StoredKeys] has one. A KeySource must return when its context ends. A [Handler]
// ends it 5 seconds after the request's header, by default.
type KeySource interface {
	// Key returns the key with this ID. If no key has the ID, the error matches
	// [ErrUnknownKey], and the verifier rejects the delivery. Any other error means that
	// the KeySource failed: [Verifier.Verify] returns an error that matches
	// [ErrKeySource], and a [Handler] responds 503, so that the platform can retry.
	Key(ctx context.Context, id string) (*Key, error)
}

// checkedKeySource is a KeySource that can validate its keys and its settings.
type checkedKeySource interface {
	check(minKeyBits int) error
}

// KeySet is an in-memory [KeySource]. It is safe for concurrent use. Keys can be added and
// removed at any time. The zero value is an empty set.
type KeySet struct {
	mu      sync.RWMutex
	keys    map[string]*Key
	problem error // from NewKeySet, for check
}

// NewKeySet returns a set of these keys. If [KeySet.Add] rejects one of them, [NewVerifier]
// returns the error.
func NewKeySet(keys ...*Key) *KeySet {
	set := new(KeySet)
	for _, key := range keys {
		if err := set.Add(key); err != nil {
			set.problem = err
		}
	}
	return set
}

// Add adds a key to the set, and replaces a key with the same ID. If the key is nil or was
// not returned by [ParseKey], Add returns an error.
func (s *KeySet) Add(key *Key) error {
	if key == nil || key.publicKey == nil {
		return errors.New("webhook: KeySet: key must be returned by ParseKey")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = make(map[string]*Key)
	}
	s.keys[key.id] = key
	return nil
}

// Remove removes the key with this ID from the set, if present. From then on, the verifier
// rejects deliveries that the key signed.
func (s *KeySet) Remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, id)
}

// Key returns the key with this ID. If the set does not contain it, the error is
// [ErrUnknownKey].
func (s *KeySet) Key(_ context.Context, id string) (*Key, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if key, ok := s.keys[id]; ok {
		return key, nil
	}
	return nil, ErrUnknownKey
}

// check lets NewVerifier report weak keys before the first delivery.
func (s *KeySet) check(minKeyBits int) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	errs := []error{s.problem}
	for _, key := range s.keys {
		errs = append(errs, key.checkSize(minKeyBits))
	}
	return errors.Join(errs...)
}
