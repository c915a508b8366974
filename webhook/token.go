package webhook

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// minTokenBytes is the minimum length of a token: 128 bits, if all bytes were random.
const minTokenBytes = 16

// HeaderToken accepts a delivery if the whole value of the header is one of the tokens. Set
// the header in the webhook's Headers. The name can be X-Webhook-Token, or Authorization
// with a token such as "Bearer …". Create a token with [crypto/rand.Text].
//
// A token must have at least 16 bytes. It may contain visible ASCII, except $ and #, which
// have a meaning in the platform's templates, and single spaces between other characters.
// The name must not be a header that HTTP or the platform sets. To rotate a token, pass
// several, the new one first. [Delivery.Scheme] is "header:" and the name, followed by "#2"
// for the second token, and so on.
//
// If the header is missing, occurs more than once, or has another value, the error matches
// [ErrBadToken]. The package documentation describes what a token proves.
func HeaderToken(name string, tokens ...string) Scheme {
	name = http.CanonicalHeaderKey(name)
	find := func(r request) (string, bool) { return soleHeader(r.header, name) }
	return newTokenScheme("HeaderToken", "header:"+name, nil, find, tokens,
		check.That(check.IsToken(name), "webhook: HeaderToken: name must be the name of a header, got %q", name),
		check.That(!isReservedHeader(name), "webhook: HeaderToken: name must not be a header that HTTP or the platform sets, got %q", name),
		checkTokens("HeaderToken", tokens, "visible ASCII without $ and #, with single spaces at most", isHeaderToken),
	)
}

// QueryToken accepts a delivery if the value of a query parameter is one of the tokens, as
// in https://example.com/hooks?token=…. A message's callback_url can carry no other token.
// Access logs and traces contain such a URL, so use [HeaderToken] if you can set the
// webhook's Headers.
//
// A token must have at least 16 bytes of A–Z a–z 0–9 - . _ ~, such as one from
// [crypto/rand.Text]. Other characters have a meaning in URLs or in the platform's
// templates. The name may contain the same characters. To rotate a token, pass several, the
// new one first. [Delivery.Scheme] is "query:" and the name, followed by "#2" for the second
// token, and so on. [Delivery.DedupeKey] does not depend on the parameter.
//
// If the parameter is missing, occurs more than once, or has another value, the error
// matches [ErrBadToken].
func QueryToken(name string, tokens ...string) Scheme {
	find := func(r request) (string, bool) { return soleParameter(r.target, name) }
	return newTokenScheme("QueryToken", "query:"+name, []string{name}, find, tokens,
		check.That(isUnreserved(name), "webhook: QueryToken: name must be of A-Z a-z 0-9 - . _ ~, got %q", name),
		checkTokens("QueryToken", tokens, "of A-Z a-z 0-9 - . _ ~", isUnreserved),
	)
}

// tokenScheme keeps its tokens in a closure, so that printing it by reflection cannot show
// them.
type tokenScheme struct {
	problem    error
	parameters []string
	find       func(request) (token string, ok bool)
	accept     func(token string) *tokenProof // nil if no token is equal
}

// newTokenScheme returns a scheme that compares the hash of a token with those of all
// accepted tokens, so that the time of a comparison reveals nothing about them.
func newTokenScheme(kind, label string, parameters []string, find func(request) (string, bool), tokens []string, problems ...error) Scheme {
	problems = append(problems, check.That(len(tokens) > 0, "webhook: %s: no token given", kind))
	sums, proofs := make([][sha256.Size]byte, len(tokens)), make([]tokenProof, len(tokens))
	for i, token := range tokens {
		sums[i], proofs[i] = sha256.Sum256([]byte(token)), tokenProof{label}
		if i > 0 {
			proofs[i].scheme = fmt.Sprintf("%s#%d", label, i+1)
		}
	}
	accept := func(token string) (accepted *tokenProof) {
		sum := sha256.Sum256([]byte(token))
		for i := range sums {
			if subtle.ConstantTimeCompare(sum[:], sums[i][:]) == 1 {
				accepted = &proofs[i]
			}
		}
		return accepted
	}
	return &tokenScheme{errors.Join(problems...), parameters, find, accept}
}

func (s *tokenScheme) check() error { return s.problem }

func (s *tokenScheme) looksUpKeys() bool { return false }

func (s *tokenScheme) waits() bool { return false }

func (s *tokenScheme) queryTokens() []string { return s.parameters }

func (s *tokenScheme) authenticateHeader(_ context.Context, r request) (proof, error) {
	token, ok := s.find(r)
	accepted := s.accept(token)
	if !ok || accepted == nil {
		return nil, ErrBadToken // the same error for a missing and for a wrong token
	}
	return accepted, nil
}

// tokenProof accepts every body, since a token proves nothing about it.
type tokenProof struct{ scheme string }

func (p *tokenProof) signed() *signedRequest { return nil }

func (p *tokenProof) authenticateBody([]byte) (acceptance, error) {
	return acceptance{scheme: p.scheme}, nil
}

// checkTokens returns an error for each invalid token. The errors contain no token.
func checkTokens(kind string, tokens []string, form string, isForm func(string) bool) error {
	var errs []error
	seen := make(map[string]bool)
	for i, token := range tokens {
		errs = append(errs,
			check.That(len(token) >= minTokenBytes, "webhook: %s: token %d must have at least %d bytes, got %d", kind, i+1, minTokenBytes, len(token)),
			check.That(token == strings.TrimSpace(token), "webhook: %s: token %d begins or ends with white space", kind, i+1),
			check.That(token == "" || isForm(strings.TrimSpace(token)), "webhook: %s: token %d must be %s", kind, i+1, form),
			check.That(token == "" || !seen[token], "webhook: %s: token %d must differ from the others", kind, i+1),
		)
		seen[token] = true
	}
	return errors.Join(errs...)
}

// isHeaderToken reports whether s, which neither begins nor ends with white space, can be a
// token in a header.
func isHeaderToken(s string) bool {
	for _, c := range []byte(s) {
		if c == '$' || c == '#' || c < ' ' || c > '~' {
			return false
		}
	}
	return !strings.Contains(s, "  ")
}

// isUnreserved reports whether s has only characters that have one spelling in a URL.
func isUnreserved(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}

// isReservedHeader reports whether HTTP, proxies or the platform set a header, regardless of
// the webhook's Headers.
func isReservedHeader(name string) bool {
	switch name {
	case "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Cache-Control", "Connection", "Content-Encoding", "Content-Length",
		"Content-Md5", "Content-Type", "Date", "Expect", "Forwarded", "Host", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"User-Agent", "Via":
		return true
	}
	return strings.HasPrefix(name, "X-Messagemedia-") || strings.HasPrefix(name, "X-Forwarded-") || strings.HasPrefix(name, "Proxy-")
}

// soleHeader returns the value of a header that occurs exactly once.
func soleHeader(header http.Header, name string) (value string, ok bool) {
	if values := header[name]; len(values) == 1 {
		return values[0], true
	}
	return "", false
}

// soleParameter returns the value of a parameter that occurs exactly once. It rejects an
// escaped form of the name, since a proxy may have checked that one.
func soleParameter(target, name string) (value string, ok bool) {
	_, query, _ := strings.Cut(target, "?")
	count := 0
	for pair := range strings.SplitSeq(query, "&") {
		given, text, _ := strings.Cut(pair, "=")
		switch decoded, err := url.QueryUnescape(given); {
		case given == name:
			value, count = text, count+1
		case err == nil && decoded == name:
			return "", false
		}
	}
	return value, count == 1
}

// withoutParameters returns the target without the query parameters of these names.
func withoutParameters(target string, names []string) string {
	path, query, found := strings.Cut(target, "?")
	if !found || len(names) == 0 {
		return target
	}
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		given, _, _ := strings.Cut(pair, "=")
		if !slices.Contains(names, given) {
			kept = append(kept, pair)
		}
	}
	if len(kept) == 0 {
		return path
	}
	return path + "?" + strings.Join(kept, "&")
}
