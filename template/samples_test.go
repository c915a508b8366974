package template_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/template"
)

// vendorSamples use the constructs of the vendor's sample templates, with other text.
var vendorSamples = map[string]struct {
	events   []messagemedia.EventType
	template string
	problems []template.Code // in their order
}{
	"delivery reports": {[]messagemedia.EventType{report}, `{
  "delivery_report_id": "$drId",
  "source_number": "$sourceAddress",
  "date_received": "$receivedTimestamp",
  "status": "$status",
  "delay": "0",
  "submitted_date": "$submittedTimestamp",
  "original_text": "$esc.json($!mtContent)",
  "message_id": "$messageId",
  "vendor_account_id": {
    "vendor_id": "$vendorId",
    "account_id": "$accountId"
  },
  "error_code": "$statusCode",
  "metadata": {
    #foreach($key in $metadata.keySet())
    "$key": "$esc.json($metadata.get($key))"#if( $velocityHasNext ),#end
    #end
  }
}`, []template.Code{template.CodeMisplacedQuiet, template.CodeUnescapedInput}},
	"inbound messages": {[]messagemedia.EventType{sms}, `{
  "account_id": "$accountId",
  "reply_id": "$replyId",
  "destination_number": "$destinationAddress",
  "source_number": "$sourceAddress",
  "date_received": "$receivedTimestamp",
  "message_id": "$messageId",
  "content": "$esc.json($!moContent)",
  "metadata": {
    #foreach ($entry in $metadata.entrySet())
    "$entry.key": "$entry.value"#if( $foreach.hasNext ),#end
    #end
  }
}`, []template.Code{template.CodeUnescapedInput, template.CodeMisplacedQuiet, template.CodeUnescapedInput, template.CodeUnescapedInput}},
	"inbound multimedia messages": {[]messagemedia.EventType{mms}, `{
  "account_id": "$accountId",
  "reply_id": "$replyId",
  "destination_number": "$destinationAddress",
  "source_number": "$sourceAddress",
  "date_received": "$receivedTimestamp",
  "message_id": "$messageId",
  "format": "$format",
  #if ($attachments)
  "attachments": [
   #foreach ($entry in $attachments)
    {
      "content_type": "$entry.contentType",
      "content": "$entry.base64",
      "original_name": "$entry.originalName"
    }#if( $foreach.hasNext ),#end
    #end
  ],
  #else
  "content": "$esc.json($moContent)",
  #end
  "metadata": {
    #foreach ($entry in $metadata.entrySet())
    "$entry.key": "$entry.value"#if( $foreach.hasNext ),#end
    #end
  }
}`, []template.Code{
		template.CodeUnescapedInput, template.CodeUnescapedInput, template.CodeUnescapedInput, template.CodeUnescapedInput, template.CodeUnescapedInput,
	}},
	"opt-outs": {[]messagemedia.EventType{optOut}, `{"notification_id":"$notificationId","account_id":"$accountId","destination_number":"$destinationAddress",
"source_number":"$sourceAddress","date_received":"$receivedTimestamp","message_id":"$!messageId","content":"$esc.json($!moContent)",
"metadata":{#foreach($entry in $metadata.entrySet())"$esc.json($entry.key)":"$esc.json($entry.value)"#if($foreach.hasNext),#end#end}}`,
		[]template.Code{template.CodeUnescapedInput, template.CodeMisplacedQuiet}},
	"a form": {[]messagemedia.EventType{report}, `id=$drId&status=$statusCode&to=$sourceAddress&text=$esc.url($mtContent)`,
		[]template.Code{template.CodeUnknownName, template.CodeUnescapedInput, template.CodeUndefinedReference}},
}

// TestVendorSamples checks that following the suggestions removes all problems.
func TestVendorSamples(t *testing.T) {
	t.Parallel()
	for name, sample := range vendorSamples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			encoding := messagemedia.EncodingJSON
			if name == "a form" {
				encoding = messagemedia.EncodingForm
			}
			problems := template.Check(t.Context(), sample.template, encoding, sample.events)
			assert.Equal(t, sample.problems, codesOf(problems), "%v", problems)
			text := followSuggestions(t, sample.template, func(text string) []template.Problem {
				return template.Check(t.Context(), text, encoding, sample.events, template.Suppress(template.CodeUnknownName))
			})
			assert.NotEqual(t, sample.template, text)
		})
	}
}

// followSuggestions applies suggestions one by one until Check finds no problem.
func followSuggestions(t *testing.T, text string, check func(text string) []template.Problem) string {
	t.Helper()
	for range 20 {
		problems := check(text)
		if len(problems) == 0 {
			return text
		}
		_, replacement, found := strings.Cut(problems[0].Suggestion, "write ")
		require.True(t, found, "%v", problems)
		text = replaceReference(t, text, problems[0], replacement)
	}
	require.Fail(t, "the suggestions do not help", text)
	return text
}

// replaceReference replaces the reference at the position of a problem.
func replaceReference(t *testing.T, text string, problem template.Problem, replacement string) string {
	t.Helper()
	parsed, err := velocity.Parse(text)
	require.NoError(t, err)
	replaced := ""
	parsed.Walk(func(node velocity.Node) bool {
		reference, ok := node.(*velocity.Reference)
		if ok && reference.Line == problem.Line && reference.Column == problem.Column {
			replaced = text[:reference.Offset] + replacement + text[reference.Offset+len(reference.Source):]
		}
		return replaced == ""
	})
	require.NotEmpty(t, replaced, problem)
	return replaced
}
