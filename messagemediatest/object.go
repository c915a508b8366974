package messagemediatest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unparsable is the API's detail for a body that is not the expected JSON.
const unparsable = "Failed to parse message body."

// violations are the rules that a request violates, as in the API's details: the JSON
// pointer of a field and the problem.
type violations []string

func (v *violations) add(format string, args ...any) {
	*v = append(*v, fmt.Sprintf(format, args...))
}

func (v *violations) require(ok bool, format string, args ...any) {
	if !ok {
		v.add(format, args...)
	}
}

// object is a JSON object whose fields are read one by one. encoding/json would accept
// names in any case, duplicate names and unknown names.
type object struct {
	fields  map[string]json.RawMessage
	pointer string // the JSON pointer of the object in the body
	wrong   violations
}

// parseBody parses a body that must be an object with the named fields only.
func parseBody(body []byte, names ...string) *object {
	o := &object{}
	if !utf8.Valid(body) {
		o.unparsable("", "")
		return o
	}
	o.parse(body, "")
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		o.wrong.require(slices.Contains(names, name), "/%s: Unknown field", name)
	}
	return o
}

func (o *object) parse(data []byte, pointer string) {
	o.pointer = pointer
	fields, duplicates, err := decodeObject(data)
	if err != nil {
		o.unparsable(pointer, "Not an object")
		return
	}
	o.fields = fields
	for _, name := range duplicates {
		o.unparsable(pointer+"/"+name, "Duplicate field")
	}
}

// unparsable adds the API's detail once for the whole body, and then the field's problem.
func (o *object) unparsable(pointer, what string) {
	if !o.isUnparsable() {
		o.wrong = slices.Insert(o.wrong, 0, unparsable)
	}
	if pointer != "" {
		o.wrong.add("%s: %s", pointer, what)
	}
}

// isUnparsable reports whether the body is not the expected JSON. Further violations
// would then only repeat the problem.
func (o *object) isUnparsable() bool { return slices.Contains(o.wrong, unparsable) }

// decodeObject returns the fields of an object and the duplicate names.
func decodeObject(data []byte) (fields map[string]json.RawMessage, duplicates []string, err error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, nil, errors.Join(errors.New("not an object"), err)
	}
	fields = make(map[string]json.RawMessage)
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, nil, err
		}
		if _, found := fields[name.(string)]; found {
			duplicates = append(duplicates, name.(string))
		}
		fields[name.(string)] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, nil, errors.New("data after the object")
	}
	return fields, duplicates, nil
}

// has reports whether a field is present and not null.
func (o *object) has(name string) bool {
	value, found := o.fields[name]
	return found && string(value) != "null"
}

// text returns a string, or "" if it is unset.
func (o *object) text(name string) string {
	if !o.has(name) {
		return ""
	}
	value, ok := textOf(o.fields[name])
	if !ok {
		o.unparsable(o.pointer+"/"+name, "Not a string")
	}
	return value
}

func textOf(data json.RawMessage) (text string, ok bool) {
	if len(data) == 0 || data[0] != '"' || json.Unmarshal(data, &text) != nil {
		return "", false
	}
	return text, !hasLoneSurrogate(string(data), text)
}

// hasLoneSurrogate reports whether a literal contains an unpaired surrogate, which
// encoding/json replaces silently.
func hasLoneSurrogate(literal, text string) bool {
	const replacement = "\ufffd"
	written := strings.Count(literal, replacement) + strings.Count(strings.ToLower(literal), `\ufffd`)
	return strings.Count(text, replacement) > written
}

// texts returns an array of strings, or nil if it is unset.
func (o *object) texts(name string) []string {
	if !o.has(name) {
		return nil
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(o.fields[name], &elements); err != nil {
		o.unparsable(o.pointer+"/"+name, "Not an array")
		return nil
	}
	texts := make([]string, len(elements))
	for i, element := range elements {
		text, ok := textOf(element)
		if !ok {
			o.unparsable(o.pointer+"/"+name+"/"+strconv.Itoa(i), "Not a string")
		}
		texts[i] = text
	}
	return texts
}

// textMap returns an object of strings, or nil if it is unset.
func (o *object) textMap(name string) map[string]string {
	if !o.has(name) {
		return nil
	}
	var inner object
	inner.parse(o.fields[name], o.pointer+"/"+name)
	texts := make(map[string]string, len(inner.fields))
	for _, key := range slices.Sorted(maps.Keys(inner.fields)) {
		text, ok := textOf(inner.fields[key])
		if !ok {
			inner.unparsable(inner.pointer+"/"+key, "Not a string")
		}
		texts[key] = text
	}
	if len(inner.wrong) > 0 {
		o.unparsable("", "")
		o.wrong = append(o.wrong, inner.wrong[1:]...)
	}
	return texts
}

// integer returns a whole number within bounds, or 0 if it is unset.
func (o *object) integer(name string, least, most int) int {
	if !o.has(name) {
		return 0
	}
	literal := string(o.fields[name])
	var number json.Number
	if literal[0] == '"' || json.Unmarshal(o.fields[name], &number) != nil {
		o.unparsable(o.pointer+"/"+name, "Not a number")
		return 0
	}
	n, err := strconv.Atoi(literal)
	if err != nil || n < least || n > most {
		o.wrong.add("%s/%s: must be a whole number between %d and %d, got %s", o.pointer, name, least, most, literal)
		return 0
	}
	return n
}
