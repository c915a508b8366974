// Package pattern matches regular expressions as java.util.regex does, with the work
// counted.
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
// Templates bring their own expressions, and Java's are not Go's: a dot does not match
// a carriage return, `$` matches before a line break at the end, and there are
// lookarounds, back references and possessive quantifiers. Package regexp can neither
// be interrupted nor say what a match cost, so a template could keep it busy for
// minutes.
//
// Matching backtracks, as in Java, and takes as long as it takes there: exponential
// time in the worst case. The [Meter] is called with the work as it is done, and ends
// it.
//
// Not supported are the flags x and U, Unicode blocks (\p{InGreek}), \X, \G, \N{…},
// \b{g}, and look-behinds without a maximum length, which some versions of Java take.
//
// The testdata was recorded from Java 17. Known differences: an empty match is never
// found between the halves of a surrogate pair, and a quantified \R can give back the
// line feed of a \r\n.
package pattern
