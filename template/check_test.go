package template_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
)

const (
	sms    = messagemedia.EventReceivedSMS
	mms    = messagemedia.EventReceivedMMS
	optOut = messagemedia.EventOptOutSMS
	report = messagemedia.EventDeliveredDR
)

func TestJSONTemplateHasNoProblems(t *testing.T) {
	t.Parallel()
	assert.Empty(t, template.Check(messagemedia.JSONTemplate, messagemedia.EncodingJSON, nil))
	assert.Empty(t, template.Check(messagemedia.JSONTemplate, messagemedia.EncodingJSON, []messagemedia.EventType{sms}))
	assert.NotEmpty(t, template.Check(messagemedia.JSONTemplate, messagemedia.EncodingXML, nil), "it is no XML")
}

// TestCheck has one template for each thing that Check looks for. Each has what it
// needs besides, so that it has this one problem alone.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		template string
		encoding messagemedia.Encoding
		events   []messagemedia.EventType
		want     []string
	}{
		"a template without a flaw": {
			`{"id":"$moId","text":"$!esc.json($moContent)"}`, "JSON", []messagemedia.EventType{sms}, nil,
		},
		"no template": {
			``, "JSON", []messagemedia.EventType{sms},
			[]string{`template: warning: there is none, and what the platform sends then is not documented; set messagemedia.JSONTemplate`},
		},
		"a syntax error": {
			"{\"id\":\"$moId\",\n#if($moContent", "JSON", []messagemedia.EventType{sms},
			[]string{`template:2:`},
		},
		"an unsupported directive": {
			"{\"id\":\"$moId\"}\n #macro(x)#end", "JSON", []messagemedia.EventType{sms},
			[]string{`template:2:2: error: #macro`},
		},
		"a typing error in a variable": {
			`{"id":"$moId","x":"$!replyID"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:20: warning: $replyID is no documented variable, and renders as it is written unless the account has it; did you mean $replyId?`},
		},
		"a variable that nothing is like": {
			`{"id":"$moId","x":"$!customerLoyaltyLevel"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:20: warning: $customerLoyaltyLevel is no documented variable, and renders as it is written unless the account has it`},
		},
		"a variable in a condition": {
			`{"id":"$moId"#if($replyid),"x":1#end}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:18: warning: $replyid is no documented variable`},
		},
		"a variable that one of the events does not have": {
			`{"id":"$!moId$!notificationId","x":"$replyId"}`, "JSON", []messagemedia.EventType{sms, optOut},
			[]string{`template:1:37: warning: in OPT_OUT_SMS: $replyId is not there, and renders as it is written; an opt-out has $notificationId in its place`},
		},
		"a variable that is asked for first": {
			`{"id":"#if($moId)$moId#else$notificationId#end"}`, "JSON", []messagemedia.EventType{sms, optOut}, nil,
		},
		"a variable that may be missing": {
			`{"id":"$drId","units":"$billingUnits"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:24: warning: $billingUnits may be missing, and then renders as it is written; write $!billingUnits`},
		},
		"metadata that may be missing": {
			`{"id":"$drId","ref":"$esc.json($metadata.get('ref'))"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:22: warning: $esc.json($metadata.get('ref')) renders as it is written where there is no such value; write $!esc.json($metadata.get('ref'))`},
		},
		"a text that is not escaped in JSON": {
			`{"id":"$moId","text":"$moContent"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:23: error: $moContent inserts '"' as it was typed: that breaks the JSON, or changes what it says; write $!esc.json($moContent)`},
		},
		"a text that is escaped for another encoding": {
			`{"id":"$moId","text":"$!esc.xml($moContent)"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:23: error: $!esc.xml($moContent) inserts '\\' as it was typed`},
		},
		"a text that is not escaped in XML": {
			`<sms id="$moId">$moContent</sms>`, "XML", []messagemedia.EventType{sms},
			[]string{`template:1:17: error: $moContent inserts '<' as it was typed: that breaks the XML, or changes what it says; write $!esc.xml($moContent)`},
		},
		"a text that is escaped in XML": {
			`<sms id="$moId">$!esc.xml($moContent)</sms>`, "XML", []messagemedia.EventType{sms}, nil,
		},
		"a text that is not escaped in form encoding": {
			`id=$moId&text=$moContent`, "FORM_ENCODED", []messagemedia.EventType{sms},
			[]string{`template:1:15: error: $moContent inserts '&' as it was typed: that breaks the form encoding, or changes what it says; write $!esc.url($moContent)`},
		},
		"a text that is escaped in form encoding": {
			`id=$moId&text=$!esc.url($moContent)`, "FORM_ENCODED", []messagemedia.EventType{sms}, nil,
		},
		"metadata values that are not escaped": {
			`{"id":"$moId","m":{#foreach($e in $metadata.entrySet())"$!esc.json($e.key)":"$e.value"#if($foreach.hasNext),#end#end}}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:78: error: $e.value inserts '"' as it was typed`},
		},
		"attachments' names that are not escaped": {
			`{"id":"$moId","a":[#foreach($a in $attachments)"$a.originalName"#if($foreach.hasNext),#end#end]}`, "JSON", []messagemedia.EventType{mms},
			[]string{`template:1:49: error: $a.originalName inserts '"' as it was typed`},
		},
		"a text that comes through a variable of the template": {
			`#set($text = "Re: $moContent"){"id":"$moId","text":"$text"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:53: error: $text inserts '"' as it was typed`},
		},
		"a ! that does not protect": {
			`{"id":"$drId","text":"$esc.json($!mtContent)"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:23: warning: the ! does not protect: without $mtContent, $esc.json($!mtContent) renders as it is written; write $!esc.json($!mtContent)`},
		},
		"a hyphen": {
			`{"id":"$moId","x":"$moId-$mtId"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:20: warning: a hyphen belongs to the name: this reads the variable $moId-; write ${moId}-`},
		},
		"a property that is read by accident": {
			`{"id":"$moId","file":"$mtId.json"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:23: warning: this reads the property json of $mtId, which has none; write ${mtId}.json`},
		},
		"a deprecated variable": {
			`{"id":"$moId","kind":"$type"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:23: warning: $type is deprecated; write $format`},
		},
		"JSON that is never valid": {
			`{"id":"$moId",}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template: error: what it renders is not valid JSON: invalid character '}'`},
		},
		"JSON that is not valid where a value is missing": {
			`{"id":"$moId"#if($metadata),"a":1}#end`, "JSON", []messagemedia.EventType{sms},
			[]string{`template: error: what it renders where a value is missing is not valid JSON: unexpected end of JSON input`},
		},
		"JSON that breaks by what a text has in it": {
			`{"id":"$moId","n":$moContent.length()#if($moContent.contains("=")),#end}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template: error: what it renders where a text has quotes, brackets and line breaks in it is not valid JSON`},
		},
		"XML that is not valid": {
			`<a id="$moId"><b></a>`, "XML", []messagemedia.EventType{sms},
			[]string{`template: error: what it renders is not valid XML: XML syntax error on line 1: element <b> closed by </a>`},
		},
		"XML without an element": {
			`$moId`, "XML", []messagemedia.EventType{sms},
			[]string{`template: error: what it renders is not valid XML: there is no element`},
		},
		"a rendering that fails for a short text": {
			`{"id":"$moId","start":"$!esc.json($moContent.substring(0, 5))"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`the rendering fails, and the message is lost`},
		},
		"no dedupe key": {
			`{"text":"$!esc.json($moContent)"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template: warning: there is no dedupe key: nothing in a delivery tells a second try from another event; put $moId into it`},
		},
		"no dedupe key in one of the events": {
			`{"id":"$!moId"}`, "JSON", []messagemedia.EventType{sms, optOut},
			[]string{`template: warning: in OPT_OUT_SMS: there is no dedupe key: nothing in a delivery tells a second try from another event; put $notificationId into it`},
		},
		"a variable that no delivery report has, for all event types": {
			`{"id":"$!moId$!drId$!notificationId","x":"$destinationAddress"}`, "JSON", nil,
			[]string{`template:1:43: warning: in delivery reports: $destinationAddress is not there`},
		},
		"an event type that is not documented": {
			`{"id":"$moId"}`, "JSON", []messagemedia.EventType{sms, "READ_RECEIPT"},
			[]string{`events: warning: READ_RECEIPT is not documented, so nothing was checked for it`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := template.Check(c.template, c.encoding, c.events)
			require.Len(t, problems, len(c.want), "%v", problems)
			for i, want := range c.want {
				assert.Contains(t, problems[i].String(), want)
			}
		})
	}
}

func validRequest() messagemedia.CreateWebhookRequest {
	return messagemedia.CreateWebhookRequest{
		URL:      "https://example.com/hooks/sms",
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{sms, report},
		Template: messagemedia.JSONTemplate,
		Retries:  5,
	}
}

func TestCheckRequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*messagemedia.CreateWebhookRequest)
		want   []string
	}{
		"a request without a flaw": {func(*messagemedia.CreateWebhookRequest) {}, nil},
		"no retries": {
			func(r *messagemedia.CreateWebhookRequest) { r.Retries = 0 },
			[]string{`retries: warning: there is one attempt for each event, and a message whose delivery fails is lost; set Retries, 5 at best`},
		},
		"what the API would refuse": {
			func(r *messagemedia.CreateWebhookRequest) { r.Method, r.Retries = "", 6 },
			[]string{"method: error: Method cannot be null", "retries: error: [6] is not from 0 to 5"},
		},
		"a problem of the template": {
			func(r *messagemedia.CreateWebhookRequest) { r.Template += "$type" },
			[]string{"template:", "template:"},
		},
		"a typing error in the URL": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?id=$!accountID" },
			[]string{"url:1:34: warning: $accountID is no documented variable, and renders as it is written unless the account has it; did you mean $accountId?"},
		},
		"a variable in the URL that an event does not have": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?id=$moId" },
			[]string{"url:1:34: warning: in DELIVERED_DR: $moId is not there, and renders as it is written; write $!moId"},
		},
		"a text in the URL": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?text=$!moContent" },
			[]string{"url:1:36: warning: in RECEIVED_SMS: $!moContent puts a text into the URL, and whether the platform encodes it is not documented; put it into the payload"},
		},
		"an ID in the URL alone, which is a dedupe key": {
			func(r *messagemedia.CreateWebhookRequest) {
				r.URL += "?id=$!moId$!drId"
				r.Template = `{"at":"$receivedTimestamp"}`
			}, nil,
		},
		"a syntax error in the URL": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?id=${moId" },
			[]string{"url:1:"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := validRequest()
			c.change(&request)
			problems := template.CheckRequest(request)
			require.Len(t, problems, len(c.want), "%v", problems)
			for i, want := range c.want {
				assert.Contains(t, problems[i].String(), want)
			}
		})
	}
}

// TestProblemsAreInOrder has two on one line, and one on the next.
func TestProblemsAreInOrder(t *testing.T) {
	t.Parallel()
	problems := template.Check("{\"id\":\"$drId\",\"a\":\"$type\",\"b\":\"$!reportID\",\n\"é\":\"$!statuscode\"}", "JSON", []messagemedia.EventType{report})
	require.Len(t, problems, 3)
	assert.Equal(t, []int{1, 1, 2}, []int{problems[0].Line, problems[1].Line, problems[2].Line})
	assert.Equal(t, []int{20, 32, 6}, []int{problems[0].Column, problems[1].Column, problems[2].Column}, "columns are characters")
	assert.Equal(t, template.Warning, problems[0].Severity)
	assert.Equal(t, "template", problems[0].Field)
}

// TestCheckEndsWhateverTheTemplate is about templates that would run for long.
func TestCheckEndsWhateverTheTemplate(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a loop in a loop in a loop": strings.Repeat("#foreach($i in [1..100000])", 20) + "x" + strings.Repeat("#end", 20),
		"a string that doubles":      `#set($s = "x")#foreach($i in [1..1000])#set($s = "$s$s")#end$s`,
		"deep nesting":               strings.Repeat("#if(true)", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := template.Check(text, "JSON", nil)
			require.NotEmpty(t, problems)
			assert.Equal(t, template.Error, problems[0].Severity)
		})
	}
}
