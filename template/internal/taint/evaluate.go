package taint

import (
	"slices"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

var (
	number  = starred(newStar("", characters("-.0123456789E")))
	boolean = join(literal("true"), literal("false"))
)

// insert outputs what a reference stands for, and looks at whether it may stand there.
func (a *analysis) insert(n *velocity.Reference, s *state) {
	a.reached[n] = true
	v := a.reference(n, s)
	texts := a.printed(v)
	if n.Escaped {
		return
	}
	if s.inText {
		a.append(s, texts)
		return
	}
	if len(texts) == 0 {
		return
	}
	places := make(map[position]bool)
	for place := range s.places {
		if _, unquoted := place.shape().unquoted(); unquoted {
			a.unquoted[n] = true
		}
		for _, t := range texts {
			if !a.charge(len(t)) {
				return
			}
			places[a.insertText(n, t, place)] = true
		}
	}
	s.places = limited(places)
}

// insertText outputs a text, and returns where the output stands then. A text that may not
// stand there is reported, and taken for one that may.
func (a *analysis) insertText(n *velocity.Reference, t text, place position) position {
	for _, p := range t {
		if p.many != nil {
			place = a.insertMany(n, p.many, place)
			continue
		}
		if p.star == nil {
			a.charge(len(p.literal) / 8)
			place.write(p.literal)
			continue
		}
		if b, found := a.breach(place, p.star); found {
			a.report(n, p.star, place, b)
		}
		place = place.settled()
	}
	return place
}

// insertMany outputs any number of texts. If each leaves the output where it stood, so do
// all of them. Otherwise their order is taken to be anything.
func (a *analysis) insertMany(n *velocity.Reference, many []text, place position) position {
	for _, t := range many {
		if !a.charge(len(t)) {
			return place
		}
		if a.insertText(n, t, place).shape() != place.shape() {
			return a.insertText(n, text(slices.Concat(many...)).flat(), place)
		}
	}
	return place
}

// breachKey and cachedBreach remember what position.breach has found.
type (
	breachKey struct {
		place position
		star  *star
	}
	cachedBreach struct {
		breach breach
		found  bool
	}
)

func (a *analysis) breach(place position, s *star) (breach, bool) {
	key := breachKey{place.shape(), s}
	cached, known := a.breaches[key]
	if !known {
		if !a.charge(4 * len(s.atoms)) {
			return breach{}, false
		}
		cached.breach, cached.found = place.breach(s)
		a.breaches[key] = cached
	}
	return cached.breach, cached.found
}

// report takes down the worst that a reference does.
func (a *analysis) report(n *velocity.Reference, s *star, place position, b breach) {
	before, known := a.found[n]
	if !known {
		a.order = append(a.order, n)
	}
	if known && (before.Kind < b.kind || before.Kind == b.kind && len(before.Layers) <= b.depth+1) {
		return
	}
	f := Finding{Reference: n, Kind: b.kind, Origin: s.origin, Character: b.atom.text}
	if b.kind == NotCharacter || b.kind == Altered {
		f.Character = b.atom.from
	}
	for _, l := range place[:b.depth+1] {
		f.Layers = append(f.Layers, l.format)
	}
	a.found[n] = f
}

// stepsPerFlat is what it takes to make one star of many.
const stepsPerFlat = 200

// append adds to the string of the template that is being made.
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

// evaluate returns what an expression can stand for.
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

// put puts a value into a map, under a key that is known or not.
func (a *analysis) put(o *object, key, v value) {
	name, known := key.asLiteral()
	a.changed(o.put(name, known, v))
	if !known && !key.within(o.keys) {
		o.keys = join(o.keys, value{texts: a.printed(key)})
		a.changes++
	}
}

// changed takes down that something was put into an object.
func (a *analysis) changed(changed bool) {
	if changed {
		a.changes++
	}
}

// object is the one that arises at a node.
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

// concatenate is a value and another one behind it, as texts.
func (a *analysis) concatenate(left, right value) value {
	s := &state{inText: true, texts: []text{{}}}
	a.append(s, a.printed(left))
	a.append(s, a.printed(right))
	return value{texts: s.texts}
}

// interpolate returns what a string of the template can be.
func (a *analysis) interpolate(n *velocity.StringLiteral, s *state) value {
	if !n.Interpolated {
		return literal(n.Text)
	}
	inner := s.clone()
	inner.inText, inner.texts, inner.places = true, []text{{}}, nil
	a.all(n.Parts, inner)
	s.variables, s.facts = inner.variables, inner.facts // a string can have directives in it
	return value{texts: inner.texts}
}

// set assigns. Null is not assigned: what may be null leaves what was there.
func (a *analysis) set(n *velocity.Set, s *state) {
	target := n.Target
	if more, ok := appended(n); ok && a.inLoop > 0 {
		a.appendTo(target.Name, more, s)
		return
	}
	v := a.evaluate(n.Value, s)
	if len(target.Accessors) > 0 {
		a.assign(target, v, s)
		return
	}
	if before, known := s.variables[target.Name]; known && a.keepsValue(n, before) {
		v = join(before, v)
	}
	s.forget(target.Name)
	if v.isNull() && a.mayBeNull(n.Value) {
		return
	}
	s.variables[target.Name] = v
}

// appended returns what a #set appends to its own variable, as in #set($x = "$x, $y").
func appended(n *velocity.Set) (more []velocity.Node, ok bool) {
	literal, ok := n.Value.(*velocity.StringLiteral)
	if !ok || len(n.Target.Accessors) > 0 || len(literal.Parts) == 0 {
		return nil, false
	}
	first, ok := literal.Parts[0].(*velocity.Reference)
	if !ok || first.Name != n.Target.Name || len(first.Accessors) > 0 || first.Escaped {
		return nil, false
	}
	for _, part := range literal.Parts[1:] {
		if uses(part, first.Name) {
			return nil, false
		}
	}
	return literal.Parts[1:], true
}

// appendTo appends to a variable what a loop appends to it, any number of times.
func (a *analysis) appendTo(name string, more []velocity.Node, s *state) {
	suffix := a.interpolate(&velocity.StringLiteral{Interpolated: true, Parts: more}, s)
	var all value
	for _, t := range a.printed(s.variables[name]) {
		all = join(all, value{texts: []text{t.repeated(suffix.texts)}})
	}
	if all.isNull() { // the name of the variable is written out first
		all = value{texts: []text{text{}.repeated(suffix.texts)}}
	}
	s.forget(name)
	s.variables[name] = all
}

// keepsValue reports whether an assignment can leave what a variable was before: its value
// can be null, and not only if what the variable was made of is missing, too.
func (a *analysis) keepsValue(n *velocity.Set, before value) bool {
	if !a.mayBeNull(n.Value) || uses(n.Value, n.Target.Name) {
		return false
	}
	reference, _ := n.Value.(*velocity.Reference)
	for hasLookup := lookup(reference); !hasLookup && reference != nil; hasLookup = lookup(reference) {
		call, ok := accessorCall(reference)
		if !ok {
			break
		}
		reference, _ = call.Args[0].(*velocity.Reference)
	}
	if reference == nil || lookup(reference) {
		return true
	}
	all := value{texts: before.texts}
	for _, t := range all.texts {
		if star := t.star(); star.origin != "" && star.origin != "$"+reference.Name {
			return true
		}
	}
	return len(before.objects) > 0
}

// lookup reports whether a reference reads something by a name or index, which may not be there.
func lookup(reference *velocity.Reference) bool {
	if reference == nil {
		return false
	}
	for _, accessor := range reference.Accessors {
		switch n := accessor.(type) {
		case *velocity.Index, *velocity.Property:
			return true
		case *velocity.Call:
			if n.Name == "get" || n.Name == "remove" || n.Name == "put" {
				return true
			}
		}
	}
	return false
}

// accessorCall is the call of $esc that a reference is.
func accessorCall(reference *velocity.Reference) (*velocity.Call, bool) {
	if reference.Name != "esc" || len(reference.Accessors) == 0 {
		return nil, false
	}
	call, ok := reference.Accessors[0].(*velocity.Call)
	return call, ok && len(call.Args) == 1
}

// mayBeNull reports whether an expression is null for some events.
func (a *analysis) mayBeNull(node velocity.Node) bool {
	reference, ok := node.(*velocity.Reference)
	if !ok {
		return false
	}
	if lookup(reference) {
		return true
	}
	if call, ok := accessorCall(reference); ok {
		return a.mayBeNull(call.Args[0])
	}
	source := a.variables.Present[reference.Name]
	return source == Text || source == Metadata || source == Attachments || source == 0
}

// uses reports whether an expression reads a variable.
func uses(node velocity.Node, name string) bool {
	found := false
	velocity.Walk(node, func(n velocity.Node) bool {
		if reference, ok := n.(*velocity.Reference); ok && reference.Name == name {
			found = true
		}
		return !found
	})
	return found
}

// assign puts a value into an object.
func (a *analysis) assign(target *velocity.Reference, v value, s *state) {
	last := len(target.Accessors) - 1
	owner := a.follow(target, last, s)
	key := value{}
	switch n := target.Accessors[last].(type) {
	case *velocity.Property:
		key = literal(n.Name)
	case *velocity.Index:
		key = a.evaluate(n.Argument, s)
	}
	s.forgetContents()
	for _, o := range owner.objects {
		if o.kind == list {
			a.changed(o.add(v))
		} else {
			a.put(o, key, v)
		}
	}
}
