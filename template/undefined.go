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

// addUndefined records a reference that is undefined for a trial.
func (t *parsedTemplate) addUndefined(reference *velocity.Reference, r *trial) {
	about := subject(reference)
	has := r.variables.Get(about.Name) != nil
	switch {
	case r.kind == hostile && (has || !t.isAbsent(about.Name, r)):
		// the harmless cases reported it
	case t.diagnosed[reference], t.diagnosed[about]:
		// inspect reported it
	case has && t.isText(about) && len(about.Accessors) > 0:
		t.addAccident(about, r)
	case reference.Quiet:
		// renders nothing, as intended
	case has || !documented[about.Name]:
		t.addLiteral(reference, "renders literally if there is no such value", r)
	case r.kind == sparse:
		t.addLiteral(reference, "may be missing, and then renders literally", r)
	default:
		t.addLiteral(reference, "is undefined, and renders literally", r)
	}
}

// isAbsent reports whether the events of a trial never have a variable.
func (t *parsedTemplate) isAbsent(name string, r *trial) bool {
	complete, _ := Sample(r.events[0])
	return documented[name] && platform.Variables(complete, 0).Get(name) == nil
}

// addLiteral records a reference that renders literally, once for each event type. An ID
// that renders literally is an error: a receiver takes the second event for a duplicate of
// the first.
func (t *parsedTemplate) addLiteral(reference *velocity.Reference, message string, r *trial) {
	eventType, name := r.events[0], subject(reference).Name
	if slices.Contains(t.literal[reference], eventType) {
		return
	}
	t.literal[reference] = append(t.literal[reference], eventType)
	problem := at(t.field, reference.Pos(), CodeUndefinedReference, SeverityWarning, short(reference.Source)+" "+message, "write "+quietForm(reference))
	if ids[name] && r.kind == complete {
		problem.Code, problem.Severity = CodeUndefinedID, SeverityError
		problem.Message += ": all events have the same ID, and a receiver treats all but the first as duplicates"
	}
	switch {
	case eventType == messagemedia.EventOptOutSMS && (name == "moId" || name == "replyId"):
		problem.Suggestion = "use $notificationId for an opt-out"
	case r.kind == sparse && r.invalid != nil && t.form.name == "JSON": // the quiet form would leave invalid JSON
		problem.Suggestion = fmt.Sprintf("write #if(%[1]s)%[1]s#{else}null#end", reference.Source)
	}
	t.add(problem, eventType)
}

// isText reports whether a variable is a text or a number, which has methods but no
// properties.
func (t *parsedTemplate) isText(reference *velocity.Reference) bool {
	name := reference.Name
	return documented[name] && !t.assigned[name] && name != "metadata" && name != "attachments"
}

// addAccident records a property or method that a text does not have. A property is probably
// text after a variable, as in $mtId.json.
func (t *parsedTemplate) addAccident(reference *velocity.Reference, r *trial) {
	name := reference.Name
	if property, ok := reference.Accessors[0].(*velocity.Property); ok {
		t.add(at(t.field, reference.Pos(), CodeAccidentalProperty, SeverityWarning,
			fmt.Sprintf("this reads the property %s of $%s, which has no properties", short(property.Name), name), "write "+bracedForm(reference, name)), r.events...)
		return
	}
	t.add(at(t.field, reference.Pos(), CodeUnknownMethod, SeverityWarning,
		fmt.Sprintf("%s never has a value: texts have no such method, or none for these arguments", short(reference.Source)), ""), r.events...)
}
