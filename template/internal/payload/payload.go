// Package payload strictly decodes rendered payloads, including nested documents such as JSON
// in a form.
package payload

import (
	"encoding/json"
	"strings"
)

// Document is a decoded payload.
type Document struct {
	// Strings are its names and texts, in order. The strings of a nested document replace the
	// text that contains it.
	Strings []String

	// Repeated are the names that occur more than once in an object, in a form or on an
	// element, each once, in order.
	Repeated []string

	// Bare are the names of a form without a =.
	Bare []string
}

// String is a name or a text of a document.
type String struct {
	// Path is its position, as in "/metadata/order". The path of a name includes the name.
	Path string

	// IsName reports whether it is the name of a member, parameter, element or attribute.
	IsName bool

	// Text is the decoded string.
	Text string
}

// Names returns the names of the outermost level, each once, in order.
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

// maxNesting is the maximum depth of nested documents.
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

// JSON decodes a JSON text. It does not decode a text equal to opaque as a nested document.
func JSON(text, opaque string) (*Document, error) { return read((*reader).json, text, opaque) }

// Form decodes a form, as in a query. Opaque is as for [JSON].
func Form(text, opaque string) (*Document, error) { return read((*reader).form, text, opaque) }

// XML decodes an XML document. Opaque is as for [JSON].
func XML(text, opaque string) (*Document, error) { return read((*reader).xml, text, opaque) }

func (r *reader) name(path, name string, seen map[string]bool) {
	r.document.Strings = append(r.document.Strings, String{path, true, name})
	if seen[name] && !r.repeated[path] {
		r.repeated[path] = true
		r.document.Repeated = append(r.document.Repeated, name)
	}
	seen[name] = true
}

// text adds a text, or the strings of the nested document if it is JSON or, in a form, XML.
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

// nested decodes a nested document, and reports whether there is one.
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
