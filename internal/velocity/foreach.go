package velocity

import (
	"errors"
	"iter"
	"slices"
)

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
	length, elements := sequence(value)
	if length == 0 {
		return nil
	}
	defer r.restore(r.save(n.slot), r.save(r.template.foreachSlot), r.save(r.template.countSlot), r.save(r.template.hasNextSlot))
	scope := &loop{}
	if err := r.enter(scope); err != nil {
		return err
	}
	for element := range elements {
		scope.count++
		scope.hasNext = scope.count < length
		r.setVariable(n.slot, element)
		r.setVariable(r.template.countSlot, Integer(scope.count))
		r.setVariable(r.template.hasNextSlot, Bool(scope.hasNext))
		err := r.step()
		if err == nil {
			err = r.renderAll(n.Body)
		}
		if errors.Is(err, errBreak) && (r.leave == nil || r.leave == scope) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// enter makes a loop the value of $foreach.
func (r *renderer) enter(scope *loop) error {
	index := r.template.foreachSlot
	if index == noSlot {
		return nil
	}
	outer, err := r.variable(index)
	scope.parent, _ = outer.(*loop)
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

// sequence is what a loop goes through: the items of a list, the values of a map.
// Other values have no elements. A list that the loop changes stays as it was.
func sequence(v Value) (int, iter.Seq[Value]) {
	switch v := v.(type) {
	case *List:
		return len(v.items), slices.Values(v.items)
	case *Map:
		return len(v.entries), func(yield func(Value) bool) {
			for _, entry := range v.entries {
				if !yield(entry.Value) {
					return
				}
			}
		}
	case *loop:
		if v.kept != nil {
			return sequence(v.kept)
		}
	}
	return 0, nil
}
