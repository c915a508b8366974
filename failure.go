package messagemedia

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/redact"
)

// reason is the attribute of logs that classifies why an attempt failed.
type reason string

const (
	reasonDNS          reason = "dns"          // the host name could not be resolved
	reasonConnect      reason = "connect"      // no connection
	reasonProxy        reason = "proxy"        // the proxy could not be reached, or rejected the request
	reasonTLS          reason = "tls"          // the handshake failed, or the certificate is invalid
	reasonAuthenticate reason = "authenticate" // the Authenticator failed, or net/http rejects its request
	reasonTimeout      reason = "timeout"      // the attempt or the transport timed out
	reasonCanceled     reason = "canceled"     // the caller's context ended
	reasonReset        reason = "reset"        // the connection was lost
	reasonStatus       reason = "status"       // a non-2xx response
	reasonDecode       reason = "decode"       // a 2xx response that cannot be decoded
)

// failAuthentication records that an attempt has no credentials, or invalid ones.
func (a *attempt) failAuthentication(caller, ctx context.Context, err error) {
	a.reason = reasonAuthenticate
	if caller.Err() != nil {
		a.reason, err = reasonCanceled, newContextError(caller)
	} else {
		err = a.mask(ctx, err)
	}
	a.err = fmt.Errorf("messagemedia: %s: authenticate: %w", a.call.operation, err)
}

// failTransport records that an attempt failed without a response.
func (a *attempt) failTransport(caller, ctx context.Context, err error) {
	if a.evidence.wasRefused() {
		a.failAuthentication(caller, ctx, withoutURL(err))
		return
	}
	a.sent = a.started && a.evidence.mayHaveSent(err)
	a.err = fmt.Errorf("messagemedia: %s: %w", a.call.operation, a.transportError(caller, ctx, err))
}

// transportError returns the error of an attempt without a complete response: the caller's
// context ended, the attempt timed out, or the transport failed.
func (a *attempt) transportError(caller, ctx context.Context, err error) error {
	if caller.Err() != nil {
		a.reason = reasonCanceled
		return newContextError(caller)
	}
	failure := &transportError{*a.mask(ctx, withoutURL(err))}
	a.reason = failure.reason(a.sent)
	return failure
}

// mask wraps an error of the transport or of the Authenticator.
func (a *attempt) mask(ctx context.Context, err error) *maskedError {
	if timeout, ok := context.Cause(ctx).(attemptTimeoutError); ok {
		err = timeout
	}
	return &maskedError{cause: err, text: redact.Line(a.secrets().Hide(err.Error()), maxErrorText)}
}

// withoutURL removes the method and URL that http.Client adds, since the error already
// contains the operation.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// retryable reports whether another attempt may succeed and is safe.
func (a *attempt) retryable() bool {
	if apiErr, ok := errors.AsType[*APIError](a.err); ok {
		switch apiErr.StatusCode {
		case http.StatusTooManyRequests:
			return true
		case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return !a.call.nonIdempotent
		}
		return false
	}
	failure, ok := errors.AsType[*transportError](a.err)
	return ok && !failure.permanent() && !(a.call.nonIdempotent && a.sent)
}

// outcomeUnknown reports whether a failed attempt may have changed something. After a 101,
// the request continues in another protocol.
func (a *attempt) outcomeUnknown() bool {
	if a.err == nil || a.call.method == http.MethodGet || !a.sent {
		return false
	}
	apiErr, ok := errors.AsType[*APIError](a.err)
	return !ok || apiErr.StatusCode >= 500 || apiErr.StatusCode < 200
}

// maskedError is an error of the transport or of the Authenticator. It is a net.Error.
//
// It matches what its cause matches, but has no Unwrap method. Timeouts of net and net/http
// match context.DeadlineExceeded, and callers must be able to distinguish them from the end
// of their own context.
type maskedError struct {
	cause error
	text  string // without secrets
}

func (e *maskedError) Error() string { return e.text }

func (e *maskedError) Is(target error) bool {
	return target != context.DeadlineExceeded && target != context.Canceled && errors.Is(e.cause, target)
}

func (e *maskedError) As(target any) bool { return errors.As(e.cause, target) }

func (e *maskedError) Timeout() bool {
	cause, ok := errors.AsType[net.Error](e.cause)
	return ok && cause.Timeout()
}

// Temporary is part of net.Error, and deprecated there.
func (e *maskedError) Temporary() bool { return e.Timeout() }

// transportError is the error of an attempt without a complete response.
type transportError struct{ maskedError }

// permanent reports whether another attempt would fail in the same way.
func (e *transportError) permanent() bool {
	return errors.Is(e.cause, http.ErrSchemeMismatch) || isCertificateError(e.cause) || isProxyRefusal(e.cause)
}

func (e *transportError) reason(sent bool) reason {
	operation := ""
	if failure, ok := errors.AsType[*net.OpError](e.cause); ok {
		operation = failure.Op
	}
	_, isDNS := errors.AsType[*net.DNSError](e.cause)
	switch {
	case operation == "proxyconnect" || strings.HasPrefix(operation, "socks") || isProxyRefusal(e.cause):
		return reasonProxy
	case isDNS:
		return reasonDNS
	case isTLSError(e.cause) || operation == "remote error":
		return reasonTLS
	case e.Timeout():
		return reasonTimeout
	case operation == "dial" || !sent:
		return reasonConnect
	}
	return reasonReset
}

func isTLSError(err error) bool {
	_, isRecord := errors.AsType[tls.RecordHeaderError](err)
	_, isAlert := errors.AsType[tls.AlertError](err)
	return isRecord || isAlert || isCertificateError(err) || errors.Is(err, http.ErrSchemeMismatch) || strings.HasPrefix(err.Error(), "tls: ")
}

func isCertificateError(err error) bool {
	_, isVerification := errors.AsType[*tls.CertificateVerificationError](err)
	_, isAuthority := errors.AsType[x509.UnknownAuthorityError](err)
	_, isHost := errors.AsType[x509.HostnameError](err)
	_, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	return isVerification || isAuthority || isHost || isInvalid
}

// isProxyRefusal reports whether a proxy rejected the credentials. net/http returns an error
// that only has the text of the status.
func isProxyRefusal(err error) bool {
	text := err.Error()
	return strings.EqualFold(text, http.StatusText(http.StatusProxyAuthRequired)) || strings.Contains(text, "username/password authentication failed")
}

// contextError means that the caller's context ended. It matches the error and the cause of
// the context.
type contextError struct{ err, cause error }

func newContextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if err == cause {
		return err
	}
	return &contextError{err, cause}
}

func (e *contextError) Error() string   { return e.err.Error() + ": " + e.cause.Error() }
func (e *contextError) Unwrap() []error { return []error{e.err, e.cause} }

// attemptTimeoutError is the cause of an attempt that exceeded the attempt timeout.
type attemptTimeoutError time.Duration

func (t attemptTimeoutError) Error() string {
	return fmt.Sprintf("no complete response within %v", time.Duration(t))
}
func (t attemptTimeoutError) Timeout() bool   { return true }
func (t attemptTimeoutError) Temporary() bool { return true }
