package template

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// form is what a template's output must be.
type form struct {
	name      string
	escape    string                    // the method of $esc that makes a text safe in it
	dangerous string                    // the characters that must not come through as they were typed
	check     func(output string) error // says what is wrong with the whole
}

var forms = map[messagemedia.Encoding]form{
	messagemedia.EncodingJSON: {name: "JSON", escape: "json", dangerous: "\"\\\n", check: checkJSON},
	messagemedia.EncodingXML:  {name: "XML", escape: "xml", dangerous: "<&", check: checkXML},
	messagemedia.EncodingForm: {name: "form encoding", escape: "url", dangerous: "&=+%", check: checkForm},
}

// urlForm is that of a webhook's URL, anyForm that of an encoding that is not known.
var (
	urlForm = form{name: "URL", escape: "url", dangerous: "&=+%", check: func(string) error { return nil }}
	anyForm = form{check: func(string) error { return nil }}
)

// unescaped tells which dangerous character of a hostile text came through into
// what a template inserts.
func (f form) unescaped(inserted string) (character rune, found bool) {
	for _, character := range f.dangerous {
		if strings.Contains(inserted, marked(character)) || character == '+' && strings.Contains(inserted, adversarialBase64) {
			return character, true
		}
	}
	return 0, false
}

// escaped is a reference as it is safe: in place of what $esc made of it, if that
// was for something else.
func (f form) escaped(reference *velocity.Reference) string {
	if call, ok := escapeCall(reference); ok && len(reference.Accessors) == 1 {
		return "$!" + strings.Replace(withoutSigns(reference), call.Name, f.escape, 1)
	}
	return fmt.Sprintf("$!esc.%s($%s)", f.escape, withoutSigns(reference))
}

func checkJSON(output string) error {
	var value any
	err := json.Unmarshal([]byte(output), &value)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("%w, at %q", err, around(output, int(syntax.Offset)))
	}
	return err
}

func checkXML(output string) error {
	decoder, elements := xml.NewDecoder(strings.NewReader(output)), 0
	for {
		token, err := decoder.Token()
		switch {
		case err == io.EOF && elements == 0:
			return errors.New("there is no element")
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("%w, at %q", err, around(output, int(decoder.InputOffset())))
		}
		if _, ok := token.(xml.StartElement); ok {
			elements++
		}
	}
}

func checkForm(output string) error {
	_, err := url.ParseQuery(output)
	return err
}

// around is the part of a text that ends at an offset.
func around(text string, offset int) string {
	return strings.ToValidUTF8(text[max(0, offset-20):offset], "")
}
