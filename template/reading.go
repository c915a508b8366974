package template

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// parsedTemplate is a template that is being checked.
type parsedTemplate struct {
	*checker
	field     string
	template  *velocity.Template
	assigned  map[string]bool                                  // the names that the template itself gives a value
	keys      []string                                         // the names by which it may ask for metadata
	diagnosed map[*velocity.Reference]bool                     // those that looking at them has told enough of
	literal   map[*velocity.Reference][]messagemedia.EventType // where each rendered as it is written
}

// parse parses a template and looks at each reference in it, wherever it stands. It
// returns nil when the template can't be rendered.
func (c *checker) parse(field, text string) *parsedTemplate {
	parsed, err := velocity.Parse(text)
	if err != nil {
		c.addParseError(field, err)
		return nil
	}
	r := &parsedTemplate{
		c, field, parsed, assignedNames(parsed), askedKeys(parsed),
		make(map[*velocity.Reference]bool), make(map[*velocity.Reference][]messagemedia.EventType),
	}
	walk(parsed, func(node velocity.Node) {
		if reference, ok := node.(*velocity.Reference); ok {
			r.inspect(reference)
		}
	})
	return r
}

// walk visits all nodes of a template.
func walk(template *velocity.Template, visit func(velocity.Node)) {
	for _, node := range template.Nodes {
		velocity.Walk(node, func(node velocity.Node) bool {
			visit(node)
			return true
		})
	}
}

func (c *checker) addParseError(field string, err error) {
	failure, ok := errors.AsType[*velocity.Error](err)
	switch {
	case !ok:
		c.add(field, place{}, SeverityError, err.Error(), "")
	case failure.Kind == velocity.Limit:
		c.add(field, failure.Position, SeverityError, failure.Message+beyondLimits, "")
	case failure.Kind == velocity.Unsupported:
		c.add(field, failure.Position, SeverityError, failure.Message+", so nothing else can be checked here", "write it without")
	default:
		c.add(field, failure.Position, SeverityError, failure.Message+": the platform can't read this, and every message is lost", "")
	}
}

// beyondLimits follows what is more than the engine allows.
const beyondLimits = ", which is more than is rendered here; the platform's own limits are not documented"

// assignedNames are the variables of #set and #foreach.
func assignedNames(template *velocity.Template) map[string]bool {
	names := make(map[string]bool)
	walk(template, func(node velocity.Node) {
		switch n := node.(type) {
		case *velocity.Set:
			names[n.Target.Name] = true
		case *velocity.Foreach:
			names[n.Variable] = true
		}
	})
	return names
}

// askedKeys are all names and texts in a template: each may be one of the metadata.
func askedKeys(template *velocity.Template) []string {
	var keys []string
	walk(template, func(node velocity.Node) {
		switch n := node.(type) {
		case *velocity.Property:
			keys = append(keys, strings.TrimRight(n.Name, "-"))
		case *velocity.StringLiteral:
			keys = append(keys, n.Text)
		}
	})
	return keys
}

// builtIn are the variables that are there without an event.
var builtIn = []string{"esc", "foreach", "velocityCount", "velocityHasNext", "null"}

// documented are all variables that an event of some type has.
var documented = func() map[string]bool {
	names := make(map[string]bool)
	for _, eventType := range documentedTypes {
		event, _ := Sample(eventType)
		for variable := range platform.Variables(event, 0).All() {
			names[string(variable.Key.(velocity.String))] = true
		}
	}
	return names
}()

func (r *parsedTemplate) isKnown(name string) bool {
	return documented[name] || r.assigned[name] || slices.Contains(builtIn, name)
}

// inspect finds what can be told of a reference without rendering it.
func (r *parsedTemplate) inspect(reference *velocity.Reference) {
	if message, suggestion := r.diagnose(reference); message != "" {
		r.diagnosed[reference] = true
		r.add(r.field, reference.Pos(), SeverityWarning, message, suggestion)
	}
	if reference.Name == "type" && !r.assigned["type"] {
		r.add(r.field, reference.Pos(), SeverityWarning, "$type is deprecated", "write $format")
	}
}

// diagnose says why a reference does not mean what it seems to.
func (r *parsedTemplate) diagnose(reference *velocity.Reference) (message, suggestion string) {
	if meant, hyphenated := r.cutHyphen(reference); hyphenated {
		return "a hyphen belongs to the name: this does not read $" + meant, "write " + bracedForm(reference, meant)
	}
	if name := reference.Name; !r.isKnown(name) {
		return fmt.Sprintf("$%s is no documented variable, and renders as it is written unless the account has it", name), didYouMean("$", name, documented)
	}
	call, isEscape := escapeCall(reference)
	switch argument, unprotected := quietArgument(reference); {
	case !isEscape:
		return "", ""
	case len(call.Args) > 0 && !escapes[call.Name]:
		return fmt.Sprintf("$esc.%s is no documented method: the call renders as it is written, or as nothing where it is quiet", call.Name), didYouMean("$esc.", call.Name, escapes)
	case len(call.Args) != 1 && escapes[call.Name]:
		return fmt.Sprintf("$esc.%s takes one text, not %d: the call renders as it is written, or as nothing where it is quiet", call.Name, len(call.Args)), ""
	case unprotected:
		return fmt.Sprintf("the ! does not protect: without $%s, %s renders as it is written", argument.Name, reference.Source), "write " + quietForm(reference)
	}
	return "", ""
}

// cutHyphen finds what was meant by a reference that has a hyphen for a part of its
// last name: a variable that is known, or what stands before a hyphen at the end.
func (r *parsedTemplate) cutHyphen(reference *velocity.Reference) (meant string, found bool) {
	name := reference.Name
	for i := range name {
		if name[i] == '-' && r.isKnown(name[:i]) && !r.isKnown(name) {
			return name[:i], true
		}
	}
	return strings.CutSuffix(bare(reference), "-")
}

func withoutSigns(reference *velocity.Reference) string {
	return strings.TrimLeft(reference.Source, "$!")
}

// bare is a reference without its signs and braces.
func bare(reference *velocity.Reference) string {
	text := withoutSigns(reference)
	if reference.Formal {
		text = strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}")
	}
	return text
}

// bracedForm is a reference that ends where it was meant to: what follows is text.
func bracedForm(reference *velocity.Reference, meant string) string {
	sign := "$"
	if reference.Quiet {
		sign = "$!"
	}
	return sign + "{" + meant + "}" + strings.TrimPrefix(bare(reference), meant)
}

// escapes are the methods of $esc that make a text safe somewhere.
var escapes = map[string]bool{"json": true, "html": true, "xml": true, "java": true, "javascript": true, "url": true, "sql": true}

// escapeCall is the call of a method of $esc.
func escapeCall(reference *velocity.Reference) (*velocity.Call, bool) {
	if reference.Name != "esc" || len(reference.Accessors) == 0 {
		return nil, false
	}
	call, ok := reference.Accessors[0].(*velocity.Call)
	return call, ok
}

// subject is what a reference is about: what $esc escapes, or else itself.
func subject(reference *velocity.Reference) *velocity.Reference {
	call, ok := escapeCall(reference)
	if !ok || len(call.Args) != 1 {
		return reference
	}
	if argument, ok := call.Args[0].(*velocity.Reference); ok {
		return subject(argument)
	}
	return reference
}

// quietArgument finds a quiet reference in the call of a reference that is not
// quiet, as in $esc.json($!x): the call is made with null, and written out.
func quietArgument(reference *velocity.Reference) (*velocity.Reference, bool) {
	call, ok := escapeCall(reference)
	if !ok || reference.Quiet {
		return nil, false
	}
	for _, argument := range call.Args {
		if argument, ok := argument.(*velocity.Reference); ok && argument.Quiet {
			return argument, true
		}
	}
	return nil, false
}

// quietForm is a reference as it is written to render nothing when there is nothing.
func quietForm(reference *velocity.Reference) string {
	return "$!" + strings.TrimPrefix(reference.Source, "$")
}

// didYouMean advises a name that is at most two typing errors away.
func didYouMean(prefix, name string, known map[string]bool) string {
	best, least := "", 3
	for _, candidate := range slices.Sorted(maps.Keys(known)) {
		if len(name) > len(candidate)+least || len(candidate) > len(name)+least {
			continue
		}
		if typos := distance(strings.ToLower(name), strings.ToLower(candidate)); typos < least {
			best, least = candidate, typos
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean " + prefix + best + "?"
}

// distance counts the letters that differ, are missing or are too many.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
