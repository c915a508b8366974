// Package velocity parses and renders templates of Apache Velocity 1.7, the
// language of the platform's webhooks.
//
//	template, err := velocity.Parse(`{"id": "$esc.json($mtId)"}`)
//	if err != nil {
//		log.Fatal(err)
//	}
//	output, err := template.Render(context.Background(), variables, velocity.Options{})
//
// [Parse] parses a template into a tree of [Node] values, which [Walk] visits. A
// [Template] is immutable and can render concurrently. Values have the types of this
// package. Templates can't access other Go values.
//
// The package implements the language of version 1.7, including its white space, escapes
// and irregularities. [Parse] rejects #macro, #define, #evaluate, #include and #parse,
// which a webhook can't use. The testdata has the output of the real Velocity 1.7 for
// several hundred templates.
//
// Values have the Java methods that are useful in a template. Other methods of Java render
// literally, like unknown methods. Regular expressions are Java's, see package pattern.
//
// Some results differ from Java's. The results of keySet, values, entrySet and
// subList are copies. For an object without a toString method, such as an array, Java
// prints a varying hash code, and this package prints 0. If an interpolated string is an
// invalid template, Parse returns the error, where Velocity fails when it renders.
//
// Templates may be untrusted. Parsing takes time and memory in proportion to the length
// of a template. Rendering stays within [Limits] and stops when the context ends.
package velocity
