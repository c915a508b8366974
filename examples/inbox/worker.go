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

// errPermanent marks a delivery that no further attempt can handle.
var errPermanent = errors.New("can't be handled")

// worker handles stored deliveries: it causes the effects that lie outside of the
// database. Several processes can have one on the same database.
type worker struct {
	store  *store
	effect func(ctx context.Context, key string, event webhook.Event, payload []byte) error
	tries  int64
	lease  time.Duration // for one attempt, and what comes after it
	poll   time.Duration // how often to look for what other processes stored, and what is due again
	keep   time.Duration // of what was handled
	logger *slog.Logger

	running sync.WaitGroup
	stopped context.CancelFunc
}

// start begins to handle deliveries, some at a time, until stop is called.
func (w *worker) start(atATime int) {
	ctx, cancel := context.WithCancel(context.Background())
	w.stopped = cancel
	for range atATime {
		w.running.Go(func() { w.loop(ctx) })
	}
	w.running.Go(func() { w.pruneHourly(ctx) })
}

// stop takes no more deliveries, and returns when those under way are settled.
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

// next handles the delivery that is due, if any. What was claimed is settled even if
// the context ends meanwhile.
func (w *worker) next(ctx context.Context) (claimed bool, err error) {
	d, err := w.store.claim(ctx, w.lease)
	if err != nil || d == nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.lease)
	defer cancel()
	if err := w.settle(ctx, d, w.try(ctx, d)); err != nil {
		// After the lease it is due again.
		w.logger.Error("inbox: settle failed", "delivery", d.id, "error", err)
	}
	return true, nil
}

// try causes the effect. A delivery that was claimed too often is not tried again:
// the last attempt may have ended the process.
func (w *worker) try(ctx context.Context, d *stored) (err error) {
	if d.attempts > w.tries {
		return fmt.Errorf("%w: the process ended during attempt %d", errPermanent, d.attempts-1)
	}
	event := webhook.Parse(d.payload)
	if unparsed, ok := event.(*webhook.UnparsedEvent); ok {
		return fmt.Errorf("%w: %w", errPermanent, unparsed.Err)
	}
	key := d.key
	if key == "" {
		key = fmt.Sprintf("inbox-%d", d.id)
	}
	// The rest of the lease is for settling, so that no other worker tries at the same time.
	ctx, cancel := context.WithTimeout(ctx, w.lease/2)
	defer cancel()
	defer func() {
		if value := recover(); value != nil {
			w.logger.Error("inbox: the effect panicked", "delivery", d.id, "value", value, "stack", string(debug.Stack()))
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

// backoff is the wait before the next attempt: 1 s, doubling up to 10 minutes.
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
