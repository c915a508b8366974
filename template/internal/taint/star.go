package taint

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// star is the set of all texts made of its atoms, in any order and number. A method that maps
// each character separately maps a star to a star, without loss of precision: the atoms of
// $esc.json($moContent) are the characters that are safe in a JSON string, and escapes such
// as \n.
type star struct {
	atoms []atom // sorted, each once

	// origin is the source of the texts, such as "$moContent". It is empty if only the
	// platform wrote them.
	origin string

	// damaged reports whether the texts were cut or changed after an escape.
	damaged bool

	// split is the replacement of each ]]>, or empty.
	split string

	// pattern is a regular expression that the whole text matches, or empty.
	pattern string

	// valuesOnly reports whether each text is a JSON value without quotes.
	valuesOnly bool
}

// atom is a character, or the text that replaced it.
type atom struct {
	text string
	from string // the original character, or empty if unknown
}

func compareAtoms(a, b atom) int {
	return cmp.Or(strings.Compare(a.text, b.text), strings.Compare(a.from, b.from))
}

// isEscape reports whether the atom has more than one character.
func (a atom) isEscape() bool { return utf8.RuneCountInString(a.text) > 1 }

// maxAtomBytes is the maximum length of an atom, since each escape of an escape doubles it. A
// star with longer atoms becomes a star of their characters.
const maxAtomBytes = 64

func newStar(origin string, atoms []atom) *star {
	slices.SortFunc(atoms, compareAtoms)
	return &star{atoms: slices.Compact(atoms), origin: origin}
}

// characters returns the distinct characters of a text as atoms.
func characters(text string) []atom {
	var atoms []atom
	seen := make(map[rune]bool)
	for _, c := range text {
		if !seen[c] {
			seen[c] = true
			atoms = append(atoms, atom{string(c), string(c)})
		}
	}
	return atoms
}

// mapped returns a star of the images of each atom. If damages is true, changing an escape
// damages it.
func (s *star) mapped(images []string, damages bool) *star {
	atoms, damaged, overlong := make([]atom, 0, len(images)), s.damaged, false
	for i, image := range images {
		if damages && s.atoms[i].isEscape() && image != s.atoms[i].text {
			damaged = true
		}
		overlong = overlong || len(image) > maxAtomBytes
		if image != "" {
			atoms = append(atoms, atom{image, s.atoms[i].from})
		}
	}
	if overlong {
		atoms, damaged = characters(strings.Join(images, "")), true
	}
	mapped := newStar(s.origin, atoms)
	mapped.damaged = damaged
	return mapped
}

// cut returns a star of all parts of the texts, including parts of escapes.
func (s *star) cut() *star {
	var atoms []atom
	damaged := s.damaged
	for _, a := range s.atoms {
		if !a.isEscape() {
			atoms = append(atoms, a)
			continue
		}
		damaged = true
		atoms = append(atoms, factors(a.text)...)
		atoms = append(atoms, a)
	}
	cut := newStar(s.origin, atoms)
	cut.damaged = damaged
	return cut
}

// factors returns the prefixes, suffixes and characters of a text.
func factors(text string) []atom {
	var atoms []atom
	for i := range text {
		if i > 0 {
			atoms = append(atoms, atom{text: text[:i]}, atom{text: text[i:]})
		}
	}
	for _, c := range text {
		atoms = append(atoms, atom{text: string(c)})
	}
	return atoms
}

// only returns a star of the atoms for which keep is true.
func (s *star) only(keep func(atom) bool) *star {
	restricted := *s
	restricted.pattern, restricted.valuesOnly = "", false
	restricted.atoms = slices.DeleteFunc(slices.Clone(s.atoms), func(a atom) bool { return !keep(a) })
	return &restricted
}

// union returns a star of the atoms of two stars.
func union(a, b *star) *star {
	if a == b || b == nil {
		return a
	}
	if a == nil {
		return b
	}
	both := &star{origin: cmp.Or(a.origin, b.origin), damaged: a.damaged || b.damaged, atoms: make([]atom, 0, max(len(a.atoms), len(b.atoms)))}
	i, j := 0, 0
	for i < len(a.atoms) || j < len(b.atoms) {
		order := -1
		switch {
		case i == len(a.atoms):
			order = 1
		case j < len(b.atoms):
			order = compareAtoms(a.atoms[i], b.atoms[j])
		}
		if order <= 0 {
			both.atoms = append(both.atoms, a.atoms[i])
			i++
		} else {
			both.atoms = append(both.atoms, b.atoms[j])
		}
		if order >= 0 {
			j++
		}
	}
	return both
}

// equal reports whether two stars are equal.
func (s *star) equal(other *star) bool {
	return s == other || s.origin == other.origin && s.damaged == other.damaged && s.split == other.split &&
		s.pattern == other.pattern && s.valuesOnly == other.valuesOnly && slices.Equal(s.atoms, other.atoms)
}
