package taint

import "strings"

// Kind says how a text can mean something else in its place than itself.
type Kind uint8

// The kinds of findings, the worst first.
const (
	Unescaped    Kind = iota + 1 // a character of it is a part of the structure, or not allowed
	Damaged                      // it was cut or changed after it was escaped
	Unquoted                     // it stands outside quotes, where no escape helps
	NotCharacter                 // it has characters that XML does not allow, whatever escapes them
	Altered                      // it arrives as another text, as a + does in a form
)

// breach is how a star can break out of its place.
type breach struct {
	kind  Kind
	depth int  // of the layer that it breaks
	atom  atom // by which
}

// breach reports how a text of a star means something else in a place, if it can.
func (p position) breach(s *star) (breach, bool) {
	p = p.shape()
	if depth, unquoted := p.unquoted(); unquoted && s.origin != "" && !(s.valuesOnly && p[depth].format == JSON) {
		return breach{kind: Unquoted, depth: depth}, true
	}
	for depth := range p.deepest() + 1 {
		if b, found := p.outermost(depth).breachOf(s, depth); found {
			return b, true
		}
	}
	return breach{}, false
}

// outermost is the position without the layers beyond a depth.
func (p position) outermost(depth int) position {
	p.leave(depth + 1)
	return p
}

// unquoted finds a layer in which the place is not one for texts.
func (p position) unquoted() (depth int, found bool) {
	for depth := range p.deepest() + 1 {
		switch l := p[depth]; {
		case l.format == JSON && l.mode == outside:
			return depth, true
		case l.format == XML && (l.mode == inTag || l.mode == inMarkup || l.mode == inInstruction):
			return depth, true
		}
	}
	return 0, false
}

// breachOf looks at the innermost layer of a position.
func (p position) breachOf(s *star, depth int) (breach, bool) {
	l := p[depth]
	if l.format == Plain || l.format == JSON && s.origin == "" || l.format == JSON && l.mode == outside {
		return breach{}, false
	}
	worst, found := breach{}, false
	for _, a := range s.atoms {
		kind := p.effect(a, s, depth)
		if kind != 0 && (!found || kind < worst.kind || kind == worst.kind && a.telling() < worst.atom.telling()) {
			worst, found = breach{kind, depth, a}, true
		}
	}
	if !found && l.format == XML && p.endsCDATA(s, depth) {
		return breach{Unescaped, depth, atom{"]]>", "]]>"}}, true
	}
	return worst, found
}

// telling orders atoms by how well they show what is wrong, the best first.
func (a atom) telling() int {
	const best = "\"<&\\+%;='\n"
	if i := strings.Index(best, a.text); i >= 0 && a.text != "" {
		return i
	}
	if i := strings.Index(best, a.from); i >= 0 && a.from != "" {
		return len(best) + i
	}
	if a.from == "😀" {
		return 2 * len(best)
	}
	return 3*len(best) + len(a.text)
}

// effect returns what an atom does in a place that is not for it, 0 if it does nothing.
func (p position) effect(a atom, s *star, depth int) Kind {
	l, q := p[depth], p
	verdict := fine
	for _, c := range a.text {
		if v := q.feed(0, c); verdict == fine {
			verdict = v
		}
	}
	returns := q.shape() == p
	switch {
	case l.format == XML && returns && a.text == s.split:
		return 0
	case l.format == XML && l.mode == inComment && strings.Contains(a.text, "-"):
		return Unescaped
	case l.format == Form && a.text == "+" && a.from != " " && a.from != "":
		return Altered
	case verdict == fine && returns:
		return 0
	case l.format == XML && a.from != "" && isNotForXML(a):
		return NotCharacter
	case s.damaged && a.isEscape(), s.damaged && a.from == "":
		return Damaged
	}
	return Unescaped
}

// isNotForXML reports whether the character or a reference to it is not XML: a control
// character, or an emoji that was written as two references to half of it.
func isNotForXML(a atom) bool {
	from := []rune(a.from)
	return len(from) == 1 && (!IsXMLCharacter(from[0]) || from[0] > 0xffff && a.isEscape())
}

// endsCDATA reports whether ]]> can arise, which ends a CDATA section and is not allowed
// elsewhere in content.
func (p position) endsCDATA(s *star, depth int) bool {
	if mode := p[depth].mode; mode != inCDATA && mode != outside || s.split != "" {
		return false
	}
	return s.hasAtom("]") && s.hasAtom(">")
}

func (s *star) hasAtom(text string) bool {
	for _, a := range s.atoms {
		if a.text == text {
			return true
		}
	}
	return false
}
