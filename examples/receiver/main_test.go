package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func TestReceiverOnce(t *testing.T) {
	useAccount(t, new(messagemediatest.Server))
	for rejected, signed := range map[string]bool{"A delivery with a wrong token": false, "A tampered delivery": true} {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), settings{address: "127.0.0.1:0", once: true, signed: signed}, log.New(&out, "", 0)))
		assert.Contains(t, out.String(), `+61491570156 texted "Hello from a phone"`)
		assert.Contains(t, out.String(), rejected+" got 401\n")
		assert.Contains(t, out.String(), "The delivery got 204\n")
		assert.NotContains(t, out.String(), "Adieu")
	}
}

func TestReceiverNeedsAToken(t *testing.T) {
	api := messagemediatest.NewServer(t)
	useAccount(t, api)
	t.Setenv("WEBHOOK_TOKEN", "")
	err := run(t.Context(), settings{address: "127.0.0.1:0", keys: t.TempDir()}, log.New(t.Output(), "", 0))
	assert.ErrorContains(t, err, "token 1 must have at least 16 bytes, got 0")
	assert.Empty(t, api.Webhooks(""))
}

func TestReceiverRejectsAURLWithoutAPath(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), settings{address: "127.0.0.1:0", publicURL: "https://example.com"}, log.New(t.Output(), "", 0))
	assert.EqualError(t, err, "-url must be an absolute URL with a path, as in https://example.com/hooks/sms")
}

// start runs a receiver until it prints that it receives, or ends. It returns the output and
// the error of the receiver.
func start(t *testing.T, s settings) (printed string, err error) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, s, log.New(writer, "", 0))
		writer.Close()
	}()
	lines := bufio.NewScanner(reader)
	for lines.Scan() {
		printed += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "Receiving at ") {
			cancel()
		}
	}
	return printed, <-ended
}

// TestSigned starts the receiver with an API, and again after the API fails.
func TestSigned(t *testing.T) {
	api := messagemediatest.NewServer(t)
	useAccount(t, api)
	s := settings{address: "127.0.0.1:0", publicURL: "https://example.com/hooks/sms", keys: t.TempDir(), signed: true}
	printed, err := start(t, s)
	require.NoError(t, err)
	assert.Equal(t, "Receiving at https://example.com/hooks/sms\n", printed)
	require.Len(t, api.Webhooks(""), 1)
	key := api.Signer("").Key().ID()

	require.NoError(t, api.Fail(messagemediatest.Fault{Status: http.StatusServiceUnavailable, Times: 1000}))
	printed, err = start(t, s)
	require.NoError(t, err)
	assert.Contains(t, printed, "Signature keys not synced, using the stored keys: messagemedia: SyncSignatureKey: ")
	assert.Contains(t, printed, "Webhook not synced, receiving deliveries of an earlier webhook: messagemedia: SyncWebhooks: ")
	assert.Contains(t, printed, "Receiving at https://example.com/hooks/sms\n")
	assert.Equal(t, key, api.Signer("").Key().ID())

	s.keys = t.TempDir()
	_, err = start(t, s)
	assert.ErrorIs(t, err, messagemedia.ErrServer, "no stored key")
}

func TestWrongCredentialsEndTheReceiver(t *testing.T) {
	api := messagemediatest.NewServer(t)
	useAccount(t, api)
	t.Setenv("MESSAGEMEDIA_API_SECRET", "wrong")
	for _, signed := range []bool{false, true} {
		_, err := start(t, settings{address: "127.0.0.1:0", keys: t.TempDir(), signed: signed})
		assert.ErrorIs(t, err, messagemedia.ErrUnauthorized)
	}
}

// useAccount sets the environment for an account of the in-memory platform.
func useAccount(t *testing.T, api *messagemediatest.Server) {
	t.Setenv("MESSAGEMEDIA_API_KEY", api.Key)
	t.Setenv("MESSAGEMEDIA_API_SECRET", api.Secret)
	t.Setenv("MESSAGEMEDIA_BASE_URL", api.URL)
	t.Setenv("MESSAGEMEDIA_AUTH", "")
	t.Setenv("WEBHOOK_TOKEN", "a-token-of-the-tests")
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "message 7: failed (undeliverable)", describe(&webhook.DeliveryReport{MessageID: "7", Status: webhook.StatusFailed, StatusCode: 400}))
	assert.Contains(t, describe(webhook.Parse([]byte("<xml>"))), "5 bytes that are not an event: webhook: ")
	assert.Equal(t, "*webhook.OptOut", describe(&webhook.OptOut{}))
}
