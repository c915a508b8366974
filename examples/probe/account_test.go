package main

import (
	"bytes"
	"crypto/rand"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// others are a webhook and a key of another program, which the probe must not change.
type others struct {
	webhook *messagemedia.Webhook
	key     *messagemedia.SignatureKey
}

func othersWebhook() messagemedia.CreateWebhookRequest {
	return messagemedia.CreateWebhookRequest{
		URL:      "https://example.com/messagemedia-probe/" + strings.ToLower(rand.Text()) + "?token=others-token",
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventReceivedMMS},
	}
}

func addOthers(t *testing.T, api *messagemediatest.Server) others {
	client := api.Client()
	hook, err := client.CreateWebhook(t.Context(), othersWebhook())
	require.NoError(t, err)
	key, err := client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA512})
	require.NoError(t, err)
	return others{hook, key}
}

// requireUnchanged also checks that nothing else remains in the account.
func (o others) requireUnchanged(t *testing.T, api *messagemediatest.Server) {
	t.Helper()
	if hooks := api.Webhooks(""); assert.Len(t, hooks, 1, "webhooks") {
		assert.Equal(t, o.webhook.ID, hooks[0].ID)
		assert.Equal(t, o.webhook.URL, hooks[0].URL)
	}
	if keys := o.keys(t, api); assert.Len(t, keys, 1, "signature keys") {
		assert.Equal(t, o.key.ID, keys[0].ID)
		assert.False(t, keys[0].Enabled)
	}
}

func (o others) keys(t *testing.T, api *messagemediatest.Server) (keys []*messagemedia.SignatureKey) {
	t.Helper()
	for key, err := range api.Client().SignatureKeys(t.Context()) {
		require.NoError(t, err)
		keys = append(keys, key)
	}
	return keys
}

// watcher is a log that closes a channel once a text is written.
type watcher struct {
	text string
	seen chan struct{}

	mu   sync.Mutex
	log  bytes.Buffer
	once sync.Once
}

func (w *watcher) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if bytes.Contains(b, []byte(w.text)) {
		w.once.Do(func() { close(w.seen) })
	}
	return w.log.Write(b)
}

func (w *watcher) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String()
}

func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}
