package template

import (
	"encoding/json"
	"fmt"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/template/internal/payload"
	"github.com/messagemedia/webhooks-go-sdk/template/internal/taint"
)

// form is a format that a template's output can have.
type form struct {
	name   string
	format taint.Format
	decode func(output, opaque string) (*payload.Document, error) // nil if the format has no structure
	valid  func(output string) bool                               // a faster check than decode, or nil
}

var (
	jsonForm  = form{"JSON", taint.JSON, payload.JSON, func(output string) bool { return json.Valid([]byte(output)) }}
	xmlForm   = form{"XML", taint.XML, payload.XML, nil}
	formForm  = form{"form encoding", taint.Form, payload.Form, nil}
	urlForm   = form{"URL", taint.Form, nil, nil}
	plainForm = form{"text", taint.Plain, nil, nil}
)

var forms = map[messagemedia.Encoding]form{
	messagemedia.EncodingJSON: jsonForm, messagemedia.EncodingXML: xmlForm, messagemedia.EncodingForm: formForm,
}

var formatNames = map[taint.Format]string{
	taint.JSON: "JSON", taint.XML: "XML", taint.Form: "form encoding", taint.Plain: "text",
}

// escapes are the methods of $esc that make a text safe in a format.
var escapes = map[taint.Format]string{taint.JSON: "json", taint.XML: "xml", taint.Form: "url"}

// xmlReplacement replaces the characters that XML 1.0 does not allow, and those for which
// $esc.xml writes invalid references: all outside the Basic Multilingual Plane, such as emoji.
const xmlReplacement = `.replaceAll("[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}]", "?")`

// escaped returns a reference that is safe within nested formats, the outermost first. It
// replaces the escapes of the reference by those that the formats need.
func escaped(reference *velocity.Reference, layers []taint.Format) string {
	text, isReference := subjectText(reference)
	for i := len(layers) - 1; i >= 0; i-- {
		if layers[i] == taint.XML && isReference {
			text = "$" + strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(text, "$"), "{"), "}") + xmlReplacement
		}
		if method := escapes[layers[i]]; method != "" {
			text, isReference = fmt.Sprintf("$esc.%s(%s)", method, text), false
		}
	}
	if reference.Formal && len(escapesOf(reference)) > 0 {
		return "$!{" + strings.TrimPrefix(text, "$") + "}"
	}
	return "$!" + strings.TrimPrefix(text, "$")
}

// subjectText returns the source of the argument that $esc escapes in a reference. It also
// reports whether the argument is a reference, since it can be a string.
func subjectText(reference *velocity.Reference) (text string, isReference bool) {
	methods := escapesOf(reference)
	for range methods {
		call, _ := escapeCall(reference)
		argument, ok := call.Args[0].(*velocity.Reference)
		if !ok {
			source := reference.Source
			return source[strings.IndexByte(source, '(')+1 : strings.LastIndexByte(source, ')')], false
		}
		reference = argument
	}
	return "$" + withoutSigns(reference), true
}

// actualForm returns the format that the template renders. If it is not the webhook's
// encoding, actualForm records a problem.
func (t *parsedTemplate) actualForm(declared form) form {
	if declared.decode == nil {
		return declared
	}
	output, ok := t.renderSample()
	if !ok {
		return declared
	}
	trimmed := strings.TrimSpace(output)
	actual := declared
	switch {
	case declared.format != taint.JSON && strings.HasPrefix(trimmed, "{") && parses(jsonForm, trimmed):
		actual = jsonForm
	case declared.format != taint.XML && strings.HasPrefix(trimmed, "<") && parses(xmlForm, trimmed):
		actual = xmlForm
	case declared.format != taint.Form && !parses(declared, trimmed) && looksLikeForm(trimmed):
		actual = formForm
	}
	if actual.format != declared.format {
		t.add(Problem{Code: CodeWrongEncoding, Field: t.field, Severity: SeverityError,
			Message:    fmt.Sprintf("the payload is %s, and the platform sends it as %s: receivers can't read it", actual.name, declared.name),
			Suggestion: "set the encoding that the template renders"})
	}
	return actual
}

func parses(f form, output string) bool {
	_, err := f.decode(output, "")
	return err == nil
}

// looksLikeForm reports whether an output consists of name=value pairs. A parser alone can't
// tell: it accepts any text without % and ; as a form.
func looksLikeForm(output string) bool {
	document, err := payload.Form(output, "")
	return err == nil && len(document.Bare) == 0 && len(document.Strings) > 0 && !strings.ContainsAny(output, "<{\"")
}
