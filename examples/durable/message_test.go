package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestAStoredDeliveryIsUnchanged stores deliveries on the server, which has its own header format.
func TestAStoredDeliveryIsUnchanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	for name, d := range map[string]*webhook.Delivery{
		"a signed delivery": {
			Scheme: "signature", KeyID: "key", SignedAt: time.Date(2026, 11, 24, 8, 0, 1, 0, time.UTC), Method: "POST", Target: "/hooks/sms",
			Header: http.Header{"Content-Type": {"application/json"}},
			Body:   []byte(text("r1", "YES")),
		},
		"a delivery with control characters": {
			Scheme: "header:X: \r\n", Method: "DELETE", Target: "/%00%0d%0a:é",
			Body: []byte("\x00\r\n\r\nNATS/1.0\xff"),
		},
		"an empty delivery": {},
	} {
		d.Event = webhook.Parse(d.Body)
		stream, err := f.store.js.Stream(t.Context(), f.store.queue)
		require.NoError(t, err, name)
		message, err := encode(f.store.queue, d)
		require.NoError(t, err, name)
		ack, err := f.store.js.PublishMsg(t.Context(), message)
		require.NoError(t, err, name)
		stored, err := stream.GetMsg(t.Context(), ack.Sequence)
		require.NoError(t, err, name)

		got, err := decode(stored.Header, stored.Data)
		require.NoError(t, err, name)
		assert.Equal(t, string(d.Body), string(got.Body), name)
		assert.Equal(t, d.DedupeKey(), got.DedupeKey(), name)
		assert.Equal(t, d.Event, got.Event, name)
		d.Body, d.Event = got.Body, got.Event
		assert.Equal(t, d, got, name)
	}
}

func TestTokensAreNotStored(t *testing.T) {
	t.Parallel()
	d := &webhook.Delivery{
		Method: http.MethodPost, Target: "/hooks/sms?token=" + testToken, Header: http.Header{tokenHeader: {testToken}},
		Body: []byte(text("r1", "YES")),
	}
	d.Event = webhook.Parse(d.Body)
	message, err := encode("subject", d)
	require.NoError(t, err)
	require.Contains(t, message.Header.Get(headerDelivery), tokenHeader)
	assert.NotContains(t, message.Header.Get(headerDelivery), testToken)
	assert.Equal(t, d.DedupeKey(), message.Header.Get(headerID))
}

func TestAMessageThatIsNotADeliveryIsRejected(t *testing.T) {
	t.Parallel()
	_, err := decode(nats.Header{}, []byte("{}"))
	assert.ErrorContains(t, err, "the message is not a delivery")
}
