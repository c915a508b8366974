package velocity

import (
	"errors"
	"regexp"
	"regexp/syntax"
)

// What a regular expression may take: its own length, its size in instructions and
// its groups, both times the length of the text.
const (
	maxPattern  = 1000
	maxMatching = 1 << 24
	maxGroups   = 1 << 22
)

// compile reads a regular expression. Those of Go are most of Java's, without what
// can take forever.
func (r *renderer) compile(pattern string, textLength int) (*regexp.Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, failure(r.at, Limit, "a regular expression of more than %d bytes", maxPattern)
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, r.patternError(pattern, err)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, r.patternError(pattern, err)
	}
	work := len(program.Inst) * (textLength + 1)
	if work > maxMatching || program.NumCap*(textLength+1) > maxGroups {
		return nil, failure(r.at, Limit, "a regular expression that is too large for a text of %d bytes", textLength)
	}
	if err := r.charge(work + len(program.Inst)*bytesPerStep); err != nil {
		return nil, err
	}
	return regexp.Compile(pattern)
}

// patternError tells what Java does not know either from what only Go does not.
func (r *renderer) patternError(pattern string, err error) error {
	failed, ok := errors.AsType[*syntax.Error](err)
	if ok && (failed.Code == syntax.ErrInvalidPerlOp || failed.Code == syntax.ErrInvalidEscape) {
		return unsupported(r.at, "regular expression", "the regular expression %q is not supported: %v", pattern, err)
	}
	return methodError("the regular expression %q is wrong: %v", pattern, err)
}

func matches(r *renderer, s, pattern string) (Value, error) {
	expression, err := r.compile(pattern, len(s))
	if err != nil {
		return nil, err
	}
	expression.Longest() // if the whole text matches, it is the longest match
	match := expression.FindStringIndex(s)
	return Bool(match != nil && match[0] == 0 && match[1] == len(s)), nil
}

// replaceMatches replaces the first matches, all if the limit is negative.
func replaceMatches(r *renderer, s, pattern, replacement string, limit int) (Value, error) {
	expression, err := r.compile(pattern, len(s))
	if err != nil {
		return nil, err
	}
	var result []byte
	end := 0
	for _, match := range expression.FindAllStringSubmatchIndex(s, limit) {
		result = append(result, s[end:match[0]]...)
		if result, err = appendReplacement(result, s, replacement, match); err != nil {
			return nil, err
		}
		end = match[1]
		if len(result) > r.limits.ValueBytes {
			return nil, r.checkValue(len(result))
		}
	}
	result = append(result, s[end:]...)
	return String(result), r.checkValue(len(result))
}

// appendReplacement appends what stands for a match, in the notation of Java: $1 is
// a group, and a backslash takes the meaning from what follows it.
func appendReplacement(result []byte, s, replacement string, match []int) ([]byte, error) {
	for i := 0; i < len(replacement); i++ {
		switch c := replacement[i]; c {
		case '\\':
			if i++; i == len(replacement) {
				return nil, methodError("a replacement that ends with a backslash")
			}
			result = append(result, replacement[i])
		case '$':
			if runLength(replacement[i+1:], digits) == 0 {
				return nil, methodError("a $ in a replacement without the number of a group")
			}
			group := int(replacement[i+1] - '0')
			if 2*group+1 >= len(match) {
				return nil, methodError("there is no group %d", group)
			}
			if match[2*group] >= 0 {
				result = append(result, s[match[2*group]:match[2*group+1]]...)
			}
			i++
		default:
			result = append(result, c)
		}
	}
	return result, nil
}

// split cuts a text at the matches. Empty texts at the end are left out if there is
// no limit.
func split(r *renderer, s, pattern string, limit int) (Value, error) {
	expression, err := r.compile(pattern, len(s))
	if err != nil {
		return nil, err
	}
	list := &List{kind: array}
	end := 0
	for _, match := range expression.FindAllStringIndex(s, -1) {
		if limit > 0 && len(list.items) == limit-1 {
			break
		}
		if match[1] == 0 {
			continue
		}
		list.items = append(list.items, String(s[end:match[0]]))
		end = match[1]
	}
	matched := end > 0
	list.items = append(list.items, String(s[end:]))
	for limit == 0 && matched && len(list.items) > 0 && list.items[len(list.items)-1] == String("") {
		list.items = list.items[:len(list.items)-1]
	}
	return list, r.charge(len(list.items) * valueSize)
}

var regexMethods = methods{
	"matches": {onText("s", func(r *renderer, s string, args []Value) (Value, error) { return matches(r, s, text(args[0])) })},
	"replaceAll": {onText("ss", func(r *renderer, s string, args []Value) (Value, error) {
		return replaceMatches(r, s, text(args[0]), text(args[1]), -1)
	})},
	"replaceFirst": {onText("ss", func(r *renderer, s string, args []Value) (Value, error) {
		return replaceMatches(r, s, text(args[0]), text(args[1]), 1)
	})},
	"split": {
		onText("s", func(r *renderer, s string, args []Value) (Value, error) { return split(r, s, text(args[0]), 0) }),
		onText("si", func(r *renderer, s string, args []Value) (Value, error) {
			return split(r, s, text(args[0]), int(number(args[1])))
		}),
	},
}
