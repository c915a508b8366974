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
	for name, c := range map[string]struct {
		auth   string
		scheme string
	}{
		"over Basic": {"", "Basic "},
		"over HMAC":  {"hmac", "hmac "},
	} {
		t.Run(name, func(t *testing.T) {
			api := messagemediatest.NewServer(t)
			setEnvironment(t, api, c.auth, api.Secret)
			var out bytes.Buffer
			require.NoError(t, run(t.Context(), &out))
			assert.Regexp(t, `(?s)^Created  .*RECEIVED_SMS, 5 retries\nListed   1 in the account\nUpdated  for RECEIVED_SMS, OPT_OUT_SMS\nDeleted  the webhook\n$`, out.String())
			assert.Len(t, api.Requests(), 4)
			for _, request := range api.Requests() {
				assert.Contains(t, request.Header.Get("Authorization"), c.scheme)
			}
			assert.Empty(t, api.Webhooks(""))
		})
	}
}

func TestQuickstartWithoutCredentials(t *testing.T) {
	t.Setenv("MESSAGEMEDIA_API_KEY", "")
	t.Setenv("MESSAGEMEDIA_API_SECRET", "")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	assert.Contains(t, out.String(), "using the in-memory platform")
	assert.Contains(t, out.String(), "Deleted")
}

func TestQuickstartWithAWrongSecret(t *testing.T) {
	for _, auth := range []string{"basic", "hmac"} {
		api := messagemediatest.NewServer(t)
		setEnvironment(t, api, auth, "s3cret-that-is-wrong")
		err := run(t.Context(), &bytes.Buffer{})
		require.ErrorIs(t, err, messagemedia.ErrUnauthorized)
		assert.Contains(t, advice(err), "MESSAGEMEDIA_API_SECRET")
		assert.NotContains(t, err.Error()+advice(err), "s3cret")
	}
}

func setEnvironment(t *testing.T, api *messagemediatest.Server, auth, secret string) {
	t.Setenv("MESSAGEMEDIA_API_KEY", api.Key)
	t.Setenv("MESSAGEMEDIA_API_SECRET", secret)
	t.Setenv("MESSAGEMEDIA_BASE_URL", api.URL)
	t.Setenv("MESSAGEMEDIA_AUTH", auth)
}
