package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

const (
	defaultTimeout       = 15 * time.Second
	defaultMaxConcurrent = 64
)

// Handler responds to the platform's deliveries. [NewHandler] returns one.
type Handler struct {
	verifier *Verifier
	callback func(context.Context, *Delivery) error
	turns    chan struct{} // one for each callback that may run now
	budget   *budget
	handlerSettings
}

// A delivery passes these stages, in this order; an error ends it. They have a third of
// the time. Then come deduplicate and call (deduplicate.go, call.go), and, whatever came
// of it, observe and respond (outcome.go, respond.go).
var stages = [...]func(*receipt) error{
	(*receipt).checkMethod,
	(*receipt).authenticateHeader, // scheme.go, signed.go, token.go
	(*receipt).read,               // body.go, within budget.go
	(*receipt).authenticateBody,
	(*receipt).waitForTurn, // turn.go
	(*receipt).parse,       // parse.go
}

type handlerSettings struct {
	timeout       time.Duration
	maxConcurrent int
	logger        *slog.Logger
	observer      func(context.Context, DeliveryOutcome)
	signedText    bool
	deduplicator  Deduplicator
	dedupeKey     func(*Delivery) string
}

// HandlerOption configures a [Handler]. If a value is invalid, [NewHandler] returns an
// error.
type HandlerOption func(*handlerSettings)

// WithTimeout limits the time from a request's header to its response. The default is 15
// seconds, since the platform waits 20 for the response unless the webhook has another
// ReadTimeout. A third of it is for what comes before the deduplicator: the KeySource,
// the body, and waiting for a turn. The deduplicator and the callback have the rest.
//
// Functions of yours must return when their context ends: the handler does not respond
// before they do.
func WithTimeout(timeout time.Duration) HandlerOption {
	return func(s *handlerSettings) { s.timeout = timeout }
}

// WithMaxConcurrent sets how many callbacks run at once. The default is 64. Deliveries
// beyond that wait for their turn. A delivery that waited for its share of the time gets
// 503.
func WithMaxConcurrent(n int) HandlerOption {
	return func(s *handlerSettings) { s.maxConcurrent = n }
}

// WithLogger logs each delivery that was not acknowledged, at level Error if the status is
// 500 or more and at Warn otherwise, and each signature that did not count because a
// token did. No record has a number, a payload, a header or a target, unless an error or
// a panic of your own functions has. Without this option nothing is logged.
func WithLogger(logger *slog.Logger) HandlerOption {
	return func(s *handlerSettings) { s.logger = logger }
}

// WithDeduplicator handles each delivery with a [Delivery.DedupeKey] once, as far as the
// deduplicator can tell: see [Deduplicator] for what it guarantees.
func WithDeduplicator(deduplicator Deduplicator) HandlerOption {
	return func(s *handlerSettings) { s.deduplicator = deduplicator }
}

// WithDedupeKey identifies duplicates by a key of your own, for a payload of your own. A
// delivery whose key is empty is always handled. The default is [Delivery.DedupeKey].
// Without [WithDeduplicator] it does nothing.
func WithDedupeKey(key func(*Delivery) string) HandlerOption {
	return func(s *handlerSettings) { s.dedupeKey = key }
}

// NewHandler returns a handler that calls a function with each delivery that the verifier
// accepts. Nil from the callback acknowledges the delivery for good: the platform will not
// send it again. So return nil only once it is stored. The callback runs in several
// goroutines at once, and must return when its context ends.
//
//	204  the callback returned nil, or did so before for the same dedupe key
//	400  the body could not be read
//	401  the delivery was not authenticated
//	405  the method is not one that a webhook can use
//	413  the body is larger than the verifier allows
//	500  your callback or another of your functions panicked or called runtime.Goexit; the
//	     panic is recovered, unless its value is http.ErrAbortHandler. Or something read
//	     the body before
//	503  the callback, the deduplicator or the KeySource failed, or the time for waiting
//	     was over; with Retry-After
//
// No response has a body, so that a forger learns nothing. The platform repeats whatever
// is not acknowledged with 2xx as often as the webhook's Retries say, whose default is 0.
// So a burst waits: up to 64 callbacks run at once, others wait for their turn. The
// first 64 KiB of each body are read at once; beyond that, all bodies share 64 MiB, or
// as much as four of the largest need, and wait for that, too.
//
// A delivery that was authenticated and can't be parsed reaches the callback with an
// [*UnparsedEvent].
//
// The handler sets a deadline for reading the body, where the server's ResponseWriter
// has one, and takes it off afterwards. The http.Server around it needs a
// ReadHeaderTimeout of its own. An http.ServeMux redirects paths with double slashes
// before any handler sees them.
//
// NewHandler returns an error that has all invalid arguments.
func NewHandler(verifier *Verifier, callback func(context.Context, *Delivery) error, options ...HandlerOption) (*Handler, error) {
	settings := handlerSettings{
		timeout:       defaultTimeout,
		maxConcurrent: defaultMaxConcurrent,
		logger:        slog.New(slog.DiscardHandler),
		observer:      func(context.Context, DeliveryOutcome) {},
		deduplicator:  noDeduplicator{},
		dedupeKey:     (*Delivery).DedupeKey,
	}
	errs := []error{
		check.That(verifier != nil && verifier.scheme != nil, "webhook: NewHandler: verifier must be one of NewVerifier"),
		check.That(callback != nil, "webhook: NewHandler: callback is nil"),
	}
	for _, option := range options {
		if option == nil {
			errs = append(errs, errors.New("webhook: NewHandler: option is nil"))
			continue
		}
		option(&settings)
	}
	if err := errors.Join(append(errs, settings.check())...); err != nil {
		return nil, err
	}
	return &Handler{
		verifier:        verifier,
		callback:        callback,
		turns:           make(chan struct{}, settings.maxConcurrent),
		budget:          newBudget(verifier.maxBodyBytes),
		handlerSettings: settings,
	}, nil
}

func (s *handlerSettings) check() error {
	return errors.Join(
		check.That(s.timeout > 0, "webhook: WithTimeout: must be positive, got %v", s.timeout),
		check.That(s.maxConcurrent > 0, "webhook: WithMaxConcurrent: must be positive, got %d", s.maxConcurrent),
		check.That(s.logger != nil, "webhook: WithLogger: logger is nil; omit the option to disable logging"),
		check.That(s.observer != nil, "webhook: WithObserver: function is nil; omit the option"),
		checkDeduplicator(s.deduplicator),
		check.That(s.dedupeKey != nil, "webhook: WithDedupeKey: function is nil; omit the option for Delivery.DedupeKey"),
	)
}

// ServeHTTP authenticates a delivery, hands it to the callback, and responds. The callback
// runs in the calling goroutine if that belongs to an [http.Server]. If the callback calls
// runtime.Goexit there, the server closes the connection after the response.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	receipt := &receipt{
		handler:       h,
		parent:        r.Context(),
		target:        func() string { return h.verifier.target.of(r) },
		method:        r.Method,
		header:        r.Header,
		readBody:      func(receipt *receipt) ([]byte, error) { return receipt.readFrom(w, r) },
		contentLength: r.ContentLength,
	}
	exiting := true
	defer func() { receipt.respond(w, exiting) }()
	if r.Context().Value(http.ServerContextKey) != nil {
		h.receive(receipt) // without the cost of another goroutine
	} else {
		runInGoroutine(func() { h.receive(receipt) })
	}
	exiting = false
}
