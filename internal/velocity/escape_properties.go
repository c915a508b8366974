package velocity

import (
	"strings"
	"unicode/utf16"
)

// appendProperty escapes for a value in a property file. It also escapes leading blanks.
func appendProperty(to []byte, s string) []byte {
	if len(to) == 0 && strings.HasPrefix(s, " ") {
		to = append(to, '\\')
	}
	for _, c := range s {
		switch {
		case strings.ContainsRune(`\=:#!`, c):
			to = append(to, '\\', byte(c))
		case strings.ContainsRune("\t\n\f\r", c):
			to = append(to, '\\', shortEscape(byte(c)))
		case c < ' ' || c > '~':
			for _, unit := range utf16.Encode([]rune{c}) {
				to = appendUnit(to, rune(unit), "0123456789abcdef")
			}
		default:
			to = append(to, byte(c))
		}
	}
	return to
}

// appendPropertyKey escapes for a key in a property file. It escapes every blank.
func appendPropertyKey(to []byte, s string) []byte {
	for i, word := range strings.Split(s, " ") {
		if i > 0 {
			to = append(to, `\ `...)
		}
		to = appendProperty(to, word)
	}
	return to
}
