package taint

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// pattern is an approximation of a regular expression.
type pattern struct {
	expression string

	// single reports whether it matches one character or a run of such characters.
	single, repeated bool

	// flags stand before each fragment, as in "(?i)".
	flags string

	// fragments match one character each. A text that the expression matches consists of
	// their characters. They are complete only if read is true.
	fragments []string
	read      bool

	matching map[string]bool // cached results of matches
}

// pattern parses a regular expression as far as necessary. It assumes that the parts that it
// can't parse match anything.
func (a *analysis) pattern(expression string) *pattern {
	p, known := a.patterns[expression]
	if !known {
		p = readPattern(expression)
		a.patterns[expression] = p
		a.charge(len(expression))
	}
	return p
}

var leadingFlags = regexp.MustCompile(`^\(\?[imsu]+\)`)

func readPattern(expression string) *pattern {
	p := &pattern{expression: expression, matching: make(map[string]bool)}
	rest, inSequence, alternatives := expression, 0, true
	if flags := leadingFlags.FindString(expression); flags != "" {
		p.flags, rest = flags, expression[len(flags):]
	}
	for rest != "" {
		switch c := rest[0]; c {
		case '(':
			rest = strings.TrimPrefix(rest[1:], "?:")
			if strings.HasPrefix(rest, "?") { // flags for a group, or a lookaround
				return &pattern{expression: expression, matching: p.matching}
			}
			continue
		case '|':
			inSequence, rest = 0, rest[1:]
			continue
		case '*', '?', '{':
			alternatives = false
			if end := strings.IndexByte(rest, '}'); c == '{' && end > 0 {
				rest = rest[end:]
			}
			rest = rest[1:]
			continue
		case '+':
			p.repeated = true
			rest = rest[1:]
			continue
		case ')', '^', '$':
			alternatives = alternatives && c == ')'
			rest = rest[1:]
			continue
		}
		fragment := firstFragment(rest)
		if fragment == "" {
			return &pattern{expression: expression, matching: p.matching}
		}
		rest = rest[len(fragment):]
		inSequence++
		alternatives = alternatives && inSequence == 1
		p.fragments = append(p.fragments, fragment)
	}
	p.read = true
	p.single = alternatives && len(p.fragments) > 0
	return p
}

// firstFragment returns the prefix of an expression that matches one character, or "" if
// unknown.
func firstFragment(expression string) string {
	switch expression[0] {
	case '[':
		return class(expression)
	case '\\':
		return escapeOf(expression)
	}
	_, size := utf8.DecodeRuneInString(expression)
	return expression[:size]
}

// class returns the character class at the beginning of an expression.
func class(expression string) string {
	depth := 0
	for i := 0; i < len(expression); i++ {
		switch expression[i] {
		case '\\':
			if i+1 < len(expression) && expression[i+1] == 'Q' {
				return ""
			}
			i++
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return expression[:i+1]
			}
		}
	}
	return ""
}

// escapeOf returns the escape at the beginning of an expression.
func escapeOf(expression string) string {
	if len(expression) < 2 {
		return ""
	}
	length := 2
	switch c := expression[1]; {
	case strings.IndexByte("pPxu", c) >= 0 && strings.HasPrefix(expression[2:], "{"):
		length = strings.IndexByte(expression, '}') + 1
	case c == 'p', c == 'P':
		length = 3
	case c == 'x':
		length = 4
	case c == 'u':
		length = 6
	case strings.IndexByte("dDsSwWhHvVtnrfae", c) >= 0:
	case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z': // groups, borders, quotations
		return ""
	default:
		_, size := utf8.DecodeRuneInString(expression[1:])
		length = 1 + size
	}
	if length <= 0 || length > len(expression) {
		return ""
	}
	return expression[:length]
}

// matches reports whether a text that the expression matches can contain a character.
func (a *analysis) matches(p *pattern, character string) bool {
	matching, known := p.matching[character]
	if known {
		return matching
	}
	for _, fragment := range p.fragments {
		if !a.charge(4) {
			return true
		}
		r := a.engine.call("matches", []string{character}, []string{p.flags + fragment})[0]
		if matching = !r.defined || r.text == "true"; matching {
			break
		}
	}
	p.matching[character] = matching
	return matching
}

// matchesAll reports whether matches is true for each character of a text.
func (a *analysis) matchesAll(p *pattern, text string) bool {
	for _, c := range text {
		if !a.matches(p, string(c)) {
			return false
		}
	}
	return true
}
