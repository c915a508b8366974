package taint

import (
	"slices"
	"strings"
)

// value is the set of texts and objects that a reference can have. The zero value is null.
type value struct {
	texts   []text
	objects []*object
}

// text is a sequence of known parts.
type text []part

// part is a literal, any text of a star, or any number of some texts, as a loop writes them.
type part struct {
	literal string
	star    *star
	many    []text
}

// Limits of the alternatives of a value and the parts of a text. Beyond a limit, they become
// one star, which has at least the same texts.
const (
	maxAlternatives = 12
	maxParts        = 512
	maxPeriod       = 8 // parts of a repetition
	maxLiteral      = 4096
)

func literal(s string) value   { return value{texts: []text{{{literal: s}}}} }
func starred(s *star) value    { return value{texts: []text{{{star: s}}}} }
func objectOf(o *object) value { return value{objects: []*object{o}} }
func (v value) isNull() bool   { return len(v.texts) == 0 && len(v.objects) == 0 }
func (p part) isLiteral() bool { return p.star == nil && p.many == nil }
func (t text) isLiteral() bool {
	return !slices.ContainsFunc(t, func(p part) bool { return !p.isLiteral() })
}

func (p part) equal(o part) bool {
	sameStar := p.star == o.star || p.star != nil && o.star != nil && p.star.equal(o.star)
	return p.literal == o.literal && sameStar && (value{texts: p.many}).equal(value{texts: o.many})
}

// asLiteral returns the text of a value that has only one.
func (v value) asLiteral() (string, bool) {
	if len(v.texts) != 1 || len(v.objects) > 0 || !v.texts[0].isLiteral() {
		return "", false
	}
	return v.texts[0].joined(), true
}

// joined returns the concatenation of the literals of a text.
func (t text) joined() string {
	var s strings.Builder
	for _, p := range t {
		s.WriteString(p.literal)
	}
	return s.String()
}

func (t text) equal(other text) bool { return slices.EqualFunc(t, other, part.equal) }

// concat appends a text to another. It shortens a repetition of four to two, since the
// position after both is the same.
func (t text) concat(other text) text {
	joined := slices.Clone(t)
	for _, p := range other {
		if p.isLiteral() && p.literal == "" {
			continue
		}
		if n := len(joined); n > 0 && p.isLiteral() && joined[n-1].isLiteral() && len(joined[n-1].literal)+len(p.literal) < maxLiteral {
			joined[n-1].literal += p.literal
			continue
		}
		joined = append(joined, p)
	}
	joined = joined.withoutRepeats()
	if len(joined) > maxParts {
		return joined.flat()
	}
	return joined
}

func (t text) withoutRepeats() text {
	n := len(t)
	for length := 1; length <= min(n/4, maxPeriod); length++ {
		last := t[n-length:]
		repeats := 1
		for repeats < 4 && last.equal(t[n-(repeats+1)*length:n-repeats*length]) {
			repeats++
		}
		if repeats == 4 && !last.isLiteral() {
			return t[:n-2*length]
		}
	}
	return t
}

// flat returns a text whose parts can be in any order, separated by origin: the platform's,
// and others.
func (t text) flat() text {
	var literals strings.Builder
	var own, others *star
	for _, p := range t {
		switch {
		case p.many != nil:
			for _, other := range p.many {
				for _, q := range other.flat() {
					if q.star.origin == "" {
						own = union(own, q.star)
					} else {
						others = union(others, q.star)
					}
				}
			}
		case p.star == nil:
			literals.WriteString(p.literal)
		case p.star.origin == "":
			own = union(own, p.star)
		default:
			others = union(others, p.star)
		}
	}
	if literals.Len() > 0 {
		own = union(own, newStar("", characters(literals.String())))
	}
	flat := text{}
	for _, s := range []*star{own, others} {
		if s != nil && len(s.atoms) > 0 {
			flat = append(flat, part{star: s})
		}
	}
	return flat
}

// star returns one star of all parts of a text.
func (t text) star() *star {
	all := &star{}
	for _, p := range t.flat() {
		all = union(all, p.star)
	}
	return all
}

// repeated returns a text followed by any number of some texts.
func (t text) repeated(more []text) text {
	if n := len(t); n > 0 && t[n-1].many != nil {
		t, more = t[:n-1], join(value{texts: t[n-1].many}, value{texts: more}).texts
	}
	return append(slices.Clone(t), part{many: more})
}

// join returns the union of two values.
func join(a, b value) value {
	joined := value{slices.Clone(a.texts), slices.Clone(a.objects)}
	for _, t := range b.texts {
		if !slices.ContainsFunc(joined.texts, t.equal) {
			joined.texts = append(joined.texts, t)
		}
	}
	for _, o := range b.objects {
		if !slices.Contains(joined.objects, o) {
			joined.objects = append(joined.objects, o)
		}
	}
	if len(joined.texts) > maxAlternatives {
		var all text
		for _, t := range joined.texts {
			all = append(all, t.flat()...)
		}
		joined.texts = []text{all.flat()}
	}
	return joined
}

// equal reports whether two values have the same alternatives, in any order.
func (v value) equal(other value) bool {
	return v.within(other) && other.within(v)
}

func (v value) within(other value) bool {
	return !slices.ContainsFunc(v.texts, func(t text) bool { return !slices.ContainsFunc(other.texts, t.equal) }) &&
		!slices.ContainsFunc(v.objects, func(o *object) bool { return !slices.Contains(other.objects, o) })
}

// object is a list, a map, or another container of values. It represents all objects created
// at one place of a template. Values are never removed from it.
type object struct {
	kind   objectKind
	fields map[string]value // values by known names
	keys   value            // other keys of a map
	items  value            // values under other keys, or in a list
}

type objectKind uint8

const (
	list objectKind = iota
	mapping
	entry // fields key and value
	bean  // fields only, each with a getter
	loop  // $foreach
	escapeTool
)

// maxFields is the maximum number of known names of a map.
const maxFields = 64

// field returns the value under a name.
func (o *object) field(name string) value { return join(o.fields[name], o.items) }

// contents returns the union of all values of an object.
func (o *object) contents() value {
	all := o.items
	for _, v := range o.fields {
		all = join(all, v)
	}
	return all
}

// allKeys returns the union of all keys of a map.
func (o *object) allKeys() value {
	all := o.keys
	for name := range o.fields {
		all = join(all, literal(name))
	}
	return all
}

// put adds a value under a name, and reports whether the object changed.
func (o *object) put(name string, known bool, v value) bool {
	if !known || len(o.fields) >= maxFields {
		return o.add(v)
	}
	before := o.fields[name]
	if v.within(before) && !before.isNull() {
		return false
	}
	if o.fields == nil {
		o.fields = make(map[string]value)
	}
	o.fields[name] = join(before, v)
	return true
}

// add adds a value to a list or under any name, and reports whether the object changed.
func (o *object) add(v value) bool {
	if v.within(o.items) {
		return false
	}
	before := o.items
	o.items = join(before, v)
	return !o.items.equal(before)
}
