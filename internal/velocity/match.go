package velocity

import "strings"

// matchDirective matches a token after a `#`.
func (s *scanner) matchDirective(rest string) (tokenKind, int) {
	if kind, n := s.matchNumber(rest); n > 0 {
		return kind, n
	}
	plain, bracketed := wordLength(rest), bracketedLength(rest)
	kind, name, n := word, rest[:plain], plain
	if bracketed > 0 {
		kind, name, n = bracketedWord, rest[1:bracketed-1], bracketed
	}
	switch {
	case n == 0 && (rest[0] == '$' || rest[0] == '#' || rest[0] == '\\' && s.beforeDollar(rest)):
		return s.matchStart(rest)
	case n == 0:
		s.pop()
		return terminated, 0
	}
	switch known := directiveWords[name]; known {
	case ifDirective, elseifDirective:
		s.state = inExpression
		return known, n
	case elseDirective, endDirective:
		s.pop()
		return known, n + lineEndLength(rest[n:])
	}
	return kind, n
}

// matchReference matches a token of a reference after its `$`.
func (s *scanner) matchReference(rest string) (tokenKind, int) {
	c := rest[0]
	if n := identifierLength(rest); n > 0 {
		if kind, known := keywords[rest[:n]]; known && kind != not {
			return kind, n
		}
		return identifier, n
	}
	switch {
	case c == '.' && len(rest) > 1 && isLetter(rest[1]):
		s.state = inModifier
		return dot, 1
	case c == '[':
		s.push(inIndex)
		return openIndex, 1
	case c == '(' && s.state == inModifier:
		s.opened++
		s.state = inArguments
		return openParenthesis, 1
	case c == '{':
		return openReference, 1
	case c == '}':
		s.pop()
		return closeReference, 1
	case c == '$' || c == '#' || c == '\\' && s.beforeDollar(rest):
		return s.matchStart(rest)
	}
	if n := s.setLength(rest); n > 0 {
		return s.takeSet(n)
	}
	s.pop()
	return terminated, 0
}

// matchExpression matches a token within the parentheses of a directive or a method, or
// within the brackets of an index.
func (s *scanner) matchExpression(rest string) (tokenKind, int) {
	if n := s.setLength(rest); n > 0 {
		return s.takeSet(n)
	}
	c := rest[0]
	switch {
	case strings.IndexByte(" \t\r\n", c) >= 0:
		return blank, runLength(rest, " \t\r\n")
	case c == '"' || c == '\'':
		return s.matchString(rest)
	case c == ')':
		return s.matchClose(rest)
	case c == ']' && s.state == inIndex:
		s.pop()
		return closeIndex, 1
	case c == '$' || c == '#' || c == '\\':
		return s.matchStart(rest)
	}
	if kind, n := s.matchNumber(rest); n > 0 {
		return kind, n
	}
	if kind, n := s.matchWord(rest); n > 0 {
		return kind, n
	}
	if s.state == inIndex {
		return s.unexpected(rest)
	}
	return s.matchPunctuation(rest)
}

// matchWord matches a word: a name, an operator, true or false.
func (s *scanner) matchWord(rest string) (tokenKind, int) {
	switch s.state {
	case inExpression:
		n := wordLength(rest)
		if n == 0 {
			n = bracketedLength(rest)
			return bracketedWord, n
		}
		if kind, known := keywords[rest[:n]]; known {
			return kind, n
		}
		if _, known := operators[rest[:n]]; known {
			return operator, n
		}
		return word, n
	case inArguments:
		n := identifierLength(rest)
		if kind, known := keywords[rest[:n]]; known && kind != not {
			return kind, n
		}
		if n == 0 && rest[0] == '.' && len(rest) > 1 && isLetter(rest[1]) {
			s.state = inModifier
			return dot, 1
		}
		return identifier, n
	}
	for _, name := range [...]string{"true", "false"} {
		if strings.HasPrefix(rest, name) {
			return keywords[name], len(name)
		}
	}
	return broken, 0
}

// matchPunctuation matches brackets, and in a directive also operators that are symbols.
func (s *scanner) matchPunctuation(rest string) (tokenKind, int) {
	if strings.HasPrefix(rest, "..") {
		return doubleDot, 2
	}
	switch rest[0] {
	case '[':
		return openBracket, 1
	case ']':
		return closeBracket, 1
	case '{':
		return openBrace, 1
	case '}':
		return closeBrace, 1
	case ',':
		return comma, 1
	case ':':
		return colon, 1
	}
	if s.state == inArguments {
		return s.unexpected(rest)
	}
	for n := min(2, len(rest)); n > 0; n-- {
		if _, known := operators[rest[:n]]; known {
			return operator, n
		}
	}
	switch rest[0] {
	case '(':
		s.opened++
		return openParenthesis, 1
	case '!':
		return not, 1
	case '=':
		return equals, 1
	}
	return s.unexpected(rest)
}

// matchClose matches a `)`. In a directive, it includes blanks and a line break that
// follow.
func (s *scanner) matchClose(rest string) (tokenKind, int) {
	switch s.state {
	case inArguments:
		s.state = inReference
		return closeArguments, 1
	case inIndex:
		return s.unexpected(rest)
	}
	for s.opened == 0 && s.pop() {
	}
	if s.opened > 0 {
		if s.opened == s.closed+1 {
			s.pop()
		} else {
			s.closed++
		}
	}
	return closeParenthesis, 1 + lineEndLength(rest[1:])
}

// matchString matches a string. Two quotes in a string represent one quote.
func (s *scanner) matchString(rest string) (tokenKind, int) {
	quote := rest[0]
	for n := 1; ; n += 2 {
		end := strings.IndexByte(rest[n:], quote)
		if end < 0 {
			s.fail("unterminated string, missing %c", quote)
			return broken, 0
		}
		n += end
		if n+1 == len(rest) || rest[n+1] != quote {
			s.leaveBareArgument()
			return stringLiteral, n + 1
		}
	}
}

// leaveBareArgument ends a directive with an argument without parentheses.
func (s *scanner) leaveBareArgument() {
	if s.opened == 0 && !s.inSet && (s.state == inExpression || s.state == inHash) {
		s.pop()
	}
}

// matchNumber matches an integer or a number with a fraction or an exponent. It excludes
// the dots of a range.
func (s *scanner) matchNumber(rest string) (tokenKind, int) {
	n := 0
	if rest[0] == '-' {
		n = 1
	}
	whole := n + runLength(rest[n:], digits)
	if whole > n && strings.HasPrefix(rest[whole:], "..") {
		s.leaveBareArgument()
		return integerLiteral, whole
	}
	end := whole
	if strings.HasPrefix(rest[end:], ".") {
		fraction := runLength(rest[end+1:], digits)
		if whole > n || fraction > 0 {
			end += 1 + fraction
		}
	}
	if end == n {
		return broken, 0
	}
	if exponent := exponentLength(rest[end:]); exponent > 0 {
		end += exponent
	}
	s.leaveBareArgument()
	if end == whole {
		return integerLiteral, end
	}
	return floatLiteral, end
}

// beforeDollar reports whether the next backslashes belong to a reference.
func (s *scanner) beforeDollar(rest string) bool {
	return strings.HasPrefix(rest[s.slashes(rest):], "$")
}

const digits = "0123456789"

// runLength returns the length of the run of characters of a set at the beginning of a
// text.
func runLength(text, set string) int {
	for i := range len(text) {
		if strings.IndexByte(set, text[i]) < 0 {
			return i
		}
	}
	return len(text)
}

func exponentLength(text string) int {
	if text == "" || text[0] != 'e' && text[0] != 'E' {
		return 0
	}
	n := 1
	if n < len(text) && (text[n] == '+' || text[n] == '-') {
		n++
	}
	if exponent := runLength(text[n:], digits); exponent > 0 {
		return n + exponent
	}
	return 0
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// identifierLength returns the length of a variable, property or method name.
func identifierLength(text string) int {
	for i := range len(text) {
		c := text[i]
		if !(isLetter(c) || c == '_' || i > 0 && (c == '-' || '0' <= c && c <= '9')) {
			return i
		}
	}
	return len(text)
}

// wordLength returns the length of a directive name.
func wordLength(text string) int {
	for i := range len(text) {
		c := text[i]
		if !(isLetter(c) || c == '_' || c == '@' || i > 0 && '0' <= c && c <= '9') {
			return i
		}
	}
	return len(text)
}

// bracketedLength returns the length of a directive name in braces, as in `#{else}`.
func bracketedLength(text string) int {
	if len(text) < 2 || text[0] != '{' || text[1] == '@' {
		return 0
	}
	n := wordLength(text[1:])
	if n == 0 || !strings.HasPrefix(text[1+n:], "}") {
		return 0
	}
	return n + 2
}

// lineEndLength returns the length of blanks and the line break after them, or 0 if other
// text follows on the line.
func lineEndLength(text string) int {
	n := runLength(text, " \t")
	if end := newline(text[n:]); end != "" {
		return n + len(end)
	}
	return 0
}

// newline returns the line break at the beginning of a text.
func newline(text string) string {
	for _, end := range [...]string{"\r\n", "\n", "\r"} {
		if strings.HasPrefix(text, end) {
			return end
		}
	}
	return ""
}
