package webhook

import "errors"

// Errors that a [Verifier] returns if it does not accept a delivery. None of them reveals
// the expected value, so a response may include their text.
var (
	// ErrMalformed means that the platform could not have sent the method, the target or a
	// signature header.
	ErrMalformed = errors.New("webhook: malformed request")

	// ErrBadToken means that the token of a [HeaderToken] or [QueryToken] is missing, wrong
	// or present more than once.
	ErrBadToken = errors.New("webhook: bad token")

	// ErrMissingHeader means that a header of the signature, or Date, is missing. In an
	// unsigned delivery, all headers of the signature are missing: the account has no secure
	// callbacks, no signature key is enabled, or the caller is not the platform.
	ErrMissingHeader = errors.New("webhook: missing header")

	// ErrUnknownKey means that no key has the ID that the delivery names. A [KeySource]
	// returns this error, or one that wraps it.
	ErrUnknownKey = errors.New("webhook: unknown key")

	// ErrWeakKey means that the key has fewer bits than [WithMinKeyBits] allows.
	ErrWeakKey = errors.New("webhook: weak key")

	// ErrDigestMismatch means that the delivery names a digest that is not the key's.
	ErrDigestMismatch = errors.New("webhook: digest mismatch")

	// ErrBadSignature means that the signature is not the key's signature of this request.
	ErrBadSignature = errors.New("webhook: bad signature")

	// ErrDateOutOfRange means that the signature is valid, but the Date is too old or too
	// far ahead of this machine's clock. The error says how old or how far ahead it is.
	ErrDateOutOfRange = errors.New("webhook: date out of range")

	// ErrBodyTooLarge means that the body is larger than the verifier's limit, which
	// [WithMaxBodyBytes] sets.
	ErrBodyTooLarge = errors.New("webhook: body too large")

	// ErrBodyUnreadable means that the body could not be read to its end.
	ErrBodyUnreadable = errors.New("webhook: unreadable body")

	// ErrBodyConsumed means that other code, often a middleware, read the body before the
	// verifier. That code must run after the verifier or restore the body. If the request
	// does not announce its length, the verifier assumes that of an empty body, unless a
	// signature covers it or the method is GET or DELETE.
	ErrBodyConsumed = errors.New("webhook: body already read")

	// ErrKeySource means that the [KeySource] failed. The delivery may be valid.
	ErrKeySource = errors.New("webhook: key source failed")
)

// Errors for which a [Handler] does not acknowledge a delivery, besides those of a
// [Verifier].
var (
	// ErrMethodNotAllowed means that a webhook cannot use the request's method.
	ErrMethodNotAllowed = errors.New("webhook: method not allowed")

	// ErrBusy means that the delivery waited too long for a turn, for memory, or for another
	// call that handles the same dedupe key.
	ErrBusy = errors.New("webhook: busy")

	// ErrInProgress means that a [Deduplicator] could not wait any longer for another call
	// for the same key. A Deduplicator returns this error, or one that wraps it.
	ErrInProgress = errors.New("webhook: duplicate in progress")

	// ErrCallback means that the callback returned an error. The error that matches
	// ErrCallback also wraps the callback's error.
	ErrCallback = errors.New("webhook: callback failed")

	// ErrDeduplicator means that the [Deduplicator] failed. If the callback returned nil
	// before, the delivery may have been handled, for example if a commit failed.
	ErrDeduplicator = errors.New("webhook: deduplicator failed")

	// ErrPanic means that one of your functions panicked or called runtime.Goexit. If it
	// panicked with an error, the error that matches ErrPanic also wraps that error.
	ErrPanic = errors.New("webhook: panic")
)
