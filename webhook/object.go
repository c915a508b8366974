package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

var (
	errNotObject = errors.New("not a JSON object")
	errTrailing  = errors.New("text after the JSON object")
)

// object is a JSON object whose documented names each occur once. encoding/json matches
// names in any case, and uses the last of several values. If the template does not escape a
// field, its sender could replace another field that way.
type object map[string]json.RawMessage

// parseObject reads the documented fields of an object that is valid JSON. It ignores other
// fields.
func parseObject(data []byte, documented vocabulary) (object, error) {
	if !isObject(data) {
		return nil, errNotObject
	}
	o := make(object, len(documented))
	return o, forEachMember(data, func(rawName, value json.RawMessage) error {
		name, known := documented.find(rawName)
		if known == "" {
			return nil
		}
		if name != known {
			return fmt.Errorf("a name differs from %s only in case", known)
		}
		if _, twice := o[known]; twice {
			return fmt.Errorf("%s occurs twice", known)
		}
		o[known] = value
		return nil
	})
}

// vocabulary contains the documented names, keyed by their folded form.
type vocabulary map[string]string

func newVocabulary(names ...string) vocabulary {
	v := make(vocabulary, len(names))
	for _, name := range names {
		v[name] = name
	}
	return v
}

// find returns a member's name, and the documented name that encoding/json would match to
// it. The second is empty if there is none.
func (v vocabulary) find(raw json.RawMessage) (name, known string) {
	inside := raw[1 : len(raw)-1]
	if known, ok := v[string(inside)]; ok {
		return known, known
	}
	name = unquote(raw)
	return name, v[fold(name)]
}

// fold maps the names that encoding/json considers equal to one name. It ignores case, also
// for the two Unicode letters that fold to ASCII.
func fold(name string) string {
	const longest = 64
	if len(name) > longest {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case r == 'ſ':
			return 's'
		case r == 'K': // the Kelvin sign
			return 'k'
		}
		return r
	}, name)
}

// validate returns an error with the position if data is not one JSON value. It does not
// use the decoder's error text, which contains a part of the payload.
func validate(data []byte) error {
	if json.Valid(data) {
		return nil
	}
	var value json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(data))
	err := decoder.Decode(&value)
	if err == nil {
		return errTrailing
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("not valid JSON near byte %d", syntax.Offset)
	}
	return errors.New("not valid JSON: unexpected end")
}

// forEachMember calls visit with each member of an object that is valid JSON, in order.
func forEachMember(data []byte, visit func(name, value json.RawMessage) error) error {
	rest := skipSpace(skipSpace(data)[1:]) // after the opening brace
	for rest[0] != '}' {
		name, after := cutValue(rest)
		value, after := cutValue(skipSpace(skipSpace(after)[1:])) // after the colon
		if err := visit(name, value); err != nil {
			return err
		}
		rest = skipSpace(after)
		if rest[0] == ',' {
			rest = skipSpace(rest[1:])
		}
	}
	return nil
}

// forEachElement calls visit with each element of an array that is valid JSON, in order.
func forEachElement(data []byte, visit func(value json.RawMessage) error) error {
	rest := skipSpace(skipSpace(data)[1:]) // after the opening bracket
	for rest[0] != ']' {
		value, after := cutValue(rest)
		if err := visit(value); err != nil {
			return err
		}
		rest = skipSpace(after)
		if rest[0] == ',' {
			rest = skipSpace(rest[1:])
		}
	}
	return nil
}

// cutValue splits data after its first value. It relies on matching brackets, since data
// begins with valid JSON.
func cutValue(data []byte) (value json.RawMessage, rest []byte) {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i = endOfString(data, i)
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			if depth == 0 {
				end := i + endOfLiteral(data[i:])
				return data[:end:end], data[end:]
			}
			continue
		}
		if depth == 0 {
			return data[: i+1 : i+1], data[i+1:]
		}
	}
	return data, nil
}

// endOfString returns the index of the quote that ends the string.
func endOfString(data []byte, start int) int {
	for i := start + 1; ; i++ {
		n := bytes.IndexByte(data[i:], '"')
		i += n
		backslashes := 0
		for data[i-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return i
		}
	}
}

func endOfLiteral(data []byte) int {
	if n := bytes.IndexAny(data[:min(len(data), 64)], ",}] \t\r\n"); n >= 0 {
		return n
	}
	if n := bytes.IndexAny(data, ",}] \t\r\n"); n >= 0 {
		return n
	}
	return len(data)
}

func skipSpace(data []byte) []byte {
	for len(data) > 0 && (data[0] == ' ' || data[0] == '\n' || data[0] == '\r' || data[0] == '\t') {
		data = data[1:]
	}
	return data
}

// isObject reports whether data begins like an object. It looks only at the first byte, so
// that it rejects a payload in another encoding at no cost.
func isObject(data []byte) bool {
	data = skipSpace(data)
	return len(data) > 0 && data[0] == '{'
}

func isArray(data []byte) bool {
	data = skipSpace(data)
	return len(data) > 0 && data[0] == '['
}

// unquote returns the text of a string that is valid JSON.
func unquote(raw json.RawMessage) (text string) {
	inside := raw[1 : len(raw)-1]
	if bytes.IndexByte(inside, '\\') < 0 && utf8.Valid(inside) {
		return string(inside)
	}
	json.Unmarshal(raw, &text)
	return text
}
