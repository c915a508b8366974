package velocity

// iterator is what iterator() returns, and what a loop goes through.
type iterator struct {
	list    *List // the list itself, or what an array or a view of a map had in it
	next    int   // the index in the list
	removed int   // how many elements of a map, which are still in its list
	last    bool  // the element before next can be removed
	changes int   // of the list or map, as far as the iterator knows
}

func newIterator(l *List) *iterator {
	it := &iterator{list: l}
	it.changes = it.source()
	return it
}

// iteratorOf goes through the elements of a list, the values of a map, or what an
// iterator has left. Other values have no elements.
func iteratorOf(v Value) *iterator {
	switch v := v.(type) {
	case *List:
		return newIterator(v)
	case *Map:
		return newIterator(v.values())
	case *iterator:
		return v
	case *loop:
		if v.kept != nil {
			return newIterator(v.kept.values())
		}
	}
	return newIterator(&List{})
}

// source is how often the list or map has changed.
func (it *iterator) source() int {
	if it.list.owner != nil {
		return it.list.owner.changes
	}
	return it.list.changes
}

func (it *iterator) changed() bool { return it.source() != it.changes }

// hasNext reports whether there is another element. As in Java, a list that has grown
// or shrunk has more or fewer.
func (it *iterator) hasNext() bool { return it.next != len(it.list.items) }

// take returns the next element, which there must be.
func (it *iterator) take() Value {
	it.next++
	it.last = true
	return it.list.items[it.next-1]
}

// errChanged is what both a loop and next fail with.
const errChanged = "the list or map was changed while it is gone through"

const iteratorClass = "java.util.ArrayList$Itr"

var iteratorKind = newKind(iteratorClass, methods{
	"hasNext": of(func(it *iterator) Value { return Bool(it.hasNext()) }),
	"next": {{"", func(_ *renderer, self Value, _ []Value) (Value, error) {
		it := self.(*iterator)
		if it.changed() {
			return nil, methodError(errChanged)
		}
		if !it.hasNext() {
			return nil, methodError("there is no other element")
		}
		return it.take(), nil
	}}},
	"remove": {{"", func(r *renderer, self Value, _ []Value) (Value, error) {
		return void, r.removeLast(self.(*iterator))
	}}},
})

// removeLast removes the element that next has returned.
func (r *renderer) removeLast(it *iterator) error {
	switch {
	case !it.last:
		return methodError("there is no element that next has returned, or no longer")
	case it.list.kind == array:
		return methodError("an array has a fixed length")
	case it.changed():
		return methodError(errChanged)
	}
	it.last = false
	if m := it.list.owner; m != nil {
		if err := r.chargeKeys(m); err != nil {
			return err
		}
		m.delete(m.entries[it.next-1-it.removed].Key)
		it.removed++
	} else {
		it.next--
		it.list.removeAt(it.next)
	}
	it.changes = it.source()
	return r.charge(len(it.list.items) * valueSize)
}
