package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
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

// stalling is a body that blocks before its end.
type stalling struct {
	left int
	wait <-chan struct{}
}

func (s *stalling) Read(p []byte) (int, error) {
	if s.left == 0 {
		<-s.wait
		return 0, io.EOF
	}
	n := min(len(p), s.left)
	s.left -= n
	return n, nil
}

func (s *stalling) Close() error { return nil }

const mebibyte = 1 << 20

// TestLargeBodiesShareMemory sends 40 forged requests of 8 MiB that name a known key.
func TestLargeBodiesShareMemory(t *testing.T) { // not parallel, since it measures the heap
	handler := newHandler(t, verifier(t), accept)
	header := signedRequest(t, "POST", "/hooks", aPayload).Header
	header.Set("X-MessageMedia-Signature", strings.Repeat("A", 342)+"==")
	heap := func() int64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	before := heap()
	wait := make(chan struct{})
	var group sync.WaitGroup
	for range 40 {
		r := received("POST", "/hooks", "")
		r.Header, r.ContentLength, r.Body = header, -1, &stalling{8*mebibyte - 1, wait}
		group.Go(func() { response(handler, r) })
	}
	most, held := int64(0), int64(0)
	for i := 0; i < 10 || held <= 20*mebibyte && i < 1000; i++ { // while the bodies are read or wait for memory
		held = heap() - before
		most = max(most, held)
	}
	t.Logf("at most %d MiB, at the end %d MiB", most/mebibyte, held/mebibyte)
	assert.Less(t, most, int64(100*mebibyte))
	assert.Greater(t, held, int64(20*mebibyte), "the bodies hold memory")
	assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/hooks", aPayload)).Code, "a small body does not wait")
	close(wait)
	group.Wait()
}

// TestSlowLargeBodiesDoNotBlockOtherDeliveries, large or small, while eight bodies of 8 MiB
// stall.
func TestSlowLargeBodiesDoNotBlockOtherDeliveries(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 6*mebibyte)
	synctest.Test(t, func(t *testing.T) {
		handler := newHandler(t, verifier(t), accept)
		var group sync.WaitGroup
		for range 8 {
			r := signedRequest(t, "POST", "/hooks", aPayload)
			wait := make(chan struct{})
			time.AfterFunc(5*time.Second, func() { close(wait) }) // the deadline of the connection
			r.ContentLength, r.Body = 8*mebibyte, &stalling{8*mebibyte - 1, wait}
			group.Go(func() { response(handler, r) })
		}
		synctest.Wait()
		time.Sleep(time.Second)
		start := time.Now()
		assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/hooks", aPayload)).Code)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/hooks", large)).Code)
		assert.LessOrEqual(t, time.Since(start), 4*time.Second)
		group.Wait()
	})
}

// TestManyLargeDeliveriesAreAcknowledged although their bodies wait for each other's memory.
func TestManyLargeDeliveriesAreAcknowledged(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 8*mebibyte)
	header := signedRequest(t, "POST", "/hooks", large).Header
	handler := newHandler(t, newVerifier(t, signedBySigner()), accept, webhook.WithTimeout(10*time.Minute)) // for slow machines
	var group sync.WaitGroup
	for range 30 {
		r := received("POST", "/hooks", "")
		// Small reads let all bodies hold memory before the first one is complete.
		r.Header, r.ContentLength, r.Body = header, int64(len(large)), io.NopCloser(&yielding{strings.NewReader(large)})
		group.Go(func() { assert.Equal(t, 204, response(handler, r).Code) })
	}
	group.Wait()
}

type yielding struct{ io.Reader }

func (y *yielding) Read(p []byte) (int, error) {
	runtime.Gosched()
	return y.Reader.Read(p[:min(len(p), 256<<10)])
}

// TestALargeDeliveryFailsIfNoMemoryBecomesAvailable within 5 seconds.
func TestALargeDeliveryFailsIfNoMemoryBecomesAvailable(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 8*mebibyte)
	synctest.Test(t, func(t *testing.T) {
		observed, release := new(outcomes), make(chan struct{})
		handler := newHandler(t, verifier(t), func(_ context.Context, d *webhook.Delivery) error {
			if len(d.Body) > mebibyte {
				<-release // keeps the body in memory
			}
			return nil
		}, observed.options()...)
		var group sync.WaitGroup
		for range 7 {
			group.Go(func() { assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/hooks", large)).Code) })
			synctest.Wait()
		}
		start := time.Now()
		waiting := make(chan int)
		go func() { waiting <- response(handler, signedRequest(t, "POST", "/hooks", large)).Code }()
		synctest.Wait()
		for _, size := range []int{1, 33 << 10, 63 << 10, 64 << 10} {
			assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/hooks", strings.Repeat("x", size))).Code)
			assert.Zero(t, time.Since(start), "the first 64 KiB need no wait")
		}
		assert.Equal(t, 503, <-waiting)
		assert.Equal(t, 5*time.Second, time.Since(start))
		assert.Equal(t, 1, observed.reasons()[webhook.ReasonBusy])
		close(release)
		group.Wait()
		assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/hooks", large)).Code, "all memory was released")
	})
}

// TestABodyThatNeedsMoreThanTheSharedMemory is read, since the budget grows with the limit.
func TestABodyThatNeedsMoreThanTheSharedMemory(t *testing.T) {
	t.Parallel()
	const limit = 33 * mebibyte // while its buffer grows, it needs 65 MiB
	handler := newHandler(t, newVerifier(t, headerToken(aToken), webhook.WithMaxBodyBytes(limit)), accept, webhook.WithTimeout(time.Minute))
	r := received("POST", "/hooks", "")
	r.Header.Set("X-Webhook-Token", aToken)
	r.ContentLength, r.Body = -1, io.NopCloser(strings.NewReader(strings.Repeat("x", limit)))
	assert.Equal(t, 204, response(handler, r).Code)
}

// TestBodiesOfEverySizeAreReadCompletely covers the sizes around each step of the buffer.
func TestBodiesOfEverySizeAreReadCompletely(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, headerToken(aToken), webhook.WithMaxBodyBytes(300<<10))
	handler := newHandler(t, v, accept)
	for _, edge := range []int{0, 1, 16 << 10, 32 << 10, 64 << 10, 128 << 10, 256 << 10, 300 << 10} {
		for size := max(edge-1, 0); size <= edge+1; size++ {
			for _, length := range []int64{int64(size), -1} {
				if size == 0 && length < 0 {
					continue // taken for a body that was read before
				}
				body := bytes.Repeat([]byte("x"), size)
				r := received("POST", "/hooks", "")
				r.Header.Set("X-Webhook-Token", aToken)
				r.ContentLength, r.Body = length, io.NopCloser(bytes.NewReader(body))
				delivery, err := v.Verify(r)
				want := 204
				if size > 300<<10 {
					require.ErrorIs(t, err, webhook.ErrBodyTooLarge)
					want = 413
				} else {
					require.NoError(t, err, "%d of length %d", size, length)
					assert.True(t, bytes.Equal(body, delivery.Body), "%d of length %d", size, length)
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
				assert.Equal(t, want, response(handler, r).Code)
			}
		}
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
