package messagemedia

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// evidence is what the transport's own calls tell of one attempt: whether its request
// may have been sent, and whether its body ends with the context. What an
// Authenticator or a middleware does elsewhere on the same context is no part of it.
// Its methods may be called concurrently, since a middleware may hedge.
type evidence struct {
	method, target string // of the attempt's request; others are not evidence

	mu      sync.Mutex
	calls   int // of the transport
	pending int // those of them that have not returned
	sent    bool
	refused bool  // net/http would not send the request
	err     error // of the last call
	body    any   // of the last response
}

// attemptContext is the context of an attempt's request. It costs one allocation,
// where a context for each value would cost one each.
type attemptContext struct {
	context.Context
	operation string
	evidence  *evidence
}

type (
	operationKey struct{}
	evidenceKey  struct{}
)

func (c *attemptContext) Value(key any) any {
	switch key.(type) {
	case operationKey:
		return c.operation
	case evidenceKey:
		return c.evidence
	}
	return c.Context.Value(key)
}

// roundTrip sends a request through an *http.Transport, and takes note.
func (e *evidence) roundTrip(transport *http.Transport, r *http.Request) (*http.Response, error) {
	if r.Method != e.method || r.URL.RequestURI() != e.target {
		return transport.RoundTrip(r) // a middleware's own
	}
	e.mu.Lock()
	e.calls++
	e.pending++
	e.mu.Unlock()

	progress := &progress{replayable: r.Header.Get("Idempotency-Key") != "" || r.Header.Get("X-Idempotency-Key") != ""}
	response, err := transport.RoundTrip(r.WithContext(progress.trace(r.Context())))
	err = schemeMismatch(err)

	e.mu.Lock()
	defer e.mu.Unlock()
	e.pending--
	e.err = err
	if err == nil {
		e.sent, e.body = true, response.Body
		return response, nil
	}
	e.sent = e.sent || progress.mayHaveSent() || !progress.wanted.Load() && hasRegisteredProtocol(transport, r.URL.Scheme)
	e.refused = !progress.wanted.Load() && checkSendable(r) != nil
	return response, err
}

// mayHaveSent reports whether the platform may have seen the attempt's request, given
// the error that came out of all RoundTrippers. Not to have been sent takes evidence:
// each call of the transport failed before it had a connection, and the error is the
// transport's own. Any other may be that of another way to the platform.
func (e *evidence) mayHaveSent(err error) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.calls == 0 || e.pending > 0 || e.sent || !wraps(err, e.err)
}

func (e *evidence) wasRefused() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.refused
}

// endsWithContext reports whether a response's body is that of net/http, whose reads end
// when the request's context does.
func (e *evidence) endsWithContext(response *http.Response) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.body != nil && e.body == any(response.Body)
}

// wraps reports whether err is target, or wraps it and nothing else: an error that
// joins several tells of several ways.
func wraps(err, target error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if reflect.TypeOf(err).Comparable() && err == target {
			return true
		}
	}
	return false
}

// progress tells how far one call of a transport came. Its flags are atomic, since
// net/http may report on a connection that the call no longer waits for.
type progress struct {
	hooks       httptrace.ClientTrace
	wanted, got atomic.Bool
	replayable  bool // the transport may send the request again once it was sent
}

func (p *progress) trace(ctx context.Context) context.Context {
	p.hooks.GetConn = func(string) {
		p.wanted.Store(true)
		if !p.replayable {
			p.got.Store(false) // the transport leaves a connection only if nothing went over it
		}
	}
	p.hooks.GotConn = func(httptrace.GotConnInfo) { p.got.Store(true) }
	return httptrace.WithClientTrace(ctx, &p.hooks)
}

// mayHaveSent reports whether the transport's last attempt to connect succeeded.
func (p *progress) mayHaveSent() bool { return p.got.Load() }

// schemeMismatch names what a server without TLS does to a handshake, as http.Client
// does for errors that nobody wraps.
func schemeMismatch(err error) error {
	if header, ok := err.(tls.RecordHeaderError); ok && string(header.RecordHeader[:]) == "HTTP/" {
		return http.ErrSchemeMismatch
	}
	return err
}

// checkSendable reports what net/http would refuse to send, some of it only when it has
// a connection. It shows no value: that of a header may be a credential.
func checkSendable(r *http.Request) error {
	switch {
	case r.URL == nil || r.URL.Scheme != "http" && r.URL.Scheme != "https" || r.URL.Host == "":
		return errors.New("the request has no URL that begins with http:// or https:// and has a host")
	case r.RequestURI != "":
		return errors.New("the request has a RequestURI, which is for servers")
	case !check.IsToken(r.Method):
		return errors.New("the request's method is not a token")
	case strings.ContainsFunc(r.URL.RequestURI(), isUnprintable):
		return errors.New("the request's URL has white space or a control character")
	case strings.ContainsFunc(r.URL.Host, isNotOfHost) || strings.ContainsFunc(r.Host, isNotOfHost):
		return errors.New("the request's host has a character that no host has")
	}
	for name, values := range r.Header {
		if !check.IsToken(name) {
			return fmt.Errorf("%.100q is not a header name", name)
		}
		for _, value := range values {
			if strings.ContainsFunc(value, isHeaderControl) {
				return fmt.Errorf("the header %s has a line break or another control character in its value", name)
			}
		}
	}
	return nil
}

func isUnprintable(r rune) bool { return r <= ' ' || r == 0x7f }

// isNotOfHost reports whether net/http refuses a character in a host. It converts those that
// are not ASCII.
func isNotOfHost(r rune) bool {
	return r < utf8.RuneSelf && !isAlphanumeric(r) && !strings.ContainsRune("!$%&'()*+,-.:;=[]_~", r)
}

// isHeaderControl reports whether net/http refuses a character in the value of a header.
func isHeaderControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// isInvisible reports whether a character does not show, or moves what follows: a byte
// order mark or a zero-width space that came along when a value was copied.
func isInvisible(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}
