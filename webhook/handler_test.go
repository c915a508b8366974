package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

type callback = func(context.Context, *webhook.Delivery) error

func accept(context.Context, *webhook.Delivery) error { return nil }

var errDatabase = errors.New("database down")

// response is what a handler says to a request.
func response(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// TestResponses has a row for each of the table in NewHandler's documentation, with
// the errors that the hook gets.
func TestResponses(t *testing.T) {
	t.Parallel()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, c := range map[string]struct {
		change   func(*http.Request)
		callback callback
		keys     webhook.KeySource
		status   int
		want     []error
		level    slog.Level
	}{
		"handled":     {nil, accept, nil, 204, nil, 0},
		"not handled": {nil, func(context.Context, *webhook.Delivery) error { return errDatabase }, nil, 503, []error{webhook.ErrCallback, errDatabase}, slog.LevelError},
		"a callback's error that looks like a forgery": {nil, func(context.Context, *webhook.Delivery) error { return webhook.ErrBadSignature }, nil, 503, []error{webhook.ErrCallback}, slog.LevelError},
		"a panic":               {nil, func(context.Context, *webhook.Delivery) error { panic("oops") }, nil, 500, []error{webhook.ErrPanic}, slog.LevelError},
		"a panic with an error": {nil, func(context.Context, *webhook.Delivery) error { panic(errDatabase) }, nil, 500, []error{webhook.ErrPanic, errDatabase}, slog.LevelError},
		"a panic with nil":      {nil, func(context.Context, *webhook.Delivery) error { panic(nil) }, nil, 500, []error{webhook.ErrPanic}, slog.LevelError},
		"HEAD":                  {func(r *http.Request) { r.Method = "HEAD" }, accept, nil, 405, []error{webhook.ErrMethodNotAllowed}, slog.LevelWarn},
		"OPTIONS":               {func(r *http.Request) { r.Method = "OPTIONS" }, accept, nil, 405, []error{webhook.ErrMethodNotAllowed}, slog.LevelWarn},
		"a malformed target":    {func(r *http.Request) { r.RequestURI = "/a b" }, accept, nil, 401, []error{webhook.ErrMalformed}, slog.LevelWarn},
		"no signature":          {func(r *http.Request) { r.Header.Del("X-MessageMedia-Signature") }, accept, nil, 401, []error{webhook.ErrMissingHeader}, slog.LevelWarn},
		"a wrong signature":     {header("X-MessageMedia-Signature", "AA=="), accept, nil, 401, []error{webhook.ErrBadSignature}, slog.LevelWarn},
		"another digest":        {header("X-MessageMedia-Digest-Type", "SHA512"), accept, nil, 401, []error{webhook.ErrDigestMismatch}, slog.LevelWarn},
		"an unknown key":        {header("X-MessageMedia-Key-Id", "nobody's"), accept, nil, 401, []error{webhook.ErrUnknownKey}, slog.LevelWarn},
		"an old delivery": {func(r *http.Request) {
			r.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
			require.NoError(t, signer.Sign(r))
		}, accept, nil, 401, []error{webhook.ErrStale}, slog.LevelWarn},
		"too large":                      {func(r *http.Request) { r.ContentLength = 9 << 20 }, accept, nil, 413, []error{webhook.ErrBodyTooLarge}, slog.LevelWarn},
		"unreadable":                     {func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(errDatabase)) }, accept, nil, 400, []error{webhook.ErrBodyRead}, slog.LevelWarn},
		"read before":                    {func(r *http.Request) { io.Copy(io.Discard, r.Body) }, accept, nil, 500, []error{webhook.ErrBodyConsumed}, slog.LevelError},
		"perhaps read before, or forged": {func(r *http.Request) { r.ContentLength = -1; r.Body = http.NoBody }, accept, nil, 401, []error{webhook.ErrBadSignature, webhook.ErrBodyConsumed}, slog.LevelWarn},
		"keys that can't be had":         {nil, accept, keySource(func(context.Context, string) (*webhook.Key, error) { return nil, errDatabase }), 503, []error{webhook.ErrKeySource, errDatabase}, slog.LevelError},
		"keys that panic":                {nil, accept, keySource(func(context.Context, string) (*webhook.Key, error) { panic("oops") }), 500, []error{webhook.ErrPanic}, slog.LevelError},
		"an unknown payload, handled":    {func(r *http.Request) { *r = *signedRequest(t, "PATCH", "/hooks", "<xml/>") }, accept, nil, 204, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys := c.keys
			if keys == nil {
				keys = webhook.NewKeySet(signer.Key())
			}
			calls, observer := 0, new(observer)
			handler := webhook.NewHandler(newVerifier(t, keys), func(ctx context.Context, d *webhook.Delivery) error {
				calls++
				return c.callback(ctx, d)
			}, observer.options()...)
			r := signedRequest(t, "POST", "/hooks/sms", `{"reply_id":"d3c2"}`)
			if c.change != nil {
				c.change(r)
			}
			w := response(handler, r)
			assert.Equal(t, c.status, w.Code)
			assert.Empty(t, w.Body.String(), "without a word")
			assert.Equal(t, map[int]string{503: "5"}[c.status], w.Header().Get("Retry-After"))
			assert.Equal(t, map[int]string{405: "DELETE, GET, PATCH, POST, PUT"}[c.status], w.Header().Get("Allow"))
			if slices.Contains([]int{400, 401, 405, 413}, c.status) || c.keys != nil {
				assert.Zero(t, calls, "it never reaches the callback")
			}
			if len(c.want) == 0 {
				assert.Empty(t, observer.errors)
				assert.Empty(t, observer.log.String())
				return
			}
			require.Len(t, observer.errors, 1)
			for _, want := range c.want {
				require.ErrorIs(t, observer.errors[0], want)
			}
			assert.Contains(t, observer.log.String(), "level="+c.level.String()+` msg="webhook: delivery" error=`)
		})
	}
}

// observer keeps what a handler's logger and hook are told.
type observer struct {
	mu     sync.Mutex
	errors []error
	log    bytes.Buffer
}

func (o *observer) options(more ...webhook.HandlerOption) []webhook.HandlerOption {
	return append([]webhook.HandlerOption{
		webhook.WithLogger(slog.New(slog.NewTextHandler(&o.log, nil))),
		webhook.WithErrorHook(func(_ context.Context, err error) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.errors = append(o.errors, err)
		}),
	}, more...)
}

func TestEveryMethodOfAWebhookIsHandled(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "POST", "PATCH", "PUT", "DELETE"} {
		assert.Equal(t, 204, response(webhook.NewHandler(verifier(t), accept), signedRequest(t, method, "/hooks", "payload")).Code)
	}
}

// TestTheServerLives: after a panic it responds as before.
func TestTheServerLives(t *testing.T) {
	t.Parallel()
	handler := webhook.NewHandler(verifier(t), func(_ context.Context, d *webhook.Delivery) error {
		if string(d.Body) == "panic" {
			panic("oops")
		}
		return nil
	}, webhook.WithMaxConcurrent(1))
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	for _, c := range []struct {
		body string
		want int
	}{{"panic", 500}, {"payload", 204}, {"panic", 500}, {"payload", 204}} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/hooks", strings.NewReader(c.body))
		require.NoError(t, err)
		require.NoError(t, signer.Sign(r))
		response, err := server.Client().Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, c.want, response.StatusCode)
	}
}

// TestLogsTellNothing looks at what is logged and told to the hook when all that
// can be refused is.
func TestLogsTellNothing(t *testing.T) {
	t.Parallel()
	const payload = `{"reply_id":"d3c2","content":"s3cret","source_number":"+61491570156"`
	observer := new(observer)
	handler := webhook.NewHandler(verifier(t), func(context.Context, *webhook.Delivery) error { return errDatabase },
		observer.options(webhook.WithDeduplicator(failing{}))...)
	sent := 0
	for _, body := range []string{payload + "}", payload} { // the second does not parse
		for _, fault := range faults {
			r := signedRequest(t, "POST", "/hooks/s3cret?token=s3cret", body)
			r.Header.Set("X-Token", "s3cret")
			fault.spoil(t, r)
			response(handler, r)
			sent++
		}
		response(handler, signedRequest(t, "POST", "/hooks/s3cret?token=s3cret", body))
		sent++
	}
	signature := signedRequest(t, "POST", "/", "").Header.Get("X-MessageMedia-Signature")
	output := observer.log.String() + fmt.Sprint(observer.errors)
	require.Len(t, observer.errors, sent+1, "each, and Seen once: the second payload has no key")
	require.Contains(t, output, "webhook: bad signature")
	require.Contains(t, output, "webhook: deduplicator failed: Seen: database down")
	require.Contains(t, output, "webhook: callback failed: database down")
	for _, secret := range []string{"s3cret", "+61491570156", "61491570156", "d3c2", signature[:20], platformKey.ID, "/hooks"} {
		assert.NotContains(t, output, secret)
	}
}

// TestAPanicIsLoggedWithItsStack: without it nobody finds the line.
func TestAPanicIsLoggedWithItsStack(t *testing.T) {
	t.Parallel()
	observer := new(observer)
	handler := webhook.NewHandler(verifier(t), panicsHere, observer.options()...)
	assert.Equal(t, 500, response(handler, signedRequest(t, "POST", "/hooks", "payload")).Code)
	assert.Contains(t, observer.log.String(), `error="webhook: panic: oops"`)
	assert.Contains(t, observer.log.String(), "webhook_test.panicsHere")
}

func panicsHere(context.Context, *webhook.Delivery) error { panic("oops") }

// TestSilence: without options a handler writes nowhere.
func TestSilence(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 401, response(webhook.NewHandler(verifier(t), accept), received("POST", "/hooks", "payload")).Code)
}

func TestTheCallbackHasATimeLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []webhook.HandlerOption
		want    time.Duration
	}{
		"15 seconds":            {nil, 15 * time.Second},
		"another one by option": {[]webhook.HandlerOption{webhook.WithTimeout(time.Minute)}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				observer := new(observer)
				handler := webhook.NewHandler(verifier(t), func(ctx context.Context, _ *webhook.Delivery) error {
					<-ctx.Done()
					return ctx.Err()
				}, observer.options(c.options...)...)
				assert.Equal(t, 503, response(handler, signedRequest(t, "POST", "/hooks", "payload")).Code)
				assert.Equal(t, c.want, time.Since(start))
				require.ErrorIs(t, observer.errors[0], context.DeadlineExceeded)
			})
		})
	}
}

// TestTheCallbacksContextIsTheRequests: it ends with the connection, and has the values
// that middleware put there.
func TestTheCallbacksContextIsTheRequests(t *testing.T) {
	t.Parallel()
	type contextKey struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "value"))
	handler := webhook.NewHandler(verifier(t), func(ctx context.Context, d *webhook.Delivery) error {
		assert.Equal(t, "value", ctx.Value(contextKey{}))
		assert.Equal(t, &webhook.ReceivedSMS{ReplyID: "d3c2"}, d.Event)
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	assert.Equal(t, 503, response(handler, signedRequest(t, "POST", "/hooks", `{"reply_id":"d3c2"}`).WithContext(ctx)).Code)
}

// TestSlots fills them all, and sends one delivery more.
func TestSlots(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []webhook.HandlerOption
		slots   int
	}{
		"64":                  {nil, 64},
		"another number":      {[]webhook.HandlerOption{webhook.WithMaxConcurrent(2)}, 2},
		"with a Deduplicator": {[]webhook.HandlerOption{webhook.WithMaxConcurrent(2), webhook.WithDeduplicator(new(webhook.MemoryDeduplicator))}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				observer, release := new(observer), make(chan struct{})
				handler := webhook.NewHandler(verifier(t), func(context.Context, *webhook.Delivery) error {
					<-release
					return nil
				}, observer.options(c.options...)...)
				deliver := func(i int) *http.Request {
					return signedRequest(t, "POST", "/hooks", fmt.Sprintf(`{"reply_id":"%d"}`, i))
				}
				var group sync.WaitGroup
				for i := range c.slots {
					group.Go(func() { assert.Equal(t, 204, response(handler, deliver(i)).Code) })
				}
				synctest.Wait()
				w := response(handler, deliver(c.slots))
				assert.Equal(t, 503, w.Code)
				assert.Equal(t, "5", w.Header().Get("Retry-After"))
				require.ErrorIs(t, observer.errors[0], webhook.ErrBusy)
				assert.Equal(t, 401, response(handler, received("POST", "/hooks", "junk")).Code, "junk takes no slot")
				close(release)
				group.Wait()
				assert.Equal(t, 204, response(handler, deliver(c.slots)).Code, "the slots are free again")
			})
		})
	}
}

func TestNewHandlerPanicsOverBadArguments(t *testing.T) {
	t.Parallel()
	defer func() {
		err, ok := recover().(error)
		require.True(t, ok)
		assert.EqualError(t, err, strings.Join([]string{
			"webhook: NewHandler: the verifier is nil, want one of NewVerifier",
			"webhook: NewHandler: the callback is nil",
			"webhook: WithTimeout: 0s, want more than 0",
			"webhook: WithMaxConcurrent: 0, want 1 or more",
			"webhook: WithLogger: the logger is nil, leave the option out for silence",
			"webhook: WithErrorHook: the hook is nil, leave the option out for none",
			"webhook: WithDedupeKey: the function is nil, leave the option out for Delivery.DedupeKey",
		}, "\n"))
	}()
	webhook.NewHandler(nil, nil, webhook.WithTimeout(0), webhook.WithMaxConcurrent(0), webhook.WithLogger(nil), webhook.WithErrorHook(nil), webhook.WithDedupeKey(nil))
}

// sms is a delivery of a text message with this ID.
func sms(t *testing.T, id string) *http.Request {
	t.Helper()
	return signedRequest(t, "POST", "/hooks", fmt.Sprintf(`{"reply_id":%q,"content":"YES"}`, id))
}

// counter is a callback that counts, and does what it is told then.
type counter struct {
	calls int
	then  callback
}

func (c *counter) call(ctx context.Context, d *webhook.Delivery) error {
	c.calls++
	if c.then == nil {
		return nil
	}
	return c.then(ctx, d)
}

func TestDuplicatesAreHandledOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		counter := new(counter)
		handler := webhook.NewHandler(verifier(t), counter.call, webhook.WithDeduplicator(new(webhook.MemoryDeduplicator)))
		for range 3 {
			assert.Equal(t, 204, response(handler, sms(t, "1")).Code)
		}
		assert.Equal(t, 1, counter.calls)
		assert.Equal(t, 204, response(handler, sms(t, "2")).Code)
		assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/other", `{"reply_id":"1"}`)).Code)
		assert.Equal(t, 3, counter.calls, "another ID, another path")

		time.Sleep(30*time.Minute - time.Nanosecond)
		response(handler, sms(t, "1"))
		assert.Equal(t, 3, counter.calls)
		time.Sleep(time.Nanosecond)
		response(handler, sms(t, "1"))
		assert.Equal(t, 4, counter.calls, "the window is over")
	})
}

// TestTwoTextsThatSayYesAreTwo: without an ID there is nothing to tell them apart by.
func TestTwoTextsThatSayYesAreTwo(t *testing.T) {
	t.Parallel()
	counter := new(counter)
	handler := webhook.NewHandler(verifier(t), counter.call, webhook.WithDeduplicator(new(webhook.MemoryDeduplicator)))
	for _, body := range []string{`{"event":"RECEIVED_SMS","content":"YES"}`, `{"event":"RECEIVED_SMS","reply_id":"$replyId","content":"YES"}`, "YES", ""} {
		counter.calls = 0
		for range 2 {
			assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/hooks", body)).Code)
		}
		assert.Equal(t, 2, counter.calls, body)
	}
}

// TestAKeyOfOnesOwn is for templates whose ID stands under another name.
func TestAKeyOfOnesOwn(t *testing.T) {
	t.Parallel()
	counter := new(counter)
	key := func(d *webhook.Delivery) string { return string(d.Body) }
	handler := webhook.NewHandler(verifier(t), counter.call, webhook.WithDeduplicator(new(webhook.MemoryDeduplicator)), webhook.WithDedupeKey(key))
	for _, body := range []string{`{"id":"1"}`, `{"id":"1"}`, `{"id":"2"}`, ``, ``} {
		assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/hooks", body)).Code)
	}
	assert.Equal(t, 4, counter.calls, "an empty key is that of no other")

	never := webhook.NewHandler(verifier(t), counter.call, webhook.WithDedupeKey(func(*webhook.Delivery) string { panic("it has no use") }))
	assert.Equal(t, 204, response(never, sms(t, "1")).Code)
	broken := webhook.NewHandler(verifier(t), counter.call, webhook.WithDeduplicator(new(webhook.MemoryDeduplicator)),
		webhook.WithDedupeKey(func(*webhook.Delivery) string { panic("oops") }))
	assert.Equal(t, 500, response(broken, sms(t, "1")).Code)
}

// TestAFailureIsNotMarked: the platform sends it again, and it is handled then.
func TestAFailureIsNotMarked(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]callback{
		"an error": func(context.Context, *webhook.Delivery) error { return errDatabase },
		"a panic":  func(context.Context, *webhook.Delivery) error { panic("oops") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counter := &counter{then: fail}
			handler := webhook.NewHandler(verifier(t), counter.call, webhook.WithDeduplicator(new(webhook.MemoryDeduplicator)))
			assert.GreaterOrEqual(t, response(handler, sms(t, "1")).Code, 500)
			counter.then = nil
			assert.Equal(t, 204, response(handler, sms(t, "1")).Code)
			assert.Equal(t, 2, counter.calls)
		})
	}
}

// TestTwoCopiesTogether: the second waits for what becomes of the first.
func TestTwoCopiesTogether(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		then   callback
		status int
		want   error
	}{
		"handled":      {accept, 204, nil},
		"failed":       {func(context.Context, *webhook.Delivery) error { return errDatabase }, 503, errDatabase},
		"panicked":     {func(context.Context, *webhook.Delivery) error { panic("oops") }, 500, webhook.ErrPanic},
		"never ending": {func(context.Context, *webhook.Delivery) error { runtime.Goexit(); return nil }, 503, webhook.ErrBusy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				observer := new(observer)
				counter := &counter{then: func(ctx context.Context, d *webhook.Delivery) error {
					time.Sleep(10 * time.Second)
					return c.then(ctx, d)
				}}
				handler := webhook.NewHandler(verifier(t), counter.call,
					observer.options(webhook.WithMaxConcurrent(1), webhook.WithDeduplicator(new(webhook.MemoryDeduplicator)))...)
				go func() { response(handler, sms(t, "1")) }()
				time.Sleep(time.Second)
				start := time.Now()
				assert.Equal(t, c.status, response(handler, sms(t, "1")).Code)
				assert.Equal(t, 9*time.Second, time.Since(start))
				assert.Equal(t, 1, counter.calls)
				synctest.Wait()
				for _, err := range observer.errors {
					assert.ErrorIs(t, err, c.want)
				}
			})
		})
	}
}

// TestTheSecondCopyWaitsUntilItsDeadline while the first pays no heed to its own.
func TestTheSecondCopyWaitsUntilItsDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		observer := new(observer)
		counter := &counter{then: func(context.Context, *webhook.Delivery) error {
			time.Sleep(time.Hour)
			return nil
		}}
		handler := webhook.NewHandler(verifier(t), counter.call, observer.options(webhook.WithDeduplicator(new(webhook.MemoryDeduplicator)))...)
		first := make(chan int)
		go func() { first <- response(handler, sms(t, "1")).Code }()
		synctest.Wait()
		start := time.Now()
		w := response(handler, sms(t, "1"))
		assert.Equal(t, 503, w.Code)
		assert.Equal(t, "5", w.Header().Get("Retry-After"))
		assert.Equal(t, 15*time.Second, time.Since(start))
		require.ErrorIs(t, observer.errors[0], webhook.ErrBusy)
		assert.Equal(t, 204, response(handler, sms(t, "2")).Code, "others do not wait for it")
		assert.Equal(t, 204, <-first)
		assert.Equal(t, 2, counter.calls)
	})
}

// failing is a Deduplicator whose database is down.
type failing struct{}

func (failing) Seen(context.Context, string) (bool, error) { return true, errDatabase }
func (failing) Mark(context.Context, string) error         { return errDatabase }

type panicking struct{}

func (panicking) Seen(context.Context, string) (bool, error) { panic(errDatabase) }
func (panicking) Mark(context.Context, string) error         { panic(errDatabase) }

// TestADeduplicatorThatFails: handled twice is better than lost.
func TestADeduplicatorThatFails(t *testing.T) {
	t.Parallel()
	for name, deduplicator := range map[string]webhook.Deduplicator{"errors": failing{}, "panics": panicking{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counter, observer := new(counter), new(observer)
			handler := webhook.NewHandler(verifier(t), counter.call, observer.options(webhook.WithDeduplicator(deduplicator))...)
			assert.Equal(t, 204, response(handler, sms(t, "1")).Code)
			assert.Equal(t, 1, counter.calls)
			require.Len(t, observer.errors, 2)
			for i, method := range []string{"Seen", "Mark"} {
				require.ErrorIs(t, observer.errors[i], webhook.ErrDeduplicator)
				require.ErrorIs(t, observer.errors[i], errDatabase)
				assert.ErrorContains(t, observer.errors[i], method)
			}
			assert.Contains(t, observer.log.String(), "level=ERROR")
		})
	}
}

// contexts is a Deduplicator that looks at its contexts.
type contexts struct {
	t    *testing.T
	mark error
}

func (c *contexts) Seen(ctx context.Context, key string) (bool, error) {
	assert.Equal(c.t, "/hooks received_sms 1", key)
	deadline, ok := ctx.Deadline()
	assert.True(c.t, ok)
	assert.Equal(c.t, 15*time.Second, time.Until(deadline))
	return false, nil
}

func (c *contexts) Mark(ctx context.Context, _ string) error {
	assert.NoError(c.t, ctx.Err(), "it does not end with the request")
	<-ctx.Done()
	c.mark = ctx.Err()
	return c.mark
}

func TestMarkHasATimeOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deduplicator := &contexts{t: t}
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		handler := webhook.NewHandler(verifier(t), func(context.Context, *webhook.Delivery) error {
			cancel() // the platform has hung up
			return nil
		}, webhook.WithDeduplicator(deduplicator))
		assert.Equal(t, 204, response(handler, sms(t, "1").WithContext(ctx)).Code)
		require.ErrorIs(t, deduplicator.mark, context.DeadlineExceeded)
		assert.Equal(t, 15*time.Second, time.Since(start))
	})
}

func TestMemoryDeduplicator(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &webhook.MemoryDeduplicator{MaxKeys: 3, Window: time.Minute}
		seen := func(key string) bool {
			seen, err := d.Seen(t.Context(), key)
			require.NoError(t, err)
			return seen
		}
		assert.False(t, seen("a"))
		for _, key := range []string{"a", "b", "c"} {
			require.NoError(t, d.Mark(t.Context(), key))
			time.Sleep(time.Second)
		}
		require.NoError(t, d.Mark(t.Context(), "c"))
		assert.True(t, seen("a") && seen("b") && seen("c"), "what is there already takes no room")
		require.NoError(t, d.Mark(t.Context(), "d"))
		assert.False(t, seen("a"), "the oldest makes room")
		assert.True(t, seen("b") && seen("c") && seen("d"))

		time.Sleep(58*time.Second - time.Nanosecond) // b was marked two seconds before now
		assert.True(t, seen("b"))
		time.Sleep(time.Nanosecond)
		assert.False(t, seen("b"))
		assert.True(t, seen("c") && seen("d"))
		require.NoError(t, d.Mark(t.Context(), "c"))
		time.Sleep(time.Second)
		assert.False(t, seen("c"), "the window counts from the first time")
		require.NoError(t, d.Mark(t.Context(), "c"))
		assert.True(t, seen("c"))
	})
}

// TestMemoryDeduplicatorIsBounded by 100,000 keys.
func TestMemoryDeduplicatorIsBounded(t *testing.T) {
	t.Parallel()
	d := new(webhook.MemoryDeduplicator)
	for i := range 100_001 {
		require.NoError(t, d.Mark(t.Context(), fmt.Sprint(i)))
	}
	for key, want := range map[string]bool{"0": false, "1": true, "100000": true} {
		seen, err := d.Seen(t.Context(), key)
		require.NoError(t, err)
		assert.Equal(t, want, seen, key)
	}
}

// TestManyCopiesAtOnce has the race detector look.
func TestManyCopiesAtOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	calls := map[string]int{}
	handler := webhook.NewHandler(verifier(t), func(_ context.Context, d *webhook.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		calls[d.DedupeKey()]++
		return nil
	}, webhook.WithDeduplicator(new(webhook.MemoryDeduplicator)))
	var group sync.WaitGroup
	for i := range 60 {
		group.Go(func() { assert.Equal(t, 204, response(handler, sms(t, fmt.Sprint(i%3))).Code) })
	}
	group.Wait()
	assert.Equal(t, map[string]int{"/hooks received_sms 0": 1, "/hooks received_sms 1": 1, "/hooks received_sms 2": 1}, calls)
}
