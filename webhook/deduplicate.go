package webhook

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// Deduplicator handles each delivery once. The platform sends a delivery again if the
// response does not reach it, so without one a receiver sees duplicates.
// [MemoryDeduplicator] is one for a single process; the package's documentation has one
// over SQL and one over Redis.
//
// The guarantee is at least once: a process that dies after the callback and before Do
// has recorded the key leaves a delivery that is handled again. Exactly one effect comes
// from a transaction that has the key and the effect, or from an effect that is
// idempotent. And after a crash a delivery is handled only if the platform retries it
// later than the claim of the process that died ends.
type Deduplicator interface {
	// Do calls handle, unless an earlier call for the key succeeded: then it returns true.
	// It returns the error of handle, and records the key only if that is nil. If another
	// call for the key runs, Do waits for it, and calls handle if that one failed. If it
	// can't wait any longer, it returns an error that matches ErrInProgress.
	//
	// Do is called from several goroutines at once, as often as deliveries arrive: bound
	// the connections that it uses, as with sql.DB.SetMaxOpenConns. It must return when
	// its context ends, 15 seconds after the request's header by default. The context that
	// it gives to handle is the callback's, so it can carry a transaction. Handle waits for
	// the callback's turn. It returns an error if the callback panicked; if that called
	// runtime.Goexit, deferred functions of Do run, and nothing else.
	Do(ctx context.Context, key string, handle func(context.Context) error) (duplicate bool, err error)
}

// noDeduplicator stands for none, so that a nil one is told apart.
type noDeduplicator struct{ Deduplicator }

// checkedDeduplicator is a Deduplicator that can tell what is wrong with it.
type checkedDeduplicator interface{ check() error }

func checkDeduplicator(d Deduplicator) error {
	if isNil(d) {
		return check.That(false, "webhook: WithDeduplicator: deduplicator is nil; omit the option to handle duplicates")
	}
	if checked, ok := d.(checkedDeduplicator); ok {
		return checked.check()
	}
	return nil
}

// errDuplicate says that a delivery was handled before.
var errDuplicate = errors.New("webhook: duplicate")

// deduplicate has the delivery handled, once if it has a key. While the deduplicator
// waits, the delivery has no turn: duplicates must not keep others out.
func (r *receipt) deduplicate() error {
	if _, none := r.handler.deduplicator.(noDeduplicator); none {
		r.calling = "the callback"
		return r.call(r.ctx)
	}
	r.calling = "the function of WithDedupeKey"
	key := r.handler.dedupeKey(r.delivery)
	if key == "" {
		r.calling = "the callback"
		return r.call(r.ctx)
	}
	r.endTurn()
	r.calling = "the Deduplicator, or the callback in it"
	var handling handling
	duplicate, err := r.handler.deduplicator.Do(r.ctx, key, func(ctx context.Context) error {
		return handling.end(r.callInTurn(ctx))
	})
	return handling.conclude(duplicate, err)
}

// callInTurn is for a Deduplicator, which may call it in any goroutine, and leave it behind.
func (r *receipt) callInTurn(ctx context.Context) error {
	if err := r.handler.takeTurn(r.ctx); err != nil {
		return err
	}
	defer r.handler.endTurn()
	return r.call(ctx)
}

// handling is what became of the callback that a Deduplicator was to call.
type handling struct {
	mu    sync.Mutex
	ended bool
	err   error // of the last call: a transaction may be tried again
}

func (h *handling) end(err error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended, h.err = true, err
	return err
}

// conclude never takes a delivery for handled unless the callback said so and the
// deduplicator did not fail.
func (h *handling) conclude(duplicate bool, err error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.err != nil && (err == nil || errors.Is(err, h.err)):
		return h.err
	case h.err != nil:
		return fmt.Errorf("%w; %w: %w", h.err, ErrDeduplicator, err)
	case errors.Is(err, ErrInProgress):
		return fmt.Errorf("%w: %w", ErrBusy, err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrDeduplicator, err)
	case h.ended:
		return nil
	case duplicate:
		return errDuplicate
	}
	return fmt.Errorf("%w: returned nil without calling handle, though there is no duplicate", ErrDeduplicator)
}
