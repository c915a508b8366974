package webhook_test

import (
	"context"
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
	assert.Equal(t, 500, observed.all[len(observed.all)-1].Status, "there is no connection to abort")
}
