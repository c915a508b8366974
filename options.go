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
)

// Base URLs of the platform's regions, for [WithBaseURL]. An account lives in
// one region, and its credentials are valid there only.
const (
	RegionEU   = "https://eu.app.api.sinch.com"
	RegionAPAC = "https://au.app.api.sinch.com"
	RegionUS   = "https://us.app.api.sinch.com"
)

const (
	defaultBaseURL      = "https://api.messagemedia.com"
	defaultTimeout      = 30 * time.Second
	defaultMaxAttempts  = 3
	defaultMaxRetryWait = 30 * time.Second
)

// Option configures a [Client]. A value that can't be right is an error of
// [NewClient].
type Option func(*settings)

// settings are what the options choose, before they are checked together.
type settings struct {
	baseURL      string
	httpClient   *http.Client
	timeout      time.Duration
	maxAttempts  int
	maxRetryWait time.Duration
	userAgent    string
	logger       *slog.Logger
	insecureHTTP bool
}

// WithBaseURL sets where the API is: [RegionEU], [RegionAPAC], [RegionUS], a
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

// WithTimeout limits each attempt of a call, from the first byte sent to the last
// one read. The default is 30 seconds. The call as a whole, waits included, is
// limited by its context.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.timeout = timeout }
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
		require(s.httpClient != nil, "WithHTTPClient: the client is nil; leave the option out for the default"),
		require(s.timeout > 0, "WithTimeout: %v is not a positive duration", s.timeout),
		require(s.maxAttempts > 0, "WithMaxAttempts: %d is less than 1; 1 turns retries off", s.maxAttempts),
		require(s.maxRetryWait >= 0, "WithMaxRetryWait: %v is negative; 0 tries again without waiting", s.maxRetryWait),
		require(!strings.ContainsFunc(s.userAgent, unicode.IsControl), "WithUserAgent: %q has a control character; write it as \"name/version\"", s.userAgent),
		require(s.logger != nil, "WithLogger: the logger is nil; leave the option out for silence"),
	)
}

func require(met bool, format string, args ...any) error {
	if met {
		return nil
	}
	return fmt.Errorf(format, args...)
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
		return errors.New("WithBaseURL: the URL has credentials; they belong into BasicAuth or HMACAuth")
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
