package payload

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

func (r *reader) json(path, text string) error {
	var any json.RawMessage
	if err := json.Unmarshal([]byte(text), &any); err != nil { // rejects trailing data, and has the offset of an error
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return fmt.Errorf("%w, at %q", err, around(text, int(syntax.Offset)))
		}
		return err
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return r.jsonValue(decoder, path)
}

func (r *reader) jsonValue(decoder *json.Decoder, path string) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		if err := r.jsonMembers(decoder, path, t == '{'); err != nil {
			return err
		}
		_, err = decoder.Token()
	case string:
		r.text(path, t)
	case json.Number:
		r.document.Strings = append(r.document.Strings, String{path, false, t.String()})
	}
	return err
}

func (r *reader) jsonMembers(decoder *json.Decoder, path string, isObject bool) error {
	seen := make(map[string]bool)
	for decoder.More() {
		member := path + "/"
		if isObject {
			name, err := decoder.Token()
			if err != nil {
				return err
			}
			member += name.(string)
			r.name(member, name.(string), seen)
		}
		if err := r.jsonValue(decoder, member); err != nil {
			return err
		}
	}
	return nil
}

// around returns the part of a text that ends at an offset.
func around(text string, offset int) string {
	return strings.ToValidUTF8(text[max(0, min(offset, len(text))-20):min(offset, len(text))], "")
}
