package velocity

// iterator is the result of iterator(). Loops use it, too.
type iterator struct {
	list    *List // the list, or a copy of an array or of a view of a map
	next    int   // the index in the list
	removed int   // the number of removed elements of a map, which are still in list
	last    bool  // whether the element before next can be removed
	changes int   // the expected changes of the list or map
}

func newIterator(l *List) *iterator {
	it := &iterator{list: l}
	it.changes = it.source()
	return it
}

// iteratorOf returns an iterator over the elements of a list, the values of a map, or the
// remaining elements of an iterator. It returns nil for other values.
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

// source returns the number of changes of the list or map.
func (it *iterator) source() int {
	if it.list.owner != nil {
		return it.list.owner.changes
	}
	return it.list.changes
}

func (it *iterator) changed() bool { return it.source() != it.changes }

// hasNext reports whether there is another element. As in Java, it uses the current length
// of the list.
func (it *iterator) hasNext() bool { return it.next != len(it.list.items) }

// take returns the next element. The caller must have checked hasNext.
func (it *iterator) take() Value {
	it.next++
	it.last = true
	return it.list.items[it.next-1]
}

// errChanged is the message of a failed loop or call of next.
const errChanged = "the list or map was changed during the iteration"

const iteratorClass = "java.util.ArrayList$Itr"

var iteratorKind = newKind(iteratorClass, methods{
	"hasNext": of(func(it *iterator) Value { return Bool(it.hasNext()) }),
	"next": {{"", func(_ *renderer, self Value, _ []Value) (Value, error) {
		it := self.(*iterator)
		if it.changed() {
			return nil, methodError(errChanged)
		}
		if !it.hasNext() {
			return nil, methodError("there is no next element")
		}
		return it.take(), nil
	}}},
	"remove": {{"", func(r *renderer, self Value, _ []Value) (Value, error) {
		return void, r.removeLast(self.(*iterator))
	}}},
})

// removeLast removes the last returned element.
func (r *renderer) removeLast(it *iterator) error {
	switch {
	case !it.last:
		return methodError("next must be called before each remove")
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
