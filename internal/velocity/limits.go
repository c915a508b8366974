package velocity

import (
	"cmp"
	"math"
	"unicode/utf8"
)

// Limits bound the resources of a rendering. If a limit is zero, its default applies.
//
// A step corresponds to time. BenchmarkCostly measures the time of a million steps. With
// Go 1.26 on two shared cores of an amd64 server, they took 20 to 40 ms in loops,
// references and #set, 25 to 180 ms in string methods and escapes, and 60 to 320 ms in
// regular expressions. They took twice as long while other programs kept both cores busy.
// They allocated up to 100 MiB.
//
// Between two checks of the context, a rendering takes at most 256 steps, or calls one
// method that reads a string of ValueBytes once, which took up to 110 ms.
type Limits struct {
	// Steps bounds the work. A step is a node, an iteration of a loop, 64 bytes that are
	// read or written, or 32 instructions of a regular expression. If zero, Steps is
	// 1,000,000.
	Steps int

	// OutputBytes is the maximum length of the output. If zero, OutputBytes is 10 MiB.
	OutputBytes int

	// ValueBytes is the maximum length of a string that a method, an operator or an
	// interpolated string creates. If zero, ValueBytes is 10 MiB.
	ValueBytes int

	// Depth is the maximum nesting depth of lists and maps that are printed, compared or
	// used as keys. If zero, Depth is 100.
	Depth int

	// RangeLength is the maximum length of a range such as [1..9]. If zero, RangeLength is
	// 100,000.
	RangeLength int
}

const (
	defaultSteps       = 1_000_000
	defaultOutputBytes = 10 << 20
	defaultValueBytes  = 10 << 20
	defaultDepth       = 100
	defaultRangeLength = 100_000

	bytesPerStep = 64

	// valueSize is the cost in bytes of a value in a list or map.
	valueSize = 16

	// maxPattern is the maximum length of a regular expression in bytes.
	maxPattern = 1000

	// The costs in bytes of regular expressions: of a byte of the expression, of a compiled
	// instruction, and of an executed instruction.
	bytesPerPatternByte = 64
	bytesPerInstruction = 64
	bytesPerWork        = 2

	// bytesPerCompare is the number of bytes that are compared in the time of reading one.
	bytesPerCompare = 128

	// caseWeight is the cost of changing the case of a non-ASCII letter, relative to
	// reading it.
	caseWeight = 4

	// stepsPerContextCheck is the number of steps between two checks of the context.
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

// step charges one step.
func (r *renderer) step() error { return r.charge(0) }

// charge charges one step, and more for a size in bytes.
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

// chargeKey charges for hashing or comparing a value: for the length of a String and of
// the strings in an Entry. Entries can be nested.
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

// chargeKeys charges for hashing all keys of a map.
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

// chargeSearch charges for the worst case of searching a text. An attacker can make the
// rolling hashes of package strings collide, so that it compares the texts at each offset.
func (r *renderer) chargeSearch(text, what string) error {
	places := max(0, len(text)-len(what))
	return r.charge(int(min(int64(places)*int64(len(what))/bytesPerCompare, math.MaxInt32)))
}

// convert appends the result of appendPiece for each piece of a text. It checks the
// context and the length of the result after each piece. weight is the cost of
// appendPiece per byte, relative to reading a byte.
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

// pieceLength returns the length of the next piece for convert. A piece ends at the end
// of a character.
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

// checkValue returns an error if a string of this length exceeds the limit.
func (r *renderer) checkValue(length int) error {
	if length > r.limits.ValueBytes {
		return failure(r.at, Limit, "a value of more than %d bytes", r.limits.ValueBytes)
	}
	return r.charge(length)
}
