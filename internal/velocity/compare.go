package velocity

// compareNumbers compares two numbers, and reports whether both are numbers.
func compareNumbers(left, right Value) (order int, comparable bool) {
	if !isNumber(left) || !isNumber(right) {
		return 0, false
	}
	_, float1 := left.(Float)
	_, float2 := right.(Float)
	if !float1 && !float2 {
		return bigOrder(left, right), true
	}
	a, b := floatValue(left), floatValue(right)
	switch {
	case a < b:
		return -1, true
	case a > b:
		return 1, true
	}
	return 0, true
}

func bigOrder(left, right Value) int {
	a, small1 := left.(Integer)
	b, small2 := right.(Integer)
	switch {
	case !small1 || !small2:
		return bigValue(left).Cmp(bigValue(right))
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// same reports whether == holds. Numbers are compared as such, values of one type as
// Java does, and all others as text.
func (r *renderer) same(left, right Value) (bool, error) {
	if order, numbers := compareNumbers(left, right); numbers {
		return order == 0, nil
	}
	if left == nil || right == nil {
		return left == nil && right == nil, nil
	}
	if sameType(left, right) {
		return r.equal(left, right, 0)
	}
	a, err := r.textOf(left)
	if err != nil {
		return false, err
	}
	b, err := r.textOf(right)
	return a == b, err
}

func sameType(left, right Value) bool {
	switch l := left.(type) {
	case String:
		return isString(right)
	case Bool:
		_, ok := right.(Bool)
		return ok
	case *List:
		other, ok := right.(*List)
		return ok && l.kind == other.kind
	case *iterator:
		_, ok := right.(*iterator)
		return ok
	case *Bean:
		_, ok := right.(*Bean)
		return ok
	case *Map:
		_, ok := right.(*Map)
		return ok
	case Entry:
		_, ok := right.(Entry)
		return ok
	}
	return left == right
}

// equal reports whether two values are equal like Java's equals. Lists and maps are equal if
// their contents are equal. An Integer never equals a Float.
func (r *renderer) equal(left, right Value, depth int) (bool, error) {
	if err := r.step(); err != nil {
		return false, err
	}
	if depth > r.limits.Depth {
		return false, failure(r.at, Limit, "lists or maps nested deeper than %d levels", r.limits.Depth)
	}
	switch l := left.(type) {
	case String:
		return left == right, r.charge(len(l))
	case *List:
		other, ok := right.(*List)
		if !ok || l.kind != other.kind || len(l.items) != len(other.items) {
			return false, nil
		}
		return r.equalItems(l, other, depth)
	case *Map:
		other, ok := right.(*Map)
		if !ok || len(l.entries) != len(other.entries) {
			return false, nil
		}
		return r.equalEntries(l, other, depth)
	case Entry:
		other, ok := right.(Entry)
		if !ok {
			return false, nil
		}
		same, err := r.equal(l.Key, other.Key, depth+1)
		if !same || err != nil {
			return false, err
		}
		return r.equal(l.Value, other.Value, depth+1)
	case *large:
		other, ok := right.(*large)
		return ok && l.Cmp(other.Int) == 0, nil
	}
	return left == right, nil
}

func (r *renderer) equalItems(left, right *List, depth int) (bool, error) {
	for i, item := range left.items {
		same, err := r.equal(item, right.items[i], depth+1)
		if !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (r *renderer) equalEntries(left, right *Map, depth int) (bool, error) {
	for _, entry := range left.entries {
		if err := r.chargeKey(entry.Key, 0); err != nil {
			return false, err
		}
		value, ok := right.get(entry.Key)
		if !ok {
			return false, nil
		}
		same, err := r.equal(entry.Value, value, depth+1)
		if !same || err != nil {
			return false, err
		}
	}
	return true, nil
}
