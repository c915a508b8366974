package webhook

import "errors"

// Why a delivery is refused. None of these says what would have been right, so
// that a response built from one teaches a forger nothing.
var (
	// ErrMalformed: the method, the target or a signature header is not one that
	// the platform could have sent.
	ErrMalformed = errors.New("webhook: malformed request")

	// ErrMissingHeader: one of the signature headers, or Date, is not there. That
	// is what unsigned deliveries get: no signature key is enabled, or the caller
	// is not the platform.
	ErrMissingHeader = errors.New("webhook: missing header")

	// ErrUnknownKey: the key that the delivery names is not known. A [KeySource]
	// returns it, or an error that wraps it, for an ID that it does not have.
	ErrUnknownKey = errors.New("webhook: unknown key")

	// ErrWeakKey: the key has fewer bits than the verifier asks for.
	ErrWeakKey = errors.New("webhook: weak key")

	// ErrDigestMismatch: the delivery claims another digest than its key has.
	ErrDigestMismatch = errors.New("webhook: digest mismatch")

	// ErrBadSignature: the signature is not the key's signature of this request.
	ErrBadSignature = errors.New("webhook: bad signature")

	// ErrStale: the signature is right, and the Date is too old or too far ahead.
	ErrStale = errors.New("webhook: stale date")

	// ErrBodyTooLarge: the body is larger than the verifier's limit.
	ErrBodyTooLarge = errors.New("webhook: body too large")

	// ErrBodyRead: the body could not be read to its end.
	ErrBodyRead = errors.New("webhook: unreadable body")

	// ErrBodyConsumed: the body was read before the verifier saw it. What did so,
	// often a middleware, must come after the verifier or put the bytes back.
	ErrBodyConsumed = errors.New("webhook: body was read already")

	// ErrKeySource: the [KeySource] failed. It says nothing about the delivery.
	ErrKeySource = errors.New("webhook: key source failed")
)

// Why the handler of [NewHandler] gives another response than 204, besides the
// errors of the verifier.
var (
	// ErrMethodNotAllowed: the platform never calls with this method.
	ErrMethodNotAllowed = errors.New("webhook: method not allowed")

	// ErrBusy: as many deliveries as the handler takes at once are being handled,
	// or another copy of this one still is.
	ErrBusy = errors.New("webhook: busy")

	// ErrCallback: the callback returned an error, which is wrapped beside it.
	ErrCallback = errors.New("webhook: callback failed")

	// ErrPanic: the callback panicked, or the KeySource or the function of
	// [WithDedupeKey] did. A Deduplicator that panics has failed: the error matches
	// ErrDeduplicator, too.
	ErrPanic = errors.New("webhook: panic")

	// ErrDeduplicator: Seen or Mark failed. The delivery was handled all the same.
	ErrDeduplicator = errors.New("webhook: deduplicator failed")
)
