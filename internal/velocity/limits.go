package velocity

import "cmp"

// Limits bound what rendering may take. A limit that is 0 stands for its default.
type Limits struct {
	// Steps bounds the work: each node, each turn of a loop and each 64 bytes that
	// are read or written are a step. 0 stands for 1,000,000, which is less than a
	// second.
	Steps int

	// OutputBytes is the longest output. 0 stands for 10 MiB.
	OutputBytes int

	// ValueBytes is the longest string that may arise on the way. 0 stands for 10 MiB.
	ValueBytes int

	// Depth is how deep lists and maps may be nested in each other where they are
	// printed or compared. 0 stands for 100.
	Depth int

	// RangeLength is the longest range, such as [1..9]. 0 stands for 100,000.
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
	bytesPerInstruction = 16
	bytesPerWork        = 2

	// stepsPerLook is how many steps pass between two looks at the context.
	stepsPerLook = 256
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
	if before/stepsPerLook != r.steps/stepsPerLook {
		return r.look()
	}
	return nil
}

// chargeText counts the length of a String.
func (r *renderer) chargeText(v Value) error {
	if s, ok := v.(String); ok && len(s) >= bytesPerStep {
		return r.charge(len(s))
	}
	return nil
}

// look tells whether the context has ended.
func (r *renderer) look() error {
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
