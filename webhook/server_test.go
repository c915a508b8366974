package webhook_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
	}{{"panic", 500}, {"payload", 204}, {"exit", 0}, {"payload", 204}} {
		status, err := post(t, server, c.body)
		assert.Equal(t, c.want == 0, err != nil, "after runtime.Goexit, there is no response: %v", err)
		assert.Equal(t, c.want, status)
	}
}

// buffered keeps the status until the end of the request, like middleware that compresses.
type buffered struct {
	http.ResponseWriter
	status int
}

func (b *buffered) WriteHeader(status int)      { b.status = status }
func (b *buffered) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// TestGoexitIsNeverAcknowledged, whatever middleware and protocol are in front of the handler.
func TestGoexitIsNeverAcknowledged(t *testing.T) {
	t.Parallel()
	flush := func(b *buffered) {
		b.ResponseWriter.WriteHeader(b.status)
		assert.NoError(t, http.NewResponseController(b.ResponseWriter).Flush())
	}
	for name, middleware := range map[string]func(http.Handler) http.Handler{
		"none": func(next http.Handler) http.Handler { return next },
		"one that buffers": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b := &buffered{w, 200}
				next.ServeHTTP(b, r)
				flush(b)
			})
		},
		"one that buffers and always responds": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b := &buffered{w, 200}
				defer flush(b)
				next.ServeHTTP(b, r)
			})
		},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", HTTP/2: ", http2), func(t *testing.T) {
				t.Parallel()
				observed := new(outcomes)
				handler := newHandler(t, verifier(t), func(_ context.Context, d *webhook.Delivery) error {
					if string(d.Body) == "exit" {
						runtime.Goexit()
					}
					return nil
				}, observed.options()...)
				server := httptest.NewUnstartedServer(middleware(handler))
				server.Config.ErrorLog = log.New(io.Discard, "", 0)
				if server.EnableHTTP2 = http2; http2 {
					server.StartTLS()
				} else {
					server.Start()
				}
				t.Cleanup(server.Close)
				status, _ := post(t, server, "exit")
				assert.NotEqual(t, 2, status/100)
				assert.Equal(t, webhook.ReasonPanic, observed.only(t).Reason)
				assert.Equal(t, 500, observed.only(t).Status)
				status, err := post(t, server, "payload")
				require.NoError(t, err)
				assert.Equal(t, 204, status)
			})
		}
	}
}

// TestGoexitBeforeTheBodyIsRead, by the KeySource, which has a goroutine of its own, and by the
// function of WithTarget, which has not.
func TestGoexitBeforeTheBodyIsRead(t *testing.T) {
	t.Parallel()
	exits := keySource(func(context.Context, string) (*webhook.Key, error) { runtime.Goexit(); return nil, nil })
	for name, c := range map[string]struct {
		verifier *webhook.Verifier
		status   int // 0 without a response
	}{
		"KeySource":  {newVerifier(t, webhook.Signed(exits)), 500},
		"WithTarget": {newVerifier(t, signedBySigner(), webhook.WithTarget(func(*http.Request) string { runtime.Goexit(); return "" })), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			observed := new(outcomes)
			server := httptest.NewServer(newHandler(t, c.verifier, accept, observed.options()...))
			t.Cleanup(server.Close)
			status, err := post(t, server, "payload")
			assert.Equal(t, c.status == 0, err != nil, "%v", err)
			assert.Equal(t, c.status, status)
			assert.Equal(t, 500, observed.only(t).Status)
			assert.ErrorContains(t, observed.only(t).Err, name)
		})
	}
}

// TestGoexitBehindATimeoutHandler: http.TimeoutHandler waits for its own goroutine, which has
// ended.
func TestGoexitBehindATimeoutHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		observed := new(outcomes)
		handler := newHandler(t, newVerifier(t, headerToken(aToken)), func(context.Context, *webhook.Delivery) error { runtime.Goexit(); return nil }, observed.options()...)
		server := serve(http.TimeoutHandler(handler, 2*time.Second, ""))
		start := time.Now()
		connection := server.dial()
		go fmt.Fprintf(connection, "POST /hooks HTTP/1.1\r\nHost: localhost\r\nX-Webhook-Token: %s\r\nContent-Length: 2\r\n\r\n{}", aToken)
		s := &sender{connection: connection}
		assert.Equal(t, 503, s.response())
		assert.Equal(t, 2*time.Second, time.Since(start))
		assert.Equal(t, webhook.ReasonPanic, observed.only(t).Reason)
		s.leave()
		server.Close()
		server.closed.Wait()
	})
}

func post(t *testing.T, server *httptest.Server, body string) (int, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/hooks", strings.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, signer.Sign(r))
	response, err := server.Client().Do(r)
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
	defer func() {
		value := recover()
		require.NotNil(t, value)
		assert.NotEqual(t, http.ErrAbortHandler, value, "net/http would hide it")
	}()
	response(none, signedRequest(t, "POST", "/hooks", "payload"))
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
	assert.Equal(t, 500, observed.all[len(observed.all)-1].Status, "there is no connection to abort")
}
