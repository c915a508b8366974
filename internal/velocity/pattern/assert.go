package pattern

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// holds reports whether an assertion is true at a position.
func (m *machine) holds(a assertion, pos int) (bool, error) {
	before, after := m.text[:pos], m.text[pos:]
	switch a {
	case textStart:
		return pos == 0, nil
	case textEnd:
		return after == "", nil
	case lineStart:
		return after != "" && (before == "" || endsLine(before) && !(strings.HasSuffix(before, "\r") && after[0] == '\n')), nil
	case unixLineStart:
		return after != "" && (before == "" || strings.HasSuffix(before, "\n")), nil
	case lineEnd:
		return after == "" || beginsLineBreak(before, after), nil
	case unixLineEnd:
		return after == "" || after[0] == '\n', nil
	case lastLineEnd:
		_, size := utf8.DecodeRuneInString(after)
		return after == "" || after == "\r\n" || size == len(after) && beginsLineBreak(before, after), nil
	case lastUnixLineEnd:
		return after == "" || after == "\n", nil
	}
	left, err := m.endsWord(before)
	if err != nil {
		return false, err
	}
	right, err := m.beginsWord(before, after)
	return (left != right) == (a == wordBoundary), err
}

const lineBreaks = "\n\r\u0085\u2028\u2029"

func endsLine(before string) bool {
	c, _ := utf8.DecodeLastRuneInString(before)
	return strings.ContainsRune(lineBreaks, c)
}

// beginsLineBreak reports whether a line break begins at a position. The \n of a \r\n does
// not begin one.
func beginsLineBreak(before, after string) bool {
	c, _ := utf8.DecodeRuneInString(after)
	return strings.ContainsRune(lineBreaks, c) && !(c == '\n' && strings.HasSuffix(before, "\r"))
}

func isWord(c rune) bool { return c == '_' || unicode.IsLetter(c) || unicode.Is(unicode.Nd, c) }

func (m *machine) endsWord(before string) (bool, error) {
	c, size := utf8.DecodeLastRuneInString(before)
	if before == "" || isWord(c) || !unicode.Is(unicode.Mn, c) {
		return before != "" && isWord(c), nil
	}
	return m.hasBase(before[:len(before)-size])
}

func (m *machine) beginsWord(before, after string) (bool, error) {
	c, _ := utf8.DecodeRuneInString(after)
	if after == "" || isWord(c) || !unicode.Is(unicode.Mn, c) {
		return after != "" && isWord(c), nil
	}
	return m.hasBase(before)
}

// hasBase reports whether a text ends with a letter or digit, optionally followed by
// marks, to which further marks belong.
func (m *machine) hasBase(before string) (bool, error) {
	for before != "" {
		c, size := utf8.DecodeLastRuneInString(before)
		if err := m.spend(1); err != nil {
			return false, err
		}
		if unicode.IsLetter(c) || unicode.Is(unicode.Nd, c) {
			return true, nil
		}
		if !unicode.Is(unicode.Mn, c) {
			return false, nil
		}
		before = before[:len(before)-size]
	}
	return false, nil
}
