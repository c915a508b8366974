package pattern

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// Meter is called with the number of instructions since its previous call. If it returns
// an error, matching stops with this error.
type Meter func(work int) error

const (
	// workPerCall is the work between two calls of a Meter.
	workPerCall = 1024

	// workPerMachine is the work of starting a match.
	workPerMachine = 16

	// maxFrames bounds the memory for backtracking to 8 MiB. Java's stack overflows
	// earlier.
	maxFrames = 1 << 18
)

// ErrTooDeep is the error of matching if it needs more than 262,144 frames for
// backtracking.
var ErrTooDeep = errors.New("too many ways to match the text")

// Find returns the first match that begins at or after an offset. The result has the start
// and end offsets of the match and of each group, or -1 for a group that did not match. If
// there is no match, Find returns nil.
func (p *Pattern) Find(text string, from int, meter Meter) ([]int, error) {
	m := p.newMachine(text, meter)
	for start := from; ; {
		end, ok, err := m.run(0, start, anywhere)
		if err != nil {
			return nil, err
		}
		if ok {
			return p.groupsOf(m, start, end), m.settle()
		}
		if start == len(text) {
			return nil, m.settle()
		}
		_, size := utf8.DecodeRuneInString(text[start:])
		start += size
	}
}

// Matches reports whether the expression matches the whole text.
func (p *Pattern) Matches(text string, meter Meter) (bool, error) {
	m := p.newMachine(text, meter)
	_, ok, err := m.run(0, 0, len(text))
	if err != nil {
		return false, err
	}
	return ok, m.settle()
}

func (p *Pattern) groupsOf(m *machine, start, end int) []int {
	m.registers[0], m.registers[1] = start, end
	return m.registers[:2*(p.groups+1)]
}

// machine matches an expression against a text.
type machine struct {
	*Pattern
	text      string
	meter     Meter
	work      int
	registers []int
	frames    []frame
}

// frame is a state to return to if matching fails.
type frame struct {
	kind frameKind
	pc   int32
	pos  int
	rest int
}

type frameKind uint8

const (
	otherWay frameKind = iota // continue at pc and pos
	restore                   // set register pc to pos
	giveBack                  // shorten the run, which ends at rest, by one character until it ends at pos; continue at pc
	takeMore                  // extend the run at pc by one character at pos, at most rest more
)

func (p *Pattern) newMachine(text string, meter Meter) *machine {
	return &machine{
		Pattern: p, text: text, meter: meter,
		work: workPerMachine + p.registers/16, registers: slices.Repeat([]int{-1}, p.registers), frames: make([]frame, 0, 16),
	}
}

// spend adds work.
func (m *machine) spend(work int) error {
	if m.work += work; m.work < workPerCall {
		return nil
	}
	return m.settle()
}

// settle reports the unreported work to the meter.
func (m *machine) settle() error {
	work := m.work
	m.work = 0
	return m.meter(work)
}

// anywhere is the end of a match that may end at any offset.
const anywhere = -1

// run matches the instructions from pc against the text from pos, and returns the end of
// the match. If end is not anywhere, the match must end there. run drops its frames after
// a match: as in Java, a matched atomic group or lookaround leaves its groups set, even if
// the match fails later.
func (m *machine) run(pc int32, pos, end int) (int, bool, error) {
	base := len(m.frames)
	for {
		i := &m.program[pc]
		if err := m.spend(1); err != nil {
			return 0, false, err
		}
		next, ok := pc+1, true
		switch i.op {
		case accept:
			if ok = end == anywhere || pos == end; ok {
				m.frames = m.frames[:base]
				return pos, true, nil
			}
		case matchOne:
			size := i.match(m.text[pos:])
			m.work += i.weight
			ok = size > 0
			pos += size
		case matchRun:
			var err error
			if pos, ok, err = m.matchRun(i, pc, pos); err != nil {
				return 0, false, err
			}
		case branch:
			m.push(otherWay, i.y, pos, 0)
			next = i.x
		case jump:
			next = i.x
		case save:
			m.push(restore, i.x, m.registers[i.x], 0)
			m.registers[i.x] = pos
		case backTrack:
			if pos > m.registers[i.y] {
				next = i.x
			}
		case assert:
			var err error
			if ok, err = m.holds(assertion(i.x), pos); err != nil {
				return 0, false, err
			}
		case refer:
			pos, ok = m.matchReference(i, pos)
		case lookAt:
			found, err := m.look(i, pc+1, pos)
			if err != nil {
				return 0, false, err
			}
			next, ok = i.x, found != i.look.negative
		case commit:
			matched, found, err := m.run(pc+1, pos, anywhere)
			if err != nil {
				return 0, false, err
			}
			next, pos, ok = i.x, matched, found
		}
		if len(m.frames) > maxFrames {
			return 0, false, ErrTooDeep
		}
		if pc = next; !ok {
			if pc, pos, ok = m.backtrack(base); !ok {
				return 0, false, nil
			}
		}
	}
}

func (m *machine) push(kind frameKind, pc int32, pos, rest int) {
	m.frames = append(m.frames, frame{kind, pc, pos, rest})
}

// backtrack returns the state in which to continue after a failure. It returns false if no
// alternative is left.
func (m *machine) backtrack(base int) (pc int32, pos int, ok bool) {
	for len(m.frames) > base {
		f := &m.frames[len(m.frames)-1]
		m.work++
		switch f.kind {
		case restore:
			m.registers[f.pc] = f.pos
			m.frames = m.frames[:len(m.frames)-1]
		case otherWay:
			m.frames = m.frames[:len(m.frames)-1]
			return f.pc, f.pos, true
		case giveBack:
			_, size := utf8.DecodeLastRuneInString(m.text[:f.rest])
			if f.rest -= size; f.rest == f.pos {
				m.frames = m.frames[:len(m.frames)-1]
			}
			return f.pc, f.rest, true
		case takeMore:
			i := &m.program[f.pc]
			size := i.match(m.text[f.pos:])
			m.work += i.weight
			if f.rest == 0 || size == 0 {
				m.frames = m.frames[:len(m.frames)-1]
				continue
			}
			f.pos += size
			f.rest--
			return f.pc + 1, f.pos, true
		}
	}
	return 0, 0, false
}

// match returns the length in bytes of the first character of a text, or 0 if the
// character does not match.
func (s *single) match(text string) int {
	if text == "" {
		return 0
	}
	c, size := rune(text[0]), 1
	if c >= utf8.RuneSelf {
		c, size = utf8.DecodeRuneInString(text)
	}
	if s.set == nil && c != s.char || s.set != nil && !s.set(c) {
		return 0
	}
	return size
}

// matchRun matches the initial run of characters of a quantifier.
func (m *machine) matchRun(i *instruction, pc int32, pos int) (int, bool, error) {
	count, least, most := 0, int(i.x), int(i.y)
	wanted := most
	if i.mode == lazy {
		wanted = least
	}
	shortest := pos
	for count != wanted {
		size := i.match(m.text[pos:])
		if err := m.spend(1 + i.weight); err != nil {
			return 0, false, err
		}
		if size == 0 {
			break
		}
		pos += size
		if count++; count == least {
			shortest = pos
		}
	}
	switch {
	case count < least:
		return 0, false, nil
	case i.mode == greedy && count > least:
		m.push(giveBack, pc+1, shortest, pos)
	case i.mode == lazy && most == unbounded:
		m.push(takeMore, pc, pos, unbounded)
	case i.mode == lazy:
		m.push(takeMore, pc, pos, most-least)
	}
	return pos, true, nil
}

// matchReference matches the text of a group.
func (m *machine) matchReference(i *instruction, pos int) (int, bool) {
	if int(i.x) > m.groups || m.registers[2*i.x] < 0 || m.registers[2*i.x+1] < 0 {
		return 0, false
	}
	before := m.text[m.registers[2*i.x]:m.registers[2*i.x+1]]
	m.work += len(before) / 8
	if i.fold == exact {
		return pos + len(before), strings.HasPrefix(m.text[pos:], before)
	}
	m.work += len(before)
	for _, c := range before {
		other, size := utf8.DecodeRuneInString(m.text[pos:])
		if size == 0 || i.fold.folded(c) != i.fold.folded(other) {
			return 0, false
		}
		pos += size
	}
	return pos, true
}

// look reports whether the instructions from pc match the text after or before a position.
func (m *machine) look(i *instruction, pc int32, pos int) (bool, error) {
	if !i.look.behind {
		_, found, err := m.run(pc, pos, anywhere)
		return found, err
	}
	start := pos
	for back := 0; back <= i.look.most; back++ {
		if back >= i.look.least {
			if _, found, err := m.run(pc, start, pos); found || err != nil {
				return found, err
			}
		}
		if start == 0 {
			break
		}
		_, size := utf8.DecodeLastRuneInString(m.text[:start])
		start -= size
		m.work++
	}
	return false, nil
}
