package main

import (
	"bytes"
	"log"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func nothing(string) string { return "" }

func TestReceiverOnce(t *testing.T) {
	t.Parallel()
	for refused, signed := range map[string]bool{"A delivery with a wrong token": false, "A tampered delivery": true} {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), settings{address: "127.0.0.1:0", once: true, signed: signed}, nothing, log.New(&out, "", 0)))
		assert.Contains(t, out.String(), `+61491570156 texted "Hello from a phone"`)
		assert.Contains(t, out.String(), refused+" got 401\n")
		assert.Contains(t, out.String(), "The delivery got 204\n")
		assert.NotContains(t, out.String(), "Adieu")
	}
}

func TestReceiverNeedsAToken(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	err := run(t.Context(), settings{address: "127.0.0.1:0"}, environment(api), log.New(t.Output(), "", 0))
	assert.ErrorContains(t, err, "token 1 must have at least 16 bytes, got 0")
	assert.Empty(t, api.Webhooks(""))
}

func TestReceiverRefusesAURLWithoutAPath(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), settings{address: "127.0.0.1:0", publicURL: "https://example.com"}, nothing, log.New(t.Output(), "", 0))
	assert.EqualError(t, err, "-url is not like https://example.com/hooks/sms")
}

// TestTheKeyIsStoredAndUsedAgain starts twice at the same API.
func TestTheKeyIsStoredAndUsedAgain(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	file := filepath.Join(t.TempDir(), "key.json")
	var keys []*messagemedia.SignatureKey
	for range 2 {
		platform, err := connect(environment(api), file)
		require.NoError(t, err)
		key, err := platform.signatureKey(t.Context())
		require.NoError(t, err)
		require.NoError(t, subscribe(t.Context(), platform.client, "https://example.com/hooks/sms", nil))
		keys = append(keys, key)
	}
	assert.Equal(t, keys[0], keys[1])
	assert.NotEmpty(t, keys[1].PublicKey)
	assert.Len(t, api.Webhooks(""), 1)
	assert.Equal(t, keys[0].ID, api.Signer("").Key().ID())
}

func environment(api *messagemediatest.Server) func(string) string {
	return func(name string) string {
		return map[string]string{
			"MESSAGEMEDIA_API_KEY": api.Key, "MESSAGEMEDIA_API_SECRET": api.Secret, "MESSAGEMEDIA_BASE_URL": api.URL,
		}[name]
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "message 7: failed (undeliverable)", describe(&webhook.DeliveryReport{MessageID: "7", Status: webhook.StatusFailed, StatusCode: 400}))
	assert.Contains(t, describe(webhook.Parse([]byte("<xml>"))), "5 bytes that are not an event: webhook: ")
	assert.Equal(t, "*webhook.OptOut", describe(&webhook.OptOut{}))
}
