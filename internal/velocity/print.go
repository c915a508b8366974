package velocity

import (
	"math"
	"strconv"
	"strings"
)

// print appends the text of a value, as in Java.
func (r *renderer) print(text []byte, v Value, depth int) ([]byte, error) {
	if err := r.checkPrinted(text, v, depth); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case String:
		return append(text, v...), nil
	case *List:
		if v.kind == array {
			return append(text, objectText(arrayClass)...), nil
		}
		return r.printList(text, v, depth)
	case *Map:
		return r.printMap(text, v, depth)
	case Entry:
		return r.printPair(text, v, depth)
	case *loop:
		return append(text, "{}"...), nil
	}
	return append(text, simpleText(v)...), nil
}

func (r *renderer) checkPrinted(text []byte, v Value, depth int) error {
	size := 0
	if s, ok := v.(String); ok {
		size = len(s)
	}
	if depth > r.limits.Depth {
		return failure(r.at, Limit, "lists or maps nested deeper than %d levels", r.limits.Depth)
	}
	if depth == 0 {
		return nil
	}
	if len(text)+size > r.limits.ValueBytes {
		return failure(r.at, Limit, "a value of more than %d bytes", r.limits.ValueBytes)
	}
	return r.charge(size)
}

// simpleText returns the text of a value that contains no other values.
func simpleText(v Value) string {
	switch v := v.(type) {
	case String:
		return string(v)
	case Bool:
		return strconv.FormatBool(bool(v))
	case Integer:
		return strconv.FormatInt(int64(v), 10)
	case Float:
		return floatText(float64(v))
	case *large:
		return v.String()
	case character:
		return string(v)
	case class:
		return "class " + string(v)
	case *iterator:
		return objectText(iteratorClass)
	case *Bean:
		return objectText(v.beanType.class)
	case escapes:
		return "org.apache.velocity.tools.generic.EscapeTool"
	}
	return "null"
}

// objectText returns the text of an object without a toString method. In Java, the text
// contains a varying hash code.
func objectText(class string) string { return class + "@0" }

func (r *renderer) printList(text []byte, list *List, depth int) (_ []byte, err error) {
	text = append(text, '[')
	for i, item := range list.items {
		if i > 0 {
			text = append(text, ", "...)
		}
		if item == Value(list) {
			text = append(text, "(this Collection)"...)
			continue
		}
		if text, err = r.print(text, item, depth+1); err != nil {
			return nil, err
		}
	}
	return append(text, ']'), nil
}

func (r *renderer) printMap(text []byte, m *Map, depth int) (_ []byte, err error) {
	text = append(text, '{')
	for i, entry := range m.entries {
		if i > 0 {
			text = append(text, ", "...)
		}
		if entry.Value == Value(m) {
			if text, err = r.print(text, entry.Key, depth+1); err != nil {
				return nil, err
			}
			text = append(text, "=(this Map)"...)
			continue
		}
		if text, err = r.printPair(text, entry, depth); err != nil {
			return nil, err
		}
	}
	return append(text, '}'), nil
}

func (r *renderer) printPair(text []byte, entry Entry, depth int) (_ []byte, err error) {
	if text, err = r.print(text, entry.Key, depth+1); err != nil {
		return nil, err
	}
	return r.print(append(text, '='), entry.Value, depth+1)
}

// textOf returns the text of a value.
func (r *renderer) textOf(v Value) (string, error) {
	switch v.(type) {
	case *List, *Map, Entry, *loop:
		text, err := r.print(nil, v, 0)
		return string(text), err
	}
	return simpleText(v), nil
}

// floatText formats a float like Java: always with a decimal point, and with an exponent
// below 0.001 and from 10 million.
func floatText(f float64) string {
	size := math.Abs(f)
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 0):
		return strings.TrimPrefix(strconv.FormatFloat(f, 'f', -1, 64), "+") + "inity"
	case size != 0 && (size < 1e-3 || size >= 1e7):
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
		power, _ := strconv.Atoi(exponent)
		return withPoint(mantissa) + "E" + strconv.Itoa(power)
	}
	return withPoint(strconv.FormatFloat(f, 'f', -1, 64))
}

func withPoint(number string) string {
	if strings.Contains(number, ".") {
		return number
	}
	return number + ".0"
}
