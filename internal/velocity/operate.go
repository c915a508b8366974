package velocity

import (
	"math"
	"math/big"
)

// operate returns the value of an operation.
func (r *renderer) operate(n *Operation) (Value, error) {
	switch n.Operator {
	case Not:
		yes, err := r.condition(n.Right)
		return Bool(!yes), err
	case And, Or:
		yes, err := r.condition(n.Left)
		if err == nil && yes == (n.Operator == And) {
			yes, err = r.condition(n.Right)
		}
		return Bool(yes), err
	}
	left, err := r.evaluate(n.Left)
	if err != nil {
		return nil, err
	}
	right, err := r.evaluate(n.Right)
	if err != nil {
		return nil, err
	}
	r.at = n.Position
	switch n.Operator {
	case Equal, NotEqual:
		same, err := r.same(left, right)
		return Bool(same == (n.Operator == Equal)), err
	case Less, LessOrEqual, Greater, GreaterOrEqual:
		order, comparable := compareNumbers(left, right)
		return Bool(comparable && holds(n.Operator, order)), nil
	}
	if n.Operator == Add && (isString(left) || isString(right)) {
		return r.join(n, left, right)
	}
	return r.calculate(n.Operator, left, right)
}

func isString(v Value) bool {
	_, ok := v.(String)
	return ok
}

func isNumber(v Value) bool {
	switch v.(type) {
	case Integer, Float, *large:
		return true
	}
	return false
}

func holds(operator Operator, order int) bool {
	switch operator {
	case Less:
		return order < 0
	case LessOrEqual:
		return order <= 0
	case Greater:
		return order > 0
	}
	return order >= 0
}

// join concatenates two values as text. A null renders as the source of its operand.
func (r *renderer) join(n *Operation, left, right Value) (Value, error) {
	texts := [2]string{source(n.Left), source(n.Right)}
	for i, v := range [...]Value{left, right} {
		if v == nil {
			continue
		}
		var err error
		if texts[i], err = r.textOf(v); err != nil {
			return nil, err
		}
	}
	joined := String(texts[0] + texts[1])
	return joined, r.checkValue(len(joined))
}

func source(node Node) string {
	switch n := node.(type) {
	case *Reference:
		return n.Source
	case *Operation:
		return n.source
	}
	return ""
}

// calculate returns the result of arithmetic. It returns null if an operand is not a
// number, or for a division by zero.
func (r *renderer) calculate(operator Operator, left, right Value) (Value, error) {
	if !isNumber(left) || !isNumber(right) {
		return nil, nil
	}
	_, float1 := left.(Float)
	_, float2 := right.(Float)
	if float1 || float2 {
		return calculateFloats(operator, floatValue(left), floatValue(right)), nil
	}
	a, small1 := left.(Integer)
	b, small2 := right.(Integer)
	if small1 && small2 {
		if result, fits := calculateIntegers(operator, a, b); fits {
			return result, nil
		}
	}
	return r.calculateLarge(operator, bigValue(left), bigValue(right))
}

func calculateFloats(operator Operator, a, b float64) Value {
	switch operator {
	case Add:
		return Float(a + b)
	case Subtract:
		return Float(a - b)
	case Multiply:
		return Float(a * b)
	}
	if b == 0 {
		return nil
	}
	if operator == Divide {
		return Float(a / b)
	}
	return Float(math.Mod(a, b))
}

// calculateIntegers calculates with integers and reports whether the result fits.
func calculateIntegers(operator Operator, a, b Integer) (result Value, fits bool) {
	switch operator {
	case Add:
		sum := a + b
		return sum, (sum > a) == (b > 0)
	case Subtract:
		difference := a - b
		return difference, (difference < a) == (b > 0)
	case Multiply:
		product := a * b
		return product, a == 0 || b == 0 || product/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
	}
	if b == 0 {
		return nil, true
	}
	if operator == Divide {
		return a / b, true
	}
	return a % b, true
}

func (r *renderer) calculateLarge(operator Operator, a, b *big.Int) (Value, error) {
	if bytes := (a.BitLen() + b.BitLen()) / 8; bytes > maxDigits {
		return nil, failure(r.at, Limit, "a number of more than %d bytes", maxDigits)
	}
	result := new(big.Int)
	switch operator {
	case Add:
		result.Add(a, b)
	case Subtract:
		result.Sub(a, b)
	case Multiply:
		result.Mul(a, b)
	case Divide, Modulo:
		if b.Sign() == 0 {
			return nil, nil
		}
		if operator == Divide {
			result.Quo(a, b)
		} else {
			result.Rem(a, b)
		}
	}
	return wholeNumber(result), r.charge(maxDigits)
}

func floatValue(v Value) float64 {
	switch v := v.(type) {
	case Integer:
		return float64(v)
	case Float:
		return float64(v)
	case *large:
		f, _ := new(big.Float).SetInt(v.Int).Float64()
		return f
	}
	return 0
}

func bigValue(v Value) *big.Int {
	switch v := v.(type) {
	case Integer:
		return big.NewInt(int64(v))
	case *large:
		return v.Int
	}
	return new(big.Int)
}

// intValue converts a number to a Java int. An integer wraps around, and a float is
// limited to the range.
func intValue(v Value) (Integer, bool) {
	switch v := v.(type) {
	case Integer:
		return Integer(int32(v)), true
	case Float:
		if math.IsNaN(float64(v)) {
			return 0, true
		}
		return Integer(min(max(float64(v), math.MinInt32), math.MaxInt32)), true
	case *large:
		return Integer(int32(new(big.Int).And(v.Int, big.NewInt(math.MaxUint32)).Uint64())), true
	}
	return 0, false
}
