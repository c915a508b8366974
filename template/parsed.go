package template

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// parsedTemplate is the state of checking one template.
type parsedTemplate struct {
	*checker
	field     string
	template  *velocity.Template
	form      form
	assigned  map[string]bool                                  // variables that the template assigns
	derived   map[string]bool                                  // assigned variables whose values may be escaped
	repeated  map[string]bool                                  // names that the template writes twice
	keys      []string                                         // possible names of metadata
	diagnosed map[*velocity.Reference]bool                     // references with a problem from diagnose
	literal   map[*velocity.Reference][]messagemedia.EventType // event types for which a reference renders literally
	exposed   map[*velocity.Reference]bool                     // references through which untrusted input reaches the structure
	unquoted  map[*velocity.Reference]bool                     // references outside quotes
}

// parse parses a template. If the template is invalid, parse records why and returns nil.
func (c *checker) parse(field, text string) *parsedTemplate {
	if !c.goesOn(field) {
		return nil
	}
	parsed, err := velocity.Parse(text)
	if err != nil {
		c.addParseError(field, err)
		return nil
	}
	t := &parsedTemplate{
		checker: c, field: field, template: parsed, assigned: make(map[string]bool), derived: make(map[string]bool), repeated: make(map[string]bool),
		diagnosed: make(map[*velocity.Reference]bool), literal: make(map[*velocity.Reference][]messagemedia.EventType),
		exposed: make(map[*velocity.Reference]bool), unquoted: make(map[*velocity.Reference]bool),
	}
	t.readNames()
	return t
}

func (c *checker) addParseError(field string, err error) {
	failure, ok := errors.AsType[*velocity.Error](err)
	switch {
	case !ok:
		c.add(at(field, place{}, CodeSyntax, SeverityError, err.Error(), ""))
	case failure.Kind == velocity.Limit:
		c.add(at(field, failure.Position, CodeTooComplex, SeverityError, failure.Message+beyondLimits, ""))
	case failure.Kind == velocity.Unsupported:
		c.add(at(field, failure.Position, CodeUnsupported, SeverityError, failure.Message+", so nothing else was checked", "remove the directive"))
	default:
		c.add(at(field, failure.Position, CodeSyntax, SeverityError, failure.Message+": the platform can't parse the template, and every message is lost", ""))
	}
}

// beyondLimits ends the message for a template that exceeds a limit of the engine.
const beyondLimits = ", which exceeds a limit of this package; the platform's own limits are not documented"

// readNames collects the variables of #set and #foreach, and all names and texts that the
// template may use as names of metadata.
func (t *parsedTemplate) readNames() {
	const mostKeys, longestKey = 100, 100
	seen := make(map[string]bool)
	add := func(key string) {
		if len(t.keys) < mostKeys && len(key) <= longestKey && !seen[key] {
			seen[key] = true
			t.keys = append(t.keys, key)
		}
	}
	t.walk(func(node velocity.Node) {
		switch n := node.(type) {
		case *velocity.Set:
			t.assigned[n.Target.Name], t.derived[n.Target.Name] = true, true
		case *velocity.Foreach:
			t.assigned[n.Variable] = true
			if sequence, ok := n.Sequence.(*velocity.Reference); !ok || t.derived[sequence.Name] {
				t.derived[n.Variable] = true
			}
		case *velocity.Property:
			add(strings.TrimRight(n.Name, "-"))
		case *velocity.StringLiteral:
			add(n.Text)
		}
	})
}

// walk visits all nodes of a template.
func (t *parsedTemplate) walk(visit func(velocity.Node)) {
	t.template.Walk(func(node velocity.Node) bool {
		visit(node)
		return true
	})
}

// inspectAll inspects each reference of the template.
func (t *parsedTemplate) inspectAll() {
	t.walk(func(node velocity.Node) {
		if reference, ok := node.(*velocity.Reference); ok && !reference.Escaped {
			t.inspect(reference)
		}
	})
}

// checkInvisible records the first occurrence of each invisible character.
func (c *checker) checkInvisible(field, text string) {
	seen := make(map[rune]bool)
	at := place{Line: 1, Column: 1}
	for _, character := range text {
		if isInvisible(character) && !seen[character] {
			seen[character] = true
			c.add(Problem{Code: CodeInvisibleCharacter, Field: field, Line: at.Line, Column: at.Column, Severity: SeverityWarning,
				Message: fmt.Sprintf("invisible character %U becomes part of the payload, of a name or of the syntax", character), Suggestion: "delete it"})
		}
		at.Column++
		if character == '\n' {
			at.Line, at.Column = at.Line+1, 1
		}
	}
}

func isInvisible(c rune) bool {
	switch {
	case c == '\t', c == '\n', c == '\r', c == utf8.RuneError:
		return false
	case c == '\u00a0', c == '\u2028', c == '\u2029', c == '\u3164', c == '\uffa0':
		return true
	}
	return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) && c != '\u200d'
}

// short limits the length of a text for a message.
func short(source string) string {
	const longest = 120
	if len(source) <= longest {
		return source
	}
	return strings.ToValidUTF8(source[:longest], "") + "…"
}
