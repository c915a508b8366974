package taint

import (
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

var (
	number  = starred(newStar("", characters("-.0123456789E")))
	boolean = join(literal("true"), literal("false"))
)

// stepsPerFlat is the number of steps for joining many stars.
const stepsPerFlat = 200

// append appends texts to the string of the template.
func (a *analysis) append(s *state, texts []text) {
	var all value
	for _, before := range s.texts {
		for _, t := range texts {
			cost := (len(before) + len(t)) * (1 + len(all.texts))
			if len(all.texts) >= maxAlternatives {
				cost += stepsPerFlat
			}
			if !a.charge(cost) {
				return
			}
			all = join(all, value{texts: []text{before.concat(t)}})
		}
	}
	if len(texts) > 0 {
		s.texts = all.texts
	}
}

// evaluate returns the possible values of an expression.
func (a *analysis) evaluate(node velocity.Node, s *state) value {
	if node == nil || !a.charge(1) {
		return value{}
	}
	switch n := node.(type) {
	case *velocity.Reference:
		return a.reference(n, s)
	case *velocity.StringLiteral:
		return a.interpolate(n, s)
	case *velocity.NumberLiteral:
		return a.numberLiteral(n)
	case *velocity.BoolLiteral:
		if n.Value {
			return literal("true")
		}
		return literal("false")
	case *velocity.ListLiteral:
		o := a.object(n, "", list)
		for _, item := range n.Items {
			a.changed(o.add(a.evaluate(item, s)))
		}
		return objectOf(o)
	case *velocity.MapLiteral:
		return a.mapLiteral(n, s)
	case *velocity.RangeLiteral:
		a.evaluate(n.From, s)
		a.evaluate(n.To, s)
		o := a.object(n, "", list)
		a.changed(o.add(number))
		return objectOf(o)
	case *velocity.Operation:
		return a.operation(n, s)
	}
	return value{}
}

func (a *analysis) numberLiteral(n *velocity.NumberLiteral) value {
	if i, ok := n.Value.(velocity.Integer); ok {
		if r := a.engine.each("$x", []string{itoa(int64(i))}, nil)[0]; r.defined {
			return literal(r.text)
		}
	}
	return number
}

func (a *analysis) mapLiteral(n *velocity.MapLiteral, s *state) value {
	o := a.object(n, "", mapping)
	for i, key := range n.Keys {
		k, v := a.evaluate(key, s), a.evaluate(n.Values[i], s)
		a.put(o, k, v)
	}
	return objectOf(o)
}

// put adds a value to a map, under a known or unknown key.
func (a *analysis) put(o *object, key, v value) {
	name, known := key.asLiteral()
	a.changed(o.put(name, known, v))
	if !known && !key.within(o.keys) {
		o.keys = join(o.keys, value{texts: a.printed(key)})
		a.changes++
	}
}

// changed records a change of an object.
func (a *analysis) changed(changed bool) {
	if changed {
		a.changes++
	}
}

// object returns the object that a node creates.
func (a *analysis) object(node any, name string, kind objectKind) *object {
	key := objectKey{node, name}
	o, known := a.objects[key]
	if !known {
		o = &object{kind: kind}
		a.objects[key] = o
	}
	return o
}

func (a *analysis) operation(n *velocity.Operation, s *state) value {
	var left value
	if n.Left != nil {
		left = a.evaluate(n.Left, s)
	}
	right := a.evaluate(n.Right, s)
	switch {
	case n.Operator == velocity.Add:
		return join(number, a.concatenate(left, right))
	case n.Operator > velocity.Add && n.Operator != velocity.Not:
		return number
	}
	return boolean
}

// concatenate returns the concatenation of two values as texts.
func (a *analysis) concatenate(left, right value) value {
	s := &state{inText: true, texts: []text{{}}}
	a.append(s, a.printed(left))
	a.append(s, a.printed(right))
	return value{texts: s.texts}
}

// interpolate returns the possible texts of a string of the template.
func (a *analysis) interpolate(n *velocity.StringLiteral, s *state) value {
	if !n.Interpolated {
		return literal(n.Text)
	}
	inner := s.clone()
	inner.inText, inner.texts, inner.places = true, []text{{}}, nil
	a.all(n.Parts, inner)
	s.variables, s.facts = inner.variables, inner.facts // a string can contain directives
	return value{texts: inner.texts}
}
