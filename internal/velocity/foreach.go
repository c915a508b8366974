package velocity

import "errors"

// renderForeach renders the body of a loop for each element. The variables that the
// loop has get back what they had before when it ends.
func (r *renderer) renderForeach(n *Foreach) error {
	if n.Sequence == nil {
		return nil
	}
	value, err := r.evaluate(n.Sequence)
	if err != nil {
		return err
	}
	elements := sequenceOf(value)
	if err := r.charge(len(elements.items) * valueSize); err != nil {
		return err
	}
	if !elements.has(0) {
		return nil
	}
	defer r.restore(r.save(n.slot), r.save(r.template.foreachSlot), r.save(r.template.countSlot), r.save(r.template.hasNextSlot))
	scope := &loop{}
	if err := r.enter(scope); err != nil {
		return err
	}
	for elements.has(scope.count) {
		if elements.changed() {
			return failure(n.Position, Render, "the list or map was changed while the loop goes through it")
		}
		if err := r.turn(n, scope, elements); errors.Is(err, errBreak) && (r.leave == nil || r.leave == scope) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// turn renders the body once.
func (r *renderer) turn(n *Foreach, scope *loop, elements *sequence) error {
	r.setVariable(n.slot, elements.at(scope.count))
	scope.count++
	scope.hasNext = elements.has(scope.count)
	r.setVariable(r.template.countSlot, Integer(scope.count))
	r.setVariable(r.template.hasNextSlot, Bool(scope.hasNext))
	if err := r.step(); err != nil {
		return err
	}
	return r.renderAll(n.Body)
}

// enter makes a loop the value of $foreach.
func (r *renderer) enter(scope *loop) error {
	index := r.template.foreachSlot
	if index == noSlot {
		return nil
	}
	outer, err := r.variable(index)
	scope.topmost = scope
	if parent, ok := outer.(*loop); ok {
		scope.parent, scope.topmost = parent, parent.topmost
	}
	r.setVariable(index, scope)
	return err
}

// saved is a variable as it was.
type saved struct {
	index int
	slot  slot
}

func (r *renderer) save(index int) saved {
	if index == noSlot {
		return saved{index: noSlot}
	}
	return saved{index, r.slots[index]}
}

func (r *renderer) restore(variables ...saved) {
	for _, v := range variables {
		if v.index != noSlot {
			r.slots[v.index] = v.slot
		}
	}
}

// sequence is what a loop goes through.
type sequence struct {
	items  []Value
	list   *List // whose items these are, nil if it can't change
	change func() int
	before int // changes when the loop began
}

// sequenceOf is the items of a list, or the values of a map. Other values have no
// elements.
func sequenceOf(v Value) *sequence {
	s := &sequence{}
	switch v := v.(type) {
	case *List:
		s.items = v.items
		if v.owner != nil {
			s.change = func() int { return v.owner.changes }
		} else {
			s.list, s.change = v, func() int { return v.changes }
		}
	case *Map:
		return sequenceOf(v.values())
	case *loop:
		if v.kept != nil {
			return sequenceOf(v.kept)
		}
	}
	if s.change != nil {
		s.before = s.change()
	}
	return s
}

// has tells whether there is an element at an index. As in Java, a list that has
// grown or shrunk has more or fewer.
func (s *sequence) has(index int) bool {
	if s.list != nil {
		return index != len(s.list.items)
	}
	return index < len(s.items)
}

func (s *sequence) changed() bool { return s.change != nil && s.change() != s.before }

func (s *sequence) at(index int) Value { return s.items[index] }
