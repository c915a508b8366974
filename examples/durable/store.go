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

// store is what is on disk: the queue of deliveries, what was handled, and the
// dead letters.
type store struct {
	js      jetstream.JetStream
	queue   string // the name of the stream, and its subject
	dead    string // the name of the dead letters' stream, and what their subjects begin with
	handled jetstream.KeyValue
}

// openStore makes the streams, or changes them to these settings.
func openStore(ctx context.Context, conn *nats.Conn, s settings) (*store, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	store := &store{js: js, queue: s.stream, dead: s.stream + "_DEAD"}
	if err := retryOnTimeout(ctx, func(ctx context.Context) error { return store.makeStreams(ctx, s) }); err != nil {
		return nil, fmt.Errorf("make the streams: %w", err)
	}
	return store, nil
}

// retryOnTimeout calls a function up to 6 times, 5 seconds each, as long as it gets no response:
// a cluster gives none to what it was asked before it elected another leader.
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

func (s *store) makeStreams(ctx context.Context, settings settings) (err error) {
	_, err = s.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:       s.queue,
		Subjects:   []string{s.queue},
		Retention:  jetstream.WorkQueuePolicy, // what was handled leaves the queue
		Storage:    jetstream.FileStorage,
		Replicas:   settings.replicas,
		MaxBytes:   settings.maxBytes,
		Discard:    jetstream.DiscardNew, // when it is full, the platform has to try again
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
		History:  2, // so that an effect that happened twice would show
	})
	return err
}

// enqueue returns nil when the delivery is on disk, on most of the replicas. It is the
// callback of the HTTP handler: nil is 204, an error 503. A duplicate of what the queue
// has, or had within the window, is not stored again, and acknowledged, too.
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

// errPermanent marks a delivery that no further try can handle.
var errPermanent = errors.New("can't be handled")

// handle is what this example does with a delivery: it writes it into the bucket,
// unless that has the key. The effect and the note that it happened are one write,
// so no crash can come between them. Your own effect goes here. It may be called
// again with the same key, after a crash, and must then do nothing: insert into a
// table with the key as a unique column, in the transaction that does the work.
func (s *store) handle(ctx context.Context, key string, d *webhook.Delivery) error {
	if unknown, ok := d.Event.(*webhook.UnparsedEvent); ok {
		return fmt.Errorf("%w: %w", errPermanent, unknown.Err)
	}
	_, err := s.handled.Create(ctx, key, d.Body)
	if errors.Is(err, jetstream.ErrKeyExists) {
		// A cluster also says so of a write that is under way, and may fail yet.
		_, err = s.handled.Get(ctx, key)
	}
	return err
}

// deadLetter keeps a message whole among the dead letters, once.
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
		return nil // the letter is there
	}
	return err
}

func truncate(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}
