package webhook_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	connectionLost := errors.New("connection lost")
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   error
	}{
		"unchanged":              {func(*http.Request) {}, nil},
		"a byte at a time":       {func(r *http.Request) { r.Body = io.NopCloser(iotest.OneByteReader(r.Body)) }, nil},
		"of unknown length":      {func(r *http.Request) { r.ContentLength = -1 }, nil},
		"announced as too large": {func(r *http.Request) { r.ContentLength = 11 }, webhook.ErrBodyTooLarge},
		"a byte too large":       {func(r *http.Request) { *r = *signedRequest(t, "POST", "/hooks", "eleven byte") }, webhook.ErrBodyTooLarge},
		"too large, unannounced": {func(r *http.Request) {
			*r = *signedRequest(t, "POST", "/hooks", "eleven byte")
			r.ContentLength = -1
		}, webhook.ErrBodyTooLarge},
		"limited by a middleware": {func(r *http.Request) { r.Body = http.MaxBytesReader(nil, r.Body, 3) }, webhook.ErrBodyTooLarge},
		"truncated": {func(r *http.Request) {
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader("ten"), iotest.ErrReader(io.ErrUnexpectedEOF)))
		}, webhook.ErrBodyUnreadable},
		"lost":                    {func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(connectionLost)) }, connectionLost},
		"read by a middleware":    {func(r *http.Request) { io.Copy(io.Discard, r.Body) }, webhook.ErrBodyConsumed},
		"read in part":            {func(r *http.Request) { io.CopyN(io.Discard, r.Body, 3) }, webhook.ErrBodyConsumed},
		"read and closed":         {func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(http.ErrBodyReadAfterClose)) }, webhook.ErrBodyConsumed},
		"read, of unknown length": {func(r *http.Request) { r.ContentLength = -1; io.Copy(io.Discard, r.Body) }, webhook.ErrBodyConsumed},
		"replaced by nil":         {func(r *http.Request) { r.Body = nil }, webhook.ErrBodyConsumed},
		"read and restored": {func(r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := signedRequest(t, "POST", "/hooks", "ten bytes!")
			c.change(r)
			delivery, err := verifier(t, webhook.WithMaxBodyBytes(10)).Verify(r)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "ten bytes!", string(delivery.Body))
		})
	}
}

func TestARequestWithoutABody(t *testing.T) {
	t.Parallel()
	r := signedRequest(t, "GET", "/hooks?text=Hi", "")
	r.Body = nil
	delivery, err := verifier(t).Verify(r)
	require.NoError(t, err)
	assert.Empty(t, delivery.Body)
	assert.IsType(t, &webhook.UnparsedEvent{}, delivery.Event)
	assert.Empty(t, delivery.DedupeKey())
}

// TestTheLimitOfTheBodyIsEightMebibytes sends a body of that size, and one with a byte more.
func TestTheLimitOfTheBodyIsEightMebibytes(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]error{8 << 20: nil, 8<<20 + 1: webhook.ErrBodyTooLarge} {
		r := signedRequest(t, "POST", "/hooks", strings.Repeat("x", size))
		message := webhook.RawRequest{Method: "POST", Target: "/hooks", Header: r.Header, Body: bytes.Repeat([]byte("x"), size)}
		_, err := verifier(t).VerifyRaw(t.Context(), message)
		require.ErrorIs(t, err, want)
		_, err = verifier(t).Verify(r)
		require.ErrorIs(t, err, want)
	}
}

func TestNewVerifierReportsEveryBadOption(t *testing.T) {
	t.Parallel()
	_, err := webhook.NewVerifier(
		webhook.Signed(nil, nil, webhook.WithMaxAge(0), webhook.WithMaxClockSkew(-1), webhook.WithDateHeader("X Date"), webhook.WithMinKeyBits(1023)),
		nil, webhook.WithMaxBodyBytes(0), webhook.WithPublicURL(""), webhook.WithStrippedPrefix("hooks/"), webhook.WithTarget(nil))
	assert.EqualError(t, err, strings.Join([]string{
		"webhook: NewVerifier: option is nil",
		"webhook: Signed: option is nil",
		"webhook: Signed: keys are nil; pass a KeySet or a KeySource of your own",
		"webhook: WithMaxAge: must be positive, got 0s",
		"webhook: WithMaxClockSkew: must not be negative, got -1ns",
		`webhook: WithDateHeader: must be the name of a header, got "X Date"`,
		"webhook: WithMinKeyBits: must be at least 1024, got 1023",
		"webhook: WithMaxBodyBytes: must be positive, got 0",
		"webhook: WithPublicURL, WithStrippedPrefix and WithTarget are mutually exclusive",
		"webhook: WithPublicURL: must be a URL such as https://host/path",
		`webhook: WithStrippedPrefix: must be a path such as /hooks, without a slash at its end, got "hooks/"`,
		"webhook: WithTarget: function is nil",
	}, "\n"))
	_, err = webhook.NewVerifier(headerToken(aToken), webhook.WithPublicURL("https://example.com/hooks"), webhook.WithStrippedPrefix("/hooks"))
	assert.EqualError(t, err, "webhook: WithPublicURL, WithStrippedPrefix and WithTarget are mutually exclusive")
	for _, scheme := range []webhook.Scheme{
		nil, webhook.Signed((*webhook.KeySet)(nil)), webhook.Signed(keySource(nil)), webhook.Signed(webhook.NewKeySet(nil)), webhook.Signed(webhook.NewKeySet(new(webhook.Key))),
	} {
		_, err = webhook.NewVerifier(scheme)
		assert.Error(t, err)
	}
}

func TestInvalidPublicURLs(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"/hooks/s3cret":                       "must be a URL such as",
		"example.com/hooks/s3cret":            "must be a URL such as",
		"ftp://example.com/s3cret":            "must be a URL such as",
		"https:///s3cret":                     "must be a URL such as",
		"https://example.com/s3cret%zz":       "must be a URL such as",
		"https://s3cret@example.com/hooks":    "must have scheme, host and path only",
		"https://example.com/hooks?s3cret=1":  "must have scheme, host and path only",
		"https://example.com/hooks#s3cret":    "must have scheme, host and path only",
		"https://example.com/hooks?":          "must have scheme, host and path only",
		"https://example.com/hooks of s3cret": "path must be escaped",
	} {
		_, err := webhook.NewVerifier(signedBySigner(), webhook.WithPublicURL(url))
		require.ErrorContains(t, err, want, url)
		assert.NotContains(t, err.Error(), "s3cret")
	}
}

// TestPublicURL verifies its path byte for byte.
func TestPublicURL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ public, arrives, signed string }{
		"a path that was shortened": {"https://example.com/hooks/sms", "/sms", "/hooks/sms"},
		"a path with a query":       {"https://example.com/hooks/sms", "/sms?a=%31;b&&c", "/hooks/sms?a=%31;b&&c"},
		"an empty query":            {"https://example.com/hooks/sms", "/sms?", "/hooks/sms?"},
		"escapes in both cases":     {"https://example.com/a%2fb%2Fc", "/x", "/a%2fb%2Fc"},
		"no path":                   {"https://example.com", "/x?a", "/?a"},
		"a slash at the end":        {"http://example.com:8080/hooks/", "/", "/hooks/"},
		"double slashes":            {"https://example.com//hooks//", "/x", "//hooks//"},
		"a target in absolute form": {"https://example.com/hooks", "http://10.0.0.1/x?a", "/hooks?a"},
		"a path that is not ASCII":  {"https://example.com/käse", "/x", "/käse"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := signedRequest(t, "POST", c.signed, "payload")
			r.RequestURI = c.arrives
			delivery, err := verifier(t, webhook.WithPublicURL(c.public)).Verify(r)
			require.NoError(t, err)
			assert.Equal(t, c.signed, delivery.Target)
			message := webhook.RawRequest{Method: "POST", Target: c.arrives, Header: r.Header, Body: []byte("payload")}
			_, err = verifier(t).VerifyRaw(t.Context(), message)
			require.ErrorIs(t, err, webhook.ErrBadSignature, "without the option")
		})
	}
}
