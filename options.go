package messagemedia

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

const (
	defaultAttemptTimeout = 30 * time.Second
	defaultMaxAttempts    = 3
	defaultMaxRetryWait   = 30 * time.Second
)

// Option configures a [Client]. NewClient returns an error if a value is invalid.
type Option func(*settings)

// settings collect the options, before they are checked together.
type settings struct {
	baseURL        string
	baseURLSource  string // for errors: an option or a variable
	httpClient     *http.Client
	attemptTimeout time.Duration
	maxAttempts    int
	maxRetryWait   time.Duration
	userAgent      string
	logger         *slog.Logger
	insecureHTTP   bool
	middleware     []func(http.RoundTripper) http.RoundTripper
	errs           []error // of invalid options
}

// WithHTTPClient sends requests with a copy of the given client. The copy does not follow
// redirects. If its Timeout is shorter than [WithAttemptTimeout], it limits each attempt. The
// default is an http.Client with [http.DefaultTransport], which is looked up at each call.
//
// With [HMACAuth], an *http.Transport is copied as well, and the copy only speaks HTTP/1.1.
// It keeps up to 64 idle connections per host, unless the transport sets a number.
// [Client.CloseIdleConnections] closes them.
//
// A transport with another RoundTripper for the base URL's scheme, set by RegisterProtocol,
// is used unchanged. So is any RoundTripper that is not an *http.Transport. If a change
// fails in such a RoundTripper, the error matches [ErrOutcomeUnknown], since the client
// cannot tell whether the request was sent.
//
// A RoundTripper must not retry. It would multiply the attempts of the client, and repeat
// requests that are not idempotent.
func WithHTTPClient(client *http.Client) Option {
	return func(s *settings) { s.httpClient = client }
}

// WithMiddleware wraps the RoundTripper that sends requests, to trace, count or change
// them. Requests already have their credentials. If the option is given several times, the
// first middleware is the outermost. [OperationFromContext] returns the operation that a
// request belongs to.
//
// A middleware must follow the rules of [http.RoundTripper], and must not retry. If it
// fails without calling next, or hides the error of next, the client assumes that the
// request may have been sent.
func WithMiddleware(middleware func(next http.RoundTripper) http.RoundTripper) Option {
	return func(s *settings) {
		if middleware == nil {
			s.errs = append(s.errs, errors.New("WithMiddleware: function is nil; omit the option for none"))
			return
		}
		s.middleware = append(s.middleware, middleware)
	}
}

// WithAttemptTimeout limits each attempt of a call, including reading the response. The
// default is 30 seconds. The call's context limits the whole call, including the waits
// between attempts.
func WithAttemptTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.attemptTimeout = timeout }
}

// WithMaxAttempts sets the maximum number of attempts of a call. The default is 3. A value
// of 1 disables retries.
func WithMaxAttempts(attempts int) Option {
	return func(s *settings) { s.maxAttempts = attempts }
}

// WithMaxRetryWait sets the longest wait between two attempts. The default is 30 seconds. If
// zero, calls retry without waiting. If the API asks for a longer wait in Retry-After, the
// call returns at once, with an error that contains the wait.
func WithMaxRetryWait(wait time.Duration) Option {
	return func(s *settings) { s.maxRetryWait = wait }
}

// WithUserAgent adds the name of your program to the User-Agent header, in front of the
// SDK's: "billing/2.1" results in "billing/2.1 webhooks-go-sdk/0.1.0 (go1.26.0)".
func WithUserAgent(product string) Option {
	return func(s *settings) { s.userAgent = product }
}

// WithLogger logs each attempt, at level Debug if it succeeded and at Warn if it failed. The
// attributes are operation, method, route (the path template), attempt, duration, status
// and request_id. A failure also has error and reason: dns, connect, proxy, tls,
// authenticate, timeout, canceled, reset, status or decode. A call with more than one
// attempt adds a record at level Info whose attribute end is success, failure or unknown.
//
// Records contain no headers, no bodies and no IDs of webhooks, except what the API's own
// error message repeats. The default is not to log.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithInsecureHTTP allows a base URL with plain http to a host other than localhost, such as
// a mock in another container. Credentials are then sent in clear text.
func WithInsecureHTTP() Option {
	return func(s *settings) { s.insecureHTTP = true }
}

// newSettings returns the defaults, changed by the options, and an error with all problems.
// If baseURL is empty, the base URL is the default.
func newSettings(baseURL, baseURLSource string, options []Option) (settings, error) {
	s := settings{
		baseURL:        cmp.Or(baseURL, defaultBaseURL),
		baseURLSource:  baseURLSource,
		httpClient:     &http.Client{},
		attemptTimeout: defaultAttemptTimeout,
		maxAttempts:    defaultMaxAttempts,
		maxRetryWait:   defaultMaxRetryWait,
		logger:         slog.New(slog.DiscardHandler),
	}
	for i, option := range options {
		if option == nil {
			s.errs = append(s.errs, fmt.Errorf("option %d is nil", i+1))
			continue
		}
		option(&s)
	}
	return s, errors.Join(append(s.errs, s.check())...)
}

// check returns all problems of the settings.
func (s *settings) check() error {
	return errors.Join(
		s.checkBaseURL(),
		check.That(s.attemptTimeout > 0, "WithAttemptTimeout: must be positive, got %v", s.attemptTimeout),
		check.That(s.maxAttempts > 0, "WithMaxAttempts: must be at least 1, got %d; 1 disables retries", s.maxAttempts),
		check.That(s.maxRetryWait >= 0, "WithMaxRetryWait: must not be negative, got %v; 0 retries without waiting", s.maxRetryWait),
		check.That(!strings.ContainsFunc(s.userAgent, isInvisible), "WithUserAgent: %.100q contains a control or invisible character; write \"name/version\"", s.userAgent),
		check.That(s.logger != nil, "WithLogger: logger is nil; omit the option to disable logging"),
	)
}
