package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

type handleFunc = func(context.Context) error

// deduplicatorFunc is a Deduplicator of one function.
type deduplicatorFunc func(ctx context.Context, key string, handle handleFunc) (bool, error)

func (f deduplicatorFunc) Do(ctx context.Context, key string, handle handleFunc) (bool, error) {
	return f(ctx, key, handle)
}

// failing is a Deduplicator whose database is down.
type failing struct{}

func (failing) Do(context.Context, string, handleFunc) (bool, error) { return false, errDatabase }

// sms is a delivery of a text message with this ID.
func sms(t *testing.T, id string) *http.Request {
	t.Helper()
	return signedRequest(t, "POST", "/hooks", fmt.Sprintf(`{"reply_id":%q,"content":"YES"}`, id))
}

// counter is a callback that counts, and does what it is told then.
type counter struct {
	calls atomic.Int32
	then  callback
}

func (c *counter) call(ctx context.Context, d *webhook.Delivery) error {
	c.calls.Add(1)
	if c.then == nil {
		return nil
	}
	return c.then(ctx, d)
}

func inMemory() webhook.HandlerOption {
	return webhook.WithDeduplicator(new(webhook.MemoryDeduplicator))
}

func TestDuplicatesAreHandledOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		counter, observed := new(counter), new(outcomes)
		handler := newHandler(t, verifier(t), counter.call, observed.options(inMemory())...)
		for range 3 {
			assert.Equal(t, 204, response(handler, sms(t, "1")).Code)
		}
		assert.EqualValues(t, 1, counter.calls.Load())
		assert.Equal(t, map[webhook.Reason]int{webhook.ReasonHandled: 1, webhook.ReasonDuplicate: 2}, observed.reasons())
		assert.Empty(t, observed.log.String(), "duplicates are usual")
		assert.Equal(t, 204, response(handler, sms(t, "2")).Code)
		assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/other", `{"reply_id":"1"}`)).Code)
		assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/hooks?to=crm", `{"reply_id":"1"}`)).Code)
		assert.Equal(t, 204, response(handler, signedRequest(t, "PUT", "/hooks", `{"reply_id":"1"}`)).Code)
		assert.EqualValues(t, 5, counter.calls.Load(), "another ID, and other webhooks")

		time.Sleep(30*time.Minute - time.Nanosecond)
		response(handler, sms(t, "1"))
		assert.EqualValues(t, 5, counter.calls.Load())
		time.Sleep(time.Nanosecond)
		response(handler, sms(t, "1"))
		assert.EqualValues(t, 6, counter.calls.Load(), "the window is over")
	})
}

// TestTwoTextsThatSayYesAreTwo: without an ID nothing identifies a duplicate.
func TestTwoTextsThatSayYesAreTwo(t *testing.T) {
	t.Parallel()
	counter := new(counter)
	handler := newHandler(t, verifier(t), counter.call, inMemory())
	for _, body := range []string{
		`{"event":"RECEIVED_SMS","content":"YES"}`, `{"event":"RECEIVED_SMS","reply_id":"$replyId","content":"YES"}`,
		`{"event":"RECEIVED_SMS","reply_id":"$esc.json($!moId)"}`, `{"event":"RECEIVED_SMS","reply_id":"null"}`, "YES", "",
	} {
		counter.calls.Store(0)
		for range 2 {
			assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/hooks", body)).Code)
		}
		assert.EqualValues(t, 2, counter.calls.Load(), body)
	}
}

// TestAKeyOfOnesOwn is for templates whose ID stands under another name.
func TestAKeyOfOnesOwn(t *testing.T) {
	t.Parallel()
	counter := new(counter)
	key := func(d *webhook.Delivery) string { return string(d.Body) }
	handler := newHandler(t, verifier(t), counter.call, inMemory(), webhook.WithDedupeKey(key))
	for _, body := range []string{`{"id":"1"}`, `{"id":"1"}`, `{"id":"2"}`, ``, ``} {
		assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/hooks", body)).Code)
	}
	assert.EqualValues(t, 4, counter.calls.Load(), "an empty key is that of no other")

	never := newHandler(t, verifier(t), counter.call, webhook.WithDedupeKey(func(*webhook.Delivery) string { panic("it has no use") }))
	assert.Equal(t, 204, response(never, sms(t, "1")).Code)
	broken := newHandler(t, verifier(t), counter.call, inMemory(), webhook.WithDedupeKey(func(*webhook.Delivery) string { panic("oops") }))
	assert.Equal(t, 500, response(broken, sms(t, "1")).Code)
}

// TestAFailureIsNotRecorded: the platform sends it again, and it is handled then.
func TestAFailureIsNotRecorded(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]callback{
		"an error": fails,
		"a panic":  func(context.Context, *webhook.Delivery) error { panic("oops") },
		"a Goexit": func(context.Context, *webhook.Delivery) error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counter := &counter{then: fail}
			handler := newHandler(t, verifier(t), counter.call, inMemory())
			assert.GreaterOrEqual(t, response(handler, sms(t, "1")).Code, 500)
			counter.then = nil
			assert.Equal(t, 204, response(handler, sms(t, "1")).Code)
			assert.EqualValues(t, 2, counter.calls.Load())
		})
	}
}

// TestTwoCopiesTogether: the second waits for what becomes of the first, without a turn,
// and is handled if that failed.
func TestTwoCopiesTogether(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first  callback
		status int // of the first
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
				assert.Equal(t, 204, response(handler, sms(t, "2")).Code, "duplicates take no turn of others")
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

// TestTheFirstCopysClientDisconnects: its callback fails, and the second is handled.
func TestTheFirstCopysClientDisconnects(t *testing.T) {
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

// TestTheSecondCopyWaitsUntilItsDeadline while the first ignores its own.
func TestTheSecondCopyWaitsUntilItsDeadline(t *testing.T) {
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
		assert.Equal(t, 204, response(handler, sms(t, "2")).Code, "others do not wait for it")
		assert.Equal(t, 204, <-first, "it was handled, if late")
		assert.EqualValues(t, 2, counter.calls.Load())
	})
}

// TestDeduplicatorsOfOnesOwn: a delivery is acknowledged only if the callback and the
// deduplicator say so.
func TestDeduplicatorsOfOnesOwn(t *testing.T) {
	t.Parallel()
	errCommit := errors.New("commit failed")
	for name, c := range map[string]struct {
		do       deduplicatorFunc
		callback callback
		status   int
		reason   webhook.Reason
		want     []error
		calls    int32
	}{
		"calls handle": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) { return false, handle(ctx) },
			accept, 204, webhook.ReasonHandled, nil, 1},
		"knows the key": {func(context.Context, string, handleFunc) (bool, error) { return true, nil }, accept, 204, webhook.ReasonDuplicate, nil, 0},
		"fails before":  {failing{}.Do, accept, 503, webhook.ReasonDeduplicator, []error{webhook.ErrDeduplicator, errDatabase}, 0},
		"fails after the callback": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) {
			return false, errors.Join(handle(ctx), errCommit)
		}, accept, 503, webhook.ReasonDeduplicator, []error{webhook.ErrDeduplicator, errCommit}, 1},
		"says duplicate and fails": {func(context.Context, string, handleFunc) (bool, error) { return true, errDatabase },
			accept, 503, webhook.ReasonDeduplicator, []error{webhook.ErrDeduplicator}, 0},
		"returns the callback's error": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) { return false, handle(ctx) },
			fails, 503, webhook.ReasonCallback, []error{webhook.ErrCallback, errDatabase}, 1},
		"wraps the callback's error": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) {
			return false, fmt.Errorf("transaction: %w", handle(ctx))
		}, fails, 503, webhook.ReasonCallback, []error{webhook.ErrCallback, errDatabase}, 1},
		"hides the callback's error": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) { handle(ctx); return false, nil },
			fails, 503, webhook.ReasonCallback, []error{webhook.ErrCallback}, 1},
		"takes it for a duplicate": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) { handle(ctx); return true, nil },
			fails, 503, webhook.ReasonCallback, []error{webhook.ErrCallback}, 1},
		"fails after the callback failed": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) {
			handle(ctx)
			return false, errCommit
		},
			fails, 503, webhook.ReasonCallback, []error{webhook.ErrCallback, webhook.ErrDeduplicator, errCommit}, 1},
		"does nothing": {func(context.Context, string, handleFunc) (bool, error) { return false, nil }, accept, 503, webhook.ReasonDeduplicator, []error{webhook.ErrDeduplicator}, 0},
		"has no time": {func(context.Context, string, handleFunc) (bool, error) {
			return false, fmt.Errorf("redis: %w", webhook.ErrInProgress)
		},
			accept, 503, webhook.ReasonBusy, []error{webhook.ErrBusy, webhook.ErrInProgress}, 0},
		"tries a transaction again": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) {
			handle(ctx)
			return false, handle(ctx)
		},
			accept, 204, webhook.ReasonHandled, nil, 2},
		"panics":                    {func(context.Context, string, handleFunc) (bool, error) { panic(errDatabase) }, accept, 500, webhook.ReasonPanic, []error{webhook.ErrPanic, errDatabase}, 0},
		"panics after the callback": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) { handle(ctx); panic("oops") }, accept, 500, webhook.ReasonPanic, []error{webhook.ErrPanic}, 1},
		"exits":                     {func(context.Context, string, handleFunc) (bool, error) { runtime.Goexit(); return true, nil }, accept, 500, webhook.ReasonPanic, []error{webhook.ErrPanic}, 0},
		"sees the callback's panic as an error": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) {
			err := handle(ctx)
			assert.ErrorIs(t, err, webhook.ErrPanic)
			return false, err
		}, func(context.Context, *webhook.Delivery) error { panic("oops") }, 500, webhook.ReasonPanic, []error{webhook.ErrPanic}, 1},
		"sees the callback's Goexit as an error": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) {
			err := handle(ctx)
			assert.ErrorIs(t, err, webhook.ErrPanic)
			return false, err
		}, func(context.Context, *webhook.Delivery) error { runtime.Goexit(); return nil }, 500, webhook.ReasonPanic, []error{webhook.ErrPanic}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counter, observed := &counter{then: c.callback}, new(outcomes)
			handler := newHandler(t, verifier(t), counter.call, observed.options(webhook.WithMaxConcurrent(1), webhook.WithDeduplicator(c.do))...)
			for range 2 { // the turn comes back each time
				observed.all = nil
				counter.calls.Store(0)
				assert.Equal(t, c.status, response(handler, sms(t, "1")).Code)
				outcome := observed.only(t)
				assert.Equal(t, c.reason, outcome.Reason)
				for _, want := range c.want {
					require.ErrorIs(t, outcome.Err, want)
				}
				if c.status == 204 {
					require.NoError(t, outcome.Err)
				}
				assert.Equal(t, c.calls, counter.calls.Load())
			}
		})
	}
}

// TestTheContextOfDo is the callback's: it has what Do puts there, and its own deadline.
func TestTheContextOfDo(t *testing.T) {
	t.Parallel()
	type transaction struct{}
	synctest.Test(t, func(t *testing.T) {
		deadlineOf := func(ctx context.Context) time.Duration {
			deadline, ok := ctx.Deadline()
			assert.True(t, ok)
			return time.Until(deadline)
		}
		handler := newHandler(t, verifier(t), func(ctx context.Context, d *webhook.Delivery) error {
			assert.Equal(t, "tx", ctx.Value(transaction{}))
			assert.Equal(t, 15*time.Second, deadlineOf(ctx))
			return nil
		}, webhook.WithDeduplicator(deduplicatorFunc(func(ctx context.Context, key string, handle handleFunc) (bool, error) {
			assert.Len(t, key, 66)
			assert.Equal(t, 15*time.Second, deadlineOf(ctx))
			return false, handle(context.WithValue(ctx, transaction{}, "tx"))
		})))
		assert.Equal(t, 204, response(handler, sms(t, "1")).Code)
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
		assert.False(t, knows("a"), "the oldest makes room")
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

// TestMemoryDeduplicatorIsBounded by 100,000 keys.
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

// TestTwoInstancesOneDeduplicator has the race detector look: copies of 3 messages at
// two handlers at once.
func TestTwoInstancesOneDeduplicator(t *testing.T) {
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
