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

// settings are the settings of a receiver.
type settings struct {
	address       string        // to listen on
	publicURL     string        // the URL that the platform calls; if empty, this machine's own
	token         string        // the token that each delivery must carry, or empty
	keys          string        // the directory of the signature keys, or empty
	credentials   bool          // whether the environment has an account's credentials
	natsURL       string        // the cluster; if empty, the embedded server is used
	directory     string        // the files of the embedded server
	clientAddress string        // the address of the embedded server; if empty, only this process reaches it
	stream        string        // the name of the queue
	replicas      int           // of each stream
	maxBytes      int64         // of each stream
	keep          time.Duration // how long handled deliveries are remembered
	workers       int
	ackWait       time.Duration
	tries         int // attempts before a delivery becomes a dead letter
}

const (
	// dedupeWindow is longer than duplicates of a delivery can arrive. The platform makes 6
	// attempts, waits up to 60 seconds for each response, and up to 60 seconds between
	// attempts. Then a signed delivery can be replayed for 15 minutes. That makes 26
	// minutes.
	dedupeWindow = 30 * time.Minute

	// maxPayload is the largest NATS message: a body of 8 MiB, the verifier's limit, and a
	// header.
	maxPayload = 9 << 20

	// maxHeaderBytes limits the header of a request. It is twice the size of a webhook's 25
	// headers, with names of 200 characters and values of 1,000.
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

// check reports all invalid settings.
func (s *settings) check() error {
	return errors.Join(
		s.checkURL(),
		s.checkScheme(),
		checkf(streamName.MatchString(s.stream), "-stream must consist of letters, digits, - and _, got %q", s.stream),
		checkReplicas(s.replicas, s.natsURL),
		checkf(s.maxBytes >= 2*maxPayload, "-max-bytes must be at least %d, the size of two large deliveries, got %d", 2*maxPayload, s.maxBytes),
		checkf(s.keep >= dedupeWindow, "-keep must be at least %v, because duplicates can arrive until then, got %v", dedupeWindow, s.keep),
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

// checkURL reports an invalid -url, or a missing one if there is an account.
func (s *settings) checkURL() error {
	if s.publicURL == "" {
		return checkf(!s.credentials, "-url must be set to the URL that the platform calls")
	}
	return publicurl.Check("-url", s.publicURL)
}

// checkScheme reports an invalid token, or that an account has neither a token nor keys.
func (s *settings) checkScheme() error {
	if s.token == "" {
		return checkf(s.keys != "" || !s.credentials,
			"WEBHOOK_TOKEN must be set, for example to the output of: openssl rand -hex 24; if the account has signatures, -keys can be set instead")
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
