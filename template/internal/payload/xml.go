package payload

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/template/internal/taint"
)

// xml decodes a document. It also checks rules of XML 1.0 that encoding/xml does not: one
// root, no repeated attribute, and no reference to an invalid character.
func (r *reader) xml(path, text string) error {
	decoder, x := xml.NewDecoder(strings.NewReader(text)), &xmlReader{reader: r, path: path}
	for {
		begin := decoder.InputOffset()
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("%w, at %q", err, around(text, int(decoder.InputOffset())))
		}
		if err := checkReferences(text[begin:decoder.InputOffset()]); err != nil {
			return err
		}
		if err := x.token(token); err != nil {
			return err
		}
	}
	if x.roots == 0 {
		return errors.New("no element")
	}
	return nil
}

// xmlReader is the state of decoding a document.
type xmlReader struct {
	*reader
	path  string
	depth int
	roots int
	text  strings.Builder // of the element, so far
}

func (x *xmlReader) token(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		x.flush()
		if x.depth == 0 {
			x.roots++
		}
		if x.roots > 1 {
			return fmt.Errorf("more than one root element: <%s>", t.Name.Local)
		}
		x.depth++
		x.path += "/" + t.Name.Local
		x.reader.document.Strings = append(x.reader.document.Strings, String{x.path, true, t.Name.Local})
		seen := make(map[string]bool)
		for _, attribute := range t.Attr {
			name := attribute.Name.Space + ":" + attribute.Name.Local
			if seen[name] {
				return fmt.Errorf("repeated attribute %s in <%s>", attribute.Name.Local, t.Name.Local)
			}
			x.reader.name(x.path+"/@"+attribute.Name.Local, attribute.Name.Local, make(map[string]bool))
			seen[name] = true
			x.reader.text(x.path+"/@"+attribute.Name.Local, attribute.Value)
		}
	case xml.EndElement:
		x.flush()
		x.depth--
		x.path = x.path[:strings.LastIndexByte(x.path, '/')]
	case xml.CharData:
		if x.depth == 0 && strings.TrimSpace(string(t)) != "" {
			return fmt.Errorf("%q is outside the root element", around(string(t), len(t)))
		}
		x.text.Write(t)
	}
	return nil
}

// flush ends a text. It drops white space between elements.
func (x *xmlReader) flush() {
	if text := x.text.String(); strings.TrimSpace(text) != "" {
		x.reader.text(x.path, text)
	}
	x.text.Reset()
}

var reference = regexp.MustCompile(`&#(?:x[0-9a-fA-F]+|[0-9]+);`)

// checkReferences rejects references to invalid characters, which encoding/xml replaces.
func checkReferences(raw string) error {
	if strings.HasPrefix(raw, "<!") || strings.HasPrefix(raw, "<?") {
		return nil
	}
	for _, found := range reference.FindAllString(raw, -1) {
		if !taint.IsXMLReference(found) {
			return fmt.Errorf("%s is not a character of XML 1.0", found)
		}
	}
	return nil
}
