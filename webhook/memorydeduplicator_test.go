package webhook_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestADuplicateWaitsForTheFirstDelivery without a turn. It is handled if the first fails.
func TestADuplicateWaitsForTheFirstDelivery(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first  callback
		status int // of the first response
		calls  int32
	}{
		"handled":      {accept, 204, 1},
		"failed":       {fails, 503, 2},
		"panicked":     {func(context.Context, *webhook.Delivery) error { panic("oops") }, 500, 2},
		"never ending": {func(context.Context, *webhook.Delivery) error { runtime.Goexit(); return nil }, 500, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				counter := new(counter)
				counter.then = func(ctx context.Context, d *webhook.Delivery) error {
					if counter.calls.Load() == 1 {
						time.Sleep(10 * time.Second)
						return c.first(ctx, d)
					}
					return nil
				}
				handler := newHandler(t, verifier(t), counter.call, webhook.WithMaxConcurrent(2), inMemory())
				first := make(chan int, 1)
				go func() { first <- response(handler, sms(t, "1")).Code }()
				time.Sleep(time.Second)
				start := time.Now()
				var others sync.WaitGroup
				for range 5 {
					others.Go(func() { assert.Equal(t, 204, response(handler, sms(t, "1")).Code) })
				}
				synctest.Wait()
				assert.Equal(t, 204, response(handler, sms(t, "2")).Code, "a waiting duplicate has no turn")
				assert.Zero(t, time.Since(start))
				counter.calls.Add(-1)
				others.Wait()
				assert.Equal(t, 9*time.Second, time.Since(start))
				assert.Equal(t, c.status, <-first)
				assert.Equal(t, c.calls, counter.calls.Load())
			})
		})
	}
}

func TestADuplicateIsHandledIfTheFirstClientDisconnects(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		counter, observed := new(counter), new(outcomes)
		counter.then = func(ctx context.Context, _ *webhook.Delivery) error {
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
			return ctx.Err()
		}
		handler := newHandler(t, verifier(t), counter.call, observed.options(inMemory())...)
		ctx, disconnect := context.WithCancel(t.Context())
		go response(handler, sms(t, "1").WithContext(ctx))
		synctest.Wait()
		second := make(chan int)
		go func() { second <- response(handler, sms(t, "1")).Code }()
		synctest.Wait()
		disconnect()
		assert.Equal(t, 204, <-second)
		assert.EqualValues(t, 2, counter.calls.Load())
		assert.Equal(t, map[webhook.Reason]int{webhook.ReasonCanceled: 1, webhook.ReasonHandled: 1}, observed.reasons())
	})
}

// TestADuplicateWaitsUntilItsDeadline while the first delivery ignores its own deadline.
func TestADuplicateWaitsUntilItsDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		observed := new(outcomes)
		counter := &counter{then: func(context.Context, *webhook.Delivery) error {
			time.Sleep(time.Hour)
			return nil
		}}
		handler := newHandler(t, verifier(t), counter.call, observed.options(inMemory())...)
		first := make(chan int)
		go func() { first <- response(handler, sms(t, "1")).Code }()
		synctest.Wait()
		start := time.Now()
		w := response(handler, sms(t, "1"))
		assert.Equal(t, 503, w.Code)
		assert.Equal(t, "5", w.Header().Get("Retry-After"))
		assert.Equal(t, 15*time.Second, time.Since(start))
		outcome := observed.only(t)
		assert.Equal(t, webhook.ReasonBusy, outcome.Reason)
		require.ErrorIs(t, outcome.Err, webhook.ErrInProgress)
		assert.Equal(t, 204, response(handler, sms(t, "2")).Code, "other deliveries do not wait for it")
		assert.Equal(t, 204, <-first, "it was handled after its deadline")
		assert.EqualValues(t, 2, counter.calls.Load())
	})
}

func TestMemoryDeduplicator(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &webhook.MemoryDeduplicator{MaxKeys: 3, Window: time.Minute}
		knows := func(key string) bool {
			duplicate, err := d.Do(t.Context(), key, func(context.Context) error { return errDatabase })
			if !duplicate {
				require.ErrorIs(t, err, errDatabase)
			}
			return duplicate
		}
		handle := func(key string) {
			duplicate, err := d.Do(t.Context(), key, func(context.Context) error { return nil })
			require.NoError(t, err)
			require.False(t, duplicate)
		}
		assert.False(t, knows("a"))
		for _, key := range []string{"a", "b", "c"} {
			handle(key)
			time.Sleep(time.Second)
		}
		assert.True(t, knows("a") && knows("b") && knows("c"))
		handle("d")
		assert.False(t, knows("a"), "the oldest key was dropped")
		assert.True(t, knows("b") && knows("c") && knows("d"))

		time.Sleep(58*time.Second - time.Nanosecond) // b was handled two seconds before now
		assert.True(t, knows("b"))
		time.Sleep(time.Nanosecond)
		assert.False(t, knows("b"))
		assert.True(t, knows("c") && knows("d"))
		time.Sleep(time.Second)
		assert.False(t, knows("c"))
		handle("c")
		assert.True(t, knows("c"))
	})
}

func TestMemoryDeduplicatorIsBounded(t *testing.T) {
	t.Parallel()
	d := new(webhook.MemoryDeduplicator)
	for i := range 100_001 {
		_, err := d.Do(t.Context(), fmt.Sprint(i), func(context.Context) error { return nil })
		require.NoError(t, err)
	}
	for key, want := range map[string]bool{"0": false, "1": true, "100000": true} {
		duplicate, _ := d.Do(t.Context(), key, func(context.Context) error { return errDatabase })
		assert.Equal(t, want, duplicate, key)
	}
}

// TestTwoHandlersShareADeduplicator sends duplicates of 3 messages to both at once, for the
// race detector.
func TestTwoHandlersShareADeduplicator(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	calls := map[string]int{}
	shared := webhook.WithDeduplicator(new(webhook.MemoryDeduplicator))
	callback := func(_ context.Context, d *webhook.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		calls[d.Event.(*webhook.ReceivedSMS).ReplyID]++
		return nil
	}
	handlers := []*webhook.Handler{newHandler(t, verifier(t), callback, shared), newHandler(t, verifier(t), callback, shared)}
	var group sync.WaitGroup
	for i := range 60 {
		group.Go(func() { assert.Equal(t, 204, response(handlers[i%2], sms(t, fmt.Sprint(i%3))).Code) })
	}
	group.Wait()
	assert.Equal(t, map[string]int{"0": 1, "1": 1, "2": 1}, calls)
}
