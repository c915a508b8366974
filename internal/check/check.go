// Package check validates arguments for several packages of this module.
package check

import (
	"fmt"
	"strings"
)

// That returns an error with the formatted text, or nil if ok is true.
func That(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// IsToken reports whether s is a token by RFC 9110, section 5.6.2, such as a method or a
// header name.
func IsToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, isNotTokenChar)
}

func isNotTokenChar(r rune) bool {
	switch {
	case '0' <= r && r <= '9', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
		return false
	}
	return !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}
