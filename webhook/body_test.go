package webhook_test

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

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

// TestLargeBodiesShareWhatTheOldestLeaves has five bodies of 8 MiB, which fit into 64 MiB. What
// the oldest already has is not kept for it once more.
func TestLargeBodiesShareWhatTheOldestLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := newHandler(t, newVerifier(t, headerToken(aToken)), accept)
		wait := make(chan struct{})
		var group sync.WaitGroup
		for i := range 5 {
			body := &stalling{8*mebibyte - 1, wait}
			r := received("POST", "/hooks", "")
			r.Header.Set("X-Webhook-Token", aToken)
			r.ContentLength, r.Body = 8*mebibyte, body
			group.Go(func() { response(handler, r) })
			synctest.Wait()
			assert.Zero(t, body.left, "body %d is read up to its stalled end", i)
		}
		close(wait)
		group.Wait()
	})
}

// TestALargeBodyReturnsItsMemory handles more bodies, one after another, than would fit at once.
func TestALargeBodyReturnsItsMemory(t *testing.T) {
	t.Parallel()
	handler := newHandler(t, newVerifier(t, headerToken(aToken)), accept)
	body := strings.Repeat("x", 200<<10)
	for range 2000 { // a part of 96 KiB that is not returned would use up 64 MiB after 700
		r := received("POST", "/hooks", body)
		r.Header.Set("X-Webhook-Token", aToken)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		require.Equal(t, 204, response(handler, r.WithContext(ctx)).Code)
		cancel()
	}
}
