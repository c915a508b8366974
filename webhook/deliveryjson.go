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

// deliveryJSON is the form of a delivery in a queue.
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

// MarshalJSON writes the delivery for a queue or a table. What may be a token is
// redacted: the target's query, and the values of all headers but Accept, Accept-Encoding,
// Content-Encoding, Content-Length, Content-Type, Date, Traceparent, User-Agent and those
// of the signature. So it can't be verified again, and what you need of the query must be
// stored beside it. The payload is all there, and [Delivery.DedupeKey] stays the same.
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
	if _, unparsed := d.Event.(*UnparsedEvent); d.Event != nil && !unparsed && !reflect.DeepEqual(d.Event, Parse(d.Body)) { // read from something else
		event, err := json.Marshal(d.Event)
		if err != nil {
			return nil, err
		}
		form.Event = event
	}
	return json.Marshal(form)
}

// UnmarshalJSON reads what [Delivery.MarshalJSON] wrote. It does not authenticate: the
// JSON must come from where only your receiver writes.
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

// plainHeaders are those whose values say nothing that is the receiver's secret.
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

// String returns method, path, scheme and event kind.
func (d Delivery) String() string {
	return fmt.Sprintf("%s %s (%s, %s, %d bytes)", d.Method, redact.URL(d.Target), d.Scheme, kindOf(d.Event), len(d.Body))
}

// Format writes [Delivery.String], whatever the verb.
func (d Delivery) Format(state fmt.State, _ rune) { fmt.Fprint(state, d.String()) }

// LogValue is what slog shows of a delivery: no token, no number and no text.
func (d Delivery) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("method", d.Method),
		slog.String("target", redact.URL(d.Target)),
		slog.String("scheme", d.Scheme),
		slog.String("event", kindOf(d.Event)),
		slog.Int("bytes", len(d.Body)),
	)
}

// String returns method and path.
func (r RawRequest) String() string {
	return fmt.Sprintf("%q %q (%d bytes)", r.Method, redact.URL(r.Target), len(r.Body))
}

// Format writes [RawRequest.String], whatever the verb.
func (r RawRequest) Format(state fmt.State, _ rune) { fmt.Fprint(state, r.String()) }

// LogValue is what slog shows of a request: no token, no number and no text.
func (r RawRequest) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("method", r.Method),
		slog.String("target", redact.URL(r.Target)),
		slog.Int("bytes", len(r.Body)),
	)
}
