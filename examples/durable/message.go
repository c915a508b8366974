package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// The header of a stored delivery. What a request's own header says is not signed,
// so it gets a prefix: without one, anybody could send a Nats-Rollup.
const (
	headerID       = "Delivery-Id" // of those that have a dedupe key
	headerKeyID    = "Delivery-Key-Id"
	headerSignedAt = "Delivery-Signed-At"
	headerMethod   = "Delivery-Method"
	headerTarget   = "Delivery-Target"
	headerReason   = "Delivery-Dead-Reason" // of dead letters
	requestPrefix  = "Http-"
	natsPrefix     = "Nats-"
)

// encode makes a message of a delivery. The body stays as it is, every byte.
func encode(subject string, d *webhook.Delivery) *nats.Msg {
	header := nats.Header{
		headerKeyID:    {d.KeyID},
		headerSignedAt: {d.SignedAt.UTC().Format(http.TimeFormat)},
		headerMethod:   {d.Method},
		headerTarget:   {d.Target},
	}
	if id := deliveryID(d); id != "" {
		header.Set(headerID, id)
	}
	for name, values := range d.Header {
		header[requestPrefix+name] = values
	}
	return &nats.Msg{Subject: subject, Header: header, Data: d.Body}
}

// decode makes a delivery of a message.
func decode(header nats.Header, body []byte) (*webhook.Delivery, error) {
	signedAt, err := time.Parse(http.TimeFormat, header.Get(headerSignedAt))
	if err != nil {
		return nil, fmt.Errorf("the message is no delivery: %w", err)
	}
	d := &webhook.Delivery{
		KeyID:    header.Get(headerKeyID),
		SignedAt: signedAt,
		Method:   header.Get(headerMethod),
		Target:   header.Get(headerTarget),
		Header:   make(http.Header),
		Body:     body,
		Event:    webhook.Parse(body),
	}
	for name, values := range header {
		if name, ok := strings.CutPrefix(name, requestPrefix); ok {
			d.Header[name] = values
		}
	}
	return d, nil
}

// deliveryID is the dedupe key in a form that fits into a header and a subject,
// whatever the payload put into it. It is empty when the key is.
func deliveryID(d *webhook.Delivery) string {
	key := d.DedupeKey()
	if key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// handlingKey names what is to be done once. A delivery without a dedupe key is one
// of its own: its place in the queue names it, with the time, since a queue
// that was made again counts from 1 again.
func handlingKey(header nats.Header, place *jetstream.MsgMetadata) string {
	if id := header.Get(headerID); id != "" {
		return id
	}
	return fmt.Sprintf("%d-%d", place.Sequence.Stream, place.Timestamp.UnixNano())
}
