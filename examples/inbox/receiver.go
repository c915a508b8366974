package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// receive runs a receiver until the context ends. Then it shuts down in reverse order. The HTTP
// server responds to its deliveries, the worker finishes those that it has claimed, and the
// database closes.
func receive(ctx context.Context, s settings, out io.Writer, logger *slog.Logger) error {
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	defer listener.Close()
	s.publicURL = cmp.Or(s.publicURL, "http://"+listener.Addr().String()+"/hooks/sms")
	demonstration := s.token == ""
	s.token = cmp.Or(s.token, rand.Text())

	db, err := openDatabase(ctx, s.databaseURL, s.file)
	if err != nil {
		return err
	}
	defer db.Close()
	store := newStore(db)
	worker := &worker{
		store: store, effect: s.effect(out), tries: int64(s.tries), lease: s.lease, poll: time.Second, keep: s.keep, logger: logger,
	}
	worker.start(s.workers)
	defer worker.stop()
	handler, err := newHandler(s, store, logger)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "Receiving at", s.publicURL)
	switch {
	case demonstration:
		go demonstrate(ctx, s, out)
	case s.credentials:
		go subscribe(ctx, s, logger)
	}
	return serve(ctx, listener, handler)
}

// newHandler returns a handler that responds 204 once the delivery is committed.
func newHandler(s settings, store *store, logger *slog.Logger) (http.Handler, error) {
	verifier, err := webhook.NewVerifier(webhook.HeaderToken(tokenHeader, s.token))
	if err != nil {
		return nil, err
	}
	deliveries, err := webhook.NewHandler(verifier, store.receive,
		webhook.WithDeduplicator(store), webhook.WithDedupeKey(dedupeKey), webhook.WithLogger(logger))
	if err != nil {
		return nil, err
	}
	public, err := url.Parse(s.publicURL)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("POST "+public.EscapedPath(), deliveries)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if err := store.ready(r.Context()); err != nil {
			logger.Error("inbox: not ready", "error", err)
			http.Error(w, "the database does not respond", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	return mux, nil
}

// dedupeKey returns a unique key for a delivery that has none, so that every delivery is handled
// by Do. Do takes a database connection first, and then the handler's turn. Deliveries that took
// these in the opposite order could deadlock with others.
func dedupeKey(d *webhook.Delivery) string {
	return cmp.Or(d.DedupeKey(), "none-"+rand.Text())
}

// serve serves HTTP until the context ends. Then it waits up to 20 seconds for deliveries in
// progress.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout:      30 * time.Second, // longer than the handler's 15 seconds for a delivery
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10, // more than a webhook's 25 headers of 1,000 characters
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}
