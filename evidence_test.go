package messagemedia_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// createKey makes the call that must not be retried blindly: it could create a second key.
func createKey(ctx context.Context, client *messagemedia.Client) error {
	_, err := client.CreateSignatureKey(ctx, messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	return err
}

var errLost = errors.New("connection lost after the request was sent")

// TestMiddlewareAndEvidence wraps middleware around a transport that can't connect. The client
// may assume that nothing was sent only if it receives the transport's own error.
func TestMiddlewareAndEvidence(t *testing.T) {
	t.Parallel()
	fallback := func(r *http.Request, err error) error { return errLost } // another transport, which loses the request
	for name, c := range map[string]struct {
		middleware func(next http.RoundTripper) http.RoundTripper
		attempts   int
		unknown    bool
	}{
		"one that returns the error":               {func(next http.RoundTripper) http.RoundTripper { return next }, 3, false},
		"one that wraps the error":                 {failing(func(r *http.Request, err error) error { return fmt.Errorf("traced: %w", err) }), 3, false},
		"one that hides the error":                 {failing(func(r *http.Request, err error) error { return errors.New("failed") }), 1, true},
		"one that falls back to another transport": {failing(fallback), 1, true},
		"one that joins the errors of two transports": {failing(func(r *http.Request, err error) error {
			return errors.Join(err, fallback(r, err))
		}), 1, true},
		"one that never calls the transport": {func(http.RoundTripper) http.RoundTripper {
			return roundTripper(func(*http.Request) (*http.Response, error) { return nil, errLost })
		}, 1, true},
		"one that first makes a request of its own": {func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				own, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://"+r.URL.Host+"/token", nil)
				if err != nil {
					return nil, err
				}
				if response, err := next.RoundTrip(own); err == nil {
					response.Body.Close()
				}
				return next.RoundTrip(r)
			})
		}, 3, false},
		"one that drops the context's values": {func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) { return next.RoundTrip(r.WithContext(t.Context())) })
		}, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attempts := 0
			counting := func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) { attempts++; return next.RoundTrip(r) })
			}
			transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return connectionRefused() }}
			client := newClient(t, &http.Client{Transport: transport}, basic, messagemedia.WithMaxRetryWait(0),
				messagemedia.WithMiddleware(counting), messagemedia.WithMiddleware(c.middleware))
			err := createKey(t.Context(), client)
			require.Error(t, err)
			assert.Equal(t, c.attempts, attempts)
			assert.Equal(t, c.unknown, errors.Is(err, messagemedia.ErrOutcomeUnknown), "%v", err)
		})
	}
}

// failing returns middleware that changes the transport's error.
func failing(change func(*http.Request, error) error) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			response, err := next.RoundTrip(r)
			if err != nil {
				return nil, change(r, err)
			}
			return response, nil
		})
	}
}

// TestAMiddlewareThatRetries loses the response to the first request and can't connect for the
// second. The call returns the second error, but the platform may have received the first
// request.
func TestAMiddlewareThatRetries(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithKeyBits(1024))
	api.Fail(messagemediatest.Fault{ResetConnection: true, AfterCommit: true})
	transport := api.HTTPClient().Transport.(*http.Transport).Clone()
	dials := 0
	dial := new(net.Dialer).DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials++; dials > 1 {
			return connectionRefused()
		}
		return dial(ctx, network, address)
	}
	twice := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if response, err := next.RoundTrip(r); err == nil {
				return response, nil
			}
			r = r.Clone(r.Context())
			r.Body, _ = r.GetBody()
			return next.RoundTrip(r)
		})
	}
	err := createKey(t.Context(), api.Client(messagemedia.WithHTTPClient(&http.Client{Transport: transport}), messagemedia.WithMiddleware(twice)))
	require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
	assert.Equal(t, 2, dials)
	assert.Len(t, api.Requests(), 1, "the client did not retry")
}

// TestAMiddlewareThatHedges sends a request twice. It returns the error of the one that can't
// connect while the other may still be sent.
func TestAMiddlewareThatHedges(t *testing.T) {
	t.Parallel()
	dialing, end := make(chan struct{}), make(chan struct{})
	defer close(end)
	var dials atomic.Int32
	transport := &http.Transport{}
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		if dials.Add(1) == 1 {
			close(dialing)
			<-end
		}
		return connectionRefused()
	}
	attempts := 0
	hedging := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			attempts++
			go next.RoundTrip(r.Clone(r.Context()))
			<-dialing
			return next.RoundTrip(r)
		})
	}
	client := newClient(t, &http.Client{Transport: transport}, basic, messagemedia.WithMiddleware(hedging), messagemedia.WithMaxRetryWait(0))
	require.ErrorIs(t, createKey(t.Context(), client), messagemedia.ErrOutcomeUnknown)
	assert.Equal(t, 1, attempts)
}

// TestAMiddlewareThatPostsSomethingElse fetches a token with the same method as the call. The
// response to that request is no evidence that the call's request was sent.
func TestAMiddlewareThatPostsSomethingElse(t *testing.T) {
	t.Parallel()
	tokens := newServer(t)
	transport := &http.Transport{}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == parsed(tokens.URL).Host {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		return connectionRefused()
	}
	attempts := 0
	posting := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			attempts++
			own, err := http.NewRequestWithContext(r.Context(), r.Method, tokens.URL+"/token", nil)
			require.NoError(t, err)
			response, err := next.RoundTrip(own)
			require.NoError(t, err)
			response.Body.Close()
			return next.RoundTrip(r)
		})
	}
	client := newClient(t, &http.Client{Transport: transport}, basic, messagemedia.WithMiddleware(posting), messagemedia.WithMaxRetryWait(0))
	err := createKey(t.Context(), client)
	require.ErrorContains(t, err, "connection refused")
	assert.NotErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
	assert.Equal(t, 3, attempts)
}

// TestABodyThatAMiddlewareReplacedMayIgnoreTheContext checks that the attempt's timeout ends
// the call nevertheless, although the response is that of a transport.
func TestABodyThatAMiddlewareReplacedMayIgnoreTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
		client := api.Client(messagemedia.WithMaxAttempts(1), messagemedia.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				response, err := next.RoundTrip(r)
				if err == nil {
					response.Body.Close()
					response.Body = &untilClosed{closed: make(chan struct{})}
				}
				return response, err
			})
		}))
		_, err := client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
		require.ErrorContains(t, err, "no complete response within 30s")
	})
}

// untilClosed is a body whose reads end when it is closed.
type untilClosed struct {
	once   sync.Once
	closed chan struct{}
}

func (b *untilClosed) Read([]byte) (int, error) { <-b.closed; return 0, io.ErrUnexpectedEOF }
func (b *untilClosed) Close() error             { b.once.Do(func() { close(b.closed) }); return nil }

// TestHostsAreCheckedAsByNetHTTP compares the check of a custom Authenticator's request with
// net/http's own, for each byte. If the host is invalid, net/http sends an empty one.
func TestHostsAreCheckedAsByNetHTTP(t *testing.T) {
	t.Parallel()
	var host string
	auth := authenticatorFunc(func(r *http.Request) error { r.Host = host; return nil })
	client := newClient(t, responding(respondingWith(200, emptyPage)), auth)
	accepted := 0
	for c := range 0x80 {
		host = "a" + string(rune(c)) + "b"
		var sent strings.Builder
		require.NoError(t, (&http.Request{Method: "GET", URL: parsed("http://example.com/"), Host: host}).Write(&sent))
		_, err := client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
		if strings.Contains(sent.String(), "\r\nHost: "+host+"\r\n") {
			assert.NoError(t, err, "%q", host)
			accepted++
		} else {
			assert.ErrorContains(t, err, "authenticate: the request's host contains an invalid character", "%q", host)
		}
	}
	assert.Greater(t, accepted, 62)
	host = "xn--.\u0100.example" // whose UTF-8 has the byte 0x80
	_, err := client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
	assert.NoError(t, err, "net/http converts it")
}

// TestRequestsThatNetHTTPRejects checks that the error says so after one attempt, since nothing
// was sent and a retry would be rejected again.
func TestRequestsThatNetHTTPRejects(t *testing.T) {
	t.Parallel()
	const token = "s3cret-token-of-the-service"
	spoil := map[string]func(*http.Request){
		"a line break in a header":       func(r *http.Request) { r.Header.Set("Authorization", token+"\n") },
		"a NUL in a header":              func(r *http.Request) { r.Header.Set("Authorization", token+"\x00") },
		"an invalid header name":         func(r *http.Request) { r.Header["X Token"] = []string{token} },
		"no URL":                         func(r *http.Request) { r.URL = nil },
		"a URL without a host":           func(r *http.Request) { r.URL.Host = "" },
		"a URL of another scheme":        func(r *http.Request) { r.URL.Scheme = "ftp" },
		"a space in a host":              func(r *http.Request) { r.Host = "a b" },
		"an invalid character in a host": func(r *http.Request) { r.URL.Host = "a<b" },
		"a control character in a query": func(r *http.Request) { r.URL.RawQuery = "a=" + "\x01" },
		"an invalid method":              func(r *http.Request) { r.Method = "P OST" },
		"a RequestURI":                   func(r *http.Request) { r.RequestURI = "/" },
	}
	for name, spoil := range spoil {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			client := newClient(t, refusing(t), authenticatorFunc(func(r *http.Request) error { calls++; spoil(r); return nil }))
			err := createKey(t.Context(), client)
			require.ErrorContains(t, err, "messagemedia: CreateSignatureKey: authenticate: ")
			assert.NotErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
			assert.NotContains(t, err.Error(), token)
			assert.Equal(t, 1, calls, "the call is not retried")
		})
	}

	t.Run("an invalid header set by a middleware", func(t *testing.T) {
		t.Parallel()
		calls := 0
		client := newClient(t, &http.Client{Transport: &http.Transport{}}, basic, messagemedia.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				calls++
				r = r.Clone(r.Context())
				r.Header.Set("X-Trace", token+"\n")
				return next.RoundTrip(r)
			})
		}))
		err := createKey(t.Context(), client)
		require.ErrorContains(t, err, "messagemedia: CreateSignatureKey: authenticate: net/http: invalid header field value")
		assert.NotErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
		assert.Equal(t, 1, calls)
	})
}

// TestARegisteredProtocolIsNoEvidence uses RegisterProtocol, whose RoundTripper does not report
// connections.
func TestARegisteredProtocolIsNoEvidence(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"http", "https"} {
		var posts atomic.Int32
		transport := &http.Transport{}
		transport.RegisterProtocol(scheme, roundTripper(func(r *http.Request) (*http.Response, error) {
			posts.Add(1)
			return nil, errLost
		}))
		client := newClient(t, &http.Client{Transport: transport}, basic, messagemedia.WithBaseURL(scheme+"://api.example.com"), messagemedia.WithInsecureHTTP())
		require.ErrorIs(t, createKey(t.Context(), client), messagemedia.ErrOutcomeUnknown)
		assert.EqualValues(t, 1, posts.Load(), scheme)
	}
}

// TestATransportThatReplays sets a header with which net/http resends a POST on another
// connection although the server received it on the first.
func TestATransportThatReplays(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]http.Header{
		"a key":               {"Idempotency-Key": {"1"}},
		"a key after X-":      {"X-Idempotency-Key": {"1"}},
		"an empty key":        {"Idempotency-Key": {""}},
		"a key without value": {"Idempotency-Key": nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var posts atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if r.Method == http.MethodGet {
					io.WriteString(w, emptyPage)
					return
				}
				posts.Add(1)
				connection, _, _ := http.NewResponseController(w).Hijack()
				connection.Close()
			}))
			t.Cleanup(server.Close)
			transport := &http.Transport{}
			dials := 0
			transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				if dials++; dials > 1 {
					return connectionRefused()
				}
				return new(net.Dialer).DialContext(ctx, network, address)
			}
			auth := authenticatorFunc(func(r *http.Request) error { maps.Copy(r.Header, header); return nil })
			client := newClient(t, &http.Client{Transport: transport}, auth, messagemedia.WithBaseURL(server.URL), messagemedia.WithMaxAttempts(1))
			_, err := client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{}) // opens a connection to reuse
			require.NoError(t, err)
			require.ErrorIs(t, createKey(t.Context(), client), messagemedia.ErrOutcomeUnknown)
			assert.EqualValues(t, 1, posts.Load())
			assert.Equal(t, 2, dials)
		})
	}
}

// TestAnAuthenticatorMaySendRequestsThroughTheClient fetches a token, with the context of the
// call, over the transport of the client.
func TestAnAuthenticatorMaySendRequestsThroughTheClient(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	var transport http.RoundTripper
	auth := authenticatorFunc(func(r *http.Request) error {
		own, err := http.NewRequestWithContext(r.Context(), "POST", server.URL+"/token", nil)
		require.NoError(t, err)
		response, err := transport.RoundTrip(own)
		if err == nil {
			err = response.Body.Close()
		}
		return err
	})
	client := newClient(t, &http.Client{Transport: &http.Transport{}}, auth, messagemedia.WithBaseURL(server.URL),
		messagemedia.WithMiddleware(func(next http.RoundTripper) http.RoundTripper { transport = next; return next }))
	_, err := client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
	require.NoError(t, err)
}

// TestReasons checks the log attribute reason for each kind of failure.
func TestReasons(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	transportThat := func(change func(*http.Transport)) *http.Client {
		transport := &http.Transport{}
		change(transport)
		return &http.Client{Transport: transport}
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = silent
	tls.StartTLS()
	t.Cleanup(tls.Close)
	refusingProxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	t.Cleanup(refusingProxy.Close)
	for name, c := range map[string]struct {
		ctx     context.Context
		baseURL string
		through *http.Client
		auth    messagemedia.Authenticator
		want    string
	}{
		"an unknown host": {through: transportThat(func(t *http.Transport) {
			t.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}
			}
		}), want: "dns"},
		"a refused connection": {through: transportThat(func(t *http.Transport) {
			t.DialContext = func(context.Context, string, string) (net.Conn, error) { return connectionRefused() }
		}), want: "connect"},
		"an unreachable proxy":              {through: transportThat(func(t *http.Transport) { t.Proxy = http.ProxyURL(parsed("http://127.0.0.1:1")) }), want: "proxy"},
		"a proxy that requires credentials": {through: transportThat(func(t *http.Transport) { t.Proxy = http.ProxyURL(parsed(refusingProxy.URL)) }), want: "proxy"},
		"an untrusted certificate":          {baseURL: tls.URL, through: &http.Client{Transport: &http.Transport{}}, want: "tls"},
		"a port without TLS":                {baseURL: strings.Replace(plain.URL, "http:", "https:", 1), through: &http.Client{Transport: &http.Transport{}}, want: "tls"},
		"an Authenticator that fails":       {through: &http.Client{}, auth: authenticatorFunc(func(*http.Request) error { return errors.New("sealed") }), want: "authenticate"},
		"a canceled context":                {ctx: ended, through: &http.Client{}, want: "canceled"},
		"a DNS timeout":                     {through: responding(func(*http.Request) (*http.Response, error) { return nil, &net.DNSError{IsTimeout: true} }), want: "dns"},
		"a timeout of the transport":        {through: responding(func(*http.Request) (*http.Response, error) { return nil, context.DeadlineExceeded }), want: "timeout"},
		"a lost connection":                 {through: responding(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }), want: "reset"},
		"a status":                          {baseURL: plain.URL, through: &http.Client{}, want: "status"},
		"an HTML page":                      {through: responding(respondingWith(200, "<html>")), want: "decode"},
		"a body that is not gzip":           {through: responding(respondingWith(200, emptyPage).HeaderSet(http.Header{"Content-Encoding": {"gzip"}})), want: "decode"},
		"an unsupported compression":        {through: responding(respondingWith(200, emptyPage).HeaderSet(http.Header{"Content-Encoding": {"br"}})), want: "decode"},
		"a truncated body": {through: responding(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(&brokenReader{})}, nil
		}), want: "reset"},
		"a page over the size limit": {through: responding(respondingWith(200, strings.Repeat(" ", 11<<20))), want: "decode"},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			options := []messagemedia.Option{messagemedia.WithMaxAttempts(1), messagemedia.WithLogger(jsonLogger(&log))}
			if c.baseURL != "" {
				options = append(options, messagemedia.WithBaseURL(c.baseURL))
			}
			if c.auth == nil {
				c.auth = basic
			}
			if c.ctx == nil {
				c.ctx = t.Context()
			}
			_, err := newClient(t, c.through, c.auth, options...).ListWebhooks(c.ctx, messagemedia.ListWebhooksRequest{})
			require.Error(t, err)
			all := records(t, log.String())
			require.Len(t, all, 1, "a call with one attempt logs no end")
			assert.Equal(t, c.want, all[0]["reason"], "%v", err)
			assert.Equal(t, err.Error(), all[0]["error"])
		})
	}
}

type brokenReader struct{}

func (*brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
