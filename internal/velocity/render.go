package velocity

import (
	"context"
	"errors"
	"fmt"
)

// Options configure a rendering. The zero value is ready to use.
type Options struct {
	Limits Limits

	// Escape escapes the value of each reference that is inserted into the output. If nil,
	// values are not escaped.
	Escape func(string) string

	// Observe is called for each rendered reference, including those in interpolated
	// strings, with the inserted text, or as undefined.
	Observe func(reference *Reference, inserted string, defined bool)

	// Spent, if not nil, is set to the number of steps of the rendering.
	Spent *int
}

// Render renders the template with the variables, which may be nil. $esc is always
// defined. Errors are of type [*Error]. If ctx ends, the error wraps the context's error.
func (t *Template) Render(ctx context.Context, vars *Map, options Options) (string, error) {
	r := &renderer{
		template: t, ctx: ctx, variables: vars,
		limits: options.Limits.withDefaults(), escape: options.Escape, observe: options.Observe,
		slots:  make([]slot, len(t.names)),
		output: make([]byte, 0, t.size+t.size/2),
	}
	if options.Spent != nil {
		defer func() { *options.Spent = r.steps }()
	}
	err := r.checkContext()
	if err == nil {
		err = r.renderAll(t.Nodes)
	}
	if err != nil && !errors.Is(err, errStop) && !errors.Is(err, errBreak) {
		return "", err
	}
	return string(r.output), nil
}

// Sentinel errors that end rendering early without a failure.
var (
	errStop  = errors.New("#stop")
	errBreak = errors.New("#break")
)

// renderer renders a template once.
type renderer struct {
	template  *Template
	ctx       context.Context
	variables *Map
	limits    Limits
	escape    func(string) string
	observe   func(*Reference, string, bool)

	output  []byte
	slots   []slot
	at      Position // the position of the evaluated node
	steps   int
	args    []Value         // the arguments of the active calls
	scratch []byte          // the buffer of the active escape
	copied  map[Value]Value // the copies of lists and maps of the variables
	inText  int             // the nesting depth of interpolated strings
	breakTo *loop           // the loop that a #break ends, or nil for the innermost
}

// slot is a variable. It is loaded on first use.
type slot struct {
	value  Value
	loaded bool
}

// variable returns the value of a variable.
func (r *renderer) variable(index int) (Value, error) {
	s := &r.slots[index]
	if !s.loaded {
		value, err := r.load(r.template.names[index])
		if err != nil {
			return nil, err
		}
		*s = slot{value, true}
	}
	return s.value, nil
}

func (r *renderer) load(name string) (Value, error) {
	if name == "esc" {
		return escapes{}, nil
	}
	if r.variables == nil {
		return nil, nil
	}
	value := r.variables.Get(name)
	if !r.template.changes {
		return value, nil
	}
	if r.copied == nil {
		r.copied = make(map[Value]Value)
	}
	return r.copyValue(value)
}

func (r *renderer) setVariable(index int, value Value) {
	if index != noSlot {
		r.slots[index] = slot{value, true}
	}
}

func (r *renderer) renderAll(nodes []Node) error {
	for _, node := range nodes {
		if err := r.render(node); err != nil {
			return err
		}
	}
	return nil
}

func (r *renderer) render(node Node) error {
	r.at = node.Pos()
	if err := r.step(); err != nil {
		return err
	}
	switch n := node.(type) {
	case *Text:
		return r.write(n.Text)
	case *Reference:
		return r.renderReference(n)
	case *If:
		return r.renderIf(n)
	case *Foreach:
		return r.renderForeach(n)
	case *Set:
		return r.set(n)
	case *Unknown:
		return r.write(n.Source)
	case *Break:
		return r.breakOut(n)
	case *Stop:
		return errStop
	}
	return nil
}

// write appends text to the output.
func (r *renderer) write(text string) error {
	if err := r.checkOutput(len(r.output) + len(text)); err != nil {
		return err
	}
	r.output = append(r.output, text...)
	return r.charge(len(text))
}

func (r *renderer) checkOutput(length int) error {
	if r.inText == 0 && length > r.limits.OutputBytes {
		return failure(r.at, Limit, "more than %d bytes of output", r.limits.OutputBytes)
	}
	if r.inText > 0 && length > r.limits.OutputBytes+r.limits.ValueBytes {
		return failure(r.at, Limit, "a value of more than %d bytes", r.limits.ValueBytes)
	}
	return nil
}

// renderReference writes the value of a reference, or its source if it has none.
func (r *renderer) renderReference(n *Reference) error {
	value, err := r.reference(n)
	if err != nil {
		return err
	}
	if value == nil && r.observe != nil {
		r.observe(n, "", false)
	}
	switch {
	case n.Escaped && value == nil:
		return r.writeAll(n.slashes, `\`, n.Source)
	case n.Escaped:
		return r.writeAll(n.slashes, n.Source)
	case value == nil && n.Quiet:
		return r.writeAll(n.slashes, n.slashes, n.prefix)
	case value == nil:
		return r.writeAll(n.slashes, n.slashes, n.prefix, n.Source)
	}
	text, err := r.textOf(value)
	if err != nil {
		return err
	}
	if r.escape != nil && r.inText == 0 {
		text = r.escape(text)
	}
	if r.observe != nil && r.inText == 0 {
		r.observe(n, text, true)
	}
	return r.writeAll(n.slashes, n.prefix, text)
}

func (r *renderer) writeAll(texts ...string) error {
	for _, text := range texts {
		if text == "" {
			continue
		}
		if err := r.write(text); err != nil {
			return err
		}
	}
	return nil
}

func (r *renderer) renderIf(n *If) error {
	for _, branch := range n.Branches {
		yes, err := r.condition(branch.Condition)
		if err != nil {
			return err
		}
		if yes {
			return r.renderAll(branch.Body)
		}
	}
	return r.renderAll(n.Else)
}

// set assigns a value to a variable, a property or an element. It ignores null.
func (r *renderer) set(n *Set) error {
	value, err := r.evaluate(n.Value)
	if value == nil || err != nil {
		return err
	}
	target := n.Target
	if len(target.Accessors) == 0 {
		if !target.Formal && !target.Quiet { // otherwise Velocity sets a variable with another name
			r.setVariable(target.slot, value)
		}
		return nil
	}
	last := len(target.Accessors) - 1
	owner, err := r.follow(target, target.Accessors[:last])
	if owner == nil || err != nil {
		return err
	}
	return r.assign(owner, target.Accessors[last], value)
}

// assign sets a property or an element of a value.
func (r *renderer) assign(owner Value, accessor Accessor, value Value) error {
	var key Value
	switch a := accessor.(type) {
	case *Property:
		key = String(a.Name)
	case *Index:
		var err error
		if key, err = r.indexArgument(owner, a); err != nil {
			return err
		}
	default:
		return nil
	}
	switch owner := owner.(type) {
	case *Map:
		owner.put(key, value)
	case *loop:
		owner.keep(key, value)
	case *List:
		if index, ok := key.(Integer); ok && owner.indexed() {
			if !owner.has(index) {
				return &Error{Position: r.at, Kind: Method, Name: "set", Message: fmt.Sprintf("set: index %d of a list of %d", index, len(owner.items))}
			}
			owner.items[index] = value
		}
	}
	return nil
}

func (l *loop) keep(key, value Value) {
	if l.kept == nil {
		l.kept = NewMap()
	}
	l.kept.put(key, value)
}

func (l *List) has(index Integer) bool { return index >= 0 && index < Integer(len(l.items)) }

func (r *renderer) outOfRange(index Integer, list *List) error {
	return failure(r.at, Render, "index %d of a list of %d", index, len(list.items))
}

// breakOut ends a loop.
func (r *renderer) breakOut(n *Break) error {
	r.breakTo = nil
	if n.Scope != nil {
		scope, err := r.evaluate(n.Scope)
		if err != nil {
			return err
		}
		var ok bool
		if r.breakTo, ok = scope.(*loop); !ok {
			return failure(n.Position, Render, "the argument of #break is not a loop, such as $foreach")
		}
	}
	return errBreak
}
