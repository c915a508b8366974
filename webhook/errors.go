package webhook

import "errors"

// Why a delivery is not authenticated. None of these says what would have been right, so
// that a response built from one teaches a forger nothing.
var (
	// ErrMalformed: the method, the target or a signature header is not one that the
	// platform could have sent.
	ErrMalformed = errors.New("webhook: malformed request")

	// ErrBadToken: a token of [HeaderToken] or [QueryToken] is missing, is there more than
	// once, or is wrong.
	ErrBadToken = errors.New("webhook: bad token")

	// ErrMissingHeader: a header of the signature, or Date, is missing. Unsigned deliveries
	// get it: the account has no secure callbacks, no signature key is enabled, or the
	// caller is not the platform.
	ErrMissingHeader = errors.New("webhook: missing header")

	// ErrUnknownKey: the key that the delivery names is not known. If a [KeySource] does
	// not have an ID, it returns this error, or one that wraps it.
	ErrUnknownKey = errors.New("webhook: unknown key")

	// ErrWeakKey: the key has fewer bits than [WithMinKeyBits] allows.
	ErrWeakKey = errors.New("webhook: weak key")

	// ErrDigestMismatch: the delivery claims another digest than its key has.
	ErrDigestMismatch = errors.New("webhook: digest mismatch")

	// ErrBadSignature: the signature is not the key's signature of this request.
	ErrBadSignature = errors.New("webhook: bad signature")

	// ErrDateOutOfRange: the signature is right, and the Date is too old, or too far ahead
	// of this machine's clock. The error says by how much.
	ErrDateOutOfRange = errors.New("webhook: date out of range")

	// ErrBodyTooLarge: the body is larger than the verifier's limit.
	ErrBodyTooLarge = errors.New("webhook: body too large")

	// ErrBodyUnreadable: the body could not be read to its end.
	ErrBodyUnreadable = errors.New("webhook: unreadable body")

	// ErrBodyConsumed: the body was read before the verifier saw it. What did so, often a
	// middleware, must come after the verifier or put the bytes back.
	ErrBodyConsumed = errors.New("webhook: body was read already")

	// ErrKeySource: the [KeySource] failed. It says nothing about the delivery.
	ErrKeySource = errors.New("webhook: key source failed")
)

// Why a [Handler] does not acknowledge a delivery, besides the errors above.
var (
	// ErrMethodNotAllowed: the platform never calls with this method.
	ErrMethodNotAllowed = errors.New("webhook: method not allowed")

	// ErrBusy: the time for waiting was over, for a turn, for memory, or for another call
	// that handles a duplicate.
	ErrBusy = errors.New("webhook: busy")

	// ErrInProgress: a [Deduplicator] could not wait any longer for another call for the
	// same key. It returns this error, or one that wraps it.
	ErrInProgress = errors.New("webhook: duplicate in progress")

	// ErrCallback: the callback returned an error, which is wrapped, too.
	ErrCallback = errors.New("webhook: callback failed")

	// ErrDeduplicator: the [Deduplicator] failed. If it did so after the callback returned
	// nil, the delivery may have been handled: a commit may have failed.
	ErrDeduplicator = errors.New("webhook: deduplicator failed")

	// ErrPanic: a function of yours panicked, or called runtime.Goexit. If it panicked with
	// an error, that is wrapped, too.
	ErrPanic = errors.New("webhook: panic")
)
