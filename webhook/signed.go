package webhook

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

const (
	defaultMaxAge       = 15 * time.Minute
	defaultMaxClockSkew = 5 * time.Minute
	defaultDateHeader   = "Date"
	defaultMinKeyBits   = 2048

	// minSupportedKeyBits is the size under which crypto/rsa refuses to work.
	minSupportedKeyBits = 1024
)

// Signed accepts what the platform signed with one of these keys, a short time ago. The
// account needs secure callbacks, and an enabled signature key. [Delivery.Scheme] is
// "signature".
//
// The signed text consists of the request line, the Date and the body, without
// delimiters, so each part is accepted in one form only. The checks are, in this order:
//
//  1. The method is a token; the target is not empty and has no white space and no
//     control characters: [ErrMalformed].
//  2. There is exactly one of each signature header and of Date. The signature is strict
//     base64, the key is known and large enough, and the Date is an HTTP date, whose day
//     may have one digit: [ErrMissingHeader], [ErrMalformed], [ErrUnknownKey] or
//     [ErrKeySource], [ErrWeakKey].
//  3. The body can be read, up to the limit: [ErrBodyTooLarge], [ErrBodyUnreadable],
//     [ErrBodyConsumed].
//  4. The signature is that of a request line that says HTTP/1.1, with the digest that
//     the key has: [ErrDigestMismatch], [ErrBadSignature].
//  5. The Date is at most 15 minutes old and 5 minutes ahead: [ErrDateOutOfRange].
//
// A [KeySet] with a key that is smaller than [WithMinKeyBits] allows is an error of
// [NewVerifier] that matches [ErrWeakKey]; such a key from another source, or one that
// is added later, is refused at each delivery.
func Signed(keys KeySource, options ...SignedOption) Scheme {
	s := &signedScheme{keys: keys, signedSettings: signedSettings{
		maxAge:       defaultMaxAge,
		maxClockSkew: defaultMaxClockSkew,
		dateHeader:   defaultDateHeader,
		minKeyBits:   defaultMinKeyBits,
	}}
	for _, option := range options {
		if option == nil {
			s.problem = errors.New("webhook: Signed: option is nil")
			continue
		}
		option(&s.signedSettings)
	}
	s.dateHeader = http.CanonicalHeaderKey(s.dateHeader)
	return s
}

// SignedOption configures [Signed]. If a value is invalid, [NewVerifier] returns an error.
type SignedOption func(*signedSettings)

type signedSettings struct {
	maxAge       time.Duration
	maxClockSkew time.Duration
	dateHeader   string
	minKeyBits   int
}

// WithMaxAge sets how old the Date of a delivery may be. The default is 15 minutes.
// Within that time whoever has seen a delivery can send it again, and it is accepted
// again: see [WithDeduplicator].
func WithMaxAge(age time.Duration) SignedOption {
	return func(s *signedSettings) { s.maxAge = age }
}

// WithMaxClockSkew sets how far the Date of a delivery may be ahead of this machine's
// clock. The default is 5 minutes.
func WithMaxClockSkew(skew time.Duration) SignedOption {
	return func(s *signedSettings) { s.maxClockSkew = skew }
}

// WithDateHeader names the header in which the platform's Date arrives, behind a gateway
// that sets Date itself. The default is Date.
func WithDateHeader(name string) SignedOption {
	return func(s *signedSettings) { s.dateHeader = name }
}

// WithMinKeyBits sets the size of the smallest key that is accepted. The default is 2048
// bits; 1024, the minimum, is within reach of a state-level attacker.
func WithMinKeyBits(bits int) SignedOption {
	return func(s *signedSettings) { s.minKeyBits = bits }
}

// signedScheme is what Signed returns.
type signedScheme struct {
	keys    KeySource
	problem error
	signedSettings
}

func (s *signedScheme) check() error {
	return errors.Join(
		s.problem,
		s.checkKeys(),
		check.That(s.maxAge > 0, "webhook: WithMaxAge: must be positive, got %v", s.maxAge),
		check.That(s.maxClockSkew >= 0, "webhook: WithMaxClockSkew: must not be negative, got %v", s.maxClockSkew),
		check.That(check.IsToken(s.dateHeader), "webhook: WithDateHeader: must be the name of a header, got %q", s.dateHeader),
		check.That(s.minKeyBits >= minSupportedKeyBits, "webhook: WithMinKeyBits: must be at least %d, got %d", minSupportedKeyBits, s.minKeyBits),
	)
}

// checkKeys asks a KeySource of this package what is wrong with it.
func (s *signedScheme) checkKeys() error {
	if isNil(s.keys) {
		return errors.New("webhook: Signed: keys are nil; pass a KeySet or a KeySource of your own")
	}
	if source, ok := s.keys.(checkedKeySource); ok {
		return source.check(s.minKeyBits)
	}
	return nil
}

func (s *signedScheme) looksUpKeys() bool { return true }

// waits is false for keys in memory: a deadline costs more than the look-up.
func (s *signedScheme) waits() bool {
	_, inMemory := s.keys.(*KeySet)
	return !inMemory
}

func (s *signedScheme) queryTokens() []string { return nil }

// signedRequest is what the header of a request says of its signature. All of it has
// been checked but the signature.
type signedRequest struct {
	scheme    *signedScheme
	method    string
	target    string
	key       *Key
	digest    messagemedia.Digest // as the request claims it
	signature []byte
	date      string
	signedAt  time.Time
}

func (s *signedScheme) authenticateHeader(ctx context.Context, r *request) (proof, error) {
	signed := &signedRequest{scheme: s, method: r.method, target: r.target}
	if err := s.parseSignedRequest(ctx, r, signed); err != nil {
		return nil, err
	}
	r.signed = signed
	return signed, nil
}

// authenticateBody checks the age last: only then is the Date known to be true.
func (r *signedRequest) authenticateBody(body []byte) (acceptance, error) {
	if err := r.checkSignature(body); err != nil {
		return acceptance{}, err
	}
	if err := r.checkDate(); err != nil {
		return acceptance{}, err
	}
	return acceptance{scheme: "signature", keyID: r.key.id, signedAt: r.signedAt}, nil
}

// parseSignedRequest reads what the signature's headers say.
func (s *signedScheme) parseSignedRequest(ctx context.Context, request *request, r *signedRequest) error {
	h, err := s.signatureHeaders(request.header)
	if err != nil {
		return err
	}
	if r.signature, err = decodeSignature(h.signature); err != nil {
		return err
	}
	if h.cipher != "RSA" {
		return fmt.Errorf("%w: unknown cipher", ErrMalformed)
	}
	if r.key, err = s.findKey(ctx, h.keyID, request.isolated); err != nil {
		return err
	}
	r.digest, r.date = messagemedia.Digest(h.digest), h.date
	r.signedAt, err = parseDate(h.date)
	return err
}

type signatureHeaders struct {
	signature, cipher, digest, keyID, date string
}

// errNotSigned is told apart from a signature of which a part is missing.
var errNotSigned = fmt.Errorf("%w: not signed", ErrMissingHeader)

// signatureHeaders finds the headers, whatever the case of their names. There must be
// exactly one of each: of two, a proxy in front may have taken the other.
func (s *signedScheme) signatureHeaders(header http.Header) (h signatureHeaders, err error) {
	names := [...]string{
		"X-Messagemedia-Signature", "X-Messagemedia-Cipher-Type", "X-Messagemedia-Digest-Type", "X-Messagemedia-Key-Id", s.dateHeader,
	}
	const date = len(names) - 1
	var found [len(names)]string
	var counts [len(names)]int
	for name, values := range header {
		for i, wanted := range names {
			if len(name) == len(wanted) && len(values) > 0 && (name == wanted || strings.EqualFold(name, wanted)) {
				if i == date {
					values = joinDate(values)
				}
				found[i], counts[i] = values[0], counts[i]+len(values)
			}
		}
	}
	if [date]int(counts[:date]) == [date]int{} {
		return h, errNotSigned
	}
	for i, count := range counts {
		switch {
		case count == 0:
			return h, fmt.Errorf("%w: %s", ErrMissingHeader, names[i])
		case count > 1:
			return h, fmt.Errorf("%w: more than one %s", ErrMalformed, names[i])
		}
	}
	return signatureHeaders{found[0], found[1], found[2], found[3], found[4]}, nil
}

var strictBase64 = base64.StdEncoding.Strict()

// decodeSignature takes exactly one spelling of each signature. The decoder
// itself skips line breaks, even when it is strict: they show in the length.
func decodeSignature(text string) ([]byte, error) {
	signature, err := strictBase64.DecodeString(text)
	if err != nil || len(text) != strictBase64.EncodedLen(len(signature)) {
		return nil, fmt.Errorf("%w: signature is not base64", ErrMalformed)
	}
	return signature, nil
}

func (s *signedScheme) findKey(ctx context.Context, id string, isolated bool) (key *Key, err error) {
	if !isolated || !s.waits() {
		key, err = s.keys.Key(ctx, id)
	} else {
		err = isolate("the KeySource", func() (err error) { key, err = s.keys.Key(ctx, id); return err })
	}
	switch {
	case errors.Is(err, ErrUnknownKey):
		return nil, ErrUnknownKey
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrKeySource, err)
	case key == nil || key.publicKey == nil:
		return nil, fmt.Errorf("%w: returned neither a key of ParseKey nor an error", ErrKeySource)
	}
	return key, key.checkSize(s.minKeyBits)
}

// checkSignature checks the signature over the request line, the Date and the
// body. The line says HTTP/1.1 whatever the request came over: the platform
// speaks that, a proxy in between perhaps not.
func (r *signedRequest) checkSignature(body []byte) error {
	if claimed, ok := hashOf(r.digest); !ok || claimed != r.key.hash {
		return ErrDigestMismatch
	}
	hash := r.key.hash.New()
	hash.Write(r.appendHead(make([]byte, 0, 256)))
	hash.Write(body)
	if rsa.VerifyPKCS1v15(r.key.publicKey, r.key.hash, hash.Sum(nil), r.signature) != nil {
		return ErrBadSignature
	}
	return nil
}

// appendHead appends the signed text up to the body.
func (r *signedRequest) appendHead(text []byte) []byte {
	text = append(append(text, r.method...), ' ')
	text = append(append(text, r.target...), " HTTP/1.1"...)
	return append(text, r.date...)
}

func (r *signedRequest) checkDate() error {
	switch age := time.Since(r.signedAt); {
	case age > r.scheme.maxAge:
		return fmt.Errorf("%w: %v old, must be at most %v", ErrDateOutOfRange, age.Truncate(time.Second), r.scheme.maxAge)
	case age < -r.scheme.maxClockSkew:
		return fmt.Errorf("%w: %v ahead, must be at most %v; check this machine's clock", ErrDateOutOfRange, age.Abs().Truncate(time.Second), r.scheme.maxClockSkew)
	}
	return nil
}
