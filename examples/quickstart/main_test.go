package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func TestQuickstart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		auth   string
		scheme string
	}{
		"over Basic": {"", "Basic "},
		"over HMAC":  {"hmac", "hmac "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			var out bytes.Buffer
			require.NoError(t, run(t.Context(), environment(api, c.auth, api.Secret), &out))
			assert.Regexp(t, `(?s)^Created  .*RECEIVED_SMS, 5 retries\nListed   1 in the account\nUpdated  for RECEIVED_SMS, OPT_OUT_SMS\nDeleted  and nothing is left behind\n$`, out.String())
			assert.Len(t, api.Requests(), 4)
			for _, request := range api.Requests() {
				assert.Contains(t, request.Header.Get("Authorization"), c.scheme)
			}
			assert.Empty(t, api.Webhooks(""))
		})
	}
}

func TestQuickstartWithoutCredentials(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), func(string) string { return "" }, &out))
	assert.Contains(t, out.String(), "this runs against the platform in memory")
	assert.Contains(t, out.String(), "Deleted")
}

func TestQuickstartWithAWrongSecret(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{"basic", "hmac"} {
		api := messagemediatest.NewServer(t)
		err := run(t.Context(), environment(api, auth, "s3cret-that-is-wrong"), &bytes.Buffer{})
		require.ErrorIs(t, err, messagemedia.ErrUnauthorized)
		assert.Contains(t, advice(err), "MESSAGEMEDIA_API_SECRET")
		assert.NotContains(t, err.Error()+advice(err), "s3cret")
	}
}

func TestQuickstartRefusesAnUnknownScheme(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	err := run(t.Context(), environment(api, "HMAC256", api.Secret), &bytes.Buffer{})
	assert.ErrorContains(t, err, `MESSAGEMEDIA_AUTH is "HMAC256"; it can be basic or hmac`)
}

func environment(api *messagemediatest.Server, auth, secret string) func(string) string {
	return func(name string) string {
		return map[string]string{
			"MESSAGEMEDIA_API_KEY":    api.Key,
			"MESSAGEMEDIA_API_SECRET": secret,
			"MESSAGEMEDIA_BASE_URL":   api.URL,
			"MESSAGEMEDIA_AUTH":       auth,
		}[name]
	}
}
