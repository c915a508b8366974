package taint

import "github.com/messagemedia/webhooks-go-sdk/internal/velocity"

// set assigns a value. Velocity does not assign null, so a value that may be null keeps the
// previous value too.
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

// appended returns the text that a #set appends to its variable, as in #set($x = "$x, $y").
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

// appendTo appends a text to a variable any number of times, as a loop does.
func (a *analysis) appendTo(name string, more []velocity.Node, s *state) {
	suffix := a.interpolate(&velocity.StringLiteral{Interpolated: true, Parts: more}, s)
	var all value
	for _, t := range a.printed(s.variables[name]) {
		all = join(all, value{texts: []text{t.repeated(suffix.texts)}})
	}
	if all.isNull() { // then the reference renders literally at first
		all = value{texts: []text{text{}.repeated(suffix.texts)}}
	}
	s.forget(name)
	s.variables[name] = all
}

// keepsValue reports whether a variable can keep its value at an assignment. That is possible
// if the new value can be null although the source of the old value is defined.
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

// lookup reports whether a reference reads a name or an index, which may be undefined.
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

// accessorCall returns the call of $esc, if a reference is one.
func accessorCall(reference *velocity.Reference) (*velocity.Call, bool) {
	if reference.Name != "esc" || len(reference.Accessors) == 0 {
		return nil, false
	}
	call, ok := reference.Accessors[0].(*velocity.Call)
	return call, ok && len(call.Args) == 1
}

// mayBeNull reports whether an expression can be null for some events.
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

// assign assigns a value to a member of an object.
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
