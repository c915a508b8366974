package webhook

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// Deduplicator handles each delivery once. [MemoryDeduplicator] works within one process.
// The package documentation shows one for SQL and one for Redis.
//
// The guarantee is at least once: if a process crashes after the callback returned and
// before Do recorded the key, a retry is handled again. For exactly one effect, write the
// key and the effect in one transaction, or make the effect idempotent. After a crash, the
// delivery is handled only if the platform retries it after the claim of the crashed
// process has expired.
type Deduplicator interface {
	// Do calls handle, unless an earlier call for the key succeeded; in that case it
	// returns true. Do returns the error of handle, and records the key only if that error
	// is nil. While another call for the key runs, Do waits for it. If that call fails, Do
	// calls handle. If Do cannot wait any longer, it returns an error that matches
	// ErrInProgress.
	//
	// The handler calls Do from several goroutines at once, as often as deliveries arrive.
	// Limit the connections that Do uses, for example with sql.DB.SetMaxOpenConns. Do must
	// return when its context ends, 15 seconds after the request's header by default.
	//
	// The callback gets the context that Do passes to handle, so that context can carry a
	// transaction. If the callback panics, handle returns an error. If the callback calls
	// runtime.Goexit, only the deferred functions of Do run.
	//
	// Handle waits for the callback's turn. The callback of a delivery without a key has its
	// turn already: if it waits for a connection that Do holds, both wait until their
	// deadlines. Give it other connections, or give every delivery a key: see
	// [WithDedupeKey].
	Do(ctx context.Context, key string, handle func(context.Context) error) (duplicate bool, err error)
}

// noDeduplicator is the default. It differs from nil, which is an invalid argument.
type noDeduplicator struct{ Deduplicator }

// checkedDeduplicator is a Deduplicator that can validate its own settings.
type checkedDeduplicator interface{ check() error }

func checkDeduplicator(d Deduplicator) error {
	if check.IsNil(d) {
		return check.That(false, "webhook: WithDeduplicator: deduplicator is nil; omit the option to handle duplicates")
	}
	if checked, ok := d.(checkedDeduplicator); ok {
		return checked.check()
	}
	return nil
}

// errDuplicate means that the delivery was handled before.
var errDuplicate = errors.New("webhook: duplicate")

// deduplicate handles the delivery, once if it has a key. While the deduplicator waits, the
// delivery has no turn, so that waiting duplicates do not block other deliveries.
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

// callInTurn waits for a turn and calls the callback. A Deduplicator may call it in any
// goroutine, and may return before it does.
func (r *receipt) callInTurn(ctx context.Context) error {
	if err := r.handler.takeTurn(r.ctx); err != nil {
		return err
	}
	defer r.handler.endTurn()
	return r.call(ctx)
}

// handling records whether a Deduplicator called the callback, and with which result.
type handling struct {
	mu    sync.Mutex
	ended bool
	err   error // of the last call: a Deduplicator may retry a transaction
}

func (h *handling) end(err error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended, h.err = true, err
	return err
}

// conclude returns nil only if the last call of the callback succeeded and the deduplicator
// did not fail.
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
	return fmt.Errorf("%w: reported no duplicate and no error, but did not call handle", ErrDeduplicator)
}
