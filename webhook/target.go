package webhook

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// targetSettings define how to restore the target that the platform called. By default, it
// is the request's target, every byte as received. Forwarded headers are never read.
type targetSettings struct {
	publicURL *string
	prefix    *string
	function  *func(*http.Request) string

	publicPath string // of publicURL
}

// WithPublicURL sets the URL that the platform calls, for a receiver behind a proxy that
// rewrites the path. The path of this URL, byte for byte, replaces the path of each request.
// The path that arrives is not verified. The query stays as received.
func WithPublicURL(publicURL string) VerifierOption {
	return func(s *verifierSettings) { s.target.publicURL = &publicURL }
}

// WithStrippedPrefix adds a prefix to the path of each request, for a receiver behind a
// proxy that strips it. If the platform calls /hooks/sms and /sms arrives, the prefix is
// "/hooks".
func WithStrippedPrefix(prefix string) VerifierOption {
	return func(s *verifierSettings) { s.target.prefix = &prefix }
}

// WithTarget sets a function that returns the target that the platform called, path and
// query, for a proxy that rewrites it in another way. The function may use a header only if
// the proxy sets that header on every request. The function runs before the delivery is
// authenticated. It does not run for a [RawRequest]: set its Target instead.
func WithTarget(target func(*http.Request) string) VerifierOption {
	return func(s *verifierSettings) { s.target.function = &target }
}

func (s *targetSettings) check() error {
	given := 0
	for _, isGiven := range [...]bool{s.publicURL != nil, s.prefix != nil, s.function != nil} {
		if isGiven {
			given++
		}
	}
	return errors.Join(
		check.That(given < 2, "webhook: WithPublicURL, WithStrippedPrefix and WithTarget are mutually exclusive"),
		checkPublicURL(s.publicURL),
		checkPrefix(s.prefix),
		check.That(s.function == nil || *s.function != nil, "webhook: WithTarget: function is nil"),
	)
}

// checkPublicURL returns an error without the URL, which may contain tokens, and without the
// error of url.Parse, which contains the URL.
func checkPublicURL(given *string) error {
	if given == nil {
		return nil
	}
	u, err := url.Parse(*given)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return errors.New("webhook: WithPublicURL: must be a URL such as https://host/path")
	case u.User != nil, strings.ContainsAny(*given, "?#"):
		return errors.New("webhook: WithPublicURL: must have scheme, host and path only, as in https://host/path")
	case !isTarget(rawPath(*given)):
		return errors.New("webhook: WithPublicURL: path must be escaped as in a request line")
	}
	return nil
}

func checkPrefix(given *string) error {
	if given == nil {
		return nil
	}
	valid := strings.HasPrefix(*given, "/") && !strings.HasSuffix(*given, "/") && !strings.ContainsAny(*given, "?#") && isTarget(*given)
	return check.That(valid, "webhook: WithStrippedPrefix: must be a path such as /hooks, without a slash at its end, got %q", *given)
}

// of returns the target that the platform called, for a request that net/http received.
func (s *targetSettings) of(r *http.Request) string {
	if s.function != nil {
		return (*s.function)(r)
	}
	return s.ofRaw(r.RequestURI)
}

// ofRaw returns the target that the platform called, for the target of a request line.
func (s *targetSettings) ofRaw(target string) string {
	path, query := target, ""
	if i := strings.IndexByte(target, '?'); i >= 0 {
		path, query = target[:i], target[i:]
	}
	switch {
	case s.publicURL != nil:
		return s.publicPath + query
	case s.prefix != nil:
		return *s.prefix + rawPath(path) + query
	}
	return target
}

// isTarget reports whether an HTTP/1.1 request line can contain s as its target. A target
// received over HTTP/2 can contain any byte.
func isTarget(s string) bool {
	for i := range len(s) {
		if s[i] <= 0x20 || s[i] == 0x7F {
			return false
		}
	}
	return s != ""
}

// rawPath returns the path of a URL or of a target, in absolute or in origin form, without
// the query. It does not use url.URL, which would normalize escapes: the signature covers
// the bytes.
func rawPath(target string) string {
	path, _, _ := strings.Cut(target, "?")
	if path == "" || path[0] == '/' {
		return path
	}
	if _, rest, ok := strings.Cut(path, "://"); ok {
		_, path, _ = strings.Cut(rest, "/")
		return "/" + path
	}
	return path
}
