package template

import (
	"cmp"
	"fmt"
)

// Severity is how bad a [Problem] is.
type Severity string

// The severities.
const (
	// SeverityError: deliveries are lost, can't be read, or let a stranger write into other
	// fields than their own.
	SeverityError Severity = "error"

	// SeverityWarning: it works, and probably not as it was meant.
	SeverityWarning Severity = "warning"
)

// Problem is something that [Check] or [CheckRequest] found.
type Problem struct {
	// Code is what it is.
	Code Code

	// Field is where it is, as the API names it: "template", "url", "retries" and so on.
	Field string

	// Line and Column are the place in a template or in a URL; both count from 1, and
	// columns are characters. They are 0 when it is about the whole field.
	Line, Column int

	// Severity says how bad it is.
	Severity Severity

	// Message describes the problem, and what it means for deliveries.
	Message string

	// Suggestion is a proposed fix. It is empty if there is no general rule.
	Suggestion string
}

// String is the problem on one line, as compilers write it, with its code at the end.
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

// byPlace orders problems as they stand in a template.
func byPlace(a, b Problem) int {
	return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}
