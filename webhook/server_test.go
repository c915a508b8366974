package webhook_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestTheServerSurvivesPanics and handles the next delivery.
func TestTheServerSurvivesPanics(t *testing.T) {
	t.Parallel()
	handler := newHandler(t, verifier(t), func(_ context.Context, d *webhook.Delivery) error {
		switch string(d.Body) {
		case "panic":
			panic("oops")
		case "exit":
			runtime.Goexit()
		}
		return nil
	}, webhook.WithMaxConcurrent(1))
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	for _, c := range []struct {
		body string
		want int
	}{{"panic", 500}, {"payload", 204}, {"exit", 500}, {"payload", 204}} {
		status, err := post(t, server, c.body)
		require.NoError(t, err)
		assert.Equal(t, c.want, status)
	}
}

// TestAServerRespondsAfterGoexit, although the goroutine of the connection ends before net/http
// completes the response.
func TestAServerRespondsAfterGoexit(t *testing.T) {
	t.Parallel()
	exits := func(context.Context, *webhook.Delivery) error { runtime.Goexit(); return nil }
	for name, c := range map[string]struct {
		callback func(context.Context, *webhook.Delivery) error
		option   webhook.HandlerOption
		status   int
		reason   webhook.Reason
	}{
		"in the callback":                      {exits, nil, 500, webhook.ReasonPanic},
		"in the callback, with a deduplicator": {exits, webhook.WithDeduplicator(&webhook.MemoryDeduplicator{}), 500, webhook.ReasonPanic},
		"in the deduplicator, after the callback": {accept, webhook.WithDeduplicator(deduplicatorFunc(func(ctx context.Context, _ string, handle handleFunc) (bool, error) {
			defer runtime.Goexit()
			return false, handle(ctx)
		})), 500, webhook.ReasonPanic},
		"in the observer": {accept, nil, 204, webhook.ReasonHandled},
	} {
		for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
			t.Run(name+", over "+protocol, func(t *testing.T) {
				t.Parallel()
				reasons := make(chan webhook.Reason, 1)
				options := []webhook.HandlerOption{webhook.WithObserver(func(_ context.Context, o webhook.DeliveryOutcome) {
					reasons <- o.Reason
					if name == "in the observer" {
						runtime.Goexit()
					}
				})}
				if c.option != nil {
					options = append(options, c.option, webhook.WithDedupeKey(func(*webhook.Delivery) string { return "key" }))
				}
				handler := newHandler(t, verifier(t), c.callback, options...)
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					assert.Equal(t, protocol, r.Proto)
					handler.ServeHTTP(w, r)
				}))
				server.EnableHTTP2 = true
				if protocol == "HTTP/2.0" {
					server.StartTLS()
				} else {
					server.Start()
				}
				t.Cleanup(server.Close)
				for range 2 { // the second on a new connection or stream
					response, err := postSigned(t, server, "payload")
					require.NoError(t, err)
					_, err = io.Copy(io.Discard, response.Body)
					require.NoError(t, response.Body.Close())
					assert.Equal(t, c.status, response.StatusCode)
					assert.Equal(t, c.reason, <-reasons)
					if protocol == "HTTP/1.1" { // over HTTP/2, the server resets the stream
						assert.NoError(t, err)
						assert.True(t, response.Close, "the client must not reuse the connection")
					}
				}
			})
		}
	}
}

func postSigned(t *testing.T, server *httptest.Server, body string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/hooks", strings.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, signer.Sign(r))
	return server.Client().Do(r)
}

func post(t *testing.T, server *httptest.Server, body string) (int, error) {
	t.Helper()
	response, err := postSigned(t, server, body)
	if err != nil {
		return 0, err
	}
	require.NoError(t, response.Body.Close())
	return response.StatusCode, nil
}

// TestAPanicOfTheHandlerReachesItsCaller, which can recover it: a panic in another goroutine
// would end the process.
func TestAPanicOfTheHandlerReachesItsCaller(t *testing.T) {
	t.Parallel()
	handler := newHandler(t, verifier(t), accept)
	var noContext context.Context
	assert.Panics(t, func() { handler.HandleRaw(noContext, webhook.RawRequest{Method: "POST", Target: "/hooks"}) })
	var none *webhook.Handler
	assert.Panics(t, func() { none.HandleRaw(t.Context(), webhook.RawRequest{Method: "POST", Target: "/hooks"}) })
	assert.Panics(t, func() { response(none, signedRequest(t, "POST", "/hooks", "payload")) })
}

// TestErrAbortHandlerAborts the connection, as in net/http. HandleRaw returns status 500.
func TestErrAbortHandlerAborts(t *testing.T) {
	t.Parallel()
	observed := new(outcomes)
	handler := newHandler(t, verifier(t), func(context.Context, *webhook.Delivery) error { panic(http.ErrAbortHandler) }, observed.options()...)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	_, err := post(t, server, "payload")
	require.Error(t, err)
	outcome := observed.only(t)
	assert.Equal(t, webhook.ReasonPanic, outcome.Reason)
	assert.Zero(t, outcome.Status)
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { response(handler, signedRequest(t, "POST", "/hooks", "payload")) })
	r := signedRequest(t, "POST", "/hooks", "payload")
	assert.Equal(t, 500, handler.HandleRaw(t.Context(), webhook.RawRequest{Method: "POST", Target: "/hooks", Header: r.Header, Body: []byte("payload")}).Status)
}
