package velocity

import "strings"

// directive is a directive that is not part of the grammar, with its arguments.
type directive struct {
	Position
	name      string
	enclosed  bool // in parentheses
	arguments []Node
}

// supported maps the name of a directive to the function that parses the rest of it after its
// arguments. unsupportedDirectives are the directives of Velocity that this package does not
// support.
var (
	supported             map[string]func(*parser, directive) (Node, error)
	unsupportedDirectives = map[string]bool{"macro": true, "define": true, "evaluate": true, "include": true, "parse": true}
)

func init() { // in init, because parsing a block refers to the map
	supported = map[string]func(*parser, directive) (Node, error){
		"foreach": (*parser).foreach, "literal": (*parser).literalBlock,
		"break": (*parser).breakStatement, "stop": (*parser).stop,
	}
}

func isDirective(name string) bool { return supported[name] != nil || unsupportedDirectives[name] }

// directive parses a directive that is not part of the grammar. If its name is unknown,
// it renders literally.
func (p *parser) directive(nodes []Node) ([]Node, error) {
	start := p.read.Len()
	t := p.take()
	d := directive{Position: t.Position, name: strings.Trim(t.image[1:], "{}")}
	if unsupportedDirectives[d.name] {
		return nil, unsupported(d.Position, d.name, "#%s is not supported", d.name)
	}
	if err := p.arguments(&d); err != nil {
		return nil, err
	}
	if parse := supported[d.name]; parse != nil {
		node, err := parse(p, d)
		return append(nodes, node), err
	}
	if d.enclosed && strings.HasPrefix(d.name, "@") {
		if err := p.skipBlock(d); err != nil {
			return nil, err
		}
	}
	return append(nodes, &Unknown{d.Position, d.name, p.since(start)}), nil
}

// skipBlock parses the block of a directive that renders literally.
func (p *parser) skipBlock(d directive) error {
	if _, err := p.block(); err != nil {
		return err
	}
	return p.expect(endDirective, "the #end of #"+d.name)
}

// arguments parses the arguments of a directive, with or without commas between them. A
// directive without parentheses has no arguments.
func (p *parser) arguments(d *directive) error {
	p.state = inExpression
	rest := p.text[p.next:]
	d.enclosed = strings.HasPrefix(rest[runLength(rest, " \t\r\n"):], "(")
	if !d.enclosed {
		p.pop()
		return nil
	}
	p.skip(blank)
	p.take()
	for {
		p.skip(blank)
		separated := p.skip(comma)
		if separated {
			p.skip(blank)
		}
		if !separated && !p.startsArgument() {
			return p.expect(closeParenthesis, "an argument or )")
		}
		argument, err := p.argument(d)
		if err != nil {
			return err
		}
		d.arguments = append(d.arguments, argument)
	}
}

func (p *parser) startsArgument() bool { return p.peek(0).kind == word || p.startsValue() }

// argument parses an argument of a directive. For a word, such as the `in` of #foreach, it
// returns nil.
func (p *parser) argument(d *directive) (Node, error) {
	t := p.peek(0)
	if t.kind != word {
		return p.value("an argument")
	}
	if isDirective(d.name) && !(d.name == "foreach" && len(d.arguments) == 1) {
		return nil, failure(t.Position, Syntax, "%q is not an argument of #%s, missing a $ or quotes", t.image, d.name)
	}
	p.take()
	return nil, nil
}

func (p *parser) foreach(d directive) (Node, error) {
	if len(d.arguments) < 2 {
		return nil, failure(d.Position, Syntax, "#foreach needs a variable and a list, as in #foreach($x in $list)")
	}
	body, err := p.block()
	if err != nil {
		return nil, err
	}
	if err := p.expect(endDirective, "the #end of #foreach"); err != nil {
		return nil, err
	}
	loop := &Foreach{Position: d.Position, Body: body, slot: noSlot}
	if variable, ok := d.arguments[0].(*Reference); ok {
		loop.Variable, loop.slot = variable.Name, variable.slot
	}
	if len(d.arguments) > 2 {
		loop.Sequence = d.arguments[2]
	}
	if len(d.arguments) > 3 { // Velocity mistakes a fourth argument for the block
		loop.Body = []Node{d.arguments[3]}
	}
	return loop, nil
}

// literalBlock parses a block that renders literally.
func (p *parser) literalBlock(d directive) (Node, error) {
	if !d.enclosed {
		return nil, failure(d.Position, Syntax, "#literal needs parentheses, as in #literal()")
	}
	start := p.read.Len()
	body, err := p.block()
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, failure(d.Position, Syntax, "#literal() must not be empty")
	}
	return &Text{d.Position, p.since(start)}, p.expect(endDirective, "the #end of #literal")
}

func (p *parser) breakStatement(d directive) (Node, error) {
	switch len(d.arguments) {
	case 0:
		return &Break{Position: d.Position}, nil
	case 1:
		return &Break{d.Position, d.arguments[0]}, nil
	}
	return nil, failure(d.Position, Syntax, "#break has at most one argument, the scope to leave")
}

func (p *parser) stop(d directive) (Node, error) {
	if len(d.arguments) > 1 {
		return nil, failure(d.Position, Syntax, "#stop has at most one argument, a message")
	}
	return &Stop{d.Position}, nil
}
