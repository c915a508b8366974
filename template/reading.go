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

// reading is a template that is being checked.
type reading struct {
	*checker
	field    string
	template *velocity.Template
	assigned map[string]bool                                  // the names that the template itself gives a value
	literal  map[*velocity.Reference][]messagemedia.EventType // where each rendered as it is written
}

// read parses a template and looks at each reference in it, wherever it stands. It
// returns nil when the template can't be rendered.
func (c *checker) read(field, text string) *reading {
	parsed, err := velocity.Parse(text)
	if err != nil {
		c.addParseError(field, err)
		return nil
	}
	r := &reading{c, field, parsed, assignedNames(parsed), make(map[*velocity.Reference][]messagemedia.EventType)}
	walk(parsed, func(node velocity.Node) {
		if reference, ok := node.(*velocity.Reference); ok {
			r.look(reference)
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
		c.add(field, place{}, Error, err.Error(), "")
	case failure.Kind == velocity.Unsupported:
		c.add(field, failure.Position, Error, failure.Message+", so nothing else can be checked here", "write it without")
	default:
		c.add(field, failure.Position, Error, failure.Message+": the platform can't read this, and every message is lost", "")
	}
}

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

func (r *reading) isKnown(name string) bool {
	return documented[name] || r.assigned[name] || slices.Contains(builtIn, name)
}

// look finds what can be told of a reference without rendering it.
func (r *reading) look(reference *velocity.Reference) {
	at, name := reference.Pos(), reference.Name
	if known, rest, hyphenated := r.cutHyphen(name); hyphenated {
		r.add(r.field, at, Warning, fmt.Sprintf("a hyphen belongs to the name: this reads the variable $%s", name), fmt.Sprintf("write ${%s}%s", known, rest))
		return
	}
	if !r.isKnown(name) {
		r.add(r.field, at, Warning, fmt.Sprintf("$%s is no documented variable, and renders as it is written unless the account has it", name), nearest(name))
	}
	if name == "type" && !r.assigned[name] {
		r.add(r.field, at, Warning, "$type is deprecated", "write $format")
	}
	if argument, unprotected := quietArgument(reference); unprotected {
		r.add(r.field, at, Warning,
			fmt.Sprintf("the ! does not protect: without $%s, %s renders as it is written", argument.Name, reference.Source),
			"write "+quiet(reference))
	}
}

// cutHyphen splits a name that is not known at the hyphen after one that is.
func (r *reading) cutHyphen(name string) (known, rest string, found bool) {
	if r.isKnown(name) {
		return "", "", false
	}
	for i := range name {
		if name[i] == '-' && r.isKnown(name[:i]) {
			return name[:i], name[i:], true
		}
	}
	return "", "", false
}

// quietArgument finds a quiet reference in the call of a reference that is not
// quiet, as in $esc.json($!x): the call is made with null, and written out.
func quietArgument(reference *velocity.Reference) (*velocity.Reference, bool) {
	if reference.Quiet || reference.Name != "esc" || len(reference.Accessors) == 0 {
		return nil, false
	}
	call, ok := reference.Accessors[0].(*velocity.Call)
	if !ok {
		return nil, false
	}
	for _, argument := range call.Args {
		if argument, ok := argument.(*velocity.Reference); ok && argument.Quiet {
			return argument, true
		}
	}
	return nil, false
}

// quiet is a reference as it is written to render nothing when there is nothing.
func quiet(reference *velocity.Reference) string {
	return "$!" + strings.TrimPrefix(reference.Source, "$")
}

// nearest advises a documented name that is at most two typing errors away.
func nearest(name string) string {
	best, least := "", 3
	for _, known := range slices.Sorted(maps.Keys(documented)) {
		if len(name) > len(known)+least || len(known) > len(name)+least {
			continue
		}
		if typos := distance(strings.ToLower(name), strings.ToLower(known)); typos < least {
			best, least = known, typos
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean $" + best + "?"
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
