package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func TestAPoisonMessageBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	const poison = "<xml>\x00\xff</xml>"
	request := f.request(t, poison)
	request.Header.Set("X-Tenant", "7")
	require.Equal(t, http.StatusNoContent, f.response(request).Code)
	require.Equal(t, http.StatusNoContent, f.deliver(t, text("r1", "YES")))
	f.workOff(t, nil)

	assert.Len(t, f.effects(t), 1, "the next delivery is handled")
	deadLetters := f.deadLetters(t)
	require.Len(t, deadLetters, 1)
	assert.Contains(t, deadLetters[0].Header.Get(headerReason), "can't be handled: webhook:")
	d, err := decode(deadLetters[0].Header, deadLetters[0].Data)
	require.NoError(t, err)
	assert.Equal(t, poison, string(d.Body))
	assert.Equal(t, "/hooks/sms", d.Target)
	assert.Equal(t, http.MethodPost, d.Method)
	assert.Equal(t, f.signer.Key().ID(), d.KeyID)
	assert.Contains(t, d.Header, "X-Tenant")
}

func TestAForeignMessageBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	_, err := f.store.js.Publish(t.Context(), f.store.queue, []byte("hello"))
	require.NoError(t, err)
	f.workOff(t, nil)
	assert.Empty(t, f.effects(t))
	deadLetters := f.deadLetters(t)
	require.Len(t, deadLetters, 1)
	assert.Equal(t, "hello", string(deadLetters[0].Data))
}

func TestAFailedDeliveryIsRetried(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"an error": func() error { return errors.New("the database is away") },
		"a panic":  func() error { panic("the database is away") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, testSettings(t))
			require.Equal(t, http.StatusNoContent, f.deliver(t, text("r1", "YES")))
			var calls atomic.Int32
			f.workOff(t, func(ctx context.Context, key string, d *webhook.Delivery) error {
				if calls.Add(1) == 1 {
					return fail()
				}
				return f.store.handle(ctx, key, d)
			})
			assert.Len(t, f.effects(t), 1)
			assert.EqualValues(t, 2, calls.Load())
			assert.Empty(t, f.deadLetters(t))
		})
	}
}

func TestTooManyFailuresBecomeADeadLetter(t *testing.T) {
	t.Parallel()
	s := testSettings(t)
	s.tries = 2
	f := newFixture(t, s)
	require.Equal(t, http.StatusNoContent, f.deliver(t, text("r1", "YES")))
	var calls atomic.Int32
	f.workOff(t, func(context.Context, string, *webhook.Delivery) error {
		calls.Add(1)
		return errors.New("the database is away: " + strings.Repeat("x", 100_000)) // longer than a header may be
	})
	assert.Empty(t, f.effects(t))
	assert.EqualValues(t, 2, calls.Load())
	deadLetters := f.deadLetters(t)
	require.Len(t, deadLetters, 1)
	assert.Contains(t, deadLetters[0].Header.Get(headerReason), "the database is away: x")
	assert.Equal(t, text("r1", "YES"), string(deadLetters[0].Data))

	// Published to the queue again, as the README describes, it is handled under its own key.
	again := &nats.Msg{Subject: f.store.queue, Header: deadLetters[0].Header, Data: deadLetters[0].Data}
	maps.DeleteFunc(again.Header, func(name string, _ []string) bool { return strings.HasPrefix(name, natsPrefix) })
	for range 2 {
		_, err := f.store.js.PublishMsg(t.Context(), again)
		require.NoError(t, err)
	}
	require.Equal(t, 2, f.queued(t))
	f.workOff(t, nil)
	assert.Equal(t, []string{text("r1", "YES")}, f.effects(t))
}

// take takes a message from the queue, as a worker does.
func (f *fixture) take(t *testing.T) jetstream.Msg {
	consumer, err := newWorker(f.store, f.settings, f.logger).syncConsumer(t.Context(), f.settings)
	require.NoError(t, err)
	batch, err := consumer.Fetch(1)
	require.NoError(t, err)
	return <-batch.Messages()
}

// TestADeliveryThatCrashesTheProcessBecomesADeadLetter takes the delivery from the queue and does
// not acknowledge it, as if the process crashed.
func TestADeliveryThatCrashesTheProcessBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	s := testSettings(t)
	s.tries = 1
	f := newFixture(t, s)
	require.Equal(t, http.StatusNoContent, f.deliver(t, text("r1", "YES")))
	require.NotNil(t, f.take(t))

	f.workOff(t, func(context.Context, string, *webhook.Delivery) error {
		t.Error("the delivery was handled again")
		return nil
	})
	assert.Empty(t, f.effects(t))
	deadLetters := f.deadLetters(t)
	require.Len(t, deadLetters, 1)
	assert.Contains(t, deadLetters[0].Header.Get(headerReason), "not handled after 1 attempts")
}

// TestADeadLetterIsStoredOnce takes a poison message twice, as if the process ended after it stored
// the dead letter and before it acknowledged the message.
func TestADeadLetterIsStoredOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	require.Equal(t, http.StatusNoContent, f.deliver(t, "poison"))
	message := f.take(t)
	metadata, err := message.Metadata()
	require.NoError(t, err)
	require.NoError(t, f.store.deadLetter(t.Context(), handlingKey(message.Headers(), metadata), message, errPermanent))

	f.workOff(t, nil)
	assert.Empty(t, f.effects(t))
	assert.Len(t, f.deadLetters(t), 1)
}

func TestADeletedDeadLetterCanBeStoredAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	require.Equal(t, http.StatusNoContent, f.deliver(t, text("r1", "YES")))
	message := f.take(t)
	stream, err := f.store.js.Stream(t.Context(), f.store.dead)
	require.NoError(t, err)
	require.NoError(t, f.store.deadLetter(t.Context(), "key", message, errPermanent))
	require.NoError(t, stream.DeleteMsg(t.Context(), 1))
	require.NoError(t, f.store.deadLetter(t.Context(), "key", message, errPermanent))
	assert.Equal(t, 1, f.size(t, f.store.dead))
}

func TestNothingIsLostIfTheDeadLetterCannotBeStored(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	require.NoError(t, f.store.js.DeleteStream(t.Context(), f.store.dead))
	require.Equal(t, http.StatusNoContent, f.deliver(t, "poison"))
	tried := make(chan struct{})
	w := f.work(t, func(ctx context.Context, key string, d *webhook.Delivery) error {
		defer close(tried)
		return f.store.handle(ctx, key, d)
	})
	<-tried
	w.stop()
	assert.Equal(t, 1, f.queued(t))

	f.reopen(t) // recreates the stream
	f.workOff(t, nil)
	assert.Empty(t, f.effects(t))
	assert.Len(t, f.deadLetters(t), 1)
}

// withoutConsumer is a server on which another client deletes the consumer before the first pull.
type withoutConsumer struct{ jetstream.JetStream }

func (js withoutConsumer) CreateOrUpdateConsumer(ctx context.Context, stream string, config jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	consumer, err := js.JetStream.CreateOrUpdateConsumer(ctx, stream, config)
	if err != nil {
		return nil, err
	}
	return consumer, js.DeleteConsumer(ctx, stream, config.Durable)
}

// TestAWorkerEndsWhenItsConsumerIsDeletedBetweenPulls gets no notice of the deletion, because no
// pull request waits in the consumer.
func TestAWorkerEndsWhenItsConsumerIsDeletedBetweenPulls(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	f.store.js = withoutConsumer{f.store.js}
	w := f.work(t, nil)
	select {
	case <-w.ended:
	case <-time.After(20 * time.Second):
		t.Error("the worker did not notice the deletion")
	}
}

// consuming records a call of Stop.
type consuming struct {
	jetstream.ConsumeContext
	stopped bool
}

func (c *consuming) Stop()  { c.stopped = true }
func (c *consuming) Drain() {}

func TestConsumingStopsOnlyIfTheConsumerDoesNotExist(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(*testing.T, *fixture)
		want   bool
	}{
		"the consumer exists": {func(*testing.T, *fixture) {}, false},
		"the consumer is deleted": {func(t *testing.T, f *fixture) {
			require.NoError(t, f.store.js.DeleteConsumer(t.Context(), f.store.queue, "WORKER"))
		}, true},
		"the stream is deleted": {func(t *testing.T, f *fixture) {
			require.NoError(t, f.store.js.DeleteStream(t.Context(), f.store.queue))
		}, true},
		"the server does not respond": {func(_ *testing.T, f *fixture) { f.engine.server.Shutdown() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, testSettings(t))
			w := newWorker(f.store, f.settings, f.logger)
			consumer, err := w.syncConsumer(t.Context(), f.settings)
			require.NoError(t, err)
			c.before(t, f)
			var consuming consuming
			w.stopIfDeleted(consumer, &consuming)
			assert.Equal(t, c.want, consuming.stopped)
		})
	}
}

func TestStopWaitsForTheDeliveryInProgress(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	require.Equal(t, http.StatusNoContent, f.deliver(t, text("r1", "YES")))
	began, finish := make(chan struct{}), make(chan struct{})
	w := f.work(t, func(ctx context.Context, key string, d *webhook.Delivery) error {
		close(began)
		<-finish
		return f.store.handle(ctx, key, d)
	})
	<-began
	stopped := make(chan struct{})
	go func() { w.stop(); close(stopped) }()
	select {
	case <-stopped:
		t.Error("the worker stopped while it handled a delivery")
	case <-time.After(100 * time.Millisecond):
	}
	close(finish)
	<-stopped
	assert.Zero(t, f.queued(t))
}

// message is a delivery whose handling takes until the test releases it.
type message struct {
	jetstream.Msg
	release  chan struct{}
	returned bool
}

func (m *message) Nak() error { m.returned = true; return nil }

func (m *message) Metadata() (*jetstream.MsgMetadata, error) {
	<-m.release
	return nil, jetstream.ErrNotJSMessage
}

func TestStopWaitsForADeliveryThatWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &worker{consuming: new(consuming), turns: make(chan struct{}, 1), timeout: time.Second, logger: slog.New(slog.DiscardHandler)}
		m := &message{release: make(chan struct{})}
		w.dispatch(m)
		go w.dispatch(m)
		synctest.Wait()
		stopped := make(chan struct{})
		go func() { w.stop(); close(stopped) }()
		time.Sleep(2 * w.timeout) // stop waits no longer for the rest of what was requested
		m.release <- struct{}{}
		synctest.Wait()
		select {
		case <-stopped:
			t.Error("the worker stopped while a delivery waited for its turn")
		default:
		}
		m.release <- struct{}{}
		<-stopped
		w.dispatch(m)
		assert.True(t, m.returned, "a later delivery is left to another worker")
	})
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	var waits []time.Duration
	for _, attempt := range []int{1, 2, 6, 7, 100, 1 << 30} {
		waits = append(waits, backoff(attempt))
	}
	assert.Equal(t, []time.Duration{time.Second, 2 * time.Second, 32 * time.Second, time.Minute, time.Minute, time.Minute}, waits)
}

// undecided is a cluster that reports that another dead letter is being stored.
type undecided struct{ jetstream.JetStream }

func (undecided) PublishMsg(context.Context, *nats.Msg, ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	return nil, &jetstream.APIError{Code: 400, ErrorCode: jetstream.JSErrCodeStreamWrongLastSequenceConstant}
}

func TestADeadLetterInProgressIsNotStored(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	require.Equal(t, http.StatusNoContent, f.deliver(t, "poison"))
	message := f.take(t)
	f.store.js = undecided{f.store.js}
	assert.Error(t, f.store.deadLetter(t.Context(), "key", message, errPermanent))
}
