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
// Printed through fmt or slog it shows method, path, scheme and event kind: no token, no
// number and no text. Its JSON is fit for a queue: see [Delivery.MarshalJSON].
type Delivery struct {
	// Scheme names what accepted it: "signature", "header:X-Webhook-Token",
	// "query:token", several joined by "+". "#2" after it is the second of several tokens.
	Scheme string

	// KeyID is the ID of the key that signed it. It is empty without a signature. It alone
	// tells whose delivery it is: the payload is written by the template of whoever owns
	// the key.
	KeyID string

	// SignedAt is the Date of a signed request, in whole seconds. It is zero without a
	// signature.
	SignedAt time.Time

	// Method is the method of the request.
	Method string

	// Target is the target that the platform called: path and query, every byte as sent.
	// A query may have tokens.
	Target string

	// Header has the headers of the request, tokens included. A signature covers the Date
	// alone.
	Header http.Header

	// Body is the payload as it came.
	Body []byte

	// Event is what the payload says, an [*UnparsedEvent] if it can't be parsed.
	Event Event

	targetSum string // of the target for the dedupe key, if that is not Target
}

// DedupeKey identifies what is delivered: a retry of the same event to the same webhook
// has the same key, and another event or another webhook has another. It is "1-" and the
// hex SHA-256 of the method, the target without the parameters of a [QueryToken], the
// event kind, the platform's ID, and a delivery report's status and status code: 66 bytes,
// fit for a unique column, without tokens or numbers. Its form is part of this module's
// compatibility promise.
//
// It is empty if the payload has no such ID, or has it under another name than [Parse]
// knows: see [WithDedupeKey]. Two inbound messages with the same text are not duplicates.
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

// sumTarget stands for a target in the key, so that the key of a delivery whose query was
// redacted stays the same.
func sumTarget(target string) string {
	sum := sha256.Sum256([]byte(target))
	return hex.EncodeToString(sum[:])
}
