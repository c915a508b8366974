package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/examples/internal/publicurl"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// settings are those of a receiver.
type settings struct {
	address     string // to listen on
	publicURL   string // that the platform calls, empty for this machine's own
	token       string // that each delivery must carry, empty for the in-memory platform's
	credentials bool   // whether the environment has those of an account
	databaseURL string // of PostgreSQL, empty for SQLite
	file        string // of SQLite
	forward     string // where payloads are posted to, empty to print them
	workers     int
	tries       int
	lease       time.Duration
	keep        time.Duration
}

func defaults() settings {
	return settings{
		address: "127.0.0.1:8080",
		file:    "inbox.db",
		workers: 4,
		tries:   30, // which with the waits between them is more than 3 hours
		lease:   time.Minute,
		keep:    7 * 24 * time.Hour,
	}
}

// minKeep is how long duplicates of a delivery can arrive: the platform tries 6 times,
// waits at most 60 seconds for a response, and as long before it tries again.
const minKeep = 15 * time.Minute

// check reports all that is invalid, before anything is opened or subscribed.
func (s *settings) check() error {
	var token error
	if s.token != "" {
		_, token = webhook.NewVerifier(webhook.HeaderToken(tokenHeader, s.token))
	}
	return errors.Join(
		s.checkURL(),
		token,
		checkf(s.token != "" || !s.credentials, "WEBHOOK_TOKEN must be set to what each delivery must carry, for example to the output of: openssl rand -hex 24"),
		checkf(s.workers > 0, "-workers must be positive, got %d", s.workers),
		checkf(s.tries > 0, "-tries must be positive, got %d", s.tries),
		checkf(s.lease >= time.Second, "-lease must be at least 1s, got %v", s.lease),
		checkf(s.keep >= minKeep, "-keep must be at least %v, as long as duplicates can arrive, got %v", minKeep, s.keep),
	)
}

func (s *settings) checkURL() error {
	if s.publicURL == "" {
		return checkf(!s.credentials, "-url must be set to the URL that the platform calls")
	}
	return publicurl.Check("-url", s.publicURL)
}

// tokenHeader is where a delivery carries the token.
const tokenHeader = "X-Webhook-Token"

// webhook is what the platform is asked to send.
func (s settings) webhook() messagemedia.CreateWebhookRequest {
	return messagemedia.CreateWebhookRequest{
		URL:      s.publicURL,
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events: []messagemedia.EventType{
			messagemedia.EventReceivedSMS, messagemedia.EventReceivedMMS, messagemedia.EventOptOutSMS,
			messagemedia.EventDeliveredDR, messagemedia.EventFailedDR, messagemedia.EventRejectedDR, messagemedia.EventExpiredDR,
		},
		Headers:    map[string]string{tokenHeader: cmp.Or(s.token, "none")},
		Template:   messagemedia.JSONTemplate,
		Retries:    5, // at 0, the platform's default, a delivery that fails once is lost
		RetryDelay: time.Minute,
	}
}

// checkf returns nil if ok, and otherwise an error with the formatted text.
func checkf(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}
