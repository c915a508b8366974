package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// Reason says in one word why a delivery got its response. The values are fit for a
// label of a metric.
type Reason string

// The reasons.
const (
	ReasonHandled        Reason = "handled"         // 204: the callback returned nil
	ReasonDuplicate      Reason = "duplicate"       // 204: it was handled before
	ReasonBadToken       Reason = "bad_token"       // 401: a token is missing or wrong
	ReasonMissingHeader  Reason = "missing_header"  // 401: a header of the signature is missing
	ReasonMalformed      Reason = "malformed"       // 401: not a request that the platform sends
	ReasonUnknownKey     Reason = "unknown_key"     // 401: the key is not known
	ReasonWeakKey        Reason = "weak_key"        // 401: the key is too small
	ReasonDigestMismatch Reason = "digest_mismatch" // 401: not the digest of the key
	ReasonBadSignature   Reason = "bad_signature"   // 401: the signature is wrong
	ReasonDate           Reason = "date"            // 401: the Date is too old, or ahead
	ReasonMethod         Reason = "method"          // 405: not a method of a webhook
	ReasonTooLarge       Reason = "too_large"       // 413: the body is too large
	ReasonBody           Reason = "body"            // 400: the body could not be read
	ReasonBodyConsumed   Reason = "body_consumed"   // 500: the body was read before
	ReasonBusy           Reason = "busy"            // 503: no turn or no memory in time, or an instance handles a duplicate
	ReasonKeySource      Reason = "key_source"      // 503: the KeySource failed
	ReasonDeduplicator   Reason = "deduplicator"    // 503: the Deduplicator failed
	ReasonCallback       Reason = "callback"        // 503: the callback returned an error
	ReasonPanic          Reason = "panic"           // 500: a function of yours panicked, or called runtime.Goexit
	ReasonTimeout        Reason = "timeout"         // 503: a function of yours failed because its time was over
	ReasonCanceled       Reason = "canceled"        // 503: the client disconnected, or the context of HandleRaw ended
)

// DeliveryOutcome is what became of one request to a [Handler].
type DeliveryOutcome struct {
	Status   int           // of the response; 0 if a panic with http.ErrAbortHandler aborted it
	Reason   Reason        // why, in one word
	Err      error         // why, in full; nil if the status is 204
	Duration time.Duration // from the request's header until the observer is called

	// Once the delivery is authenticated, Scheme and KeyID are those of the Delivery. Once
	// it is parsed, EventKind is DELIVERY_REPORT, RECEIVED_SMS, RECEIVED_MMS or OPT_OUT, or
	// UNPARSED for an UnparsedEvent.
	Scheme    string
	KeyID     string
	EventKind string

	// SignatureErr says why a signature that the delivery carried was not accepted, though
	// a token was. It is nil without a signature.
	SignatureErr error

	// SignedText is what a signature was checked against, body included, with
	// [WithSignedText] only.
	SignedText []byte
}

// WithObserver calls a function with what became of each request, to count them or to
// raise an alarm. It is called once for each, before the response is sent, so it must not
// block. Its context has the values of the request's context, and does not end. A panic
// in it is recovered, and changes no response.
func WithObserver(observer func(context.Context, DeliveryOutcome)) HandlerOption {
	return func(s *handlerSettings) { s.observer = observer }
}

// WithSignedText gives the observer the text that a signature was checked against, so
// that one can see why it is wrong: mostly because a proxy rewrote the target. It is
// unsafe in production: the text has the message, its numbers, and the query, in which
// there may be tokens.
func WithSignedText() HandlerOption {
	return func(s *handlerSettings) { s.signedText = true }
}

// conclude makes the outcome of what the stages came to: an error, or a panic.
func (r *receipt) conclude(err error, panicked any) {
	if panicked != nil || err == errGoexit {
		err = &panicError{what: r.calling, value: orGoexit(panicked), stack: debug.Stack()}
	}
	reason := r.reasonOf(err)
	if err == errDuplicate {
		err = nil
	}
	r.outcome = DeliveryOutcome{
		Status:       responseStatus(reason),
		Reason:       reason,
		Err:          err,
		Scheme:       r.accepted.scheme,
		KeyID:        r.accepted.keyID,
		SignatureErr: r.accepted.signatureErr,
	}
	if reason == ReasonPanic && errors.Is(err, http.ErrAbortHandler) {
		r.outcome.Status = 0
	}
	if r.delivery != nil {
		r.outcome.EventKind = kindOf(r.delivery.Event)
	}
	if r.handler.signedText && r.request.signed != nil {
		r.outcome.SignedText = append(r.request.signed.appendHead(nil), r.body...)
	}
}

func orGoexit(panicked any) any {
	if panicked == nil {
		return errGoexit
	}
	return panicked
}

// reasons are looked through in this order: an error can match several.
var reasons = [...]struct {
	err    error
	reason Reason
}{
	{errDuplicate, ReasonDuplicate},
	{ErrPanic, ReasonPanic},
	{ErrCallback, ReasonCallback},
	{ErrDeduplicator, ReasonDeduplicator},
	{ErrBusy, ReasonBusy},
	{ErrKeySource, ReasonKeySource},
	{ErrMethodNotAllowed, ReasonMethod},
	{ErrBadSignature, ReasonBadSignature}, // before ErrBodyConsumed, which then is a guess
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

func (r *receipt) reasonOf(err error) Reason {
	if err == nil {
		return ReasonHandled
	}
	for _, known := range reasons {
		if errors.Is(err, known.err) {
			return r.orEnd(known.reason, err)
		}
	}
	return ReasonMalformed
}

// orEnd tells a function that failed because its context ended from one that failed.
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

// isOverdue reports whether a context that was given to a function of the user's ended.
func (r *receipt) isOverdue() bool {
	return r.ctx.Err() != nil || r.earlyCtx != nil && r.earlyCtx.Err() != nil
}

// observe tells the observer, whose panic is logged.
func (r *receipt) observe() {
	r.outcome.Duration = time.Since(r.start)
	ctx := context.WithoutCancel(r.parent)
	if value := recoverPanic(func() { r.handler.observer(ctx, r.outcome) }); value != nil {
		recoverPanic(func() {
			r.handler.logger.LogAttrs(ctx, slog.LevelError, "webhook: observer panicked", slog.Any("panic", value))
		})
	}
}

// log tells an operator of what was not acknowledged.
func (r *receipt) log() {
	o := &r.outcome
	if o.Err == nil && o.SignatureErr == nil {
		return
	}
	recoverPanic(func() {
		ctx := context.WithoutCancel(r.parent)
		if o.SignatureErr != nil {
			r.handler.logger.LogAttrs(ctx, slog.LevelWarn, "webhook: signature not accepted, but a token was",
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
