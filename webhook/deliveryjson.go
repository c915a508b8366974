package webhook

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/redact"
)

// deliveryJSON is the JSON form of a Delivery.
type deliveryJSON struct {
	Scheme    string          `json:"scheme,omitzero"`
	KeyID     string          `json:"key_id,omitzero"`
	SignedAt  time.Time       `json:"signed_at,omitzero"`
	Method    string          `json:"method"`
	Target    string          `json:"target"`
	TargetSum string          `json:"target_sum,omitzero"`
	Header    http.Header     `json:"header,omitzero"`
	Body      []byte          `json:"body,omitzero"`
	Event     json.RawMessage `json:"event,omitzero"`
}

// MarshalJSON encodes the delivery for a queue or a table. It redacts values that may be
// tokens: the target's query, and the values of all headers except Accept, Accept-Encoding,
// Content-Encoding, Content-Length, Content-Type, Date, Traceparent, User-Agent and the
// headers of the signature. The decoded delivery can't be verified again. If you need the
// query, store it separately. The payload is complete, and [Delivery.DedupeKey] stays the
// same.
func (d Delivery) MarshalJSON() ([]byte, error) {
	form := deliveryJSON{
		Scheme:    d.Scheme,
		KeyID:     d.KeyID,
		SignedAt:  d.SignedAt,
		Method:    d.Method,
		Target:    redact.URL(d.Target),
		TargetSum: d.targetSum,
		Header:    redactHeader(d.Header),
		Body:      d.Body,
	}
	if form.TargetSum == "" && form.Target != d.Target {
		form.TargetSum = sumTarget(d.Target)
	}
	if _, unparsed := d.Event.(*UnparsedEvent); d.Event != nil && !unparsed && !reflect.DeepEqual(d.Event, Parse(d.Body)) { // set by the callback
		event, err := json.Marshal(d.Event)
		if err != nil {
			return nil, err
		}
		form.Event = event
	}
	return json.Marshal(form)
}

// UnmarshalJSON decodes the JSON of [Delivery.MarshalJSON]. It does not authenticate the
// delivery: read the JSON only from a place that no one else can write to.
func (d *Delivery) UnmarshalJSON(data []byte) error {
	var form deliveryJSON
	if err := json.Unmarshal(data, &form); err != nil {
		return fmt.Errorf("webhook: decode Delivery: %w", err)
	}
	event := form.Event
	if event == nil {
		event = form.Body
	}
	*d = Delivery{
		Scheme:    form.Scheme,
		KeyID:     form.KeyID,
		SignedAt:  form.SignedAt,
		Method:    form.Method,
		Target:    form.Target,
		Header:    form.Header,
		Body:      form.Body,
		Event:     Parse(event),
		targetSum: form.TargetSum,
	}
	return nil
}

// plainHeaders are the headers whose values contain no secret of the receiver.
var plainHeaders = []string{
	"Accept", "Accept-Encoding", "Content-Encoding", "Content-Length", "Content-Type", "Date", "Traceparent", "User-Agent",
	"X-Messagemedia-Cipher-Type", "X-Messagemedia-Digest-Type", "X-Messagemedia-Key-Id", "X-Messagemedia-Signature",
}

func redactHeader(header http.Header) http.Header {
	if header == nil {
		return nil
	}
	redacted := make(http.Header, len(header))
	for name, values := range header {
		if !slices.ContainsFunc(plainHeaders, func(plain string) bool { return strings.EqualFold(plain, name) }) {
			values = slices.Repeat([]string{"…"}, len(values))
		}
		redacted[name] = values
	}
	return redacted
}

// String returns the method, path, scheme, event kind and size of the delivery.
func (d Delivery) String() string {
	return fmt.Sprintf("%s %s (%s, %s, %d bytes)", d.Method, redact.URL(d.Target), d.Scheme, kindOf(d.Event), len(d.Body))
}

// Format writes [Delivery.String], whatever the verb.
func (d Delivery) Format(state fmt.State, _ rune) { fmt.Fprint(state, d.String()) }

// LogValue returns the attributes that slog logs: no token, no phone number and no text.
func (d Delivery) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("method", d.Method),
		slog.String("target", redact.URL(d.Target)),
		slog.String("scheme", d.Scheme),
		slog.String("event", kindOf(d.Event)),
		slog.Int("bytes", len(d.Body)),
	)
}

// String returns the method, path and size of the request.
func (r RawRequest) String() string {
	return fmt.Sprintf("%q %q (%d bytes)", r.Method, redact.URL(r.Target), len(r.Body))
}

// Format writes [RawRequest.String], whatever the verb.
func (r RawRequest) Format(state fmt.State, _ rune) { fmt.Fprint(state, r.String()) }

// LogValue returns the attributes that slog logs: no token, no phone number and no text.
func (r RawRequest) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("method", r.Method),
		slog.String("target", redact.URL(r.Target)),
		slog.Int("bytes", len(r.Body)),
	)
}
