package taint

import (
	"strconv"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

func itoa(i int64) string { return strconv.FormatInt(i, 10) }

// reference returns the possible values of a reference.
func (a *analysis) reference(n *velocity.Reference, s *state) value {
	return a.follow(n, len(n.Accessors), s)
}

// follow returns the value of a reference up to some of its accessors. It uses the facts of
// conditions.
func (a *analysis) follow(n *velocity.Reference, accessors int, s *state) value {
	path := n.Name
	v, known := s.facts[path]
	if !known {
		v = a.variable(n.Name, s)
	}
	for i, accessor := range n.Accessors[:accessors] {
		if !a.charge(1) {
			return value{}
		}
		path += accessorPath(accessor)
		changes := a.changes
		v = a.access(v, accessor, s)
		if a.changes != changes {
			s.forgetContents()
		}
		if fact, known := s.facts[path]; known {
			v = fact
		}
		if i == 0 && n.Name == "foreach" {
			v = join(v, number)
		}
	}
	return v
}

func (a *analysis) variable(name string, s *state) value {
	if v, known := s.variables[name]; known {
		return v
	}
	if name == "esc" {
		return objectOf(a.object("esc", "", escapeTool))
	}
	return value{}
}

func (a *analysis) access(v value, accessor velocity.Accessor, s *state) value {
	switch n := accessor.(type) {
	case *velocity.Property:
		return a.property(v, n.Name)
	case *velocity.Index:
		return a.element(v, a.evaluate(n.Argument, s))
	case *velocity.Call:
		args := make([]value, len(n.Args))
		for i, arg := range n.Args {
			args[i] = a.evaluate(arg, s)
		}
		return a.call(v, n, args)
	}
	return value{}
}

// property reads $x.name: a key of a map, or a getter of another object.
func (a *analysis) property(v value, name string) value {
	var result value
	for _, o := range v.objects {
		switch o.kind {
		case mapping, bean, entry:
			result = join(result, o.field(name))
		case loop:
			if name == "parent" || name == "topmost" {
				result = join(result, objectOf(o))
			}
			result = join(result, o.field(name))
		case escapeTool:
			result = join(result, a.constant("$esc."+name))
		}
	}
	return result
}

func (a *analysis) constant(reference string) value {
	if r := a.engine.constant(reference); r.defined {
		return literal(r.text)
	}
	return value{}
}

// element reads $x[key].
func (a *analysis) element(v, key value) value {
	var result value
	for _, o := range v.objects {
		if name, known := key.asLiteral(); known && o.kind != list {
			result = join(result, o.field(name))
		} else {
			result = join(result, o.contents())
		}
	}
	return result
}

// itemsOf returns the items of a loop. A text has none. On the platform, that depends on the
// method that returned the text.
func (a *analysis) itemsOf(v value) value {
	var items value
	for _, t := range v.texts {
		items = join(items, starred(t.star()))
	}
	for _, o := range v.objects {
		items = join(items, o.contents())
	}
	return items
}

// printed returns the rendered texts of a value.
func (a *analysis) printed(v value) []text {
	all := value{texts: v.texts}
	for _, o := range v.objects {
		if o.kind == escapeTool || o.kind == loop {
			continue
		}
		contents := a.flattened(objectOf(o), 0)
		all = join(all, value{texts: []text{{{star: contents}}}})
	}
	return all.texts
}

// maxNesting is the maximum depth of nested objects that are printed.
const maxNesting = 4

// flattened returns a star of everything that a value prints.
func (a *analysis) flattened(v value, depth int) *star {
	all := &star{}
	for _, t := range v.texts {
		all = union(all, t.star())
	}
	if depth > maxNesting || !a.charge(1+len(v.objects)) {
		return all
	}
	for _, o := range v.objects {
		all = union(all, newStar("", characters("[{=, }]")))
		all = union(all, a.flattened(o.contents(), depth+1))
		all = union(all, a.flattened(o.allKeys(), depth+1))
	}
	return all
}

// accessorPath returns a path element for an accessor. Equal accessors have equal elements.
func accessorPath(accessor velocity.Accessor) string {
	switch n := accessor.(type) {
	case *velocity.Property:
		return "." + n.Name
	case *velocity.Index:
		return "[" + nodePath(n.Argument) + "]"
	case *velocity.Call:
		args := make([]string, len(n.Args))
		for i, arg := range n.Args {
			args[i] = nodePath(arg)
		}
		return "." + n.Name + "(" + strings.Join(args, ",") + ")"
	}
	return ""
}

// nodePath returns a path element for an expression. An expression that is not a literal or a
// reference has a unique element, so that no fact applies to it.
func nodePath(node velocity.Node) string {
	switch n := node.(type) {
	case *velocity.Reference:
		return "$" + pathOf(n)
	case *velocity.StringLiteral:
		if !n.Interpolated {
			return strconv.Quote(n.Text)
		}
	case *velocity.NumberLiteral:
		if i, ok := n.Value.(velocity.Integer); ok {
			return itoa(int64(i))
		}
	}
	return "?" + node.Pos().String()
}

// pathOf returns the path of a reference. References with equal paths have equal values until
// a variable in the path is set.
func pathOf(n *velocity.Reference) string {
	path := n.Name
	for _, accessor := range n.Accessors {
		path += accessorPath(accessor)
	}
	return path
}

// mentions reports whether a path reads a variable.
func mentions(path, name string) bool {
	rest, found := strings.CutPrefix(path, name)
	if found && (rest == "" || strings.ContainsRune(".[", rune(rest[0]))) {
		return true
	}
	return strings.Contains(path, "$"+name)
}
