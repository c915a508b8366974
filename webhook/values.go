package webhook

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// ParseValues reads the names that [Parse] reads from a form or from the query of a GET
// request, by the same rules. Metadata, attachments and vendor_account_id are JSON. The
// Raw of an [*UnparsedEvent] has the values as [url.Values.Encode] writes them, so leave
// out the parameter of a token, or don't log it.
func ParseValues(values url.Values) Event {
	event, err := parseValues(values)
	if err != nil {
		return &UnparsedEvent{Raw: []byte(values.Encode()), Err: parseError{err}}
	}
	return event
}

// structured are the fields that are JSON in a form, too.
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

// valueOf is what the text would be in JSON.
func valueOf(name, text string) json.RawMessage {
	if trimmed := strings.TrimSpace(text); slices.Contains(structured, name) && json.Valid([]byte(trimmed)) {
		return json.RawMessage(trimmed)
	}
	quoted, _ := json.Marshal(text) // any string can be marshaled
	return quoted
}
