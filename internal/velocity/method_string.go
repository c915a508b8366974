package velocity

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Java indexes strings in UTF-16 code units. In an ASCII text, each byte is one unit.

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func units(s string) []uint16 { return utf16.Encode([]rune(s)) }

// unitCount returns the length of a string in units.
func unitCount(s string) Integer {
	if isASCII(s) {
		return Integer(len(s))
	}
	count := 0
	for _, c := range s {
		count += utf16.RuneLen(c)
	}
	return Integer(count)
}

// textOfUnits converts units to a string. An unpaired surrogate becomes a question mark,
// as in Java's UTF-8 encoder.
func textOfUnits(u []uint16) string {
	var s strings.Builder
	for i := 0; i < len(u); i++ {
		c := rune(u[i])
		if utf16.IsSurrogate(c) {
			pair := unicode.ReplacementChar
			if i+1 < len(u) {
				pair = utf16.DecodeRune(c, rune(u[i+1]))
			}
			if c = pair; c == unicode.ReplacementChar {
				c = '?'
			} else {
				i++
			}
		}
		s.WriteRune(c)
	}
	return s.String()
}

// substring returns the text between two units.
func substring(r *renderer, s string, from, to Integer) (Value, error) {
	length := unitCount(s)
	if from < 0 || to > length || from > to {
		return nil, methodError("substring from %d to %d of a string of %d", from, to, length)
	}
	if from == to {
		return String(""), nil
	}
	start, end := unitOffset(s, from), unitOffset(s, to)
	before, after := "", ""
	if from > 0 && unitCount(s[:start]) > from {
		before = halfPair
	}
	if to < length && unitCount(s[:end]) > to {
		end -= utf8.UTFMax
		after = halfPair
	}
	if before+after == "" {
		return String(s[start:end]), nil
	}
	cut := before + s[start:end] + after
	return String(cut), r.charge(len(cut))
}

// halfPair replaces an unpaired surrogate, as in Java's UTF-8 encoder.
const halfPair = "?"

// indexOf returns the first index of a text at or after a unit, or -1.
func indexOf(s, what string, from Integer) Integer {
	from = max(from, 0)
	offset := unitOffset(s, from)
	if offset < 0 {
		if what == "" {
			return unitCount(s)
		}
		return -1
	}
	if found := strings.Index(s[offset:], what); found >= 0 {
		return unitCount(s[:offset+found])
	}
	return -1
}

// lastIndexOf returns the last index of a text at or before a unit, or -1.
func lastIndexOf(s, what string, from Integer) Integer {
	if from < 0 {
		return -1
	}
	if offset := unitOffset(s, from); offset >= 0 {
		s = s[:min(len(s), offset+len(what))]
	}
	if found := strings.LastIndex(s, what); found >= 0 {
		return unitCount(s[:found])
	}
	return -1
}

// unitOffset returns the offset in bytes of a unit, or -1 if the string is shorter.
func unitOffset(s string, unit Integer) int {
	if isASCII(s) {
		if unit > Integer(len(s)) {
			return -1
		}
		return int(unit)
	}
	for offset, c := range s {
		if unit <= 0 {
			return offset
		}
		unit -= Integer(utf16.RuneLen(c))
	}
	if unit > 0 {
		return -1
	}
	return len(s)
}

func charAt(r *renderer, s string, index Integer) (Value, error) {
	if index < 0 || index >= unitCount(s) {
		return nil, methodError("index %d of a string of %d", index, unitCount(s))
	}
	one, err := substring(r, s, index, index+1)
	if err != nil {
		return nil, err
	}
	return character(one.(String)), nil
}

// codePointAt returns the code point at a unit, or the surrogate if it is unpaired there.
func codePointAt(s string, index Integer) (Value, error) {
	if index < 0 || index >= unitCount(s) {
		return nil, methodError("index %d of a string of %d", index, unitCount(s))
	}
	offset := unitOffset(s, index)
	if unitCount(s[:offset]) > index {
		c, _ := utf8.DecodeLastRuneInString(s[:offset])
		_, second := utf16.EncodeRune(c)
		return Integer(second), nil
	}
	c, _ := utf8.DecodeRuneInString(s[offset:])
	return Integer(c), nil
}

// compareTexts compares two texts by units, like Java.
func compareTexts(a, b string) Integer {
	for a != "" && b != "" {
		left, size := utf8.DecodeRuneInString(a)
		right, _ := utf8.DecodeRuneInString(b)
		if left != right {
			return compareUnits(units(string(left)), units(string(right)))
		}
		a, b = a[size:], b[size:]
	}
	return unitCount(a) - unitCount(b)
}

// compareUnits compares the units of two different characters.
func compareUnits(left, right []uint16) Integer {
	if left[0] != right[0] {
		return Integer(left[0]) - Integer(right[0])
	}
	return Integer(left[1]) - Integer(right[1])
}

// isJavaSpace reports whether trim removes a character: ASCII control characters and
// blanks.
func isJavaSpace(c rune) bool { return c <= ' ' }

func repeat(r *renderer, s string, count Integer) (Value, error) {
	if count < 0 {
		return nil, methodError("repeated %d times", count)
	}
	if s == "" {
		return String(""), nil
	}
	if count > Integer(r.limits.ValueBytes) {
		return nil, r.checkValue(r.limits.ValueBytes + 1)
	}
	if Integer(len(s))*count > Integer(r.limits.ValueBytes) {
		return nil, r.checkValue(r.limits.ValueBytes + 1)
	}
	if err := r.charge(len(s) * int(count)); err != nil {
		return nil, err
	}
	return String(strings.Repeat(s, int(count))), nil
}

func replace(r *renderer, s, old, new string) (Value, error) {
	if err := r.chargeSearch(s, old); err != nil {
		return nil, err
	}
	count := int64(strings.Count(s, old))
	if length := int64(len(s)) + count*int64(len(new)-len(old)); length > int64(r.limits.ValueBytes) {
		return nil, r.checkValue(r.limits.ValueBytes + 1)
	}
	if err := r.charge(len(s) + int(count)*len(new)); err != nil {
		return nil, err
	}
	return String(strings.ReplaceAll(s, old, new)), nil
}

// onText returns a method that calls a function with a text and arguments, and charges for
// both.
func onText(parameters string, f func(r *renderer, s string, args []Value) (Value, error)) method {
	return method{parameters, func(r *renderer, self Value, args []Value) (Value, error) {
		s := string(self.(String))
		if err := r.charge(len(s)); err != nil {
			return nil, err
		}
		return f(r, s, args)
	}}
}

// plain is onText for functions without errors.
func plain(parameters string, f func(s string, args []Value) Value) method {
	return onText(parameters, func(_ *renderer, s string, args []Value) (Value, error) { return f(s, args), nil })
}

// searching is plain for functions that search a text for the first argument.
func searching(parameters string, f func(s string, args []Value) Value) method {
	return onText(parameters, func(r *renderer, s string, args []Value) (Value, error) {
		if err := r.chargeSearch(s, text(args[0])); err != nil {
			return nil, err
		}
		return f(s, args), nil
	})
}

// converting returns a method that calls a function that appends a converted text.
func converting(appendPiece func(to []byte, piece string) []byte) method {
	return onText("", func(r *renderer, s string, _ []Value) (Value, error) {
		weight := caseWeight
		if isASCII(s) {
			weight = 1
		}
		converted, err := r.convert(nil, s, weight, appendPiece)
		return String(converted), err
	})
}

func text(v Value) string {
	s, _ := v.(String)
	return string(s)
}

func number(v Value) Integer {
	n, _ := v.(Integer)
	return n
}

var stringKind = newKind("java.lang.String", stringMethods, regexMethods, ordered).withStatics(String(""), "valueOf")

var stringMethods = methods{
	"length":  {plain("", func(s string, _ []Value) Value { return unitCount(s) })},
	"isEmpty": {plain("", func(s string, _ []Value) Value { return Bool(s == "") })},
	"isBlank": {plain("", func(s string, _ []Value) Value { return Bool(strings.TrimFunc(s, unicode.IsSpace) == "") })},
	"trim":    {plain("", func(s string, _ []Value) Value { return String(strings.TrimFunc(s, isJavaSpace)) })},
	"strip":   {plain("", func(s string, _ []Value) Value { return String(strings.TrimFunc(s, unicode.IsSpace)) })},
	"stripLeading": {plain("", func(s string, _ []Value) Value {
		return String(strings.TrimLeftFunc(s, unicode.IsSpace))
	})},
	"stripTrailing": {plain("", func(s string, _ []Value) Value {
		return String(strings.TrimRightFunc(s, unicode.IsSpace))
	})},
	"toLowerCase": {converting(appendLower)},
	"toUpperCase": {converting(appendUpper)},
	"intern":      {plain("", func(s string, _ []Value) Value { return String(s) })},
	"contains":    {searching("s", func(s string, args []Value) Value { return Bool(strings.Contains(s, text(args[0]))) })},
	"endsWith":    {plain("s", func(s string, args []Value) Value { return Bool(strings.HasSuffix(s, text(args[0]))) })},
	"startsWith": {
		plain("s", func(s string, args []Value) Value { return Bool(strings.HasPrefix(s, text(args[0]))) }),
		plain("si", func(s string, args []Value) Value {
			offset := unitOffset(s, number(args[1]))
			return Bool(number(args[1]) >= 0 && offset >= 0 && strings.HasPrefix(s[offset:], text(args[0])))
		}),
	},
	"indexOf": {
		searching("s", func(s string, args []Value) Value { return indexOf(s, text(args[0]), 0) }),
		searching("si", func(s string, args []Value) Value { return indexOf(s, text(args[0]), number(args[1])) }),
		plain("i", func(s string, args []Value) Value { return indexOf(s, string(rune(number(args[0]))), 0) }),
		plain("ii", func(s string, args []Value) Value { return indexOf(s, string(rune(number(args[0]))), number(args[1])) }),
	},
	"lastIndexOf": {
		searching("s", func(s string, args []Value) Value { return lastIndexOf(s, text(args[0]), unitCount(s)) }),
		searching("si", func(s string, args []Value) Value { return lastIndexOf(s, text(args[0]), number(args[1])) }),
		plain("i", func(s string, args []Value) Value { return lastIndexOf(s, string(rune(number(args[0]))), unitCount(s)) }),
	},
	"equalsIgnoreCase": {plain("S", func(s string, args []Value) Value {
		return Bool(isString(args[0]) && strings.EqualFold(s, text(args[0])))
	})},
	"contentEquals": {plain("s", func(s string, args []Value) Value { return Bool(s == text(args[0])) })},
	"compareTo":     {plain("s", func(s string, args []Value) Value { return compareTexts(s, text(args[0])) })},
	"compareToIgnoreCase": {onText("s", func(r *renderer, s string, args []Value) (Value, error) {
		left, err := r.convert(nil, s, caseWeight, appendLower)
		if err != nil {
			return nil, err
		}
		right, err := r.convert(nil, text(args[0]), caseWeight, appendLower)
		return compareTexts(string(left), string(right)), err
	})},
	"concat": {onText("s", func(r *renderer, s string, args []Value) (Value, error) {
		joined := s + text(args[0])
		return String(joined), r.checkValue(len(joined))
	})},
	"replace": {onText("ss", func(r *renderer, s string, args []Value) (Value, error) {
		return replace(r, s, text(args[0]), text(args[1]))
	})},
	"repeat": {onText("i", func(r *renderer, s string, args []Value) (Value, error) { return repeat(r, s, number(args[0])) })},
	"substring": {
		onText("i", func(r *renderer, s string, args []Value) (Value, error) {
			return substring(r, s, number(args[0]), unitCount(s))
		}),
		onText("ii", func(r *renderer, s string, args []Value) (Value, error) {
			return substring(r, s, number(args[0]), number(args[1]))
		}),
	},
	"subSequence": {onText("ii", func(r *renderer, s string, args []Value) (Value, error) {
		return substring(r, s, number(args[0]), number(args[1]))
	})},
	"charAt":      {onText("i", func(r *renderer, s string, args []Value) (Value, error) { return charAt(r, s, number(args[0])) })},
	"codePointAt": {onText("i", func(_ *renderer, s string, args []Value) (Value, error) { return codePointAt(s, number(args[0])) })},
	"valueOf": {onText("o", func(r *renderer, _ string, args []Value) (Value, error) {
		s, err := r.textOf(args[0])
		return String(s), err
	})},
}

func appendLower(to []byte, s string) []byte { return append(to, strings.ToLower(s)...) }

// appendUpper appends a text in upper case. As in Java, one letter can become two.
func appendUpper(to []byte, s string) []byte {
	return append(to, strings.ToUpper(strings.ReplaceAll(s, "ß", "SS"))...)
}

var characterKind = newKind("java.lang.Character", methods{
	"charValue": of(func(c character) Value { return c }),
})

// runeLength returns the length in bytes of the first character of a text.
func runeLength(s string) int {
	_, size := utf8.DecodeRuneInString(s)
	return size
}

// quoted quotes a text for an error. It truncates a long text.
func quoted(s string) string {
	const length = 40
	if len(s) <= length {
		return strconv.Quote(s)
	}
	return strconv.Quote(strings.ToValidUTF8(s[:length], "")) + "…"
}
