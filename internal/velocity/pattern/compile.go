package pattern

import "errors"

// maxInstructions bounds the size of a compiled expression. A quantifier repeats the
// instructions of its body, unless that is one character.
const maxInstructions = 10_000

// ErrTooLarge is the error of Compile if an expression with its quantifiers has more than
// 10,000 instructions.
var ErrTooLarge = errors.New("the quantifiers make it too large")

// Pattern is a compiled expression. It is immutable.
type Pattern struct {
	program   []instruction
	groups    int
	registers int
	names     map[string]int
}

// Groups returns the number of groups, excluding the whole match.
func (p *Pattern) Groups() int { return p.groups }

// Group returns the number of a named group, or 0 if the group does not exist.
func (p *Pattern) Group(name string) int { return p.names[name] }

// Size returns the number of instructions of the compiled expression.
func (p *Pattern) Size() int { return len(p.program) }

// Compile compiles an expression. It returns an [*Error] if the expression is invalid or
// unsupported, or [ErrTooLarge]. Compiling takes time in proportion to the length of the
// expression and to Size.
func Compile(expression string) (*Pattern, error) {
	p := &parser{text: []rune(unquoted(expression)), names: make(map[string]int)}
	root, err := p.pattern()
	if err != nil {
		return nil, err
	}
	c := &compiler{registers: 2 * (int32(p.groups) + 1)}
	root.emit(c)
	c.add(instruction{op: accept})
	if c.full() {
		return nil, ErrTooLarge
	}
	return &Pattern{c.program, p.groups, int(c.registers), p.names}, nil
}

type opcode uint8

const (
	accept    opcode = iota
	matchOne         // match a character
	matchRun         // match a run of characters of the quantifier
	branch           // go to x, or to y if x fails
	jump             // go to x
	save             // save the position in register x
	backTrack        // go to the loop at x, unless nothing was matched since register y was saved
	assert           // check assertion x
	refer            // match the text of group x
	lookAt           // evaluate the following instructions as a lookaround, and continue at x
	commit           // match the following instructions atomically, and continue at x
)

// instruction is a step of a match. The use of its fields depends on the opcode.
type instruction struct {
	op   opcode
	mode mode    // for matchRun, whose bounds are x and y
	fold folding // for refer
	x, y int32

	*single       // for matchOne and matchRun
	look    *look // for lookAt
}

type compiler struct {
	program   []instruction
	registers int32
	copies    int // repeated bodies of quantifiers, which can have no instructions
}

// full reports whether the expression is too large. Further instructions are then unused.
func (c *compiler) full() bool { return len(c.program)+c.copies > maxInstructions }

// add appends an instruction and returns its index.
func (c *compiler) add(i instruction) int32 {
	c.program = append(c.program, i)
	return c.here() - 1
}

func (c *compiler) here() int32 { return int32(len(c.program)) }

func (s *single) emit(c *compiler)   { c.add(instruction{op: matchOne, single: s}) }
func (a assertion) emit(c *compiler) { c.add(instruction{op: assert, x: int32(a)}) }
func (b backReference) emit(c *compiler) {
	c.add(instruction{op: refer, x: int32(b.group), fold: b.fold})
}

func (s sequence) emit(c *compiler) {
	for _, part := range s {
		part.emit(c)
	}
}

func (s choice) emit(c *compiler) {
	var ends []int32
	for i, one := range s {
		if i == len(s)-1 {
			one.emit(c)
			break
		}
		at := c.add(instruction{op: branch, x: c.here() + 1})
		one.emit(c)
		ends = append(ends, c.add(instruction{op: jump}))
		c.program[at].y = c.here()
	}
	for _, end := range ends {
		c.program[end].x = c.here()
	}
}

func (g capture) emit(c *compiler) {
	c.add(instruction{op: save, x: 2 * int32(g.group)})
	g.body.emit(c)
	c.add(instruction{op: save, x: 2*int32(g.group) + 1})
}

func (l look) emit(c *compiler) {
	l.least, l.most = l.body.width()
	c.enclose(c.add(instruction{op: lookAt, look: &l}), l.body)
}

func (a atomic) emit(c *compiler) { c.enclose(c.add(instruction{op: commit}), a.body) }

// enclose adds a body that is matched independently.
func (c *compiler) enclose(at int32, body node) {
	body.emit(c)
	c.add(instruction{op: accept})
	c.program[at].x = c.here()
}

func (r repeat) emit(c *compiler) {
	if one, ok := r.body.(*single); ok {
		c.add(instruction{op: matchRun, single: one, x: int32(r.least), y: int32(r.most), mode: r.mode})
		return
	}
	if r.mode == possessive {
		atomic{repeat{r.body, r.least, r.most, greedy}}.emit(c)
		return
	}
	for i := 0; i < r.least && !c.full(); i++ {
		r.copyBody(c)
	}
	if r.most == unbounded {
		r.emitLoop(c)
		return
	}
	var branches []int32
	for i := r.least; i < r.most && !c.full(); i++ {
		branches = append(branches, c.add(instruction{op: branch}))
		r.copyBody(c)
	}
	for _, at := range branches {
		r.connect(c, at)
	}
}

func (r repeat) copyBody(c *compiler) {
	r.body.emit(c)
	c.copies++
}

func (r repeat) emitLoop(c *compiler) {
	start := c.registers
	c.registers++
	at := c.add(instruction{op: branch})
	c.add(instruction{op: save, x: start})
	r.body.emit(c)
	c.add(instruction{op: backTrack, x: at, y: start})
	r.connect(c, at)
}

// connect sets the targets of a branch to the following body and to the next instruction,
// in the order of the mode.
func (r repeat) connect(c *compiler, at int32) {
	c.program[at].x, c.program[at].y = at+1, c.here()
	if r.mode == lazy {
		c.program[at].x, c.program[at].y = c.here(), at+1
	}
}
