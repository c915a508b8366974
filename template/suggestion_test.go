package template_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
)

// TestSuggestions checks that following a suggestion removes the problem.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		encoding messagemedia.Encoding
		wrong    string // the reference in the template, between quotes
		want     string // the suggested reference
	}{
		{"JSON", `$moContent`, `$!esc.json($moContent)`},
		{"JSON", `$!moContent`, `$!esc.json($moContent)`},
		{"JSON", `${moContent}`, `$!esc.json(${moContent})`},
		{"JSON", `$!{moContent}`, `$!esc.json(${moContent})`},
		{"JSON", `$moContent.trim().replace('"', "'")`, `$!esc.json($moContent.trim().replace('"', "'"))`},
		{"JSON", `$!esc.xml($moContent)`, `$!esc.json($moContent)`},
		{"JSON", `$!{esc.html($moContent)}`, `$!{esc.json($moContent)}`},
		{"JSON", `$!metadata.get('ref')`, `$!esc.json($metadata.get('ref'))`},
		{"JSON", `$esc.json($!mtContent)`, `$!esc.json($!mtContent)`},
		{"JSON", `${esc.json($!mtContent)}`, `$!{esc.json($!mtContent)}`},
		{"JSON", `$esc.json($mtContent)`, `$!esc.json($mtContent)`},
		{"JSON", `$esc.json($metadata.get('ref'))`, `$!esc.json($metadata.get('ref'))`},
		{"JSON", `$drId`, `$!drId`},
		{"JSON", `${drId}`, `$!{drId}`},
		{"JSON", `$mtId-`, `${mtId}-`},
		{"JSON", `$!mtId-x.y`, `$!{mtId}-x.y`},
		{"JSON", `${mtId-x}`, `${mtId}-x`},
		{"JSON", `$mtId.json`, `${mtId}.json`},
		{"JSON", `$!mtId.tar.gz`, `$!{mtId}.tar.gz`},
		{"JSON", `$!{mtId.json}`, `$!{mtId}.json`},
		{"JSON", `$type`, `$format`},
		{"XML", `$moContent`, `$!esc.xml($moContent.replaceAll("[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}]", "?"))`},
		{"XML", `$!esc.json($moContent)`, `$!esc.xml($moContent.replaceAll("[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}]", "?"))`},
		{"FORM_ENCODED", `$moContent`, `$!esc.url($moContent)`},
		{"FORM_ENCODED", `$sourceAddress`, `$!esc.url($sourceAddress)`},
		{"FORM_ENCODED", `$!esc.json($moContent)`, `$!esc.url($moContent)`},
	} {
		around := map[messagemedia.Encoding]string{
			"JSON": "{\"id\":\"$moId\",\n \"é\":\"HERE\"}", "XML": "<a id=\"$moId\">\n<b c=\"HERE\"/></a>", "FORM_ENCODED": "id=$moId#**#&#*\n*#é=HERE",
		}[c.encoding]
		column := map[messagemedia.Encoding]int{"JSON": 7, "XML": 7, "FORM_ENCODED": 5}[c.encoding]
		problems := template.Check(t.Context(), strings.Replace(around, "HERE", c.wrong, 1), c.encoding, []messagemedia.EventType{sms}, template.Suppress(template.CodeUnknownName))
		require.Len(t, problems, 1, "%s: %v", c.wrong, problems)
		assert.Equal(t, []int{2, column}, []int{problems[0].Line, problems[0].Column}, c.wrong)
		require.Equal(t, "write "+c.want, problems[0].Suggestion, c.wrong)
		right := strings.Replace(around, "HERE", c.want, 1)
		assert.Empty(t, template.Check(t.Context(), right, c.encoding, []messagemedia.EventType{sms}, template.Suppress(template.CodeUnknownName)), c.wrong)
	}
}

func TestNamesThreeEditsAwayAreNotSuggested(t *testing.T) {
	t.Parallel()
	problems := template.Check(t.Context(), `{"id":"$drId","x":"$!stxxxs"}`, "JSON", []messagemedia.EventType{report}, template.Suppress(template.CodeUnknownName))
	require.Len(t, problems, 1)
	assert.Empty(t, problems[0].Suggestion)
}
