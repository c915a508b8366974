package taint

import (
	"slices"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// insert outputs the value of a reference, and records a finding if it can break its place.
func (a *analysis) insert(n *velocity.Reference, s *state) {
	a.reached[n] = true
	v := a.reference(n, s)
	texts := a.printed(v)
	if n.Escaped {
		return
	}
	if s.inText {
		a.append(s, texts)
		return
	}
	if len(texts) == 0 {
		return
	}
	places := make(map[position]bool)
	for place := range s.places {
		if _, unquoted := place.shape().unquoted(); unquoted {
			a.unquoted[n] = true
		}
		for _, t := range texts {
			if !a.charge(len(t)) {
				return
			}
			places[a.insertText(n, t, place)] = true
		}
	}
	s.places = limited(places)
}

// insertText outputs a text, and returns the position after it. If the text can break its
// place, insertText reports it and continues as if it could not.
func (a *analysis) insertText(n *velocity.Reference, t text, place position) position {
	for _, p := range t {
		if p.many != nil {
			place = a.insertMany(n, p.many, place)
			continue
		}
		if p.star == nil {
			a.charge(len(p.literal) / 8)
			place.write(p.literal)
			continue
		}
		if b, found := a.breach(place, p.star); found {
			a.report(n, p.star, place, b)
		}
		place = place.settled()
	}
	return place
}

// insertMany outputs any number of texts. If each keeps the position, so do all of them.
// Otherwise insertMany assumes any order.
func (a *analysis) insertMany(n *velocity.Reference, many []text, place position) position {
	for _, t := range many {
		if !a.charge(len(t)) {
			return place
		}
		if a.insertText(n, t, place).shape() != place.shape() {
			return a.insertText(n, text(slices.Concat(many...)).flat(), place)
		}
	}
	return place
}

// breachKey and cachedBreach cache the results of position.breach.
type (
	breachKey struct {
		place position
		star  *star
	}
	cachedBreach struct {
		breach breach
		found  bool
	}
)

func (a *analysis) breach(place position, s *star) (breach, bool) {
	key := breachKey{place.shape(), s}
	cached, known := a.breaches[key]
	if !known {
		if !a.charge(4 * len(s.atoms)) {
			return breach{}, false
		}
		cached.breach, cached.found = place.breach(s)
		a.breaches[key] = cached
	}
	return cached.breach, cached.found
}

// report records the worst breach of a reference.
func (a *analysis) report(n *velocity.Reference, s *star, place position, b breach) {
	before, known := a.found[n]
	if !known {
		a.order = append(a.order, n)
	}
	if known && (before.Kind < b.kind || before.Kind == b.kind && len(before.Layers) <= b.depth+1) {
		return
	}
	f := Finding{Reference: n, Kind: b.kind, Origin: s.origin, Character: b.atom.text}
	if b.kind == NotCharacter || b.kind == Altered {
		f.Character = b.atom.from
	}
	for _, l := range place[:b.depth+1] {
		f.Layers = append(f.Layers, l.format)
	}
	a.found[n] = f
}
