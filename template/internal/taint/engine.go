package taint

import (
	"context"
	"fmt"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// engine runs methods of the template language on texts. It uses the engine that renders
// templates, so the two can't disagree.
type engine struct {
	ctx    context.Context
	parsed map[string]*velocity.Template
}

// outcome is the result of a method for a text. If the method does not exist or fails, the
// outcome is not defined.
type outcome struct {
	text    string
	defined bool
}

// call calls a method on each text. For a method of $esc, the text is the argument.
func (e *engine) call(method string, texts, args []string) []outcome {
	call := fmt.Sprintf("$x.%s(%s)", method, parameters(len(args)))
	return e.each(call, texts, args)
}

func (e *engine) escape(method string, texts []string) []outcome {
	return e.each(fmt.Sprintf("$esc.%s($x)", method), texts, nil)
}

// constant calls a method without arguments.
func (e *engine) constant(reference string) outcome { return e.each(reference, []string{""}, nil)[0] }

// each renders a reference with each text as $x.
func (e *engine) each(reference string, texts, args []string) []outcome {
	results := make([]outcome, 0, len(texts))
	template := e.parse("#foreach($x in $texts)" + reference + "#end")
	if template == nil {
		return make([]outcome, len(texts))
	}
	variables, list := velocity.NewMap(), velocity.NewList()
	for _, text := range texts {
		list.Append(velocity.String(text))
	}
	variables.Set("texts", list)
	for i, arg := range args {
		variables.Set(parameter(i), velocity.String(arg))
	}
	_, _ = template.Render(e.ctx, variables, velocity.Options{ // a failed method is not defined
		Observe: func(_ *velocity.Reference, inserted string, defined bool) {
			results = append(results, outcome{inserted, defined})
		},
	})
	return append(results, make([]outcome, max(0, len(texts)-len(results)))...)[:len(texts)]
}

func (e *engine) parse(text string) *velocity.Template {
	template, known := e.parsed[text]
	if !known {
		template, _ = velocity.Parse(text) // nil is cached
		e.parsed[text] = template
	}
	return template
}

func parameter(i int) string { return fmt.Sprintf("a%d", i) }

func parameters(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = "$" + parameter(i)
	}
	return strings.Join(names, ", ")
}
