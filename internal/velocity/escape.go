package velocity

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// escapesKind is the kind of $esc. Its methods return null for null, and convert other
// values to strings before escaping.
var escapesKind = newKind("org.apache.velocity.tools.generic.EscapeTool", methods{
	"json":           {escaping(appendJSON)},
	"html":           {escaping(appendHTML)},
	"xml":            {escaping(appendXML)},
	"java":           {escaping(appendJava)},
	"javascript":     {escaping(appendJavaScript)},
	"url":            {escaping(appendURL)},
	"sql":            {escaping(appendSQL)},
	"propertyKey":    {escaping(appendPropertyKey)},
	"propertyValue":  {escaping(appendProperty)},
	"velocity":       {escaping(appendVelocity)},
	"unicode":        {{"o", unicodeCharacter}},
	"getKey":         constant("esc"),
	"getDollar":      constant("$"),
	"getD":           constant("$"),
	"getHash":        constant("#"),
	"getH":           constant("#"),
	"getBackslash":   constant(`\`),
	"getB":           constant(`\`),
	"getQuote":       constant(`"`),
	"getQ":           constant(`"`),
	"getSingleQuote": constant("'"),
	"getS":           constant("'"),
	"getNewline":     constant("\n"),
	"getN":           constant("\n"),
	"getExclamation": constant("!"),
	"getE":           constant("!"),
})

func constant(s String) []method { return of(func(escapes) Value { return s }) }

// escaping returns a method that calls a function that appends an escaped text.
func escaping(appendEscaped func(to []byte, s string) []byte) method {
	return method{"o", func(r *renderer, _ Value, args []Value) (Value, error) {
		if args[0] == nil {
			return nil, nil
		}
		s, err := r.textOf(args[0])
		if err != nil {
			return nil, err
		}
		if r.scratch, err = r.convert(r.scratch[:0], s, 1, appendEscaped); err != nil {
			return nil, err
		}
		if string(r.scratch) == s && isString(args[0]) { // avoids a copy if nothing was escaped
			return args[0], nil
		}
		return String(r.scratch), r.checkValue(len(r.scratch))
	}}
}

// appendJSON escapes quotes, backslashes and control characters. It replaces invalid UTF-8
// with U+FFFD.
func appendJSON(to []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if r, size := utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		to = append(to, s[start:i]...)
		to = appendJSONByte(to, c)
		i++
		start = i
	}
	return append(to, s[start:]...)
}

func appendJSONByte(to []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(to, '\\', c)
	case c >= utf8.RuneSelf:
		return utf8.AppendRune(to, utf8.RuneError)
	}
	if short := shortEscape(c); short != 0 {
		return append(to, '\\', short)
	}
	return appendUnit(to, rune(c), "0123456789abcdef")
}

// shortEscape returns the letter after the backslash in the escape of a control character.
func shortEscape(c byte) byte {
	switch c {
	case '\b':
		return 'b'
	case '\t':
		return 't'
	case '\n':
		return 'n'
	case '\f':
		return 'f'
	case '\r':
		return 'r'
	}
	return 0
}

// appendUnit appends \uXXXX.
func appendUnit(to []byte, c rune, digits string) []byte {
	return append(to, '\\', 'u', digits[c>>12&15], digits[c>>8&15], digits[c>>4&15], digits[c&15])
}

func appendJava(to []byte, s string) []byte { return appendEscapedCode(to, s, `"\`) }

func appendJavaScript(to []byte, s string) []byte { return appendEscapedCode(to, s, `"\'/`) }

// appendEscapedCode escapes for a string in source code. It escapes some characters with a
// backslash, and non-ASCII characters by their codes.
func appendEscapedCode(to []byte, s, special string) []byte {
	for _, c := range s {
		switch {
		case c > 0x7f:
			for _, unit := range utf16.Encode([]rune{c}) {
				to = appendUnit(to, rune(unit), "0123456789ABCDEF")
			}
		case c < ' ' && shortEscape(byte(c)) != 0:
			to = append(to, '\\', shortEscape(byte(c)))
		case c < ' ':
			to = appendUnit(to, c, "0123456789ABCDEF")
		case strings.ContainsRune(special, c):
			to = append(to, '\\', byte(c))
		default:
			to = append(to, byte(c))
		}
	}
	return to
}

func appendXML(to []byte, s string) []byte {
	for _, c := range s {
		if c == '\'' {
			to = append(to, "&apos;"...)
		} else if name := markup(c); name != "" {
			to = append(append(append(to, '&'), name...), ';')
		} else {
			to = appendCharacter(to, c)
		}
	}
	return to
}

func appendHTML(to []byte, s string) []byte {
	for _, c := range s {
		name := markup(c)
		if name == "" {
			name = entity(c)
		}
		if name != "" {
			to = append(append(append(to, '&'), name...), ';')
		} else {
			to = appendCharacter(to, c)
		}
	}
	return to
}

// markup returns the entity name of a special character of HTML and XML.
func markup(c rune) string {
	switch c {
	case '&':
		return "amp"
	case '<':
		return "lt"
	case '>':
		return "gt"
	case '"':
		return "quot"
	}
	return ""
}

// entity returns the HTML entity name of a character.
func entity(c rune) string {
	if c >= 0xa0 && int(c-0xa0) < len(latinEntities) {
		return latinEntities[c-0xa0]
	}
	if c > 0xff {
		return entities[c]
	}
	return ""
}

// appendCharacter appends an ASCII character, or the code of another character.
func appendCharacter(to []byte, c rune) []byte {
	if c <= 0x7f {
		return append(to, byte(c))
	}
	for _, unit := range utf16.Encode([]rune{c}) {
		to = append(strconv.AppendUint(append(to, "&#"...), uint64(unit), 10), ';')
	}
	return to
}

// appendURL escapes for a query like an HTML form.
func appendURL(to []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case isLetter(c) || '0' <= c && c <= '9' || strings.IndexByte("-_.*", c) >= 0:
			to = append(to, c)
		case c == ' ':
			to = append(to, '+')
		default:
			to = append(to, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
		}
	}
	return to
}

func appendSQL(to []byte, s string) []byte {
	return append(to, strings.ReplaceAll(s, "'", "''")...)
}

// appendVelocity escapes for a template in which $esc is defined.
func appendVelocity(to []byte, s string) []byte {
	return append(to, strings.NewReplacer("$", "${esc.d}", "#", "${esc.h}").Replace(s)...)
}

// unicodeCharacter returns the character of a hexadecimal code, such as 41 or \u0041.
func unicodeCharacter(r *renderer, _ Value, args []Value) (Value, error) {
	if args[0] == nil {
		return nil, nil
	}
	s, err := r.textOf(args[0])
	if err != nil {
		return nil, err
	}
	if err := r.charge(len(s)); err != nil {
		return nil, err
	}
	code, err := strconv.ParseInt(strings.TrimPrefix(s, `\u`), 16, 32)
	if err != nil || code < 0 || code > unicode.MaxRune {
		return nil, methodError("%s is not a character code", quoted(s))
	}
	if utf16.IsSurrogate(rune(code)) {
		return String(halfPair), nil
	}
	return String(rune(code)), nil
}
