package taint

import (
	"strconv"
	"strings"
)

// Format is the format of a payload, or of a text within one.
type Format uint8

// The formats. Plain text has no structure that a text could break.
const (
	Plain Format = iota
	JSON
	XML
	Form
	unknown // the beginning of a text whose format is undecided
)

// maxLayers is the maximum number of nested formats, as in JSON in a form.
const maxLayers = 3

// position is a place in a payload, with one layer for each nested format. Positions are
// comparable.
type position [maxLayers]layer

// layer is a place in one format.
type layer struct {
	format  Format
	mode    mode
	pending string // the beginning of an escape or of a delimiter
}

type mode uint8

const (
	outside  mode = iota // JSON: not in a string; form: in a name; XML: not in a tag
	inString             // JSON: in a string; form: in a value
	inEscape             // JSON: after a backslash
	inMarkup             // XML: after a <
	inTag                // XML: in a tag, not in quotes
	inDouble             // XML: in an attribute with double quotes
	inSingle             // XML: in an attribute with single quotes
	inComment
	inCDATA
	inInstruction // XML: <?...?>
	refContent    // XML: after an & in content
	refDouble
	refSingle
)

// verdict is the effect of a character at its place.
type verdict uint8

const (
	fine      verdict = iota
	structure         // part of the structure, such as a quotation mark that ends a string
	malformed         // the format does not allow it there
)

func start(format Format) position { return position{{format: format}} }

// feed consumes the next character of a layer, and feeds the decoded character to the next
// layer.
func (p *position) feed(depth int, c rune) verdict {
	if depth == maxLayers {
		return fine
	}
	switch p[depth].format {
	case JSON:
		return p.feedJSON(depth, c)
	case XML:
		return p.feedXML(depth, c)
	case Form:
		return p.feedForm(depth, c)
	case unknown:
		p.feedUnknown(depth, c)
	}
	return fine
}

// write consumes a literal text of the template.
func (p *position) write(text string) {
	for _, c := range text {
		p.feed(0, c)
	}
}

// enter begins a nested text.
func (p *position) enter(depth int) {
	p.leave(depth)
	if depth < maxLayers {
		p[depth].format = unknown
	}
}

// leave ends the nested texts.
func (p *position) leave(depth int) {
	for ; depth < maxLayers; depth++ {
		p[depth] = layer{}
	}
}

// pass feeds a decoded character to the next layer.
func (p *position) pass(depth int, c rune) verdict { return p.feed(depth+1, c) }

func (p *position) feedJSON(depth int, c rune) verdict {
	l := &p[depth]
	switch {
	case l.mode == outside && c == '"':
		l.mode = inString
		p.enter(depth + 1)
		return structure
	case l.mode == outside:
		return structure
	case l.mode == inEscape:
		l.pending += string(c)
		decoded, complete, ok := jsonEscape(l.pending)
		if ok && !complete {
			return fine
		}
		l.mode, l.pending = inString, ""
		if !ok {
			return malformed
		}
		return p.pass(depth, decoded)
	case c == '"':
		l.mode = outside
		p.leave(depth + 1)
		return structure
	case c == '\\':
		l.mode = inEscape
		return fine
	case c < ' ':
		return malformed
	}
	return p.pass(depth, c)
}

// jsonEscape decodes the text after a backslash.
func jsonEscape(s string) (decoded rune, complete, ok bool) {
	if s[0] != 'u' {
		i := strings.IndexByte(`"\/bfnrt`, s[0])
		if i < 0 {
			return 0, true, false
		}
		return rune("\"\\/\b\f\n\r\t"[i]), true, true
	}
	if len(s) == 1 {
		return 0, false, true
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	return rune(n), len(s) == 5, err == nil && len(s) <= 5
}

func (p *position) feedForm(depth int, c rune) verdict {
	l := &p[depth]
	if l.pending != "" {
		l.pending += string(c)
		n, err := strconv.ParseUint(l.pending[1:], 16, 32)
		if err != nil {
			l.pending = ""
			return malformed
		}
		if len(l.pending) < 3 {
			return fine
		}
		l.pending = ""
		return p.inForm(depth, rune(n))
	}
	switch {
	case c == '&' || c == ';':
		l.mode = outside
		p.leave(depth + 1)
		return structure
	case c == '=' && l.mode == outside:
		l.mode = inString
		p.enter(depth + 1)
		return structure
	case c == '%':
		l.pending = "%"
		return fine
	case c == '+':
		c = ' '
	}
	return p.inForm(depth, c)
}

// inForm feeds a decoded byte or character of a value to the next layer. A byte of a non-ASCII
// character has the same effect as the character.
func (p *position) inForm(depth int, c rune) verdict {
	if p[depth].mode == outside {
		return fine
	}
	return p.pass(depth, c)
}

// feedUnknown detects the format of a text by its beginning: {" and [{ and [" begin JSON, and
// <?xml begins XML, as does < with a letter in a value of a form. Other texts, such as
// "[New] $text", are plain.
func (p *position) feedUnknown(depth int, c rune) {
	l := &p[depth]
	if strings.ContainsRune(" \t\r\n", c) && !strings.HasPrefix(l.pending, "<") {
		return
	}
	l.pending += string(c)
	switch l.pending {
	case "{", "[", "<", "<?", "<?x", "<?xm":
	case "[{", "[[":
		l.pending = l.pending[1:]
	case `{"`, `["`:
		*l = layer{format: JSON, mode: inString}
		p.enter(depth + 1)
	case "<?xml":
		*l = layer{format: XML, mode: inInstruction}
	default:
		if l.pending[0] == '<' && depth > 0 && p[depth-1].format == Form && isNameStart(c) {
			*l = layer{format: XML, mode: inTag}
			return
		}
		p.leave(depth)
	}
}

func isNameStart(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c > 0x7f
}

// settled returns the position after a text of a variable: layers whose format is still
// undecided become plain.
func (p position) settled() position {
	for depth := range p {
		if p[depth].format == unknown {
			p.leave(depth)
		}
	}
	return p
}

// shape returns the position without details that do not affect the structure.
func (p position) shape() position {
	p = p.settled()
	for depth := range p {
		if m := p[depth].mode; m == inComment || m == inCDATA || m == inInstruction {
			p[depth].pending = ""
		}
	}
	return p
}

// deepest returns the index of the innermost layer.
func (p *position) deepest() int {
	depth := 0
	for depth+1 < maxLayers && p[depth+1].format != Plain && p[depth+1].format != unknown {
		depth++
	}
	return depth
}
