package pattern

// node is a part of an expression.
type node interface {
	// emit appends the instructions that match the node.
	emit(c *compiler)

	// width returns the minimum and maximum number of characters that the node matches.
	// most can be unbounded.
	width() (least, most int)
}

// unbounded is the width of a node without a maximum.
const unbounded = -1

// maxWidth limits widths to avoid overflows.
const maxWidth = 1 << 30

type (
	// single matches one character: char if set is nil.
	single struct {
		char   rune
		set    set
		weight int // the number of sets to check for each character
	}

	sequence []node
	choice   []node

	// capture saves the text that its body matches.
	capture struct {
		group int
		body  node
	}

	repeat struct {
		body        node
		least, most int
		mode        mode
	}

	// backReference matches the text of a group.
	backReference struct {
		group int
		fold  folding
	}

	// look is a lookaround. It checks whether its body matches before or after the
	// position.
	look struct {
		body             node
		behind, negative bool
		least, most      int // the width of the body
	}

	// atomic matches its body without backtracking into it.
	atomic struct{ body node }
)

// mode is the mode of a quantifier.
type mode uint8

const (
	greedy mode = iota
	lazy
	possessive
)

// assertion is a zero-width assertion.
type assertion int

const (
	textStart assertion = iota
	textEnd
	lineStart
	lineEnd
	unixLineStart
	unixLineEnd
	lastLineEnd // the end, or before a final line break
	lastUnixLineEnd
	wordBoundary
	noWordBoundary
)

func (*single) width() (int, int)       { return 1, 1 }
func (assertion) width() (int, int)     { return 0, 0 }
func (look) width() (int, int)          { return 0, 0 }
func (backReference) width() (int, int) { return 0, unbounded }
func (c capture) width() (int, int)     { return c.body.width() }
func (a atomic) width() (int, int)      { return a.body.width() }

func (s sequence) width() (least, most int) {
	for _, part := range s {
		l, m := part.width()
		least = min(least+l, maxWidth)
		if most == unbounded || m == unbounded {
			most = unbounded
		} else {
			most = min(most+m, maxWidth)
		}
	}
	return least, most
}

func (c choice) width() (least, most int) {
	least, most = c[0].width()
	for _, branch := range c[1:] {
		l, m := branch.width()
		least = min(least, l)
		if most == unbounded || m == unbounded {
			most = unbounded
		} else {
			most = max(most, m)
		}
	}
	return least, most
}

func (r repeat) width() (least, most int) {
	l, m := r.body.width()
	least = min(l*r.least, maxWidth)
	if r.most == unbounded || m == unbounded {
		return least, unbounded
	}
	return least, min(m*r.most, maxWidth)
}
