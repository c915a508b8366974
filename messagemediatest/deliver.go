package messagemediatest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

const (
	defaultReadTimeout = 20 * time.Second
	defaultRetryDelay  = 5 * time.Second // the minimum; the platform's default is not documented

	maxResponseBytes = 64 << 10 // kept of a receiver's response
)

// subscribed returns the webhooks of an account that are subscribed to an event type.
func (s *Server) subscribed(account string, eventType messagemedia.EventType) []messagemedia.Webhook {
	return slices.DeleteFunc(s.Webhooks(account), func(w messagemedia.Webhook) bool {
		return !slices.Contains(w.Events, eventType)
	})
}

// delivery is a delivery in progress.
type delivery struct {
	*DeliveryResult

	settings *sendSettings
	render   func(tries int) (Attempt, error) // returns the next attempt after a number of earlier ones
	observe  func(done bool)
}

// deliver makes attempts until one is acknowledged or no retry is left. Then it sends the
// requested duplicates.
func (s *Server) deliver(ctx context.Context, result *DeliveryResult, settings *sendSettings, render func(tries int) (Attempt, error)) {
	d := &delivery{result, settings, render, s.observer(result)}
	d.observe(false)
	d.Err = d.untilAcknowledged(ctx)
	last := len(d.Attempts) - 1
	for _, after := range settings.duplicates {
		if d.Err == nil {
			d.Err = d.attempt(ctx, last, after, wait)
		}
	}
	d.observe(true)
}

func (d *delivery) untilAcknowledged(ctx context.Context) error {
	delay := cmp.Or(d.Webhook.RetryDelay, defaultRetryDelay)
	for tries := range max(0, d.Webhook.Retries) + 1 { // AddWebhook takes any number
		if err := d.attempt(ctx, tries, delay, d.settings.waitToRetry); err != nil {
			return err
		}
		if d.Acknowledged() {
			return nil
		}
	}
	return nil
}

// attempt renders an attempt, sends it to the receiver, and adds it to the result. Before
// every attempt but the first, it waits. It returns an error if no attempt was made.
func (d *delivery) attempt(ctx context.Context, tries int, delay time.Duration, wait func(context.Context, time.Duration) error) (err error) {
	if last := len(d.Attempts) - 1; last >= 0 {
		d.Attempts[last].Wait = delay
		defer func() {
			if err != nil {
				d.Attempts[last].Wait = 0
			}
		}()
		d.observe(false)
		if err := wait(ctx, delay); err != nil {
			return err
		}
	}
	attempt, err := d.render(tries)
	if err != nil {
		return err
	}
	attempt.send(ctx, cmp.Or(d.Webhook.ReadTimeout, defaultReadTimeout), d.settings)
	d.Attempts = append(d.Attempts, attempt)
	return nil
}

// waitToRetry waits between two attempts if WithRetryDelays is set.
func (s *sendSettings) waitToRetry(ctx context.Context, delay time.Duration) error {
	if !s.retryDelays {
		return context.Cause(ctx)
	}
	return wait(ctx, delay)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return context.Cause(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (a *Attempt) send(ctx context.Context, readTimeout time.Duration, settings *sendSettings) {
	start := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, readTimeout, errReadTimeout)
	defer cancel()
	a.Err = a.exchange(ctx, settings)
	if wrapped, ok := errors.AsType[*url.Error](a.Err); ok {
		a.Err = wrapped.Err // the attempt itself has method and URL
	}
	if a.Err != nil && ctx.Err() != nil {
		a.Err = context.Cause(ctx)
	}
	a.Duration = time.Since(start)
}

var errReadTimeout = errors.New("no response within the webhook's ReadTimeout")

func (a *Attempt) exchange(ctx context.Context, settings *sendSettings) error {
	request, err := http.NewRequestWithContext(ctx, a.Method, a.URL, bytes.NewReader(a.RequestBody))
	if err != nil {
		return err
	}
	request.Header, request.Host = a.Header.Clone(), cmp.Or(a.Header.Get("Host"), request.Host)
	request.Close = true // net/http would retry by itself on a reused connection
	if signer := settings.signerFor(settings.account); signer != nil {
		if err := signer.Sign(request); err != nil {
			return err
		}
		a.Header = request.Header.Clone()
	}
	response, err := settings.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	defer context.AfterFunc(ctx, func() { response.Body.Close() })() // after a 101, nothing else stops the read
	a.Status = response.StatusCode
	a.ResponseBody, err = io.ReadAll(io.LimitReader(response.Body, maxResponseBytes))
	return err
}

// handlerServer serves a handler over the in-memory network during one Send.
type handlerServer struct {
	client *http.Client
	server *http.Server
	cancel context.CancelFunc // cancels the requests in progress
}

func newHandlerServer(handler http.Handler) *handlerServer {
	listener := newPipeListener()
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{Handler: handler, BaseContext: func(net.Listener) context.Context { return ctx }}
	go server.Serve(listener)
	transport := &http.Transport{DialContext: listener.dial, DialTLSContext: listener.dial}
	return &handlerServer{&http.Client{Transport: transport}, server, cancel}
}

func (r *handlerServer) close() {
	r.cancel()
	r.client.CloseIdleConnections()
	r.server.Close()
}
