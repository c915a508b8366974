package velocity

// Node is a node of the syntax tree.
type Node interface {
	// Pos returns the position of the node's first character.
	Pos() Position
	node()
}

// Text is text that renders literally. An escaped directive such as `\#if` loses its
// backslash.
type Text struct {
	Position
	Text string
}

// Comment is a comment. It renders as nothing.
type Comment struct{ Position }

// Reference is a reference to a value, such as `$!{event.name}`.
type Reference struct {
	Position

	// Name is the name of the variable.
	Name string

	// Quiet reports whether the reference has a `!`. If it has no value, it then renders as
	// nothing.
	Quiet bool

	// Formal reports whether the reference has braces.
	Formal bool

	// Escaped reports whether an odd number of backslashes precedes the reference. It then
	// renders literally, without one of the backslashes if it has a value.
	Escaped bool

	// Source is the source text of the reference, without backslashes. If the reference has
	// no value, it renders as Source.
	Source string

	// Accessors are the steps from the variable to the value, in order.
	Accessors []Accessor

	slashes string // the rendering of the preceding backslashes
	prefix  string // other text in the token, such as the first `$` of `$$x`
	slot    int    // the variable's slot, or noSlot if it can't have a value
}

// Accessor is a step from one value to another: a *Property, *Index or *Call.
type Accessor interface {
	Node
	accessor()
}

// Property reads a property, as in `$x.name`.
type Property struct {
	Position
	Name string
}

// Index reads an element, as in `$x[0]` and `$x['name']`.
type Index struct {
	Position
	Argument Node
}

// Call calls a method, as in `$x.substring(0, 5)`.
type Call struct {
	Position
	Name string
	Args []Node
}

// If is `#if` with its `#elseif` branches. The first branch with a true condition renders.
type If struct {
	Position
	Branches []Branch

	// Else is the block after `#else`, or nil.
	Else []Node
}

// Branch is a condition and the block that renders if the condition is true.
type Branch struct {
	Position
	Condition Node
	Body      []Node
}

// Foreach is `#foreach`. The body renders once for each element.
type Foreach struct {
	Position

	// Variable is the name of the loop variable. It is empty if the first argument is not a
	// reference.
	Variable string

	// Sequence is the expression to iterate over, or nil if the directive has none.
	Sequence Node

	Body []Node
	slot int
}

// Set is `#set`. It assigns a value if the value is not null.
type Set struct {
	Position
	Target *Reference
	Value  Node
}

// Break is `#break`. It ends the innermost loop, or the loop whose `$foreach` is its
// argument.
type Break struct {
	Position
	Scope Node // nil for the innermost loop
}

// Stop is `#stop`. It ends the rendering without an error.
type Stop struct{ Position }

// Unknown is an unknown directive. It renders literally.
type Unknown struct {
	Position
	Name   string
	Source string
}

// StringLiteral is a string. A string in double quotes that contains `$` or `#` is itself
// a template.
type StringLiteral struct {
	Position

	// Text is the text between the quotes.
	Text string

	// Interpolated reports whether the string is a template. Parts are its nodes.
	Interpolated bool
	Parts        []Node

	cut bool // the last rendered character was added by the parser
}

// NumberLiteral is a number: an Integer, or a Float if it has a point or an exponent.
type NumberLiteral struct {
	Position
	Value Value
}

// BoolLiteral is true or false.
type BoolLiteral struct {
	Position
	Value bool
}

// ListLiteral is a list, as in `[1, $x]`.
type ListLiteral struct {
	Position
	Items []Node
}

// MapLiteral is a map, as in `{"key": $x}`. Keys and Values have equal lengths.
type MapLiteral struct {
	Position
	Keys, Values []Node
}

// RangeLiteral is an inclusive range of integers, as in `[1..$n]`.
type RangeLiteral struct {
	Position
	From, To Node
}

// Operation is an operator with its operands. If the operator is Not, Left is nil.
type Operation struct {
	Position
	Operator    Operator
	Left, Right Node

	source string // replaces a null result in string concatenation
}

// Operator is the operator of an Operation.
type Operator int

// The operators, in order of increasing precedence.
const (
	Or Operator = iota + 1
	And
	Equal
	NotEqual
	Less
	LessOrEqual
	Greater
	GreaterOrEqual
	Add
	Subtract
	Multiply
	Divide
	Modulo
	Not
)

// levels are the binary operators of equal precedence, in order of increasing precedence.
var levels = [...]func(Operator) bool{
	func(o Operator) bool { return o == Or },
	func(o Operator) bool { return o == And },
	func(o Operator) bool { return o == Equal || o == NotEqual },
	func(o Operator) bool { return Less <= o && o <= GreaterOrEqual },
	func(o Operator) bool { return o == Add || o == Subtract },
	func(o Operator) bool { return Multiply <= o && o <= Modulo },
}

func (*Text) node()          {}
func (*Comment) node()       {}
func (*Reference) node()     {}
func (*Property) node()      {}
func (*Index) node()         {}
func (*Call) node()          {}
func (*If) node()            {}
func (*Foreach) node()       {}
func (*Set) node()           {}
func (*Break) node()         {}
func (*Stop) node()          {}
func (*Unknown) node()       {}
func (*StringLiteral) node() {}
func (*NumberLiteral) node() {}
func (*BoolLiteral) node()   {}
func (*ListLiteral) node()   {}
func (*MapLiteral) node()    {}
func (*RangeLiteral) node()  {}
func (*Operation) node()     {}

func (*Property) accessor() {}
func (*Index) accessor()    {}
func (*Call) accessor()     {}

// Walk visits a node and its descendants in the order of the template, including
// conditions, arguments and the parts of interpolated strings. If visit returns false,
// Walk skips the node's descendants.
func Walk(node Node, visit func(Node) bool) {
	if node == nil || !visit(node) {
		return
	}
	switch n := node.(type) {
	case *Reference:
		for _, accessor := range n.Accessors {
			Walk(accessor, visit)
		}
	case *Index:
		Walk(n.Argument, visit)
	case *Call:
		walkAll(n.Args, visit)
	case *If:
		for _, branch := range n.Branches {
			Walk(branch.Condition, visit)
			walkAll(branch.Body, visit)
		}
		walkAll(n.Else, visit)
	case *Foreach:
		Walk(n.Sequence, visit)
		walkAll(n.Body, visit)
	case *Set:
		Walk(n.Target, visit)
		Walk(n.Value, visit)
	case *Break:
		Walk(n.Scope, visit)
	case *StringLiteral:
		walkAll(n.Parts, visit)
	case *ListLiteral:
		walkAll(n.Items, visit)
	case *MapLiteral:
		for i, key := range n.Keys {
			Walk(key, visit)
			Walk(n.Values[i], visit)
		}
	case *RangeLiteral:
		Walk(n.From, visit)
		Walk(n.To, visit)
	case *Operation:
		Walk(n.Left, visit)
		Walk(n.Right, visit)
	}
}

func walkAll(nodes []Node, visit func(Node) bool) {
	for _, node := range nodes {
		Walk(node, visit)
	}
}
