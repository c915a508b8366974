package webhook

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

const (
	defaultMaxAge       = 15 * time.Minute
	defaultMaxClockSkew = 5 * time.Minute
	defaultDateHeader   = "Date"
	defaultMinKeyBits   = 2048

	// minSupportedKeyBits is the size below which crypto/rsa returns an error.
	minSupportedKeyBits = 1024
)

// Signed accepts a delivery that the platform signed with one of these keys, a short time
// ago. The account needs secure callbacks and an enabled signature key. [Delivery.Scheme] is
// "signature".
//
// The signed text consists of the request line, the Date and the body, without delimiters.
// Therefore each part is accepted in one form only. The checks are, in this order:
//
//  1. The method must be a token. The target must not be empty, and must have no white
//     space or control characters. Otherwise the error matches [ErrMalformed].
//  2. Each signature header and the Date must occur exactly once. The signature must be
//     strict base64, the key must be known and large enough, and the Date must be an HTTP
//     date, whose day may have one digit. Otherwise the error matches [ErrMissingHeader],
//     [ErrMalformed], [ErrUnknownKey], [ErrKeySource] or [ErrWeakKey].
//  3. The body must be readable and within the limit. Otherwise the error matches
//     [ErrBodyTooLarge], [ErrBodyUnreadable] or [ErrBodyConsumed].
//  4. The digest must be that of the key, and the signature that of a request line with
//     HTTP/1.1. Otherwise the error matches [ErrDigestMismatch] or [ErrBadSignature].
//  5. The Date must be at most 15 minutes old ([WithMaxAge]) and at most 5 minutes ahead
//     ([WithMaxClockSkew]). Otherwise the error matches [ErrDateOutOfRange].
//
// If a [KeySet] contains a key that is smaller than [WithMinKeyBits] allows, [NewVerifier]
// returns an error that matches [ErrWeakKey]. If such a key comes from another KeySource, or
// is added later, each delivery that it signed is rejected.
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

// WithMaxAge sets how old the Date of a delivery may be. The default is 15 minutes. During
// that time, anyone who has seen a delivery can replay it: see [WithDeduplicator].
func WithMaxAge(age time.Duration) SignedOption {
	return func(s *signedSettings) { s.maxAge = age }
}

// WithMaxClockSkew sets how far the Date of a delivery may be ahead of this machine's
// clock. The default is 5 minutes.
func WithMaxClockSkew(skew time.Duration) SignedOption {
	return func(s *signedSettings) { s.maxClockSkew = skew }
}

// WithDateHeader names the header that contains the platform's Date, for a gateway that
// replaces the Date header. The default is Date.
func WithDateHeader(name string) SignedOption {
	return func(s *signedSettings) { s.dateHeader = name }
}

// WithMinKeyBits sets the minimum size of a key. The default is 2048 bits. The smallest
// possible value, 1024, is within reach of a state-level attacker.
func WithMinKeyBits(bits int) SignedOption {
	return func(s *signedSettings) { s.minKeyBits = bits }
}

// signedScheme is the Scheme that Signed returns.
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

// checkKeys validates a KeySource of this package. Others cannot be validated.
func (s *signedScheme) checkKeys() error {
	if check.IsNil(s.keys) {
		return errors.New("webhook: Signed: keys are nil; pass a KeySet or a KeySource of your own")
	}
	if source, ok := s.keys.(checkedKeySource); ok {
		return source.check(s.minKeyBits)
	}
	return nil
}

func (s *signedScheme) looksUpKeys() bool { return true }

// waits returns false for a KeySet, whose lookup costs less than a deadline.
func (s *signedScheme) waits() bool {
	_, inMemory := s.keys.(*KeySet)
	return !inMemory
}

func (s *signedScheme) queryTokens() []string { return nil }

// signedRequest is the parsed header of a signed request. Its signature and its digest are
// not verified yet.
type signedRequest struct {
	scheme    *signedScheme
	method    string
	target    string
	key       *Key
	digest    messagemedia.Digest // the digest that the request names
	signature []byte
	date      string
	signedAt  time.Time
}

func (s *signedScheme) authenticateHeader(ctx context.Context, r request) (proof, error) {
	h, err := s.signatureHeaders(r.header)
	if err != nil {
		return nil, err
	}
	signature, err := decodeSignature(h.signature)
	if err != nil {
		return nil, err
	}
	if h.cipher != "RSA" {
		return nil, fmt.Errorf("%w: unknown cipher", ErrMalformed)
	}
	key, err := s.findKey(ctx, h.keyID, r.isolated)
	if err != nil {
		return nil, err
	}
	signedAt, err := parseDate(h.date)
	if err != nil {
		return nil, err
	}
	return &signedRequest{s, r.method, r.target, key, messagemedia.Digest(h.digest), signature, h.date, signedAt}, nil
}

func (r *signedRequest) signed() *signedRequest { return r }

// authenticateBody verifies the signature before the age, since an unsigned Date proves
// nothing.
func (r *signedRequest) authenticateBody(body []byte) (acceptance, error) {
	if err := r.checkSignature(body); err != nil {
		return acceptance{}, err
	}
	if err := r.checkDate(); err != nil {
		return acceptance{}, err
	}
	return acceptance{scheme: "signature", keyID: r.key.id, signedAt: r.signedAt}, nil
}

type signatureHeaders struct {
	signature, cipher, digest, keyID, date string
}

// errNotSigned means that all headers of the signature are missing, not just some.
var errNotSigned = fmt.Errorf("%w: not signed", ErrMissingHeader)

// signatureHeaders finds the headers. Each must occur exactly once: if there are two, a proxy
// may have checked the other one.
func (s *signedScheme) signatureHeaders(header http.Header) (h signatureHeaders, err error) {
	names := [...]string{"X-Messagemedia-Signature", "X-Messagemedia-Cipher-Type", "X-Messagemedia-Digest-Type", "X-Messagemedia-Key-Id"}
	if !slices.ContainsFunc(names[:], func(name string) bool { return len(header[name]) > 0 }) {
		return h, errNotSigned
	}
	for i, value := range [...]*string{&h.signature, &h.cipher, &h.digest, &h.keyID} {
		if *value, err = soleValue(names[i], header[names[i]]); err != nil {
			return h, err
		}
	}
	h.date, err = soleValue(s.dateHeader, joinDate(header[s.dateHeader]))
	return h, err
}

func soleValue(name string, values []string) (string, error) {
	switch len(values) {
	case 0:
		return "", fmt.Errorf("%w: %s", ErrMissingHeader, name)
	case 1:
		return values[0], nil
	}
	return "", fmt.Errorf("%w: more than one %s", ErrMalformed, name)
}

var strictBase64 = base64.StdEncoding.Strict()

// decodeSignature accepts exactly one encoding of each signature. Even the strict decoder
// skips line breaks, so decodeSignature also checks the length.
func decodeSignature(text string) ([]byte, error) {
	signature, err := strictBase64.DecodeString(text)
	if err != nil || len(text) != strictBase64.EncodedLen(len(signature)) {
		return nil, fmt.Errorf("%w: signature is not base64", ErrMalformed)
	}
	return signature, nil
}

func (s *signedScheme) findKey(ctx context.Context, id string, isolated bool) (*Key, error) {
	lookUp := s.lookUp
	if isolated && s.waits() {
		lookUp = s.lookUpIsolated
	}
	key, err := lookUp(ctx, id)
	if err != nil {
		return nil, err
	}
	return key, key.checkSize(s.minKeyBits)
}

func (s *signedScheme) lookUp(ctx context.Context, id string) (*Key, error) {
	key, err := s.keys.Key(ctx, id)
	switch {
	case errors.Is(err, ErrUnknownKey): // a method of the error may panic
		return nil, ErrUnknownKey
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrKeySource, err)
	case key == nil || key.publicKey == nil:
		return nil, fmt.Errorf("%w: returned neither a key from ParseKey nor an error", ErrKeySource)
	}
	return key, nil
}

func (s *signedScheme) lookUpIsolated(ctx context.Context, id string) (key *Key, err error) {
	panicked := isolate("the KeySource", func() error { key, err = s.lookUp(ctx, id); return nil })
	if panicked != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeySource, panicked)
	}
	return key, err
}

// checkSignature verifies the signature of the request line, the Date and the body. The
// platform signs a request line with HTTP/1.1. A proxy may use another version.
func (r *signedRequest) checkSignature(body []byte) error {
	if claimed, ok := hashOf(r.digest); !ok || claimed != r.key.hash {
		return ErrDigestMismatch
	}
	hash := r.key.hash.New()
	head := r.appendHead(make([]byte, 0, 256))
	hash.Write(head)
	hash.Write(body)
	if rsa.VerifyPKCS1v15(r.key.publicKey, r.key.hash, hash.Sum(head[:0]), r.signature) != nil {
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
