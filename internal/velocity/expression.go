package velocity

import (
	"errors"
	"math/big"
	"strconv"
	"strings"
)

// maxDigits is the maximum number of digits of a number.
const maxDigits = 1000

// expression parses operators and their operands.
func (p *parser) expression() (Node, error) { return p.operation(0) }

// operation parses operators of a level and of higher precedence.
func (p *parser) operation(level int) (Node, error) {
	if level == len(levels) {
		return p.unary()
	}
	left, err := p.operation(level + 1)
	for chained := 0; err == nil; chained++ {
		t := p.peek(0)
		if t.kind != operator || !levels[level](operators[t.image]) {
			return left, nil
		}
		if chained == maxOperators {
			return nil, failure(t.Position, Limit, "more than %d operators in a row", maxOperators)
		}
		left, err = p.operationAfter(left, level)
	}
	return nil, err
}

// operationAfter parses an operator and what follows it.
func (p *parser) operationAfter(left Node, level int) (Node, error) {
	t := p.take()
	start := p.read.Len()
	right, err := p.operation(level + 1)
	return &Operation{t.Position, operators[t.image], left, right, p.since(start)}, err
}

func (p *parser) unary() (Node, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer p.back()
	p.skip(blank)
	at := p.peek(0).Position
	if p.skip(not) {
		operand, err := p.unary()
		return &Operation{Position: at, Operator: Not, Right: operand}, err
	}
	operand, err := p.primary()
	p.skip(blank)
	return operand, err
}

func (p *parser) primary() (Node, error) {
	if !p.skip(openParenthesis) {
		return p.value("a value")
	}
	start := p.read.Len()
	inner, err := p.expression()
	if err != nil {
		return nil, err
	}
	if operation, ok := inner.(*Operation); ok {
		operation.source = p.since(start)
	}
	return inner, p.expect(closeParenthesis, ")")
}

// startsValue reports whether the next token begins a value.
func (p *parser) startsValue() bool {
	switch p.peek(0).kind {
	case stringLiteral, integerLiteral, floatLiteral, trueLiteral, falseLiteral, openBracket, openBrace, identifier, openReference:
		return true
	}
	return false
}

// value parses a reference or a literal.
func (p *parser) value(what string) (Node, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer p.back()
	switch t := p.peek(0); t.kind {
	case identifier, openReference:
		return p.expectReference(what)
	case stringLiteral:
		return p.stringLiteral()
	case integerLiteral, floatLiteral:
		return p.number()
	case trueLiteral, falseLiteral:
		p.take()
		return &BoolLiteral{t.Position, t.kind == trueLiteral}, nil
	case openBracket:
		return p.list()
	case openBrace:
		return p.mapping()
	}
	return nil, p.missing(what)
}

// parameter parses a value and the blanks around it.
func (p *parser) parameter() (Node, error) {
	p.skip(blank)
	value, err := p.value("a value")
	p.skip(blank)
	return value, err
}

func (p *parser) number() (Node, error) {
	t := p.take()
	if len(t.image) > maxDigits {
		return nil, failure(t.Position, Limit, "a number of more than %d digits", maxDigits)
	}
	if t.kind == floatLiteral {
		value, err := strconv.ParseFloat(t.image, 64)
		if err != nil && value == 0 {
			return nil, failure(t.Position, Syntax, "%q is not a number", t.image)
		}
		return &NumberLiteral{t.Position, Float(value)}, nil
	}
	value, ok := new(big.Int).SetString(t.image, 10)
	if !ok {
		return nil, failure(t.Position, Syntax, "%q is not a number", t.image)
	}
	return &NumberLiteral{t.Position, wholeNumber(value)}, nil
}

// list parses a list or a range.
func (p *parser) list() (Node, error) {
	at := p.take().Position
	if p.skip(closeBracket) {
		return &ListLiteral{Position: at}, nil
	}
	p.skip(blank)
	canBeRange := p.peek(0).kind == integerLiteral || p.startsReference()
	first, err := p.parameter()
	if err != nil {
		return nil, err
	}
	if canBeRange && p.skip(doubleDot) {
		return p.rangeTo(at, first)
	}
	list := &ListLiteral{at, []Node{first}}
	for p.skip(comma) {
		item, err := p.parameter()
		if err != nil {
			return nil, err
		}
		list.Items = append(list.Items, item)
	}
	return list, p.expect(closeBracket, ", or ]")
}

func (p *parser) rangeTo(at Position, from Node) (Node, error) {
	p.skip(blank)
	if p.peek(0).kind != integerLiteral && !p.startsReference() {
		return nil, p.missing("an integer or a reference")
	}
	to, err := p.parameter()
	if err != nil {
		return nil, err
	}
	return &RangeLiteral{at, from, to}, p.expect(closeBracket, "]")
}

func (p *parser) mapping() (Node, error) {
	m := &MapLiteral{Position: p.take().Position}
	p.skip(blank)
	for more := !p.closesMapping(); more; more = p.skip(comma) {
		key, err := p.parameter()
		if err != nil {
			return nil, err
		}
		if err := p.expect(colon, ":"); err != nil {
			return nil, err
		}
		value, err := p.parameter()
		if err != nil {
			return nil, err
		}
		m.Keys, m.Values = append(m.Keys, key), append(m.Values, value)
	}
	if !p.closesMapping() {
		return nil, p.missing(", or }")
	}
	p.take()
	return m, nil
}

func (p *parser) closesMapping() bool {
	kind := p.peek(0).kind
	return kind == closeBrace || kind == closeReference
}

// stringLiteral parses a string. An interpolated string is itself a template.
func (p *parser) stringLiteral() (Node, error) {
	t := p.take()
	quote := t.image[len(t.image)-1:]
	begin := strings.Index(t.image, quote)
	text := t.image[begin+1 : len(t.image)-1]
	literal := &StringLiteral{Position: t.Position, Text: strings.ReplaceAll(text, quote+quote, quote)}
	if quote == "'" {
		return literal, nil
	}
	var err error
	if literal.Text, err = unescapeUnicode(literal.Text); err != nil {
		return nil, failure(t.Position, Syntax, "%v", err)
	}
	if literal.Interpolated = strings.ContainsAny(text, "$#"); !literal.Interpolated {
		return literal, nil
	}
	literal.cut = !strings.Contains(literal.Text, "##")
	literal.Parts, err = p.interpolated(literal, begin+1)
	return literal, err
}

// interpolated parses the text of a string. Like Velocity, it appends a blank, so that a
// `$` at the end of a string is not at the end of the text. The blank is removed from the
// output.
func (p *parser) interpolated(literal *StringLiteral, begin int) ([]Node, error) {
	if p.strings == maxStrings {
		return nil, failure(literal.Position, Limit, "strings nested deeper than %d levels", maxStrings)
	}
	text := literal.Text
	if literal.cut {
		text += " "
	}
	at := literal.Position
	at.Offset += begin + p.quotes - 1
	at.Column += begin + p.quotes - 1
	inner := newParser(text, at, p.variables)
	inner.written, inner.quotes, inner.depth, inner.strings = len(literal.Text), 2*p.quotes, p.depth, p.strings+1
	return inner.template()
}

// unescapeUnicode replaces \uXXXX.
func unescapeUnicode(text string) (string, error) {
	pieces := strings.Split(text, `\u`)
	var s strings.Builder
	s.WriteString(pieces[0])
	var units []uint16
	for _, piece := range pieces[1:] {
		code, err := strconv.ParseUint(piece[:min(4, len(piece))], 16, 16)
		if err != nil || len(piece) < 4 {
			return "", errors.New(`\u must be followed by four hexadecimal digits`)
		}
		units = append(units, uint16(code))
		if rest := piece[4:]; rest != "" {
			s.WriteString(textOfUnits(units) + rest)
			units = nil
		}
	}
	s.WriteString(textOfUnits(units))
	return s.String(), nil
}
