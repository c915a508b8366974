package main

import (
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// Names in the header of a stored delivery.
const (
	headerID       = "Delivery-Id" // the dedupe key, if there is one
	headerDelivery = "Delivery"    // everything except the body, as JSON, with the tokens redacted
	headerReason   = "Delivery-Dead-Reason"
	natsPrefix     = "Nats-"
)

// maxDeliveryHeader limits the JSON of headerDelivery. JetStream stores at most 64 KiB of
// header. The platform's own headers need a tenth of this limit.
const maxDeliveryHeader = 32 << 10

// encode encodes a delivery as a message with the unchanged body. The whole header of the request
// becomes the value of one message header. If encode copied each header, a request could command
// the queue, for example by the name Nats-Rollup.
func encode(subject string, d *webhook.Delivery) (*nats.Msg, error) {
	request := *d
	request.Body, request.Event = nil, nil
	delivery, err := json.Marshal(request)
	if err == nil && len(delivery) > maxDeliveryHeader {
		request.Header = nil // losing the header is better than losing the delivery
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

// decode decodes a message into a delivery.
func decode(header nats.Header, body []byte) (*webhook.Delivery, error) {
	d := new(webhook.Delivery)
	if err := json.Unmarshal([]byte(header.Get(headerDelivery)), d); err != nil {
		return nil, fmt.Errorf("the message is not a delivery: %w", err)
	}
	d.Body, d.Event = body, webhook.Parse(body)
	return d, nil
}

// handlingKey returns the key that is handled once. A delivery without a dedupe key gets its
// sequence number as the key. The key also has the time, because a recreated queue counts from
// 1 again.
func handlingKey(header nats.Header, metadata *jetstream.MsgMetadata) string {
	if id := header.Get(headerID); id != "" {
		return id
	}
	return fmt.Sprintf("%d-%d", metadata.Sequence.Stream, metadata.Timestamp.UnixNano())
}
