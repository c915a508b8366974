package main

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"
)

// settings are the knobs of a receiver.
type settings struct {
	address       string        // to listen on
	publicURL     string        // what the platform calls, empty for this machine's own
	keyFile       string        // the signature keys
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
	// dedupeWindow is how long copies of a delivery can arrive. The platform tries 6
	// times, waits at most 60 seconds for a response, and as long before it tries
	// again; the verifier accepts a copy that somebody else sends for 15 minutes
	// more. That makes 26 minutes.
	dedupeWindow = 30 * time.Minute

	// maxPayload is how large a message of NATS may be: a body of the verifier's 8
	// MiB, and a header.
	maxPayload = 9 << 20

	// maxHeaderBytes limits the header of a request. JetStream stores a header of 64 KiB
	// at most, in which each line of a request's grows by a few bytes.
	maxHeaderBytes = 16 << 10
)

func defaults() settings {
	return settings{
		address:   "127.0.0.1:8080",
		keyFile:   "signature-keys.json",
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
		checkf(s.publicURL == "" || isURL(s.publicURL), "-url is not like https://example.com/hooks/sms"),
		checkf(streamName.MatchString(s.stream), "-stream is %q, want letters, digits, - and _", s.stream),
		checkReplicas(s.replicas, s.natsURL),
		checkf(s.maxBytes >= 2*maxPayload, "-max-bytes is %d, want %d or more, room for two large deliveries", s.maxBytes, 2*maxPayload),
		checkf(s.keep >= dedupeWindow, "-keep is %v, want %v or more: as long as copies of a delivery can arrive", s.keep, dedupeWindow),
		checkf(s.workers > 0, "-workers is %d, want 1 or more", s.workers),
		checkf(s.ackWait >= 3*time.Second, "-ack-wait is %v, want 3s or more", s.ackWait),
		checkf(s.tries > 0, "-tries is %d, want 1 or more", s.tries),
	)
}

func checkReplicas(replicas int, natsURL string) error {
	return errors.Join(
		checkf(slices.Contains([]int{1, 3, 5}, replicas), "-replicas is %d, want 1, 3 or 5", replicas),
		checkf(replicas == 1 || natsURL != "", "-replicas is %d, which needs a cluster: set NATS_URL", replicas),
	)
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.Path != "" && u.RawQuery == ""
}

// checkf returns nil if ok, and otherwise an error with the formatted text.
func checkf(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}
