package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

var (
	errNotObject = errors.New("it is not a JSON object")
	errTrailing  = errors.New("something follows the JSON object")
)

// object is a JSON object whose documented names each occur once. encoding/json
// alone would take the last of several, and would take names in any case: whoever
// can write into one field of a payload that escapes badly could replace another.
type object map[string]json.RawMessage

// parseObject reads the documented fields of an object, and passes over others.
func parseObject(data []byte, documented func(name string) (string, bool)) (object, error) {
	if !isObject(data) {
		return nil, errNotObject
	}
	o := make(object)
	err := eachMember(data, func(name string, value json.RawMessage) error {
		known, ok := documented(name)
		if !ok {
			return nil
		}
		if name != known {
			return fmt.Errorf("a name differs from %s only in case", known)
		}
		if _, twice := o[name]; twice {
			return fmt.Errorf("%s is there twice", name)
		}
		o[name] = value
		return nil
	})
	return o, err
}

// documentedIn finds the name in a table that a name of a payload may be taken for.
func documentedIn[T any](table map[string]T) func(name string) (string, bool) {
	return func(name string) (string, bool) {
		if _, ok := table[name]; ok {
			return name, true
		}
		for known := range table {
			if strings.EqualFold(name, known) {
				return known, true
			}
		}
		return "", false
	}
}

// eachMember calls a function with the members of an object, in order. What
// follows the object is an error, unless it is white space.
func eachMember(data []byte, visit func(name string, value json.RawMessage) error) error {
	if !isObject(data) {
		return errNotObject
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil { // the opening brace
		return plain(err)
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return plain(err)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return plain(err)
		}
		if err := visit(name.(string), value); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil { // the closing brace
		return plain(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errTrailing
	}
	return nil
}

// isObject looks at the first byte only, so that a payload in another encoding
// costs nothing.
func isObject(data []byte) bool {
	data = bytes.TrimLeft(data, " \t\r\n")
	return len(data) > 0 && data[0] == '{'
}

// plain says where the syntax is broken. The decoder's own words repeat a part of
// the payload.
func plain(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("it is not valid JSON, at byte %d", syntax.Offset)
	}
	return errors.New("it is not valid JSON, it ends too early")
}
