package messagemediatest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// SendOption changes how [Server.Send] delivers an event.
type SendOption func(*sendSettings)

type sendSettings struct {
	account            string
	client             *http.Client
	handler            http.Handler
	retryDelays        bool
	unescapedURLValues bool
	err                error // of an option that can't be right
}

// ToAccount sends to the webhooks of a sub-account. The default is the account
// that the server's credentials belong to.
func ToAccount(name string) SendOption {
	return func(s *sendSettings) { s.account = name }
}

// ToHandler delivers to a handler, whatever host a webhook's URL names, over
// connections in memory that carry real HTTP. Tests with the fake time of
// testing/synctest need it. A request's context ends with the attempt; a handler
// that goes on after that is not waited for, and must end before a bubble does.
func ToHandler(handler http.Handler) SendOption {
	return func(s *sendSettings) {
		if s.handler = handler; handler == nil {
			s.err = errors.New("ToHandler: there is no handler")
		}
	}
}

// ThroughClient delivers through a client of yours, for example that of an
// httptest.Server with a certificate of its own. Redirects are not followed.
func ThroughClient(client *http.Client) SendOption {
	return func(s *sendSettings) {
		if s.client = client; client == nil {
			s.err = errors.New("ThroughClient: there is no client")
		}
	}
}

// WithRetryDelays waits the webhook's RetryDelay between two attempts, as the
// platform does; where it is not set, 5 seconds. By default nothing waits.
func WithRetryDelays() SendOption {
	return func(s *sendSettings) { s.retryDelays = true }
}

// WithUnescapedURLValues puts the values of variables into a webhook's URL as they are.
// By default they are percent-encoded. Which of these the platform does is not
// documented: a receiver that can take both is safe.
func WithUnescapedURLValues() SendOption {
	return func(s *sendSettings) { s.unescapedURLValues = true }
}

// SendResult is what became of an event.
type SendResult struct {
	// EventType is what the webhooks are subscribed to.
	EventType messagemedia.EventType

	// Deliveries has one for each subscribed webhook, in the order of their creation.
	Deliveries []DeliveryResult
}

// DeliveryResult is what the platform sent to one webhook.
type DeliveryResult struct {
	// Webhook is the webhook as it was when the event happened.
	Webhook messagemedia.Webhook

	// Attempts are in the order in which they were made.
	Attempts []Attempt

	// Err says why there was no further attempt, though there could have been one:
	// the template or the URL could not be rendered, or the context ended.
	Err error
}

// Attempt is one request to a receiver, and what came of it.
type Attempt struct {
	Method      string
	URL         string      // rendered
	Header      http.Header // with the signature, when a key was enabled
	RequestBody []byte      // the rendered template

	Status       int           // of the response, 0 if there was none
	ResponseBody []byte        // the response's body, 64 KiB at most
	Err          error         // why there was no response, or no whole one
	Duration     time.Duration // until the response, or the failure

	// Wait is the time that the platform lets pass before the next attempt, 0 when
	// there was none.
	Wait time.Duration
}

// Acknowledged reports whether there was a webhook for the event, and each responded
// 2xx in the end.
func (r *SendResult) Acknowledged() bool {
	return len(r.Deliveries) > 0 && !slices.ContainsFunc(r.Deliveries, func(d DeliveryResult) bool { return !d.Acknowledged() })
}

// Acknowledged reports whether the receiver responded 2xx in the end.
func (d DeliveryResult) Acknowledged() bool {
	return len(d.Attempts) > 0 && d.Attempts[len(d.Attempts)-1].acknowledged()
}

func (a Attempt) acknowledged() bool { return a.Err == nil && a.Status >= 200 && a.Status <= 299 }

// String has a line for each attempt, for a test that fails to print.
func (r *SendResult) String() string {
	if len(r.Deliveries) == 0 {
		return string(r.EventType) + ": no webhook is subscribed to it"
	}
	var lines []string
	for _, d := range r.Deliveries {
		name := fmt.Sprintf("%s: %s %s", r.EventType, d.Webhook.Method, d.Webhook.URL)
		for i, attempt := range d.Attempts {
			lines = append(lines, fmt.Sprintf("%s: attempt %d: %v", name, i+1, attempt))
		}
		if d.Err != nil {
			lines = append(lines, fmt.Sprintf("%s: no further attempt: %v", name, d.Err))
		}
	}
	return strings.Join(lines, "\n")
}

// String is what came of the attempt.
func (a Attempt) String() string {
	if a.Err != nil {
		return fmt.Sprintf("%v after %v", a.Err, a.Duration)
	}
	return fmt.Sprintf("%d %s after %v", a.Status, http.StatusText(a.Status), a.Duration)
}

// Send simulates an event: it renders the template and the URL of each webhook of
// the account that is subscribed to the event's type, signs the request when a
// signature key is enabled, and sends it with the webhook's method, headers and
// ReadTimeout, until it is acknowledged with 2xx or the webhook's Retries are used up.
// Send calls the webhooks concurrently.
//
// A zero field of the event is undefined in the template: an event without a ReplyID
// renders $replyId literally. RetryCount counts
// from the event's own.
//
// The error says that the event can't be sent, or that the context ended or the
// server was closed. What a receiver responds is no error: the report has it.
func (s *Server) Send(ctx context.Context, event webhook.Event, options ...SendOption) (*SendResult, error) {
	settings := sendSettings{client: &http.Client{Transport: s.deliveryTransport}}
	for _, option := range options {
		option(&settings)
	}
	eventType, err := platform.EventType(event)
	if err := cmp.Or(err, settings.err); err != nil {
		return nil, fmt.Errorf("messagemediatest: Send: %w", err)
	}
	caller := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.shutdownCtx, func() { cancel(errClosed) })()
	if settings.handler != nil {
		receiver := newHandlerServer(settings.handler)
		defer receiver.close()
		settings.client = receiver.client
	}
	settings.client = withoutRedirects(settings.client)
	report := &SendResult{EventType: eventType, Deliveries: s.subscribed(settings.account, eventType)}
	var group sync.WaitGroup
	for i := range report.Deliveries {
		group.Go(func() {
			report.Deliveries[i].Err = s.deliver(ctx, &report.Deliveries[i], event, settings)
		})
	}
	group.Wait()
	if err := caller.Err(); err != nil {
		return report, fmt.Errorf("messagemediatest: Send: %w", err)
	}
	if s.shutdownCtx.Err() != nil {
		return report, fmt.Errorf("messagemediatest: Send: %w", errClosed)
	}
	return report, nil
}

var errClosed = errors.New("the server is closed")

// withoutRedirects copies a client: to the platform a redirect is a failure like
// any other.
func withoutRedirects(client *http.Client) *http.Client {
	copied := *client
	copied.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &copied
}
