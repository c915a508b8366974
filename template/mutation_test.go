package template_test

import (
	"encoding/json"
	"encoding/xml"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestMutatedTemplates changes correct templates at random. If Check finds no error in the
// result, no text may add a field named admin or break the payload.
func TestMutatedTemplates(t *testing.T) {
	t.Parallel()
	const each = 250
	typed := []string{
		`","admin":"1`, `\`, `"`, "\r", "\f", "<", "&", "]]>", ";", "%", "+", "😀", "\x00", "007", `1,"admin":1`, `Y","admin":"1`,
		strings.Repeat(`"a`, 500), `\","admin":"1`, "</a><admin>", "a&admin=1", "--", "'",
	}
	for _, g := range []grammar{jsonGrammar, xmlGrammar, formGrammar} {
		t.Run(string(g.encoding), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(3, 4))
			passed, missed := 0, 0
			for range each {
				text := change(random, g.generate(random))
				if len(errorsOf(template.Check(t.Context(), text, g.encoding, sms1))) > 0 {
					continue
				}
				passed++
				for _, typed := range typed {
					payload, err := template.Render(t.Context(), text, &webhook.ReceivedSMS{
						ReplyID: "1", MessageID: "2", SourceNumber: typed, DestinationNumber: "+61491593156", Content: typed, OriginalText: typed,
						Metadata: map[string]string{typed: typed, "order": typed, "ref": typed},
					})
					if err == nil && (!readable(g.encoding, payload) || hasAdmin(g.encoding, payload, typed)) {
						missed++
						t.Errorf("missed: %q breaks %s\n%s", typed, text, payload)
						break
					}
				}
			}
			t.Logf("%s: %d of %d changed templates pass, %d of those are broken by a text", g.encoding, passed, each, missed)
			assert.NotZero(t, passed)
		})
	}
}

var piece = regexp.MustCompile(`\$!?\{?[a-zA-Z_.]+|#[a-z]+|"[^"$#]{0,12}"|\.[a-zA-Z]+\(|[\w]+|(?s).`)

// change deletes, swaps or repeats pieces of a template.
func change(random *rand.Rand, text string) string {
	pieces := piece.FindAllString(text, -1)
	for range 1 + random.IntN(3) {
		i, j := random.IntN(len(pieces)), random.IntN(len(pieces))
		switch random.IntN(3) {
		case 0:
			pieces = append(pieces[:i:i], pieces[i+1:]...)
		case 1:
			pieces[i], pieces[j] = pieces[j], pieces[i]
		case 2:
			pieces[i] = pieces[j]
		}
	}
	return strings.Join(pieces, "")
}

// hasAdmin reports whether a payload, or JSON within it, has a field named admin. It ignores
// JSON that is the text of the event.
func hasAdmin(encoding messagemedia.Encoding, payload, typed string) bool {
	switch encoding {
	case messagemedia.EncodingJSON:
		return jsonHasAdmin(payload, typed)
	case messagemedia.EncodingForm:
		values, _ := url.ParseQuery(payload)
		for _, texts := range values {
			for _, text := range texts {
				if jsonHasAdmin(text, typed) {
					return true
				}
			}
		}
		return values.Has("admin")
	}
	decoder := xml.NewDecoder(strings.NewReader(payload))
	for token, err := decoder.Token(); err == nil; token, err = decoder.Token() {
		if element, ok := token.(xml.StartElement); ok && element.Name.Local == "admin" {
			return true
		}
	}
	return false
}

func jsonHasAdmin(text, typed string) bool {
	var value any
	if text == typed || json.Unmarshal([]byte(text), &value) != nil {
		return false
	}
	return valueHasAdmin(value, typed)
}

func valueHasAdmin(value any, typed string) bool {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if name == "admin" || valueHasAdmin(member, typed) {
				return true
			}
		}
	case []any:
		for _, item := range value {
			if valueHasAdmin(item, typed) {
				return true
			}
		}
	case string:
		return jsonHasAdmin(value, typed)
	}
	return false
}
