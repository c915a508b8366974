package template

import (
	"fmt"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/template/internal/payload"
	"github.com/messagemedia/webhooks-go-sdk/template/internal/taint"
)

// checkDocument checks the names of a decoded payload.
func (t *parsedTemplate) checkDocument(document *payload.Document, r *trial) {
	for _, name := range document.Repeated {
		t.checkRepeated(name, r)
	}
	if r.kind != complete {
		return
	}
	for _, name := range document.Bare {
		t.add(Problem{Code: CodeBareName, Field: t.field, Severity: SeverityWarning,
			Message: fmt.Sprintf("the form has the name %q without a value", short(name)), Suggestion: "write = after the name"}, r.events...)
	}
	for _, s := range document.Strings {
		if s.IsName && t.form.format == taint.Form && strings.TrimSpace(s.Text) != s.Text && strings.ContainsAny(s.Text, "\r\n") {
			t.add(Problem{Code: CodeLineBreak, Field: t.field, Severity: SeverityWarning,
				Message: fmt.Sprintf("a line break of the template becomes part of the name %q", short(s.Text)), Suggestion: "write the form on one line"}, r.events...)
		}
	}
}

// checkRepeated records a repeated name. In a form, it is a warning: the values can be a list.
func (t *parsedTemplate) checkRepeated(name string, r *trial) {
	problem := Problem{Code: CodeRepeatedName, Field: t.field, Severity: SeverityError}
	switch {
	case r.kind == complete:
		t.repeated[name] = true
		problem.Message = fmt.Sprintf("the payload has the name %q twice: receivers read only one of the values", short(name))
		if t.form.format == taint.Form {
			problem.Severity = SeverityWarning
		}
	case r.kind == hostile && !t.repeated[name]:
		problem.Message = fmt.Sprintf("an event can have the name %[1]q, for example in its metadata, and the template writes %[1]q itself: one value replaces the other", short(name))
		problem.Suggestion = "write names of the event into a separate object, or add a unique prefix"
	default:
		return
	}
	t.add(problem, r.events...)
}
