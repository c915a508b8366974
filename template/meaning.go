package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/template/internal/payload"
	"github.com/messagemedia/webhooks-go-sdk/template/internal/taint"
)

// A payload that parses can still say something else than the event. To see, each value is
// rendered between two marks: decoded, there must be between them what the template had
// before it escaped it.
const (
	beginMark = "\ue100"
	endMark   = "\ue101"
)

// checkMeaning renders a trial again, with marks, and compares each value.
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
		return // the marks are no place for texts after all
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
		return // some stand where a decoder does not look, as in comments
	}
	unescaped := t.unescape(r, marked)
	for i := range unescaped {
		t.checkPlace(values[i], arrived[i], r)
		t.checkValue(values[i], arrived[i], unescaped[i], r)
	}
}

// checkInjected looks for a field that a text has added.
func (t *parsedTemplate) checkInjected(document *payload.Document, r *trial) {
	for _, s := range document.Strings {
		if s.IsName && r.kind == hostile && strings.Contains(outsideMarks(s.Text), injectedName) {
			t.add(Problem{Code: CodeUnescapedInput, Field: t.field, Severity: SeverityError,
				Message: fmt.Sprintf("a text such as %q adds a field to the payload", short(r.text))}, r.events...)
		}
	}
}

// arrival is a value as it was decoded.
type arrival struct {
	text          string
	before, after string // what else the text has
}

// marksIn returns what is between the marks, in the order of the document.
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

// unescape returns for each marked insertion what it is with one escape less, with two
// less and so on. It returns nil if the steps do not suffice.
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

// checkPlace looks at what else a text has than a value of the event.
func (t *parsedTemplate) checkPlace(value insertion, arrived arrival, r *trial) {
	if r.kind == complete && t.form.format != taint.JSON && isLineBreak(arrived.before, arrived.after) {
		t.add(at(t.field, value.reference.Pos(), CodeLineBreak, SeverityWarning,
			"a line break of the template becomes a part of the value", "write the value without line breaks around it"), r.events...)
	}
}

// checkValue compares a value as it arrived with what it was at each level of escapes.
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
		fmt.Sprintf("%s arrives changed: the receiver reads %q, and the event has %q", short(value.reference.Source), short(arrived.text), short(core)),
		"write "+escaped(value.reference, []taint.Format{t.form.format})), r.events...)
}

// isVerbatim reports whether what $esc escapes in a reference is a text of the event, and
// not one that the template may have escaped before.
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

// isOneTooMany reports whether escapes that are left once the payload is decoded are a
// mistake: the payload's own are, others may be for what reads the text then.
func (t *parsedTemplate) isOneTooMany(left []string) bool {
	return slices.Contains(left, escapes[t.form.format])
}

// sameText compares texts as far as formats keep them: XML reads all line breaks as one.
func sameText(a, b string) bool {
	breaks := strings.NewReplacer("\r\n", "\n", "\r", "\n")
	return a == b || breaks.Replace(a) == breaks.Replace(b)
}

// isLineBreak reports whether there is nothing but white space on a side of a value, and a
// line break in it.
func isLineBreak(before, after string) bool {
	blank := strings.TrimSpace(before+after) == ""
	return blank && strings.Contains(before+after, "\n")
}
