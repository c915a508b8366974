package pattern

import (
	"fmt"
	"strings"
	"unicode"
)

// Error is the error of Compile for an invalid or unsupported expression.
type Error struct {
	// Unsupported reports whether Java accepts the expression.
	Unsupported bool

	// Message describes the problem in a phrase.
	Message string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

func invalid(format string, args ...any) *Error {
	return &Error{Message: fmt.Sprintf(format, args...)}
}

func unsupported(format string, args ...any) *Error {
	return &Error{Unsupported: true, Message: fmt.Sprintf(format, args...) + " is not supported"}
}

// parser parses an expression by Java's grammar.
type parser struct {
	text   []rune
	next   int
	flags  flags
	groups int // the number of started capturing groups
	names  map[string]int
}

type flags struct{ ignoreCase, unicodeCase, multiline, dotAll, unixLines bool }

func (f flags) folding() folding {
	switch {
	case f.ignoreCase && f.unicodeCase:
		return foldUnicode
	case f.ignoreCase:
		return foldASCII
	}
	return exact
}

// endOfPattern is what peek returns at the end.
const endOfPattern = -1

func (p *parser) peek() rune {
	if p.next == len(p.text) {
		return endOfPattern
	}
	return p.text[p.next]
}

func (p *parser) take() rune {
	c := p.peek()
	if c != endOfPattern {
		p.next++
	}
	return c
}

// skip takes a text if it is next, and reports whether it was.
func (p *parser) skip(text string) bool {
	if !strings.HasPrefix(string(p.text[p.next:min(len(p.text), p.next+len(text))]), text) {
		return false
	}
	p.next += len(text)
	return true
}

// pattern parses the whole expression.
func (p *parser) pattern() (node, error) {
	n, err := p.choice()
	if err == nil && p.peek() == ')' {
		return nil, invalid("unmatched )")
	}
	return n, err
}

func (p *parser) choice() (node, error) {
	first, err := p.sequence()
	if err != nil || p.peek() != '|' {
		return first, err
	}
	branches := choice{first}
	for p.skip("|") {
		branch, err := p.sequence()
		if err != nil {
			return nil, err
		}
		branches = append(branches, branch)
	}
	return branches, nil
}

func (p *parser) sequence() (node, error) {
	var parts sequence
	for c := p.peek(); c != endOfPattern && c != '|' && c != ')'; c = p.peek() {
		part, err := p.atom()
		if err == nil && part != nil {
			part, err = p.quantified(part)
		}
		if err != nil {
			return nil, err
		}
		if part != nil {
			parts = append(parts, part)
		}
	}
	return parts, nil
}

// atom parses the operand of a quantifier. It returns nil for flags.
func (p *parser) atom() (node, error) {
	switch c := p.take(); c {
	case '(':
		return p.group()
	case '[':
		s, weight, err := p.class()
		return &single{set: s, weight: weight}, err
	case '\\':
		return p.escape()
	case '.':
		return &single{set: p.flags.dot(), weight: 1}, nil
	case '^':
		return p.flags.caret(), nil
	case '$':
		return p.flags.dollar(), nil
	case '*', '+', '?':
		return nil, invalid("dangling %c", c)
	case '{': // a quantifier without an operand
		p.next--
		return sequence{}, nil
	default:
		return p.literal(c), nil
	}
}

func (p *parser) literal(c rune) node {
	if fold := p.flags.folding(); fold != exact {
		return &single{set: fold.char(c), weight: fold.weight()}
	}
	return &single{char: c}
}

func (f flags) dot() set {
	switch {
	case f.dotAll:
		return anything
	case f.unixLines:
		return inUnixLine
	}
	return inLine
}

func (f flags) caret() assertion {
	switch {
	case !f.multiline:
		return textStart
	case f.unixLines:
		return unixLineStart
	}
	return lineStart
}

func (f flags) dollar() assertion {
	switch {
	case f.multiline && f.unixLines:
		return unixLineEnd
	case f.multiline:
		return lineEnd
	case f.unixLines:
		return lastUnixLineEnd
	}
	return lastLineEnd
}

// group parses a group after its opening parenthesis.
func (p *parser) group() (node, error) {
	before := p.flags
	if !p.skip("?") {
		p.groups++
		return p.captured(p.groups, before)
	}
	switch {
	case p.skip(":"):
		return p.enclosed(before)
	case p.skip(">"):
		body, err := p.enclosed(before)
		return atomic{body}, err
	case p.skip("="), p.skip("!"):
		negative := p.text[p.next-1] == '!'
		body, err := p.enclosed(before)
		return look{body: body, negative: negative}, err
	case p.skip("<="), p.skip("<!"):
		return p.lookBehind(p.text[p.next-1] == '!')
	case p.skip("<"):
		return p.namedGroup()
	}
	return p.flagGroup()
}

// enclosed parses the rest of a group. Flags that are set in a group end with it.
func (p *parser) enclosed(before flags) (node, error) {
	body, err := p.choice()
	if err == nil && !p.skip(")") {
		err = invalid("missing )")
	}
	p.flags = before
	return body, err
}

func (p *parser) captured(group int, before flags) (node, error) {
	body, err := p.enclosed(before)
	return capture{group, body}, err
}

func (p *parser) namedGroup() (node, error) {
	name, err := p.groupName()
	if err != nil {
		return nil, err
	}
	if _, used := p.names[name]; used {
		return nil, invalid("there are two groups named %q", name)
	}
	p.groups++
	p.names[name] = p.groups
	return p.captured(p.groups, p.flags)
}

// groupName parses a name and the > after it.
func (p *parser) groupName() (string, error) {
	start := p.next
	for c := p.peek(); letter(c) || p.next > start && digit(c); c = p.peek() {
		p.next++
	}
	name := string(p.text[start:p.next])
	if name == "" || !p.skip(">") {
		return "", invalid("the name of a group must be letters and digits, and end with >")
	}
	return name, nil
}

func (p *parser) lookBehind(negative bool) (node, error) {
	body, err := p.enclosed(p.flags)
	if err != nil {
		return nil, err
	}
	if _, most := body.width(); most == unbounded {
		return nil, unsupported("a look-behind without a maximum length")
	}
	return look{body: body, behind: true, negative: negative}, nil
}

// flagGroup parses a group with flags, or flags for the rest of the enclosing group. For
// the latter, it returns nil, because flags can't be repeated.
func (p *parser) flagGroup() (node, error) {
	before, on := p.flags, true
	for {
		switch c := p.take(); c {
		case '-':
			on = false
		case 'i':
			p.flags.ignoreCase = on
		case 'u':
			p.flags.unicodeCase = on
		case 'm':
			p.flags.multiline = on
		case 's':
			p.flags.dotAll = on
		case 'd':
			p.flags.unixLines = on
		case 'x', 'U':
			return nil, unsupported("the flag %c", c)
		case ')':
			return nil, nil
		case ':':
			return p.enclosed(before)
		default:
			return nil, invalid("unknown group or flag after (?")
		}
	}
}

// quantified parses the optional quantifier after an atom.
func (p *parser) quantified(body node) (node, error) {
	least, most := 0, unbounded
	switch p.peek() {
	case '*':
	case '+':
		least = 1
	case '?':
		most = 1
	case '{':
		p.next++
		var err error
		if least, most, err = p.counts(); err != nil {
			return nil, err
		}
		p.next-- // at the closing brace
	default:
		return body, nil
	}
	p.next++
	r := repeat{body: body, least: least, most: most}
	switch {
	case p.skip("?"):
		r.mode = lazy
	case p.skip("+"):
		r.mode = possessive
	}
	return r, nil
}

// counts parses the rest of {2}, {2,} or {2,3}.
func (p *parser) counts() (least, most int, err error) {
	if !digit(p.peek()) {
		return 0, 0, invalid("{ does not begin a quantifier such as {2,3}")
	}
	if least, err = p.count(); err != nil {
		return 0, 0, err
	}
	most = least
	if p.skip(",") {
		most = unbounded
		if p.peek() != '}' {
			if most, err = p.count(); err != nil {
				return 0, 0, err
			}
		}
	}
	if !p.skip("}") {
		return 0, 0, invalid("a quantifier without }")
	}
	if most != unbounded && most < least {
		return 0, 0, invalid("a quantifier from %d to %d", least, most)
	}
	return least, most, nil
}

func (p *parser) count() (int, error) {
	n := 0
	for digit(p.peek()) {
		if n = 10*n + int(p.take()-'0'); n > maxWidth {
			return 0, invalid("a quantifier that is too large")
		}
	}
	return n, nil
}

// unquoted replaces \Q…\E by escapes, like Java before parsing.
func unquoted(expression string) string {
	before, rest, found := strings.Cut(expression, `\Q`)
	if !found {
		return expression
	}
	var s strings.Builder
	for found {
		s.WriteString(before)
		var quoted string
		quoted, rest, _ = strings.Cut(rest, `\E`)
		for i, c := range quoted {
			switch {
			case i == 0 && digit(c): // not a digit of a back reference before it
				fmt.Fprintf(&s, `\x%x`, c)
			case c > unicode.MaxASCII || letter(c) || digit(c):
				s.WriteRune(c)
			default:
				s.WriteRune('\\')
				s.WriteRune(c)
			}
		}
		before, rest, found = strings.Cut(rest, `\Q`)
	}
	return s.String() + before
}
