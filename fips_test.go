package messagemedia_test

import (
	"crypto/fips140"
	"crypto/md5"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// TestFIPS is for GODEBUG=fips140=only, under which NewClient must return an error if a call
// could not work. Without that setting, all calls work.
func TestFIPS(t *testing.T) {
	t.Parallel()
	long, short := strings.Repeat("s", 14), strings.Repeat("s", 13) // 112 bits, the minimum, and fewer
	for name, c := range map[string]struct {
		auth messagemedia.Authenticator
		want string // error under fips140=only
	}{
		"Basic":                              {messagemedia.BasicAuth("key", short), ""},
		"HMAC with SHA-256":                  {messagemedia.HMACAuth("key", long), ""},
		"HMAC with a short secret":           {messagemedia.HMACAuth("key", short), "the API secret must have at least 14 bytes under GODEBUG=fips140=only"},
		"HMAC with SHA-1":                    {messagemedia.HMACAuth("key", long, messagemedia.WithHMACSHA1()), "WithHMACSHA1: SHA-1 is not allowed under GODEBUG=fips140=only"},
		"HMAC with SHA-1 and a short secret": {messagemedia.HMACAuth("key", short, messagemedia.WithHMACSHA1()), "SHA-1 is not allowed"},
		"an Authenticator that wraps HMAC":   {tenantAuth{messagemedia.HMACAuth("key", long), "t"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := messagemedia.NewClient(c.auth, messagemedia.WithHTTPClient(responding(respondingWith(200, aWebhook))))
			if fips140.Enforced() && c.want != "" {
				require.ErrorContains(t, err, c.want)
				assert.Nil(t, client)
				return
			}
			require.NoError(t, err)
			_, err = client.CreateWebhook(t.Context(), validRequest()) // has a body, whose MD5 is signed
			require.NoError(t, err)
			require.NoError(t, client.DeleteWebhook(t.Context(), "id"))
		})
	}
}

// TestFIPSSignsTheBody checks that the body's MD5, a checksum, is computed without enforcement.
func TestFIPSSignsTheBody(t *testing.T) {
	t.Parallel()
	var sent, want string
	client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
		sent = r.Header.Get("Content-Md5")
		fips140.WithoutEnforcement(func() { want = fmt.Sprintf("%x", md5.Sum([]byte(bodyOf(t, r)))) })
		return respondingWith(201, aWebhook)(r)
	}), messagemedia.HMACAuth("key", "a secret that is long enough"))
	_, err := client.CreateWebhook(t.Context(), validRequest())
	require.NoError(t, err)
	require.NotEmpty(t, want)
	assert.Equal(t, want, sent)
}
