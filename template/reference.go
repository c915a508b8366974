package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// builtIn are the variables that do not depend on an event.
var builtIn = []string{"esc", "foreach", "velocityCount", "velocityHasNext", "null"}

// documented are the documented variables of all events.
var documented = func() map[string]bool {
	names := make(map[string]bool)
	for name := range sources {
		names[name] = true
	}
	return names
}()

// isKnown reports whether a variable of this name can be defined.
func (t *parsedTemplate) isKnown(name string) bool {
	return documented[name] || t.assigned[name] || slices.Contains(builtIn, name)
}

// inspect records the problems of a reference that are found without rendering it.
func (t *parsedTemplate) inspect(reference *velocity.Reference) {
	if code, message, suggestion := t.diagnose(reference); code != "" {
		t.diagnosed[reference] = true
		t.add(at(t.field, reference.Pos(), code, SeverityWarning, message, suggestion))
	}
	switch name := reference.Name; {
	case t.assigned[name]:
	case name == "type":
		t.add(at(t.field, reference.Pos(), CodeDeprecatedVariable, SeverityWarning, "$type is deprecated", "write $format"))
	case name == "retryCount":
		t.add(at(t.field, reference.Pos(), CodeRetryCount, SeverityWarning,
			"$retryCount makes each retry differ from the first attempt: receivers that compare payloads handle the event again", "omit it"))
	}
}

// diagnose describes why a reference does not mean what it seems to. If it does, the code is
// empty.
func (t *parsedTemplate) diagnose(reference *velocity.Reference) (code Code, message, suggestion string) {
	if meant, hyphenated := t.cutHyphen(reference); hyphenated {
		return CodeHyphen, "the hyphen is part of the name: this does not read $" + meant, "write " + bracedForm(reference, meant)
	}
	if name := reference.Name; !t.isKnown(name) {
		return CodeUndocumentedVariable, fmt.Sprintf("undocumented variable $%s renders literally unless your account defines it", short(name)), didYouMean("$", name, documented)
	}
	call, isEscape := escapeCall(reference)
	switch argument, unprotected := quietArgument(reference); {
	case !isEscape:
		return "", "", ""
	case len(call.Args) > 0 && !escapeMethods[call.Name]:
		return CodeUnknownMethod, fmt.Sprintf("undocumented method $esc.%s: the call renders literally, or nothing if it is quiet", short(call.Name)), didYouMean("$esc.", call.Name, escapeMethods)
	case len(call.Args) != 1 && escapeMethods[call.Name]:
		return CodeUnknownMethod, fmt.Sprintf("$esc.%s must have one argument, got %d: the call renders literally, or nothing if it is quiet", call.Name, len(call.Args)), ""
	case unprotected:
		return CodeMisplacedQuiet, fmt.Sprintf("the ! has no effect here, although the vendor's guide shows it: without $%s, %s renders literally", argument.Name, short(reference.Source)),
			"write " + quietForm(reference)
	}
	return "", "", ""
}

// cutHyphen returns the reference that was meant before a hyphen in the last name: a known
// variable, or the text before a trailing hyphen.
func (t *parsedTemplate) cutHyphen(reference *velocity.Reference) (meant string, found bool) {
	const longest = 200 // bounds the work
	name := reference.Name
	for i := range min(len(name), longest) {
		if name[i] == '-' && t.isKnown(name[:i]) && !t.isKnown(name) {
			return name[:i], true
		}
	}
	return strings.CutSuffix(bare(reference), "-")
}

func withoutSigns(reference *velocity.Reference) string {
	return strings.TrimLeft(reference.Source, "$!")
}

// bare returns the source of a reference without its signs and braces.
func bare(reference *velocity.Reference) string {
	text := withoutSigns(reference)
	if reference.Formal {
		text = strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}")
	}
	return text
}

// bracedForm returns the reference with braces around the part that was meant, so that the
// rest is text.
func bracedForm(reference *velocity.Reference, meant string) string {
	sign := "$"
	if reference.Quiet {
		sign = "$!"
	}
	return sign + "{" + meant + "}" + strings.TrimPrefix(bare(reference), meant)
}

// escapeMethods are the escaping methods of $esc.
var escapeMethods = map[string]bool{
	"json": true, "html": true, "xml": true, "java": true, "javascript": true, "url": true, "sql": true,
	"propertyKey": true, "propertyValue": true, "unicode": true,
}

// escapeCall returns the call of a method of $esc, if reference is one.
func escapeCall(reference *velocity.Reference) (*velocity.Call, bool) {
	if reference.Name != "esc" || len(reference.Accessors) == 0 {
		return nil, false
	}
	call, ok := reference.Accessors[0].(*velocity.Call)
	return call, ok
}

// subject returns the reference that $esc escapes, or reference itself.
func subject(reference *velocity.Reference) *velocity.Reference {
	call, ok := escapeCall(reference)
	if !ok || len(call.Args) != 1 {
		return reference
	}
	if argument, ok := call.Args[0].(*velocity.Reference); ok {
		return subject(argument)
	}
	return reference
}

// quietArgument returns a quiet argument of a call of $esc that is not quiet, as in
// $esc.json($!x). The engine calls the method with null, and the call renders literally.
func quietArgument(reference *velocity.Reference) (*velocity.Reference, bool) {
	call, ok := escapeCall(reference)
	if !ok || reference.Quiet {
		return nil, false
	}
	for _, argument := range call.Args {
		if argument, ok := argument.(*velocity.Reference); ok && argument.Quiet {
			return argument, true
		}
	}
	return nil, false
}

// quietForm returns the quiet form of a reference.
func quietForm(reference *velocity.Reference) string {
	return "$!" + strings.TrimPrefix(reference.Source, "$")
}
