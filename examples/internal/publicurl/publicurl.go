// Package publicurl checks the public URL of a receiver before it is subscribed.
package publicurl

import (
	"errors"
	"net/url"
	"path"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// Check reports every problem of a URL that was set by the named flag. The platform must be able
// to call the URL, and http.ServeMux must serve its path unchanged.
func Check(flag, publicURL string) error {
	u, err := url.Parse(publicURL)
	if err != nil {
		// The parser's error shows the URL, which may contain a password.
		return errors.New(flag + " must be an absolute URL with a path, as in https://example.com/hooks/sms")
	}
	return errors.Join(
		check.That(u.Scheme == "http" || u.Scheme == "https", "%s must begin with https:// or http://", flag),
		check.That(u.Hostname() != "", "%s must have a host", flag),
		check.That(u.User == nil, "%s must not have user info; use WEBHOOK_TOKEN", flag),
		check.That(!strings.ContainsAny(publicURL, "?#"), "%s must not have a query or a fragment", flag),
		check.That(len(u.Path) > 1 && path.Clean(u.Path) == u.Path, "%s must have a path without // or dots, and without a slash at its end, as in /hooks/sms", flag),
		check.That(!strings.ContainsAny(u.EscapedPath(), "%{}"), "%s must have a path without %%, { or }", flag),
	)
}
