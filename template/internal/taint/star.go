package taint

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// star is every text that is made of its atoms, in any order and number. As long as a
// method treats each character on its own, what it makes of a star is a star again, and
// nothing is lost: the atoms of $esc.json($moContent) are the characters that are safe
// in a JSON string, and escapes such as \n.
type star struct {
	atoms []atom // sorted, each once

	// origin is who wrote it, as a reference such as "$moContent", empty if nobody else
	// than the platform did.
	origin string

	// damaged: something cut or changed the texts after they were escaped.
	damaged bool

	// split is what each ]]> was replaced with, empty if none was.
	split string

	// pattern is a regular expression that the whole text matches, empty if none is known.
	pattern string

	// valuesOnly: each text is a value of JSON that stands without quotes.
	valuesOnly bool
}

// atom is a character, or what became of one.
type atom struct {
	text string
	from string // the character, empty if that is not known
}

func compareAtoms(a, b atom) int {
	return cmp.Or(strings.Compare(a.text, b.text), strings.Compare(a.from, b.from))
}

// isEscape reports whether the atom is more than a character.
func (a atom) isEscape() bool { return utf8.RuneCountInString(a.text) > 1 }

// maxAtomBytes is the length up to which atoms are followed: escapes of escapes double it
// each time. Texts with longer ones count as their characters, in any order.
const maxAtomBytes = 64

func newStar(origin string, atoms []atom) *star {
	slices.SortFunc(atoms, compareAtoms)
	return &star{atoms: slices.Compact(atoms), origin: origin}
}

// characters are those of a text, as atoms, each once.
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

// mapped is a star of what a function makes of each atom. One that damages is not an escape.
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

// cut is a star of all parts of the texts: an escape may be cut in two.
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

// factors are the parts of a text that can be left of it at either end.
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

// only is a star of the atoms for which keep is true.
func (s *star) only(keep func(atom) bool) *star {
	restricted := *s
	restricted.pattern, restricted.valuesOnly = "", false
	restricted.atoms = slices.DeleteFunc(slices.Clone(s.atoms), func(a atom) bool { return !keep(a) })
	return &restricted
}

// union is a star of the atoms of two.
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

// equal reports whether two stars are the same texts.
func (s *star) equal(other *star) bool {
	return s == other || s.origin == other.origin && s.damaged == other.damaged && s.split == other.split &&
		s.pattern == other.pattern && s.valuesOnly == other.valuesOnly && slices.Equal(s.atoms, other.atoms)
}
