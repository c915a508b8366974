// Package check validates arguments for several packages of this module.
package check

import (
	"fmt"
	"reflect"
	"strings"
)

// That returns an error with the formatted text, or nil if ok is true.
func That(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// IsNil reports whether v is nil or contains a nil pointer or a nil function.
func IsNil(v any) bool {
	if v == nil {
		return true
	}
	switch value := reflect.ValueOf(v); value.Kind() {
	case reflect.Pointer, reflect.Func:
		return value.IsNil()
	}
	return false
}

// IsToken reports whether s is a token by RFC 9110, section 5.6.2, such as a method or a
// header name.
func IsToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isTokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
		return true
	}
	return strings.IndexByte("!#$%&'*+.^_`|~", c) >= 0
}
