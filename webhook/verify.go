package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	defaultMaxAge       = 15 * time.Minute
	defaultMaxAhead     = 5 * time.Minute
	defaultDateHeader   = "Date"
	defaultMinKeyBits   = 2048
	defaultMaxBodyBytes = 8 << 20

	// leastKeyBits is the size under which crypto/rsa itself refuses to work.
	leastKeyBits = 1024
)

// Verifier tells the platform's deliveries from everybody else's requests. It is
// immutable after [NewVerifier], and safe for concurrent use.
type Verifier struct {
	keys KeySource
	verifierSettings
}

// verifierSettings are what the options choose, before they are checked together.
type verifierSettings struct {
	maxAge       time.Duration
	maxAhead     time.Duration
	publicURL    *string
	publicPath   string // the path of publicURL, empty without one
	dateHeader   string
	minKeyBits   int
	maxBodyBytes int64
}

// VerifierOption configures a [Verifier]. A value that can't be right is an
// error of [NewVerifier].
type VerifierOption func(*verifierSettings)

// WithMaxAge sets how old the Date of a delivery may be. The default is 15
// minutes. Within that time whoever has a delivery can send it again, and it is
// accepted again: see [WithDeduplicator].
func WithMaxAge(age time.Duration) VerifierOption {
	return func(s *verifierSettings) { s.maxAge = age }
}

// WithMaxAhead sets how far the Date of a delivery may be ahead of this machine's
// clock. The default is 5 minutes.
func WithMaxAhead(ahead time.Duration) VerifierOption {
	return func(s *verifierSettings) { s.maxAhead = ahead }
}

// WithPublicURL names the URL that the platform calls, for a verifier behind a
// proxy that rewrites the path. The path of the URL, as it is written here, takes
// the place of the request's own; the query stays as it came. Without this
// option the target is verified as it arrived. No forwarded header is ever read.
func WithPublicURL(publicURL string) VerifierOption {
	return func(s *verifierSettings) { s.publicURL = &publicURL }
}

// WithDateHeader names the header in which the platform's Date arrives, behind a
// gateway that keeps Date for itself. The default is Date.
func WithDateHeader(name string) VerifierOption {
	return func(s *verifierSettings) { s.dateHeader = name }
}

// WithMinKeyBits sets the size of the smallest key that is accepted. The default
// is 2048 bits; 1024, the least possible, can be broken with the means of a state.
func WithMinKeyBits(bits int) VerifierOption {
	return func(s *verifierSettings) { s.minKeyBits = bits }
}

// WithMaxBodyBytes limits the body of a delivery. The default is 8 MiB.
func WithMaxBodyBytes(limit int64) VerifierOption {
	return func(s *verifierSettings) { s.maxBodyBytes = limit }
}

// NewVerifier returns a verifier that accepts what one of these keys signed. It
// reports every bad option. A [KeySet] with a key that is smaller than
// [WithMinKeyBits] allows is an error that matches [ErrWeakKey]; such a key from
// another source, or one that is added later, is refused at each delivery.
func NewVerifier(keys KeySource, options ...VerifierOption) (*Verifier, error) {
	v := &Verifier{keys: keys, verifierSettings: verifierSettings{
		maxAge:       defaultMaxAge,
		maxAhead:     defaultMaxAhead,
		dateHeader:   defaultDateHeader,
		minKeyBits:   defaultMinKeyBits,
		maxBodyBytes: defaultMaxBodyBytes,
	}}
	for _, option := range options {
		option(&v.verifierSettings)
	}
	if err := errors.Join(v.checkSettings(), v.checkKeySet()); err != nil {
		return nil, err
	}
	if v.publicURL != nil {
		v.publicPath = rawPath(*v.publicURL)
	}
	return v, nil
}

// Message is an HTTP request in parts, for a delivery that did not come through
// net/http: a function-as-a-service, a queue.
type Message struct {
	// Method is the request's method.
	Method string

	// Target is the request's target as it stood in the request line: the path
	// with its query, nothing decoded or put in order.
	Target string

	// Header has the request's headers. Names match in any case, for many gateways
	// write them in lower case.
	Header http.Header

	// Body is the request's body, every byte of it.
	Body []byte
}

// Verify checks that the platform signed this request, reads its body, and
// parses it. What is wrong with a request that is not accepted is one of this
// package's errors; see the package's documentation for the order of the checks.
// A body that can't be parsed is no error: the event is then an [*UnparsedEvent].
//
// The request must be one that a server received: its RequestURI is the target
// that was signed, whatever a router made of its URL since. The body is used up
// afterwards. It is in the delivery.
func (v *Verifier) Verify(r *http.Request) (*Delivery, error) {
	envelope, err := v.open(r.Context(), r.Method, r.RequestURI, r.Header)
	if err != nil {
		return nil, err
	}
	body, err := v.readBody(r)
	if err != nil {
		return nil, err
	}
	delivery, err := v.accept(&envelope, body)
	if errors.Is(err, ErrBadSignature) && len(body) == 0 && r.ContentLength < 0 {
		return nil, fmt.Errorf("%w of an empty body of unknown length: %w, perhaps", err, ErrBodyConsumed)
	}
	return delivery, err
}

// VerifyMessage does what [Verifier.Verify] does, for a request in parts. The
// delivery shares the message's header and body.
func (v *Verifier) VerifyMessage(ctx context.Context, m Message) (*Delivery, error) {
	envelope, err := v.open(ctx, m.Method, m.Target, m.Header)
	if err != nil {
		return nil, err
	}
	if int64(len(m.Body)) > v.maxBodyBytes {
		return nil, ErrBodyTooLarge
	}
	return v.accept(&envelope, m.Body)
}

// accept makes a delivery of an envelope and its body, if the signature is right
// and recent. The age comes last: only then is the Date known to be true.
func (v *Verifier) accept(e *envelope, body []byte) (*Delivery, error) {
	if err := e.checkSignature(body); err != nil {
		return nil, err
	}
	if age := time.Since(e.signedAt); age > v.maxAge || age < -v.maxAhead {
		return nil, ErrStale
	}
	return &Delivery{
		KeyID:    e.key.id,
		SignedAt: e.signedAt,
		Method:   e.method,
		Target:   e.target,
		Header:   e.header,
		Body:     body,
		Event:    Parse(body),
	}, nil
}
