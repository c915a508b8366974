package velocity

import (
	"iter"
	"math/big"
	"slices"
)

// Value is what a reference can stand for: a String, Bool, Integer, Float, *List,
// *Map, Entry or *Bean. Nil is null. There are a few more within the package, such as $esc.
type Value interface{ value() }

// The simple values. An Integer that grows beyond 64 bits goes on as a large one,
// as in Java.
type (
	String  string
	Bool    bool
	Integer int64
	Float   float64
)

// List is a list. Rendering never changes one that was given to it: a template that
// would change its lists and maps gets copies.
type List struct {
	items   []Value
	kind    listKind
	owner   *Map // whose keys, values or entries these are
	changes int  // how often items came or went
}

// listKind is what a list is in Java. That decides which methods it has.
type listKind int

const (
	arrayList  listKind = iota
	array               // what split returns
	set                 // the keys or the entries of a map
	collection          // the values of a map
)

// indexed reports whether the items can be asked for by their index.
func (l *List) indexed() bool { return l.kind == arrayList || l.kind == array }

// NewList returns a list of the items.
func NewList(items ...Value) *List { return &List{items: items} }

// Append adds an item at the end.
func (l *List) Append(item Value) { l.items = append(l.items, item) }

// Len is the number of items.
func (l *List) Len() int { return len(l.items) }

// At returns the item at an index, which counts from 0.
func (l *List) At(index int) Value { return l.items[index] }

// Map is a map in the order of insertion. What is said of [List] is true of it, too.
// The zero value is an empty map.
type Map struct {
	index   map[Value]int
	entries []Entry
	changes int // how often keys came or went
}

// Entry is a key of a map with its value.
type Entry struct{ Key, Value Value }

// NewMap returns an empty map.
func NewMap() *Map { return &Map{} }

// Set sets the value of a key. A key that is there already keeps its place.
func (m *Map) Set(key string, value Value) { m.put(String(key), value) }

// Get returns the value of a key, nil when there is none.
func (m *Map) Get(key string) Value {
	value, _ := m.get(String(key))
	return value
}

// Len is the number of keys.
func (m *Map) Len() int { return len(m.entries) }

// All returns the entries in their order.
func (m *Map) All() iter.Seq[Entry] { return slices.Values(m.entries) }

func (m *Map) put(key, value Value) {
	if i, ok := m.index[key]; ok {
		m.entries[i].Value = value
		return
	}
	if m.index == nil {
		m.index = make(map[Value]int)
	}
	m.changes++
	m.index[key] = len(m.entries)
	m.entries = append(m.entries, Entry{key, value})
}

func (m *Map) get(key Value) (Value, bool) {
	if i, ok := m.index[key]; ok {
		return m.entries[i].Value, true
	}
	return nil, false
}

func (m *Map) delete(key Value) {
	i, ok := m.index[key]
	if !ok {
		return
	}
	m.changes++
	delete(m.index, key)
	m.entries = slices.Delete(m.entries, i, i+1)
	for ; i < len(m.entries); i++ {
		m.index[m.entries[i].Key] = i
	}
}

// large is an integer of more than 64 bits. It is never changed.
type large struct{ *big.Int }

// wholeNumber is an Integer, or a large one if it must be.
func wholeNumber(n *big.Int) Value {
	if n.IsInt64() {
		return Integer(n.Int64())
	}
	return &large{n}
}

// loop is the $foreach of a loop. A template can keep values in it.
type loop struct {
	count   int // of the element, from 1
	hasNext bool
	parent  *loop
	topmost *loop
	kept    *Map
}

// character is a character of a string.
type character string

// escapes is $esc.
type escapes struct{}

// class is what getClass returns, the name of a class in Java.
type class string

func (String) value()    {}
func (Bool) value()      {}
func (Integer) value()   {}
func (Float) value()     {}
func (*List) value()     {}
func (*Map) value()      {}
func (Entry) value()     {}
func (*large) value()    {}
func (*loop) value()     {}
func (escapes) value()   {}
func (character) value() {}
func (class) value()     {}
func (*iterator) value() {}
func (*Bean) value()     {}

// copyValue copies lists and maps, and what is in them, each once.
func (r *renderer) copyValue(v Value) (Value, error) {
	switch v := v.(type) {
	case *List:
		if done, ok := r.copied[v]; ok {
			return done, nil
		}
		return r.copyList(v)
	case *Map:
		if done, ok := r.copied[v]; ok {
			return done, nil
		}
		return r.copyMap(v)
	}
	return v, nil
}

func (r *renderer) copyList(l *List) (Value, error) {
	list := &List{items: make([]Value, len(l.items)), kind: l.kind}
	r.copied[l] = list
	for i, item := range l.items {
		var err error
		if list.items[i], err = r.copyValue(item); err != nil {
			return nil, err
		}
	}
	return list, r.charge(len(l.items) * valueSize)
}

func (r *renderer) copyMap(m *Map) (Value, error) {
	same := NewMap()
	r.copied[m] = same
	for _, entry := range m.entries {
		value, err := r.copyValue(entry.Value)
		if err != nil {
			return nil, err
		}
		same.put(entry.Key, value)
	}
	return same, r.chargeKeys(m)
}
