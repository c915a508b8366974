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
	turns    chan struct{} // holds one value for each turn that is taken
	budget   *budget
	handlerSettings
}

// stages are the steps of a delivery before the deduplicator, in this order. They have a
// third of the time. If they return no error, deduplicate and call follow (deduplicate.go,
// call.go). In any case, observe and respond come last (outcome.go, respond.go).
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
// seconds, because the platform waits 20 seconds for the response unless the webhook's
// ReadTimeout differs. The KeySource, the body and the wait for a turn may use the first
// third of the time. The deduplicator and the callback have the rest.
//
// Your functions must return when their context ends: the handler does not respond before
// they return.
func WithTimeout(timeout time.Duration) HandlerOption {
	return func(s *handlerSettings) { s.timeout = timeout }
}

// WithMaxConcurrent sets how many callbacks run at once. The default is 64. Further
// deliveries wait for their turn. If the time for waiting ends first, the handler responds
// 503.
func WithMaxConcurrent(n int) HandlerOption {
	return func(s *handlerSettings) { s.maxConcurrent = n }
}

// WithLogger sets the logger. By default, nothing is logged. The handler logs each delivery
// that it does not acknowledge: at level Error if the status is 500 or more and the reason
// is not [ReasonCanceled], and at level Warn otherwise. It also logs, at level Warn, each
// signature that was not accepted while a token was. A record contains no phone number,
// payload, header or target, unless an error or a panic of your own functions does.
func WithLogger(logger *slog.Logger) HandlerOption {
	return func(s *handlerSettings) { s.logger = logger }
}

// WithDeduplicator handles each delivery that has a [Delivery.DedupeKey] once, within the
// guarantees of the [Deduplicator]. By default, the callback also gets duplicates.
func WithDeduplicator(deduplicator Deduplicator) HandlerOption {
	return func(s *handlerSettings) { s.deduplicator = deduplicator }
}

// WithDedupeKey sets the function that returns the key of a delivery for the deduplicator,
// for payloads of your own. The default is [Delivery.DedupeKey]. If the key is empty, the
// delivery is always handled. Without [WithDeduplicator], the option has no effect.
func WithDedupeKey(key func(*Delivery) string) HandlerOption {
	return func(s *handlerSettings) { s.dedupeKey = key }
}

// NewHandler returns a handler that calls the callback with each delivery that the verifier
// accepts. If the callback returns nil, the delivery is acknowledged and the platform does
// not send it again: return nil only once the delivery is stored. The callback runs in
// several goroutines at once, and must return when its context ends.
//
// The handler responds with these statuses:
//
//	204  the callback returned nil, for this delivery or for an earlier one with its dedupe key
//	400  the body could not be read
//	401  the delivery was not authenticated
//	405  the method is not one that a webhook can use
//	413  the body is larger than the verifier allows
//	500  your callback or another of your functions panicked, or called runtime.Goexit (see
//	     [Handler.ServeHTTP]), or other code read the body first
//	503  the callback, the deduplicator or the KeySource failed, or the time for waiting
//	     ended; with Retry-After
//
// The handler recovers a panic, unless its value is http.ErrAbortHandler. No response has a
// body, so a forger learns nothing from it.
//
// If the status is not 2xx, the platform retries as often as the webhook's Retries allow,
// by default never. Therefore deliveries of a burst wait instead of failing: for their
// turn ([WithMaxConcurrent]), and for memory. The first 64 KiB of each body need no wait.
// Beyond them, all bodies share 64 MiB, or the memory of four bodies of the verifier's
// limit if that is more.
//
// If an authenticated delivery can't be parsed, the callback gets an [*UnparsedEvent].
//
// The handler sets a deadline for reading the body, if the server's ResponseWriter supports
// one, and resets it once the body is read. Set the ReadHeaderTimeout of the http.Server yourself. For a
// graceful shutdown, give http.Server.Shutdown more time than [WithTimeout].
//
// If an argument is invalid, NewHandler returns an error that lists all invalid arguments.
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
		check.That(verifier != nil && verifier.scheme != nil, "webhook: NewHandler: verifier must be returned by NewVerifier"),
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

// ServeHTTP authenticates a delivery, passes it to the callback, and responds.
//
// The request must come from a server, as described at [Verifier.Verify].
//
// If an [http.Server] calls ServeHTTP, your functions run in the goroutine of the request,
// except for the KeySource. If one of them calls runtime.Goexit there, the server closes the
// connection, or resets the stream, without a complete response. The observer gets status
// 500 all the same.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	receipt := &receipt{
		handler:       h,
		parent:        r.Context(),
		target:        func() string { return h.verifier.target.of(r) },
		method:        r.Method,
		header:        r.Header,
		readBody:      func(receipt *receipt) ([]byte, error) { return receipt.readFrom(w, r) },
		contentLength: r.ContentLength,
		canAbort:      true,
	}
	defer receipt.respond(w) // also if a function calls runtime.Goexit
	if r.Context().Value(http.ServerContextKey) != nil {
		receipt.receive() // another goroutine would double the handler's own time
	} else {
		runInGoroutine(receipt.receive)
	}
}
