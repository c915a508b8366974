package main

import (
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// The header of a stored delivery.
const (
	headerID       = "Delivery-Id" // the dedupe key, if there is one
	headerDelivery = "Delivery"    // all but the body, as JSON, with the tokens redacted
	headerReason   = "Delivery-Dead-Reason"
	natsPrefix     = "Nats-"
)

// maxDeliveryHeader is how long a delivery's JSON may be. JetStream stores 64 KiB of
// header at most, and the platform's own headers need a tenth of this.
const maxDeliveryHeader = 32 << 10

// encode makes a message of a delivery. The body stays as it is, every byte. The request's
// header stands in a single one of the message: by one of its own a request could give
// orders to the queue, such as Nats-Rollup.
func encode(subject string, d *webhook.Delivery) (*nats.Msg, error) {
	request := *d
	request.Body, request.Event = nil, nil
	delivery, err := json.Marshal(request)
	if err == nil && len(delivery) > maxDeliveryHeader {
		request.Header = nil // rather than lose the delivery
		delivery, err = json.Marshal(request)
	}
	if err != nil {
		return nil, err
	}
	header := nats.Header{headerDelivery: {string(delivery)}}
	if key := d.DedupeKey(); key != "" {
		header.Set(headerID, key)
	}
	return &nats.Msg{Subject: subject, Header: header, Data: d.Body}, nil
}

// decode makes a delivery of a message.
func decode(header nats.Header, body []byte) (*webhook.Delivery, error) {
	d := new(webhook.Delivery)
	if err := json.Unmarshal([]byte(header.Get(headerDelivery)), d); err != nil {
		return nil, fmt.Errorf("the message is not a delivery: %w", err)
	}
	d.Body, d.Event = body, webhook.Parse(body)
	return d, nil
}

// handlingKey names what is to be done once. A delivery without a dedupe key is one
// of its own: its place in the queue names it, with the time, since a queue
// that was recreated counts from 1 again.
func handlingKey(header nats.Header, place *jetstream.MsgMetadata) string {
	if id := header.Get(headerID); id != "" {
		return id
	}
	return fmt.Sprintf("%d-%d", place.Sequence.Stream, place.Timestamp.UnixNano())
}
