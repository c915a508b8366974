package taint

import (
	"slices"
	"unicode/utf8"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// Source is the set of values that a variable of an event can have.
type Source uint8

// The sources. The last ones are objects.
const (
	_           Source = iota
	Text               // untrusted input
	Identifier         // letters, digits, hyphens, dots, underscores
	Word               // letters, digits, spaces and the like, as in names that the platform assigns
	Number             // digits
	PhoneNumber        // digits with a +
	Timestamp          // by RFC 3339
	Base64
	Metadata    // a map of texts
	Attachments // a list, each with contentType, originalName and base64
)

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
)

var alphabets = map[Source]string{
	Identifier:  letters + digits + "-._:",
	Word:        letters + digits + "-._: ",
	Number:      digits + ".-",
	PhoneNumber: digits + "+",
	Timestamp:   digits + "-:.TZ",
	Base64:      letters + digits + "+/=",
}

// sources creates a star for each alphabet.
func (a *analysis) sources() {
	a.stars = make(map[Source]*star)
	for source, alphabet := range alphabets {
		a.stars[source] = newStar("", characters(alphabet))
	}
}

// initial returns the variables of the event.
func (a *analysis) initial() map[string]value {
	variables := make(map[string]value)
	for name, source := range a.variables.Present {
		variables[name] = a.source(name, source)
	}
	return variables
}

func (a *analysis) source(name string, source Source) value {
	switch source {
	case Text:
		return starred(a.typed("$" + name))
	case Metadata:
		o := a.object("metadata", "", mapping)
		o.keys, o.items = starred(a.typed("the keys of $"+name)), starred(a.typed("$"+name))
		return objectOf(o)
	case Attachments:
		each := a.object("attachment", "", bean)
		each.fields = map[string]value{
			"contentType": starred(a.typed("the contentType of $" + name)), "originalName": starred(a.typed("the originalName of $" + name)),
			"base64": starred(a.stars[Base64]),
		}
		o := a.object("attachments", "", list)
		o.items = objectOf(each)
		return objectOf(o)
	}
	return starred(a.stars[source])
}

// typed returns all texts that a sender can type.
func (a *analysis) typed(origin string) *star {
	atoms := make([]atom, len(a.symbols))
	for i, symbol := range a.symbols {
		atoms[i] = atom{symbol, symbol}
	}
	return newStar(origin, atoms)
}

// representatives represent all non-ASCII characters. None of these is special in a format.
// XML does not allow some of them, and some change with the case of letters.
const representatives = "\u0085\u00a0Éé\u00df\u017f\u212a\u2028\u2029\u200f\ufeff漢\ue000\ufffd\ufffe\uffff\uff02😀𝒳"

// symbolsOf returns the characters that the analysis distinguishes: ASCII, the
// representatives, and the characters of the template.
func symbolsOf(template *velocity.Template) []string {
	const most = 64
	var own []rune
	template.Walk(func(node velocity.Node) bool {
		if s, ok := node.(*velocity.StringLiteral); ok {
			for _, c := range s.Text {
				if c >= utf8.RuneSelf && len(own) < most && !slices.Contains(own, c) {
					own = append(own, c)
				}
			}
		}
		return true
	})
	var symbols []string
	for c := range rune(utf8.RuneSelf) {
		symbols = append(symbols, string(c))
	}
	for _, c := range append([]rune(representatives), own...) {
		symbols = append(symbols, string(c))
	}
	slices.Sort(symbols)
	return slices.Compact(symbols)
}
