package messagemedia

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// Base URLs of the API's regions, for [WithBaseURL]. An account belongs to one
// region, and its credentials are valid only there.
const (
	BaseURLEU   = "https://eu.app.api.sinch.com"
	BaseURLAPAC = "https://au.app.api.sinch.com"
	BaseURLUS   = "https://us.app.api.sinch.com"
)

const (
	defaultBaseURL        = "https://api.messagemedia.com"
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
}

// WithBaseURL sets the base URL of the API: [BaseURLEU], [BaseURLAPAC], [BaseURLUS], a
// white label's host, or a proxy, whose path prefix is kept. The default is the
// global host, https://api.messagemedia.com.
func WithBaseURL(baseURL string) Option {
	return func(s *settings) { s.baseURL = baseURL }
}

// WithHTTPClient sends through a copy of the given client; yours is not changed.
// The copy does not follow redirects. With [HMACAuth], an *http.Transport is
// copied, too, and kept to HTTP/1.1; any other RoundTripper is used as it is. The
// default is an http.Client with the transport http.DefaultTransport.
func WithHTTPClient(client *http.Client) Option {
	return func(s *settings) { s.httpClient = client }
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

// WithLogger logs each attempt: at level Debug when it succeeded, at Warn when it
// failed. Attributes are the operation, method, path template, attempt, duration,
// status and request ID; never a header, a body or an ID of a webhook. Without
// this option nothing is logged.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithInsecureHTTP allows a base URL with plain http to a host other than this
// one, for a mock in another container. Credentials then travel in clear text.
func WithInsecureHTTP() Option {
	return func(s *settings) { s.insecureHTTP = true }
}

func (s *settings) apply(options []Option) (err error) {
	for i, option := range options {
		if option == nil {
			err = errors.Join(err, fmt.Errorf("option %d is nil", i+1))
			continue
		}
		option(s)
	}
	return err
}

// check reports everything that is wrong with the settings.
func (s *settings) check() error {
	return errors.Join(
		s.checkBaseURL(),
		check.That(s.httpClient != nil, "WithHTTPClient: client is nil; omit the option for the default"),
		check.That(s.attemptTimeout > 0, "WithAttemptTimeout: must be positive, got %v", s.attemptTimeout),
		check.That(s.maxAttempts > 0, "WithMaxAttempts: must be at least 1, got %d; 1 disables retries", s.maxAttempts),
		check.That(s.maxRetryWait >= 0, "WithMaxRetryWait: must not be negative, got %v; 0 retries without waiting", s.maxRetryWait),
		check.That(!strings.ContainsFunc(s.userAgent, unicode.IsControl), "WithUserAgent: %q contains a control character; write \"name/version\"", s.userAgent),
		check.That(s.logger != nil, "WithLogger: logger is nil; omit the option to disable logging"),
	)
}

// checkBaseURL never quotes the URL: one with a password in it is among those
// that it refuses.
func (s *settings) checkBaseURL() error {
	base, err := url.Parse(s.baseURL)
	switch {
	case err != nil:
		return errors.New("WithBaseURL: not a URL; one looks like https://eu.app.api.sinch.com")
	case base.Scheme != "https" && base.Scheme != "http":
		return errors.New("WithBaseURL: the URL does not begin with https://")
	case base.Hostname() == "":
		return errors.New("WithBaseURL: the URL has no host; one looks like https://eu.app.api.sinch.com")
	case base.User != nil:
		return errors.New("WithBaseURL: URL contains credentials; pass them to BasicAuth or HMACAuth")
	case base.RawQuery != "" || base.ForceQuery || base.Fragment != "":
		return errors.New("WithBaseURL: the URL has a query or a fragment; it may have a path, and no more")
	case base.Scheme == "http" && !s.insecureHTTP && !isLoopback(base.Hostname()):
		return fmt.Errorf("WithBaseURL: http to %s would send the credentials in clear text; use https, or allow it by WithInsecureHTTP", base.Hostname())
	}
	return nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
