package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// TestCreate uses the in-memory platform in place of the global host.
func TestCreate(t *testing.T) {
	api := messagemediatest.NewServer(t)
	httpmock.Activate(t)
	httpmock.RegisterResponder(http.MethodPost, "https://api.messagemedia.com/v1/webhooks/messages",
		func(r *http.Request) (*http.Response, error) {
			response := httptest.NewRecorder()
			api.ServeHTTP(response, r)
			return response.Result(), nil
		})
	t.Setenv("MESSAGEMEDIA_API_KEY", api.Key)
	t.Setenv("MESSAGEMEDIA_API_SECRET", api.Secret)
	t.Setenv("MESSAGEMEDIA_BASE_URL", "")
	t.Setenv("MESSAGEMEDIA_AUTH", "")
	t.Setenv("WEBHOOK_TOKEN", "a-token-of-the-test")
	main()
	webhooks := api.Webhooks("")
	require.Len(t, webhooks, 1)
	assert.Equal(t, "a-token-of-the-test", webhooks[0].Headers["X-Webhook-Token"])
}
