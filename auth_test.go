package messagemedia_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// TestHMACAuthAgreesWithOpenSSL compares signatures with those that
// testdata/hmac/make.sh creates with OpenSSL.
func TestHMACAuthAgreesWithOpenSSL(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/hmac/golden.json")
	require.NoError(t, err)
	var golden []struct {
		Name, Method, Target, Body, Algorithm, Digest, Authorization string

		DigestHeader string `json:"digest_header"`
	}
	require.NoError(t, json.Unmarshal(data, &golden))
	require.NotEmpty(t, golden)

	for _, want := range golden {
		t.Run(want.Name, func(t *testing.T) {
			t.Parallel()
			var options []messagemedia.HMACOption
			if want.Algorithm == "sha1" {
				options = append(options, messagemedia.WithHMACSHA1())
			}
			if want.DigestHeader != "Content-MD5" {
				options = append(options, messagemedia.WithMD5Header(want.DigestHeader))
			}
			auth := messagemedia.HMACAuth("my-key", "s3cret/ü+=", options...)

			synctest.Test(t, func(t *testing.T) { // fake time starts at the signed date
				request, err := http.NewRequestWithContext(t.Context(), want.Method, "https://api.messagemedia.com"+want.Target, strings.NewReader(want.Body))
				require.NoError(t, err)
				require.NoError(t, auth.Authenticate(request))

				assert.Equal(t, want.Authorization, request.Header.Get("Authorization"))
				assert.Equal(t, "Sat, 01 Jan 2000 00:00:00 GMT", request.Header.Get("Date"))
				assert.Equal(t, want.Digest, request.Header.Get(want.DigestHeader))
				body, err := io.ReadAll(request.Body)
				require.NoError(t, err)
				assert.Equal(t, want.Body, string(body), "the body can still be sent")
			})
		})
	}
}

func TestHMACAuthRejectsABodyWithoutGetBody(t *testing.T) {
	t.Parallel()
	request := httptest.NewRequest(http.MethodPost, "https://api.messagemedia.com/", io.NopCloser(strings.NewReader("{}")))
	err := messagemedia.HMACAuth("key", "secret").Authenticate(request)
	assert.ErrorContains(t, err, "no GetBody")
}

// TestHMACAuthClosesTheCopyOfTheBody checks that HMACAuth closes the body that it digests,
// whether reading it succeeds or fails.
func TestHMACAuthClosesTheCopyOfTheBody(t *testing.T) {
	t.Parallel()
	for _, reader := range []io.Reader{strings.NewReader("{}"), &brokenReader{}} {
		copied := &closeRecorder{Reader: reader}
		request := httptest.NewRequest(http.MethodPost, "https://api.messagemedia.com/", strings.NewReader("{}"))
		request.GetBody = func() (io.ReadCloser, error) { return copied, nil }
		err := messagemedia.HMACAuth("key", "a secret that is long enough").Authenticate(request)
		_, readable := reader.(*strings.Reader)
		assert.Equal(t, readable, err == nil)
		assert.Equal(t, 1, copied.closed)
	}
	request := httptest.NewRequest(http.MethodPost, "https://api.messagemedia.com/", strings.NewReader("{}"))
	request.GetBody = func() (io.ReadCloser, error) { return nil, errLost }
	assert.ErrorIs(t, messagemedia.HMACAuth("key", "a secret that is long enough").Authenticate(request), errLost)
}

func TestBasicAuthSendsKeyAndSecret(t *testing.T) {
	t.Parallel()
	request := httptest.NewRequest(http.MethodGet, "https://api.messagemedia.com/", nil)
	require.NoError(t, messagemedia.BasicAuth("my-key", "pass:wörd").Authenticate(request))
	key, secret, ok := request.BasicAuth()
	require.True(t, ok)
	assert.Equal(t, "my-key", key)
	assert.Equal(t, "pass:wörd", secret)
}

// TestInvalidCredentials checks the errors of NewClient and of Authenticate, which an
// Authenticator that wraps another one calls.
func TestInvalidCredentials(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		auth messagemedia.Authenticator
		want string
	}{
		"an empty key":                         {messagemedia.BasicAuth("", "pa55word"), "the API key is empty"},
		"an empty secret":                      {messagemedia.BasicAuth("k3yk3y", ""), "the API secret is empty"},
		"a key with a line break at its end":   {messagemedia.BasicAuth("k3yk3y\n", "pa55word"), "the API key begins or ends with white space"},
		"a secret with a space before it":      {messagemedia.HMACAuth("k3yk3y", " pa55word"), "the API secret begins or ends with white space"},
		"a colon in a key for Basic":           {messagemedia.BasicAuth("k3y:k3y", "pa55word"), "the API key contains a :"},
		"a quote in a key for HMAC":            {messagemedia.HMACAuth(`k3y"k3y`, "pa55word"), `the API key contains a "`},
		"a line break in a key for HMAC":       {messagemedia.HMACAuth("k3y\r\nk3y", "pa55word"), "control or invisible character"},
		"a byte order mark before a key":       {messagemedia.BasicAuth("\ufeffk3yk3y", "pa55word"), "the API key contains a control or invisible character"},
		"a control character beyond ASCII":     {messagemedia.BasicAuth("k3yk3y", "pa55word\u00801"), "the API secret contains a control or invisible character"},
		"a zero-width space in a secret":       {messagemedia.HMACAuth("k3yk3y", "pa55word\u200b1"), "the API secret contains a control or invisible character"},
		"a line break in a secret":             {messagemedia.BasicAuth("k3yk3y", "pa55\nword"), "the API secret contains a control or invisible character"},
		"a nil option":                         {messagemedia.HMACAuth("k3yk3y", "pa55word", nil), "HMACAuth: option 1 is nil"},
		"an invalid name of the digest header": {messagemedia.HMACAuth("k3yk3y", "pa55word", messagemedia.WithMD5Header("Content MD5")), `"Content MD5" is not a header name`},
		"an empty key and an empty secret":     {messagemedia.HMACAuth("", ""), "the API key is empty\nthe API secret is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := messagemedia.NewClient(c.auth)
			require.ErrorContains(t, err, c.want)
			request := httptest.NewRequest(http.MethodGet, "https://api.messagemedia.com/", nil)
			assert.ErrorContains(t, c.auth.Authenticate(request), c.want)
			assert.Empty(t, request.Header, "no header is set")
			assert.NotContains(t, err.Error(), "pa55word")
			assert.NotContains(t, err.Error(), "k3y")
		})
	}
}

// TestSecretsNeverShow checks that printing a client never shows its credentials.
func TestSecretsNeverShow(t *testing.T) {
	t.Parallel()
	const key, secret = "k3y-of-the-account", "pa55word-of-the-account"
	for name, auth := range map[string]messagemedia.Authenticator{
		"BasicAuth":                     messagemedia.BasicAuth(key, secret),
		"HMACAuth":                      messagemedia.HMACAuth(key, secret),
		"a custom type with a secret":   &tokenAuth{Token: secret},
		"a custom type that wraps HMAC": tenantAuth{messagemedia.HMACAuth(key, secret), "tenant"},
		"credentials that are rejected": messagemedia.BasicAuth(key+"\n", secret),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for how, print := range printers {
				t.Run(how, func(t *testing.T) {
					client, err := messagemedia.NewClient(auth, messagemedia.WithUserAgent("billing/1"))
					if err != nil {
						assertNoSecret(t, print(err), "API key", key, secret)
						assertNoSecret(t, print(auth), "", key, secret)
						return
					}
					assertNoSecret(t, print(client), "", key, secret)
					assertNoSecret(t, print(*client), "billing/1", key, secret)
					assertNoSecret(t, print(struct {
						Name   string
						Client *messagemedia.Client
						Value  messagemedia.Client
					}{"billing/1", client, *client}), "billing/1", key, secret)
				})
			}
		})
	}
}

var printers = map[string]func(any) string{
	"%v":  func(v any) string { return fmt.Sprintf("%v", v) },
	"%+v": func(v any) string { return fmt.Sprintf("%+v", v) },
	"%#v": func(v any) string { return fmt.Sprintf("%#v", v) },
	"%s":  func(v any) string { return fmt.Sprintf("%s", v) },
	"slog as text": func(v any) string {
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).Info("printed", "value", v)
		return out.String()
	},
	"a testify diff": func(v any) string {
		var out failures
		assert.Equal(&out, v, "another value")
		return out.String()
	},
}

// failures records what an assertion prints.
type failures struct{ strings.Builder }

func (f *failures) Errorf(format string, args ...any) { fmt.Fprintf(f, format, args...) }

// assertNoSecret checks that the output contains the expected text and none of the secrets.
func assertNoSecret(t *testing.T, output, expected string, secrets ...string) {
	t.Helper()
	require.NotEmpty(t, output)
	require.Contains(t, output, expected)
	for _, secret := range secrets {
		assert.NotContains(t, output, secret)
		assert.NotContains(t, output, base64.StdEncoding.EncodeToString([]byte(secret))[:12])
		assert.NotContains(t, output, fmt.Sprint([]byte(secret))[1:20], "as a list of bytes")
	}
}

// tokenAuth and tenantAuth are Authenticators such as users write.
type tokenAuth struct{ Token string }

func (a *tokenAuth) Authenticate(r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+a.Token)
	return nil
}

type tenantAuth struct {
	messagemedia.Authenticator
	Tenant string
}

func (a tenantAuth) Authenticate(r *http.Request) error {
	r.Header.Set("X-Tenant", a.Tenant)
	return a.Authenticator.Authenticate(r)
}

func (tenantAuth) RequiresHTTP1() bool { return true }

// forgetfulAuth wraps HMACAuth and lacks the method RequiresHTTP1.
type forgetfulAuth struct{ messagemedia.Authenticator }

// TestHMACUsesHTTP1 calls a TLS server that offers HTTP/1.1 and HTTP/2.
func TestHMACUsesHTTP1(t *testing.T) {
	t.Parallel()
	const key, secret = "key", "secret"
	for name, c := range map[string]struct {
		auth      messagemedia.Authenticator
		transport func(*http.Transport) // changes the transport that trusts the server
		want      string
	}{
		"Basic with the version that TLS negotiates": {messagemedia.BasicAuth(key, secret), nil, "HTTP/2.0"},
		"HMAC":                                       {messagemedia.HMACAuth(key, secret), nil, "HTTP/1.1"},
		"a custom type that wraps HMAC":              {tenantAuth{messagemedia.HMACAuth(key, secret), "t"}, nil, "HTTP/1.1"},
		"HMAC with ForceAttemptHTTP2":                {messagemedia.HMACAuth(key, secret), func(t *http.Transport) { t.ForceAttemptHTTP2 = true }, "HTTP/1.1"},
		"HMAC with HTTP/2 as the only protocol":      {messagemedia.HMACAuth(key, secret), http2Only, "HTTP/1.1"},
		"HMAC with an ALPN list that prefers HTTP/2": {messagemedia.HMACAuth(key, secret), func(t *http.Transport) { t.TLSClientConfig.NextProtos = []string{"h2", "http/1.1"} }, "HTTP/1.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var version string
			server := newHTTP2Server(t, func(w http.ResponseWriter, r *http.Request) {
				version = r.Proto
				w.WriteHeader(http.StatusNoContent)
			})
			given := server.Client()
			if c.transport != nil {
				c.transport(given.Transport.(*http.Transport))
			}
			before := fmt.Sprintf("%+v", given.Transport.(*http.Transport).Protocols)
			client := newClient(t, given, c.auth, messagemedia.WithBaseURL(server.URL))
			require.NoError(t, client.DeleteWebhook(t.Context(), "id"))
			assert.Equal(t, c.want, version)
			assert.Equal(t, before, fmt.Sprintf("%+v", given.Transport.(*http.Transport).Protocols), "the caller's transport is unchanged")
			assert.Nil(t, given.CheckRedirect, "the caller's client is unchanged")
		})
	}
}

func http2Only(t *http.Transport) {
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP2(true)
}

func newHTTP2Server(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestHMACRejectsATransportWithItsOwnTLSDialer(t *testing.T) {
	t.Parallel()
	transport := &http.Transport{DialTLSContext: new(tls.Dialer).DialContext}
	_, err := messagemedia.NewClient(messagemedia.HMACAuth("key", "secret"), messagemedia.WithHTTPClient(&http.Client{Transport: transport}))
	require.ErrorContains(t, err, "its own TLS dialer")
	require.ErrorContains(t, err, "set TLSClientConfig")

	_, err = messagemedia.NewClient(messagemedia.BasicAuth("key", "secret"), messagemedia.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err, "BasicAuth accepts the transport")
}

// TestHintsOfA401 checks the hint in the error after a 401.
func TestHintsOfA401(t *testing.T) {
	t.Parallel()
	hmac, basic := messagemedia.HMACAuth("key", "secret"), messagemedia.BasicAuth("key", "secret")
	for name, c := range map[string]struct {
		auth   messagemedia.Authenticator
		server time.Duration // how far its clock is ahead
		want   string
	}{
		"HMAC with a slow clock":                    {hmac, 400 * time.Second, "the local clock is 6m40s behind the API's, and signatures are valid for 5m0s"},
		"HMAC with a fast clock":                    {hmac, -time.Hour, "the local clock is 1h0m0s ahead of the API's"},
		"HMAC with a clock within the tolerance":    {hmac, 300 * time.Second, "check the API key, the secret"},
		"Basic, which does not depend on the clock": {basic, time.Hour, "check the API key, the secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				mock.RegisterNoResponder(httpmock.ResponderFromResponse(&http.Response{
					StatusCode: http.StatusUnauthorized,
					Header:     http.Header{"Date": {time.Now().Add(c.server).UTC().Format(http.TimeFormat)}},
					Body:       http.NoBody,
				}))
				client := newClient(t, &http.Client{Transport: mock}, c.auth)
				err := client.DeleteWebhook(t.Context(), "id")
				require.ErrorIs(t, err, messagemedia.ErrUnauthorized)
				assert.ErrorContains(t, err, c.want)
			})
		})
	}
}

// TestAlgorithmsAreNotRedacted: of the header of HMACAuth, only the key and the signature are.
func TestAlgorithmsAreNotRedacted(t *testing.T) {
	t.Parallel()
	client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
		signature := strings.Split(r.Header.Get("Authorization"), `"`)[7]
		return httpmock.NewStringResponse(401, `{"message":"algorithm hmac-sha256 of key-of-an-account with signature `+signature+` is not supported"}`), nil
	}), messagemedia.HMACAuth("key-of-an-account", "secret"))
	err := client.DeleteWebhook(t.Context(), "id")
	assert.ErrorContains(t, err, "algorithm hmac-sha256 of … with signature … is not supported")
}

func TestTheHintOfA401OverHTTP2(t *testing.T) {
	t.Parallel()
	server := newHTTP2Server(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	client := newClient(t, server.Client(), forgetfulAuth{messagemedia.HMACAuth("key", "secret")}, messagemedia.WithBaseURL(server.URL))
	err := client.DeleteWebhook(t.Context(), "id")
	require.ErrorIs(t, err, messagemedia.ErrUnauthorized)
	assert.ErrorContains(t, err, "was sent over HTTP/2.0")
	assert.ErrorContains(t, err, "RequiresHTTP1")
}

// TestAuthenticatorSeesTheFinalRequest checks the request that a custom Authenticator
// receives, and the effect of its error.
func TestAuthenticatorSeesTheFinalRequest(t *testing.T) {
	t.Parallel()
	type contextKey struct{}
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("PATCH", "https://api.messagemedia.com/v1/webhooks/messages/id", httpmock.NewStringResponder(500, ""))
	var calls int
	auth := authenticatorFunc(func(r *http.Request) error {
		calls++
		assert.Equal(t, "/v1/webhooks/messages/id", r.URL.Path)
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
		assert.NotEmpty(t, r.Header.Get("User-Agent"))
		assert.Equal(t, "sub", r.Header.Get("Account"))
		assert.Equal(t, "value", r.Context().Value(contextKey{}))
		assert.Equal(t, "UpdateWebhook", messagemedia.OperationFromContext(r.Context()))
		body, err := r.GetBody()
		if assert.NoError(t, err) {
			data, _ := io.ReadAll(body)
			assert.JSONEq(t, `{"method":"PUT"}`, string(data))
		}
		if calls == 2 {
			return errors.New("the vault is sealed")
		}
		return nil
	})
	client := newClient(t, &http.Client{Transport: mock}, auth, messagemedia.WithMaxRetryWait(0)).ForAccount("sub")
	_, err := client.UpdateWebhook(context.WithValue(t.Context(), contextKey{}, "value"), "id", messagemedia.UpdateWebhookRequest{Method: http.MethodPut})
	assert.ErrorContains(t, err, "messagemedia: UpdateWebhook: authenticate: the vault is sealed")
	assert.Equal(t, 2, calls, "each attempt is authenticated, and the error ends the call")
	assert.Equal(t, 1, mock.GetTotalCallCount(), "nothing was sent without credentials")
}

type authenticatorFunc func(*http.Request) error

func (f authenticatorFunc) Authenticate(r *http.Request) error { return f(r) }
