package velocity

import (
	"strings"
	"unicode/utf8"
)

// state is a lexical state, which determines the possible tokens. The states and their
// transitions are those of Velocity's scanner, because irregular templates depend on
// them.
type state int

const (
	inText       state = iota
	inHash             // after a #
	inExpression       // in the parentheses of a directive
	inReference        // after a $
	inModifier         // after the dot of a reference
	inArguments        // in the parentheses of a method
	inIndex            // in the brackets of a reference
	inLineComment
	inBlockComment
	inTextBlock
)

// scanner splits a template into tokens. The parser requests one token at a time, because
// it changes the state after the name of a directive.
type scanner struct {
	text string
	at   Position // the position in the template that contains the text
	next int      // the offset in the text

	// written is the length of the text that is in the template.
	written int

	// quotes is the number of quotes in the template that represent one in the text. It is
	// 1, and doubles with each string around the text.
	quotes int

	state     state
	opened    int // the open parentheses since the state was entered
	closed    int
	stack     []frame
	inComment bool
	inSet     bool

	// Measured runs that were not taken yet. Each run is measured once.
	slashesEnd, blanksEnd int

	fault *Error
}

// frame is a state to return to.
type frame struct {
	state          state
	opened, closed int
}

func (s *scanner) push(to state) {
	s.stack = append(s.stack, frame{s.state, s.opened, s.closed})
	s.opened = 0
	s.state = to
}

// pop returns to the previous state. It reports whether there was one.
func (s *scanner) pop() bool {
	if len(s.stack) == 0 {
		s.opened, s.state = 0, inText
		return false
	}
	top := s.stack[len(s.stack)-1]
	s.stack = s.stack[:len(s.stack)-1]
	s.state, s.opened, s.closed = top.state, top.opened, top.closed
	return true
}

// scan returns the next token.
func (s *scanner) scan() token {
	t := token{Position: s.at}
	start := s.next
	for s.fault == nil {
		if s.next == len(s.text) {
			if s.next > start {
				return s.fail("unexpected end after %q", lastOf(s.text))
			}
			return t
		}
		kind, length := s.match(s.text[s.next:])
		s.advance(length)
		switch kind {
		case more:
			continue
		case skipped:
			t.Position, start = s.at, s.next
		case terminated:
			t.before += loneCharacters(s.text[start:s.next])
			t.Position, start = s.at, s.next
		case dot: // a preceding `$` is dropped
			t.kind, t.image = dot, "."
			return t
		default:
			t.kind, t.image = kind, s.text[start:s.next]
			return t
		}
	}
	return token{Position: s.fault.Position, kind: broken}
}

func (s *scanner) fail(format string, args ...any) token {
	s.fault = failure(s.at, Syntax, format, args...)
	return token{Position: s.at, kind: broken}
}

// advance skips a number of bytes of the text and updates the position.
func (s *scanner) advance(length int) {
	taken := s.text[s.next:max(s.next, min(s.next+length, s.written))]
	s.next += length
	s.at.Offset += len(taken) + s.doubled(taken)
	if newlines := strings.Count(taken, "\n"); newlines > 0 {
		s.at.Line += newlines
		s.at.Column = 1
		taken = taken[strings.LastIndexByte(taken, '\n')+1:]
	}
	s.at.Column += utf8.RuneCountInString(taken) + s.doubled(taken)
}

// doubled returns the number of additional quotes in the template.
func (s *scanner) doubled(text string) int {
	if s.quotes == 1 {
		return 0
	}
	return strings.Count(text, `"`) * (s.quotes - 1)
}

// match finds the longest token at the beginning of the remaining text, and changes the
// state accordingly.
func (s *scanner) match(rest string) (tokenKind, int) {
	switch s.state {
	case inText:
		return s.matchText(rest)
	case inHash:
		return s.matchDirective(rest)
	case inReference, inModifier:
		return s.matchReference(rest)
	case inLineComment, inBlockComment, inTextBlock:
		return s.matchComment(rest)
	}
	return s.matchExpression(rest)
}

func (s *scanner) matchText(rest string) (tokenKind, int) {
	switch rest[0] {
	case '$', '#':
		return s.matchStart(rest)
	case '\\':
		return s.matchEscape(rest)
	}
	if n := s.setLength(rest); n > 0 {
		return s.takeSet(n)
	}
	if n := strings.IndexAny(rest, `$#\`); n >= 0 {
		return textRun, n
	}
	return textRun, len(rest)
}

// matchEscape matches backslashes in text. Backslashes before a reference belong to it.
func (s *scanner) matchEscape(rest string) (tokenKind, int) {
	slashes := s.slashes(rest)
	after := rest[slashes:]
	if strings.HasPrefix(after, "$") {
		return s.matchStart(rest)
	}
	if slashes%2 == 1 && strings.HasPrefix(after, "#") {
		if n := max(wordLength(after[1:]), bracketedLength(after[1:])); n > 0 {
			return escapedDirective, slashes + 1 + n
		}
	}
	if slashes > 1 {
		return doubleEscape, 2
	}
	return escape, 1
}

// matchStart matches the beginning of a reference, a directive, a comment or a block of
// text, in every state.
func (s *scanner) matchStart(rest string) (tokenKind, int) {
	slashes := s.slashes(rest)
	switch {
	case strings.HasPrefix(rest[slashes:], "$"):
		return s.matchDollar(rest, slashes+1)
	case slashes > 0:
		return s.unexpected(rest)
	}
	if n := s.setLength(rest); n > 0 {
		return s.takeSet(n)
	}
	switch {
	case strings.HasPrefix(rest, "##") && s.knowsLineComments():
		return s.takeLineComment()
	case strings.HasPrefix(rest, "#[["):
		return s.takeComment(inTextBlock, 3, 3)
	case strings.HasPrefix(rest, "#**") && len(rest) > 3 && rest[3] != '#':
		_, size := utf8.DecodeRuneInString(rest[3:])
		return s.takeComment(inBlockComment, 3, 3+size)
	case strings.HasPrefix(rest, "#*"):
		return s.takeComment(inBlockComment, 2, 2)
	}
	return s.takeHash()
}

func (s *scanner) knowsLineComments() bool {
	return s.state == inText || s.state == inHash || s.state == inExpression || s.state == inReference
}

// matchDollar matches a `$` or a `$!` after its backslashes. Backslashes can also be
// between `$` and `!`.
func (s *scanner) matchDollar(rest string, n int) (tokenKind, int) {
	slashes := runLength(rest[n:], `\`)
	bang := strings.HasPrefix(rest[n+slashes:], "!")
	if n == 1 && (s.state == inText || s.state == inReference) {
		for _, empty := range [...]string{"$[", "$![", `$\![`, "$."} {
			if strings.HasPrefix(rest, empty) {
				return emptyIndex, len(empty)
			}
		}
	}
	if bang {
		n += slashes + 1
	}
	if s.inComment {
		return more, n
	}
	if s.state == inReference {
		s.pop()
	}
	s.push(inReference)
	return more, n
}

func (s *scanner) takeHash() (tokenKind, int) {
	if !s.inComment {
		if s.state == inReference || s.state == inModifier {
			s.pop()
		}
		s.push(inHash)
	}
	return more, 1
}

func (s *scanner) takeLineComment() (tokenKind, int) {
	if s.state == inReference {
		s.pop()
	}
	s.inComment = true
	s.push(inLineComment)
	return lineComment, 2
}

// takeComment begins a comment or a block of text. The start of another one is part of it.
func (s *scanner) takeComment(of state, start, within int) (tokenKind, int) {
	if s.inComment {
		return more, within
	}
	s.inComment = true
	s.push(of)
	return more, start
}

func (s *scanner) matchComment(rest string) (tokenKind, int) {
	end, kind, passed := "*#", blockComment, skipped
	switch s.state {
	case inLineComment:
		end, kind = "\n", lineCommentEnd
		if rest[0] == '\r' {
			end = newline(rest)
		}
	case inTextBlock:
		end, kind, passed = "]]#", textBlock, more
	}
	switch {
	case strings.HasPrefix(rest, end):
		s.inComment = false
		s.pop()
		return kind, len(end)
	case rest[0] == '$' || rest[0] == '#':
		return s.matchStart(rest)
	}
	if n := strings.IndexAny(rest[1:], "$#*]\r\n"); n >= 0 {
		return passed, 1 + n
	}
	return passed, len(rest)
}

// slashes returns the length of the next run of backslashes.
func (s *scanner) slashes(rest string) int {
	if s.next >= s.slashesEnd {
		s.slashesEnd = s.next + runLength(rest, `\`)
	}
	return s.slashesEnd - s.next
}

// setLength returns the length of `#set(` with the blanks before it, or 0 if it is not
// next.
func (s *scanner) setLength(rest string) int {
	if s.inComment || s.state == inHash || s.state == inExpression || s.state == inIndex {
		return 0
	}
	if s.next >= s.blanksEnd {
		s.blanksEnd = s.next + runLength(rest, " \t")
	}
	n := s.blanksEnd - s.next
	for _, name := range [...]string{"#set", "#{set}"} {
		if strings.HasPrefix(rest[n:], name) {
			n += len(name)
			n += runLength(rest[n:], " ")
			if strings.HasPrefix(rest[n:], "(") {
				return n + 1
			}
		}
	}
	return 0
}

func (s *scanner) takeSet(n int) (tokenKind, int) {
	s.push(inExpression)
	s.inSet = true
	s.opened++
	return setDirective, n
}

// unexpected sets the error for a character that is invalid in the current state.
func (s *scanner) unexpected(rest string) (tokenKind, int) {
	character, _ := utf8.DecodeRuneInString(rest)
	s.fail("%q is not expected here", character)
	return broken, 0
}

// loneCharacters returns the `$`, `#` and backslashes at the beginning of text that is
// not a reference or a directive.
func loneCharacters(image string) string {
	if image == "$" || image == "#" {
		return image
	}
	var kept strings.Builder
	for i := 0; i < len(image); i++ {
		switch image[i] {
		case '$', '#':
			kept.WriteByte(image[i])
		case '\\':
			n := runLength(image[i:], `\`)
			if strings.HasPrefix(image[i+n:], "$") {
				kept.WriteString(image[i : i+n+1])
				i += n + 1
			} else {
				i += n - 1
			}
		}
	}
	return kept.String()
}

func lastOf(s string) string { return s[max(0, len(s)-1):] }
