package taint

import (
	"strings"
	"unicode"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// isAbsent reports whether a condition only tests a variable that the event never has.
func (a *analysis) isAbsent(condition velocity.Node, s *state) bool {
	switch n := condition.(type) {
	case *velocity.Reference:
		_, set := s.variables[n.Name]
		return a.variables.Absent[n.Name] && !set
	case *velocity.Operation:
		switch n.Operator {
		case velocity.And:
			return a.isAbsent(n.Left, s) || a.isAbsent(n.Right, s)
		case velocity.Or:
			return a.isAbsent(n.Left, s) && a.isAbsent(n.Right, s)
		}
	}
	return false
}

// assume records the facts that follow from a condition, or from its negation.
func (a *analysis) assume(condition velocity.Node, holds bool, s *state) {
	if !a.charge(1) {
		return
	}
	switch n := condition.(type) {
	case *velocity.Operation:
		switch {
		case n.Operator == velocity.Not:
			a.assume(n.Right, !holds, s)
		case n.Operator == velocity.And && holds, n.Operator == velocity.Or && !holds:
			a.assume(n.Left, holds, s)
			a.assume(n.Right, holds, s)
		case n.Operator == velocity.Equal && holds, n.Operator == velocity.NotEqual && !holds:
			a.assumeEqual(n.Left, n.Right, s)
			a.assumeEqual(n.Right, n.Left, s)
		}
	case *velocity.Reference:
		a.assumeCall(n, holds, s)
	}
}

// assumeEqual records that a reference equals a literal.
func (a *analysis) assumeEqual(node, other velocity.Node, s *state) {
	reference, ok := node.(*velocity.Reference)
	if !ok || len(reference.Source) > maxLiteral {
		return
	}
	text, known := a.evaluate(other, s).asLiteral()
	if !known {
		return
	}
	accessors := len(reference.Accessors)
	a.learn(reference, accessors, literal(text), s)
	if accessors == 0 {
		return
	}
	// $x.toUpperCase() == "YES": so $x has no other letters.
	if call, ok := reference.Accessors[accessors-1].(*velocity.Call); ok && (call.Name == "toUpperCase" || call.Name == "toLowerCase") {
		a.learn(reference, accessors-1, a.inAnyCase(reference, accessors-1, text, s), s)
	}
}

// inAnyCase returns the values of a reference that equal a text, ignoring case.
func (a *analysis) inAnyCase(reference *velocity.Reference, accessors int, text string, s *state) value {
	allowed := make(map[string]bool)
	for _, c := range text {
		for other := unicode.SimpleFold(c); other != c; other = unicode.SimpleFold(other) {
			allowed[string(other)] = true
		}
		allowed[string(c)] = true
		allowed[string(unicode.ToUpper(c))] = true
		allowed[string(unicode.ToLower(c))] = true
		if strings.Contains(text, "SS") {
			allowed["ß"] = true
		}
	}
	return a.restricted(reference, accessors, s, "", func(at atom) bool { return allowed[at.text] })
}

// assumeCall records the result of a method that returns true or false.
func (a *analysis) assumeCall(reference *velocity.Reference, holds bool, s *state) {
	last := len(reference.Accessors) - 1
	if last < 0 || len(reference.Source) > maxLiteral {
		return
	}
	call, ok := reference.Accessors[last].(*velocity.Call)
	if !ok || len(call.Args) != 1 {
		return
	}
	arg := a.evaluate(call.Args[0], s)
	text, known := arg.asLiteral()
	switch {
	case call.Name == "contains" && holds && !known:
		a.assumeListed(reference, last, call.Args[0], s)
	case !known:
	case call.Name == "matches" && holds:
		p := a.pattern(text)
		if p.read {
			a.learn(reference, last, a.restricted(reference, last, s, text, func(at atom) bool { return a.matchesAll(p, at.text) }), s)
		}
	case call.Name == "equals" && holds, call.Name == "contentEquals" && holds:
		a.learn(reference, last, literal(text), s)
	case call.Name == "equalsIgnoreCase" && holds:
		a.learn(reference, last, a.inAnyCase(reference, last, text, s), s)
	case call.Name == "contains" && !holds && text != "" && len([]rune(text)) == 1:
		a.learn(reference, last, a.restricted(reference, last, s, "", func(at atom) bool { return !strings.Contains(at.text, text) }), s)
	}
}

// assumeListed records that a list of the template contains a text, as in $known.contains($x).
func (a *analysis) assumeListed(reference *velocity.Reference, last int, arg velocity.Node, s *state) {
	listed, ok := arg.(*velocity.Reference)
	if !ok {
		return
	}
	var items value
	lists := a.follow(reference, last, s)
	if len(lists.texts) > 0 {
		return
	}
	for _, o := range lists.objects {
		if o.kind != list {
			return
		}
		items = join(items, o.contents())
	}
	if len(items.objects) > 0 || len(items.texts) == 0 {
		return
	}
	for _, t := range items.texts {
		if !t.isLiteral() {
			return
		}
	}
	a.learn(listed, len(listed.Accessors), items, s)
}

// restricted returns the value of a reference without some atoms.
func (a *analysis) restricted(reference *velocity.Reference, accessors int, s *state, pattern string, keep func(atom) bool) value {
	v := a.follow(reference, accessors, s)
	if len(v.objects) > 0 {
		return v
	}
	restricted := value{}
	for _, t := range v.texts {
		all := t.star()
		if !a.charge(len(all.atoms)) {
			return v
		}
		some := all.only(keep)
		some.pattern = pattern
		some.valuesOnly = pattern != "" && a.jsonValues(some)
		restricted = join(restricted, starred(some))
	}
	return restricted
}

// learn records the value of a reference, up to one of its accessors.
func (a *analysis) learn(reference *velocity.Reference, accessors int, v value, s *state) {
	path := reference.Name
	for _, accessor := range reference.Accessors[:accessors] {
		path += accessorPath(accessor)
	}
	s.facts[path] = v
}
