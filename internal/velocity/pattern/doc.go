// Package pattern matches regular expressions of java.util.regex and reports the work
// of a match.
//
//	expression, err := pattern.Compile(`(\w+)@(\w+)`)
//	if err != nil {
//		log.Fatal(err)
//	}
//	total := 0
//	groups, err := expression.Find("ada@example", 0, func(work int) error {
//		total += work
//		return nil
//	})
//
// Templates contain regular expressions of Java, which differ from Go's: a dot does not
// match a carriage return, `$` matches before a line break at the end, and there are
// lookarounds, back references and possessive quantifiers. Package regexp can't be
// interrupted and does not report the work of a match, so a template could keep it busy
// for minutes.
//
// As in Java, matching backtracks and takes exponential time in the worst case. The
// [Meter] is called regularly with the work and can stop the match.
//
// The package does not support the flags x and U, Unicode blocks (\p{InGreek}), \X, \G,
// \N{…}, \b{g}, and look-behinds without a maximum length, which some versions of Java
// accept.
//
// The testdata was recorded from Java 17. Known differences: an empty match is never
// found between the halves of a surrogate pair, and a quantified \R can give back the
// line feed of a \r\n.
package pattern
