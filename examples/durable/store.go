package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// store keeps the queue, the handled deliveries and the dead letters on disk.
type store struct {
	js      jetstream.JetStream
	queue   string // the name of the stream and its subject
	dead    string // the name of the dead-letter stream and the prefix of its subjects
	handled jetstream.KeyValue
}

// openStore creates the streams, or updates them to these settings.
func openStore(ctx context.Context, conn *nats.Conn, s settings) (*store, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	store := &store{js: js, queue: s.stream, dead: s.stream + "_DEAD"}
	if err := retryOnTimeout(ctx, func(ctx context.Context) error { return store.syncStreams(ctx, s) }); err != nil {
		return nil, fmt.Errorf("create the streams: %w", err)
	}
	return store, nil
}

// retryOnTimeout calls a function up to 6 times, with a timeout of 5 seconds each, until it
// returns in time. A cluster does not respond to requests that it got before it elected a new
// leader.
func retryOnTimeout(ctx context.Context, call func(context.Context) error) (err error) {
	for range 6 {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		err = call(attempt)
		cancel()
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			break
		}
	}
	return err
}

func (s *store) syncStreams(ctx context.Context, settings settings) (err error) {
	_, err = s.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:       s.queue,
		Subjects:   []string{s.queue},
		Retention:  jetstream.WorkQueuePolicy, // acknowledged messages leave the queue
		Storage:    jetstream.FileStorage,
		Replicas:   settings.replicas,
		MaxBytes:   settings.maxBytes,
		Discard:    jetstream.DiscardNew, // if the queue is full, the platform retries
		Duplicates: dedupeWindow,
	})
	if err != nil {
		return err
	}
	_, err = s.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:     s.dead,
		Subjects: []string{s.dead + ".*"},
		Storage:  jetstream.FileStorage,
		Replicas: settings.replicas,
		MaxBytes: settings.maxBytes,
		Discard:  jetstream.DiscardNew,
	})
	if err != nil {
		return err
	}
	s.handled, err = s.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket:   s.queue + "_HANDLED",
		Storage:  jetstream.FileStorage,
		Replicas: settings.replicas,
		MaxBytes: settings.maxBytes,
		TTL:      settings.keep,
		History:  2, // makes a repeated effect visible
	})
	return err
}

// enqueue stores a delivery in the queue. It returns nil once the delivery is on disk on a
// majority of the replicas. It is the callback of the HTTP handler, which responds 204 to nil
// and 503 to an error. Within dedupeWindow a duplicate is not stored again, and enqueue returns
// nil.
func (s *store) enqueue(ctx context.Context, d *webhook.Delivery) error {
	message, err := encode(s.queue, d)
	if err != nil {
		return err
	}
	options := []jetstream.PublishOpt{jetstream.WithExpectStream(s.queue)}
	if id := message.Header.Get(headerID); id != "" {
		options = append(options, jetstream.WithMsgID(id))
	}
	_, err = s.js.PublishMsg(ctx, message, options...)
	return err
}

// ready reports whether the queue responds.
func (s *store) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if _, err := s.js.Stream(ctx, s.queue); err != nil {
		return fmt.Errorf("the queue does not respond: %w", err)
	}
	return nil
}

// errPermanent marks a delivery that no retry can handle.
var errPermanent = errors.New("can't be handled")

// handle writes a delivery to the bucket unless the bucket has the key. Replace it with your
// own effect. After a crash, handle may be called again with the same key, and must do nothing
// then. Here one write is both the effect and its record, so no crash can come between them. In
// a SQL database, insert the key into a unique column in the transaction that does the work.
func (s *store) handle(ctx context.Context, key string, d *webhook.Delivery) error {
	if unknown, ok := d.Event.(*webhook.UnparsedEvent); ok {
		return fmt.Errorf("%w: %w", errPermanent, unknown.Err)
	}
	_, err := s.handled.Create(ctx, key, d.Body)
	if errors.Is(err, jetstream.ErrKeyExists) {
		// A cluster also returns this error for a write in progress, which may still fail.
		_, err = s.handled.Get(ctx, key)
	}
	return err
}

// deadLetter stores a message among the dead letters, once and with its unchanged body.
func (s *store) deadLetter(ctx context.Context, key string, m jetstream.Msg, reason error) error {
	letter := &nats.Msg{Subject: s.dead + "." + key, Header: make(nats.Header), Data: m.Data()}
	for name, values := range m.Headers() {
		if !strings.HasPrefix(name, natsPrefix) {
			letter.Header[name] = values
		}
	}
	letter.Header.Set(headerReason, truncate(reason.Error(), 1000))
	_, err := s.js.PublishMsg(ctx, letter, jetstream.WithExpectStream(s.dead), jetstream.WithExpectLastSequencePerSubject(0))
	if apiErr, ok := errors.AsType[*jetstream.APIError](err); ok && apiErr.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return nil // an earlier call stored it
	}
	return err
}

func truncate(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}
