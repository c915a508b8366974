package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// readBack opens the store of a stopped receiver and handles the deliveries left in the queue.
// It returns every effect and the number of dead letters.
func (p *proving) readBack(ctx context.Context, s settings) (handled [][]byte, dead int, err error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	logger := slog.New(slog.DiscardHandler)
	engine, err := startEngine(s, logger, fail)
	if err != nil {
		return nil, 0, err
	}
	defer engine.close()
	store, err := openStore(ctx, engine.conn, s)
	if err != nil {
		return nil, 0, err
	}
	worker, err := startWorker(ctx, store, s, logger)
	if err != nil {
		return nil, 0, err
	}
	err = store.waitUntilEmpty(ctx, 10*s.ackWait)
	worker.stop()
	if err != nil {
		return nil, 0, err
	}
	if handled, err = store.effects(ctx); err != nil {
		return nil, 0, err
	}
	if dead, err = store.size(ctx, store.dead); err != nil {
		return nil, 0, err
	}
	return handled, dead, p.cleanUp(ctx, store)
}

// cleanUp deletes the proof's streams from a cluster.
func (p *proving) cleanUp(ctx context.Context, s *store) error {
	if p.natsURL == "" {
		return nil
	}
	return errors.Join(
		s.js.DeleteStream(ctx, s.queue), s.js.DeleteStream(ctx, s.dead), s.js.DeleteKeyValue(ctx, s.handled.Bucket()))
}

func (s *store) waitUntilEmpty(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		size, err := s.size(ctx, s.queue)
		if err != nil || size == 0 {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%d deliveries are still in the queue after %v", size, timeout)
		}
	}
}

// size returns the number of messages in a stream.
func (s *store) size(ctx context.Context, stream string) (int, error) {
	info, err := s.js.Stream(ctx, stream)
	if err != nil {
		return 0, err
	}
	return int(info.CachedInfo().State.Msgs), nil
}

// effects returns the body of every write to the bucket, including repeated writes to a key.
func (s *store) effects(ctx context.Context) (bodies [][]byte, err error) {
	watcher, err := s.handled.WatchAll(ctx, jetstream.IncludeHistory())
	if err != nil {
		return nil, err
	}
	defer watcher.Stop()
	for {
		select {
		case entry := <-watcher.Updates():
			if entry == nil { // end of the current entries
				return bodies, nil
			}
			bodies = append(bodies, entry.Value())
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
