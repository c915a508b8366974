package velocity

// Template is a parsed template. It never changes, and any number of goroutines
// can render it at once.
type Template struct {
	// Nodes are the template.
	Nodes []Node

	size    int      // in bytes
	names   []string // of the variables, by slot
	changes bool     // something in it may change a list or a map

	foreachSlot, countSlot, hasNextSlot int
}

// noSlot is the slot of a variable that the template does not read.
const noSlot = -1

// maxTemplate is the longest template, in bytes.
const maxTemplate = 1 << 20

// Parse reads a template of up to 1 MiB. The error is an [*Error] of the kind Syntax,
// Unsupported or Limit.
//
// The time is in proportion to the length: BenchmarkHostile measured up to 240 ns per
// byte, 15 ms for 64 KiB.
func Parse(text string) (*Template, error) {
	if len(text) > maxTemplate {
		return nil, failure(Position{Line: 1, Column: 1}, Limit, "a template of more than %d bytes", maxTemplate)
	}
	p := newParser(text, Position{Line: 1, Column: 1}, &variables{slots: make(map[string]int)})
	nodes, err := p.template()
	if err != nil {
		return nil, err
	}
	v := p.variables
	return &Template{
		Nodes: nodes, size: len(text), names: v.names, changes: v.changes,
		foreachSlot: v.find("foreach"), countSlot: v.find("velocityCount"), hasNextSlot: v.find("velocityHasNext"),
	}, nil
}

// Walk visits all nodes of the template, see [Walk].
func (t *Template) Walk(visit func(Node) bool) { walkAll(t.Nodes, visit) }

// variables are the names that a template reads or sets, each with a slot.
type variables struct {
	slots   map[string]int
	names   []string
	changes bool
}

func (v *variables) slot(name string) int {
	slot, known := v.slots[name]
	if !known {
		slot = len(v.names)
		v.slots[name] = slot
		v.names = append(v.names, name)
	}
	return slot
}

func (v *variables) find(name string) int {
	if slot, known := v.slots[name]; known {
		return slot
	}
	return noSlot
}
