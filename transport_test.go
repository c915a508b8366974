package messagemedia_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

var authenticators = map[string]messagemedia.Authenticator{
	"Basic": messagemedia.BasicAuth("key", "a secret that is long enough"),
	"HMAC":  messagemedia.HMACAuth("key", "a secret that is long enough"),
}

// TestTheDefaultTransportIsLookedUpAtEachCall replaces the default transport before and after
// clients are created, as httpmock.Activate does. It is not parallel, since other tests use it.
func TestTheDefaultTransportIsLookedUpAtEachCall(t *testing.T) {
	original := http.DefaultTransport
	for name, auth := range authenticators {
		for _, options := range [][]messagemedia.Option{nil, {messagemedia.WithHTTPClient(&http.Client{Timeout: time.Minute})}} {
			before, err := messagemedia.NewClient(auth, options...)
			require.NoError(t, err)
			httpmock.Activate(t)
			httpmock.RegisterNoResponder(respondingWith(200, emptyPage))
			after, err := messagemedia.NewClient(auth, options...)
			require.NoError(t, err)
			for _, client := range []*messagemedia.Client{before, after} {
				_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
				require.NoError(t, err)
			}
			assert.Equal(t, 2, httpmock.GetTotalCallCount(), name)
			before.CloseIdleConnections() // has no connections
			httpmock.DeactivateAndReset()
			assert.Same(t, original, http.DefaultTransport)
		}
	}

	// Each new *http.Transport is copied.
	server := newServer(t)
	defer func() { http.DefaultTransport = original }()
	client, err := messagemedia.NewClient(authenticators["HMAC"], messagemedia.WithBaseURL(server.URL))
	require.NoError(t, err)
	for range 2 {
		dials := 0
		http.DefaultTransport = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			dials++
			return new(net.Dialer).DialContext(ctx, network, address)
		}}
		for range 2 {
			_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
			require.NoError(t, err)
		}
		assert.Equal(t, 1, dials)
	}
	client.CloseIdleConnections()

	http.DefaultTransport = &http.Transport{DialTLSContext: new(tls.Dialer).DialContext}
	_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
	require.ErrorContains(t, err, "its own TLS dialer")
	_, err = messagemedia.NewClient(authenticators["HMAC"])
	require.ErrorContains(t, err, "its own TLS dialer")
}

// server responds with an empty page and counts connections.
type server struct {
	*httptest.Server
	connections atomic.Int32
}

func newServer(t *testing.T) *server {
	s := new(server)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, emptyPage)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// TestClosedClientsLeaveNoGoroutine creates, uses and closes many clients with one transport.
// It is not parallel, since it counts all goroutines.
func TestClosedClientsLeaveNoGoroutine(t *testing.T) {
	server := newServer(t)
	for name, auth := range authenticators {
		given := &http.Client{Transport: &http.Transport{}}
		before := connectionGoroutines()
		for i := range 50 {
			client := newClient(t, given, auth, messagemedia.WithBaseURL(server.URL))
			_, err := client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
			require.NoError(t, err)
			if i == 0 {
				require.Greater(t, connectionGoroutines(), before, "a connection is kept")
			}
			client.CloseIdleConnections()
		}
		assert.Eventually(t, func() bool { return connectionGoroutines() <= before }, 5*time.Second, time.Millisecond, name)
	}
}

// connectionGoroutines counts the goroutines of net/http for clients' connections.
func connectionGoroutines() int {
	stacks := make([]byte, 4<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "net/http.(*persistConn).readLoop(")
}

// TestClientsShareTheDefaultTransport checks that 20 clients use one connection, also with the
// copy of the default transport for HMAC.
func TestClientsShareTheDefaultTransport(t *testing.T) {
	for name, auth := range authenticators {
		server := newServer(t)
		var last *messagemedia.Client
		for range 20 {
			client, err := messagemedia.NewClient(auth, messagemedia.WithBaseURL(server.URL))
			require.NoError(t, err)
			_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
			require.NoError(t, err)
			last = client
		}
		assert.EqualValues(t, 1, server.connections.Load(), name)
		last.CloseIdleConnections()
	}
}

// TestManyCallersReuseTheirConnections checks that the client keeps more than net/http's
// default of two idle connections. The first connections are made at the same time, since
// net/http opens one that it does not need if another becomes idle meanwhile. net/http drops a
// connection that takes 50 ms to write a request: with fake time, a busy machine causes none.
func TestManyCallersReuseTheirConnections(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]*http.Transport{
		"by default":                     {},
		"as the transport is configured": {MaxIdleConnsPerHost: 40},
		"with the default transport":     http.DefaultTransport.(*http.Transport),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const callers, calls = 16, 1600
				api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
				dial := api.HTTPClient().Transport.(*http.Transport).DialContext
				var dialing sync.WaitGroup
				var connections atomic.Int32
				dialing.Add(callers)
				transport := given.Clone()
				transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					if connections.Add(1) <= callers {
						dialing.Done()
						dialing.Wait()
					}
					return dial(ctx, network, address)
				}
				client := newClient(t, &http.Client{Transport: transport}, messagemedia.HMACAuth(api.Key, api.Secret), messagemedia.WithBaseURL(api.URL))
				var group sync.WaitGroup
				for range callers {
					group.Go(func() {
						for range calls / callers {
							_, err := client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
							assert.NoError(t, err)
						}
					})
				}
				group.Wait()
				assert.Len(t, api.Requests(), calls)
				assert.LessOrEqual(t, connections.Load(), int32(callers))
				client.CloseIdleConnections()
			})
		})
	}
	transport := &http.Transport{}
	_ = newClient(t, &http.Client{Transport: transport}, authenticators["HMAC"])
	assert.Zero(t, transport.MaxIdleConnsPerHost, "the caller's transport is unchanged")
}

// TestRegisteredProtocolsSurvive covers what a plain copy of a transport would lose.
func TestRegisteredProtocolsSurvive(t *testing.T) {
	t.Parallel()
	for name, auth := range authenticators {
		for _, scheme := range []string{"http", "https"} {
			transport, calls := &http.Transport{}, 0
			transport.RegisterProtocol(scheme, responding(func(*http.Request) (*http.Response, error) {
				calls++
				return httpmock.NewStringResponse(200, emptyPage), nil
			}).Transport)
			client := newClient(t, &http.Client{Transport: transport}, auth, messagemedia.WithBaseURL(scheme+"://api.example.com"), messagemedia.WithInsecureHTTP())
			_, err := client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
			require.NoError(t, err, "%s, %s", name, scheme)
			assert.Equal(t, 1, calls)
		}
	}
}

// TestMiddlewareIsAroundThePinnedTransport checks the order of middleware, and that it
// receives the request with its credentials.
func TestMiddlewareIsAroundThePinnedTransport(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"Basic": "HTTP/2.0", "HMAC": "HTTP/1.1"} {
		var version string
		var order []string
		server := newHTTP2Server(t, func(w http.ResponseWriter, r *http.Request) {
			version = r.Proto
			w.WriteHeader(http.StatusNoContent)
		})
		tracing := func(place string) messagemedia.Option {
			return messagemedia.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					assert.NotEmpty(t, r.Header.Get("Authorization"))
					order = append(order, place+" "+messagemedia.OperationFromContext(r.Context()))
					return next.RoundTrip(r)
				})
			})
		}
		client := newClient(t, server.Client(), authenticators[name], messagemedia.WithBaseURL(server.URL), tracing("first"), tracing("second"))
		require.NoError(t, client.DeleteWebhook(t.Context(), "id"))
		assert.Equal(t, want, version)
		assert.Equal(t, []string{"first DeleteWebhook", "second DeleteWebhook"}, order)
		client.CloseIdleConnections()
	}
}

// TestHMACRejectsATLSDialer covers both fields of http.Transport that set one.
func TestHMACRejectsATLSDialer(t *testing.T) {
	t.Parallel()
	for name, transport := range map[string]*http.Transport{
		"DialTLSContext": {DialTLSContext: new(tls.Dialer).DialContext},
		"DialTLS":        {DialTLS: func(network, address string) (net.Conn, error) { return nil, errors.New("unused") }},
	} {
		_, err := messagemedia.NewClient(authenticators["HMAC"], messagemedia.WithHTTPClient(&http.Client{Transport: transport}))
		require.ErrorContains(t, err, "its own TLS dialer", name)
		_, err = messagemedia.NewClient(authenticators["Basic"], messagemedia.WithHTTPClient(&http.Client{Transport: transport}))
		require.NoError(t, err, "BasicAuth accepts the transport")
	}
}
