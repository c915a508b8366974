package template

import (
	"context"
	"errors"
	"fmt"
	"slices"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// renderCases renders the template for the trials of each event type, and looks at what
// each reference inserts and at the whole.
func (r *parsedTemplate) renderCases(form form) {
	for _, eventType := range r.events {
		for _, trial := range r.testCases(eventType, form) {
			if !r.renderCase(trial, form) {
				break // what follows would say the same again
			}
		}
	}
}

// renderCase renders the template for one trial. It reports whether that gave something
// that can be read.
func (r *parsedTemplate) renderCase(t testCase, form form) bool {
	variables, intact := platform.Variables(t.event, 0), true
	var undefined []*velocity.Reference
	output, err := r.template.Render(context.Background(), variables, velocity.Options{
		Observe: func(reference *velocity.Reference, inserted string, defined bool) {
			if !defined {
				undefined = append(undefined, reference)
				return
			}
			if character, found := form.unescaped(inserted); found {
				intact = false
				r.addUnescaped(reference, character, form, t)
			}
		},
	})
	if err == nil {
		t.broken = form.check(output)
	}
	for _, reference := range undefined {
		r.addUndefined(reference, t, form, variables)
	}
	if err != nil {
		r.addRenderError(err, t)
		return false
	}
	if payload, rendered := r.outputs[t.eventType]; t.kind == complete && (rendered || r.field == "template") {
		r.outputs[t.eventType] = payload + output
	}
	if t.broken != nil && intact {
		r.add(r.field, place{}, SeverityError, fmt.Sprintf("%s is not valid %s: %v", t.outcome(), form.name, t.broken), "", t.eventType)
		return false
	}
	return intact
}

// outcome names what a template makes of a trial.
func (t testCase) outcome() string {
	switch t.kind {
	case sparse:
		return "what it renders where a value is missing"
	case adversarial:
		return "what it renders where a text has quotes, brackets and line breaks in it"
	}
	return "what it renders"
}

func (r *parsedTemplate) addRenderError(err error, t testCase) {
	at, meaning := place{}, ": the rendering fails, and the message is lost"
	if failure, ok := errors.AsType[*velocity.Error](err); ok {
		at, err = failure.Position, errors.New(failure.Message)
		if failure.Kind == velocity.Limit {
			meaning = beyondLimits
		}
	}
	r.add(r.field, at, SeverityError, err.Error()+meaning, "", t.eventType)
}

// addUndefined takes down a reference that has no value: it renders as it is
// written, or, when it is quiet, as nothing.
func (r *parsedTemplate) addUndefined(reference *velocity.Reference, t testCase, form form, variables *velocity.Map) {
	about := subject(reference)
	has := variables.Get(about.Name) != nil
	switch {
	case r.diagnosed[reference], r.diagnosed[about]:
		// looking at it has told
	case has && r.isText(about) && len(about.Accessors) > 0:
		r.addAccident(about, t)
	case reference.Quiet:
		// nothing is what was asked for
	case has || !documented[about.Name]:
		r.addLiteral(reference, "renders as it is written where there is no such value", t, form)
	case t.kind != sparse:
		r.addLiteral(reference, "is not there, and renders as it is written", t, form)
	default:
		r.addLiteral(reference, "may be missing, and then renders as it is written", t, form)
	}
}

// addLiteral takes down a reference that renders as it is written, unless it did so
// for another event of the type already. Where JSON breaks by it, nothing in its
// place would break it, too.
func (r *parsedTemplate) addLiteral(reference *velocity.Reference, message string, t testCase, form form) {
	if slices.Contains(r.literal[reference], t.eventType) {
		return
	}
	r.literal[reference] = append(r.literal[reference], t.eventType)
	suggestion, name := "write "+quietForm(reference), subject(reference).Name
	switch {
	case t.eventType == messagemedia.EventOptOutSMS && (name == "moId" || name == "replyId"):
		suggestion = "an opt-out has $notificationId in its place"
	case t.kind == sparse && t.broken != nil && form.name == "JSON":
		suggestion = fmt.Sprintf("write #if(%[1]s)%[1]s#{else}null#end", reference.Source)
	}
	r.add(r.field, reference.Pos(), SeverityWarning, reference.Source+" "+message, suggestion, t.eventType)
}

// isText reports whether a variable is a text or a number: it has methods, and no
// parts.
func (r *parsedTemplate) isText(reference *velocity.Reference) bool {
	name := reference.Name
	return documented[name] && !r.assigned[name] && name != "metadata" && name != "attachments"
}

// addAccident takes down what a text was asked for and does not have. A property is
// likely text that stands after a variable, as in $mtId.json.
func (r *parsedTemplate) addAccident(reference *velocity.Reference, t testCase) {
	name := reference.Name
	if property, ok := reference.Accessors[0].(*velocity.Property); ok {
		r.add(r.field, reference.Pos(), SeverityWarning,
			fmt.Sprintf("this reads the property %s of $%s, which has none", property.Name, name), "write "+bracedForm(reference, name), t.eventType)
		return
	}
	r.add(r.field, reference.Pos(), SeverityWarning,
		fmt.Sprintf("%s never has a value: texts have no such method, or not for these arguments", reference.Source), "", t.eventType)
}

// addUnescaped takes down a reference through which somebody's text reaches the
// payload as it was typed.
func (r *parsedTemplate) addUnescaped(reference *velocity.Reference, character rune, form form, t testCase) {
	if r.field == "url" {
		r.add(r.field, reference.Pos(), SeverityWarning,
			reference.Source+" puts a text into the URL, and whether the platform encodes it is not documented",
			"put it into the payload", t.eventType)
		return
	}
	r.add(r.field, reference.Pos(), SeverityError,
		fmt.Sprintf("%s inserts %q as it was typed: that breaks the %s, or changes what it says", reference.Source, character, form.name),
		"write "+form.escaped(reference), t.eventType)
}
