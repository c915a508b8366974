package webhook

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// Scheme defines how a delivery proves that the platform sent it. [Signed], [HeaderToken],
// [QueryToken], [AllOf] and [AnyOf] return a Scheme. If their arguments are invalid,
// [NewVerifier] returns an error. A Scheme is immutable, and printing it never shows its
// tokens. The package documentation describes what each scheme proves.
type Scheme interface {
	// check returns an error if the scheme's arguments are invalid.
	check() error

	// looksUpKeys reports whether authenticateHeader calls a KeySource.
	looksUpKeys() bool

	// waits reports whether authenticateHeader may have to wait, so that it needs a
	// deadline.
	waits() bool

	// queryTokens returns the names of the query's parameters that are tokens.
	queryTokens() []string

	// authenticateHeader makes all checks that do not need the body. If the error matches
	// ErrKeySource, the delivery may still be valid.
	authenticateHeader(ctx context.Context, r request) (proof, error)
}

// request is the part of a request that a scheme checks before the body is read.
type request struct {
	method   string
	target   string      // as the platform called it
	header   http.Header // with canonical names
	isolated bool        // makes a panic in the user's KeySource an error
}

// proof is the result of authenticateHeader. It makes the checks that need the body.
type proof interface {
	// authenticateBody makes the remaining checks.
	authenticateBody(body []byte) (acceptance, error)

	// signed returns the request whose signature authenticateBody verifies, or nil.
	signed() *signedRequest
}

// acceptance describes how a delivery was authenticated.
type acceptance struct {
	scheme       string
	keyID        string
	signedAt     time.Time
	signatureErr error // the reason that the delivery's signature was not accepted
}

// AllOf accepts a delivery that all of the schemes accept, as defense in depth. It checks
// tokens before it looks up a key, so a request without the token causes no lookup.
func AllOf(schemes ...Scheme) Scheme {
	s := &allOf{combination{"AllOf", nil, slices.Clone(schemes)}}
	for _, scheme := range schemes {
		if nested, ok := scheme.(*allOf); ok {
			s.parts = append(s.parts, nested.parts...)
		} else {
			s.parts = append(s.parts, scheme)
		}
	}
	slices.SortStableFunc(s.parts, func(a, b Scheme) int { return compareBool(looksUpKeys(a), looksUpKeys(b)) })
	return s
}

// AnyOf accepts a delivery that at least one of the schemes accepts, so it is only as strong
// as the weakest scheme. Use it while one scheme replaces another. AnyOf checks signatures
// first, then the other schemes in the given order. A slow [KeySource] gets half of the
// remaining time, so that the other schemes get the rest.
func AnyOf(schemes ...Scheme) Scheme {
	s := &anyOf{combination{"AnyOf", slices.Clone(schemes), slices.Clone(schemes)}}
	slices.SortStableFunc(s.parts, func(a, b Scheme) int { return compareBool(looksUpKeys(b), looksUpKeys(a)) })
	return s
}

// combination is the common part of AllOf and AnyOf.
type combination struct {
	name  string
	parts []Scheme // in the order in which they check a request
	given []Scheme // in the order of the arguments
}

func (c *combination) check() error {
	errs := []error{check.That(len(c.given) > 0, "webhook: %s: no scheme given", c.name)}
	for i, scheme := range c.given {
		if check.IsNil(scheme) {
			errs = append(errs, check.That(false, "webhook: %s: scheme %d is nil", c.name, i+1))
			continue
		}
		errs = append(errs, scheme.check())
	}
	return errors.Join(errs...)
}

func (c *combination) looksUpKeys() bool { return slices.ContainsFunc(c.parts, looksUpKeys) }

func (c *combination) waits() bool { return slices.ContainsFunc(c.parts, Scheme.waits) }

func looksUpKeys(s Scheme) bool { return !check.IsNil(s) && s.looksUpKeys() }

func (c *combination) queryTokens() (names []string) {
	for _, part := range c.parts {
		names = append(names, part.queryTokens()...)
	}
	return names
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

type allOf struct{ combination }

// authenticateHeader continues after a KeySource failed, because another part may reject the
// request.
func (s *allOf) authenticateHeader(ctx context.Context, r request) (proof, error) {
	proofs := make(allProofs, 0, len(s.parts))
	var undecided error
	for _, part := range s.parts {
		p, err := part.authenticateHeader(ctx, r)
		switch {
		case err == nil:
			proofs = append(proofs, p)
		case errors.Is(err, ErrKeySource):
			undecided = err
		default:
			return nil, err
		}
	}
	if undecided != nil {
		return nil, undecided
	}
	return proofs, nil
}

type allProofs []proof

func (p allProofs) signed() *signedRequest { return firstSigned(p) }

func (p allProofs) authenticateBody(body []byte) (all acceptance, err error) {
	schemes := make([]string, 0, len(p))
	for _, part := range p {
		accepted, err := part.authenticateBody(body)
		if err != nil {
			return acceptance{}, err
		}
		schemes = append(schemes, accepted.scheme)
		if accepted.keyID != "" {
			all.keyID, all.signedAt = accepted.keyID, accepted.signedAt
		}
		if accepted.signatureErr != nil {
			all.signatureErr = accepted.signatureErr
		}
	}
	all.scheme = strings.Join(schemes, "+")
	return all, nil
}

// firstSigned returns the first signed request of the proofs, or nil. A combination verifies it
// before any other.
func firstSigned(proofs []proof) *signedRequest {
	for _, p := range proofs {
		if signed := p.signed(); signed != nil {
			return signed
		}
	}
	return nil
}

type anyOf struct{ combination }

func (s *anyOf) authenticateHeader(ctx context.Context, r request) (proof, error) {
	proofs := new(anyProofs)
	for _, branch := range s.parts {
		p, err := s.authenticateBranch(ctx, branch, r)
		if err != nil {
			proofs.refusals = append(proofs.refusals, err)
			continue
		}
		proofs.passed = append(proofs.passed, p)
	}
	if len(proofs.passed) == 0 {
		return nil, &proofs.refusals
	}
	return proofs, nil
}

// authenticateBranch gives a KeySource half of the remaining time, because another branch
// may accept the request without it.
func (s *anyOf) authenticateBranch(ctx context.Context, branch Scheme, r request) (proof, error) {
	deadline, limited := ctx.Deadline()
	if !limited || !branch.waits() {
		return branch.authenticateHeader(ctx, r)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Until(deadline)/2)
	defer cancel()
	return branch.authenticateHeader(ctx, r)
}

type anyProofs struct {
	passed   []proof
	refusals refusals
}

func (p *anyProofs) signed() *signedRequest { return firstSigned(p.passed) }

func (p *anyProofs) authenticateBody(body []byte) (acceptance, error) {
	refusals := slices.Clip(p.refusals)
	for _, branch := range p.passed {
		accepted, err := branch.authenticateBody(body)
		if err == nil {
			if accepted.signatureErr == nil {
				accepted.signatureErr = refusals.ofSignature()
			}
			return accepted, nil
		}
		refusals = append(refusals, err)
	}
	return acceptance{}, &refusals
}

// refusals are the errors of the branches of an AnyOf that did not accept a request.
type refusals []error

func (r *refusals) Error() string {
	texts := make([]string, len(*r))
	for i, err := range *r {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (r *refusals) Unwrap() []error { return *r }

// ofSignature returns the reason that the request's signature was not accepted. It returns
// nil if the request has no signature.
func (r *refusals) ofSignature() error {
	for _, err := range *r {
		if nested, ok := err.(*refusals); ok {
			err = nested.ofSignature()
		}
		// ErrKeySource comes first, since a method of the user's error may panic.
		if errors.Is(err, ErrKeySource) || err != nil && !errors.Is(err, errNotSigned) && !errors.Is(err, ErrBadToken) {
			return err
		}
	}
	return nil
}
