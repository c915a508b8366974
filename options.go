package messagemedia

import (
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

// settings are what the options choose, before they are checked together.
type settings struct {
	baseURL        string
	httpClient     *http.Client
	attemptTimeout time.Duration
	maxAttempts    int
	maxRetryWait   time.Duration
	userAgent      string
	logger         *slog.Logger
	insecureHTTP   bool
	middleware     []func(http.RoundTripper) http.RoundTripper
	errs           []error // of options
}

// WithHTTPClient sends through a copy of the given client; yours is not changed. The copy
// does not follow redirects, and its Timeout limits an attempt, if it is shorter than
// [WithAttemptTimeout]. The default is an http.Client with the transport
// [http.DefaultTransport], which is looked up at each call.
//
// With [HMACAuth], an *http.Transport is copied, too, and the copy kept to HTTP/1.1, with
// up to 64 idle connections for each host unless the transport sets a number;
// [Client.CloseIdleConnections] closes them. A transport that RegisterProtocol gave another
// RoundTripper for the base URL's scheme, and any RoundTripper that is not an
// *http.Transport, is used as it is. What such a one did with a request that failed is
// unknown: the error then matches [ErrOutcomeUnknown] for every change.
//
// The client retries. A RoundTripper that retries, too, multiplies the attempts, and sends
// again what must be sent once.
func WithHTTPClient(client *http.Client) Option {
	return func(s *settings) { s.httpClient = client }
}

// WithMiddleware wraps the RoundTripper that sends requests, to trace, count or change
// them, after it was kept to HTTP/1.1 where the Authenticator needs that. The first of
// several sees a request first, which has its credentials by then. [OperationFromContext]
// says what a request is for.
//
// A middleware must follow the rules of [http.RoundTripper], and must not retry. If it
// fails without a call of next, or hides next's error, the client takes the request as one
// that may have been sent.
func WithMiddleware(middleware func(next http.RoundTripper) http.RoundTripper) Option {
	return func(s *settings) {
		if middleware == nil {
			s.errs = append(s.errs, errors.New("WithMiddleware: function is nil; omit the option for none"))
			return
		}
		s.middleware = append(s.middleware, middleware)
	}
}

// WithAttemptTimeout limits each attempt of a call, until its response is read. The
// default is 30 seconds. The call's context limits the call as a whole, including
// the waits between attempts.
func WithAttemptTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.attemptTimeout = timeout }
}

// WithMaxAttempts sets how often a call is sent at most. The default is 3; 1 turns
// retries off.
func WithMaxAttempts(attempts int) Option {
	return func(s *settings) { s.maxAttempts = attempts }
}

// WithMaxRetryWait sets the longest wait between two attempts. The default is 30
// seconds. When the API asks for more in Retry-After, the call ends at once with
// an error that has the wait in it. 0 tries again without waiting.
func WithMaxRetryWait(wait time.Duration) Option {
	return func(s *settings) { s.maxRetryWait = wait }
}

// WithUserAgent adds your program's name to the User-Agent header, before the
// SDK's own: "billing/2.1" gives "billing/2.1 webhooks-go-sdk/0.1.0 (go1.26.0)".
func WithUserAgent(product string) Option {
	return func(s *settings) { s.userAgent = product }
}

// WithLogger logs each attempt: at level Debug if it succeeded, at Warn if it failed, with
// the operation, method, path template as "route", attempt, duration, status and request
// ID; after a failure also the error, and a "reason": dns, connect, proxy, tls,
// authenticate, timeout, canceled, reset, status or decode. A call that needed more than
// one attempt has one record more, at Info, with its end: success, failure or unknown.
//
// No record has a header, a body or an ID of a webhook. Without this option nothing is
// logged.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithInsecureHTTP allows a base URL with plain http to a host other than this
// one, for a mock in another container. Credentials then travel in clear text.
func WithInsecureHTTP() Option {
	return func(s *settings) { s.insecureHTTP = true }
}

func (s *settings) apply(options []Option) error {
	for i, option := range options {
		if option == nil {
			s.errs = append(s.errs, fmt.Errorf("option %d is nil", i+1))
			continue
		}
		option(s)
	}
	return errors.Join(s.errs...)
}

// check reports everything that is wrong with the settings.
func (s *settings) check() error {
	return errors.Join(
		s.checkBaseURL(),
		check.That(s.httpClient != nil, "WithHTTPClient: client is nil; omit the option for the default"),
		check.That(s.attemptTimeout > 0, "WithAttemptTimeout: must be positive, got %v", s.attemptTimeout),
		check.That(s.maxAttempts > 0, "WithMaxAttempts: must be at least 1, got %d; 1 disables retries", s.maxAttempts),
		check.That(s.maxRetryWait >= 0, "WithMaxRetryWait: must not be negative, got %v; 0 retries without waiting", s.maxRetryWait),
		check.That(!strings.ContainsFunc(s.userAgent, isInvisible), "WithUserAgent: %.100q contains a control character or one that does not show; write \"name/version\"", s.userAgent),
		check.That(s.logger != nil, "WithLogger: logger is nil; omit the option to disable logging"),
	)
}
