package velocity

import "fmt"

// Position is a place in a template: Offset in bytes from 0, Line and Column from
// 1. A column is a character, whatever its width.
type Position struct{ Offset, Line, Column int }

// Pos returns the position itself. Nodes have it by embedding.
func (p Position) Pos() Position { return p }

// String is "line 3, column 14".
func (p Position) String() string { return fmt.Sprintf("line %d, column %d", p.Line, p.Column) }

// ErrorKind says what sort of thing went wrong.
type ErrorKind int

// What an Error can be.
const (
	// Syntax: the template can't be parsed. Nothing renders.
	Syntax ErrorKind = iota + 1

	// Unsupported: the language has it and this engine does not, such as #macro. Name
	// says what it is.
	Unsupported

	// Method: a method failed, such as substring beyond the end. Name is the method's.
	Method

	// Render: something else failed while the template rendered, such as an index
	// beyond the end of a list.
	Render

	// Limit: the template needs more than its limits allow.
	Limit

	// Interrupted: the context ended. The error wraps the context's.
	Interrupted
)

var kindNames = map[ErrorKind]string{
	Syntax: "syntax", Unsupported: "unsupported", Method: "method", Render: "render", Limit: "limit", Interrupted: "interrupted",
}

// String is the kind in lower case.
func (k ErrorKind) String() string { return kindNames[k] }

// Error is what Parse and Render fail with.
type Error struct {
	// Position is where in the template it went wrong.
	Position

	Kind ErrorKind

	// Name is the directive that is not supported, or the method that failed.
	Name string

	// Message says what is wrong, and what would be right where that is known.
	Message string

	cause error
}

// Error gives the position and the message.
func (e *Error) Error() string { return fmt.Sprintf("velocity: %v: %s", e.Position, e.Message) }

// Unwrap returns the context's error when the context ended.
func (e *Error) Unwrap() error { return e.cause }

func failure(at Position, kind ErrorKind, format string, args ...any) *Error {
	return &Error{Position: at, Kind: kind, Message: fmt.Sprintf(format, args...)}
}

func unsupported(at Position, name, format string, args ...any) *Error {
	return &Error{Position: at, Kind: Unsupported, Name: name, Message: fmt.Sprintf(format, args...)}
}
