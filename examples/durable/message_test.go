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

// TestADeliveryComesBackWhole goes through the server, whose header has a format
// of its own.
func TestADeliveryComesBackWhole(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	for name, d := range map[string]*webhook.Delivery{
		"a plain one": {
			KeyID: "key", SignedAt: time.Date(2026, 11, 24, 8, 0, 1, 0, time.UTC), Method: "POST", Target: "/hooks/sms?a=b",
			Header: http.Header{"Content-Type": {"application/json"}, "X-Two": {"1", "2"}},
			Body:   []byte(text("r1", "YES")),
		},
		"one with all the bytes": {
			KeyID: "k: y", SignedAt: time.Unix(0, 0), Method: "DELETE", Target: "/\xff%00%0d%0a\x80:é",
			Header: http.Header{"X-Empty": {""}, "X-Bytes": {"é\xfe\x80:\t,"}, "Nats-Msg-Id": {"x"}},
			Body:   []byte("\x00\r\n\r\nNATS/1.0\xff"),
		},
		"an empty one": {SignedAt: time.Unix(1, 0), Header: http.Header{}},
	} {
		stream, err := f.store.js.Stream(t.Context(), f.store.queue)
		require.NoError(t, err, name)
		ack, err := f.store.js.PublishMsg(t.Context(), encode(f.store.queue, d))
		require.NoError(t, err, name)
		stored, err := stream.GetMsg(t.Context(), ack.Sequence)
		require.NoError(t, err, name)

		got, err := decode(stored.Header, stored.Data)
		require.NoError(t, err, name)
		assert.True(t, d.SignedAt.Equal(got.SignedAt), name)
		assert.Equal(t, string(d.Body), string(got.Body), name)
		assert.Equal(t, webhook.Parse(got.Body), got.Event, name)
		d.SignedAt, d.Body, d.Event = got.SignedAt, got.Body, got.Event
		assert.Equal(t, d, got, name)
	}
}

func TestAMessageThatIsNoDelivery(t *testing.T) {
	t.Parallel()
	_, err := decode(nats.Header{}, []byte("{}"))
	assert.ErrorContains(t, err, "the message is no delivery")
}

func TestDeliveryIDsAreShortAndDistinct(t *testing.T) {
	t.Parallel()
	ids := make(map[string]bool)
	for _, id := range []string{"a b", "a\nb", "a\r\nNats-Rollup: all", string(make([]byte, 100_000))} {
		ids[deliveryID(&webhook.Delivery{Target: "/", Event: &webhook.ReceivedSMS{ReplyID: id}})] = true
	}
	assert.Len(t, ids, 4)
	for id := range ids {
		assert.Regexp(t, "^[0-9a-f]{64}$", id)
	}
	assert.Empty(t, deliveryID(&webhook.Delivery{Target: "/", Event: &webhook.ReceivedSMS{}}))
}
