package velocity

import (
	"math"
	"strconv"
	"strings"
)

// numberMethods are the methods of all numbers.
var numberMethods = methods{
	"intValue": {{"", func(_ *renderer, self Value, _ []Value) (Value, error) {
		n, _ := intValue(self)
		return n, nil
	}}},
	"longValue": {{"", func(_ *renderer, self Value, _ []Value) (Value, error) { return longValue(self), nil }}},
	"doubleValue": {{"", func(_ *renderer, self Value, _ []Value) (Value, error) {
		return Float(floatValue(self)), nil
	}}},
	"floatValue": {{"", func(_ *renderer, self Value, _ []Value) (Value, error) {
		return single(floatValue(self)), nil
	}}},
	"shortValue": {{"", func(_ *renderer, self Value, _ []Value) (Value, error) {
		n, _ := intValue(self)
		return Integer(int16(n)), nil
	}}},
	"byteValue": {{"", func(_ *renderer, self Value, _ []Value) (Value, error) {
		n, _ := intValue(self)
		return Integer(int8(n)), nil
	}}},
	"compareTo": {{"d", func(_ *renderer, self Value, args []Value) (Value, error) {
		_, float1 := self.(Float)
		_, float2 := args[0].(Float)
		if float1 != float2 {
			return nil, methodError("compared with a value of another type")
		}
		order, _ := compareNumbers(self, args[0])
		return Integer(order), nil
	}}},
}

// single converts a number to a Java float, which prints with the minimum of digits.
func single(f float64) Value {
	shortest, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
	return Float(shortest)
}

func longValue(v Value) Value {
	switch v := v.(type) {
	case Float:
		switch f := float64(v); {
		case math.IsNaN(f):
			return Integer(0)
		case f >= math.MaxInt64:
			return Integer(math.MaxInt64)
		case f <= math.MinInt64:
			return Integer(math.MinInt64)
		default:
			return Integer(f)
		}
	case *large:
		return Integer(v.Int64())
	}
	return v
}

// parseInteger returns a method that parses an integer of a number of bits.
func parseInteger(bits int) method {
	return method{"s", func(_ *renderer, _ Value, args []Value) (Value, error) {
		n, err := strconv.ParseInt(text(args[0]), 10, bits)
		if err != nil {
			return nil, methodError("%s is not an integer", quoted(text(args[0])))
		}
		return Integer(n), nil
	}}
}

var integerKind = newKind("java.lang.Integer", numberMethods, ordered, integerMethods).withStatics(Integer(0),
	"parseInt", "parseLong", "valueOf", "toString", "toHexString", "toOctalString", "toBinaryString", "max", "min", "sum", "signum")

var integerMethods = methods{
	"parseInt":  {parseInteger(32)},
	"parseLong": {parseInteger(64)},
	"valueOf": {
		parseInteger(32),
		with("i", func(_ Integer, args []Value) Value { return args[0] }),
	},
	"toString": {
		with("i", func(_ Integer, args []Value) Value { return String(simpleText(args[0])) }),
		with("ii", func(_ Integer, args []Value) Value { return inRadix(number(args[0]), number(args[1])) }),
	},
	"toHexString":    {with("i", func(_ Integer, args []Value) Value { return inBase(args[0], 16) })},
	"toOctalString":  {with("i", func(_ Integer, args []Value) Value { return inBase(args[0], 8) })},
	"toBinaryString": {with("i", func(_ Integer, args []Value) Value { return inBase(args[0], 2) })},
	"max":            {with("ii", func(_ Integer, args []Value) Value { return max(number(args[0]), number(args[1])) })},
	"min":            {with("ii", func(_ Integer, args []Value) Value { return min(number(args[0]), number(args[1])) })},
	"sum":            {with("ii", func(_ Integer, args []Value) Value { return Integer(int32(number(args[0]) + number(args[1]))) })},
	"signum":         {with("i", func(_ Integer, args []Value) Value { return Integer(bigOrder(args[0], Integer(0))) })},
}

// inRadix formats a number in a radix from 2 to 36. It uses 10 for any other radix.
func inRadix(n, radix Integer) Value {
	if radix < 2 || radix > 36 {
		radix = 10
	}
	return String(strconv.FormatInt(int64(n), int(radix)))
}

func inBase(v Value, base int) Value {
	return String(strconv.FormatUint(uint64(uint32(number(v))), base))
}

var floatKind = newKind("java.lang.Double", numberMethods, ordered, floatMethods).withStatics(Float(0), "parseDouble", "valueOf")

var floatMethods = methods{
	"isNaN":       of(func(f Float) Value { return Bool(math.IsNaN(float64(f))) }),
	"isInfinite":  of(func(f Float) Value { return Bool(math.IsInf(float64(f), 0)) }),
	"parseDouble": {{"s", parseFloat}},
	"valueOf": {
		{"s", parseFloat},
		with("d", func(_ Float, args []Value) Value { return Float(floatValue(args[0])) }),
	},
}

func parseFloat(_ *renderer, _ Value, args []Value) (Value, error) {
	f, err := strconv.ParseFloat(strings.TrimFunc(text(args[0]), isJavaSpace), 64)
	if err != nil && f == 0 {
		return nil, methodError("%s is not a number", quoted(text(args[0])))
	}
	return Float(f), nil
}

var largeKind = newKind("java.math.BigInteger", numberMethods, ordered)

var boolKind = newKind("java.lang.Boolean", boolMethods, ordered).withStatics(Bool(false), "valueOf", "parseBoolean")

var boolMethods = methods{
	"compareTo":    {with("b", func(b Bool, args []Value) Value { return boolInteger(b) - boolInteger(args[0].(Bool)) })},
	"booleanValue": of(func(b Bool) Value { return b }),
	"valueOf":      {with("S", func(_ Bool, args []Value) Value { return Bool(strings.EqualFold(text(args[0]), "true")) })},
	"parseBoolean": {with("S", func(_ Bool, args []Value) Value { return Bool(strings.EqualFold(text(args[0]), "true")) })},
}

func boolInteger(b Bool) Integer {
	if b {
		return 1
	}
	return 0
}

var classKind = newKind("java.lang.Class", methods{
	"getName":       of(func(c class) Value { return String(c) }),
	"getSimpleName": of(func(c class) Value { return String(c.simpleName()) }),
})
