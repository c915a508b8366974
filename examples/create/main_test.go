package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// TestCreate has the platform in memory response for the global host.
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
	main()
	assert.Len(t, api.Webhooks(""), 1)
}
