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

// settings are the settings of a receiver.
type settings struct {
	address     string // to listen on
	publicURL   string // the URL that the platform calls; if empty, this machine's own
	token       string // the token that each delivery must carry; if empty, the in-memory platform's
	credentials bool   // whether the environment has an account's credentials
	databaseURL string // the URL of PostgreSQL; if empty, SQLite is used
	file        string // the SQLite file
	forward     string // the URL to post payloads to; if empty, they are printed
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
		tries:   30, // more than 3 hours, with the waits between them
		lease:   time.Minute,
		keep:    7 * 24 * time.Hour,
	}
}

// minKeep is longer than duplicates of a delivery can arrive. The platform makes 6 attempts,
// waits up to 60 seconds for each response, and up to 60 seconds between attempts.
const minKeep = 15 * time.Minute

// check reports all invalid settings.
func (s *settings) check() error {
	var token error
	if s.token != "" {
		_, token = webhook.NewVerifier(webhook.HeaderToken(tokenHeader, s.token))
	}
	return errors.Join(
		s.checkURL(),
		token,
		checkf(s.token != "" || !s.credentials, "WEBHOOK_TOKEN must be set, for example to the output of: openssl rand -hex 24"),
		checkf(s.workers > 0, "-workers must be positive, got %d", s.workers),
		checkf(s.tries > 0, "-tries must be positive, got %d", s.tries),
		checkf(s.lease >= time.Second, "-lease must be at least 1s, got %v", s.lease),
		checkf(s.keep >= minKeep, "-keep must be at least %v, because duplicates can arrive until then, got %v", minKeep, s.keep),
	)
}

func (s *settings) checkURL() error {
	if s.publicURL == "" {
		return checkf(!s.credentials, "-url must be set to the URL that the platform calls")
	}
	return publicurl.Check("-url", s.publicURL)
}

// tokenHeader is the header in which a delivery carries the token.
const tokenHeader = "X-Webhook-Token"

// webhook returns the webhook to subscribe.
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
