package template

import (
	"cmp"
	"fmt"
)

// Severity classifies a [Problem].
type Severity string

// The severities.
const (
	// SeverityError means that deliveries are lost, can't be read, or let a stranger change
	// other fields.
	SeverityError Severity = "error"

	// SeverityWarning means that the template works, but probably not as intended.
	SeverityWarning Severity = "warning"
)

// Problem is a finding of [Check] or [CheckRequest].
type Problem struct {
	// Code identifies the kind of problem.
	Code Code

	// Field is the API's name of the field: "template", "url", "retries" and so on.
	Field string

	// Line and Column are the position in a template or URL. Both count from 1, and columns
	// are characters. If the problem concerns the whole field, they are 0.
	Line, Column int

	// Severity classifies the problem.
	Severity Severity

	// Message describes the problem and its effect on deliveries.
	Message string

	// Suggestion is a proposed fix, or empty.
	Suggestion string
}

// String returns the problem on one line, in the format of compilers, followed by its code.
func (p Problem) String() string {
	place := p.Field
	if p.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", p.Field, p.Line, p.Column)
	}
	text := fmt.Sprintf("%s: %s: %s", place, p.Severity, p.Message)
	if p.Suggestion != "" {
		text += "; " + p.Suggestion
	}
	return text + " [" + string(p.Code) + "]"
}

// byPlace compares problems by their field and position.
func byPlace(a, b Problem) int {
	return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}
