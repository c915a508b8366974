package pattern

// node is a part of an expression.
type node interface {
	// emit appends the instructions that match the node.
	emit(c *compiler)

	// width returns the number of characters that the node matches. The maximum is
	// unbounded if there is none.
	width() (least, most int)
}

// unbounded is the maximum of what has none.
const unbounded = -1

// maxWidth bounds widths, so that none overflows.
const maxWidth = 1 << 30

type (
	// single matches one character: char if set is nil.
	single struct {
		char   rune
		set    set
		weight int // how many sets are asked for each character
	}

	sequence []node
	choice   []node

	// capture remembers what its body matched.
	capture struct {
		group int
		body  node
	}

	repeat struct {
		body        node
		least, most int
		mode        mode
	}

	// backReference matches what a group matched before.
	backReference struct {
		group int
		fold  folding
	}

	// look matches nothing itself. It holds if its body matches before or after.
	look struct {
		body             node
		behind, negative bool
		least, most      int // of the width of the body
	}

	// atomic does not try other ways to match its body once there is one.
	atomic struct{ body node }
)

// mode is how a quantifier repeats.
type mode uint8

const (
	greedy mode = iota
	lazy
	possessive
)

// assertion holds at some positions.
type assertion int

const (
	textStart assertion = iota
	textEnd
	lineStart
	lineEnd
	unixLineStart
	unixLineEnd
	lastLineEnd // the end, or before the line break there
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
