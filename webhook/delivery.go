package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// Delivery is an authenticated request.
//
// Packages fmt and log/slog print the method, path, scheme, event kind and size of a
// Delivery. They print no token, no phone number and no text. To put a Delivery in a queue,
// use its JSON: see [Delivery.MarshalJSON].
type Delivery struct {
	// Scheme names the credential that the verifier accepted, such as "signature",
	// "header:X-Webhook-Token" or "query:token". For AllOf, the names are joined by "+".
	// The suffix "#2" means the second of several tokens.
	Scheme string

	// KeyID is the ID of the key that signed the delivery. It is empty without a
	// signature. Only KeyID identifies the account: the owner of the key can write any
	// payload.
	KeyID string

	// SignedAt is the Date of a signed request, to the second. It is zero without a
	// signature.
	SignedAt time.Time

	// Method is the request's method.
	Method string

	// Target is the target that the platform called: path and query, every byte as sent.
	// The query may contain tokens.
	Target string

	// Header contains the headers of the request, including tokens, under canonical names.
	// The only header that a signature covers is the Date.
	Header http.Header

	// Body is the payload as received.
	Body []byte

	// Event is the parsed payload, or an [*UnparsedEvent] if it can't be parsed.
	Event Event

	targetSum string // the sum of the dedupe key's target; empty if that is Target
}

// DedupeKey returns a key that identifies the event and the webhook. Retries of the same
// event to the same webhook have the same key. Other events and other webhooks have other
// keys.
//
// The key is "1-" and the hex SHA-256 of the method, the target without the parameters of
// a [QueryToken], the event kind, the platform's ID, and a delivery report's status and
// status code. It has 66 bytes, fits a unique column, and contains no tokens or phone
// numbers. Its form is part of this module's compatibility promise.
//
// If the payload has no such ID under a name that [Parse] knows, the key is empty: see
// [WithDedupeKey]. Two inbound messages with the same text are not duplicates.
func (d *Delivery) DedupeKey() string {
	if d.Event == nil {
		return ""
	}
	id, state := d.Event.identity()
	if id == "" {
		return ""
	}
	target := d.targetSum
	if target == "" {
		target = sumTarget(d.Target)
	}
	text := make([]byte, 0, 256) // on the stack
	for _, part := range [...]string{d.Method, target, kindOf(d.Event), id, state.status, state.code} {
		text = strconv.AppendInt(text, int64(len(part)), 10)
		text = append(append(text, ':'), part...)
	}
	sum := sha256.Sum256(text)
	return string(hex.AppendEncode([]byte("1-"), sum[:]))
}

// sumTarget returns the form of a target that DedupeKey hashes. MarshalJSON writes it, so
// the key stays the same when the query is redacted.
func sumTarget(target string) string {
	sum := sha256.Sum256([]byte(target))
	return hex.EncodeToString(sum[:])
}
