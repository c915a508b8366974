package pattern

import (
	"strconv"
	"unicode/utf16"
)

// escape parses an escape outside a class, after its backslash.
func (p *parser) escape() (node, error) {
	c := p.peek()
	if a, ok := escapedAssertions[c]; ok {
		p.next++
		if c == 'b' && p.peek() == '{' {
			return nil, unsupported(`\b{…}`)
		}
		return p.escapedAssertion(c, a), nil
	}
	switch {
	case '1' <= c && c <= '9':
		return p.numberedReference(), nil
	case c == 'k':
		p.next++
		return p.namedReference()
	case c == 'R':
		p.next++
		return choice{sequence{&single{char: '\r'}, &single{char: '\n'}}, &single{set: vertical, weight: 1}}, nil
	}
	s, weight, err := p.escapedSet()
	if s != nil || err != nil {
		return &single{set: s, weight: weight}, err
	}
	char, err := p.escapedChar()
	if err != nil {
		return nil, err
	}
	return p.literal(char), nil
}

var escapedAssertions = map[rune]assertion{
	'A': textStart, 'z': textEnd, 'Z': lastLineEnd, 'b': wordBoundary, 'B': noWordBoundary,
}

func (p *parser) escapedAssertion(c rune, a assertion) assertion {
	if c == 'Z' && p.flags.unixLines {
		return lastUnixLineEnd
	}
	return a
}

// numberedReference parses \1. Further digits belong to the number if that group exists.
func (p *parser) numberedReference() node {
	group := int(p.take() - '0')
	for digit(p.peek()) && 10*group+int(p.peek()-'0') <= p.groups {
		group = 10*group + int(p.take()-'0')
	}
	return backReference{group, p.flags.folding()}
}

func (p *parser) namedReference() (node, error) {
	if !p.skip("<") {
		return nil, invalid(`\k is not followed by the name of a group, as in \k<name>`)
	}
	name, err := p.groupName()
	if err != nil {
		return nil, err
	}
	group, ok := p.names[name]
	if !ok {
		return nil, invalid("there is no group named %q", name)
	}
	return backReference{group, p.flags.folding()}, nil
}

// escapedSet parses a set after a backslash. It returns nil for a character.
func (p *parser) escapedSet() (set, int, error) {
	c := p.peek()
	if s, ok := escapedSets[c]; ok {
		p.next++
		return s, 1, nil
	}
	if c != 'p' && c != 'P' {
		return nil, 0, nil
	}
	p.next++
	name, err := p.propertyName()
	if err != nil {
		return nil, 0, err
	}
	s, err := property(name, p.flags.folding())
	if err != nil {
		return nil, 0, err
	}
	if c == 'P' {
		s = s.negated()
	}
	return s, tableWeight, nil
}

func (p *parser) propertyName() (string, error) {
	if p.peek() == endOfPattern {
		return "", invalid(`\p without the name of a property`)
	}
	if !p.skip("{") {
		return string(p.take()), nil
	}
	start := p.next
	for p.peek() != '}' {
		if p.take() == endOfPattern {
			return "", invalid(`\p{ without }`)
		}
	}
	p.next++
	return string(p.text[start : p.next-1]), nil
}

// escapedChar parses a character after a backslash.
func (p *parser) escapedChar() (rune, error) {
	switch c := p.take(); c {
	case endOfPattern:
		return 0, invalid("a backslash at the end")
	case 't':
		return '\t', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 'f':
		return '\f', nil
	case 'a':
		return '\a', nil
	case 'e':
		return 0x1b, nil
	case 'c':
		if p.peek() == endOfPattern {
			return 0, invalid(`\c without a character`)
		}
		return p.take() ^ 64, nil
	case '0':
		return p.octal()
	case 'x':
		return p.hexadecimal()
	case 'u':
		return p.utf16Unit()
	case 'G', 'N', 'X':
		return 0, unsupported(`\%c`, c)
	default:
		if letter(c) {
			return 0, invalid(`unknown escape \%c`, c)
		}
		return c, nil
	}
}

// octal parses one to three octal digits, up to 0377.
func (p *parser) octal() (rune, error) {
	n, digits := rune(0), 0
	for c := p.peek(); '0' <= c && c <= '7' && digits < 3 && 8*n+c-'0' <= 0o377; c = p.peek() {
		n = 8*n + p.take() - '0'
		digits++
	}
	if digits == 0 {
		return 0, invalid(`\0 without octal digits`)
	}
	return n, nil
}

func (p *parser) hexadecimal() (rune, error) {
	if !p.skip("{") {
		return p.hexDigits(2)
	}
	length := 0
	for p.next+length < len(p.text) && p.text[p.next+length] != '}' {
		length++
	}
	n, err := p.hexDigits(length)
	if err == nil && !p.skip("}") {
		err = invalid(`\x{ without }`)
	}
	return n, err
}

// hexDigits parses a number of hexadecimal digits.
func (p *parser) hexDigits(length int) (rune, error) {
	digits := string(p.text[p.next:min(len(p.text), p.next+length)])
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || len(digits) < length || n > 0x10ffff {
		return 0, invalid("%q is not the code of a character", digits)
	}
	p.next += length
	return rune(n), nil
}

// utf16Unit parses the digits of \uXXXX, and the low surrogate of a pair.
func (p *parser) utf16Unit() (rune, error) {
	unit, err := p.hexDigits(4)
	if err != nil || !utf16.IsSurrogate(unit) {
		return unit, err
	}
	start := p.next
	if p.skip(`\u`) {
		second, err := p.hexDigits(4)
		if pair := utf16.DecodeRune(unit, second); err == nil && pair != '\ufffd' {
			return pair, nil
		}
	}
	p.next = start
	return unit, nil
}

// class parses a class after its opening bracket. It also returns the number of sets to
// check for a character.
func (p *parser) class() (set, int, error) {
	negative := p.skip("^")
	s, weight, err := p.items(true)
	for err == nil && !p.skip("]") {
		if !p.skip("&&") {
			return nil, 0, invalid("missing ]")
		}
		if p.peek() == ']' { // Java ignores an empty intersection
			continue
		}
		var other set
		var more int
		if other, more, err = p.items(false); err == nil {
			s, weight = both(s, other), weight+more
		}
	}
	if err != nil {
		return nil, 0, err
	}
	if negative {
		s = s.negated()
	}
	return s, weight + 1, nil
}

// items parses the items of a class up to && or the closing bracket. A closing bracket at
// the beginning is an item.
func (p *parser) items(first bool) (set, int, error) {
	var sets []set
	weight := 0
	for p.peek() != endOfPattern && (p.peek() != ']' || first && len(sets) == 0) && !p.atIntersection() {
		s, more, err := p.item()
		if err != nil {
			return nil, 0, err
		}
		sets, weight = append(sets, s), weight+more
	}
	if len(sets) == 0 {
		return nil, 0, invalid("an empty class, or a [ without ]")
	}
	return anyOf(sets...), weight, nil
}

func (p *parser) atIntersection() bool {
	return p.next+1 < len(p.text) && p.text[p.next] == '&' && p.text[p.next+1] == '&'
}

func (p *parser) item() (set, int, error) {
	if p.skip("[") {
		return p.class()
	}
	if p.peek() == '\\' {
		p.next++
		if s, weight, err := p.escapedSet(); s != nil || err != nil {
			return s, weight, err
		}
		p.next--
	}
	fold := p.flags.folding()
	from, err := p.classChar()
	if err != nil || !p.beginsRange() {
		return fold.char(from), fold.weight(), err
	}
	p.next++
	to, err := p.classChar()
	if err == nil && to < from {
		err = invalid("a range from %q to %q", from, to)
	}
	return fold.between(from, to), fold.weight(), err
}

// beginsRange reports whether the next hyphen is part of a range.
func (p *parser) beginsRange() bool {
	return p.next+1 < len(p.text) && p.text[p.next] == '-' && p.text[p.next+1] != ']' && p.text[p.next+1] != '['
}

func (p *parser) classChar() (rune, error) {
	if p.skip(`\`) {
		return p.escapedChar()
	}
	return p.take(), nil
}
