package webhook

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// targetSettings say how the target that the platform called is found. By default it is
// the request's own, every byte as it arrived. No forwarded header is ever read.
type targetSettings struct {
	publicURL *string
	prefix    *string
	function  *func(*http.Request) string

	publicPath string // of publicURL
}

// WithPublicURL names the URL that the platform calls, for a receiver behind a proxy
// that rewrites the path. The path of the URL, as it is written here, takes the place of
// the request's own, so a router's path is not verified; the query stays as it came.
func WithPublicURL(publicURL string) VerifierOption {
	return func(s *verifierSettings) { s.target.publicURL = &publicURL }
}

// WithStrippedPrefix puts a prefix back in front of each request's path, for a receiver
// behind a proxy that strips it: "/hooks", if the platform calls /hooks/sms and /sms
// arrives.
func WithStrippedPrefix(prefix string) VerifierOption {
	return func(s *verifierSettings) { s.target.prefix = &prefix }
}

// WithTarget returns the target that the platform called, path and query, from a request,
// for a proxy that rewrites otherwise. Trust a header for it only if the proxy sets it on
// every request. The function runs before the delivery is authenticated, and not for a
// [RawRequest], whose Target says the same.
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
		check.That(given < 2, "webhook: WithPublicURL, WithStrippedPrefix and WithTarget exclude each other"),
		checkPublicURL(s.publicURL),
		checkPrefix(s.prefix),
		check.That(s.function == nil || *s.function != nil, "webhook: WithTarget: function is nil"),
	)
}

// checkPublicURL does not show the URL that it refuses, nor the error of its parser,
// which does: there can be tokens in a URL.
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

// of returns the target of a request that net/http received.
func (s *targetSettings) of(r *http.Request) string {
	if s.function != nil {
		return (*s.function)(r)
	}
	return s.ofRaw(r.RequestURI)
}

// ofRaw returns the target that the platform called.
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

// isTarget reports whether an HTTP/1.1 request line can carry s. A target that came over
// HTTP/2 can have any byte.
func isTarget(s string) bool {
	for i := range len(s) {
		if s[i] <= 0x20 || s[i] == 0x7F {
			return false
		}
	}
	return s != ""
}

// rawPath returns the path of a target in absolute form, or of a URL, as it is written.
// url.URL would normalize its escapes, and the signature is over the bytes. A target in
// origin form is its own path; the query is cut off.
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
