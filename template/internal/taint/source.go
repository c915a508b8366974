package taint

import (
	"slices"
	"unicode/utf8"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// Source says what a variable of an event can be.
type Source uint8

// The sources. The last ones are objects.
const (
	_           Source = iota
	Text               // whatever somebody typed
	Identifier         // letters, digits, hyphens, dots, underscores
	Word               // letters, digits, blanks and the like, as in names that the platform gives
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

// sources makes a star of each alphabet.
func (a *analysis) sources() {
	a.stars = make(map[Source]*star)
	for source, alphabet := range alphabets {
		a.stars[source] = newStar("", characters(alphabet))
	}
}

// initial are the variables of the event.
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

// typed is whatever somebody can type.
func (a *analysis) typed(origin string) *star {
	atoms := make([]atom, len(a.symbols))
	for i, symbol := range a.symbols {
		atoms[i] = atom{symbol, symbol}
	}
	return newStar(origin, atoms)
}

// representatives stand for all characters that are not ASCII. No format gives one of
// those a meaning; some are not allowed in XML, some change with the case of letters.
const representatives = "\u0085\u00a0Éé\u00df\u017f\u212a\u2028\u2029\u200f\ufeff漢\ue000\ufffd\ufffe\uffff\uff02😀𝒳"

// symbolsOf are the characters that are told apart: all of ASCII, the representatives, and
// those that the template itself has.
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
