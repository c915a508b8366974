package taint

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// Finding is a reference through which a text can mean something else than itself.
type Finding struct {
	Reference *velocity.Reference
	Kind      Kind

	// Layers are the formats that the text stands in, the outermost first, up to the one
	// that it breaks.
	Layers []Format

	// Origin is where the text comes from, as "$moContent", empty if nobody but the
	// platform wrote it.
	Origin string

	// Character is what breaks the format: a character, or what became of one.
	Character string
}

// Variables are those that an event has.
type Variables struct {
	Present map[string]Source

	// Absent are those that the event does not have. All others may be there.
	Absent map[string]bool
}

// ErrTooComplex is returned for a template that can't be followed within its steps.
var ErrTooComplex = errors.New("taint: more steps than allowed")

// Result is what was found in a template.
type Result struct {
	Findings []Finding

	// Reached are the references that can be rendered, whatever they insert.
	Reached map[*velocity.Reference]bool

	// Unquoted are those that can stand where no text is expected, as a number does in JSON.
	Unquoted map[*velocity.Reference]bool

	// Steps is how much work it was.
	Steps int
}

// Analyze follows a template. It takes time in proportion to its steps, of which there
// are about ten for each node of an ordinary template. If they do not suffice, the error
// is [ErrTooComplex], and if the context ends, its error.
func Analyze(ctx context.Context, template *velocity.Template, format Format, variables Variables, steps int) (*Result, error) {
	a := &analysis{
		ctx: ctx, limit: steps, variables: variables,
		engine:  &engine{ctx: ctx, parsed: make(map[string]*velocity.Template)},
		symbols: symbolsOf(template), memo: make(map[call]*star), objects: make(map[objectKey]*object),
		breaches: make(map[breachKey]cachedBreach), found: make(map[*velocity.Reference]Finding),
		reached: make(map[*velocity.Reference]bool), unquoted: make(map[*velocity.Reference]bool), patterns: make(map[string]*pattern),
	}
	a.sources()
	state := &state{variables: a.initial(), facts: make(map[string]value), places: map[position]bool{start(format): true}}
	a.all(template.Nodes, state)
	result := &Result{Reached: a.reached, Unquoted: a.unquoted, Steps: a.steps}
	for _, reference := range a.order {
		result.Findings = append(result.Findings, a.found[reference])
	}
	return result, a.err
}

// analysis follows a template once.
type analysis struct {
	ctx       context.Context
	variables Variables
	engine    *engine
	symbols   []string
	steps     int
	limit     int
	err       error // why it ended early

	memo     map[call]*star
	patterns map[string]*pattern
	objects  map[objectKey]*object
	changes  int      // how often something was put into an object
	inLoop   int      // how many loops the analysis is in
	breaks   []*state // as they are at each #break of the loop
	breaches map[breachKey]cachedBreach

	stars    map[Source]*star
	found    map[*velocity.Reference]Finding
	order    []*velocity.Reference // of found
	reached  map[*velocity.Reference]bool
	unquoted map[*velocity.Reference]bool
}

// objectKey is what makes an object one: the node where it arises, and which it is there.
type objectKey struct {
	node any
	name string
}

// charge counts steps, and reports whether the analysis goes on.
func (a *analysis) charge(steps int) bool {
	const stepsPerLook = 1 << 10
	if a.err == nil && (a.steps+steps)/stepsPerLook != a.steps/stepsPerLook {
		a.err = a.ctx.Err()
	}
	a.steps += steps
	if a.err == nil && a.steps > a.limit {
		a.err = ErrTooComplex
	}
	return a.err == nil
}

// state is what is known at one point of a template.
type state struct {
	variables map[string]value
	facts     map[string]value  // what conditions say of references, by their path
	places    map[position]bool // where the output may stand
	inText    bool              // the output is a string of the template
	texts     []text            // what that string may be so far
	ended     bool              // #stop: nothing follows
}

func (s *state) clone() *state {
	c := *s
	c.variables, c.facts, c.places = maps.Clone(s.variables), maps.Clone(s.facts), maps.Clone(s.places)
	return &c
}

// merge makes a state one of two.
func (a *analysis) merge(s, other *state) {
	switch {
	case other.ended:
		return
	case s.ended:
		*s = *other
		return
	}
	a.charge(len(other.variables) + len(other.places))
	for name, v := range other.variables {
		if before, known := s.variables[name]; !known || !v.within(before) {
			s.variables[name] = join(before, v)
		}
	}
	for path, v := range s.facts {
		if o, known := other.facts[path]; !known || !o.equal(v) {
			delete(s.facts, path)
		}
	}
	maps.Copy(s.places, other.places)
	s.texts = join(value{texts: s.texts}, value{texts: other.texts}).texts
}

// equal reports whether nothing new is known in another state.
func (s *state) equal(other *state) bool {
	return s.ended == other.ended &&
		maps.EqualFunc(s.variables, other.variables, value.equal) && maps.Equal(s.places, other.places) &&
		(value{texts: s.texts}).equal(value{texts: other.texts})
}

// all follows nodes in their order.
func (a *analysis) all(nodes []velocity.Node, s *state) {
	for _, node := range nodes {
		if s.ended || !a.charge(1+len(s.places)) {
			return
		}
		a.node(node, s)
	}
}

func (a *analysis) node(node velocity.Node, s *state) {
	switch n := node.(type) {
	case *velocity.Text:
		a.write(s, n.Text)
	case *velocity.Unknown:
		a.write(s, n.Source)
	case *velocity.Reference:
		a.insert(n, s)
	case *velocity.Set:
		a.set(n, s)
	case *velocity.If:
		a.branches(n, s)
	case *velocity.Foreach:
		a.foreach(n, s)
	case *velocity.Break:
		if !s.inText { // what follows in a string is followed as if it were rendered
			a.breaks = append(a.breaks, s.clone())
			s.ended = true
		}
	case *velocity.Stop:
		s.ended = true
	}
}

// write outputs a text of the template itself.
func (a *analysis) write(s *state, written string) {
	if s.inText {
		a.append(s, []text{{{literal: written}}})
		return
	}
	a.charge(len(written) * len(s.places) / 8)
	places := make(map[position]bool, len(s.places))
	for place := range s.places {
		place.write(written)
		places[place] = true
	}
	s.places = limited(places)
}

// limited drops the inner layers of positions of which there are too many.
func limited(places map[position]bool) map[position]bool {
	const most = 16
	for depth := maxLayers - 1; depth > 0 && len(places) > most; depth-- {
		fewer := make(map[position]bool)
		for place := range places {
			fewer[place.outermost(depth-1)] = true
		}
		places = fewer
	}
	return places
}

// branches follows each branch of an #if for itself.
func (a *analysis) branches(n *velocity.If, s *state) {
	rest := s.clone() // as it is where no condition held so far
	var after *state
	leave := func(branch *state) {
		branch.facts = s.factsAfter(branch)
		if after == nil {
			after = branch
		} else {
			a.merge(after, branch)
		}
	}
	for _, branch := range n.Branches {
		if rest.ended || !a.charge(len(rest.variables)) {
			break
		}
		a.evaluate(branch.Condition, rest)
		if a.isAbsent(branch.Condition, rest) {
			continue
		}
		taken := rest.clone()
		a.assume(branch.Condition, true, taken)
		a.all(branch.Body, taken)
		leave(taken)
		a.assume(branch.Condition, false, rest)
	}
	a.all(n.Else, rest)
	ended := after == nil || after.ended // what is left can say what the branches did not
	if ended {
		facts := rest.facts
		leave(rest)
		if !rest.ended {
			after.facts = facts
		}
	} else {
		leave(rest)
	}
	*s = *after
}

// factsAfter are the facts from before a branch that hold behind it.
func (s *state) factsAfter(branch *state) map[string]value {
	facts := make(map[string]value)
	for path, v := range s.facts {
		if now, known := branch.facts[path]; known && now.equal(v) {
			facts[path] = v
		}
	}
	return facts
}

// foreach follows the body until nothing new comes out of it.
func (a *analysis) foreach(n *velocity.Foreach, s *state) {
	if n.Sequence == nil || a.isAbsent(n.Sequence, s) {
		return
	}
	outer := a.breaks
	a.inLoop++
	defer func() { a.inLoop, a.breaks = a.inLoop-1, outer }()
	sequence := a.evaluate(n.Sequence, s)
	items := a.itemsOf(sequence)
	scope := maps.Clone(s.variables)
	for {
		before, changes := s.clone(), a.changes
		turn := s.clone()
		turn.forget(n.Variable)
		turn.variables[n.Variable] = items
		turn.variables["foreach"] = objectOf(a.object(n, "foreach", loop))
		turn.variables["velocityCount"] = number
		turn.variables["velocityHasNext"] = boolean
		a.breaks = nil
		a.all(n.Body, turn)
		for _, end := range append(a.breaks, turn) {
			end.restore(scope, n.Variable)
			a.merge(s, end)
		}
		items = a.itemsOf(sequence)
		if a.err != nil || a.changes == changes && s.equal(before) {
			return
		}
	}
}

// restore gives back to the variables of a loop what they had before it.
func (s *state) restore(before map[string]value, variable string) {
	s.forget(variable)
	for _, name := range []string{variable, "foreach", "velocityCount", "velocityHasNext"} {
		delete(s.variables, name)
		if v, known := before[name]; known {
			s.variables[name] = v
		}
	}
}

// forget drops what is known of a variable by conditions.
func (s *state) forget(name string) {
	maps.DeleteFunc(s.facts, func(path string, _ value) bool { return mentions(path, name) })
}

// forgetContents drops what is known of what is in objects.
func (s *state) forgetContents() {
	maps.DeleteFunc(s.facts, func(path string, _ value) bool { return strings.ContainsAny(path, ".[") })
}
