package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// tree prints spans as a tree: each below its parent, ordered by start, with its duration and
// outcome.
type tree tracetest.SpanStubs

func (t tree) print(out io.Writer) error {
	var lines [][2]string
	t.walk(trace.SpanID{}, "", &lines)
	width := 0
	for _, line := range lines {
		width = max(width, utf8.RuneCountInString(line[0]))
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(out, "%-*s  %s\n", width, line[0], line[1]); err != nil {
			return err
		}
	}
	return nil
}

// walk appends the lines of a span's descendants.
func (t tree) walk(parent trace.SpanID, indent string, lines *[][2]string) {
	children := t.children(parent)
	for i, span := range children {
		branch, below := "", ""
		switch {
		case !parent.IsValid():
		case i == len(children)-1:
			branch, below = "└─ ", "   "
		default:
			branch, below = "├─ ", "│  "
		}
		duration := span.EndTime.Sub(span.StartTime).Round(10 * time.Microsecond)
		*lines = append(*lines, [2]string{indent + branch + span.Name, strings.TrimSpace(fmt.Sprintf("%-10v %s", duration, outcome(span)))})
		t.walk(span.SpanContext.SpanID(), indent+below, lines)
	}
}

func (t tree) children(parent trace.SpanID) []tracetest.SpanStub {
	var children []tracetest.SpanStub
	for _, span := range t {
		if span.Parent.SpanID() == parent {
			children = append(children, span)
		}
	}
	slices.SortStableFunc(children, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	return children
}

// outcome returns the status, the attributes of this example, and the error.
func outcome(span tracetest.SpanStub) string {
	var words []string
	for _, key := range []attribute.Key{"http.response.status_code", reasonKey, eventKey, schemeKey} {
		if value := value(span.Attributes, key); value != "" {
			words = append(words, value)
		}
	}
	for _, event := range span.Events {
		words = append(words, value(event.Attributes, "exception.message"))
	}
	return cmp.Or(strings.Join(words, " "), span.Status.Description)
}

// value returns the value of an attribute, or "".
func value(attributes []attribute.KeyValue, key attribute.Key) string {
	set := attribute.NewSet(attributes...)
	value, _ := set.Value(key)
	return value.String()
}
