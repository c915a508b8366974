package pattern

import (
	"cmp"
	"strings"
	"unicode"
)

// set reports whether it contains a character.
type set func(c rune) bool

func (s set) negated() set { return func(c rune) bool { return !s(c) } }

func between(first, last rune) set { return func(c rune) bool { return first <= c && c <= last } }

func oneOf(characters string) set {
	return func(c rune) bool { return strings.ContainsRune(characters, c) }
}

func anyOf(sets ...set) set {
	if len(sets) == 1 {
		return sets[0]
	}
	return func(c rune) bool {
		for _, s := range sets {
			if s(c) {
				return true
			}
		}
		return false
	}
}

func both(a, b set) set { return func(c rune) bool { return a(c) && b(c) } }

func table(t *unicode.RangeTable) set { return func(c rune) bool { return unicode.Is(t, c) } }

// folding defines the letters whose case is ignored: none, ASCII letters, or all.
type folding uint8

const (
	exact folding = iota
	foldASCII
	foldUnicode
)

// tableWeight is the cost of a lookup in a table of Unicode, relative to a comparison.
const tableWeight = 4

// weight returns the cost of comparing two characters.
func (f folding) weight() int {
	if f == foldUnicode {
		return tableWeight
	}
	return 1
}

// folded returns the common representation of the upper and lower case of a character.
func (f folding) folded(c rune) rune {
	switch {
	case f == foldUnicode:
		return unicode.ToLower(unicode.ToUpper(c))
	case f == foldASCII && 'A' <= c && c <= 'Z':
		return c + ('a' - 'A')
	}
	return c
}

// char returns a set of one character.
func (f folding) char(c rune) set {
	c = f.folded(c)
	return func(other rune) bool { return f.folded(other) == c }
}

// between returns a set of a range of characters.
func (f folding) between(first, last rune) set {
	in := between(first, last)
	switch f {
	case foldASCII:
		return func(c rune) bool {
			return in(c) || c <= unicode.MaxASCII && (in(unicode.ToUpper(c)) || in(unicode.ToLower(c)))
		}
	case foldUnicode:
		return func(c rune) bool {
			upper := unicode.ToUpper(c)
			return in(c) || in(upper) || in(unicode.ToLower(upper))
		}
	}
	return in
}

// The sets for letters after a backslash.
var (
	lower      = between('a', 'z')
	upper      = between('A', 'Z')
	digit      = between('0', '9')
	letter     = anyOf(lower, upper)
	word       = anyOf(letter, digit, oneOf("_"))
	space      = oneOf(" \t\n\x0b\f\r")
	horizontal = anyOf(oneOf(" \t\u00a0\u1680\u180e\u202f\u205f\u3000"), between('\u2000', '\u200a'))
	vertical   = oneOf("\n\x0b\f\r\u0085\u2028\u2029")
	anything   = set(func(rune) bool { return true })
	inLine     = oneOf("\n\r\u0085\u2028\u2029").negated()
	inUnixLine = oneOf("\n").negated()
)

var escapedSets = map[rune]set{
	'd': digit, 'D': digit.negated(), 'w': word, 'W': word.negated(), 's': space, 'S': space.negated(),
	'h': horizontal, 'H': horizontal.negated(), 'v': vertical, 'V': vertical.negated(),
}

// properties are the sets with names of Java, as in \p{Alpha}. All but the last lines are
// ASCII only.
var properties = map[string]set{
	"Lower": lower, "Upper": upper, "Alpha": letter, "Digit": digit, "Alnum": anyOf(letter, digit),
	"ASCII": between(0, unicode.MaxASCII), "Space": space, "Blank": oneOf(" \t"),
	"Punct": oneOf("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"), "Graph": between('!', '~'), "Print": between(' ', '~'),
	"Cntrl": anyOf(between(0, 0x1f), oneOf("\x7f")), "XDigit": anyOf(digit, between('a', 'f'), between('A', 'F')),
	"L1": between(0, 0xff), "all": anything,
	"LC": anyOf(table(unicode.Lu), table(unicode.Ll), table(unicode.Lt)), "LD": anyOf(table(unicode.L), table(unicode.Nd)),
	"javaLowerCase": unicode.IsLower, "javaUpperCase": unicode.IsUpper, "javaLetter": table(unicode.L),
	"javaDigit": table(unicode.Nd), "javaLetterOrDigit": anyOf(table(unicode.L), table(unicode.Nd)),
	"javaWhitespace": javaWhitespace, "javaSpaceChar": table(unicode.Z),
	"javaISOControl": anyOf(between(0, 0x1f), between(0x7f, 0x9f)),
	"javaAlphabetic": alphabetic, "javaTitleCase": table(unicode.Lt),
}

// binary are the Unicode properties with the prefix Is, in upper case.
var binary = map[string]set{
	"ALPHABETIC": alphabetic, "LETTER": table(unicode.L), "DIGIT": table(unicode.Nd), "PUNCTUATION": table(unicode.P),
	"UPPERCASE": anyOf(table(unicode.Lu), table(unicode.Other_Uppercase)), "LOWERCASE": anyOf(table(unicode.Ll), table(unicode.Other_Lowercase)),
	"TITLECASE": table(unicode.Lt), "WHITE_SPACE": table(unicode.White_Space), "WHITESPACE": table(unicode.White_Space),
	"CONTROL": table(unicode.Cc), "IDEOGRAPHIC": table(unicode.Ideographic), "HEX_DIGIT": table(unicode.Hex_Digit), "HEXDIGIT": table(unicode.Hex_Digit),
	"ALNUM": anyOf(alphabetic, table(unicode.Nd)),
	"ASSIGNED": func(c rune) bool {
		return unicode.In(c, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.C) || unicode.Is(unicode.Co, c)
	},
}

var alphabetic = anyOf(table(unicode.L), table(unicode.Nl), table(unicode.Other_Alphabetic))

func javaWhitespace(c rune) bool {
	return unicode.Is(unicode.Z, c) && !strings.ContainsRune("\u00a0\u2007\u202f", c) || '\t' <= c && c <= '\r' || 0x1c <= c && c <= 0x1f
}

// caseless maps properties to their replacements if case is ignored.
var caseless = map[string]string{
	"Lower": "Alpha", "Upper": "Alpha", "Lu": "LC", "Ll": "LC", "Lt": "LC", "IsLu": "LC", "IsLl": "LC", "IsLt": "LC",
}

// property returns the set of a name in \p{name}.
func property(name string, fold folding) (set, error) {
	if fold != exact {
		name = cmp.Or(caseless[name], name)
	}
	key, value, keyed := strings.Cut(name, "=")
	if keyed {
		return keyedProperty(name, strings.ToLower(key), value)
	}
	if s, ok := properties[name]; ok {
		return s, nil
	}
	if t, ok := unicode.Categories[name]; ok && len(name) <= 2 {
		return table(t), nil
	}
	if strings.HasPrefix(name, "In") {
		return nil, unsupported("the Unicode block \\p{%s}", name)
	}
	if rest, ok := strings.CutPrefix(name, "Is"); ok {
		if s, ok := binary[strings.ToUpper(rest)]; ok {
			return s, nil
		}
		if s, ok := properties[rest]; ok {
			return s, nil
		}
		if t, ok := unicode.Categories[rest]; ok && len(rest) <= 2 {
			return table(t), nil
		}
		if s, ok := script(rest); ok {
			return s, nil
		}
	}
	return nil, invalid("unknown property \\p{%s}", name)
}

func keyedProperty(name, key, value string) (set, error) {
	switch key {
	case "gc", "general_category":
		if t, ok := unicode.Categories[value]; ok && len(value) <= 2 {
			return table(t), nil
		}
	case "sc", "script":
		if s, ok := script(value); ok {
			return s, nil
		}
	case "blk", "block":
		return nil, unsupported("the Unicode block \\p{%s}", name)
	}
	return nil, invalid("unknown property \\p{%s}", name)
}

// script returns the Unicode script of a name in any case.
func script(name string) (set, bool) {
	for known, t := range unicode.Scripts {
		if strings.EqualFold(known, name) {
			return table(t), true
		}
	}
	return nil, false
}
