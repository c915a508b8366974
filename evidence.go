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

// evidence records the calls of the transport for one attempt: whether its request may have
// been sent, and whether the reads of its body end with the context. It ignores other
// requests that an Authenticator or a middleware sends with the same context. Its methods
// may be called concurrently, since a middleware may hedge.
type evidence struct {
	request *http.Request // the attempt's; other requests are ignored

	mu      sync.Mutex
	called  bool // whether the transport was called
	pending int  // calls that have not returned
	sent    bool
	refused bool  // net/http rejected the request
	err     error // of the last call
	body    any   // of the last response
}

// attemptContext is the context of an attempt's request. It needs one allocation, instead of
// one for each value.
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

// roundTrip sends a request through an *http.Transport and records the call.
func (e *evidence) roundTrip(transport *http.Transport, r *http.Request) (*http.Response, error) {
	if !e.isAbout(r) {
		return transport.RoundTrip(r) // a request of a middleware's own
	}
	e.mu.Lock()
	e.called = true
	e.pending++
	e.mu.Unlock()

	progress := &progress{replayable: isReplayable(r.Header)}
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

// isAbout reports whether a request is the attempt's, which a middleware may have copied.
func (e *evidence) isAbout(r *http.Request) bool {
	if e.request == nil || r.URL == nil || r.Method != e.request.Method {
		return false // of the Authenticator, or not a request that can be sent
	}
	return r.URL == e.request.URL || r.URL.RequestURI() == e.request.URL.RequestURI()
}

// mayHaveSent reports whether the attempt's request may have been sent, given the error of
// the outermost RoundTripper. It returns false only if each call of the transport failed
// before it had a connection and the error is the transport's own. A middleware with another
// error may have sent the request in another way.
func (e *evidence) mayHaveSent(err error) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.called || e.pending > 0 || e.sent || !wraps(err, e.err)
}

func (e *evidence) wasRefused() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.refused
}

// endsWithContext reports whether a response's body is net/http's, whose reads end when the
// request's context ends.
func (e *evidence) endsWithContext(response *http.Response) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.body != nil && e.body == any(response.Body)
}

// wraps reports whether err is target or wraps only target. It returns false for an error
// that joins several, since these may come from several transports.
func wraps(err, target error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if reflect.TypeOf(err).Comparable() && err == target {
			return true
		}
	}
	return false
}

// progress records how far one call of a transport got. Its flags are atomic, since net/http
// may report a connection that the call no longer waits for.
type progress struct {
	hooks       httptrace.ClientTrace
	wanted, got atomic.Bool
	replayable  bool // the transport may resend the request after it was sent
}

// isReplayable reports whether a header makes net/http resend a request. An empty value does,
// too.
func isReplayable(header http.Header) bool {
	_, one := header["Idempotency-Key"]
	_, other := header["X-Idempotency-Key"]
	return one || other
}

func (p *progress) trace(ctx context.Context) context.Context {
	p.hooks.GetConn = func(string) {
		p.wanted.Store(true)
		if !p.replayable {
			p.got.Store(false) // the transport replaces a connection only if nothing was sent over it
		}
	}
	p.hooks.GotConn = func(httptrace.GotConnInfo) { p.got.Store(true) }
	return httptrace.WithClientTrace(ctx, &p.hooks)
}

// mayHaveSent reports whether the transport's last attempt to connect succeeded.
func (p *progress) mayHaveSent() bool { return p.got.Load() }

// schemeMismatch replaces the error of a TLS handshake with a plain HTTP server, as
// http.Client does for unwrapped errors.
func schemeMismatch(err error) error {
	if header, ok := err.(tls.RecordHeaderError); ok && string(header.RecordHeader[:]) == "HTTP/" {
		return http.ErrSchemeMismatch
	}
	return err
}

// checkSendable returns an error if net/http would reject or change the request, which it
// sometimes does only after it has a connection. The error quotes no header value, since that
// may be a credential.
func checkSendable(r *http.Request) error {
	switch {
	case r.URL == nil || r.URL.Scheme != "http" && r.URL.Scheme != "https" || r.URL.Host == "":
		return errors.New("the request has no URL that begins with http:// or https:// and has a host")
	case r.RequestURI != "":
		return errors.New("the request has a RequestURI, which is for servers")
	case !check.IsToken(r.Method):
		return errors.New("the request's method is not a token")
	case containsByte(r.URL.RequestURI(), isUnprintable):
		return errors.New("the request's URL contains white space or a control character")
	case containsByte(r.URL.Host, isNotOfHost) || containsByte(r.Host, isNotOfHost):
		return errors.New("the request's host contains an invalid character")
	}
	for name, values := range r.Header {
		if !check.IsToken(name) {
			return fmt.Errorf("%.100q is not a header name", name)
		}
		for _, value := range values {
			if containsByte(value, isHeaderControl) {
				return fmt.Errorf("the value of header %s contains a line break or another control character", name)
			}
		}
	}
	return nil
}

// containsByte is strings.ContainsFunc for bytes, at a third of the time.
func containsByte(s string, refused func(byte) bool) bool {
	for i := range len(s) {
		if refused(s[i]) {
			return true
		}
	}
	return false
}

func isUnprintable(c byte) bool { return c <= ' ' || c == 0x7f }

// isHeaderControl reports whether net/http rejects a byte in a header value.
func isHeaderControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

// isNotOfHost reports whether a host with this byte is invalid. net/http would send an empty
// Host instead. It converts characters that are not ASCII.
func isNotOfHost(c byte) bool {
	return c < utf8.RuneSelf && !isAlphanumeric(rune(c)) && strings.IndexByte("!$%&'()*+,-.:;=[]_~", c) < 0
}

// isInvisible reports whether a character is invisible, or changes the direction of the text.
// Copied values often contain a byte order mark or a zero-width space.
func isInvisible(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}
