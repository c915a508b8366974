package template

// Option configures [Check] and [CheckRequest].
type Option func(*settings)

type settings struct{ suppressed map[Code]bool }

// Suppress omits intended problems, by their codes. All other checks still run. It never
// omits [CodeTooComplex] and [CodeInterrupted]: without them, an incomplete check would look
// complete.
func Suppress(codes ...Code) Option {
	return func(s *settings) {
		for _, code := range codes {
			s.suppressed[code] = code != CodeTooComplex && code != CodeInterrupted
		}
	}
}

func newSettings(options []Option) settings {
	s := settings{suppressed: make(map[Code]bool)}
	for _, option := range options {
		if option != nil {
			option(&s)
		}
	}
	return s
}
