package template

import "github.com/messagemedia/webhooks-go-sdk/internal/velocity"

// maxEscapes is the maximum number of escapes that strip removes.
const maxEscapes = 4

// escapesOf returns the methods of $esc that a reference calls, the outermost first.
func escapesOf(reference *velocity.Reference) []string {
	var methods []string
	for len(methods) < maxEscapes {
		call, ok := escapeCall(reference)
		if !ok || len(reference.Accessors) > 1 || len(call.Args) != 1 || !escapeMethods[call.Name] {
			return methods
		}
		methods = append(methods, call.Name)
		argument, ok := call.Args[0].(*velocity.Reference)
		if !ok {
			return methods
		}
		reference = argument
	}
	return methods
}

// strip returns the template without the outermost escapes of each value.
func strip(template *velocity.Template, escapes int) *velocity.Template {
	stripped := *template
	stripped.Nodes = stripNodes(template.Nodes, escapes)
	return &stripped
}

func stripNodes(nodes []velocity.Node, escapes int) []velocity.Node {
	stripped := make([]velocity.Node, len(nodes))
	for i, node := range nodes {
		stripped[i] = stripNode(node, escapes)
	}
	return stripped
}

func stripNode(node velocity.Node, escapes int) velocity.Node {
	switch n := node.(type) {
	case *velocity.Reference:
		return stripReference(n, escapes)
	case *velocity.If:
		stripped := *n
		stripped.Branches = make([]velocity.Branch, len(n.Branches))
		for i, branch := range n.Branches {
			branch.Body = stripNodes(branch.Body, escapes)
			stripped.Branches[i] = branch
		}
		stripped.Else = stripNodes(n.Else, escapes)
		return &stripped
	case *velocity.Foreach:
		stripped := *n
		stripped.Body = stripNodes(n.Body, escapes)
		return &stripped
	}
	return node
}

// stripReference removes escapes from a reference. If the argument is not a reference, such
// as a string, $esc.q.concat(…).substring(1) inserts it, which is null if it is not a text.
func stripReference(reference *velocity.Reference, escapes int) velocity.Node {
	stripped := *reference
	for range min(escapes, len(escapesOf(reference))) {
		call, _ := escapeCall(&stripped)
		argument, ok := call.Args[0].(*velocity.Reference)
		if !ok {
			stripped.Accessors = []velocity.Accessor{
				&velocity.Call{Position: call.Position, Name: "getQuote"},
				&velocity.Call{Position: call.Position, Name: "concat", Args: call.Args},
				&velocity.Call{Position: call.Position, Name: "substring", Args: []velocity.Node{&velocity.NumberLiteral{Position: call.Position, Value: velocity.Integer(1)}}},
			}
			return &stripped
		}
		quiet := stripped.Quiet
		stripped = *argument
		stripped.Position, stripped.Quiet = reference.Position, quiet
	}
	return &stripped
}
