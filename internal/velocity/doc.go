// Package velocity parses and renders templates of Apache Velocity 1.7, the
// language of the platform's webhooks.
//
//	template, err := velocity.Parse(`{"id": "$esc.json($mtId)"}`)
//	if err != nil {
//		log.Fatal(err)
//	}
//	output, err := template.Render(context.Background(), variables, velocity.Options{})
//
// [Parse] reads a template into a tree of [Node], which [Walk] visits. A [Template]
// never changes, and renders any number of times at once. Values are of the types
// of this package: nothing of Go is looked into.
//
// The language is all there, with the white space, the escapes and the odd corners
// of 1.7, except for what a webhook can't use: #macro, #define, #evaluate, #include
// and #parse are errors of [Parse]. The testdata has what the real Velocity 1.7
// made of some hundreds of templates.
//
// The methods of values are those of Java that a template can sensibly call, and
// what Java has beside them renders as an unknown method does, literally. Regular
// expressions are Java's, see package pattern. keySet, values, entrySet and subList are
// copies. The number that Java prints for an object without a text of its own, such as
// an array, is 0. A string that is a broken template fails in Parse, where Velocity
// waits until it begins to render.
//
// Templates come from anybody. Whatever is in them, parsing takes time and memory in
// proportion to their length, and rendering stays within the [Limits] and ends when the
// context does.
package velocity
