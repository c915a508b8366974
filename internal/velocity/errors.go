package velocity

import "fmt"

// Position is a position in a template. Offset counts bytes from 0. Line and Column
// count from 1. A column is one character.
type Position struct{ Offset, Line, Column int }

// Pos returns p. Nodes get the method by embedding.
func (p Position) Pos() Position { return p }

// String returns a text such as "line 3, column 14".
func (p Position) String() string { return fmt.Sprintf("line %d, column %d", p.Line, p.Column) }

// ErrorKind classifies an [Error].
type ErrorKind int

// The kinds of errors.
const (
	// Syntax means that the template can't be parsed.
	Syntax ErrorKind = iota + 1

	// Unsupported means that Velocity supports the construct in Name, such as #macro, and
	// this package does not.
	Unsupported

	// Method means that the method in Name failed, such as substring beyond the end.
	Method

	// Render means that rendering failed for another reason, such as an index beyond the
	// end of a list.
	Render

	// Limit means that the template exceeded a limit.
	Limit

	// Interrupted means that the context ended. The error wraps the context's error.
	Interrupted
)

var kindNames = map[ErrorKind]string{
	Syntax: "syntax", Unsupported: "unsupported", Method: "method", Render: "render", Limit: "limit", Interrupted: "interrupted",
}

// String returns the name of the kind in lower case.
func (k ErrorKind) String() string { return kindNames[k] }

// Error is the error type of Parse and Render.
type Error struct {
	// Position is the position of the error in the template.
	Position

	Kind ErrorKind

	// Name is the unsupported directive or the failed method.
	Name string

	// Message describes the problem and, if known, the fix.
	Message string

	cause error
}

// Error returns the position and the message.
func (e *Error) Error() string { return fmt.Sprintf("velocity: %v: %s", e.Position, e.Message) }

// Unwrap returns the context's error if the kind is Interrupted, and nil otherwise.
func (e *Error) Unwrap() error { return e.cause }

func failure(at Position, kind ErrorKind, format string, args ...any) *Error {
	return &Error{Position: at, Kind: kind, Message: fmt.Sprintf(format, args...)}
}

func unsupported(at Position, name, format string, args ...any) *Error {
	return &Error{Position: at, Kind: Unsupported, Name: name, Message: fmt.Sprintf(format, args...)}
}
