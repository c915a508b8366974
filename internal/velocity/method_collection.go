package velocity

import "slices"

// listKinds are the kinds of lists, by their Java types.
var listKinds = [...]*kind{
	arrayList:  newKind("java.util.ArrayList", collectionMethods, listMethods, changeMethods),
	array:      newKind(arrayClass, collectionMethods, listMethods, fixedMethods).withoutProperties("empty"),
	set:        newKind("java.util.LinkedHashMap$LinkedKeySet", collectionMethods, closedMethods),
	collection: newKind("java.util.LinkedHashMap$LinkedValues", collectionMethods, closedMethods),
}

const arrayClass = "[Ljava.lang.String;"

// find returns the index of an item. It visits the list in the given order.
func (r *renderer) find(l *List, item Value, indexes func(func(int, Value) bool)) (Value, error) {
	for i, other := range indexes {
		same, err := r.equal(item, other, 0)
		if err != nil {
			return nil, err
		}
		if same {
			return Integer(i), nil
		}
	}
	return Integer(-1), nil
}

func (r *renderer) contains(l *List, item Value) (bool, error) {
	index, err := r.find(l, item, slices.All(l.items))
	return index != Value(Integer(-1)) && err == nil, err
}

func (r *renderer) containsAll(l, items *List) (Value, error) {
	for _, item := range items.items {
		if found, err := r.contains(l, item); !found || err != nil {
			return Bool(false), err
		}
	}
	return Bool(true), nil
}

var collectionMethods = methods{
	"size":    of(func(l *List) Value { return Integer(len(l.items)) }),
	"isEmpty": of(func(l *List) Value { return Bool(len(l.items) == 0) }),
	"contains": {{"o", func(r *renderer, self Value, args []Value) (Value, error) {
		found, err := r.contains(self.(*List), args[0])
		return Bool(found), err
	}}},
	"containsAll": {{"l", func(r *renderer, self Value, args []Value) (Value, error) {
		return r.containsAll(self.(*List), args[0].(*List))
	}}},
	"iterator": of(func(l *List) Value { return newIterator(l) }),
	"toArray":  of(func(l *List) Value { return &List{items: slices.Clone(l.items), kind: array} }),
}

var listMethods = methods{
	"get": {{"i", func(r *renderer, self Value, args []Value) (Value, error) {
		return self.(*List).at(number(args[0]))
	}}},
	"indexOf": {{"o", func(r *renderer, self Value, args []Value) (Value, error) {
		return r.find(self.(*List), args[0], slices.All(self.(*List).items))
	}}},
	"lastIndexOf": {{"o", func(r *renderer, self Value, args []Value) (Value, error) {
		return r.find(self.(*List), args[0], slices.Backward(self.(*List).items))
	}}},
	"subList": {{"ii", func(r *renderer, self Value, args []Value) (Value, error) {
		l, from, to := self.(*List), number(args[0]), number(args[1])
		if from < 0 || to > Integer(len(l.items)) || from > to {
			return nil, methodError("from %d to %d of a list of %d", from, to, len(l.items))
		}
		return &List{items: slices.Clone(l.items[from:to])}, r.charge(int(to-from) * valueSize)
	}}},
	"set": {{"io", func(r *renderer, self Value, args []Value) (Value, error) {
		l := self.(*List)
		old, err := l.at(number(args[0]))
		if err == nil {
			l.items[number(args[0])] = args[1]
		}
		return old, err
	}}},
}

func (l *List) at(index Integer) (Value, error) {
	if !l.has(index) {
		return nil, methodError("index %d of a list of %d", index, len(l.items))
	}
	return l.items[index], nil
}

// void is the result of a method without a result.
const void = String("")

var changeMethods = methods{
	"add": {
		with("o", func(l *List, args []Value) Value {
			l.items = append(l.items, args[0])
			l.changes++
			return Bool(true)
		}),
		{"io", func(r *renderer, self Value, args []Value) (Value, error) {
			l, index := self.(*List), number(args[0])
			if index < 0 || index > Integer(len(l.items)) {
				return nil, methodError("index %d of a list of %d", index, len(l.items))
			}
			l.items = slices.Insert(l.items, int(index), args[1])
			l.changes++
			return void, r.charge(len(l.items) * valueSize)
		}},
	},
	"addAll": {{"l", func(r *renderer, self Value, args []Value) (Value, error) {
		l, more := self.(*List), args[0].(*List)
		if err := r.charge(len(more.items) * valueSize); err != nil {
			return nil, err
		}
		l.items = append(l.items, more.items...)
		l.changes++
		return Bool(len(more.items) > 0), nil
	}}},
	"remove": {
		{"i", func(r *renderer, self Value, args []Value) (Value, error) {
			l := self.(*List)
			old, err := l.at(number(args[0]))
			if err != nil {
				return nil, err
			}
			l.removeAt(int(number(args[0])))
			return old, r.charge(len(l.items) * valueSize)
		}},
		{"o", func(r *renderer, self Value, args []Value) (Value, error) {
			l := self.(*List)
			index, err := r.find(l, args[0], slices.All(l.items))
			if err != nil || index == Value(Integer(-1)) {
				return Bool(false), err
			}
			l.removeAt(int(number(index)))
			return Bool(true), r.charge(len(l.items) * valueSize)
		}},
	},
	"removeAll": {{"l", func(r *renderer, self Value, args []Value) (Value, error) {
		return r.keepOnly(self.(*List), args[0].(*List), false)
	}}},
	"retainAll": {{"l", func(r *renderer, self Value, args []Value) (Value, error) {
		return r.keepOnly(self.(*List), args[0].(*List), true)
	}}},
	"clear": of(func(l *List) Value {
		l.items = nil
		l.changes++
		return void
	}),
}

func fixedError() error { return methodError("a list of fixed length can't be changed") }

// closedMethods are the methods that would add to a view of a map.
var closedMethods = methods{
	"add": {{"o", func(*renderer, Value, []Value) (Value, error) { return nil, fixedError() }}},
	"addAll": {{"l", func(_ *renderer, _ Value, args []Value) (Value, error) {
		if args[0].(*List).Len() > 0 {
			return nil, fixedError()
		}
		return Bool(false), nil
	}}},
}

// fixedMethods are the methods that would change the length of an array. They fail only if
// there is an item to add or to remove.
var fixedMethods = methods{
	"add":    closedMethods["add"],
	"addAll": closedMethods["addAll"],
	"remove": {
		{"i", func(*renderer, Value, []Value) (Value, error) { return nil, fixedError() }},
		{"o", func(r *renderer, self Value, args []Value) (Value, error) {
			found, err := r.contains(self.(*List), args[0])
			if err == nil && found {
				err = fixedError()
			}
			return Bool(false), err
		}},
	},
	"removeAll": {{"l", func(r *renderer, self Value, args []Value) (Value, error) {
		return r.keepAll(self.(*List), args[0].(*List), false)
	}}},
	"retainAll": {{"l", func(r *renderer, self Value, args []Value) (Value, error) {
		return r.keepAll(self.(*List), args[0].(*List), true)
	}}},
	"clear": {{"", func(_ *renderer, self Value, _ []Value) (Value, error) {
		if self.(*List).Len() > 0 {
			return nil, fixedError()
		}
		return void, nil
	}}},
}

// keepAll returns an error if not all items would be kept.
func (r *renderer) keepAll(l, others *List, among bool) (Value, error) {
	for _, item := range l.items {
		found, err := r.contains(others, item)
		if err != nil {
			return nil, err
		}
		if found != among {
			return nil, fixedError()
		}
	}
	return Bool(false), nil
}

func (l *List) removeAt(index int) {
	l.items = slices.Delete(l.items, index, index+1)
	l.changes++
}

// keepOnly keeps the items that are, or are not, in another list.
func (r *renderer) keepOnly(l, others *List, among bool) (Value, error) {
	var kept []Value
	for _, item := range l.items {
		found, err := r.contains(others, item)
		if err != nil {
			return nil, err
		}
		if found == among {
			kept = append(kept, item)
		}
	}
	changed := len(kept) != len(l.items)
	l.items = kept
	if changed {
		l.changes++
	}
	return Bool(changed), nil
}

var mapKind = newKind("java.util.LinkedHashMap", methods{
	"size":    of(func(m *Map) Value { return Integer(len(m.entries)) }),
	"isEmpty": of(func(m *Map) Value { return Bool(len(m.entries) == 0) }),
	"get": {with("o", func(m *Map, args []Value) Value {
		value, _ := m.get(args[0])
		return value
	})},
	"getOrDefault": {with("oo", func(m *Map, args []Value) Value {
		if value, ok := m.get(args[0]); ok {
			return value
		}
		return args[1]
	})},
	"containsKey": {with("o", func(m *Map, args []Value) Value {
		_, ok := m.get(args[0])
		return Bool(ok)
	})},
	"containsValue": {{"o", func(r *renderer, self Value, args []Value) (Value, error) {
		values := self.(*Map).values()
		if err := r.charge(len(values.items) * valueSize); err != nil {
			return nil, err
		}
		found, err := r.contains(values, args[0])
		return Bool(found), err
	}}},
	"keySet":   {viewOf((*Map).keys)},
	"values":   {viewOf((*Map).values)},
	"entrySet": {viewOf((*Map).pairs)},
	"put": {with("oo", func(m *Map, args []Value) Value {
		old, _ := m.get(args[0])
		m.put(args[0], args[1])
		return old
	})},
	"putIfAbsent": {with("oo", func(m *Map, args []Value) Value {
		old, _ := m.get(args[0])
		if old == nil {
			m.put(args[0], args[1])
		}
		return old
	})},
	"putAll": {{"m", func(r *renderer, self Value, args []Value) (Value, error) {
		m, others := self.(*Map), args[0].(*Map)
		if err := r.chargeKeys(others); err != nil {
			return nil, err
		}
		for _, entry := range others.entries {
			m.put(entry.Key, entry.Value)
		}
		return void, nil
	}}},
	"remove": {{"o", func(r *renderer, self Value, args []Value) (Value, error) {
		m := self.(*Map)
		if err := r.chargeKeys(m); err != nil {
			return nil, err
		}
		old, _ := m.get(args[0])
		m.delete(args[0])
		return old, nil
	}}},
	"clear": of(func(m *Map) Value {
		*m = Map{changes: m.changes + 1}
		return void
	}),
})

// viewOf returns a method that calls a function that lists the contents of a map.
func viewOf(list func(*Map) *List) method {
	return method{"", func(r *renderer, self Value, _ []Value) (Value, error) {
		view := list(self.(*Map))
		return view, r.charge(len(view.items) * valueSize)
	}}
}

func (m *Map) keys() *List {
	return m.list(set, func(e Entry) Value { return e.Key })
}

func (m *Map) values() *List {
	return m.list(collection, func(e Entry) Value { return e.Value })
}

func (m *Map) pairs() *List {
	return m.list(set, func(e Entry) Value { return e })
}

func (m *Map) list(kind listKind, of func(Entry) Value) *List {
	list := &List{items: make([]Value, len(m.entries)), kind: kind, owner: m}
	for i, entry := range m.entries {
		list.items[i] = of(entry)
	}
	return list
}

var entryKind = newKind("java.util.LinkedHashMap$Entry", methods{
	"getKey":   of(func(e Entry) Value { return e.Key }),
	"getValue": of(func(e Entry) Value { return e.Value }),
})

// loopKind is the kind of $foreach.
var loopKind = newKind("org.apache.velocity.runtime.directive.ForeachScope", methods{
	"getIndex":   of(func(l *loop) Value { return Integer(l.count - 1) }),
	"getCount":   of(func(l *loop) Value { return Integer(l.count) }),
	"hasNext":    of(func(l *loop) Value { return Bool(l.hasNext) }),
	"isFirst":    of(func(l *loop) Value { return Bool(l.count == 1) }),
	"isLast":     of(func(l *loop) Value { return Bool(!l.hasNext) }),
	"getHasNext": of(func(l *loop) Value { return Bool(l.hasNext) }),
	"getTopmost": of(func(l *loop) Value { return l.topmost }),
	"getParent": of(func(l *loop) Value {
		if l.parent == nil {
			return nil
		}
		return l.parent
	}),
})
