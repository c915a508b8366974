package webhook_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestBehindAProxyThatTerminatesTLS uses different HTTP versions on both sides.
func TestBehindAProxyThatTerminatesTLS(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		for _, backendTLS := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s to the proxy, TLS %v behind it", version, backendTLS), func(t *testing.T) {
				t.Parallel()
				receiver := newReceiver(t, backendTLS)
				var spoken string
				proxy, client := newProxy(t, receiver, func(r *httputil.ProxyRequest) { spoken = r.In.Proto })
				if version == "HTTP/1.1" {
					transport := client.Transport.(*http.Transport).Clone()
					transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
					transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
					transport.Protocols = new(http.Protocols)
					transport.Protocols.SetHTTP1(true)
					client.Transport = transport
				}
				receiver.post(t, client, proxy+"/hooks/a%2Fb?x=%31", "payload")
				require.NoError(t, receiver.refusedAs)
				assert.Equal(t, version, spoken)
				assert.Equal(t, map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"}[backendTLS], receiver.seen.Proto)
			})
		}
	}
}

// newProxy returns a proxy in front of a receiver, and a client for it.
func newProxy(t *testing.T, backend *receiver, rewrite func(*httputil.ProxyRequest)) (string, *http.Client) {
	t.Helper()
	behind, err := url.Parse(backend.URL)
	require.NoError(t, err)
	proxy := httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Transport: backend.Client().Transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(behind)
			r.SetXForwarded()
			rewrite(r)
		},
	})
	proxy.EnableHTTP2 = true
	proxy.StartTLS()
	t.Cleanup(proxy.Close)
	return proxy.URL, proxy.Client()
}

func TestBehindAProxyThatRewritesThePath(t *testing.T) {
	t.Parallel()
	rewrite := func(r *httputil.ProxyRequest) {
		r.Out.URL.Path = "/internal" + strings.TrimPrefix(r.In.URL.Path, "/hooks")
		r.Out.Header.Set("X-Forwarded-Prefix", "/hooks")
		r.Out.Header.Set("X-Original-URI", r.In.RequestURI)
		r.Out.Header.Set("X-Forwarded-Uri", r.In.RequestURI)
		r.Out.Header.Set("X-Rewrite-Url", r.In.RequestURI)
	}
	receiver := newReceiver(t, false, webhook.WithPublicURL("https://example.com/hooks/sms"))
	proxy, client := newProxy(t, receiver, rewrite)
	receiver.post(t, client, proxy+"/hooks/sms?tenant=7", "payload")
	require.NoError(t, receiver.refusedAs)
	assert.Equal(t, "/internal/sms?tenant=7", receiver.seen.RequestURI)
	assert.Equal(t, "/hooks/sms?tenant=7", receiver.delivery.Target)

	receiver = newReceiver(t, false)
	proxy, client = newProxy(t, receiver, rewrite)
	receiver.post(t, client, proxy+"/hooks/sms?tenant=7", "payload")
	require.ErrorIs(t, receiver.refusedAs, webhook.ErrBadSignature, "forwarded headers are never trusted")
}

func TestBehindAGatewayThatRenamesDate(t *testing.T) {
	t.Parallel()
	receiver := newReceiverBy(t, false, newVerifier(t, signedBySigner(webhook.WithDateHeader("X-Original-Date"))))
	proxy, client := newProxy(t, receiver, func(r *httputil.ProxyRequest) {
		r.Out.Header.Set("X-Original-Date", r.In.Header.Get("Date"))
		r.Out.Header.Set("Date", "Sat, 01 Jan 2000 00:00:00 GMT")
	})
	receiver.post(t, client, proxy+"/hooks", "payload")
	require.NoError(t, receiver.refusedAs)
}

// TestRouters may change the URL. The verifier uses the target.
func TestRouters(t *testing.T) {
	t.Parallel()
	handler := newHandler(t, verifier(t), func(context.Context, *webhook.Delivery) error { return nil })
	for name, c := range map[string]struct {
		router http.Handler
		target string
		want   int
	}{
		"a mux with a method":        {mux("POST /hooks/{name}", handler), "/hooks/a%2Fb?x=%31", 204},
		"a prefix that is stripped":  {http.StripPrefix("/hooks", handler), "/hooks/sms?x", 204},
		"a router of prefixes":       {mux("/api/", http.StripPrefix("/api", mux("POST /hooks/{name}", handler))), "/api/hooks/a%2Fb?x=%31", 204},
		"a mux and double slashes":   {mux("POST /hooks/{rest...}", handler), "/hooks//sms", 307},
		"a mux and dots":             {mux("POST /hooks/{rest...}", handler), "/hooks/x/../sms", 307},
		"no mux, but double slashes": {handler, "/hooks//sms", 204},
		"a mux that adds a slash":    {mux("POST /hooks/", handler), "/hooks", 307},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("POST", c.target, strings.NewReader("payload"))
			require.NoError(t, signer.Sign(r))
			w := httptest.NewRecorder()
			c.router.ServeHTTP(w, r)
			assert.Equal(t, c.want, w.Code)
		})
	}
}

func mux(pattern string, handler http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(pattern, handler)
	return mux
}

// TestBehindAProxyThatStripsThePrefix, also with HTTP/2 on both sides.
func TestBehindAProxyThatStripsThePrefix(t *testing.T) {
	t.Parallel()
	strip := func(r *httputil.ProxyRequest) {
		r.Out.URL.RawPath = strings.TrimPrefix(r.In.URL.EscapedPath(), "/hooks")
		r.Out.URL.Path = strings.TrimPrefix(r.In.URL.Path, "/hooks")
	}
	for _, backendTLS := range []bool{false, true} {
		receiver := newReceiver(t, backendTLS, webhook.WithStrippedPrefix("/hooks"))
		proxy, client := newProxy(t, receiver, strip)
		receiver.post(t, client, proxy+"/hooks/sms%2Fa?tenant=7", "payload")
		require.NoError(t, receiver.refusedAs)
		assert.Equal(t, "/sms%2Fa?tenant=7", receiver.seen.RequestURI)
		assert.Equal(t, "/hooks/sms%2Fa?tenant=7", receiver.delivery.Target)
	}
}

// TestBehindAProxyThatSendsTheTargetInAHeader on every request.
func TestBehindAProxyThatSendsTheTargetInAHeader(t *testing.T) {
	t.Parallel()
	original := webhook.WithTarget(func(r *http.Request) string { return r.Header.Get("X-Original-Uri") })
	receiver := newReceiver(t, false, original)
	proxy, client := newProxy(t, receiver, func(r *httputil.ProxyRequest) {
		r.Out.Header.Set("X-Original-Uri", r.In.RequestURI)
		r.Out.URL.Path, r.Out.URL.RawQuery = "/internal", ""
	})
	receiver.post(t, client, proxy+"/hooks/sms?tenant=7", "payload")
	require.NoError(t, receiver.refusedAs)
	assert.Equal(t, "/hooks/sms?tenant=7", receiver.delivery.Target)

	_, err := verifier(t, original).Verify(signedRequest(t, "POST", "/hooks", "payload"))
	require.ErrorIs(t, err, webhook.ErrMalformed, "without the header there is no target")
	raw := webhook.RawRequest{Method: "POST", Target: "/hooks", Header: signedRequest(t, "POST", "/hooks", "payload").Header, Body: []byte("payload")}
	_, err = verifier(t, original).VerifyRaw(t.Context(), raw)
	require.NoError(t, err, "WithTarget does not apply to a RawRequest")
}

func TestStrippedPrefixes(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "/", "hooks", "/hooks/", "/hooks?a", "/ho oks", "/hooks#a"} {
		_, err := webhook.NewVerifier(signedBySigner(), webhook.WithStrippedPrefix(prefix))
		assert.ErrorContains(t, err, "webhook: WithStrippedPrefix: must be a path such as /hooks", prefix)
	}
	v := verifier(t, webhook.WithStrippedPrefix("/a%2Fb"))
	for arrives, signed := range map[string]string{"/sms?x": "/a%2Fb/sms?x", "/": "/a%2Fb/", "//x": "/a%2Fb//x", "http://example.com/x?y": "/a%2Fb/x?y", "?y": "/a%2Fb?y"} {
		r := signedRequest(t, "POST", signed, "payload")
		r.RequestURI = arrives
		delivery, err := v.Verify(r)
		require.NoError(t, err, arrives)
		assert.Equal(t, signed, delivery.Target)
	}
}
