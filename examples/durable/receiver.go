package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// receive runs a receiver until the context ends. Then it shuts down in reverse order. The
// HTTP server responds to its deliveries, the worker finishes those that it has, the
// connection drains, and the NATS server closes its files.
func receive(ctx context.Context, s settings, out io.Writer, logger *slog.Logger) error {
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	defer listener.Close()
	s.publicURL = cmp.Or(s.publicURL, "http://"+listener.Addr().String()+"/hooks/sms")
	demonstration := !s.credentials && s.token == "" && s.keys == ""
	if demonstration {
		s.token = rand.Text()
	}
	keys, err := s.openKeys()
	if err != nil {
		return err
	}

	serving, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	engine, err := startEngine(s, logger, fail)
	if err != nil {
		return err
	}
	defer engine.close()
	store, err := openStore(ctx, engine.conn, s)
	if err != nil {
		return err
	}
	worker, err := startWorker(ctx, store, s, logger)
	if err != nil {
		return err
	}
	defer worker.stop()
	go func() {
		<-worker.ended
		fail(errors.New("the consumer does not exist any more: was it deleted?"))
	}()
	handler, err := newHandler(s.scheme(keys), s, store, logger)
	if err != nil {
		return err
	}
	if s.credentials {
		if err := start(serving, s, keys, logger); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "Receiving at", s.publicURL)
	if demonstration {
		go demonstrate(serving, s, out)
	}
	err = serve(serving, listener, handler)
	if ctx.Err() == nil {
		err = errors.Join(context.Cause(serving), err) // the receiver failed; it was not interrupted
	}
	return err
}

// newHandler returns a handler that responds 204 once the delivery is stored. It needs no
// deduplicator, because the store deduplicates.
func newHandler(scheme webhook.Scheme, s settings, store *store, logger *slog.Logger) (http.Handler, error) {
	verifier, err := webhook.NewVerifier(scheme)
	if err != nil {
		return nil, err
	}
	deliveries, err := webhook.NewHandler(verifier, store.enqueue, webhook.WithLogger(logger))
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
			logger.Error("durable: not ready", "error", err)
			http.Error(w, "the queue does not respond", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	return mux, nil
}

// serve serves HTTP until the context ends. Then it waits up to 20 seconds for deliveries in
// progress.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout:      30 * time.Second, // longer than the handler's 15 seconds for the store
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeaderBytes,
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
