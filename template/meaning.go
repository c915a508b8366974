package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/template/internal/payload"
	"github.com/messagemedia/webhooks-go-sdk/template/internal/taint"
)

// A valid payload can still differ from the event. checkMeaning renders each value between
// two marks. In the decoded payload, the text between the marks must be the value before
// its escape.
const (
	beginMark = "\ue100"
	endMark   = "\ue101"
)

// checkMeaning renders a trial again with marks, and compares each value.
func (t *parsedTemplate) checkMeaning(r *trial) {
	marked := func(i insertion) bool { return !t.unquoted[i.reference] }
	next := 0
	output, err := t.render(t.template, r.variables, velocity.Options{Escape: func(inserted string) string {
		next++
		if next > len(r.insertions) || !marked(r.insertions[next-1]) {
			return inserted
		}
		return beginMark + inserted + endMark
	}})
	if err != nil {
		return
	}
	document, err := t.read(output, r)
	if err != nil {
		return // the format does not allow the marks here
	}
	t.checkInjected(document, r)
	var values []insertion
	for _, i := range r.insertions {
		if marked(i) {
			values = append(values, i)
		}
	}
	arrived := marksIn(document)
	if len(arrived) != len(values) {
		return // the decoder skipped some marks, for example in comments
	}
	unescaped := t.unescape(r, marked)
	for i := range unescaped {
		t.checkPlace(values[i], arrived[i], r)
		t.checkValue(values[i], arrived[i], unescaped[i], r)
	}
}

// checkInjected records a field that a text added.
func (t *parsedTemplate) checkInjected(document *payload.Document, r *trial) {
	for _, s := range document.Strings {
		if s.IsName && r.kind == hostile && strings.Contains(outsideMarks(s.Text), injectedName) {
			t.add(Problem{Code: CodeUnescapedInput, Field: t.field, Severity: SeverityError,
				Message: fmt.Sprintf("a text such as %q adds a field to the payload", short(r.text))}, r.events...)
		}
	}
}

// arrival is a decoded value.
type arrival struct {
	text          string
	before, after string // the text around the value
}

// marksIn returns the texts between marks, in the order of the document.
func marksIn(document *payload.Document) []arrival {
	var arrived []arrival
	for _, s := range document.Strings {
		pieces := strings.Split(s.Text, beginMark)
		for i, piece := range pieces[1:] {
			text, after, _ := strings.Cut(piece, endMark)
			before := pieces[i]
			if i > 0 {
				_, before, _ = strings.Cut(before, endMark)
			}
			arrived = append(arrived, arrival{text, before, after})
		}
	}
	return arrived
}

func outsideMarks(text string) string {
	var outside strings.Builder
	for i, piece := range strings.Split(text, beginMark) {
		if i > 0 {
			_, piece, _ = strings.Cut(piece, endMark)
		}
		outside.WriteString(piece)
	}
	return outside.String()
}

// unescape returns, for each marked insertion, its text with no escape removed, with one
// removed, with two removed, and so on. If the steps do not suffice, it returns nil.
func (t *parsedTemplate) unescape(r *trial, marked func(insertion) bool) [][]string {
	var unescaped [][]string
	for _, i := range r.insertions {
		if marked(i) {
			unescaped = append(unescaped, []string{i.text})
		}
	}
	deepest := 0
	for _, i := range r.insertions {
		deepest = max(deepest, len(escapesOf(i.reference)))
	}
	for level := 1; level <= min(deepest, maxEscapes); level++ {
		stripped := strip(t.template, level)
		var texts []string
		next := 0
		_, err := t.render(stripped, r.variables, velocity.Options{Observe: func(_ *velocity.Reference, inserted string, defined bool) {
			if !defined || next >= len(r.insertions) {
				return
			}
			if marked(r.insertions[next]) {
				texts = append(texts, inserted)
			}
			next++
		}})
		if err != nil || len(texts) != len(unescaped) {
			return nil
		}
		for i, text := range texts {
			unescaped[i] = append(unescaped[i], text)
		}
	}
	return unescaped
}

// checkPlace checks the text around a value.
func (t *parsedTemplate) checkPlace(value insertion, arrived arrival, r *trial) {
	if r.kind == complete && t.form.format != taint.JSON && isLineBreak(arrived.before, arrived.after) {
		t.add(at(t.field, value.reference.Pos(), CodeLineBreak, SeverityWarning,
			"a line break of the template becomes part of the value", "write the value without line breaks around it"), r.events...)
	}
}

// checkValue compares a decoded value with its text at each level of escapes.
func (t *parsedTemplate) checkValue(value insertion, arrived arrival, levels []string, r *trial) {
	methods := escapesOf(value.reference)
	core := levels[min(len(levels)-1, len(methods))]
	if r.kind == hostile && strings.Contains(core, "😀") && strings.Contains(core, "?") && !strings.Contains(r.text, "?") {
		t.add(at(t.field, value.reference.Pos(), CodeCutCharacter, SeverityWarning,
			fmt.Sprintf("%s can cut an emoji in two, and half of it arrives as \"?\"", short(value.reference.Source)), "cut the text in the receiver"), r.events...)
	}
	if t.exposed[value.reference] || !t.isVerbatim(value.reference) {
		return
	}
	for level, text := range levels {
		if sameText(arrived.text, text) && (sameText(text, core) || !t.isOneTooMany(methods[min(level, len(methods)):])) {
			return
		}
	}
	t.add(at(t.field, value.reference.Pos(), CodeChangedValue, SeverityWarning,
		fmt.Sprintf("%s arrives changed: the receiver reads %q, but the event has %q", short(value.reference.Source), short(arrived.text), short(core)),
		"write "+escaped(value.reference, []taint.Format{t.form.format})), r.events...)
}

// isVerbatim reports whether $esc escapes a text of the event in a reference, rather than a
// text that the template may have escaped before.
func (t *parsedTemplate) isVerbatim(reference *velocity.Reference) bool {
	core := subject(reference)
	if _, escapes := escapeCall(core); escapes || t.derived[core.Name] {
		return false
	}
	if len(escapesOf(reference)) > 0 {
		return true
	}
	for _, accessor := range core.Accessors {
		if call, ok := accessor.(*velocity.Call); ok && !strings.HasPrefix(call.Name, "get") {
			return false // it may be a hand-made escape
		}
	}
	return true
}

// isOneTooMany reports whether escapes that remain in the decoded payload are a mistake.
// Escapes of the payload's format are mistakes. Others may be meant for a later reader.
func (t *parsedTemplate) isOneTooMany(left []string) bool {
	return slices.Contains(left, escapes[t.form.format])
}

// sameText reports whether texts are equal, ignoring the kind of line breaks, which XML
// does not preserve.
func sameText(a, b string) bool {
	breaks := strings.NewReplacer("\r\n", "\n", "\r", "\n")
	return a == b || breaks.Replace(a) == breaks.Replace(b)
}

// isLineBreak reports whether the text around a value is white space with a line break.
func isLineBreak(before, after string) bool {
	blank := strings.TrimSpace(before+after) == ""
	return blank && strings.Contains(before+after, "\n")
}
