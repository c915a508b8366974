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

// Scheme says what a delivery must carry to be accepted. [Signed], [HeaderToken],
// [QueryToken], [AllOf] and [AnyOf] return one; [NewVerifier] reports what is wrong with
// their arguments. A Scheme is immutable, and no form of printing shows its tokens. What
// each scheme proves is in the package's documentation.
type Scheme interface {
	// check reports what is wrong with the scheme's arguments.
	check() error

	// looksUpKeys reports whether the header phase asks a KeySource, and waits whether that
	// may take time.
	looksUpKeys() bool
	waits() bool

	// queryTokens returns the names of the query's parameters that are tokens.
	queryTokens() []string

	// authenticateHeader checks all that can be checked before the body is read. An error
	// that matches ErrKeySource leaves open whether the delivery would be accepted.
	authenticateHeader(ctx context.Context, r *request) (proof, error)
}

// request is what a scheme sees of a request before its body is read.
type request struct {
	method string
	target string // as the platform called it
	header http.Header
	signed *signedRequest // nil unless there is a signature to check

	// isolated has a KeySource of the user's run where a panic is an error.
	isolated bool
}

// proof is what a scheme found in a header that passed.
type proof interface {
	// authenticateBody checks the rest, once the body is there.
	authenticateBody(body []byte) (acceptance, error)
}

// acceptance is what is known of a delivery that was accepted.
type acceptance struct {
	scheme       string
	keyID        string
	signedAt     time.Time
	signatureErr error // why a signature that was there did not count
}

// AllOf accepts what each of the schemes accepts: defense in depth. It checks tokens
// before it looks a key up, so that requests without the token cause no look-up.
func AllOf(schemes ...Scheme) Scheme {
	s := &allOf{combination{"AllOf", nil, slices.Clone(schemes)}}
	for _, scheme := range schemes {
		if nested, ok := scheme.(*allOf); ok && nested != nil && len(nested.given) > 0 {
			s.parts = append(s.parts, nested.parts...)
		} else {
			s.parts = append(s.parts, scheme)
		}
	}
	slices.SortStableFunc(s.parts, func(a, b Scheme) int { return compareBool(looksUpKeys(a), looksUpKeys(b)) })
	return s
}

// AnyOf accepts what one of the schemes accepts, so it is as strong as its weakest. It is
// for the time in which one scheme replaces another. It tries signatures first, then the
// others in the order given. A [KeySource] that takes too long leaves half of the time
// for the others.
func AnyOf(schemes ...Scheme) Scheme {
	s := &anyOf{combination{"AnyOf", slices.Clone(schemes), slices.Clone(schemes)}}
	slices.SortStableFunc(s.parts, func(a, b Scheme) int { return compareBool(looksUpKeys(b), looksUpKeys(a)) })
	return s
}

// combination is what AllOf and AnyOf have in common.
type combination struct {
	name  string
	parts []Scheme // in the order in which they are asked
	given []Scheme
}

func (c *combination) check() error {
	errs := []error{check.That(len(c.given) > 0, "webhook: %s: no scheme given", c.name)}
	for i, scheme := range c.given {
		if isNil(scheme) {
			errs = append(errs, check.That(false, "webhook: %s: scheme %d is nil", c.name, i+1))
			continue
		}
		errs = append(errs, scheme.check())
	}
	return errors.Join(errs...)
}

func (c *combination) looksUpKeys() bool { return slices.ContainsFunc(c.parts, looksUpKeys) }

func (c *combination) waits() bool { return slices.ContainsFunc(c.parts, Scheme.waits) }

func looksUpKeys(s Scheme) bool { return !isNil(s) && s.looksUpKeys() }

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

// authenticateHeader goes on after a KeySource failed, since a part that refuses the
// request decides it.
func (s *allOf) authenticateHeader(ctx context.Context, r *request) (proof, error) {
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

type anyOf struct{ combination }

func (s *anyOf) authenticateHeader(ctx context.Context, r *request) (proof, error) {
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

// authenticateBranch gives a KeySource half of the time that is left: another branch may
// accept the request without it.
func (s *anyOf) authenticateBranch(ctx context.Context, branch Scheme, r *request) (proof, error) {
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

// refusals are why no branch of an AnyOf accepted a request.
type refusals []error

func (r *refusals) Error() string {
	texts := make([]string, len(*r))
	for i, err := range *r {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (r *refusals) Unwrap() []error { return *r }

// ofSignature is why a signature that the request carried was not accepted. It is nil if
// there was none.
func (r *refusals) ofSignature() error {
	for _, err := range *r {
		if nested, ok := errors.AsType[*refusals](err); ok {
			err = nested.ofSignature()
		}
		if err != nil && !errors.Is(err, errNotSigned) && !errors.Is(err, ErrBadToken) {
			return err
		}
	}
	return nil
}
