package template

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/template/internal/taint"
)

// Check returns the problems of a template for an encoding and event types. If events is
// empty, Check uses all documented event types.
//
// Check follows untrusted input through every branch of the template. It also renders the
// template for sample events of each type, decodes the payloads and compares their values
// with the events. The package documentation lists the checks and their limits.
//
// The number of steps is bounded for every template, so a check takes at most about 2
// seconds. The steps suffice for about 8 KiB of references with every event type, and for 16
// KiB with one. If they do not suffice, Check reports [CodeTooComplex]. If ctx ends, Check
// reports [CodeInterrupted]. In both cases the other problems may be incomplete.
func Check(ctx context.Context, template string, encoding messagemedia.Encoding, events []messagemedia.EventType, options ...Option) []Problem {
	c := newChecker(ctx, events, options)
	c.checkTemplate(template, encoding)
	if template == "" {
		c.addEmptyBody()
	}
	c.checkReceiving(encoding)
	return c.problems()
}

// checker collects the findings of one check.
type checker struct {
	ctx        context.Context
	settings   settings
	events     []messagemedia.EventType
	findings   []*finding
	known      map[Problem]*finding
	deliveries map[messagemedia.EventType]*rendered // of complete events
	steps      int                                  // remaining
	incomplete bool                                 // the check ended early
}

// maxSteps is the number of steps of a check. BenchmarkCheck has the slowest known
// templates: up to about 1.5 seconds on one core of a shared machine.
const maxSteps = 3_000_000

// rendered is the output of a webhook's templates for an event.
type rendered struct {
	url, body string
	complete  bool // the body was rendered, or has no template
}

// finding is a problem and its event types. If events is empty, it applies to all of them.
type finding struct {
	Problem
	events []messagemedia.EventType
}

// place is a position in a template. The zero value means the whole template.
type place = velocity.Position

func newChecker(ctx context.Context, events []messagemedia.EventType, options []Option) *checker {
	c := &checker{
		ctx: ctx, settings: newSettings(options), steps: maxSteps,
		known: make(map[Problem]*finding), deliveries: make(map[messagemedia.EventType]*rendered),
	}
	if len(events) == 0 {
		events = documentedTypes
	}
	for _, eventType := range events {
		if slices.Contains(c.events, eventType) {
			continue
		}
		c.events = append(c.events, eventType)
		if _, err := Sample(eventType); err != nil {
			c.add(Problem{Code: CodeUndocumentedValue, Field: "events", Severity: SeverityWarning,
				Message: fmt.Sprintf("undocumented event type %q was not checked", eventType)})
		}
	}
	return c
}

// add records a problem for event types. It merges the event types of equal problems.
func (c *checker) add(problem Problem, events ...messagemedia.EventType) {
	if c.settings.suppressed[problem.Code] {
		return
	}
	f, known := c.known[problem]
	if !known {
		c.findings = append(c.findings, &finding{problem, slices.Clone(events)})
		c.known[problem] = c.findings[len(c.findings)-1]
		return
	}
	for _, event := range events {
		if !slices.Contains(f.events, event) {
			f.events = append(f.events, event)
		}
	}
}

// at returns a problem at a place of a field.
func at(field string, place place, code Code, severity Severity, message, suggestion string) Problem {
	return Problem{Code: code, Field: field, Line: place.Line, Column: place.Column, Severity: severity, Message: message, Suggestion: suggestion}
}

// problems returns the findings in the order of their places. A message names the event
// types unless the problem applies to all of them.
func (c *checker) problems() []Problem {
	var problems []Problem
	for _, f := range c.findings {
		if len(f.events) > 0 && len(f.events) < len(c.events) {
			f.Message = "in " + join(f.events) + ": " + f.Message
		}
		problems = append(problems, f.Problem)
	}
	slices.SortStableFunc(problems, byPlace)
	return problems
}

// join lists event types. It shortens all six delivery reports to "delivery reports": they
// differ in their values, not in their variables.
func join(events []messagemedia.EventType) string {
	var names, reports []string
	for _, event := range events {
		if _, isReport := sampleReports[event]; isReport {
			reports = append(reports, string(event))
		} else {
			names = append(names, string(event))
		}
	}
	if len(reports) == len(sampleReports) {
		reports = []string{"delivery reports"}
	}
	return strings.Join(append(names, reports...), ", ")
}

func (c *checker) checkTemplate(text string, encoding messagemedia.Encoding) {
	if text == "" {
		return
	}
	form, known := forms[encoding]
	if !known {
		c.add(Problem{Code: CodeUndocumentedValue, Field: "encoding", Severity: SeverityWarning,
			Message: fmt.Sprintf("undocumented encoding %q: escapes were not checked", encoding)})
		form = plainForm
	}
	c.checkText("template", text, form)
}

// checkText checks a template in one of the fields of a request.
func (c *checker) checkText(field, text string, form form) {
	c.checkInvisible(field, text)
	template := c.parse(field, text)
	if template == nil {
		return
	}
	template.inspectAll()
	template.form = template.actualForm(form)
	template.followInput()
	template.renderCases()
}

func (c *checker) addEmptyBody() {
	c.add(Problem{Code: CodeEmptyBody, Field: "template", Severity: SeverityWarning,
		Message: "no template: the platform sends an empty body", Suggestion: "set messagemedia.JSONTemplate"})
}

// goesOn reports whether the check can continue. If the context or the steps have ended, it
// records that.
func (c *checker) goesOn(field string) bool {
	switch err := c.ctx.Err(); {
	case c.incomplete:
	case err != nil:
		c.incomplete = true
		c.add(Problem{Code: CodeInterrupted, Field: field, Severity: SeverityError,
			Message: fmt.Sprintf("the check is not complete: %v", err)})
	case c.steps <= 0:
		c.incomplete = true
		c.add(Problem{Code: CodeTooComplex, Field: field, Severity: SeverityError,
			Message: "the template is too complex to check within the maximum number of steps; the platform's own limits are not documented", Suggestion: "check fewer event types at once, or shorten the template"})
	}
	return !c.incomplete
}

// followInput records untrusted input that can reach the structure of the payload.
func (t *parsedTemplate) followInput() {
	reached := make(map[*velocity.Reference]bool)
	for _, group := range t.kindsOfEvents() {
		result := t.analyze(group.variables)
		if result == nil {
			return
		}
		for _, f := range result.Findings {
			t.addInput(f, group.events...)
		}
		for reference := range result.Reached {
			reached[reference] = true
		}
		for reference := range result.Unquoted {
			t.unquoted[reference] = true
		}
	}
	// A branch that no event of the webhook reaches becomes reachable if the events change.
	all := taint.Variables{Present: allVariables}
	if result := t.analyze(all); result != nil {
		for _, f := range result.Findings {
			if !reached[f.Reference] {
				t.addInput(f)
			}
		}
	}
}

func (t *parsedTemplate) analyze(variables taint.Variables) *taint.Result {
	if !t.goesOn(t.field) {
		return nil
	}
	result, err := taint.Analyze(t.ctx, t.template, t.form.format, variables, min(t.steps, maxSteps/3))
	t.steps -= result.Steps
	if errors.Is(err, taint.ErrTooComplex) {
		t.steps = 0
	}
	if err != nil {
		t.goesOn(t.field)
		return nil
	}
	return result
}
