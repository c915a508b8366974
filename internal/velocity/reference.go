package velocity

import "strings"

func (p *parser) startsReference() bool {
	kind := p.peek(0).kind
	return kind == identifier || kind == openReference
}

// expectReference parses a reference, which must be next.
func (p *parser) expectReference(what string) (*Reference, error) {
	if !p.startsReference() {
		return nil, p.missing(what)
	}
	return p.reference()
}

// reference parses a reference: a variable and its accessors.
func (p *parser) reference() (*Reference, error) {
	read := p.read.Len()
	start := p.take()
	name := start
	if start.kind == openReference {
		if p.peek(0).kind != identifier {
			return nil, p.missing("the name of a variable")
		}
		name = p.take()
	}
	accessors, err := p.accessors()
	if err != nil {
		return nil, err
	}
	if start.kind == openReference {
		if err := p.expect(closeReference, "}"); err != nil {
			return nil, err
		}
	}
	r := &Reference{Position: start.Position, Accessors: accessors, Source: p.since(read)}
	p.describe(r, start, name)
	return r, nil
}

// describe parses the first token of a reference. The token determines the kind of the
// reference, and may begin with backslashes and dollars that do not belong to it.
func (p *parser) describe(r *Reference, start, name token) {
	image := start.image
	r.slot = noSlot
	if n := strings.Index(image, `\!`); n >= 0 { // between `$` and `!`: not a reference
		r.Source = image[:n] + image[n+1:]
		return
	}
	slashes := runLength(image, `\`)
	r.Escaped, r.slashes = slashes%2 == 1, image[:slashes/2]
	dollar := max(slashes, strings.LastIndexByte(image, '$'))
	r.prefix, image = image[slashes:dollar], image[dollar:]
	r.Offset += dollar
	r.Column += dollar
	switch {
	case !strings.HasPrefix(image, "$"):
		r.Name, r.Source = image, image
		return
	case start.kind == openReference:
		r.Name = name.image
	default:
		r.Name = strings.TrimLeft(image, "$!")
	}
	r.Quiet, r.Formal = strings.HasPrefix(image, "$!"), start.kind == openReference
	r.slot = p.slot(r.Name)
}

// accessors parses properties, indexes and calls.
func (p *parser) accessors() ([]Accessor, error) {
	var accessors []Accessor
	for {
		accessor, err := p.accessor()
		if accessor == nil || err != nil {
			return accessors, err
		}
		accessors = append(accessors, accessor)
	}
}

// accessor parses an accessor. It returns nil if none follows.
func (p *parser) accessor() (Accessor, error) {
	switch p.peek(0).kind {
	case openIndex:
		return p.index()
	case dot:
		if p.peek(1).kind != identifier {
			return nil, nil
		}
		p.take()
		if p.peek(1).kind == openParenthesis && p.peek(2).startsArguments() {
			return p.call()
		}
		name := p.take()
		return &Property{name.Position, name.image}, nil
	}
	return nil, nil
}

// startsArguments reports whether a token can follow the opening parenthesis of a call.
func (t token) startsArguments() bool {
	switch t.kind {
	case blank, stringLiteral, integerLiteral, floatLiteral, trueLiteral, falseLiteral, openBracket, openBrace, identifier, openReference, closeArguments:
		return true
	}
	return false
}

func (p *parser) index() (Accessor, error) {
	at := p.take().Position
	p.skip(blank)
	switch p.peek(0).kind {
	case openBracket, openBrace, floatLiteral:
		return nil, p.missing("an integer, a string or a reference")
	}
	argument, err := p.parameter()
	if err != nil {
		return nil, err
	}
	return &Index{at, argument}, p.expect(closeIndex, "]")
}

// mutators are the methods that change a list or a map.
var mutators = map[string]bool{
	"add": true, "addAll": true, "clear": true, "put": true, "putAll": true, "putIfAbsent": true,
	"remove": true, "removeAll": true, "retainAll": true, "set": true,
}

func (p *parser) call() (Accessor, error) {
	name := p.take()
	p.take()
	call := &Call{Position: name.Position, Name: name.image}
	p.changes = p.changes || mutators[call.Name]
	for more := !p.skip(closeArguments); more; more = !p.skip(closeArguments) {
		if len(call.Args) > 0 {
			if err := p.expect(comma, ", or )"); err != nil {
				return nil, err
			}
		}
		argument, err := p.parameter()
		if err != nil {
			return nil, err
		}
		call.Args = append(call.Args, argument)
	}
	return call, nil
}
