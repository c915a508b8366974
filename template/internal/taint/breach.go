package taint

import "strings"

// Kind classifies a [Finding].
type Kind uint8

// The kinds of findings, the worst first.
const (
	Unescaped    Kind = iota + 1 // a character is part of the structure, or not allowed
	Damaged                      // the text was cut or changed after the escape
	Unquoted                     // the text is outside quotes, where no escape helps
	NotCharacter                 // XML does not allow a character, escaped or not
	Altered                      // a character decodes to another one, like + in a form
)

// breach describes how a star can break out of its place.
type breach struct {
	kind  Kind
	depth int  // of the broken layer
	atom  atom // that breaks it
}

// breach returns how a text of a star can break out of a place, if it can.
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

// outermost returns the position without the layers beyond a depth.
func (p position) outermost(depth int) position {
	p.leave(depth + 1)
	return p
}

// unquoted returns a layer in which the place does not allow texts.
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

// breachOf returns how a star can break the innermost layer of a position.
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

// telling ranks atoms as examples of a problem. The best has the lowest rank.
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

// effect returns the effect of an atom on the structure at a place, or 0 if it has none.
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

// isNotForXML reports whether XML does not allow the character or the reference to it: a
// control character, or an emoji that was written as two references.
func isNotForXML(a atom) bool {
	from := []rune(a.from)
	return len(from) == 1 && (!IsXMLCharacter(from[0]) || from[0] > 0xffff && a.isEscape())
}

// endsCDATA reports whether the texts can contain ]]>, which ends a CDATA section and is not
// allowed elsewhere in content.
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
