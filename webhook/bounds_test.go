package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func TestTheCallbackHasATimeLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []webhook.HandlerOption
		want    time.Duration
	}{
		"15 seconds":       {nil, 15 * time.Second},
		"set by an option": {[]webhook.HandlerOption{webhook.WithTimeout(time.Minute)}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start, observed := time.Now(), new(outcomes)
				handler := newHandler(t, verifier(t), func(ctx context.Context, _ *webhook.Delivery) error {
					<-ctx.Done()
					return ctx.Err()
				}, observed.options(c.options...)...)
				assert.Equal(t, 503, response(handler, signedRequest(t, "POST", "/hooks", "payload")).Code)
				assert.Equal(t, c.want, time.Since(start))
				outcome := observed.only(t)
				require.ErrorIs(t, outcome.Err, context.DeadlineExceeded)
				assert.Equal(t, webhook.ReasonTimeout, outcome.Reason)
				assert.Equal(t, c.want, outcome.Duration)
			})
		})
	}
}

// TestAllStagesShareOneDeadline uses 4 seconds in the KeySource. The callback gets the rest.
func TestAllStagesShareOneDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		until := func(ctx context.Context) time.Duration {
			deadline, ok := ctx.Deadline()
			assert.True(t, ok)
			return deadline.Sub(start)
		}
		keys := keySource(func(ctx context.Context, _ string) (*webhook.Key, error) {
			assert.Equal(t, 5*time.Second, until(ctx))
			time.Sleep(4 * time.Second)
			return signer.Key(), nil
		})
		handler := newHandler(t, newVerifier(t, webhook.Signed(keys)), func(ctx context.Context, _ *webhook.Delivery) error {
			assert.Equal(t, 15*time.Second, until(ctx))
			return nil
		})
		assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/hooks", "payload")).Code)
	})
}

// TestTheCallbackGetsTheRequestsContext with the values of a middleware. It ends with the
// connection.
func TestTheCallbackGetsTheRequestsContext(t *testing.T) {
	t.Parallel()
	type contextKey struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "value"))
	observed := new(outcomes)
	handler := newHandler(t, verifier(t), func(ctx context.Context, d *webhook.Delivery) error {
		assert.Equal(t, "value", ctx.Value(contextKey{}))
		assert.Equal(t, &webhook.ReceivedSMS{ReplyID: "d3c2"}, d.Event)
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}, observed.options()...)
	assert.Equal(t, 503, response(handler, signedRequest(t, "POST", "/hooks", `{"reply_id":"d3c2"}`).WithContext(ctx)).Code)
	assert.Equal(t, webhook.ReasonCanceled, observed.only(t).Reason)
	assert.Contains(t, observed.log.String(), "level=WARN", "not an error of the receiver")
}

// TestADeliveryWaitsForItsTurn for at most 5 seconds.
func TestADeliveryWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []webhook.HandlerOption
		turns   int
	}{
		"64":                  {nil, 64},
		"another number":      {[]webhook.HandlerOption{webhook.WithMaxConcurrent(2)}, 2},
		"with a Deduplicator": {[]webhook.HandlerOption{webhook.WithMaxConcurrent(2), inMemory()}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				observed, release := new(outcomes), make(chan struct{})
				var running, most atomic.Int32
				handler := newHandler(t, verifier(t), func(context.Context, *webhook.Delivery) error {
					most.Store(max(most.Load(), running.Add(1)))
					<-release
					running.Add(-1)
					return nil
				}, observed.options(c.options...)...)
				var group sync.WaitGroup
				for i := range c.turns {
					group.Go(func() { assert.Equal(t, 204, response(handler, sms(t, fmt.Sprint(i))).Code) })
				}
				synctest.Wait()
				start := time.Now()
				w := response(handler, sms(t, "one more"))
				assert.Equal(t, 503, w.Code)
				assert.Equal(t, "5", w.Header().Get("Retry-After"))
				assert.Equal(t, 5*time.Second, time.Since(start))
				outcome := observed.only(t)
				require.ErrorIs(t, outcome.Err, webhook.ErrBusy)
				assert.Equal(t, webhook.ReasonBusy, outcome.Reason)
				assert.Equal(t, 401, response(handler, received("POST", "/hooks", "junk")).Code, "junk takes no turn")

				for i := range 3 * c.turns {
					group.Go(func() { assert.Equal(t, 204, response(handler, sms(t, fmt.Sprint("waits ", i))).Code) })
				}
				time.Sleep(4 * time.Second)
				close(release)
				group.Wait()
				assert.EqualValues(t, c.turns, most.Load())
			})
		})
	}
}

func TestADisconnectedClientStopsWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		observed, release := new(outcomes), make(chan struct{})
		handler := newHandler(t, verifier(t), func(context.Context, *webhook.Delivery) error { <-release; return nil },
			observed.options(webhook.WithMaxConcurrent(1))...)
		first := make(chan int)
		go func() { first <- response(handler, sms(t, "1")).Code }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		time.AfterFunc(time.Millisecond, cancel)
		start := time.Now()
		response(handler, sms(t, "2").WithContext(ctx))
		assert.Equal(t, time.Millisecond, time.Since(start))
		assert.Equal(t, webhook.ReasonCanceled, observed.only(t).Reason)
		close(release)
		assert.Equal(t, 204, <-first)
	})
}

// TestABurstIsAcknowledged sends 400 deliveries at once. The callback takes 20 ms.
func TestABurstIsAcknowledged(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]webhook.HandlerOption{"alone": nil, "with a Deduplicator": {inMemory()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				handler := newHandler(t, verifier(t), func(context.Context, *webhook.Delivery) error { time.Sleep(20 * time.Millisecond); return nil }, options...)
				start := time.Now()
				var group sync.WaitGroup
				for i := range 400 {
					r := sms(t, fmt.Sprint(i))
					group.Go(func() { assert.Equal(t, 204, response(handler, r).Code) })
				}
				group.Wait()
				assert.Equal(t, 7*20*time.Millisecond, time.Since(start), "400 in turns of 64")
			})
		})
	}
}

// TestTheServersReadTimeoutDoesNotEndTheCallback, and neither does the handler's own deadline
// for the body.
func TestTheServersReadTimeoutDoesNotEndTheCallback(t *testing.T) {
	t.Parallel()
	for _, body := range []string{aPayload, ""} {
		synctest.Test(t, func(t *testing.T) {
			var ended error
			handler := newHandler(t, newVerifier(t, headerToken(aToken)), func(ctx context.Context, _ *webhook.Delivery) error {
				time.Sleep(12 * time.Second) // longer than the server's ReadTimeout of 10 and the handler's 5
				ended = ctx.Err()
				return ended
			})
			server := serve(handler)
			connection := server.dial()
			go fmt.Fprintf(connection, "POST /hooks HTTP/1.1\r\nHost: localhost\r\nX-Webhook-Token: %s\r\nContent-Length: %d\r\n\r\n%s", aToken, len(body), body)
			s := &sender{connection: connection}
			assert.Equal(t, 204, s.response())
			require.NoError(t, ended)
			s.leave()
			server.Close()
			server.closed.Wait()
		})
	}
}

// TestAStalledBodyEndsAtTheEarlierDeadline: that of the handler, or the ReadTimeout of the server.
func TestAStalledBodyEndsAtTheEarlierDeadline(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]time.Duration{0: 5 * time.Second, 3 * time.Second: 3 * time.Second, 10 * time.Second: 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			server := newEndpoint(newHandler(t, newVerifier(t, headerToken(aToken)), accept))
			server.ReadTimeout = timeout
			server.start()
			start := time.Now()
			connection := server.dial()
			go fmt.Fprintf(connection, "POST /hooks HTTP/1.1\r\nHost: localhost\r\nX-Webhook-Token: %s\r\nContent-Length: 10\r\n\r\nhalf", aToken)
			s := &sender{connection: connection}
			assert.Equal(t, 400, s.response(), "%v", timeout)
			assert.Equal(t, want, time.Since(start), "%v", timeout)
			s.leave()
			server.Close()
			server.closed.Wait()
		})
	}
}

// TestAResponseWriterWithoutDeadlines can be used with a Handler.
func TestAResponseWriterWithoutDeadlines(t *testing.T) {
	t.Parallel()
	w := struct{ http.ResponseWriter }{httptest.NewRecorder()}
	require.True(t, errors.Is(http.NewResponseController(w).SetReadDeadline(time.Time{}), http.ErrNotSupported))
	newHandler(t, verifier(t), accept).ServeHTTP(w, signedRequest(t, "POST", "/hooks", "payload"))
	assert.Equal(t, 204, w.ResponseWriter.(*httptest.ResponseRecorder).Code)
}
