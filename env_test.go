package messagemedia_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// TestNewClientFromEnv checks the URL and the credentials of a request.
func TestNewClientFromEnv(t *testing.T) {
	const secret = "s3cret-of-the-environment"
	for name, c := range map[string]struct {
		env     map[string]string
		options []messagemedia.Option
		url     string // of a request, without its path
		scheme  string // prefix of the header Authorization
		errs    []string
	}{
		"Basic and the global host by default": {env: map[string]string{"API_KEY": "key", "API_SECRET": secret}, url: "https://api.messagemedia.com", scheme: "Basic "},
		"Basic set explicitly":                 {env: map[string]string{"API_KEY": "key", "API_SECRET": secret, "AUTH": "basic"}, url: "https://api.messagemedia.com", scheme: "Basic "},
		"HMAC":                                 {env: map[string]string{"API_KEY": "key", "API_SECRET": secret, "AUTH": "hmac"}, url: "https://api.messagemedia.com", scheme: "hmac "},
		"another region":                       {env: map[string]string{"API_KEY": "key", "API_SECRET": secret, "BASE_URL": messagemedia.BaseURLEU}, url: messagemedia.BaseURLEU, scheme: "Basic "},
		"an option overrides the environment": {env: map[string]string{"API_KEY": "key", "API_SECRET": secret, "BASE_URL": messagemedia.BaseURLEU},
			options: []messagemedia.Option{messagemedia.WithBaseURL(messagemedia.BaseURLUS)}, url: messagemedia.BaseURLUS, scheme: "Basic "},
		"an empty environment":            {errs: []string{"MESSAGEMEDIA_API_KEY is not set", "MESSAGEMEDIA_API_SECRET is not set"}},
		"no secret and an unknown scheme": {env: map[string]string{"API_KEY": "key", "AUTH": secret}, errs: []string{`MESSAGEMEDIA_AUTH must be "basic" or "hmac"`, "MESSAGEMEDIA_API_SECRET is not set"}},
		"a line break in the key":         {env: map[string]string{"API_KEY": "key\n", "API_SECRET": secret}, errs: []string{"MESSAGEMEDIA_API_KEY", "the API key begins or ends with white space"}},
		"a base URL without https":        {env: map[string]string{"API_KEY": "key", "API_SECRET": secret, "BASE_URL": secret}, errs: []string{"MESSAGEMEDIA_BASE_URL", "the URL does not begin with https://"}},
		"an invalid value of each": {env: map[string]string{"API_SECRET": secret + "\n", "AUTH": "HMAC", "BASE_URL": secret}, options: []messagemedia.Option{messagemedia.WithMaxAttempts(0)},
			errs: []string{`MESSAGEMEDIA_AUTH must be "basic" or "hmac"`, "MESSAGEMEDIA_API_KEY is not set", "MESSAGEMEDIA_BASE_URL: the URL does not begin with https://", "WithMaxAttempts: must be at least 1, got 0"}},
		"an invalid transport and option": {env: map[string]string{"API_KEY": "key", "API_SECRET": secret, "AUTH": "hmac", "BASE_URL": secret},
			options: []messagemedia.Option{nil, messagemedia.WithMiddleware(func(http.RoundTripper) http.RoundTripper { return nil })},
			errs:    []string{"option 1 is nil", "WithMiddleware: function 1 returned nil", "MESSAGEMEDIA_BASE_URL: "}},
		"an invalid option": {env: map[string]string{"API_KEY": "key", "API_SECRET": secret + "\n"}, options: []messagemedia.Option{messagemedia.WithMaxAttempts(0)},
			errs: []string{"MESSAGEMEDIA_API_KEY or MESSAGEMEDIA_API_SECRET: the API secret begins or ends with white space", "WithMaxAttempts: must be at least 1, got 0"}},
		"a nil option": {env: map[string]string{"API_KEY": "key", "API_SECRET": secret}, options: []messagemedia.Option{nil}, errs: []string{"option 1 is nil"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"API_KEY", "API_SECRET", "BASE_URL", "AUTH"} {
				t.Setenv("MESSAGEMEDIA_"+variable, c.env[variable])
			}
			var sent *http.Request
			through := messagemedia.WithHTTPClient(responding(func(r *http.Request) (*http.Response, error) {
				sent = r
				return httpmock.NewStringResponse(200, emptyPage), nil
			}))
			client, err := messagemedia.NewClientFromEnv(append(c.options, through)...)
			if c.errs != nil {
				require.ErrorContains(t, err, "messagemedia: NewClientFromEnv: ")
				for _, want := range c.errs {
					assert.ErrorContains(t, err, want)
				}
				assert.NotContains(t, err.Error(), secret)
				assert.Nil(t, client)
				return
			}
			require.NoError(t, err)
			_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
			require.NoError(t, err)
			assert.Equal(t, c.url, sent.URL.Scheme+"://"+sent.URL.Host)
			assert.True(t, strings.HasPrefix(sent.Header.Get("Authorization"), c.scheme))
		})
	}
}
