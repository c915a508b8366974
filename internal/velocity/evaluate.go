package velocity

import "unicode/utf8"

// evaluate returns the value of an expression. Null is nil.
func (r *renderer) evaluate(node Node) (Value, error) {
	if err := r.step(); err != nil {
		return nil, err
	}
	switch n := node.(type) {
	case *Reference:
		return r.reference(n)
	case *StringLiteral:
		return r.interpolate(n)
	case *NumberLiteral:
		return n.Value, nil
	case *BoolLiteral:
		return Bool(n.Value), nil
	case *ListLiteral:
		return r.list(n)
	case *MapLiteral:
		return r.mapping(n)
	case *RangeLiteral:
		return r.rangeOf(n)
	case *Operation:
		return r.operate(n)
	}
	return nil, nil
}

// condition reports whether an expression is true. A reference is true unless its value
// is null or false. A literal other than true is false.
func (r *renderer) condition(node Node) (bool, error) {
	switch n := node.(type) {
	case *Reference, *BoolLiteral:
		value, err := r.evaluate(n)
		yes, isBool := value.(Bool)
		return value != nil && (!isBool || bool(yes)), err
	case *Operation:
		if n.Operator >= Add && n.Operator <= Modulo {
			return false, nil
		}
		value, err := r.evaluate(n)
		yes, _ := value.(Bool)
		return bool(yes), err
	}
	return false, nil
}

// reference returns the value of a reference.
func (r *renderer) reference(n *Reference) (Value, error) { return r.follow(n, n.Accessors) }

// follow returns the value of a reference after applying its accessors to the variable.
func (r *renderer) follow(n *Reference, accessors []Accessor) (Value, error) {
	if n.slot == noSlot {
		return nil, nil
	}
	value, err := r.variable(n.slot)
	for i := 0; i < len(accessors) && value != nil && err == nil; i++ {
		r.at = accessors[i].Pos()
		if err = r.charge(nameLength(accessors[i])); err == nil {
			value, err = r.access(value, accessors[i])
		}
	}
	return value, err
}

// nameLength returns the length of the name in an accessor.
func nameLength(accessor Accessor) int {
	switch a := accessor.(type) {
	case *Property:
		return len(a.Name)
	case *Call:
		return len(a.Name)
	}
	return 0
}

func (r *renderer) access(value Value, accessor Accessor) (Value, error) {
	switch a := accessor.(type) {
	case *Property:
		return r.property(value, a.Name)
	case *Index:
		return r.element(value, a)
	case *Call:
		return r.call(value, a)
	}
	return nil, nil
}

// element returns an element of a list or map. For other values, it returns nil.
func (r *renderer) element(value Value, n *Index) (Value, error) {
	key, err := r.indexArgument(value, n)
	if err != nil {
		return nil, err
	}
	switch v := value.(type) {
	case *Map:
		element, _ := v.get(key)
		return element, nil
	case *loop:
		return v.get(key), nil
	case *List:
		index, ok := key.(Integer)
		if !ok || index != Integer(int32(index)) || !v.indexed() {
			return nil, nil
		}
		if !v.has(index) {
			return nil, r.outOfRange(index, v)
		}
		return v.items[index], nil
	}
	return nil, nil
}

func (l *loop) get(key Value) Value {
	if l.kept == nil {
		return nil
	}
	value, _ := l.kept.get(key)
	return value
}

func (l *loop) size() int {
	if l.kept == nil {
		return 0
	}
	return l.kept.Len()
}

// indexArgument returns the argument of an index. A negative one counts from the end.
func (r *renderer) indexArgument(value Value, n *Index) (Value, error) {
	key, err := r.evaluate(n.Argument)
	if err == nil {
		err = r.chargeKey(key, 0)
	}
	r.at = n.Position
	index, ok := key.(Integer)
	if err != nil || !ok || index >= 0 {
		return key, err
	}
	length := 0
	switch v := value.(type) {
	case *List:
		length = len(v.items)
	case *Map:
		length = len(v.entries)
	case *loop:
		length = v.size()
	default:
		return nil, failure(n.Position, Render, "index %d of a value without a size", index)
	}
	return Integer(length) + index, nil
}

// interpolate returns the value of a string literal.
func (r *renderer) interpolate(n *StringLiteral) (Value, error) {
	if !n.Interpolated {
		return String(n.Text), nil
	}
	start := len(r.output)
	r.inText++
	err := r.renderAll(n.Parts)
	text := string(r.output[start:])
	r.inText--
	r.output = r.output[:start]
	if err != nil {
		return nil, err
	}
	if n.cut {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return String(text), r.checkValue(len(text))
}

func (r *renderer) list(n *ListLiteral) (Value, error) {
	items := make([]Value, len(n.Items))
	for i, item := range n.Items {
		var err error
		if items[i], err = r.evaluate(item); err != nil {
			return nil, err
		}
	}
	return &List{items: items}, nil
}

func (r *renderer) mapping(n *MapLiteral) (Value, error) {
	m := NewMap()
	for i := range n.Keys {
		key, err := r.evaluate(n.Keys[i])
		if err != nil {
			return nil, err
		}
		value, err := r.evaluate(n.Values[i])
		if err != nil {
			return nil, err
		}
		if err := r.chargeKey(key, 0); err != nil {
			return nil, err
		}
		m.put(key, value)
	}
	return m, nil
}

// rangeOf returns an ascending or descending range of integers.
func (r *renderer) rangeOf(n *RangeLiteral) (Value, error) {
	from, err := r.evaluate(n.From)
	if err != nil {
		return nil, err
	}
	to, err := r.evaluate(n.To)
	if err != nil {
		return nil, err
	}
	first, ok1 := intValue(from)
	last, ok2 := intValue(to)
	if !ok1 || !ok2 {
		return nil, nil
	}
	step, length := Integer(1), last-first+1
	if last < first {
		step, length = -1, first-last+1
	}
	if length > Integer(r.limits.RangeLength) {
		return nil, failure(n.Position, Limit, "a range of %d numbers, at most %d are allowed", length, r.limits.RangeLength)
	}
	items := make([]Value, length)
	for i := range items {
		items[i] = first + Integer(i)*step
	}
	return &List{items: items}, r.charge(len(items) * valueSize)
}
