package velocity

// Node is a node of the syntax tree.
type Node interface {
	// Pos is where the node begins.
	Pos() Position
	node()
}

// Text is text, which renders literally, except that an escaped directive
// such as `\#if` loses its backslash.
type Text struct {
	Position
	Text string
}

// Comment is a comment. It renders nothing.
type Comment struct{ Position }

// Reference is a reference to a value, such as `$!{event.name}`.
type Reference struct {
	Position

	// Name is the name of the variable.
	Name string

	// Quiet: the reference has a `!`, and renders nothing when it has no value.
	Quiet bool

	// Formal: the reference has braces.
	Formal bool

	// Escaped: an odd number of backslashes stands before it. It renders as it is
	// written, with a backslash less if it has a value.
	Escaped bool

	// Source is the reference as it is written, without backslashes. So does it
	// render when it has no value.
	Source string

	// Accessors lead from the variable to the value, the first first.
	Accessors []Accessor

	slashes string // what the backslashes before it render as
	prefix  string // what else belongs to the token, as the first `$` of `$$x`
	slot    int    // of the variable, noSlot if there can't be a value
}

// Accessor is a step from a value to another one: a *Property, *Index or *Call.
type Accessor interface {
	Node
	accessor()
}

// Property reads a property by its name, as in `$x.name`.
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

// If is `#if`, with every `#elseif`. The first branch whose condition is true renders.
type If struct {
	Position
	Branches []Branch

	// Else is the block after `#else`, nil when there is none.
	Else []Node
}

// Branch is a condition and the block that renders when it is true.
type Branch struct {
	Position
	Condition Node
	Body      []Node
}

// Foreach is `#foreach`. The body renders once for each element.
type Foreach struct {
	Position

	// Variable is the name of the variable that has the element, empty when what is
	// written in its place is not a reference.
	Variable string

	// Sequence is what has the elements, nil when the directive names none.
	Sequence Node

	Body []Node
	slot int
}

// Set is `#set`. It assigns a value, unless that is null.
type Set struct {
	Position
	Target *Reference
	Value  Node
}

// Break is `#break`. It ends the innermost loop, or the one whose `$foreach` it is given.
type Break struct {
	Position
	Scope Node // nil for the innermost loop
}

// Stop is `#stop`. It ends the template, silently.
type Stop struct{ Position }

// Unknown is a directive that does not exist. It renders literally.
type Unknown struct {
	Position
	Name   string
	Source string
}

// StringLiteral is a string. One in double quotes that has a `$` or `#` is a
// template of its own.
type StringLiteral struct {
	Position

	// Text is the string between its quotes.
	Text string

	// Interpolated: the string is in double quotes, and Parts are what it renders.
	Interpolated bool
	Parts        []Node

	cut bool // the last character of what renders is not the string's
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

// MapLiteral is a map, as in `{"key": $x}`. Keys and Values have the same length.
type MapLiteral struct {
	Position
	Keys, Values []Node
}

// RangeLiteral is the integers from one to another, both included, as in `[1..$n]`.
type RangeLiteral struct {
	Position
	From, To Node
}

// Operation is an operator with its operands. Not has no Left.
type Operation struct {
	Position
	Operator    Operator
	Left, Right Node

	source string // what stands for a null of it when texts are joined
}

// Operator is what an Operation does.
type Operator int

// The operators, those that bind the least first.
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

// levels are the binary operators that bind equally, those that bind the least first.
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

// Walk visits a node and what is in it, in the order of the template: conditions,
// arguments and the parts of interpolated strings, too. It does not go into a node
// for which visit returns false.
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
