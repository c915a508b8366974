// Package publicurl checks the URL that a receiver is called at, before anything is
// subscribed to it.
package publicurl

import (
	"errors"
	"net/url"
	"path"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// Check reports all that is wrong with a URL, by the name of the flag that set it: what
// the platform can't call, and a path that an http.ServeMux does not serve as it is.
func Check(flag, publicURL string) error {
	u, err := url.Parse(publicURL)
	if err != nil {
		// The parser's error shows the URL, and there can be a password in it.
		return errors.New(flag + " must be a URL, as in https://example.com/hooks/sms")
	}
	return errors.Join(
		check.That(u.Scheme == "http" || u.Scheme == "https", "%s must begin with https:// or http://", flag),
		check.That(u.Hostname() != "", "%s must have a host", flag),
		check.That(u.User == nil, "%s must not have user info; use WEBHOOK_TOKEN", flag),
		check.That(!strings.ContainsAny(publicURL, "?#"), "%s must not have a query or a fragment", flag),
		check.That(len(u.Path) > 1 && path.Clean(u.Path) == u.Path, "%s must have a path without // or dots, and without a slash at its end, as in /hooks/sms", flag),
		check.That(!strings.ContainsAny(u.EscapedPath(), "%{}"), "%s must have a path without %% and braces", flag),
	)
}
