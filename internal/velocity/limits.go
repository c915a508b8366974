package velocity

import (
	"cmp"
	"math"
	"unicode/utf8"
)

// Limits bound what rendering may take. If a limit is zero, it has its default.
//
// A step corresponds to time. Measured with Go 1.26 on two shared cores of an amd64
// server, a million steps took 20 to 40 ms in loops, references and #set, 25 to 180 ms
// in methods of texts and escapes, 60 to 320 ms in regular expressions, which is the
// most: BenchmarkCostly. They took twice as long where other programs kept both cores
// busy, and allocated up to 100 MiB. Between two checks of the context are at most 256
// steps, or a single method that reads a text of ValueBytes once, which took up to
// 110 ms.
type Limits struct {
	// Steps bounds the work: each node, each iteration of a loop, each 64 bytes that are
	// read or written and each 32 instructions of a regular expression are a step. If
	// zero, 1,000,000.
	Steps int

	// OutputBytes is the longest output. If zero, 10 MiB.
	OutputBytes int

	// ValueBytes is the longest string that a method, an operator or quotes may make. If
	// zero, 10 MiB.
	ValueBytes int

	// Depth is how deep lists and maps may be nested in each other where they are
	// printed, compared or used as keys. If zero, 100.
	Depth int

	// RangeLength is the longest range, such as [1..9]. If zero, 100,000.
	RangeLength int
}

const (
	defaultSteps       = 1_000_000
	defaultOutputBytes = 10 << 20
	defaultValueBytes  = 10 << 20
	defaultDepth       = 100
	defaultRangeLength = 100_000

	bytesPerStep = 64

	// valueSize is what a value in a list or map counts, in bytes.
	valueSize = 16

	// maxPattern is the longest regular expression, in bytes.
	maxPattern = 1000

	// What regular expressions count: a byte of one, an instruction that it compiles to,
	// and an instruction that is executed.
	bytesPerPatternByte = 64
	bytesPerInstruction = 64
	bytesPerWork        = 2

	// bytesPerCompare is how many bytes are compared in the time in which one is read.
	bytesPerCompare = 128

	// caseWeight is what it takes to change the case of a letter that is not ASCII, as
	// compared to reading it.
	caseWeight = 4

	// stepsPerContextCheck is how many steps pass between two checks of the context.
	stepsPerContextCheck = 256
)

func (l Limits) withDefaults() Limits {
	return Limits{
		Steps:       cmp.Or(l.Steps, defaultSteps),
		OutputBytes: cmp.Or(l.OutputBytes, defaultOutputBytes),
		ValueBytes:  cmp.Or(l.ValueBytes, defaultValueBytes),
		Depth:       cmp.Or(l.Depth, defaultDepth),
		RangeLength: cmp.Or(l.RangeLength, defaultRangeLength),
	}
}

// step counts a step.
func (r *renderer) step() error { return r.charge(0) }

// charge counts a step for something of a size in bytes.
func (r *renderer) charge(bytes int) error {
	before := r.steps
	r.steps += 1 + bytes/bytesPerStep
	if r.steps > r.limits.Steps {
		return failure(r.at, Limit, "more than %d steps", r.limits.Steps)
	}
	if before/stepsPerContextCheck != r.steps/stepsPerContextCheck {
		return r.checkContext()
	}
	return nil
}

// chargeKey counts what it takes to hash or compare a value: the length of a String, and
// of those in an Entry, which can have others in it.
func (r *renderer) chargeKey(v Value, depth int) error {
	switch v := v.(type) {
	case String:
		if len(v) >= bytesPerStep {
			return r.charge(len(v))
		}
	case Entry:
		if depth > r.limits.Depth {
			return failure(r.at, Limit, "lists or maps nested deeper than %d levels", r.limits.Depth)
		}
		if err := r.chargeKey(v.Key, depth+1); err != nil {
			return err
		}
		if err := r.chargeKey(v.Value, depth+1); err != nil {
			return err
		}
		return r.step()
	}
	return nil
}

// chargeKeys counts what it takes to hash all keys of a map.
func (r *renderer) chargeKeys(m *Map) error {
	for _, entry := range m.entries {
		if err := r.step(); err != nil {
			return err
		}
		if err := r.chargeKey(entry.Key, 0); err != nil {
			return err
		}
	}
	return nil
}

// chargeSearch counts what it takes at worst to search a text for another one. A long
// one may have to be compared at each place: the hashes that package strings compares
// first can be made to collide.
func (r *renderer) chargeSearch(text, what string) error {
	places := max(0, len(text)-len(what))
	return r.charge(int(min(int64(places)*int64(len(what))/bytesPerCompare, math.MaxInt32)))
}

// convert appends what a function makes of a text, piece by piece, so that the context
// can end it and no result grows beyond its limit. A function that takes as long as it
// takes to read a number of bytes for each has that as its weight.
func (r *renderer) convert(to []byte, text string, weight int, appendPiece func(to []byte, piece string) []byte) ([]byte, error) {
	for text != "" {
		piece := text[:pieceLength(text)]
		text = text[len(piece):]
		if err := r.charge(weight * len(piece)); err != nil {
			return nil, err
		}
		if to = appendPiece(to, piece); len(to) > r.limits.ValueBytes {
			return nil, r.checkValue(len(to))
		}
	}
	return to, nil
}

// pieceLength is the length of the piece that convert takes next. It ends at the end of
// a character.
func pieceLength(text string) int {
	const longest = 64 << 10
	if len(text) <= longest {
		return len(text)
	}
	for n := longest; n > longest-utf8.UTFMax; n-- {
		if utf8.RuneStart(text[n]) {
			return n
		}
	}
	return longest
}

// checkContext returns an error if the context has ended.
func (r *renderer) checkContext() error {
	if err := r.ctx.Err(); err != nil {
		return &Error{Position: r.at, Kind: Interrupted, Message: err.Error(), cause: err}
	}
	return nil
}

// checkValue bounds a string, by its length.
func (r *renderer) checkValue(length int) error {
	if length > r.limits.ValueBytes {
		return failure(r.at, Limit, "a value of more than %d bytes", r.limits.ValueBytes)
	}
	return r.charge(length)
}
