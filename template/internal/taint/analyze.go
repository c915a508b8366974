package taint

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// Finding is a reference through which a text can change the structure of the payload.
type Finding struct {
	Reference *velocity.Reference
	Kind      Kind

	// Layers are the nested formats around the text, the outermost first, up to the one that
	// it breaks.
	Layers []Format

	// Origin is the source of the text, such as "$moContent". It is empty if only the
	// platform wrote the text.
	Origin string

	// Character is the character that breaks the format, or the text that replaced it.
	Character string
}

// Variables are the variables of an event.
type Variables struct {
	Present map[string]Source

	// Absent are the variables that the event never has. All others may be defined.
	Absent map[string]bool
}

// ErrTooComplex is the error of Analyze if the steps do not suffice.
var ErrTooComplex = errors.New("taint: more steps than allowed")

// Result is the result of Analyze.
type Result struct {
	Findings []Finding

	// Reached are the references that can be rendered.
	Reached map[*velocity.Reference]bool

	// Unquoted are the references that can be outside quotes, like a number in JSON.
	Unquoted map[*velocity.Reference]bool

	// Steps is the number of steps that the analysis took.
	Steps int
}

// Analyze analyzes a template. Its time is proportional to its steps, about ten for each node
// of an ordinary template. If steps do not suffice, the error is [ErrTooComplex]. If ctx ends,
// it is the error of ctx.
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

// analysis is the state of one call of Analyze.
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
	changes  int      // number of changes of objects
	inLoop   int      // depth of nested loops
	breaks   []*state // states at each #break of the loop
	breaches map[breachKey]cachedBreach

	stars    map[Source]*star
	found    map[*velocity.Reference]Finding
	order    []*velocity.Reference // of found
	reached  map[*velocity.Reference]bool
	unquoted map[*velocity.Reference]bool
}

// objectKey identifies an object by the node that creates it and a name.
type objectKey struct {
	node any
	name string
}

// charge counts steps, and reports whether the analysis can continue.
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

// state is the knowledge at one point of a template.
type state struct {
	variables map[string]value
	facts     map[string]value  // values of references that conditions imply, by their path
	places    map[position]bool // possible positions of the output
	inText    bool              // the output is a string of the template
	texts     []text            // possible values of that string so far
	ended     bool              // after #stop or #break
}

func (s *state) clone() *state {
	c := *s
	c.variables, c.facts, c.places = maps.Clone(s.variables), maps.Clone(s.facts), maps.Clone(s.places)
	return &c
}

// merge merges another state into s.
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

// equal reports whether two states are equal, apart from their facts.
func (s *state) equal(other *state) bool {
	return s.ended == other.ended &&
		maps.EqualFunc(s.variables, other.variables, value.equal) && maps.Equal(s.places, other.places) &&
		(value{texts: s.texts}).equal(value{texts: other.texts})
}

// all analyzes nodes in order.
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
		if !s.inText { // in a string, the analysis continues after a #break
			a.breaks = append(a.breaks, s.clone())
			s.ended = true
		}
	case *velocity.Stop:
		s.ended = true
	}
}

// write outputs a literal text of the template.
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

// limited drops inner layers of positions until there are few enough.
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

// branches analyzes each branch of an #if separately.
func (a *analysis) branches(n *velocity.If, s *state) {
	rest := s.clone() // the state if no condition held so far
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
	ended := after == nil || after.ended // then only the rest continues, with its facts
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

// factsAfter returns the facts of s that still hold after a branch.
func (s *state) factsAfter(branch *state) map[string]value {
	facts := make(map[string]value)
	for path, v := range s.facts {
		if now, known := branch.facts[path]; known && now.equal(v) {
			facts[path] = v
		}
	}
	return facts
}

// foreach repeats the analysis of the body up to a fixed point.
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

// restore restores the values that the variables of a loop had before it.
func (s *state) restore(before map[string]value, variable string) {
	s.forget(variable)
	for _, name := range []string{variable, "foreach", "velocityCount", "velocityHasNext"} {
		delete(s.variables, name)
		if v, known := before[name]; known {
			s.variables[name] = v
		}
	}
}

// forget drops the facts about a variable.
func (s *state) forget(name string) {
	maps.DeleteFunc(s.facts, func(path string, _ value) bool { return mentions(path, name) })
}

// forgetContents drops the facts about the contents of objects.
func (s *state) forgetContents() {
	maps.DeleteFunc(s.facts, func(path string, _ value) bool { return strings.ContainsAny(path, ".[") })
}
