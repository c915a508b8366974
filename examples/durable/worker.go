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

// maxAckPending limits the deliveries that are taken from the queue and not acknowledged,
// including those that wait for a retry. If all of them wait, no other delivery is handled, so
// the limit is much higher than the number of workers.
const maxAckPending = 10_000

// heartbeat is how often the server reports that a pull request waits. A cluster that elects a
// new leader can lose the request. nats.go repeats it after two heartbeats without a report. By
// default, that takes half a minute.
const heartbeat = 2 * time.Second

// worker takes deliveries from the queue and handles them.
type worker struct {
	store   *store
	handle  func(ctx context.Context, key string, d *webhook.Delivery) error
	tries   int
	timeout time.Duration // of each step of handling
	logger  *slog.Logger

	consuming jetstream.ConsumeContext
	ended     <-chan struct{} // closed when the worker gets no more deliveries
	turns     chan struct{}   // holds an element for each delivery being handled

	mu       sync.Mutex
	stopped  bool           // no delivery is accepted
	accepted sync.WaitGroup // the deliveries that are handled or wait for their turn
}

// startWorker starts to handle the deliveries in the queue. Workers of several processes can
// share a queue: each delivery goes to one of them.
func startWorker(ctx context.Context, store *store, s settings, logger *slog.Logger) (*worker, error) {
	w := newWorker(store, s, logger)
	return w, w.start(ctx, s)
}

func newWorker(store *store, s settings, logger *slog.Logger) *worker {
	return &worker{
		store:  store,
		handle: store.handle,
		tries:  s.tries,
		// Within AckWait, a delivery may wait for another to be handled and acknowledged,
		// and is then handled and acknowledged itself: four steps.
		timeout: s.ackWait / 4,
		logger:  logger,
		turns:   make(chan struct{}, s.workers),
	}
}

func (w *worker) start(ctx context.Context, s settings) error {
	var consumer jetstream.Consumer
	err := retryOnTimeout(ctx, func(ctx context.Context) (err error) {
		consumer, err = w.syncConsumer(ctx, s)
		return err
	})
	if err != nil {
		return fmt.Errorf("create the consumer: %w", err)
	}
	w.consuming, err = consumer.Consume(w.dispatch,
		jetstream.PullMaxMessages(s.workers),
		jetstream.PullHeartbeat(heartbeat),
		jetstream.ConsumeErrHandler(func(consuming jetstream.ConsumeContext, err error) {
			w.logger.Warn("durable: consume failed", "error", err)
			w.stopIfDeleted(consumer, consuming)
		}))
	if err != nil {
		return fmt.Errorf("consume: %w", err)
	}
	w.ended = w.consuming.Closed()
	return nil
}

func (w *worker) syncConsumer(ctx context.Context, s settings) (jetstream.Consumer, error) {
	return w.store.js.CreateOrUpdateConsumer(ctx, w.store.queue, jetstream.ConsumerConfig{
		Durable:       "WORKER",
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       s.ackWait,
		MaxAckPending: maxAckPending,
		// With a limit here, the server would leave the delivery in the queue and send it
		// to no worker. So the worker counts the attempts.
		MaxDeliver: -1,
	})
}

// stopIfDeleted stops consuming if the server reports that the consumer or its stream does not
// exist. The server reports a deletion only to pull requests that wait in the consumer. It drops,
// without a response, a request that it received and did not process before the deletion. A later
// request has no responder. nats.go takes both for temporary errors and continues to pull.
func (w *worker) stopIfDeleted(consumer jetstream.Consumer, consuming jetstream.ConsumeContext) {
	ctx, cancel := context.WithTimeout(context.Background(), w.timeout)
	defer cancel()
	_, err := consumer.Info(ctx)
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		consuming.Stop()
	}
}

// stop takes no more deliveries, and returns once those that the worker has are handled. It waits
// for deliveries already requested, unless that takes too long, as after a lost connection.
func (w *worker) stop() {
	w.consuming.Drain()
	select {
	case <-w.ended:
	case <-time.After(w.timeout):
	}
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.accepted.Wait()
}

// accept counts a delivery, unless the worker is stopped.
func (w *worker) accept() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.accepted.Add(1)
	}
	return !w.stopped
}

func (w *worker) dispatch(m jetstream.Msg) {
	if !w.accept() {
		m.Nak() // another worker gets it, at the latest after AckWait
		return
	}
	w.turns <- struct{}{}
	go func() {
		defer w.accepted.Done()
		defer func() { <-w.turns }()
		w.work(m)
	}()
}

// work handles a message and acknowledges it, moves it to the dead letters, or schedules a
// retry. If any step fails, or the process ends, the message stays in the queue.
func (w *worker) work(m jetstream.Msg) {
	metadata, err := m.Metadata()
	if err != nil {
		w.logger.Error("durable: message without metadata", "error", err)
		return
	}
	key, attempt := handlingKey(m.Headers(), metadata), int(metadata.NumDelivered)
	logger := w.logger.With("key", key, "attempt", attempt)

	err = w.try(m, key, attempt)
	switch {
	case err == nil:
		err = w.acknowledge(m)
	case errors.Is(err, errPermanent), attempt >= w.tries:
		logger.Error("durable: delivery becomes a dead letter", "error", err)
		err = w.deadLetter(m, key, err)
	}
	if err != nil {
		logger.Warn("durable: attempt failed", "error", err)
		m.NakWithDelay(backoff(attempt)) // if this is lost, NATS delivers the message again after AckWait
	}
}

// try handles a message. If the message has used up its attempts, try returns an error: the last
// attempt may have crashed the process.
func (w *worker) try(m jetstream.Msg, key string, attempt int) error {
	if attempt > w.tries {
		return fmt.Errorf("%w: not handled after %d attempts", errPermanent, w.tries)
	}
	d, err := decode(m.Headers(), m.Data())
	if err != nil {
		return fmt.Errorf("%w: %w", errPermanent, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.timeout)
	defer cancel()
	return w.recoverPanic(func() error { return w.handle(ctx, key, d) })
}

// recoverPanic returns a panic as an error, so that the worker keeps handling other deliveries.
func (w *worker) recoverPanic(call func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			w.logger.Error("durable: handler panicked", "value", value, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", value)
		}
	}()
	return call()
}

// acknowledge waits until the server confirms that the message left the queue.
func (w *worker) acknowledge(m jetstream.Msg) error {
	ctx, cancel := context.WithTimeout(context.Background(), w.timeout)
	defer cancel()
	return m.DoubleAck(ctx)
}

// deadLetter stores a message among the dead letters and then acknowledges it.
func (w *worker) deadLetter(m jetstream.Msg, key string, reason error) error {
	ctx, cancel := context.WithTimeout(context.Background(), w.timeout)
	defer cancel()
	if err := w.store.deadLetter(ctx, key, m, reason); err != nil {
		return err
	}
	return m.DoubleAck(ctx)
}

// backoff returns the wait after a failed attempt: 1 s, doubling up to a minute.
func backoff(attempt int) time.Duration {
	return min(time.Minute, time.Second<<min(attempt-1, 6))
}
