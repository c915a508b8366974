package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

type handleFunc = func(context.Context) error

// deduplicatorFunc is a function that implements Deduplicator.
type deduplicatorFunc func(ctx context.Context, key string, handle handleFunc) (bool, error)

func (f deduplicatorFunc) Do(ctx context.Context, key string, handle handleFunc) (bool, error) {
	return f(ctx, key, handle)
}

// failing is a Deduplicator that always fails.
type failing struct{}

func (failing) Do(context.Context, string, handleFunc) (bool, error) { return false, errDatabase }

// sms returns a delivery of an inbound message with this ID.
func sms(t *testing.T, id string) *http.Request {
	t.Helper()
	return signedRequest(t, "POST", "/hooks", fmt.Sprintf(`{"reply_id":%q,"content":"YES"}`, id))
}

// counter is a callback that counts its calls, and then calls another callback.
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
		assert.Empty(t, observed.log.String(), "duplicates are not logged")
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

// TestMessagesWithoutAnIDAreNotDuplicates, even with the same text.
func TestMessagesWithoutAnIDAreNotDuplicates(t *testing.T) {
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

// TestWithDedupeKey covers templates with the ID under another name.
func TestWithDedupeKey(t *testing.T) {
	t.Parallel()
	counter := new(counter)
	key := func(d *webhook.Delivery) string { return string(d.Body) }
	handler := newHandler(t, verifier(t), counter.call, inMemory(), webhook.WithDedupeKey(key))
	for _, body := range []string{`{"id":"1"}`, `{"id":"1"}`, `{"id":"2"}`, ``, ``} {
		assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/hooks", body)).Code)
	}
	assert.EqualValues(t, 4, counter.calls.Load(), "deliveries with an empty key are always handled")

	never := newHandler(t, verifier(t), counter.call, webhook.WithDedupeKey(func(*webhook.Delivery) string { panic("not called without a deduplicator") }))
	assert.Equal(t, 204, response(never, sms(t, "1")).Code)
	broken := newHandler(t, verifier(t), counter.call, inMemory(), webhook.WithDedupeKey(func(*webhook.Delivery) string { panic("oops") }))
	assert.Equal(t, 500, response(broken, sms(t, "1")).Code)
}

// TestAFailureIsNotRecorded, so a retry is handled.
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

// TestCustomDeduplicators acknowledge a delivery only if the callback and the deduplicator
// succeed.
func TestCustomDeduplicators(t *testing.T) {
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
		"reports a duplicate after the callback failed": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) { handle(ctx); return true, nil },
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
		"retries a transaction": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) {
			handle(ctx)
			return false, handle(ctx)
		},
			accept, 204, webhook.ReasonHandled, nil, 2},
		"panics":                    {func(context.Context, string, handleFunc) (bool, error) { panic(errDatabase) }, accept, 500, webhook.ReasonPanic, []error{webhook.ErrPanic, errDatabase}, 0},
		"panics after the callback": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) { handle(ctx); panic("oops") }, accept, 500, webhook.ReasonPanic, []error{webhook.ErrPanic}, 1},
		"exits":                     {func(context.Context, string, handleFunc) (bool, error) { runtime.Goexit(); return true, nil }, accept, 500, webhook.ReasonPanic, []error{webhook.ErrPanic}, 0},
		"sees the callback's panic as an error": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) {
			return false, fmt.Errorf("rolled back: %w", handle(ctx))
		}, func(context.Context, *webhook.Delivery) error { panic("oops") }, 500, webhook.ReasonPanic, []error{webhook.ErrPanic}, 1},
		"returns in spite of the callback's panic": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) {
			handle(ctx)
			return false, errCommit
		}, func(context.Context, *webhook.Delivery) error { panic("oops") }, 500, webhook.ReasonPanic, []error{webhook.ErrPanic, webhook.ErrDeduplicator, errCommit}, 1},
		"is unwound by the callback's Goexit": {func(ctx context.Context, _ string, handle handleFunc) (bool, error) {
			handle(ctx)
			panic("not reached")
		}, func(context.Context, *webhook.Delivery) error { runtime.Goexit(); return nil }, 500, webhook.ReasonPanic, []error{webhook.ErrPanic}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counter, observed := &counter{then: c.callback}, new(outcomes)
			handler := newHandler(t, verifier(t), counter.call, observed.options(webhook.WithMaxConcurrent(1), webhook.WithDeduplicator(c.do))...)
			for range 2 { // the second needs the turn of the first
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
				assert.Equal(t, slices.Contains(c.want, webhook.ErrDeduplicator), errors.Is(outcome.Err, webhook.ErrDeduplicator))
				assert.Equal(t, c.calls, counter.calls.Load())
			}
		})
	}
}

// TestTheCallbackGetsTheContextOfDo with its values and its deadline.
func TestTheCallbackGetsTheContextOfDo(t *testing.T) {
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
