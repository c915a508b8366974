package webhook_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// receiver is a real server that verifies requests and keeps the last one.
type receiver struct {
	*httptest.Server
	seen      *http.Request // the last request
	body      []byte        // of the last request
	delivery  *webhook.Delivery
	refusedAs error
}

// newReceiver returns a receiver, which can serve TLS over HTTP/2 or HTTP/1.1.
func newReceiver(t *testing.T, withTLS bool, options ...webhook.VerifierOption) *receiver {
	t.Helper()
	return newReceiverBy(t, withTLS, verifier(t, options...))
}

func newReceiverBy(t *testing.T, withTLS bool, verifier *webhook.Verifier) *receiver {
	t.Helper()
	e := new(receiver)
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(e.body)))
		e.seen = r
		if e.delivery, e.refusedAs = verifier.Verify(r); e.refusedAs != nil {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	if withTLS {
		e.EnableHTTP2 = true
		e.StartTLS()
	} else {
		e.Start()
	}
	t.Cleanup(e.Close)
	return e
}

// post signs and sends a delivery.
func (e *receiver) post(t *testing.T, client *http.Client, url, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, signer.Sign(r))
	response, err := client.Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
}

// oddTargets are valid, and must be verified as received.
var oddTargets = map[string]string{
	"escapes that need not be":             "/%68ooks/%7Euser?x=%31%2b%20",
	"escapes in both cases":                "/a%2fb%2Fc?x=%c3%BC",
	"a semicolon":                          "/a;v=1/b?c;d=e;f",
	"UTF-8 in a path and a query":          "/käse/😀?q=ü",
	"bytes that are not UTF-8":             "/a\xff?b=\xfe",
	"an empty query":                       "/hooks?",
	"question marks in a query":            "/hooks??a=b?c",
	"invalid escapes":                      "/hooks?a=%zz&b=100%",
	"names that occur twice":               "/hooks?a=1&a=2&&=",
	"a plus and an escaped space":          "/hooks?text=a+b%20c",
	"quotes and brackets":                  "/hooks?a[]='\"<>{}|\\^`",
	"double slashes":                       "//hooks//sms//?x",
	"dots":                                 "/a/../b/./c",
	"a slash alone":                        "/",
	"a URL in a query":                     "/hooks?u=http://example.com/?a=b",
	"2,000 bytes":                          "/" + strings.Repeat("a", 1999),
	"text that looks like an HTTP version": "/hooks?HTTP/1.1",
}

// TestTargetsAreVerifiedAsReceived writes the request lines itself, because an http.Client
// would normalize them.
func TestTargetsAreVerifiedAsReceived(t *testing.T) {
	t.Parallel()
	targets := map[string]string{
		"the absolute form":                "http://example.com/hooks?a=b",
		"the absolute form without a path": "http://example.com?a=b",
	}
	for name, target := range oddTargets {
		targets[name] = target
	}
	for name, target := range targets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			receiver := newReceiver(t, false)
			connection, err := net.Dial("tcp", receiver.Listener.Addr().String())
			require.NoError(t, err)
			defer connection.Close()
			header := signedRequest(t, "POST", target, "payload").Header
			fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: example.com\r\nContent-Length: 7\r\n", target)
			require.NoError(t, header.Write(connection))
			fmt.Fprint(connection, "\r\npayload")
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			require.NoError(t, err)
			require.NoError(t, receiver.refusedAs)
			assert.Equal(t, http.StatusOK, response.StatusCode)
			assert.Equal(t, target, receiver.delivery.Target)
		})
	}
}

// TestTargetsOverHTTP2 sends the same targets as :path.
func TestTargetsOverHTTP2(t *testing.T) {
	t.Parallel()
	for name, target := range oddTargets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			receiver := newReceiver(t, true)
			path, query, hasQuery := strings.Cut(target, "?")
			send(t, receiver, &url.URL{Opaque: path, RawQuery: query, ForceQuery: hasQuery}, signedRequest(t, "POST", target, "payload").Header, "payload")
			require.NoError(t, receiver.refusedAs)
			assert.Equal(t, "HTTP/2.0", receiver.seen.Proto)
			assert.Equal(t, target, receiver.delivery.Target)
		})
	}
}

// send sends a request over HTTP/2 with exactly this target.
func send(t *testing.T, receiver *receiver, target *url.URL, header http.Header, body string) {
	t.Helper()
	target.Scheme, target.Host = "https", receiver.Listener.Addr().String()
	r := &http.Request{
		Method: http.MethodPost, URL: target, Host: target.Host, Header: header,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	if strings.HasPrefix(target.Opaque, "//") { // net/url would take it for a host
		target.Opaque = "https://" + target.Host + target.Opaque
	}
	response, err := receiver.Client().Do(r.WithContext(t.Context()))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
}

// TestForgeryOverHTTP2 moves the Date and the beginning of a signed body into the query, where
// HTTP/2 allows spaces. An attacker who sees the delivery of a text that they wrote could
// forge another one from it, with a Date and a body of their choice. The signed bytes are the
// same, so the signature is valid.
func TestForgeryOverHTTP2(t *testing.T) {
	t.Parallel()
	later := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
	const forgedBody = `{"reply_id":"forged"}`
	texted := "Hi HTTP/1.1" + later + forgedBody // the body of a template that escapes nothing
	receiver := newReceiver(t, true)
	original := signedRequest(t, "POST", "/hooks", texted)
	send(t, receiver, &url.URL{Path: "/hooks"}, original.Header, texted)
	require.NoError(t, receiver.refusedAs, "the delivery itself is accepted")

	forged := original.Header.Clone()
	forged.Set("Date", later)
	// The query takes what stood between the target and the forged Date.
	moved := " HTTP/1.1" + original.Header.Get("Date") + "Hi"
	send(t, receiver, &url.URL{Opaque: "/hooks" + moved}, forged, forgedBody)
	assert.Equal(t, "HTTP/2.0", receiver.seen.Proto)
	assert.Equal(t, "/hooks"+moved, receiver.seen.RequestURI, "the server accepts the target")
	assert.Equal(t, forgedBody, string(receiver.body))
	require.ErrorIs(t, receiver.refusedAs, webhook.ErrMalformed)
	assert.Nil(t, receiver.delivery)
	require.NoError(t, verifyWithoutChecks(t, receiver), "without the check of the target, the forgery would be accepted")
}

// verifyWithoutChecks verifies the signature of the text that the request consists of, without
// any check of its parts.
func verifyWithoutChecks(t *testing.T, receiver *receiver) error {
	t.Helper()
	r := receiver.seen
	signature, err := base64.StdEncoding.DecodeString(r.Header.Get("X-MessageMedia-Signature"))
	require.NoError(t, err)
	sum := sha256.Sum256([]byte(r.Method + " " + r.RequestURI + " HTTP/1.1" + r.Header.Get("Date") + string(receiver.body)))
	return rsa.VerifyPKCS1v15(publicKey(t), crypto.SHA256, sum[:], signature)
}

// TestForgeriesWithTheSameBytes moves the boundary between the Date and the body of a signed
// text. Each text has the same bytes.
func TestForgeriesWithTheSameBytes(t *testing.T) {
	t.Parallel()
	const target, body = "/hooks?a=b", "payload"
	header := signedRequest(t, "POST", target, body).Header
	date := header.Get("Date")
	text := "POST " + target + " HTTP/1.1" + date + body
	for name, m := range map[string]struct{ date, body string }{
		"a date with a byte of the body": {date + body[:1], body[1:]},
		"a body with a byte of the date": {date[:28], date[28:] + body},
		"all of the body in the date":    {date + body, ""},
		"all of the date in the body":    {"", date + body},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, text, "POST "+target+" HTTP/1.1"+m.date+m.body)
			forged := header.Clone()
			forged.Set("Date", m.date)
			_, err := verifier(t).VerifyRaw(t.Context(), webhook.RawRequest{Method: "POST", Target: target, Header: forged, Body: []byte(m.body)})
			require.ErrorIs(t, err, webhook.ErrMalformed)
		})
	}
}

// publicKey returns the signer's public key.
func publicKey(t *testing.T) *rsa.PublicKey {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(platformKey.PublicKey)
	require.NoError(t, err)
	public, err := x509.ParsePKIXPublicKey(der)
	require.NoError(t, err)
	return public.(*rsa.PublicKey)
}

// TestABodyThatTheConnectionTruncates sends half of the announced body, over HTTP/1.1 and
// HTTP/2.
func TestABodyThatTheConnectionTruncates(t *testing.T) {
	t.Parallel()
	refused := make(chan error, 1)
	verifier := verifier(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := verifier.Verify(r)
		refused <- err
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)

	connection, err := tls.Dial("tcp", server.Listener.Addr().String(), server.Client().Transport.(*http.Transport).TLSClientConfig)
	require.NoError(t, err)
	fmt.Fprint(connection, "POST /hooks HTTP/1.1\r\nHost: example.com\r\nContent-Length: 14\r\n")
	require.NoError(t, signedRequest(t, "POST", "/hooks", "payloadpayload").Header.Write(connection))
	fmt.Fprint(connection, "\r\npayload")
	require.NoError(t, connection.Close())
	require.ErrorIs(t, <-refused, webhook.ErrBodyUnreadable)

	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "POST", server.URL+"/hooks", io.MultiReader(strings.NewReader("payload"), cancelling(cancel)))
	require.NoError(t, err)
	r.ContentLength, r.Header = 14, signedRequest(t, "POST", "/hooks", "payloadpayload").Header
	_, err = server.Client().Do(r)
	require.Error(t, err)
	require.ErrorIs(t, <-refused, webhook.ErrBodyUnreadable)
}

// cancelling is a body that cancels its request when it is read.
type cancelling context.CancelFunc

func (c cancelling) Read([]byte) (int, error) {
	c()
	return 0, context.Canceled
}
