package taint

import (
	"encoding/xml"
	"strconv"
	"strings"
)

func (p *position) feedXML(depth int, c rune) verdict {
	l := &p[depth]
	switch l.mode {
	case outside, inDouble, inSingle:
		return p.feedXMLText(depth, c)
	case refContent, refDouble, refSingle:
		return p.feedReference(depth, c)
	case inMarkup:
		return p.feedMarkup(depth, c)
	case inTag:
		return p.feedTag(depth, c)
	}
	return p.feedDelimited(depth, c)
}

// feedXMLText consumes a character of content or of an attribute.
func (p *position) feedXMLText(depth int, c rune) verdict {
	l := &p[depth]
	switch {
	case l.mode == inDouble && c == '"', l.mode == inSingle && c == '\'':
		l.mode = inTag
		p.leave(depth + 1)
		return structure
	case c == '<' && l.mode == outside:
		l.mode, l.pending = inMarkup, "<"
		return structure
	case c == '<':
		return malformed
	case c == '&':
		l.mode, l.pending = map[mode]mode{outside: refContent, inDouble: refDouble, inSingle: refSingle}[l.mode], "&"
		return fine
	case !IsXMLCharacter(c):
		return malformed
	}
	return p.pass(depth, c)
}

// feedReference consumes a character of a reference such as &amp;.
func (p *position) feedReference(depth int, c rune) verdict {
	l := &p[depth]
	l.pending += string(c)
	if c != ';' && len(l.pending) < 12 && c > ' ' && c < 0x7f && c != '<' && c != '&' {
		return fine
	}
	name := strings.TrimSuffix(l.pending[1:], ";")
	l.mode, l.pending = map[mode]mode{refContent: outside, refDouble: inDouble, refSingle: inSingle}[l.mode], ""
	decoded, ok := dereference(name)
	if c != ';' || !ok {
		return malformed
	}
	return p.pass(depth, decoded)
}

// dereference returns the character of a reference.
func dereference(name string) (rune, bool) {
	if number, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if hex, ok := strings.CutPrefix(number, "x"); ok {
			number, base = hex, 16
		}
		n, err := strconv.ParseUint(number, base, 31)
		return rune(n), err == nil && IsXMLCharacter(rune(n))
	}
	c, ok := map[string]rune{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}[name]
	return c, ok
}

// IsXMLCharacter reports whether XML 1.0 allows a character, by production [2].
func IsXMLCharacter(c rune) bool {
	switch {
	case c == '\t', c == '\n', c == '\r':
		return true
	case c < ' ', 0xd800 <= c && c <= 0xdfff, c == 0xfffe, c == 0xffff:
		return false
	}
	return c <= 0x10ffff
}

// feedMarkup detects the kind of markup after a <.
func (p *position) feedMarkup(depth int, c rune) verdict {
	l := &p[depth]
	l.pending += string(c)
	switch {
	case l.pending == "<!--":
		l.mode, l.pending = inComment, ""
	case l.pending == "<![CDATA[":
		l.mode, l.pending = inCDATA, ""
		p.enter(depth + 1)
	case l.pending == "<?":
		l.mode, l.pending = inInstruction, ""
	case !strings.HasPrefix("<!--", l.pending) && !strings.HasPrefix("<![CDATA[", l.pending):
		l.mode, l.pending = inTag, ""
		return p.feedTag(depth, c)
	}
	return structure
}

func (p *position) feedTag(depth int, c rune) verdict {
	l := &p[depth]
	switch c {
	case '"':
		l.mode = inDouble
		p.enter(depth + 1)
	case '\'':
		l.mode = inSingle
		p.enter(depth + 1)
	case '>':
		l.mode = outside
		p.enter(depth + 1)
	}
	return structure
}

// feedDelimited consumes a character of a comment, CDATA section or instruction.
func (p *position) feedDelimited(depth int, c rune) verdict {
	l := &p[depth]
	repeated, end := ']', "]]>"
	switch l.mode {
	case inComment:
		repeated, end = '-', "-->"
	case inInstruction:
		repeated, end = '?', "?>"
	}
	if l.pending+string(c) == end {
		l.mode, l.pending = outside, ""
		p.leave(depth + 1)
		return structure
	}
	switch {
	case c != repeated:
		l.pending = ""
	case len(l.pending) < len(end)-1:
		l.pending += string(c)
	}
	if !IsXMLCharacter(c) {
		return malformed
	}
	if l.mode == inCDATA {
		return p.pass(depth, c)
	}
	return fine
}

// IsXMLReference reports whether a reference such as &#233; refers to a character of XML 1.0.
func IsXMLReference(reference string) bool {
	name, begins := strings.CutPrefix(reference, "&")
	name, ends := strings.CutSuffix(name, ";")
	_, ok := dereference(name)
	return begins && ends && ok
}

// splitsCDATA reports whether a replacement of ]]> in a CDATA section decodes to ]]>.
func splitsCDATA(replacement string) bool {
	var content string
	err := xml.Unmarshal([]byte("<a><![CDATA["+replacement+"]]></a>"), &content)
	return err == nil && content == "]]>"
}
