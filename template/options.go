package template

// Option changes what [Check] and [CheckRequest] report.
type Option func(*settings)

type settings struct{ suppressed map[Code]bool }

// Suppress leaves out the problems of some codes: those that are on purpose. What else
// such a template does is checked all the same. [CodeTooComplex] and [CodeInterrupted] are
// reported whatever is suppressed, since without them an incomplete check would look like
// a complete one.
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
