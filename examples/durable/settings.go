package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/examples/internal/publicurl"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// settings are the knobs of a receiver.
type settings struct {
	address       string        // to listen on
	publicURL     string        // what the platform calls, empty for this machine's own
	token         string        // that each delivery must carry, empty for none
	keys          string        // the directory of the signature keys, empty for none
	credentials   bool          // whether the environment has those of an account
	natsURL       string        // a cluster, empty for the embedded server
	directory     string        // of the embedded server
	clientAddress string        // where the embedded server can be reached, empty for nowhere
	stream        string        // the name of the queue
	replicas      int           // of each stream
	maxBytes      int64         // of each stream
	keep          time.Duration // how long it is known what was handled
	workers       int
	ackWait       time.Duration
	tries         int
}

const (
	// dedupeWindow is how long duplicates of a delivery can arrive. The platform tries 6
	// times, waits at most 60 seconds for a response, and as long before it tries
	// again; a signature is accepted that somebody else sends again for 15 minutes
	// more. That makes 26 minutes.
	dedupeWindow = 30 * time.Minute

	// maxPayload is how large a message of NATS may be: a body of the verifier's 8
	// MiB, and a header.
	maxPayload = 9 << 20

	// maxHeaderBytes limits the header of a request: 25 headers of a webhook, with names of
	// 200 characters and values of 1,000, are half of it.
	maxHeaderBytes = 64 << 10
)

func defaults() settings {
	return settings{
		address:   "127.0.0.1:8080",
		directory: "durable-data",
		stream:    "DELIVERIES",
		replicas:  1,
		maxBytes:  1 << 30,
		keep:      7 * 24 * time.Hour,
		workers:   8,
		ackWait:   30 * time.Second,
		tries:     100,
	}
}

var streamName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// check reports all that can't be right.
func (s *settings) check() error {
	return errors.Join(
		s.checkURL(),
		s.checkScheme(),
		checkf(streamName.MatchString(s.stream), "-stream must be of letters, digits, - and _, got %q", s.stream),
		checkReplicas(s.replicas, s.natsURL),
		checkf(s.maxBytes >= 2*maxPayload, "-max-bytes must be at least %d, room for two large deliveries, got %d", 2*maxPayload, s.maxBytes),
		checkf(s.keep >= dedupeWindow, "-keep must be at least %v, as long as duplicates can arrive, got %v", dedupeWindow, s.keep),
		checkf(s.workers > 0, "-workers must be positive, got %d", s.workers),
		checkf(s.ackWait >= 3*time.Second, "-ack-wait must be at least 3s, got %v", s.ackWait),
		checkf(s.tries > 0, "-tries must be positive, got %d", s.tries),
	)
}

func checkReplicas(replicas int, natsURL string) error {
	return errors.Join(
		checkf(slices.Contains([]int{1, 3, 5}, replicas), "-replicas must be 1, 3 or 5, got %d", replicas),
		checkf(replicas == 1 || natsURL != "", "-replicas of %d needs a cluster: set NATS_URL", replicas),
	)
}

// checkURL is about the URL that is subscribed.
func (s *settings) checkURL() error {
	if s.publicURL == "" {
		return checkf(!s.credentials, "-url must be set to the URL that the platform calls")
	}
	return publicurl.Check("-url", s.publicURL)
}

// checkScheme is about what a delivery must carry.
func (s *settings) checkScheme() error {
	if s.token == "" {
		return checkf(s.keys != "" || !s.credentials,
			"WEBHOOK_TOKEN must be set to what each delivery must carry, for example to the output of: openssl rand -hex 24; or, if the account has signatures, -keys")
	}
	_, err := webhook.NewVerifier(webhook.HeaderToken(tokenHeader, s.token))
	return err
}

// checkf returns nil if ok, and otherwise an error with the formatted text.
func checkf(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}
