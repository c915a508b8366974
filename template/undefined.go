package template

import (
	"fmt"
	"slices"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// ids are the variables that identify an event.
var ids = map[string]bool{"moId": true, "replyId": true, "drId": true, "reportId": true, "notificationId": true}

// addUndefined takes down a reference that has no value: it renders literally, or, if it
// is quiet, as nothing.
func (t *parsedTemplate) addUndefined(reference *velocity.Reference, r *trial) {
	about := subject(reference)
	has := r.variables.Get(about.Name) != nil
	switch {
	case r.kind == hostile && (has || !t.isAbsent(about.Name, r)):
		// the harmless events have told
	case t.diagnosed[reference], t.diagnosed[about]:
		// looking at it has told
	case has && t.isText(about) && len(about.Accessors) > 0:
		t.addAccident(about, r)
	case reference.Quiet:
		// nothing is what was asked for
	case has || !documented[about.Name]:
		t.addLiteral(reference, "renders literally if there is no such value", r)
	case r.kind == sparse:
		t.addLiteral(reference, "may be missing, and then renders literally", r)
	default:
		t.addLiteral(reference, "is undefined, and renders literally", r)
	}
}

// isAbsent reports whether no event of a type has a variable.
func (t *parsedTemplate) isAbsent(name string, r *trial) bool {
	complete, _ := Sample(r.events[0])
	return documented[name] && platform.Variables(complete, 0).Get(name) == nil
}

// addLiteral takes down a reference that renders literally, unless it did so for another
// event of the type already. An ID that does so is the same for all events: a receiver
// takes the second one for a duplicate of the first.
func (t *parsedTemplate) addLiteral(reference *velocity.Reference, message string, r *trial) {
	eventType, name := r.events[0], subject(reference).Name
	if slices.Contains(t.literal[reference], eventType) {
		return
	}
	t.literal[reference] = append(t.literal[reference], eventType)
	problem := at(t.field, reference.Pos(), CodeUndefinedReference, SeverityWarning, short(reference.Source)+" "+message, "write "+quietForm(reference))
	if ids[name] && r.kind == complete {
		problem.Code, problem.Severity = CodeUndefinedID, SeverityError
		problem.Message += ": all events have the same ID, and all but the first are duplicates to a receiver"
	}
	switch {
	case eventType == messagemedia.EventOptOutSMS && (name == "moId" || name == "replyId"):
		problem.Suggestion = "an opt-out has $notificationId in its place"
	case r.kind == sparse && r.invalid != nil && t.form.name == "JSON": // nothing in its place would break it, too
		problem.Suggestion = fmt.Sprintf("write #if(%[1]s)%[1]s#{else}null#end", reference.Source)
	}
	t.add(problem, eventType)
}

// isText reports whether a variable is a text or a number: it has methods, and no
// properties.
func (t *parsedTemplate) isText(reference *velocity.Reference) bool {
	name := reference.Name
	return documented[name] && !t.assigned[name] && name != "metadata" && name != "attachments"
}

// addAccident takes down what a text was asked for and does not have. A property is likely
// text that stands behind a variable, as in $mtId.json.
func (t *parsedTemplate) addAccident(reference *velocity.Reference, r *trial) {
	name := reference.Name
	if property, ok := reference.Accessors[0].(*velocity.Property); ok {
		t.add(at(t.field, reference.Pos(), CodeAccidentalProperty, SeverityWarning,
			fmt.Sprintf("this reads the property %s of $%s, which has none", short(property.Name), name), "write "+bracedForm(reference, name)), r.events...)
		return
	}
	t.add(at(t.field, reference.Pos(), CodeUnknownMethod, SeverityWarning,
		fmt.Sprintf("%s never has a value: texts have no such method, or not for these arguments", short(reference.Source)), ""), r.events...)
}
