package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Delivery is a request that the platform signed, recently.
type Delivery struct {
	// KeyID is the ID of the key that signed it. Only this tells whose delivery it
	// is: the payload is written by the template of whoever owns the key.
	KeyID string

	// SignedAt is the Date of the request, in whole seconds.
	SignedAt time.Time

	// Method is the method of the request.
	Method string

	// Target is the target as it was signed: the path with its query, every byte
	// as the platform sent it. With [WithPublicURL] it has that URL's path.
	Target string

	// Header has the headers of the request. Of these only the Date is signed.
	Header http.Header

	// Body is the payload as it came.
	Body []byte

	// Event is what the payload says, an [*UnparsedEvent] when it can't be parsed.
	Event Event
}

// DedupeKey names what is delivered: it is the same when the platform sends the
// same thing again. It consists of the target's path, the kind of event and the
// platform's own ID, for a delivery report its status code, too, or its status. It
// is empty when the payload has no such ID, or has it under another name than
// [Parse] knows, such as reply_id: see [WithDedupeKey] for a template of your own.
// Two deliveries that say "YES" are two.
func (d *Delivery) DedupeKey() string {
	if d.Event == nil {
		return ""
	}
	id := d.Event.dedupeID()
	if id == "" {
		return ""
	}
	return rawPath(d.Target) + " " + id
}

// Decode parses the payload of a delivery into a type of your own, for a
// template of your own. What reads the payload is up to you: json.Unmarshal,
// xml.Unmarshal, or a function over url.ParseQuery for form encoding.
func Decode[T any](d *Delivery, unmarshal func(payload []byte, into any) error) (T, error) {
	var value T
	if unmarshal == nil {
		return value, errors.New("webhook: Decode has no unmarshal function, want one such as json.Unmarshal")
	}
	if err := unmarshal(d.Body, &value); err != nil {
		return value, fmt.Errorf("webhook: decode into %T: %w", value, err)
	}
	return value, nil
}
