package velocity

import (
	"errors"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity/pattern"
)

// regex is a regular expression and the text to match.
type regex struct {
	*pattern.Pattern
	*renderer
	text string
}

// compile compiles a regular expression.
func (r *renderer) compile(expression, text string) (*regex, error) {
	if len(expression) > maxPattern {
		return nil, failure(r.at, Limit, "a regular expression of more than %d bytes", maxPattern)
	}
	if err := r.charge(len(expression) * bytesPerPatternByte); err != nil {
		return nil, err
	}
	compiled, err := pattern.Compile(expression)
	if err != nil {
		return nil, r.patternError(expression, err)
	}
	return &regex{compiled, r, text}, r.charge(compiled.Size() * bytesPerInstruction)
}

// patternError distinguishes expressions that Java rejects, too, from those that only this
// package rejects.
func (r *renderer) patternError(expression string, err error) error {
	failed, ok := errors.AsType[*pattern.Error](err)
	switch {
	case !ok:
		return failure(r.at, Limit, "the regular expression %s: %v", quoted(expression), err)
	case failed.Unsupported:
		return unsupported(r.at, "regular expression", "the regular expression %s: %v", quoted(expression), err)
	}
	return methodError("the regular expression %s: %v", quoted(expression), err)
}

// meter charges the work of a match.
func (r *renderer) meter(work int) error { return r.charge(work * bytesPerWork) }

// find returns the next match at or after an offset, or nil.
func (x *regex) find(from int) ([]int, error) {
	match, err := x.Find(x.text, from, x.meter)
	return match, x.matchError(err)
}

func (x *regex) matchError(err error) error {
	if errors.Is(err, pattern.ErrTooDeep) {
		return failure(x.at, Limit, "the regular expression has %v", err)
	}
	return err
}

// eachMatch calls a function for each match until the function returns false. Unlike in
// package regexp, an empty match may follow another match directly.
func (x *regex) eachMatch(visit func(match []int) (more bool, err error)) error {
	for from := 0; from <= len(x.text); {
		match, err := x.find(from)
		if match == nil || err != nil {
			return err
		}
		if more, err := visit(match); !more || err != nil {
			return err
		}
		from = match[1]
		if match[0] == match[1] {
			from += max(1, runeLength(x.text[from:]))
		}
	}
	return nil
}

func matches(r *renderer, s, expression string) (Value, error) {
	x, err := r.compile(expression, s)
	if err != nil {
		return nil, err
	}
	yes, err := x.Matches(s, r.meter)
	return Bool(yes), x.matchError(err)
}

// replaceMatches replaces the first match or all matches.
func replaceMatches(r *renderer, s, expression, replacement string, all bool) (Value, error) {
	x, err := r.compile(expression, s)
	if err != nil {
		return nil, err
	}
	var result []byte
	end := 0
	err = x.eachMatch(func(match []int) (bool, error) {
		result = append(result, s[end:match[0]]...)
		end = match[1]
		if result, err = x.appendReplacement(result, replacement, match); err != nil {
			return false, err
		}
		if len(result) > r.limits.ValueBytes {
			return false, r.checkValue(len(result))
		}
		return all, r.charge(len(replacement))
	})
	if err != nil {
		return nil, err
	}
	result = append(result, s[end:]...)
	return String(result), r.checkValue(len(result))
}

// appendReplacement appends the replacement of a match in Java's notation: $1 and ${name}
// are groups, and a backslash escapes the next character.
func (x *regex) appendReplacement(result []byte, replacement string, match []int) ([]byte, error) {
	for i := 0; i < len(replacement); i++ {
		switch c := replacement[i]; c {
		case '\\':
			if i++; i == len(replacement) {
				return nil, methodError("the replacement must not end with a backslash")
			}
			result = append(result, replacement[i])
		case '$':
			group, length, err := x.groupAt(replacement[i+1:])
			if err != nil {
				return nil, err
			}
			if match[2*group] >= 0 {
				result = append(result, x.text[match[2*group]:match[2*group+1]]...)
			}
			if len(result) > x.limits.ValueBytes {
				return nil, x.checkValue(len(result))
			}
			i += length
		default:
			result = append(result, c)
		}
	}
	return result, nil
}

// groupAt parses the group after a $: a name in braces, or a number with as many digits as
// form the number of an existing group. It also returns the length of the parsed text.
func (x *regex) groupAt(rest string) (group, length int, err error) {
	if n := groupNameLength(rest); n > 0 {
		if group = x.Group(rest[1 : n-1]); group == 0 {
			return 0, 0, methodError("there is no group %s", quoted(rest[1:n-1]))
		}
		return group, n, nil
	}
	digitCount := runLength(rest, digits)
	if digitCount == 0 {
		return 0, 0, methodError("a $ in the replacement must be followed by the number or name of a group")
	}
	group = int(rest[0] - '0')
	if group > x.Groups() {
		return 0, 0, methodError("there is no group %d", group)
	}
	length = 1
	for length < digitCount && 10*group+int(rest[length]-'0') <= x.Groups() {
		group = 10*group + int(rest[length]-'0')
		length++
	}
	return group, length, nil
}

// groupNameLength returns the length of a name in braces, or 0 if there is none.
func groupNameLength(rest string) int {
	if len(rest) < 3 || rest[0] != '{' || !isLetter(rest[1]) {
		return 0
	}
	n := 1
	for n < len(rest) && (isLetter(rest[n]) || rest[n] >= '0' && rest[n] <= '9') {
		n++
	}
	if n == len(rest) || rest[n] != '}' {
		return 0
	}
	return n + 1
}

// split splits a text at the matches. Without a limit, it omits empty texts at the end.
func split(r *renderer, s, expression string, limit int) (Value, error) {
	x, err := r.compile(expression, s)
	if err != nil {
		return nil, err
	}
	list := &List{kind: array}
	end := 0
	err = x.eachMatch(func(match []int) (bool, error) {
		if limit > 0 && len(list.items) == limit-1 {
			return false, nil
		}
		if match[1] > 0 { // no empty text before an empty match at the beginning
			list.items = append(list.items, String(s[end:match[0]]))
			end = match[1]
		}
		return true, r.charge(valueSize)
	})
	if err != nil {
		return nil, err
	}
	matched := end > 0
	list.items = append(list.items, String(s[end:]))
	for limit == 0 && matched && len(list.items) > 0 && list.items[len(list.items)-1] == String("") {
		list.items = list.items[:len(list.items)-1]
	}
	return list, nil
}

var regexMethods = methods{
	"matches": {onText("s", func(r *renderer, s string, args []Value) (Value, error) { return matches(r, s, text(args[0])) })},
	"replaceAll": {onText("ss", func(r *renderer, s string, args []Value) (Value, error) {
		return replaceMatches(r, s, text(args[0]), text(args[1]), true)
	})},
	"replaceFirst": {onText("ss", func(r *renderer, s string, args []Value) (Value, error) {
		return replaceMatches(r, s, text(args[0]), text(args[1]), false)
	})},
	"split": {
		onText("s", func(r *renderer, s string, args []Value) (Value, error) { return split(r, s, text(args[0]), 0) }),
		onText("si", func(r *renderer, s string, args []Value) (Value, error) {
			return split(r, s, text(args[0]), int(number(args[1])))
		}),
	},
}
