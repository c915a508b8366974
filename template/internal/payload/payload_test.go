package payload_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/template/internal/payload"
)

type decoder func(text, opaque string) (*payload.Document, error)

// stringsOf returns the strings of a document, names with a colon.
func stringsOf(t *testing.T, decode decoder, text string) []string {
	t.Helper()
	document, err := decode(text, "opaque")
	require.NoError(t, err, text)
	var all []string
	for _, s := range document.Strings {
		if s.IsName {
			all = append(all, s.Text+":")
		} else {
			all = append(all, s.Text)
		}
	}
	return all
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		decode decoder
		text   string
		want   []string
	}{
		"JSON":                        {payload.JSON, `{"a":"x\n","b":[1,true,null,{"c":"😀"}]}`, []string{"a:", "x\n", "b:", "1", "c:", "😀"}},
		"JSON in JSON":                {payload.JSON, `{"a":"{\"b\":\"{\\\"c\\\":1}\"}"}`, []string{"a:", "b:", "c:", "1"}},
		"a text that is not JSON":     {payload.JSON, `["{x}", "[1", "1", "true"]`, []string{"{x}", "[1", "1", "true"}},
		"XML in JSON":                 {payload.JSON, `{"a":"<b c='d'>e</b>"}`, []string{"a:", "b:", "c:", "d", "e"}},
		"a form":                      {payload.Form, `a=x+y&b%3D=%F0%9F%98%80&c&&d=`, []string{"a:", "x y", "b=:", "😀", "c:", "d:", ""}},
		"JSON in a form":              {payload.Form, `a={"b":"c"}&d=%5B1%5D`, []string{"a:", "b:", "c", "d:", "1"}},
		"XML":                         {payload.XML, `<?xml version="1.0"?><!-- x --><a b="c&amp;d"> <e>f<![CDATA[<g>]]></e> </a>`, []string{"a:", "b:", "c&d", "e:", "f<g>"}},
		"JSON in XML":                 {payload.XML, `<a>{"b":"c"}</a>`, []string{"a:", "b:", "c"}},
		"nothing":                     {payload.Form, ``, nil},
		"references":                  {payload.XML, `<a>&#233;&#x1F600;</a>`, []string{"a:", "é😀"}},
		"a reference in CDATA":        {payload.XML, `<a><![CDATA[&#1;]]></a>`, []string{"a:", "&#1;"}},
		"a text that is not read":     {payload.JSON, `["opaque"]`, []string{"opaque"}},
		"documents in each other":     {payload.Form, `a=<b>{"c":"d=e"}</b>`, []string{"a:", "b:", "c:", "d=e"}},
		"elements of the same name":   {payload.XML, `<a><b>1</b><b>2</b></a>`, []string{"a:", "b:", "1", "b:", "2"}},
		"a namespace of an attribute": {payload.XML, `<a xmlns:x="y" x:b="1" b="2"/>`, []string{"a:", "x:", "y", "b:", "1", "b:", "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, stringsOf(t, c.decode, c.text))
		})
	}
	document, err := payload.JSON(`["{\"a\":1}"]`, `{"a":1}`)
	require.NoError(t, err)
	assert.Equal(t, []payload.String{{Path: "/", Text: `{"a":1}`}}, document.Strings, "an opaque text is not a document")
}

func TestInvalidDocuments(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		decode decoder
		text   string
	}{
		`invalid character '}'`:                       {payload.JSON, `{"a":1,}`},
		`unexpected end of JSON input`:                {payload.JSON, `{"a":1`},
		`invalid character '{' after top-level value`: {payload.JSON, `{}{}`},
		`read ; as a separator`:                       {payload.Form, `a=1;b=2`},
		`invalid URL escape "%"`:                      {payload.Form, `a=%`},
		`element <b> closed by </a>`:                  {payload.XML, `<a><b></a>`},
		`no element`:                                  {payload.XML, `<!-- a -->`},
		`more than one root element`:                  {payload.XML, `<a/><b/>`},
		`is outside the root element`:                 {payload.XML, `<a/>b`},
		`repeated attribute b in <a>`:                 {payload.XML, `<a b="1" b="2"/>`},
		`&#55357; is not a character of XML 1.0`:      {payload.XML, `<a>&#55357;&#56832;</a>`},
		`illegal character code U+000B`:               {payload.XML, `<a b="&#xB;"/>`},
		`invalid character entity &#99999999999;`:     {payload.XML, `<a>&#99999999999;</a>`},
		`illegal character code U+000C`:               {payload.XML, "<a>\f</a>"},
		`illegal character code U+FFFE`:               {payload.XML, "<a>\ufffe</a>"},
		`unescaped ]]> not in CDATA section`:          {payload.XML, `<a>]]></a>`},
		`invalid character entity &nbsp;`:             {payload.XML, `<a>&nbsp;</a>`},
	} {
		_, err := c.decode(c.text, "")
		assert.ErrorContains(t, err, want, c.text)
	}
}

func TestRepeatedNames(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}`: nil,
		`{"a":1,"b":{"x":1,"x":2,"x":3},"a":2}`:     {"x", "a"},
		`{"p":"{\"a\":1,\"a\":2}"}`:                 {"a"},
		`{"a":1,"A":2}`:                             nil,
	} {
		document, err := payload.JSON(text, "")
		require.NoError(t, err)
		assert.Equal(t, want, document.Repeated, text)
	}
	document, err := payload.Form("a=1&b&a=2&b", "")
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, document.Repeated)
	assert.Equal(t, []string{"b", "b"}, document.Bare)
	assert.Equal(t, []string{"a", "b"}, document.Names())
}
