// Package check has the checks of arguments that several packages of this module make.
package check

import (
	"fmt"
	"strings"
)

// That returns nil if ok, and otherwise an error with the formatted text.
func That(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// IsToken reports whether s is a token by RFC 9110, section 5.6.2. Methods and header
// names are tokens.
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
