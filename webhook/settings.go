package webhook

import (
	"errors"
	"net/url"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

func (v *Verifier) checkSettings() error {
	return errors.Join(
		check.That(v.keys != nil && v.keys != (*KeySet)(nil), "webhook: the keys are nil, want a KeySet or a KeySource of your own"),
		check.That(v.maxAge > 0, "webhook: max age %v, want more than 0", v.maxAge),
		check.That(v.maxAhead >= 0, "webhook: max ahead %v, want 0 or more", v.maxAhead),
		check.That(check.IsToken(v.dateHeader), "webhook: date header %q, want the name of a header", v.dateHeader),
		check.That(v.minKeyBits >= leastKeyBits, "webhook: min key bits %d, want %d or more", v.minKeyBits, leastKeyBits),
		check.That(v.maxBodyBytes > 0, "webhook: max body bytes %d, want 1 or more", v.maxBodyBytes),
		checkPublicURL(v.publicURL),
	)
}

// checkKeySet finds weak keys where that can be done early.
func (v *Verifier) checkKeySet() error {
	set, ok := v.keys.(*KeySet)
	if !ok || set == nil {
		return nil
	}
	set.mu.RLock()
	defer set.mu.RUnlock()
	var errs []error
	for _, key := range set.keys {
		errs = append(errs, v.checkKeySize(key))
	}
	return errors.Join(errs...)
}

// checkPublicURL does not show the URL that it refuses, nor the error of its
// parser, which does: there can be tokens in a URL.
func checkPublicURL(given *string) error {
	if given == nil {
		return nil
	}
	publicURL := *given
	u, err := url.Parse(publicURL)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return errors.New("webhook: the public URL is not one, want https://host/path")
	case u.User != nil, strings.ContainsAny(publicURL, "?#"):
		return errors.New("webhook: the public URL has more than scheme, host and path, want https://host/path")
	case !isTarget(rawPath(publicURL)):
		return errors.New("webhook: the public URL has a path that no request line can carry, want it escaped")
	}
	return nil
}

// rawPath is the path of a target in absolute form, or of a URL, as it is
// written. url.URL would tidy its escapes up, and the signature is over the
// bytes. A target in origin form is its own path; the query is cut off.
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
