package messagemedia

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// Base URLs of the API's regions, for [WithBaseURL]. An account belongs to one
// region, and its credentials are valid only there.
const (
	BaseURLEU   = "https://eu.app.api.sinch.com"
	BaseURLAPAC = "https://au.app.api.sinch.com"
	BaseURLUS   = "https://us.app.api.sinch.com"
)

const defaultBaseURL = "https://api.messagemedia.com"

// WithBaseURL sets the base URL of the API: [BaseURLEU], [BaseURLAPAC], [BaseURLUS], the
// host of a white label, or a proxy, which may have a path prefix. The client appends the
// API's own paths, which begin with /v1. The default is the global host,
// https://api.messagemedia.com.
func WithBaseURL(baseURL string) Option {
	return func(s *settings) { s.baseURL, s.baseURLSource = baseURL, "WithBaseURL" }
}

// checkBaseURL rejects an invalid base URL. The error never quotes the URL, since it may
// contain a password.
func (s *settings) checkBaseURL() error {
	if problem := s.baseURLProblem(); problem != "" {
		return errors.New(s.baseURLSource + ": " + problem)
	}
	return nil
}

func (s *settings) baseURLProblem() string {
	if strings.ContainsFunc(s.baseURL, func(r rune) bool { return unicode.IsSpace(r) || isInvisible(r) }) {
		return "the URL contains white space, a control character or an invisible one"
	}
	base, err := url.Parse(s.baseURL)
	switch {
	case err != nil:
		return "not a URL such as https://eu.app.api.sinch.com"
	case base.Scheme != "https" && base.Scheme != "http":
		return "the URL does not begin with https://"
	case base.Hostname() == "":
		return "the URL has no host; an example is https://eu.app.api.sinch.com"
	case !hasValidPort(base):
		return "the port must be between 1 and 65535"
	case base.User != nil:
		return "URL contains credentials; pass them to BasicAuth or HMACAuth"
	case base.RawQuery != "" || base.ForceQuery || strings.Contains(s.baseURL, "#"):
		return "the URL has a query or a fragment; remove it"
	case strings.Contains(base.Path+"/", "/v1/"):
		return "the URL's path contains /v1, which the client appends; remove it"
	case base.Scheme == "http" && !s.insecureHTTP && !isLoopback(base.Hostname()):
		return fmt.Sprintf("http to %s would send the credentials in clear text; use https, or permit http with WithInsecureHTTP", base.Hostname())
	}
	return ""
}

func hasValidPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	return isPort(u.Port())
}

func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// isLoopback reports whether a host is the local one. By RFC 6761, that includes every name
// below localhost.
func isLoopback(host string) bool {
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || net.ParseIP(host).IsLoopback()
}
