package messagemedia_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
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

// TestAnUpgradeEndsAtOnce checks the error after a 101. The server may still act on the
// request, so the outcome of a change is unknown.
func TestAnUpgradeEndsAtOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connection, _, _ := http.NewResponseController(w).Hijack()
		io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
		io.Copy(io.Discard, connection) // until the client closes it
		connection.Close()
	}))
	defer server.Close()
	client := newClient(t, &http.Client{}, basic, messagemedia.WithBaseURL(server.URL))
	for name, call := range operations {
		err := call(t.Context(), client)
		apiErr, ok := errors.AsType[*messagemedia.APIError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, 101, apiErr.StatusCode)
		assert.Equal(t, name != http.MethodGet, errors.Is(err, messagemedia.ErrOutcomeUnknown), name)
	}
}

// stuckBody is a body whose Read blocks and ignores the request's context.
type stuckBody struct {
	closed   chan struct{} // if not nil, Close ends a read
	released chan struct{}
}

func (b *stuckBody) Read([]byte) (int, error) {
	select {
	case <-b.closed:
		return 0, io.ErrClosedPipe
	case <-b.released:
		return 0, io.EOF
	}
}

func (b *stuckBody) Close() error {
	if b.closed != nil {
		select {
		case <-b.closed:
		default:
			close(b.closed)
		}
	}
	return nil
}

// TestBodiesThatIgnoreTheirContext checks that a call ends with its context although reading
// the body does not, for a success and an error, and with a Close that ends the read or not.
func TestBodiesThatIgnoreTheirContext(t *testing.T) {
	t.Parallel()
	const grace = 10 * time.Millisecond // for a body that has already arrived
	for name, c := range map[string]struct {
		status  int
		closes  bool
		timeout time.Duration // of the caller's context, 0 for none
		want    time.Duration
	}{
		"a success, until the attempt's timeout": {200, false, 0, 30 * time.Second},
		"a success, until the caller's deadline": {200, false, 5 * time.Second, 5 * time.Second},
		"a success whose Close ends the read":    {200, true, 5 * time.Second, 5 * time.Second},
		"an error, until the attempt's timeout":  {403, false, 0, 30 * time.Second},
		"an error whose Close ends the read":     {403, true, 5 * time.Second, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				released := make(chan struct{})
				defer close(released)
				client := newClient(t, responding(func(*http.Request) (*http.Response, error) {
					body := &stuckBody{released: released}
					if c.closes {
						body.closed = make(chan struct{})
					}
					return &http.Response{StatusCode: c.status, Body: body}, nil
				}), basic, messagemedia.WithMaxAttempts(1))
				ctx := t.Context()
				if c.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.timeout)
					defer cancel()
				}
				start := time.Now()
				err := client.DeleteWebhook(ctx, "id")
				assert.LessOrEqual(t, time.Since(start), c.want+grace)
				assert.GreaterOrEqual(t, time.Since(start), c.want)
				if c.status == http.StatusForbidden {
					assert.ErrorIs(t, err, messagemedia.ErrForbidden, "the status alone determines the error")
					return
				}
				require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
				assert.Equal(t, c.timeout > 0, errors.Is(err, context.DeadlineExceeded))
				failure, ok := errors.AsType[net.Error](err)
				require.True(t, ok)
				assert.True(t, failure.Timeout())
			})
		})
	}
}

// TestTheCauseOfACancellation ends the context at different times.
func TestTheCauseOfACancellation(t *testing.T) {
	t.Parallel()
	mine := errors.New("the pod is being drained")
	for name, c := range map[string]struct {
		fault   messagemediatest.Fault
		after   time.Duration
		matches error
	}{
		"before the call":             {messagemediatest.Fault{}, 0, nil},
		"during an attempt":           {messagemediatest.Fault{Delay: time.Hour}, time.Second, nil},
		"during the response":         {messagemediatest.Fault{ByteDelay: time.Second}, time.Second, nil},
		"during the wait after a 503": {messagemediatest.Fault{Status: 503, Header: http.Header{"Retry-After": {"20"}}}, time.Second, messagemedia.ErrServer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
				defer api.Close()
				api.Fail(c.fault)
				ctx, cancel := context.WithCancelCause(t.Context())
				if c.after == 0 {
					cancel(mine)
				}
				time.AfterFunc(c.after, func() { cancel(mine) })
				start := time.Now()
				_, err := api.Client().ListWebhooks(ctx, messagemedia.ListWebhooksRequest{})
				assert.Equal(t, c.after, time.Since(start))
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorIs(t, err, mine)
				assert.ErrorContains(t, err, "context canceled: the pod is being drained")
				if c.matches != nil {
					assert.ErrorIs(t, err, c.matches)
				}
			})
		})
	}
	t.Run("the cause of a deadline", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithDeadlineCause(t.Context(), time.Now().Add(-time.Second), mine)
		defer cancel()
		err := newClient(t, refusing(t), basic).DeleteWebhook(ctx, "id")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, mine)
		assert.NotErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
	})
}

// TestAnAuthenticatorThatTakesTooLong checks that the attempt timeout ends an Authenticator.
// The error matches context.DeadlineExceeded only if the caller's context ended.
func TestAnAuthenticatorThatTakesTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		waiting := authenticatorFunc(func(r *http.Request) error { calls++; <-r.Context().Done(); return r.Context().Err() })
		client := newClient(t, refusing(t), waiting)
		start := time.Now()
		err := createKey(t.Context(), client)
		assert.Equal(t, 30*time.Second, time.Since(start))
		assert.EqualError(t, err, "messagemedia: CreateSignatureKey: authenticate: no complete response within 30s")
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
		assert.NotErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
		failure, ok := errors.AsType[net.Error](err)
		require.True(t, ok)
		assert.True(t, failure.Timeout())
		assert.Equal(t, 1, calls, "an Authenticator's error ends the call")

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.ErrorIs(t, createKey(ctx, client), context.DeadlineExceeded)

		own := authenticatorFunc(func(*http.Request) error { return context.DeadlineExceeded }) // from a context of its own
		assert.NotErrorIs(t, createKey(t.Context(), newClient(t, refusing(t), own)), context.DeadlineExceeded)
	})
}

// TestALookUpHonorsRetryAfter checks that the look-up begins after the requested time, and that
// it is omitted if this is longer than the client may wait or if the context ends before.
func TestALookUpHonorsRetryAfter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		retryAfter string
		timeout    time.Duration
		gets       int
		took       time.Duration
	}{
		"shorter than the client may wait": {"20", time.Hour, 3, 20 * time.Second},
		"longer than the client may wait":  {"3600", time.Hour, 0, 0},
		"longer than the context lasts":    {"20", 15 * time.Second, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				gets := 0
				client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodGet {
						gets++
						return httpmock.NewStringResponse(200, emptyPage), nil
					}
					response := httpmock.NewStringResponse(503, "")
					response.Header.Set("Retry-After", c.retryAfter)
					return response, nil
				}), basic, messagemedia.WithMaxAttempts(1))
				ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
				defer cancel()
				start := time.Now()
				_, err := client.CreateWebhook(ctx, validRequest())
				require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
				assert.Equal(t, c.gets, gets)
				assert.GreaterOrEqual(t, time.Since(start), c.took)
				if c.took == 0 {
					assert.Zero(t, time.Since(start))
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) { // the context ends during the wait
		client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
			assert.Equal(t, http.MethodPost, r.Method)
			response := httpmock.NewStringResponse(503, "")
			response.Header.Set("Retry-After", "20")
			return response, nil
		}), basic, messagemedia.WithMaxAttempts(1))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := client.CreateWebhook(ctx, validRequest())
		require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
		assert.Equal(t, time.Second, time.Since(start))
	})
}

// TestRedirectsToAnyLocation checks that each is an APIError after one request.
func TestRedirectsToAnyLocation(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"", "/elsewhere", "https://sso.example.com/%zz?token=s3cret", "://", "\x7f"} {
		sent := 0
		client := newClient(t, responding(func(*http.Request) (*http.Response, error) {
			sent++
			return &http.Response{StatusCode: 302, Header: http.Header{"Location": {location}}, Body: http.NoBody}, nil
		}), basic, messagemedia.WithMaxRetryWait(0))
		_, err := client.CreateWebhook(t.Context(), validRequest())
		apiErr, ok := errors.AsType[*messagemedia.APIError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, http.Header{"Location": {location}}, apiErr.Header)
		assert.NotErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
		assert.NotContains(t, err.Error(), "s3cret")
		assert.Equal(t, 1, sent)
	}
}

// TestPermanentFailuresAreNotRetried covers those that are not in the matrix.
func TestPermanentFailuresAreNotRetried(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a proxy that rejects the credentials":       "Proxy Authentication Required",
		"a SOCKS proxy that rejects the credentials": "socks connect tcp 127.0.0.1:1080->api:443: username/password authentication failed",
	} {
		attempts := 0
		client := newClient(t, responding(func(*http.Request) (*http.Response, error) { attempts++; return nil, errors.New(text) }), basic, messagemedia.WithMaxRetryWait(0))
		require.ErrorContains(t, client.DeleteWebhook(t.Context(), "id"), text)
		assert.Equal(t, 1, attempts, name)
	}
}

// TestTheTimeoutOfAGivenHTTPClient checks that the timeout limits an attempt, not the call.
func TestTheTimeoutOfAGivenHTTPClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
		defer api.Close()
		api.Fail(messagemediatest.Fault{Delay: time.Hour, Times: 2})
		through := api.HTTPClient()
		through.Timeout = 3 * time.Second
		start := time.Now()
		_, err := api.Client(messagemedia.WithHTTPClient(through), messagemedia.WithMaxRetryWait(0)).ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
		require.NoError(t, err)
		assert.Equal(t, 6*time.Second, time.Since(start))
		assert.Equal(t, 3*time.Second, through.Timeout, "the caller's client is unchanged")
	})
}

// TestAClientNotCreatedByNewClient checks that every call returns an error.
func TestAClientNotCreatedByNewClient(t *testing.T) {
	t.Parallel()
	for _, client := range []*messagemedia.Client{nil, {}} {
		for _, call := range operations {
			assert.ErrorContains(t, call(t.Context(), client), "the client was not created by NewClient")
		}
		for _, err := range client.Webhooks(t.Context()) {
			assert.ErrorContains(t, err, "messagemedia: Webhooks: the client was not created by NewClient")
		}
		_, err := client.GetWebhook(t.Context(), "id")
		assert.ErrorContains(t, err, "messagemedia: GetWebhook: the client")
		result, err := client.SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{validRequest()})
		assert.ErrorContains(t, err, "messagemedia: SyncWebhooks: the client")
		assert.NotNil(t, result)
		_, err = client.PlanWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{validRequest()})
		assert.ErrorContains(t, err, "messagemedia: PlanWebhooks: the client")
		for _, call := range keyOperations {
			assert.ErrorContains(t, call.operate(t.Context(), client), "the client was not created by NewClient")
		}
	}
	new(messagemedia.Client).CloseIdleConnections()
}

// closeRecorder counts how often a body is closed.
type closeRecorder struct {
	io.Reader
	closed int
}

func (b *closeRecorder) Close() error { b.closed++; return nil }

// TestBodiesAreReadAndClosed checks what the reuse of connections requires, also for responses
// without anything to decode.
func TestBodiesAreReadAndClosed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 204, 403} {
		body := &closeRecorder{Reader: strings.NewReader(`{"message":"x"}`)}
		client := newClient(t, responding(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: body}, nil
		}), basic)
		_ = client.DeleteWebhook(t.Context(), "id")
		assert.Equal(t, 1, body.closed, status)
		left, err := io.ReadAll(body.Reader)
		require.NoError(t, err)
		assert.Empty(t, left, "the body was read to its end")
	}
}

// TestDeletionsReuseTheirConnection checks this for responses with a body, which the deletion
// of a signature key may have.
func TestDeletionsReuseTheirConnection(t *testing.T) {
	t.Parallel()
	connections := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"message":"`+strings.Repeat("deleted ", 1000)+`"}`)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections++
		}
	}
	server.Start()
	defer server.Close()
	client := newClient(t, &http.Client{Transport: &http.Transport{}}, basic, messagemedia.WithBaseURL(server.URL))
	for range 10 {
		require.NoError(t, client.DeleteSignatureKey(t.Context(), "id"))
	}
	client.CloseIdleConnections()
	assert.Equal(t, 1, connections)
}

// TestALongBodyIsClosed checks that a body too long to drain does not leave its connection open.
func TestALongBodyIsClosed(t *testing.T) {
	t.Parallel()
	var open atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, strings.Repeat("x", 4<<20))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.Start()
	defer server.Close()
	client := newClient(t, &http.Client{Transport: &http.Transport{}}, basic, messagemedia.WithBaseURL(server.URL))
	require.ErrorIs(t, client.DeleteWebhook(t.Context(), "id"), messagemedia.ErrForbidden)
	client.CloseIdleConnections()
	assert.Eventually(t, func() bool { return open.Load() == 0 }, 5*time.Second, time.Millisecond)
}
