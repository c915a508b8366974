package messagemediatest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// ErrKeyStoreFault is the error of a [KeyStoreFault] that names no other.
var ErrKeyStoreFault = errors.New("messagemediatest: key store: injected fault")

// KeyStore is a messagemedia.SignatureKeyStore in memory. [NewKeyStore] returns one. It
// is safe for concurrent use.
type KeyStore struct {
	mu     sync.Mutex
	keys   map[string]messagemedia.StoredKey
	faults []*KeyStoreFault
}

// NewKeyStore returns an empty store.
func NewKeyStore() *KeyStore {
	return &KeyStore{keys: make(map[string]messagemedia.StoredKey)}
}

// KeyStoreOperation is a method of a [KeyStore].
type KeyStoreOperation string

// The operations of a [KeyStore].
const (
	KeyStoreRead   KeyStoreOperation = "SignatureKeys"
	KeyStorePut    KeyStoreOperation = "PutSignatureKey"
	KeyStoreDelete KeyStoreOperation = "DeleteSignatureKey"
)

// KeyStoreFault makes an operation of a [KeyStore] fail:
//
//	store.Fail(messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStorePut, AfterCommit: true})
type KeyStoreFault struct {
	// Operation is the one that fails. If empty, any does.
	Operation KeyStoreOperation

	// Times is how many operations fail. If zero, one does.
	Times int

	// AfterCommit lets the operation take effect before it fails.
	AfterCommit bool

	// Delay is the time until the failure or, if Err is nil, until the operation
	// succeeds. It ends early if the context ends.
	Delay time.Duration

	// Err is the error that the operation returns. If nil and Delay is zero, the error is
	// [ErrKeyStoreFault].
	Err error
}

// Fail queues faults. An operation takes the first that matches it. If a fault is invalid,
// Fail queues none and returns an error.
func (s *KeyStore) Fail(faults ...KeyStoreFault) error {
	for _, fault := range faults {
		if err := fault.check(); err != nil {
			return fmt.Errorf("messagemediatest: KeyStore.Fail: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fault := range faults {
		fault.Times = max(1, fault.Times)
		if fault.Err == nil && fault.Delay == 0 {
			fault.Err = ErrKeyStoreFault
		}
		s.faults = append(s.faults, &fault)
	}
	return nil
}

// SignatureKeys returns all keys, in the order of their IDs.
func (s *KeyStore) SignatureKeys(ctx context.Context) ([]messagemedia.StoredKey, error) {
	var keys []messagemedia.StoredKey
	err := s.operate(ctx, KeyStoreRead, func() {
		keys = slices.SortedFunc(maps.Values(s.keys), func(a, b messagemedia.StoredKey) int { return cmp.Compare(a.ID, b.ID) })
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// PutSignatureKey stores a key.
func (s *KeyStore) PutSignatureKey(ctx context.Context, key messagemedia.StoredKey) error {
	return s.operate(ctx, KeyStorePut, func() { s.keys[key.ID] = key })
}

// DeleteSignatureKey deletes the key with this ID, if there is one.
func (s *KeyStore) DeleteSignatureKey(ctx context.Context, id string) error {
	return s.operate(ctx, KeyStoreDelete, func() { delete(s.keys, id) })
}

// operate does what is asked for, before or after the fault that is next.
func (s *KeyStore) operate(ctx context.Context, operation KeyStoreOperation, do func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	fault := s.nextFault(operation)
	if fault.AfterCommit {
		s.locked(do)
	}
	if err := fault.wait(ctx); err != nil {
		return err
	}
	if fault.Err == nil && !fault.AfterCommit {
		s.locked(do)
	}
	return fault.Err
}

func (s *KeyStore) locked(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

func (f KeyStoreFault) check() error {
	operations := []KeyStoreOperation{KeyStoreRead, KeyStorePut, KeyStoreDelete}
	return cmp.Or(
		check.That(f.Operation == "" || slices.Contains(operations, f.Operation), "Operation must be one of %q, got %q", operations, f.Operation),
		check.That(f.Times >= 0, "Times must not be negative, got %d", f.Times),
		check.That(f.Delay >= 0, "Delay must not be negative, got %v", f.Delay),
	)
}

// nextFault returns a copy of the fault that an operation takes; the zero one if there
// is none.
func (s *KeyStore) nextFault(operation KeyStoreOperation) KeyStoreFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fault := range s.faults {
		if fault.Times > 0 && (fault.Operation == "" || fault.Operation == operation) {
			fault.Times--
			return *fault
		}
	}
	return KeyStoreFault{}
}

func (f KeyStoreFault) wait(ctx context.Context) error {
	if f.Delay == 0 {
		return nil
	}
	timer := time.NewTimer(f.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
