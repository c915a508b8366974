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
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

var errDatabase = errors.New("database down")

func fails(context.Context, *webhook.Delivery) error { return errDatabase }

// response returns the handler's response to a request.
func response(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// outcomes keeps the outcomes that an observer gets, and the log.
type outcomes struct {
	mu  sync.Mutex
	all []webhook.DeliveryOutcome
	log bytes.Buffer
}

func (o *outcomes) options(more ...webhook.HandlerOption) []webhook.HandlerOption {
	return append([]webhook.HandlerOption{
		webhook.WithLogger(slog.New(slog.NewTextHandler(&o.log, nil))),
		webhook.WithObserver(func(_ context.Context, outcome webhook.DeliveryOutcome) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.all = append(o.all, outcome)
		}),
	}, more...)
}

// only returns the only outcome.
func (o *outcomes) only(t *testing.T) webhook.DeliveryOutcome {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	require.Len(t, o.all, 1, "the observer is called once per delivery")
	return o.all[0]
}

// reasons counts the outcomes by reason.
func (o *outcomes) reasons() map[webhook.Reason]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	counts := make(map[webhook.Reason]int)
	for _, outcome := range o.all {
		counts[outcome.Reason]++
	}
	return counts
}

// responseCases covers each row of the table in NewHandler's documentation.
var responseCases = []struct {
	name     string
	change   func(*testing.T, *http.Request)
	callback callback
	keys     webhook.KeySource
	status   int
	reason   webhook.Reason
	want     []error
}{
	{name: "handled", status: 204, reason: webhook.ReasonHandled},
	{name: "not handled", callback: fails, status: 503, reason: webhook.ReasonCallback, want: []error{webhook.ErrCallback, errDatabase}},
	{name: "a callback's error that looks like a forgery", callback: func(context.Context, *webhook.Delivery) error { return webhook.ErrBadSignature },
		status: 503, reason: webhook.ReasonCallback, want: []error{webhook.ErrCallback}},
	{name: "a panic", callback: func(context.Context, *webhook.Delivery) error { panic("oops") }, status: 500, reason: webhook.ReasonPanic, want: []error{webhook.ErrPanic}},
	{name: "a panic with an error", callback: func(context.Context, *webhook.Delivery) error { panic(errDatabase) },
		status: 500, reason: webhook.ReasonPanic, want: []error{webhook.ErrPanic, errDatabase}},
	{name: "a panic with nil", callback: func(context.Context, *webhook.Delivery) error { panic(nil) }, status: 500, reason: webhook.ReasonPanic, want: []error{webhook.ErrPanic}},
	{name: "runtime.Goexit", callback: func(context.Context, *webhook.Delivery) error { runtime.Goexit(); return nil },
		status: 500, reason: webhook.ReasonPanic, want: []error{webhook.ErrPanic}},
	{name: "an error with a method that panics", callback: func(context.Context, *webhook.Delivery) error { return (*detailedError)(nil) },
		status: 500, reason: webhook.ReasonPanic, want: []error{webhook.ErrPanic}},
	{name: "an error that matches every other", callback: func(context.Context, *webhook.Delivery) error { return anyError{} },
		status: 500, reason: webhook.ReasonPanic, want: []error{webhook.ErrCallback}},
	{name: "HEAD", change: func(_ *testing.T, r *http.Request) { r.Method = "HEAD" }, status: 405, reason: webhook.ReasonMethod, want: []error{webhook.ErrMethodNotAllowed}},
	{name: "OPTIONS", change: func(_ *testing.T, r *http.Request) { r.Method = "OPTIONS" }, status: 405, reason: webhook.ReasonMethod, want: []error{webhook.ErrMethodNotAllowed}},
	{name: "a malformed target", change: func(_ *testing.T, r *http.Request) { r.RequestURI = "/a b" }, status: 401, reason: webhook.ReasonMalformed, want: []error{webhook.ErrMalformed}},
	{name: "no signature", change: func(_ *testing.T, r *http.Request) { r.Header.Del("X-MessageMedia-Signature") },
		status: 401, reason: webhook.ReasonMissingHeader, want: []error{webhook.ErrMissingHeader}},
	{name: "a wrong signature", change: setHeader("X-MessageMedia-Signature", "AA=="), status: 401, reason: webhook.ReasonBadSignature, want: []error{webhook.ErrBadSignature}},
	{name: "another digest", change: setHeader("X-MessageMedia-Digest-Type", "SHA512"), status: 401, reason: webhook.ReasonDigestMismatch, want: []error{webhook.ErrDigestMismatch}},
	{name: "an unknown key", change: setHeader("X-MessageMedia-Key-Id", "nobody's"), status: 401, reason: webhook.ReasonUnknownKey, want: []error{webhook.ErrUnknownKey}},
	{name: "an old delivery", change: func(t *testing.T, r *http.Request) {
		r.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		require.NoError(t, signer.Sign(r))
	}, status: 401, reason: webhook.ReasonDate, want: []error{webhook.ErrDateOutOfRange}},
	{name: "too large", change: func(_ *testing.T, r *http.Request) { r.ContentLength = 9 << 20 }, status: 413, reason: webhook.ReasonTooLarge, want: []error{webhook.ErrBodyTooLarge}},
	{name: "unreadable", change: func(_ *testing.T, r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(errDatabase)) },
		status: 400, reason: webhook.ReasonBody, want: []error{webhook.ErrBodyUnreadable, errDatabase}},
	{name: "unreadable by a panic", change: func(_ *testing.T, r *http.Request) { r.Body = panickingBody{} }, status: 500, reason: webhook.ReasonPanic, want: []error{webhook.ErrPanic}},
	{name: "read before", change: func(_ *testing.T, r *http.Request) { io.Copy(io.Discard, r.Body) }, status: 500, reason: webhook.ReasonBodyConsumed, want: []error{webhook.ErrBodyConsumed}},
	{name: "perhaps read before, or forged", change: func(_ *testing.T, r *http.Request) { r.ContentLength = -1; r.Body = http.NoBody },
		status: 401, reason: webhook.ReasonBadSignature, want: []error{webhook.ErrBadSignature, webhook.ErrBodyConsumed}},
	{name: "a failing KeySource", keys: keySource(func(context.Context, string) (*webhook.Key, error) { return nil, errDatabase }),
		status: 503, reason: webhook.ReasonKeySource, want: []error{webhook.ErrKeySource, errDatabase}},
	{name: "a panicking KeySource", keys: keySource(func(context.Context, string) (*webhook.Key, error) { panic("oops") }), status: 500, reason: webhook.ReasonPanic, want: []error{webhook.ErrPanic}},
	{name: "an unknown payload, handled", change: func(t *testing.T, r *http.Request) { *r = *signedRequest(t, "PATCH", "/hooks", "<xml/>") }, status: 204, reason: webhook.ReasonHandled},
}

// detailedError is often returned as a nil pointer by mistake.
type detailedError struct{ cause error }

func (e *detailedError) Error() string { return "detailed" }
func (e *detailedError) Unwrap() error { return e.cause }

type anyError struct{}

func (anyError) Error() string { return "any" }
func (anyError) Is(error) bool { return true }

type panickingBody struct{ io.ReadCloser }

func setHeader(name, value string) func(*testing.T, *http.Request) {
	return func(_ *testing.T, r *http.Request) { r.Header.Set(name, value) }
}

func TestResponses(t *testing.T) {
	t.Parallel()
	for _, c := range responseCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			keys := c.keys
			if keys == nil {
				keys = webhook.NewKeySet(signer.Key())
			}
			calls, observed := 0, new(outcomes)
			handler := newHandler(t, newVerifier(t, webhook.Signed(keys)), func(ctx context.Context, d *webhook.Delivery) error {
				calls++
				if c.callback == nil {
					return nil
				}
				return c.callback(ctx, d)
			}, observed.options()...)
			r := signedRequest(t, "POST", "/hooks/sms", `{"reply_id":"d3c2"}`)
			if c.change != nil {
				c.change(t, r)
			}
			w := response(handler, r)
			assert.Equal(t, c.status, w.Code)
			assert.Empty(t, w.Body.String(), "no body")
			assert.Equal(t, map[int]string{503: "5"}[c.status], w.Header().Get("Retry-After"))
			assert.Equal(t, map[int]string{405: "DELETE, GET, PATCH, POST, PUT"}[c.status], w.Header().Get("Allow"))
			if slices.Contains([]int{400, 401, 405, 413}, c.status) || c.keys != nil {
				assert.Zero(t, calls, "the callback is not called")
			}
			outcome := observed.only(t)
			assert.Equal(t, c.status, outcome.Status)
			assert.Equal(t, c.reason, outcome.Reason)
			if len(c.want) == 0 {
				require.NoError(t, outcome.Err)
				assert.Empty(t, observed.log.String())
				return
			}
			for _, want := range c.want {
				require.ErrorIs(t, outcome.Err, want)
			}
			level := "WARN"
			if c.status >= 500 {
				level = "ERROR"
			}
			log := observed.log.String()
			assert.Contains(t, log, fmt.Sprintf(`level=%s msg="webhook: delivery not acknowledged" status=%d reason=%s error=`, level, c.status, c.reason))
			assert.Equal(t, outcome.Scheme != "", strings.Contains(log, " scheme=signature"))
			assert.Equal(t, outcome.EventKind != "", strings.Contains(log, " event=RECEIVED_SMS"))
		})
	}
}

// TestHandleRawRespondsLikeServeHTTP in all cases that a RawRequest can have. The names of the
// headers are in lower case, as from many gateways.
func TestHandleRawRespondsLikeServeHTTP(t *testing.T) {
	t.Parallel()
	skipped := 0
	for _, c := range responseCases {
		if strings.HasPrefix(c.name, "read before") || strings.HasPrefix(c.name, "unreadable") || strings.HasPrefix(c.name, "perhaps read") {
			skipped++
			continue // a RawRequest contains its body
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			keys, callback := c.keys, c.callback
			if keys == nil {
				keys = webhook.NewKeySet(signer.Key())
			}
			if callback == nil {
				callback = accept
			}
			observed := new(outcomes)
			handler := newHandler(t, newVerifier(t, webhook.Signed(keys)), callback, observed.options()...)
			r := signedRequest(t, "POST", "/hooks/sms", `{"reply_id":"d3c2"}`)
			if c.change != nil {
				c.change(t, r)
			}
			body, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			if c.status == 413 {
				body = bytes.Repeat([]byte("x"), 8<<20+1)
			}
			w := handler.HandleRaw(t.Context(), webhook.RawRequest{Method: r.Method, Target: r.RequestURI, Header: spelled(r.Header, strings.ToLower), Body: body})
			assert.Equal(t, c.status, w.Status)
			assert.Equal(t, map[int]string{503: "5"}[c.status], w.Header.Get("Retry-After"))
			assert.Equal(t, map[int]string{405: "DELETE, GET, PATCH, POST, PUT"}[c.status], w.Header.Get("Allow"))
			outcome := observed.only(t)
			assert.Equal(t, c.status, outcome.Status)
			assert.Equal(t, c.reason, outcome.Reason)
			for _, want := range c.want {
				require.ErrorIs(t, outcome.Err, want)
			}
		})
	}
	assert.Equal(t, 4, skipped)
}

// TestNoSignedTextWithoutAVerification has a body that is too large to be verified.
func TestNoSignedTextWithoutAVerification(t *testing.T) {
	t.Parallel()
	observed := new(outcomes)
	r := signedRequest(t, "POST", "/hooks", "payload")
	r.ContentLength = 9 << 20
	assert.Equal(t, 413, response(newHandler(t, verifier(t), accept, observed.options(webhook.WithSignedText())...), r).Code)
	assert.Nil(t, observed.only(t).SignedText)
}

// TestWithSignedTextInCombinations also shows the text if another scheme accepts the delivery.
func TestWithSignedTextInCombinations(t *testing.T) {
	t.Parallel()
	signed, token, other := signedBySigner(), headerToken(aToken), queryToken(aToken)
	for name, c := range map[string]struct {
		scheme  webhook.Scheme
		request schemeCase
		want    bool
	}{
		"all":                               {webhook.AllOf(token, signed), schemeCase{"right", aToken, ""}, true},
		"all, a wrong signature":            {webhook.AllOf(signed, token), schemeCase{"wrong", aToken, ""}, true},
		"all, a wrong token":                {webhook.AllOf(signed, token), schemeCase{"right", otherToken, ""}, false},
		"any":                               {webhook.AnyOf(token, signed), schemeCase{"right", "", ""}, true},
		"any, a wrong signature":            {webhook.AnyOf(token, signed), schemeCase{"wrong", aToken, ""}, true},
		"any, no signature":                 {webhook.AnyOf(token, signed), schemeCase{"", aToken, ""}, false},
		"all in any":                        {webhook.AnyOf(webhook.AllOf(signed, other), token), schemeCase{"right", aToken, aToken}, true},
		"all in any, which its token fails": {webhook.AnyOf(webhook.AllOf(signed, other), token), schemeCase{"right", aToken, otherToken}, false},
		"two Dates, of which the first one is right": {webhook.AnyOf(signed, webhook.Signed(webhook.NewKeySet(signer.Key()), webhook.WithDateHeader("X-Date"))),
			schemeCase{"right", "", ""}, true},
		"two keys, one of which is unknown": {webhook.AnyOf(webhook.Signed(webhook.NewKeySet()), signed), schemeCase{"right", "", ""}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			observed := new(outcomes)
			r := c.request.request(t)
			want := ""
			if c.want {
				want = "POST " + r.RequestURI + " HTTP/1.1" + r.Header.Get("Date") + aPayload
			}
			r.Header.Set("X-Date", time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat))
			response(newHandler(t, newVerifier(t, c.scheme), accept, observed.options(webhook.WithSignedText())...), r)
			assert.Equal(t, want, string(observed.only(t).SignedText))
		})
	}
}

func TestTheObserverGetsTheOutcome(t *testing.T) {
	t.Parallel()
	type contextKey struct{}
	for body, kind := range map[string]string{
		`{"delivery_report_id":"1"}`: "DELIVERY_REPORT", `{"reply_id":"1"}`: "RECEIVED_SMS", `{"reply_id":"1","format":"MMS"}`: "RECEIVED_MMS",
		`{"notification_id":"1"}`: "OPT_OUT", `YES`: "UNPARSED",
	} {
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "value"))
		var outcome webhook.DeliveryOutcome
		handler := newHandler(t, verifier(t), func(context.Context, *webhook.Delivery) error { cancel(); return nil },
			webhook.WithObserver(func(ctx context.Context, o webhook.DeliveryOutcome) {
				outcome = o
				assert.NoError(t, ctx.Err(), "the context does not end with the request")
				assert.Equal(t, "value", ctx.Value(contextKey{}))
			}))
		assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/hooks", body).WithContext(ctx)).Code)
		assert.Positive(t, outcome.Duration)
		outcome.Duration = 0
		assert.Equal(t, webhook.DeliveryOutcome{Status: 204, Reason: webhook.ReasonHandled, Scheme: "signature", KeyID: signer.Key().ID(), EventKind: kind}, outcome)
	}
}

// TestWithSignedText gives the observer the signed text. It is off by default.
func TestWithSignedText(t *testing.T) {
	t.Parallel()
	for _, options := range [][]webhook.HandlerOption{nil, {webhook.WithSignedText()}} {
		observed := new(outcomes)
		handler := newHandler(t, verifier(t), accept, observed.options(options...)...)
		r := signedRequest(t, "POST", "/hooks", "payload")
		r.RequestURI = "/rewritten"
		assert.Equal(t, 401, response(handler, r).Code)
		want := ""
		if options != nil {
			want = "POST /rewritten HTTP/1.1" + r.Header.Get("Date") + "payload"
		}
		assert.Equal(t, want, string(observed.only(t).SignedText))
	}
}

func TestEveryMethodOfAWebhookIsHandled(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "POST", "PATCH", "PUT", "DELETE"} {
		assert.Equal(t, 204, response(newHandler(t, verifier(t), accept), signedRequest(t, method, "/hooks", "payload")).Code)
	}
}

// TestLogsContainNoSecrets checks the log and the outcomes for all kinds of failures.
func TestLogsContainNoSecrets(t *testing.T) {
	t.Parallel()
	const payload = `{"reply_id":"d3c2","content":"s3cret","source_number":"+61491570156"`
	observed := new(outcomes)
	handler := newHandler(t, verifier(t), fails, observed.options(webhook.WithDeduplicator(failing{}))...)
	sent := 0
	for _, body := range []string{payload + "}", payload} { // the first cannot be parsed
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
	output := observed.log.String()
	for _, outcome := range observed.all {
		output += fmt.Sprint(outcome.Err)
	}
	require.Len(t, observed.all, sent)
	require.Contains(t, output, "webhook: bad signature")
	require.Contains(t, output, "webhook: deduplicator failed: database down")
	require.Contains(t, output, "webhook: callback failed: database down")
	for _, secret := range []string{"s3cret", "+61491570156", "61491570156", "d3c2", signature[:20], platformKey.ID, "/hooks"} {
		assert.NotContains(t, output, secret)
	}
}

// TestAPanicIsLoggedWithItsStack, which names the line.
func TestAPanicIsLoggedWithItsStack(t *testing.T) {
	t.Parallel()
	observed := new(outcomes)
	handler := newHandler(t, verifier(t), panicsHere, observed.options()...)
	assert.Equal(t, 500, response(handler, signedRequest(t, "POST", "/hooks", "payload")).Code)
	assert.Contains(t, observed.log.String(), `error="webhook: panic in the callback: oops"`)
	assert.Contains(t, observed.log.String(), "webhook_test.panicsHere")
}

func TestAnErrorNamesTheFunctionThatPanics(t *testing.T) {
	t.Parallel()
	const target, body, source, key = "the function of WithTarget", "the request's body", "the KeySource", "the function of WithDedupeKey"
	const deduplicator, callback = "the Deduplicator, or the callback in it", "the callback"
	for _, panicking := range []string{target, body, source, key, deduplicator, callback} {
		panics := func(function string) {
			if function == panicking {
				panic("oops")
			}
		}
		keys := keySource(func(context.Context, string) (*webhook.Key, error) { panics(source); return signer.Key(), nil })
		v := newVerifier(t, webhook.Signed(keys), webhook.WithTarget(func(r *http.Request) string { panics(target); return r.RequestURI }))
		observed := new(outcomes)
		handler := newHandler(t, v, func(context.Context, *webhook.Delivery) error { panics(callback); return nil }, observed.options(
			webhook.WithDedupeKey(func(*webhook.Delivery) string { panics(key); return "key" }),
			webhook.WithDeduplicator(deduplicatorFunc(func(ctx context.Context, _ string, handle handleFunc) (bool, error) {
				panics(deduplicator)
				return false, handle(ctx)
			})))...)
		r := signedRequest(t, "POST", "/hooks", "payload")
		r.Body = io.NopCloser(readerFunc(func(p []byte) (int, error) { panics(body); return copy(p, "payload"), io.EOF }))
		assert.Equal(t, 500, response(handler, r).Code)
		assert.ErrorContains(t, observed.only(t).Err, "webhook: panic in "+panicking+": oops")
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func panicsHere(context.Context, *webhook.Delivery) error { panic("oops") }

// TestNothingIsLoggedByDefault, not even through package log.
func TestNothingIsLoggedByDefault(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 401, response(newHandler(t, verifier(t), accept), received("POST", "/hooks", "payload")).Code)
}

func TestNewHandlerReportsEveryBadArgument(t *testing.T) {
	t.Parallel()
	handler, err := webhook.NewHandler(nil, nil, nil, webhook.WithTimeout(0), webhook.WithMaxConcurrent(0), webhook.WithLogger(nil), webhook.WithObserver(nil),
		webhook.WithDeduplicator(nil), webhook.WithDedupeKey(nil))
	assert.Nil(t, handler)
	require.EqualError(t, err, strings.Join([]string{
		"webhook: NewHandler: verifier must be returned by NewVerifier",
		"webhook: NewHandler: callback is nil",
		"webhook: NewHandler: option is nil",
		"webhook: WithTimeout: must be positive, got 0s",
		"webhook: WithMaxConcurrent: must be positive, got 0",
		"webhook: WithLogger: logger is nil; omit the option to disable logging",
		"webhook: WithObserver: function is nil; omit the option",
		"webhook: WithDeduplicator: deduplicator is nil; omit the option to handle duplicates",
		"webhook: WithDedupeKey: function is nil; omit the option for Delivery.DedupeKey",
	}, "\n"))
	for _, deduplicator := range []webhook.Deduplicator{
		(*webhook.MemoryDeduplicator)(nil), deduplicatorFunc(nil), &webhook.MemoryDeduplicator{MaxKeys: -1}, &webhook.MemoryDeduplicator{Window: -1},
	} {
		_, err := webhook.NewHandler(verifier(t), accept, webhook.WithDeduplicator(deduplicator))
		assert.Error(t, err)
	}
	_, err = webhook.NewHandler(new(webhook.Verifier), accept)
	assert.Error(t, err)
}
