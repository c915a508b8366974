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

// SendResult has the deliveries of an event to webhooks.
type SendResult struct {
	// EventType is the event type that the webhooks are subscribed to.
	EventType messagemedia.EventType

	// Deliveries has one for each subscribed webhook, in the order of their creation.
	Deliveries []DeliveryResult
}

// DeliveryResult has the attempts to deliver an event to one webhook or callback URL.
type DeliveryResult struct {
	// Account has the webhook, and signs. It is empty for the account that the server's
	// credentials belong to.
	Account string

	// Event is what happened, and EventType its type, empty for a report with a status
	// that webhooks can't be subscribed to.
	Event     webhook.Event
	EventType messagemedia.EventType

	// Webhook is the webhook as it was when the event happened. For a callback URL it
	// has a URL, Method and Encoding alone.
	Webhook messagemedia.Webhook

	// Attempts are in the order in which they were made, duplicates included.
	Attempts []Attempt

	// Err is why there was no further attempt, though there could have been one:
	// the template or the URL could not be rendered, the context ended, or the server
	// was closed.
	Err error
}

// Attempt is one request to a receiver, and its response.
type Attempt struct {
	Method      string
	URL         string      // rendered
	Header      http.Header // with the signature, if there is one
	RequestBody []byte      // the rendered template

	Status       int           // of the response, 0 if there was none
	ResponseBody []byte        // the response's body, 64 KiB at most
	Err          error         // why there was no response, or no whole one
	Duration     time.Duration // until the response, or the failure

	// Wait is the time that the platform lets pass before the next attempt, 0 if there
	// was none.
	Wait time.Duration
}

// Acknowledged reports whether a webhook was subscribed to the event, and the last
// attempt of each delivery was acknowledged with 2xx.
func (r *SendResult) Acknowledged() bool {
	return len(r.Deliveries) > 0 && !slices.ContainsFunc(r.Deliveries, func(d DeliveryResult) bool { return !d.Acknowledged() })
}

// Acknowledged reports whether the last attempt was acknowledged with 2xx.
func (d DeliveryResult) Acknowledged() bool {
	return len(d.Attempts) > 0 && d.Attempts[len(d.Attempts)-1].acknowledged()
}

func (a Attempt) acknowledged() bool { return a.Err == nil && a.Status >= 200 && a.Status <= 299 }

// String returns a line for each attempt, for the messages of failing tests.
func (r *SendResult) String() string {
	if len(r.Deliveries) == 0 {
		return string(r.EventType) + ": no webhook is subscribed to it"
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

// String returns the status or the error, and the duration.
func (a Attempt) String() string {
	if a.Err != nil {
		return fmt.Sprintf("%v after %v", a.Err, a.Duration)
	}
	return fmt.Sprintf("%d %s after %v", a.Status, http.StatusText(a.Status), a.Duration)
}
