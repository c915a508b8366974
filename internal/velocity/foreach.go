package velocity

import "errors"

// renderForeach renders the body of a loop for each element. When the loop ends, it
// restores the earlier values of the loop's variables.
func (r *renderer) renderForeach(n *Foreach) error {
	if n.Sequence == nil {
		return nil
	}
	value, err := r.evaluate(n.Sequence)
	if err != nil {
		return err
	}
	elements := iteratorOf(value)
	if err := r.charge(len(elements.list.items) * valueSize); err != nil {
		return err
	}
	if !elements.hasNext() {
		return nil
	}
	defer r.restore(r.save(n.slot), r.save(r.template.foreachSlot), r.save(r.template.countSlot), r.save(r.template.hasNextSlot))
	scope := &loop{}
	if err := r.enter(scope); err != nil {
		return err
	}
	for elements.hasNext() {
		if elements.changed() {
			return failure(n.Position, Render, errChanged)
		}
		if err := r.iterate(n, scope, elements); errors.Is(err, errBreak) && (r.breakTo == nil || r.breakTo == scope) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// iterate renders the body once.
func (r *renderer) iterate(n *Foreach, scope *loop, elements *iterator) error {
	r.setVariable(n.slot, elements.take())
	scope.count++
	scope.hasNext = elements.hasNext()
	r.setVariable(r.template.countSlot, Integer(scope.count))
	r.setVariable(r.template.hasNextSlot, Bool(scope.hasNext))
	if err := r.step(); err != nil {
		return err
	}
	return r.renderAll(n.Body)
}

// enter sets $foreach to a loop.
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

// saved is the earlier value of a variable.
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
