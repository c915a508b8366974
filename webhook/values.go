package webhook

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// ParseValues parses a form or the query of a GET request. It reads the same names as
// [Parse], by the same rules. The values of metadata, attachments, vendor_account_id and
// field_errors are JSON. The Raw of an [*UnparsedEvent] contains the encoded values: remove
// the parameter of a token from values, or do not log Raw.
func ParseValues(values url.Values) Event {
	event, err := parseValues(values)
	if err != nil {
		return &UnparsedEvent{Raw: []byte(values.Encode()), Err: parseError{err}}
	}
	return event
}

// structured are the fields whose values are JSON, also in a form.
var structured = []string{"metadata", "attachments", "vendor_account_id", "field_errors"}

func parseValues(values url.Values) (Event, error) {
	o := make(object)
	for name, texts := range values {
		known := documented[fold(name)]
		switch {
		case known == "" || len(texts) == 0:
			continue
		case name != known:
			return nil, fmt.Errorf("a name differs from %s only in case", known)
		case len(texts) > 1:
			return nil, fmt.Errorf("%s occurs twice", known)
		}
		o[known] = valueOf(known, texts[0])
	}
	return newPayload(o).event()
}

// valueOf returns the JSON of a field's text.
func valueOf(name, text string) json.RawMessage {
	if trimmed := strings.TrimSpace(text); slices.Contains(structured, name) && json.Valid([]byte(trimmed)) {
		return json.RawMessage(trimmed)
	}
	quoted, _ := json.Marshal(text) // any string can be marshaled
	return quoted
}
