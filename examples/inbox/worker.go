package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// errPermanent marks a delivery that no retry can handle.
var errPermanent = errors.New("can't be handled")

// worker performs the effects of stored deliveries that lie outside the database. Workers of
// several processes can share a database.
type worker struct {
	store  *store
	effect func(ctx context.Context, key string, event webhook.Event, payload []byte) error
	tries  int64         // attempts before a delivery is parked
	lease  time.Duration // for an attempt and for storing its result
	poll   time.Duration // how often to look for retries and for deliveries of other processes
	keep   time.Duration // how long to keep handled deliveries
	logger *slog.Logger

	running sync.WaitGroup
	stopped context.CancelFunc
}

// start starts to handle up to n deliveries at a time, until stop is called.
func (w *worker) start(n int) {
	ctx, cancel := context.WithCancel(context.Background())
	w.stopped = cancel
	for range n {
		w.running.Go(func() { w.loop(ctx) })
	}
	w.running.Go(func() { w.pruneHourly(ctx) })
}

// stop claims no more deliveries, and returns once those already claimed are settled.
func (w *worker) stop() {
	w.stopped()
	w.running.Wait()
}

func (w *worker) loop(ctx context.Context) {
	for ctx.Err() == nil {
		claimed, err := w.next(ctx)
		if err != nil && ctx.Err() == nil {
			w.logger.Error("inbox: claim failed", "error", err)
		}
		if claimed {
			continue
		}
		select {
		case <-w.store.stored:
		case <-time.After(w.poll):
		case <-ctx.Done():
		}
	}
}

// next handles a delivery if one is due. It settles a claimed delivery even if the context ends.
func (w *worker) next(ctx context.Context) (claimed bool, err error) {
	d, err := w.store.claim(ctx, w.lease)
	if err != nil || d == nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.lease)
	defer cancel()
	if err := w.settle(ctx, d, w.try(ctx, d)); err != nil {
		// The delivery is due again when the lease ends.
		w.logger.Error("inbox: result not stored", "delivery", d.id, "error", err)
	}
	return true, nil
}

// try performs the effect. If the delivery has used up its attempts, try returns an error: the
// last attempt may have crashed the process.
func (w *worker) try(ctx context.Context, d *stored) (err error) {
	if d.attempts > w.tries {
		return fmt.Errorf("%w: not handled after %d attempts", errPermanent, w.tries)
	}
	event := webhook.Parse(d.payload)
	if unparsed, ok := event.(*webhook.UnparsedEvent); ok {
		return fmt.Errorf("%w: %w", errPermanent, unparsed.Err)
	}
	key := d.key
	if key == "" {
		key = fmt.Sprintf("inbox-%d", d.id)
	}
	// The rest of the lease is for storing the result before another worker can claim.
	ctx, cancel := context.WithTimeout(ctx, w.lease/2)
	defer cancel()
	defer func() {
		if value := recover(); value != nil {
			w.logger.Error("inbox: effect panicked", "delivery", d.id, "value", value, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", value)
		}
	}()
	return w.effect(ctx, key, event, d.payload)
}

func (w *worker) settle(ctx context.Context, d *stored, err error) error {
	switch {
	case err == nil:
		return w.store.markHandled(ctx, d)
	case errors.Is(err, errPermanent), d.attempts >= w.tries:
		w.logger.Error("inbox: delivery parked", "delivery", d.id, "attempts", d.attempts, "error", err)
		return w.store.park(ctx, d, err)
	}
	w.logger.Warn("inbox: attempt failed", "delivery", d.id, "attempt", d.attempts, "error", err)
	return w.store.retryAfter(ctx, d, backoff(d.attempts), err)
}

// backoff returns the wait after a failed attempt: 1 s, doubling up to 10 minutes.
func backoff(attempts int64) time.Duration {
	return min(10*time.Minute, time.Second<<min(attempts-1, 10))
}

func (w *worker) pruneHourly(ctx context.Context) {
	for {
		if err := w.store.prune(ctx, time.Now().Add(-w.keep)); err != nil && ctx.Err() == nil {
			w.logger.Error("inbox: prune failed", "error", err)
		}
		select {
		case <-time.After(time.Hour):
		case <-ctx.Done():
			return
		}
	}
}
