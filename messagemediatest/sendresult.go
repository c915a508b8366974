package messagemediatest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// SendResult is the result of sending an event to the subscribed webhooks.
type SendResult struct {
	// EventType is the type of the event.
	EventType messagemedia.EventType

	// Deliveries has one delivery for each subscribed webhook, in the order of creation.
	Deliveries []DeliveryResult
}

// DeliveryResult is the result of delivering an event to one webhook or callback URL.
type DeliveryResult struct {
	// Account is the sub-account that has the webhook and signs the delivery. If empty, it
	// is the account that the server's credentials belong to.
	Account string

	// Event is the simulated event, and EventType its type. EventType is empty for a
	// report with a status that webhooks can't be subscribed to.
	Event     webhook.Event
	EventType messagemedia.EventType

	// Webhook is a copy of the webhook at the time of the event. For a callback URL, only
	// its URL, Method and Encoding are set.
	Webhook messagemedia.Webhook

	// Attempts are the attempts in order, including duplicates.
	Attempts []Attempt

	// Err is the reason for a missing further attempt: the template or the URL could not
	// be rendered, the context ended, or the server was closed. If nil, no attempt is
	// missing.
	Err error
}

// Attempt is one request to a receiver and its response.
type Attempt struct {
	Method      string
	URL         string      // rendered
	Header      http.Header // includes the signature, if any
	RequestBody []byte      // the rendered template

	Status       int           // the response's status; 0 if there was no response
	ResponseBody []byte        // the first 64 KiB of the response's body
	Err          error         // why there was no response or no complete one
	Duration     time.Duration // until the response or the failure

	// Wait is the time that the platform waits before the next attempt. It is 0 if no
	// attempt follows.
	Wait time.Duration
}

// Acknowledged reports whether at least one webhook was subscribed to the event and the
// last attempt of each delivery was acknowledged with 2xx.
func (r *SendResult) Acknowledged() bool {
	return len(r.Deliveries) > 0 && !slices.ContainsFunc(r.Deliveries, func(d DeliveryResult) bool { return !d.Acknowledged() })
}

// Acknowledged reports whether the last attempt was acknowledged with 2xx.
func (d DeliveryResult) Acknowledged() bool {
	return len(d.Attempts) > 0 && d.Attempts[len(d.Attempts)-1].acknowledged()
}

func (a Attempt) acknowledged() bool { return a.Err == nil && a.Status >= 200 && a.Status <= 299 }

// String returns a line for each attempt, for messages of failed tests.
func (r *SendResult) String() string {
	if len(r.Deliveries) == 0 {
		return string(r.EventType) + ": no subscribed webhook"
	}
	var lines []string
	for _, d := range r.Deliveries {
		lines = append(lines, d.lines(string(r.EventType)+": ")...)
	}
	return strings.Join(lines, "\n")
}

// String returns a line for each attempt.
func (d DeliveryResult) String() string { return strings.Join(d.lines(""), "\n") }

func (d DeliveryResult) lines(prefix string) []string {
	prefix += d.Webhook.Method + " " + d.Webhook.URL
	var lines []string
	for i, attempt := range d.Attempts {
		lines = append(lines, fmt.Sprintf("%s: attempt %d: %v", prefix, i+1, attempt))
	}
	if d.Err != nil {
		lines = append(lines, fmt.Sprintf("%s: no further attempt: %v", prefix, d.Err))
	}
	return lines
}

// String returns the status or the error, with the duration.
func (a Attempt) String() string {
	if a.Err != nil {
		return fmt.Sprintf("%v after %v", a.Err, a.Duration)
	}
	return fmt.Sprintf("%d %s after %v", a.Status, http.StatusText(a.Status), a.Duration)
}
