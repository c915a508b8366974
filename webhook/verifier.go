package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

const defaultMaxBodyBytes = 8 << 20

// Verifier authenticates and parses deliveries. [NewVerifier] returns one. It is immutable
// and safe for concurrent use.
type Verifier struct {
	scheme      Scheme
	queryTokens []string
	verifierSettings
}

// verifierSettings are the settings of the options. NewVerifier checks them together.
type verifierSettings struct {
	maxBodyBytes int64
	target       targetSettings
}

// VerifierOption configures a [Verifier]. If a value is invalid, [NewVerifier] returns
// an error.
type VerifierOption func(*verifierSettings)

// WithMaxBodyBytes limits the body of a delivery. The default is 8 MiB.
func WithMaxBodyBytes(limit int64) VerifierOption {
	return func(s *verifierSettings) { s.maxBodyBytes = limit }
}

// NewVerifier returns a verifier that accepts the deliveries that the scheme accepts. If an
// argument is invalid, it returns an error that lists all invalid arguments.
func NewVerifier(scheme Scheme, options ...VerifierOption) (*Verifier, error) {
	settings := verifierSettings{maxBodyBytes: defaultMaxBodyBytes}
	var errs []error
	for _, option := range options {
		if option == nil {
			errs = append(errs, errors.New("webhook: NewVerifier: option is nil"))
			continue
		}
		option(&settings)
	}
	if check.IsNil(scheme) {
		errs = append(errs, errors.New("webhook: NewVerifier: scheme is nil; pass Signed, HeaderToken or QueryToken"))
	} else {
		errs = append(errs, scheme.check())
	}
	errs = append(errs,
		check.That(settings.maxBodyBytes > 0, "webhook: WithMaxBodyBytes: must be positive, got %d", settings.maxBodyBytes),
		settings.target.check(),
	)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if settings.target.publicURL != nil {
		settings.target.publicPath = rawPath(*settings.target.publicURL)
	}
	return &Verifier{scheme, scheme.queryTokens(), settings}, nil
}

// Verify authenticates a request, reads its body, and parses it. If the request is not
// accepted, the error matches one of this package's errors. If the body can't be parsed,
// Verify succeeds, and the event is an [*UnparsedEvent].
//
// The request must come from a server: its RequestURI is the target that the platform
// called, even if a router changed its URL, and the names of its headers are canonical.
// Verify consumes the body. The delivery contains it. Verify reads the body without a
// deadline, and without a limit on the memory of all bodies. A [Handler] has both.
func (v *Verifier) Verify(r *http.Request) (*Delivery, error) {
	request := request{method: r.Method, target: v.target.of(r), header: r.Header}
	proof, err := v.authenticateHeader(r.Context(), request)
	if err != nil {
		return nil, err
	}
	body, err := v.readBody(r, nil)
	if err != nil {
		return nil, err
	}
	accepted, err := authenticateBody(proof, r.Method, body, r.ContentLength)
	if err != nil {
		return nil, err
	}
	return v.newVerifiedDelivery(request, accepted, body, Parse(body)), nil
}

// VerifyRaw does the same as [Verifier.Verify] for a request that did not arrive through
// net/http. The delivery shares the request's Body, and its Header if the names are canonical.
func (v *Verifier) VerifyRaw(ctx context.Context, raw RawRequest) (*Delivery, error) {
	request := request{method: raw.Method, target: v.target.ofRaw(raw.Target), header: canonicalHeader(raw.Header)}
	proof, err := v.authenticateHeader(ctx, request)
	if err != nil {
		return nil, err
	}
	if err := v.checkSize(int64(len(raw.Body))); err != nil {
		return nil, err
	}
	accepted, err := proof.authenticateBody(raw.Body)
	if err != nil {
		return nil, err
	}
	return v.newVerifiedDelivery(request, accepted, raw.Body, Parse(raw.Body)), nil
}

// authenticateHeader makes all checks that do not need the body.
func (v *Verifier) authenticateHeader(ctx context.Context, r request) (proof, error) {
	if !check.IsToken(r.method) {
		return nil, fmt.Errorf("%w: method is not a token", ErrMalformed)
	}
	if r.target == "" {
		return nil, fmt.Errorf("%w: target is empty; the request must be a server's, or one of httptest.NewRequest", ErrMalformed)
	}
	if !isTarget(r.target) {
		return nil, fmt.Errorf("%w: target has white space or control characters", ErrMalformed)
	}
	return v.scheme.authenticateHeader(ctx, r)
}

// authenticateBody also detects a body that other code has read, if the request does not
// announce its length. Only a signature proves that the platform sent a POST, PUT or PATCH
// with an empty body. With a wrong signature, a read body is only a possible cause.
func authenticateBody(p proof, method string, body []byte, contentLength int64) (acceptance, error) {
	accepted, err := p.authenticateBody(body)
	switch {
	case len(body) > 0 || contentLength >= 0:
	case errors.Is(err, ErrBadSignature):
		err = fmt.Errorf("%w: empty body of unknown length; possible cause: %w", err, ErrBodyConsumed)
	case err == nil && accepted.keyID == "" && method != http.MethodGet && method != http.MethodDelete:
		err = fmt.Errorf("%w: empty body of unknown length", ErrBodyConsumed)
	}
	return accepted, err
}

func (v *Verifier) newVerifiedDelivery(r request, accepted acceptance, body []byte, event Event) *Delivery {
	d := &Delivery{
		Scheme:   accepted.scheme,
		KeyID:    accepted.keyID,
		SignedAt: accepted.signedAt,
		Method:   r.method,
		Target:   r.target,
		Header:   r.header,
		Body:     body,
		Event:    event,
	}
	if target := withoutParameters(r.target, v.queryTokens); target != r.target {
		d.targetSum = sumTarget(target)
	}
	return d
}
