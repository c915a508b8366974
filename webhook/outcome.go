package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// Reason is the reason of a response, in a form that fits the label of a metric.
type Reason string

// The reasons, with the status of the response.
const (
	ReasonHandled        Reason = "handled"         // 204: the callback returned nil
	ReasonDuplicate      Reason = "duplicate"       // 204: the delivery was handled before
	ReasonBadToken       Reason = "bad_token"       // 401: a token is missing or wrong
	ReasonMissingHeader  Reason = "missing_header"  // 401: a header of the signature is missing
	ReasonMalformed      Reason = "malformed"       // 401: the platform could not have sent the request
	ReasonUnknownKey     Reason = "unknown_key"     // 401: no key has the ID that the delivery names
	ReasonWeakKey        Reason = "weak_key"        // 401: the key is too small
	ReasonDigestMismatch Reason = "digest_mismatch" // 401: the delivery names a digest that is not the key's
	ReasonBadSignature   Reason = "bad_signature"   // 401: the signature is wrong
	ReasonDate           Reason = "date"            // 401: the Date is too old or too far ahead
	ReasonMethod         Reason = "method"          // 405: a webhook cannot use the method
	ReasonTooLarge       Reason = "too_large"       // 413: the body is too large
	ReasonBody           Reason = "body"            // 400: the body could not be read
	ReasonBodyConsumed   Reason = "body_consumed"   // 500: other code read the body first
	ReasonBusy           Reason = "busy"            // 503: no turn or no memory in time, or another call still handles a duplicate
	ReasonKeySource      Reason = "key_source"      // 503: the KeySource failed
	ReasonDeduplicator   Reason = "deduplicator"    // 503: the Deduplicator failed
	ReasonCallback       Reason = "callback"        // 503: the callback returned an error
	ReasonPanic          Reason = "panic"           // 500: one of your functions panicked or called runtime.Goexit
	ReasonTimeout        Reason = "timeout"         // 503: one of your functions failed because its context reached its deadline
	ReasonCanceled       Reason = "canceled"        // 503: the client disconnected, or the context of HandleRaw ended
)

// DeliveryOutcome is the result of one request to a [Handler].
type DeliveryOutcome struct {
	Status   int           // the status of the response; 0 if a panic with http.ErrAbortHandler aborted it
	Reason   Reason        // the reason of the status
	Err      error         // the error; nil if the status is 204
	Duration time.Duration // from the request's header until the call of the observer

	// Scheme and KeyID are those of the Delivery. They are empty unless the delivery was
	// authenticated. EventKind is DELIVERY_REPORT, RECEIVED_SMS, RECEIVED_MMS or OPT_OUT, or
	// UNPARSED for an UnparsedEvent. It is empty unless the delivery was parsed.
	Scheme    string
	KeyID     string
	EventKind string

	// SignatureErr is the reason that the delivery's signature was not accepted, although
	// a token was. It is nil if the delivery has no signature.
	SignatureErr error

	// SignedText is the text that the signature was verified against, including the body. It
	// is nil without [WithSignedText], and if no signature was verified, as when the key is
	// unknown. If several were verified, it is that of the first one.
	SignedText []byte
}

// WithObserver sets a function that receives the outcome of each request, for metrics and
// alerts. The handler calls it once per request, before it sends the response, so the
// function must not block. Its context has the values of the request's context and never
// ends. If the function panics, the handler recovers the panic and responds as usual.
func WithObserver(observer func(context.Context, DeliveryOutcome)) HandlerOption {
	return func(s *handlerSettings) { s.observer = observer }
}

// WithSignedText passes the text that a signature was verified against to the observer, to
// debug a bad signature. The most common cause is a proxy that rewrites the target. The
// option is unsafe in production: the text contains the message, its phone numbers and the
// query, which may contain tokens.
func WithSignedText() HandlerOption {
	return func(s *handlerSettings) { s.signedText = true }
}

// conclude sets the outcome from an error or a panic.
func (r *receipt) conclude(err error, panicked any) {
	if panicked != nil || err == errGoexit {
		err = &panicError{what: r.calling, value: orGoexit(panicked), stack: debug.Stack()}
	}
	reason, status, err := r.classify(err)
	r.outcome = DeliveryOutcome{
		Status:       status,
		Reason:       reason,
		Err:          err,
		Scheme:       r.accepted.scheme,
		KeyID:        r.accepted.keyID,
		SignatureErr: r.accepted.signatureErr,
		SignedText:   r.signedText,
	}
	if r.delivery != nil {
		r.outcome.EventKind = kindOf(r.delivery.Event)
	}
}

func orGoexit(panicked any) any {
	if panicked == nil {
		return errGoexit
	}
	return panicked
}

// reasons are compared in this order, since an error can match several.
var reasons = [...]struct {
	err    error
	reason Reason
}{
	{ErrPanic, ReasonPanic},
	{ErrCallback, ReasonCallback},
	{ErrDeduplicator, ReasonDeduplicator},
	{ErrBusy, ReasonBusy},
	{ErrKeySource, ReasonKeySource},
	{ErrMethodNotAllowed, ReasonMethod},
	{ErrBadSignature, ReasonBadSignature}, // before ErrBodyConsumed, which is a guess if both match
	{ErrDigestMismatch, ReasonDigestMismatch},
	{ErrDateOutOfRange, ReasonDate},
	{ErrWeakKey, ReasonWeakKey},
	{ErrUnknownKey, ReasonUnknownKey},
	{ErrMalformed, ReasonMalformed},
	{ErrBodyConsumed, ReasonBodyConsumed},
	{ErrBodyTooLarge, ReasonTooLarge},
	{ErrBodyUnreadable, ReasonBody},
	{ErrBadToken, ReasonBadToken},
	{ErrMissingHeader, ReasonMissingHeader},
}

// classify returns the reason and the status for an error, and the error for the observer. If
// a method of the user's error panics, it returns that panic.
func (r *receipt) classify(err error) (reason Reason, status int, observed error) {
	switch err {
	case nil:
		return ReasonHandled, http.StatusNoContent, nil
	case errDuplicate: // no other error is acknowledged, whatever it claims to be
		return ReasonDuplicate, http.StatusNoContent, nil
	}
	defer func() {
		if value := recover(); value != nil {
			reason, status = ReasonPanic, http.StatusInternalServerError
			observed = &panicError{what: "a method of an error", value: value, stack: debug.Stack()}
		}
	}()
	reason = r.reasonOf(err)
	if panicked, ok := errors.AsType[*panicError](err); ok && r.canAbort && panicked.value == any(http.ErrAbortHandler) {
		return reason, 0, err
	}
	return reason, responseStatus(reason), err
}

func (r *receipt) reasonOf(err error) Reason {
	for _, known := range reasons {
		if errors.Is(err, known.err) {
			return r.orEnd(known.reason, err)
		}
	}
	return ReasonMalformed
}

// orEnd replaces the reason if a function failed because its context ended.
func (r *receipt) orEnd(reason Reason, err error) Reason {
	switch reason {
	case ReasonBusy, ReasonKeySource, ReasonDeduplicator, ReasonCallback:
	default:
		return reason
	}
	switch {
	case errors.Is(err, context.Canceled) && errors.Is(r.parent.Err(), context.Canceled):
		return ReasonCanceled
	case errors.Is(err, context.DeadlineExceeded) && r.isOverdue() && reason != ReasonBusy:
		return ReasonTimeout
	}
	return reason
}

// isOverdue reports whether a context that one of the user's functions got has ended.
func (r *receipt) isOverdue() bool {
	return r.ctx.Err() != nil || r.earlyCtx != nil && r.earlyCtx.Err() != nil
}

// observe calls the observer, and logs its panic.
func (r *receipt) observe() {
	r.outcome.Duration = time.Since(r.start)
	ctx := context.WithoutCancel(r.parent)
	if value := recoverPanic(func() { r.handler.observer(ctx, r.outcome) }); value != nil {
		recoverPanic(func() {
			r.handler.logger.LogAttrs(ctx, slog.LevelError, "webhook: observer panicked", slog.Any("panic", value))
		})
	}
}

// log logs a delivery that was not acknowledged, and a signature that was not accepted.
func (r *receipt) log() {
	o := &r.outcome
	if o.Err == nil && o.SignatureErr == nil {
		return
	}
	recoverPanic(func() {
		ctx := context.WithoutCancel(r.parent)
		if o.SignatureErr != nil {
			r.handler.logger.LogAttrs(ctx, slog.LevelWarn, "webhook: token accepted, signature not accepted",
				slog.String("scheme", o.Scheme), slog.Any("error", o.SignatureErr))
		}
		if o.Err == nil {
			return
		}
		level := slog.LevelWarn
		if o.Status >= http.StatusInternalServerError && o.Reason != ReasonCanceled {
			level = slog.LevelError
		}
		attributes := []slog.Attr{slog.Int("status", o.Status), slog.String("reason", string(o.Reason)), slog.Any("error", o.Err)}
		if o.Scheme != "" {
			attributes = append(attributes, slog.String("scheme", o.Scheme))
		}
		if o.EventKind != "" {
			attributes = append(attributes, slog.String("event", o.EventKind))
		}
		if panicked, ok := errors.AsType[*panicError](o.Err); ok && panicked.stack != nil {
			attributes = append(attributes, slog.String("stack", string(panicked.stack)))
		}
		r.handler.logger.LogAttrs(ctx, level, "webhook: delivery not acknowledged", attributes...)
	})
}
