// Package payload reads what a template rendered: strictly, and down to the texts within
// texts, such as JSON in a form.
package payload

import (
	"encoding/json"
	"strings"
)

// Document is what a payload says.
type Document struct {
	// Strings are its names and texts, in their order. In place of a text that is a
	// document itself, there are the strings of that.
	Strings []String

	// Repeated are the names that are twice in the same object or form, or on the same
	// element, each once, in their order.
	Repeated []string

	// Bare are the names of a form without a =.
	Bare []string
}

// String is a name or a text of a document.
type String struct {
	// Path names where it is, as in "/metadata/order". That of a name is its own.
	Path string

	// IsName: it is the name of a member, parameter, element or attribute.
	IsName bool

	// Text is the string, decoded.
	Text string
}

// Names returns the names of the outermost level, each once, in their order.
func (d *Document) Names() []string {
	var names []string
	seen := make(map[string]bool)
	for _, s := range d.Strings {
		if s.IsName && strings.Count(s.Path, "/") == 1 && !seen[s.Text] {
			seen[s.Text] = true
			names = append(names, s.Text)
		}
	}
	return names
}

// maxNesting is how many documents are read within each other.
const maxNesting = 4

// reader collects the strings of a document.
type reader struct {
	document Document
	repeated map[string]bool
	nesting  int
	opaque   string
}

func read(from func(*reader, string, string) error, text, opaque string) (*Document, error) {
	r := &reader{repeated: make(map[string]bool), opaque: opaque}
	if err := from(r, "", text); err != nil {
		return nil, err
	}
	return &r.document, nil
}

// JSON reads a JSON text. A text in it that is opaque is not read as a document, whatever it
// looks like.
func JSON(text, opaque string) (*Document, error) { return read((*reader).json, text, opaque) }

// Form reads a form, as in a query. Opaque is as for [JSON].
func Form(text, opaque string) (*Document, error) { return read((*reader).form, text, opaque) }

// XML reads an XML document. Opaque is as for [JSON].
func XML(text, opaque string) (*Document, error) { return read((*reader).xml, text, opaque) }

func (r *reader) name(path, name string, seen map[string]bool) {
	r.document.Strings = append(r.document.Strings, String{path, true, name})
	if seen[name] && !r.repeated[path] {
		r.repeated[path] = true
		r.document.Repeated = append(r.document.Repeated, name)
	}
	seen[name] = true
}

// text adds a text, or what is in it if it is JSON or, in a form, XML.
func (r *reader) text(path, text string) {
	trimmed := strings.TrimSpace(text)
	if r.nesting < maxNesting && trimmed != "" && text != r.opaque {
		from := (*reader).json
		switch {
		case strings.HasPrefix(trimmed, "<"):
			from = (*reader).xml
		case trimmed[0] != '{' && trimmed[0] != '[' || !json.Valid([]byte(trimmed)):
			from = nil
		}
		if from != nil && r.nested(from, path, trimmed) {
			return
		}
	}
	r.document.Strings = append(r.document.Strings, String{path, false, text})
}

// nested reads a document in a text, and reports whether there was one.
func (r *reader) nested(from func(*reader, string, string) error, path, text string) bool {
	inner := &reader{repeated: make(map[string]bool), nesting: r.nesting + 1, opaque: r.opaque}
	if from(inner, path, text) != nil {
		return false
	}
	r.document.Strings = append(r.document.Strings, inner.document.Strings...)
	for _, name := range inner.document.Repeated {
		if !r.repeated[path+"/"+name] {
			r.repeated[path+"/"+name] = true
			r.document.Repeated = append(r.document.Repeated, name)
		}
	}
	return true
}
