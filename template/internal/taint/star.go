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

// maxAtomBytes is the length up to which an atom is followed: escapes of escapes double it
// each time. Beyond it, an atom counts as damaged.
const maxAtomBytes = 256

func newStar(origin string, atoms []atom) *star {
	slices.SortFunc(atoms, compareAtoms)
	return &star{atoms: slices.Compact(atoms), origin: origin}
}

// characters are those of a text, as atoms.
func characters(text string) []atom {
	var atoms []atom
	for _, c := range text {
		atoms = append(atoms, atom{string(c), string(c)})
	}
	return atoms
}

// mapped is a star of what a function makes of each atom. Whoever damages is not an escape.
func (s *star) mapped(images []string, damages bool) *star {
	atoms, damaged := make([]atom, 0, len(images)), s.damaged
	for i, image := range images {
		if damages && s.atoms[i].isEscape() && image != s.atoms[i].text {
			damaged = true
		}
		switch {
		case len(image) > maxAtomBytes:
			atoms, damaged = append(atoms, factors(image[:maxAtomBytes])...), true
		case image != "":
			atoms = append(atoms, atom{image, s.atoms[i].from})
		}
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

func union(a, b *star) *star {
	if a == b || b == nil {
		return a
	}
	if a == nil {
		return b
	}
	both := newStar(cmp.Or(a.origin, b.origin), slices.Concat(a.atoms, b.atoms))
	both.damaged = a.damaged || b.damaged
	return both
}

func (s *star) hasCharacter(c rune) bool {
	return slices.ContainsFunc(s.atoms, func(a atom) bool { return strings.ContainsRune(a.text, c) })
}

// equal reports whether two stars are the same texts.
func (s *star) equal(other *star) bool {
	return s == other || s.origin == other.origin && s.damaged == other.damaged && s.split == other.split &&
		s.pattern == other.pattern && s.valuesOnly == other.valuesOnly && slices.Equal(s.atoms, other.atoms)
}
