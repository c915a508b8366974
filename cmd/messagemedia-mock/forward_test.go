package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func TestDeliveriesAreForwardedWithTheirPath(t *testing.T) {
	t.Parallel()
	var got []string
	local := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got = append(got, r.Host+" "+r.RequestURI) }))
	defer local.Close()
	settings, err := parse([]string{"-forward", local.URL + "/"}, t.Output())
	require.NoError(t, err)
	api := messagemediatest.NewServer(t)
	subscribe := func(url string, headers map[string]string) {
		_, err := api.Client().CreateWebhook(t.Context(), messagemedia.CreateWebhookRequest{
			URL: url, Method: "POST", Encoding: "JSON", Events: []messagemedia.EventType{messagemedia.EventReceivedSMS}, Headers: headers,
		})
		require.NoError(t, err)
		_, err = api.Send(t.Context(), &webhook.ReceivedSMS{Content: "a/b"}, settings.sendOptions()...)
		require.NoError(t, err)
		require.NoError(t, api.Client().DeleteWebhook(t.Context(), api.Webhooks("")[0].ID))
	}
	subscribe("https://example.com:8443/hooks//a?text=$moContent", nil)
	subscribe("http://other.example/x", map[string]string{"Host": "tenant.example"})
	assert.Equal(t, []string{local.Listener.Addr().String() + " /hooks//a?text=a%2Fb", "tenant.example /x"}, got)
}

func TestForwardMustBeASchemeAndAHost(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"http://127.0.0.1:9000":       "",
		"https://localhost/":          "",
		"127.0.0.1:9000":              "first path segment in URL cannot contain colon",
		"localhost:9000":              "must be a URL such as http://127.0.0.1:9000",
		"ftp://localhost":             "must be a URL such as http://127.0.0.1:9000",
		"http://":                     "must be a URL such as http://127.0.0.1:9000",
		"http://localhost:9000/hooks": "must be a scheme and a host only",
		"http://localhost:9000?a":     "must be a scheme and a host only",
		"http://localhost:9000#a":     "must be a scheme and a host only",
		"http://a:b@localhost:9000":   "must be a scheme and a host only",
	} {
		_, err := parse([]string{"-forward", address}, t.Output())
		if want == "" {
			assert.NoError(t, err, address)
		} else {
			assert.ErrorContains(t, err, want, address)
		}
	}
}
