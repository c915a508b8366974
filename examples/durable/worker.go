package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// maxAckPending is how many deliveries may be on their way to a handling, those
// that wait for another try included. When all of them wait, nothing else is handled,
// so it is far more than the workers.
const maxAckPending = 10_000

// worker takes deliveries from the queue and handles them.
type worker struct {
	store    *store
	handle   func(ctx context.Context, key string, d *webhook.Delivery) error
	tries    int
	patience time.Duration // for each step of handling
	logger   *slog.Logger

	consuming jetstream.ConsumeContext
	ended     <-chan struct{} // when no more deliveries come
	slots     chan struct{}   // one for each delivery that may be handled now
	handling  sync.WaitGroup
}

// startWorker begins to handle what is in the queue. Several processes can have one
// on the same queue: each delivery goes to one of them.
func startWorker(ctx context.Context, store *store, s settings, logger *slog.Logger) (*worker, error) {
	w := newWorker(store, s, logger)
	return w, w.start(ctx, s)
}

func newWorker(store *store, s settings, logger *slog.Logger) *worker {
	return &worker{
		store:  store,
		handle: store.handle,
		tries:  s.tries,
		// Within the AckWait a delivery may wait until another was handled and
		// acknowledged, and then be handled and acknowledged itself.
		patience: s.ackWait / 4,
		logger:   logger,
		slots:    make(chan struct{}, s.workers),
	}
}

func (w *worker) start(ctx context.Context, s settings) error {
	var consumer jetstream.Consumer
	err := retryOnTimeout(ctx, func(ctx context.Context) (err error) {
		consumer, err = w.makeConsumer(ctx, s)
		return err
	})
	if err != nil {
		return fmt.Errorf("make the consumer: %w", err)
	}
	w.consuming, err = consumer.Consume(w.dispatch,
		jetstream.PullMaxMessages(s.workers),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
			w.logger.Warn("durable: consume", "error", err)
		}))
	if err != nil {
		return fmt.Errorf("consume: %w", err)
	}
	w.ended = w.consuming.Closed()
	return nil
}

func (w *worker) makeConsumer(ctx context.Context, s settings) (jetstream.Consumer, error) {
	return w.store.js.CreateOrUpdateConsumer(ctx, w.store.queue, jetstream.ConsumerConfig{
		Durable:       "WORKER",
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       s.ackWait,
		MaxAckPending: maxAckPending,
		// At a limit of its own the server would leave the delivery in the queue, and
		// give it to nobody. The worker counts, and makes a dead letter of it.
		MaxDeliver: -1,
	})
}

// stop takes no more deliveries, and returns when those that it has are handled. When
// the connection is broken it does not wait for more: they come again.
func (w *worker) stop() {
	w.consuming.Drain()
	select {
	case <-w.ended:
	case <-time.After(w.patience):
		w.consuming.Stop()
	}
	w.handling.Wait()
}

func (w *worker) dispatch(m jetstream.Msg) {
	w.slots <- struct{}{}
	w.handling.Go(func() {
		defer func() { <-w.slots }()
		w.work(m)
	})
}

// work handles a message and acknowledges it, or makes a dead letter of it, or has
// it come again. Whatever fails or ends in here, the message is still in the queue.
func (w *worker) work(m jetstream.Msg) {
	place, err := m.Metadata()
	if err != nil {
		w.logger.Error("durable: a message without a place in the queue", "error", err)
		return
	}
	key, tried := handlingKey(m.Headers(), place), int(place.NumDelivered)
	logger := w.logger.With("key", key, "try", tried)

	err = w.try(m, key, tried)
	switch {
	case err == nil:
		err = w.acknowledge(m)
	case errors.Is(err, errPermanent), tried >= w.tries:
		logger.Error("durable: a dead letter", "error", err)
		err = w.bury(m, key, err)
	}
	if err != nil {
		logger.Warn("durable: not handled, it comes again", "error", err)
		m.NakWithDelay(backoff(tried)) // when this does not arrive, it comes again after the AckWait
	}
}

// try handles a message. One that came too often is not tried again: the last try
// may have ended the process.
func (w *worker) try(m jetstream.Msg, key string, tried int) error {
	if tried > w.tries {
		return fmt.Errorf("%w: tried %d times", errPermanent, w.tries)
	}
	d, err := decode(m.Headers(), m.Data())
	if err != nil {
		return fmt.Errorf("%w: %w", errPermanent, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.patience)
	defer cancel()
	return w.recovering(func() error { return w.handle(ctx, key, d) })
}

// recovering makes an error of a panic, so that other deliveries are handled still.
func (w *worker) recovering(call func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			w.logger.Error("durable: a panic", "value", value, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", value)
		}
	}()
	return call()
}

// acknowledge waits until the server confirms that the message left the queue.
func (w *worker) acknowledge(m jetstream.Msg) error {
	ctx, cancel := context.WithTimeout(context.Background(), w.patience)
	defer cancel()
	return m.DoubleAck(ctx)
}

// bury acknowledges a message when it is among the dead letters.
func (w *worker) bury(m jetstream.Msg, key string, reason error) error {
	ctx, cancel := context.WithTimeout(context.Background(), w.patience)
	defer cancel()
	if err := w.store.deadLetter(ctx, key, m, reason); err != nil {
		return err
	}
	return m.DoubleAck(ctx)
}

// backoff is the wait before the next try: 1 s, doubling up to a minute.
func backoff(tried int) time.Duration {
	return min(time.Minute, time.Second<<min(tried-1, 6))
}
