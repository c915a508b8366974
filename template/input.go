package template

import (
	"fmt"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template/internal/taint"
)

// addInput records a reference through which untrusted input can reach the structure of the
// payload.
func (t *parsedTemplate) addInput(f taint.Finding, events ...messagemedia.EventType) {
	t.exposed[f.Reference] = true
	if t.form.format == taint.Plain {
		return
	}
	source, broken := f.Reference.Source, f.Layers[len(f.Layers)-1]
	problem := at(t.field, f.Reference.Pos(), "", SeverityError, "", "")
	if t.field == "url" {
		problem.Code, problem.Severity = CodeInputInURL, SeverityWarning
		problem.Message = source + " inserts untrusted input into the URL, and the platform does not document whether it percent-encodes the value"
		problem.Suggestion = "insert it into the payload"
		t.add(problem, events...)
		return
	}
	switch f.Kind {
	case taint.Unescaped:
		problem.Code = CodeUnescapedInput
		problem.Message = fmt.Sprintf("%s inserts %q unescaped, which breaks the %s or changes its meaning", source, f.Character, within(f.Layers))
		problem.Suggestion = "write " + escaped(f.Reference, f.Layers)
	case taint.Altered:
		problem.Code = CodeUnescapedInput
		problem.Message = fmt.Sprintf("%s inserts %q unescaped, which arrives as another character", source, f.Character)
		problem.Suggestion = "write " + escaped(f.Reference, f.Layers)
	case taint.Damaged:
		problem.Code = CodeDamagedEscape
		problem.Message = fmt.Sprintf("%s cuts or changes a text after the escape: %q can remain of an escape, which breaks the %s", source, f.Character, within(f.Layers))
		problem.Suggestion = "cut or change the text first, then escape the result"
	case taint.Unquoted:
		problem.Code = CodeUnquotedInput
		problem.Message = fmt.Sprintf("%s is outside quotes: the text can add fields to the %s, and no escape prevents that", source, within(f.Layers))
		problem.Suggestion = "put it in quotes, as " + quoted(f.Reference.Source, escaped(f.Reference, f.Layers), broken)
	case taint.NotCharacter:
		problem.Code = CodeXMLCharacter
		problem.Message = t.describeXML(source, f.Character)
		problem.Suggestion = "use JSON, or replace such characters: write " + escaped(f.Reference, f.Layers)
	}
	t.add(problem, events...)
}

// describeXML describes what a character of a text does to XML.
func (t *parsedTemplate) describeXML(source, character string) string {
	if []rune(character)[0] > 0xffff {
		return fmt.Sprintf("%s writes %q as two references that are not valid XML characters: the message is lost", source, character)
	}
	return fmt.Sprintf("%s can insert %q, which XML does not allow, escaped or not: the message is lost", source, character)
}

// within lists nested formats, the innermost first.
func within(layers []taint.Format) string {
	names := make([]string, len(layers))
	for i, layer := range layers {
		names[len(layers)-1-i] = formatNames[layer]
	}
	return strings.Join(names, " within ")
}

func quoted(_, escaped string, format taint.Format) string {
	if format == taint.XML {
		return `name="` + escaped + `"`
	}
	return `"` + escaped + `"`
}
