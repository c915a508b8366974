package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// builtIn are the variables that are there without an event.
var builtIn = []string{"esc", "foreach", "velocityCount", "velocityHasNext", "null"}

// documented are all variables that an event of some type has.
var documented = func() map[string]bool {
	names := make(map[string]bool)
	for name := range sources {
		names[name] = true
	}
	return names
}()

// isKnown reports whether a name is one of a variable that can be there.
func (t *parsedTemplate) isKnown(name string) bool {
	return documented[name] || t.assigned[name] || slices.Contains(builtIn, name)
}

// inspect finds what can be told of a reference without rendering it.
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
			"$retryCount makes each retry another delivery: receivers that compare deliveries handle a message again", "leave it out"))
	}
}

// diagnose tells why a reference does not mean what it seems to. The code is empty if it does.
func (t *parsedTemplate) diagnose(reference *velocity.Reference) (code Code, message, suggestion string) {
	if meant, hyphenated := t.cutHyphen(reference); hyphenated {
		return CodeHyphen, "a hyphen belongs to the name: this does not read $" + meant, "write " + bracedForm(reference, meant)
	}
	if name := reference.Name; !t.isKnown(name) {
		return CodeUndocumentedVariable, fmt.Sprintf("undocumented variable $%s renders literally unless your account defines it", short(name)), didYouMean("$", name, documented)
	}
	call, isEscape := escapeCall(reference)
	switch argument, unprotected := quietArgument(reference); {
	case !isEscape:
		return "", "", ""
	case len(call.Args) > 0 && !escapeMethods[call.Name]:
		return CodeUnknownMethod, fmt.Sprintf("undocumented method $esc.%s: the call renders literally, or as nothing if it is quiet", short(call.Name)), didYouMean("$esc.", call.Name, escapeMethods)
	case len(call.Args) != 1 && escapeMethods[call.Name]:
		return CodeUnknownMethod, fmt.Sprintf("$esc.%s takes one text, not %d: the call renders literally, or as nothing if it is quiet", call.Name, len(call.Args)), ""
	case unprotected:
		return CodeMisplacedQuiet, fmt.Sprintf("the ! does not protect here, although the vendor's guide has it so: without $%s, %s renders literally", argument.Name, short(reference.Source)),
			"write " + quietForm(reference)
	}
	return "", "", ""
}

// cutHyphen finds what was meant by a reference that has a hyphen for a part of its
// last name: a variable that is known, or what stands before a hyphen at the end.
func (t *parsedTemplate) cutHyphen(reference *velocity.Reference) (meant string, found bool) {
	const longest = 200 // of the names that are looked for
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

// bare is a reference without its signs and braces.
func bare(reference *velocity.Reference) string {
	text := withoutSigns(reference)
	if reference.Formal {
		text = strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}")
	}
	return text
}

// bracedForm is a reference that ends where it was meant to: what follows is text.
func bracedForm(reference *velocity.Reference, meant string) string {
	sign := "$"
	if reference.Quiet {
		sign = "$!"
	}
	return sign + "{" + meant + "}" + strings.TrimPrefix(bare(reference), meant)
}

// escapeMethods are the methods of $esc that make a text safe somewhere.
var escapeMethods = map[string]bool{
	"json": true, "html": true, "xml": true, "java": true, "javascript": true, "url": true, "sql": true,
	"propertyKey": true, "propertyValue": true, "unicode": true,
}

// escapeCall is the call of a method of $esc.
func escapeCall(reference *velocity.Reference) (*velocity.Call, bool) {
	if reference.Name != "esc" || len(reference.Accessors) == 0 {
		return nil, false
	}
	call, ok := reference.Accessors[0].(*velocity.Call)
	return call, ok
}

// subject is what a reference is about: what $esc escapes, or else itself.
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

// quietArgument finds a quiet reference in the call of a reference that is not
// quiet, as in $esc.json($!x): the call is made with null, and written out.
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

// quietForm is a reference as it is written to render nothing when there is nothing.
func quietForm(reference *velocity.Reference) string {
	return "$!" + strings.TrimPrefix(reference.Source, "$")
}
