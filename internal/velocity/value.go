package velocity

import (
	"iter"
	"math/big"
	"slices"
)

// Value is the value of a reference: a String, Bool, Integer, Float, *List, *Map, Entry or
// *Bean. Nil is null. The package has a few unexported types of values, such as that of
// $esc.
type Value interface{ value() }

// The simple values. As in Java, an Integer that overflows 64 bits becomes a large one.
type (
	String  string
	Bool    bool
	Integer int64
	Float   float64
)

// List is a list. Rendering never changes the lists and maps of its variables: a template
// that would change them gets copies.
type List struct {
	items   []Value
	kind    listKind
	owner   *Map // the map, if the list is a view of its keys, values or entries
	changes int  // counts added and removed items
}

// listKind is the Java type of a list. It determines the methods.
type listKind int

const (
	arrayList  listKind = iota
	array               // the result of split
	set                 // the keys or the entries of a map
	collection          // the values of a map
)

// indexed reports whether the items have indexes.
func (l *List) indexed() bool { return l.kind == arrayList || l.kind == array }

// NewList returns a list of the items.
func NewList(items ...Value) *List { return &List{items: items} }

// Append adds an item at the end.
func (l *List) Append(item Value) { l.items = append(l.items, item) }

// Len returns the number of items.
func (l *List) Len() int { return len(l.items) }

// At returns the item at an index from 0.
func (l *List) At(index int) Value { return l.items[index] }

// Map is a map in the order of insertion. Rendering never changes it, see [List]. The zero
// value is an empty map.
type Map struct {
	index   map[Value]int
	entries []Entry
	changes int // counts added and removed keys
}

// Entry is a key of a map with its value.
type Entry struct{ Key, Value Value }

// NewMap returns an empty map.
func NewMap() *Map { return &Map{} }

// Set sets the value of a key. An existing key keeps its place.
func (m *Map) Set(key string, value Value) { m.put(String(key), value) }

// Get returns the value of a key, or nil if the map does not have the key.
func (m *Map) Get(key string) Value {
	value, _ := m.get(String(key))
	return value
}

// Len returns the number of keys.
func (m *Map) Len() int { return len(m.entries) }

// All returns an iterator over the entries in order.
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

// large is an integer of more than 64 bits. It is immutable.
type large struct{ *big.Int }

// wholeNumber returns an Integer, or a large if the number does not fit.
func wholeNumber(n *big.Int) Value {
	if n.IsInt64() {
		return Integer(n.Int64())
	}
	return &large{n}
}

// loop is the $foreach of a loop. A template can store values in it.
type loop struct {
	count   int // the number of the element, from 1
	hasNext bool
	parent  *loop
	topmost *loop
	kept    *Map
}

// character is a character of a string.
type character string

// escapes is $esc.
type escapes struct{}

// class is the result of getClass, the name of a Java class.
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

// copyValue returns a deep copy of a value. It copies each list and map once.
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
