package messagemediatest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

const (
	defaultReadTimeout = 20 * time.Second
	defaultRetryDelay  = 5 * time.Second // the least; the platform's own is not documented

	maxResponseBytes = 64 << 10 // kept of what a receiver responds
)

var contentTypes = map[messagemedia.Encoding]string{
	messagemedia.EncodingJSON: "application/json",
	messagemedia.EncodingForm: "application/x-www-form-urlencoded",
	messagemedia.EncodingXML:  "application/xml",
}

// subscribed are deliveries yet to be made: one for each webhook of an account
// that is subscribed to an event type.
func (s *Server) subscribed(account string, eventType messagemedia.EventType) []DeliveryResult {
	var deliveries []DeliveryResult
	for _, webhook := range s.Webhooks(account) {
		if slices.Contains(webhook.Events, eventType) {
			deliveries = append(deliveries, DeliveryResult{Webhook: webhook})
		}
	}
	return deliveries
}

// deliver calls one webhook until it acknowledges, or its retries are used up.
// The error says why it can't be called again.
func (s *Server) deliver(ctx context.Context, d *DeliveryResult, event webhook.Event, settings sendSettings) error {
	templates, err := parseTemplates(d.Webhook)
	if err != nil {
		return err
	}
	wait := cmp.Or(d.Webhook.RetryDelay, defaultRetryDelay)
	for tries := range d.Webhook.Retries + 1 {
		if tries > 0 {
			if err := settings.waitToRetry(ctx, wait); err != nil {
				return err
			}
		}
		attempt, err := templates.render(ctx, platform.Variables(event, tries), settings.unescapedURLValues)
		if err != nil {
			return err
		}
		if tries > 0 {
			d.Attempts[tries-1].Wait = wait
		}
		s.attempt(ctx, &attempt, d.Webhook, settings)
		d.Attempts = append(d.Attempts, attempt)
		if d.Acknowledged() {
			return nil
		}
	}
	return nil
}

// waitToRetry waits between two attempts, if that is asked for.
func (s sendSettings) waitToRetry(ctx context.Context, wait time.Duration) error {
	if !s.retryDelays {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// templates are those of a webhook: of its URL, and of its payload.
type templates struct {
	webhook   messagemedia.Webhook
	url, body *velocity.Template
}

func parseTemplates(webhook messagemedia.Webhook) (*templates, error) {
	url, err := velocity.Parse(webhook.URL)
	if err != nil {
		return nil, fmt.Errorf("the URL as a template: %w", err)
	}
	body, err := velocity.Parse(webhook.Template)
	if err != nil {
		return nil, fmt.Errorf("the template: %w", err)
	}
	return &templates{webhook, url, body}, nil
}

// render makes an attempt that is yet to be sent.
func (t *templates) render(ctx context.Context, variables *velocity.Map, rawURLValues bool) (Attempt, error) {
	escape := percentEncode
	if rawURLValues {
		escape = nil
	}
	target, err := t.url.Render(ctx, variables, velocity.Options{Escape: escape})
	if err != nil {
		return Attempt{}, fmt.Errorf("the URL as a template: %w", err)
	}
	body, err := t.body.Render(ctx, variables, velocity.Options{})
	if err != nil {
		return Attempt{}, fmt.Errorf("the template: %w", err)
	}
	header := http.Header{"User-Agent": {"messagemediatest"}}
	if contentType, ok := contentTypes[t.webhook.Encoding]; ok {
		header.Set("Content-Type", contentType)
	}
	for name, value := range t.webhook.Headers {
		header.Set(name, value)
	}
	for _, name := range [...]string{"Content-Length", "Transfer-Encoding", "Trailer"} {
		header.Del(name) // go by the body, whatever a webhook says
	}
	return Attempt{Method: t.webhook.Method, URL: target, Header: header, RequestBody: []byte(body)}, nil
}

// percentEncode makes a value that is safe in a path as well as in a query.
func percentEncode(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}

// attempt sends a request to a receiver, and takes down what comes of it.
func (s *Server) attempt(ctx context.Context, a *Attempt, webhook messagemedia.Webhook, settings sendSettings) {
	start := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, cmp.Or(webhook.ReadTimeout, defaultReadTimeout), errReadTimeout)
	defer cancel()
	a.Err = s.exchange(ctx, a, settings)
	if wrapped, ok := errors.AsType[*url.Error](a.Err); ok {
		a.Err = wrapped.Err // the attempt itself has method and URL
	}
	if a.Err != nil && ctx.Err() != nil {
		a.Err = context.Cause(ctx)
	}
	a.Duration = time.Since(start)
}

var errReadTimeout = errors.New("no response within the webhook's ReadTimeout")

func (s *Server) exchange(ctx context.Context, a *Attempt, settings sendSettings) error {
	request, err := http.NewRequestWithContext(ctx, a.Method, a.URL, bytes.NewReader(a.RequestBody))
	if err != nil {
		return err
	}
	request.Header, request.Host = a.Header, cmp.Or(a.Header.Get("Host"), request.Host)
	request.Close = true // on a connection that is used again, net/http itself would try again
	if signer := s.Signer(settings.account); signer != nil {
		if err := signer.Sign(request); err != nil {
			return err
		}
	}
	response, err := settings.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	defer context.AfterFunc(ctx, func() { response.Body.Close() })() // after a 101, nothing else ends reading
	a.Status = response.StatusCode
	a.ResponseBody, err = io.ReadAll(io.LimitReader(response.Body, maxResponseBytes))
	return err
}

// handlerServer serves a handler in memory, for the time of one Send.
type handlerServer struct {
	client *http.Client
	server *http.Server
	cancel context.CancelFunc // of the requests that are still being handled
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
