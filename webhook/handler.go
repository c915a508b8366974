package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

const (
	defaultTimeout       = 15 * time.Second
	defaultMaxConcurrent = 64

	// retryAfter, in seconds, goes with each 503. It is the shortest delay that a
	// webhook can have between two tries.
	retryAfter = "5"
)

// methods are those that a webhook can have.
var methods = []string{http.MethodDelete, http.MethodGet, http.MethodPatch, http.MethodPost, http.MethodPut}

// Handler responds the platform's deliveries. [NewHandler] makes one.
type Handler struct {
	verifier *Verifier
	callback func(context.Context, *Delivery) error
	slots    chan struct{} // one for each delivery that may be handled now
	flights  flights
	handlerSettings
}

type handlerSettings struct {
	timeout       time.Duration
	maxConcurrent int
	logger        *slog.Logger
	onError       func(context.Context, error)
	deduplicator  Deduplicator
	dedupeKey     func(*Delivery) string
}

// HandlerOption configures a [Handler].
type HandlerOption func(*handlerSettings)

// WithTimeout limits the callback: its context ends after this time. The default
// is 15 seconds, since the platform waits 20 for the response unless the webhook has
// another ReadTimeout. The handler does not response before the callback returns.
func WithTimeout(timeout time.Duration) HandlerOption {
	return func(s *handlerSettings) { s.timeout = timeout }
}

// WithMaxConcurrent sets how many callbacks run at once. Deliveries past that are
// rejected with 503. The default is 64.
func WithMaxConcurrent(n int) HandlerOption {
	return func(s *handlerSettings) { s.maxConcurrent = n }
}

// WithLogger logs why a delivery got another status than 204, and failures of
// the [Deduplicator]: what is refused at level Warn, what failed here at Error. No
// record has a number, a payload, a header or a target in it, unless an error or a
// panic of your own code has. Without this option nothing is logged.
func WithLogger(logger *slog.Logger) HandlerOption {
	return func(s *handlerSettings) { s.logger = logger }
}

// WithErrorHook calls a function with each error that is logged, to count them or
// to raise an alarm. It matches one of this package's variables with errors.Is.
// The context is that of the request.
func WithErrorHook(hook func(context.Context, error)) HandlerOption {
	return func(s *handlerSettings) { s.onError = hook }
}

// WithDeduplicator handles a delivery with a [Delivery.DedupeKey] once. Two copies
// that arrive together run the callback once, and the second gets the response of the
// first. When Seen fails the callback runs; when Mark fails the response is 204
// still: a delivery that was handled twice is better than one that was lost.
//
// A process that ends between the callback and Mark handles the delivery again. For
// an effect that must happen once, store the key together with it, under a unique
// constraint; a Deduplicator then only saves work.
func WithDeduplicator(deduplicator Deduplicator) HandlerOption {
	return func(s *handlerSettings) { s.deduplicator = deduplicator }
}

// WithDedupeKey tells deliveries apart by a key of your own, for the payload of a
// template of your own. A delivery whose key is empty is always handled. The
// default is [Delivery.DedupeKey]. Without [WithDeduplicator] it does nothing.
func WithDedupeKey(key func(*Delivery) string) HandlerOption {
	return func(s *handlerSettings) { s.dedupeKey = key }
}

// NewHandler returns a handler that calls a function with each delivery that the
// verifier accepts. Nil from the callback acknowledges the delivery for good: the
// platform will not send it again. So return nil only when it is stored. The
// callback runs in several goroutines at once.
//
//	204  the callback returned nil, or did so before for the same dedupe key
//	400  the body could not be read
//	401  the delivery is not the platform's, or too old
//	405  the method is none that a webhook can have
//	413  the body is larger than the verifier allows
//	500  the callback or another function of yours panicked, and the server lives on;
//	     or the body was read before
//	503  the callback or the KeySource failed, too many run at once, or a copy of this one
//	     still does; with Retry-After
//
// No response has a body, so that a forger learns nothing. The platform repeats
// whatever is not acknowledged with 2xx as often as the webhook's Retries say, whose default
// is 0. A delivery that was verified and can't be parsed reaches the callback with
// an [*UnparsedEvent].
//
// The http.Server around it needs timeouts of its own, ReadTimeout above all. An
// http.ServeMux redirects paths with double slashes before any handler sees them.
//
// NewHandler panics when the verifier or the callback is nil, or an option can't
// be right, as http.Handle does.
func NewHandler(verifier *Verifier, callback func(context.Context, *Delivery) error, options ...HandlerOption) *Handler {
	settings := handlerSettings{
		timeout:       defaultTimeout,
		maxConcurrent: defaultMaxConcurrent,
		logger:        slog.New(slog.DiscardHandler),
		onError:       func(context.Context, error) {},
		dedupeKey:     (*Delivery).DedupeKey,
	}
	for _, option := range options {
		option(&settings)
	}
	if err := errors.Join(
		check.That(verifier != nil, "webhook: NewHandler: the verifier is nil, want one of NewVerifier"),
		check.That(callback != nil, "webhook: NewHandler: the callback is nil"),
		check.That(settings.timeout > 0, "webhook: WithTimeout: %v, want more than 0", settings.timeout),
		check.That(settings.maxConcurrent > 0, "webhook: WithMaxConcurrent: %d, want 1 or more", settings.maxConcurrent),
		check.That(settings.logger != nil, "webhook: WithLogger: the logger is nil, leave the option out for silence"),
		check.That(settings.onError != nil, "webhook: WithErrorHook: the hook is nil, leave the option out for none"),
		check.That(settings.dedupeKey != nil, "webhook: WithDedupeKey: the function is nil, leave the option out for Delivery.DedupeKey"),
	); err != nil {
		panic(err)
	}
	return &Handler{
		verifier:        verifier,
		callback:        callback,
		slots:           make(chan struct{}, settings.maxConcurrent),
		handlerSettings: settings,
	}
}

// ServeHTTP verifies a delivery, hands it to the callback, and responds.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h.serve(r)
	if err != nil {
		h.report(r.Context(), err)
	}
	status := statusOf(err)
	switch status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", strings.Join(methods, ", "))
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", retryAfter)
	}
	w.WriteHeader(status)
}

func (h *Handler) serve(r *http.Request) error {
	if !slices.Contains(methods, r.Method) {
		return ErrMethodNotAllowed
	}
	delivery, err := h.verify(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.timeout)
	defer cancel()
	key, err := h.keyOf(delivery)
	if err != nil {
		return err
	}
	if key == "" {
		return recovering(func() error { return h.handle(ctx, delivery) })
	}
	return h.flights.once(ctx, key, func() error {
		return recovering(func() error { return h.handleOnce(ctx, key, delivery) })
	})
}

// keyOf is empty for a delivery that is not to be deduplicated.
func (h *Handler) keyOf(delivery *Delivery) (key string, err error) {
	if h.deduplicator == nil {
		return "", nil
	}
	err = recovering(func() error { key = h.dedupeKey(delivery); return nil })
	return key, err
}

// verify survives a KeySource that panics.
func (h *Handler) verify(r *http.Request) (delivery *Delivery, err error) {
	err = recovering(func() (err error) { delivery, err = h.verifier.Verify(r); return err })
	return delivery, err
}

// recovering makes an error of a panic in the caller's code.
func recovering(call func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value: value, stack: debug.Stack()}
		}
	}()
	return call()
}

// handleOnce handles a delivery that was not handled before.
func (h *Handler) handleOnce(ctx context.Context, key string, delivery *Delivery) error {
	if h.seen(ctx, key) {
		return nil
	}
	if err := h.handle(ctx, delivery); err != nil {
		return err
	}
	h.mark(ctx, key)
	return nil
}

func (h *Handler) seen(ctx context.Context, key string) bool {
	var seen bool
	err := recovering(func() (err error) { seen, err = h.deduplicator.Seen(ctx, key); return err })
	if err != nil {
		h.report(ctx, fmt.Errorf("%w: Seen: %w", ErrDeduplicator, err))
		return false
	}
	return seen
}

// mark has time of its own: the work is done, whether or not anybody still waits
// for the response.
func (h *Handler) mark(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.timeout)
	defer cancel()
	if err := recovering(func() error { return h.deduplicator.Mark(ctx, key) }); err != nil {
		h.report(ctx, fmt.Errorf("%w: Mark: %w", ErrDeduplicator, err))
	}
}

// handle calls the callback, when there is a slot for it.
func (h *Handler) handle(ctx context.Context, delivery *Delivery) error {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		return ErrBusy
	}
	if err := h.callback(ctx, delivery); err != nil {
		return fmt.Errorf("%w: %w", ErrCallback, err)
	}
	return nil
}

// report tells the logger and the hook of an error.
func (h *Handler) report(ctx context.Context, err error) {
	level, attributes := slog.LevelWarn, []slog.Attr{slog.Any("error", err)}
	if statusOf(err) >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if panicked, ok := errors.AsType[*panicError](err); ok {
		attributes = append(attributes, slog.String("stack", string(panicked.stack)))
	}
	h.logger.LogAttrs(ctx, level, "webhook: delivery", attributes...)
	h.onError(ctx, err)
}

// statusOf is the response to a delivery that ended so.
func statusOf(err error) int {
	switch {
	case err == nil:
		return http.StatusNoContent
	case errors.Is(err, ErrCallback), errors.Is(err, ErrBusy), errors.Is(err, ErrKeySource):
		return http.StatusServiceUnavailable
	case errors.Is(err, ErrPanic), errors.Is(err, ErrDeduplicator):
		return http.StatusInternalServerError
	case errors.Is(err, ErrBadSignature): // before ErrBodyConsumed, which then is a guess
		return http.StatusUnauthorized
	case errors.Is(err, ErrBodyConsumed):
		return http.StatusInternalServerError
	case errors.Is(err, ErrMethodNotAllowed):
		return http.StatusMethodNotAllowed
	case errors.Is(err, ErrBodyTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, ErrBodyRead):
		return http.StatusBadRequest
	}
	return http.StatusUnauthorized
}

// panicError is a panic of the user's code.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("%v: %v", ErrPanic, e.value) }

// Unwrap makes the error match what the code panicked with, if that is one.
func (e *panicError) Unwrap() []error {
	if err, ok := e.value.(error); ok {
		return []error{ErrPanic, err}
	}
	return []error{ErrPanic}
}
