package template_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

const (
	sms    = messagemedia.EventReceivedSMS
	mms    = messagemedia.EventReceivedMMS
	optOut = messagemedia.EventOptOutSMS
	report = messagemedia.EventDeliveredDR
)

func TestJSONTemplateHasNoProblems(t *testing.T) {
	t.Parallel()
	assert.Empty(t, template.Check(t.Context(), messagemedia.JSONTemplate, messagemedia.EncodingJSON, nil))
	assert.Empty(t, template.Check(t.Context(), messagemedia.JSONTemplate, messagemedia.EncodingJSON, []messagemedia.EventType{sms}))
	assert.NotEmpty(t, template.Check(t.Context(), messagemedia.JSONTemplate, messagemedia.EncodingXML, nil), "JSON is not XML")
}

// TestCheck has one template for each check. Each template has only that problem.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		template string
		encoding messagemedia.Encoding
		events   []messagemedia.EventType
		want     []string
	}{
		"a template without a problem": {
			`{"id":"$moId","text":"$!esc.json($moContent)"}`, "JSON", []messagemedia.EventType{sms}, nil,
		},
		"no template": {
			``, "JSON", []messagemedia.EventType{sms},
			[]string{`template: warning: no template: the platform sends an empty body; set messagemedia.JSONTemplate`},
		},
		"a syntax error": {
			"{\"id\":\"$moId\",\n#if($moContent", "JSON", []messagemedia.EventType{sms},
			[]string{`template:2:`},
		},
		"an unsupported directive": {
			"{\"id\":\"$moId\"}\n #macro(x)#end", "JSON", []messagemedia.EventType{sms},
			[]string{`template:2:2: error: #macro is not supported, so nothing else was checked; remove the directive`},
		},
		"a typing error in a variable": {
			`{"id":"$moId","x":"$!replyID"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:20: warning: undocumented variable $replyID renders literally unless your account defines it; did you mean $replyId?`},
		},
		"a typing error in an escaped reference": {
			`{"id":"$moId","x":"$esc.json($moContnt)"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:30: warning: undocumented variable $moContnt renders literally unless your account defines it; did you mean $moContent?`},
		},
		"a missing entry of a map in the template": {
			`#set($status = {"a": 1}){"id":"$drId","x":"$status.b"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:44: warning: $status.b renders literally if there is no such value; write $!status.b`},
		},
		"unescaped metadata keys": {
			`{"id":"$drId","m":[#foreach($k in $metadata.keySet())"$k"#if($foreach.hasNext),#end#end]}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:55: error: $k inserts "\"" unescaped`},
		},
		"an unescaped original text": {
			`{"id":"$drId","re":"$!mtContent"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:21: error: $!mtContent inserts "\"" unescaped`},
		},
		"an undefined variable that is escaped twice": {
			`{"id":"$notificationId","re":"$esc.json($esc.html($replyId))"}`, "JSON", []messagemedia.EventType{optOut},
			[]string{`template:1:31: error: $esc.json($esc.html($replyId)) is undefined, and renders literally: all events have the same ID, and a receiver treats all but the first as duplicates; use $notificationId for an opt-out`},
		},
		"a hyphen after a name in the metadata": {
			`{"id":"$drId","x":"$metadata.order-$drId"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:20: warning: the hyphen is part of the name: this does not read $metadata.order; write ${metadata.order}-`, `template:1:20: error: $metadata.order- inserts "\"" unescaped`},
		},
		"a problem with a repeated event type": {
			`{"id":"$moId","text":"$moContent"}`, "JSON", []messagemedia.EventType{sms, sms},
			[]string{`template:1:23: error: $moContent inserts`},
		},
		"an unknown variable unlike any other": {
			`{"id":"$moId","x":"$!customerLoyaltyLevel"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:20: warning: undocumented variable $customerLoyaltyLevel renders literally unless your account defines it`},
		},
		"a variable in a condition": {
			`{"id":"$moId"#if($replyid),"x":1#end}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:18: warning: undocumented variable $replyid renders literally unless your account defines it; did you mean $replyId?`},
		},
		"a variable that one of the events does not have": {
			`{"id":"$!moId$!notificationId","x":"$replyId"}`, "JSON", []messagemedia.EventType{sms, optOut},
			[]string{`template:1:37: error: in OPT_OUT_SMS: $replyId is undefined, and renders literally: all events have the same ID, and a receiver treats all but the first as duplicates; use $notificationId for an opt-out`},
		},
		"a variable that a condition checks first": {
			`{"id":"#if($moId)$moId#else$notificationId#end"}`, "JSON", []messagemedia.EventType{sms, optOut}, nil,
		},
		"an optional variable": {
			`{"id":"$drId","units":"$billingUnits"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:24: warning: $billingUnits may be missing, and then renders literally; write $!billingUnits`},
		},
		"an optional number outside quotes": {
			`{"id":"$drId","units":$billingUnits,"code":$statusCode}`, "JSON", []messagemedia.EventType{report},
			[]string{
				`template: error: the payload of an event in which a value is missing is not valid JSON: invalid character '$' looking for beginning of value, at "44b4de043\",\"units\":$"`,
				`template:1:23: warning: $billingUnits may be missing, and then renders literally; write #if($billingUnits)$billingUnits#{else}null#end`,
			},
		},
		"optional metadata": {
			`{"id":"$drId","ref":"$esc.json($metadata.get('ref'))"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:22: warning: $esc.json($metadata.get('ref')) renders literally if there is no such value; write $!esc.json($metadata.get('ref'))`},
		},
		"an unescaped text in JSON": {
			`{"id":"$moId","text":"$moContent"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:23: error: $moContent inserts "\"" unescaped, which breaks the JSON or changes its meaning; write $!esc.json($moContent)`},
		},
		"a text escaped for another encoding": {
			`{"id":"$moId","text":"$!esc.xml($moContent)"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:23: error: $!esc.xml($moContent) inserts "\\" unescaped`},
		},
		"an unescaped text in XML": {
			`<sms id="$moId">$moContent</sms>`, "XML", []messagemedia.EventType{sms},
			[]string{`template:1:17: error: $moContent inserts "<" unescaped, which breaks the XML or changes its meaning; write $!esc.xml($moContent.replaceAll("[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}]", "?"))`},
		},
		"an escaped text in XML": {
			`<sms id="$moId">$!esc.xml($moContent.replaceAll("[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}]", "?"))</sms>`, "XML", []messagemedia.EventType{sms}, nil,
		},
		"an emoji in XML": {
			`<sms id="$moId">$!esc.xml($moContent)</sms>`, "XML", []messagemedia.EventType{sms},
			[]string{`template:1:17: error: $!esc.xml($moContent) writes "😀" as two references that are not valid XML characters: the message is lost; use JSON, or replace such characters: write $!esc.xml($moContent.replaceAll("[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}]", "?"))`},
		},
		"an unescaped text in form encoding": {
			`id=$moId&text=$moContent`, "FORM_ENCODED", []messagemedia.EventType{sms},
			[]string{`template:1:15: error: $moContent inserts "&" unescaped, which breaks the form encoding or changes its meaning; write $!esc.url($moContent)`},
		},
		"an escaped text in form encoding": {
			`id=$moId&text=$!esc.url($moContent)`, "FORM_ENCODED", []messagemedia.EventType{sms}, nil,
		},
		"unescaped metadata values": {
			`{"id":"$moId","m":{#foreach($e in $metadata.entrySet())"$!esc.json($e.key)":"$e.value"#if($foreach.hasNext),#end#end}}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:78: error: $e.value inserts "\"" unescaped`},
		},
		"unescaped names of attachments": {
			`{"id":"$moId","a":[#foreach($a in $attachments)"$a.originalName"#if($foreach.hasNext),#end#end]}`, "JSON", []messagemedia.EventType{mms},
			[]string{`template:1:49: error: $a.originalName inserts "\"" unescaped`},
		},
		"an unescaped text assigned to a variable": {
			`#set($text = "Re: $moContent"){"id":"$moId","text":"$text"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:53: error: $text inserts "\"" unescaped`},
		},
		"a ! without effect": {
			`{"id":"$drId","text":"$esc.json($!mtContent)"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:23: warning: the ! has no effect here, although the vendor's guide shows it: without $mtContent, $esc.json($!mtContent) renders literally; write $!esc.json($!mtContent)`},
		},
		"an unescaped metadata value": {
			`{"id":"$moId","ref":"$!metadata.ref"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:22: error: $!metadata.ref inserts "\"" unescaped, which breaks the JSON or changes its meaning; write $!esc.json($metadata.ref)`},
		},
		"an unescaped metadata value behind a condition": {
			`{"id":"$moId"#if($metadata.get('ref')),"ref":"$metadata.get('ref')"#end}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:47: error: $metadata.get('ref') inserts "\"" unescaped`},
		},
		"an unescaped part of a text": {
			`{"id":"$moId","first":"$moContent.substring(0, 1)"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:24: error: $moContent.substring(0, 1) inserts "\"" unescaped, which breaks the JSON or changes its meaning; write $!esc.json($moContent.substring(0, 1))`},
		},
		"an unescaped short text": {
			`<sms id="$moId">#if($moContent.length() < 9)$moContent#end</sms>`, "XML", []messagemedia.EventType{sms},
			[]string{`template:1:45: error: $moContent inserts "<" unescaped, which breaks the XML or changes its meaning; write $!esc.xml($moContent.replaceAll("[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}]", "?"))`},
		},
		"a text with only its quotes replaced": {
			`{"id":"$moId","text":"$moContent.replace('"', '')"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:23: error: $moContent.replace('"', '') inserts "\\" unescaped`},
		},
		"an XML text without < but with &": {
			`<sms id="$moId">$moContent.replace('<', '')</sms>`, "XML", []messagemedia.EventType{sms},
			[]string{`template:1:17: error: $moContent.replace('<', '') inserts "&" unescaped`},
		},
		"a form value without & but with =": {
			`id=$moId&text=$moContent.replace('&', '')`, "FORM_ENCODED", []messagemedia.EventType{sms},
			[]string{`template:1:15: error: $moContent.replace('&', '') inserts "%" unescaped, which breaks the form encoding or changes its meaning; write $!esc.url($moContent.replace('&', ''))`},
		},
		"a form value without & and = but with +": {
			`id=$moId&text=$moContent.replaceAll('[&=]', '')`, "FORM_ENCODED", []messagemedia.EventType{sms},
			[]string{`template:1:15: error: $moContent.replaceAll('[&=]', '') inserts "%" unescaped, which breaks the form encoding or changes its meaning; write $!esc.url($moContent.replaceAll('[&=]', ''))`},
		},
		"a form value without &, = and + but with %": {
			`id=$moId&text=$moContent.replaceAll('[&=+]', '')`, "FORM_ENCODED", []messagemedia.EventType{sms},
			[]string{`template:1:15: error: $moContent.replaceAll('[&=+]', '') inserts "%" unescaped`},
		},
		"numbers whose + decodes to a space in a form": {
			`id=$moId&from=$sourceAddress&to=$destinationAddress`, "FORM_ENCODED", []messagemedia.EventType{sms},
			[]string{
				`template:1:15: error: $sourceAddress inserts "&" unescaped, which breaks the form encoding or changes its meaning; write $!esc.url($sourceAddress)`,
				`template:1:33: error: $destinationAddress inserts "+" unescaped`,
			},
		},
		"base64 whose + decodes to a space in a form": {
			`id=$moId#foreach($a in $attachments)&file=$a.base64#end`, "FORM_ENCODED", []messagemedia.EventType{mms},
			[]string{`template:1:43: error: $a.base64 inserts "+" unescaped`},
		},
		"the unescaped text of an opt-out": {
			`{"id":"$notificationId","text":"$moContent"}`, "JSON", []messagemedia.EventType{optOut},
			[]string{`template:1:33: error: $moContent inserts "\"" unescaped`},
		},
		"unescaped types of attachments": {
			`{"id":"$moId","a":[#foreach($a in $attachments)"$a.contentType"#if($foreach.hasNext),#end#end]}`, "JSON", []messagemedia.EventType{mms},
			[]string{`template:1:49: error: $a.contentType inserts "\"" unescaped`},
		},
		"the optional text of an MMS": {
			`{"id":"$moId","text":"$esc.json($moContent)"}`, "JSON", []messagemedia.EventType{mms},
			[]string{`template:1:23: warning: $esc.json($moContent) may be missing, and then renders literally; write $!esc.json($moContent)`},
		},
		"optional attachments": {
			`{"id":"$moId","n":"$attachments.size()"}`, "JSON", []messagemedia.EventType{mms},
			[]string{`template:1:20: warning: $attachments.size() may be missing, and then renders literally; write $!attachments.size()`},
		},
		"an optional original text": {
			`{"id":"$drId","re":"$esc.json("$mtContent")"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:32: warning: $mtContent may be missing, and then renders literally; write $!mtContent`},
		},
		"an optional message ID of an opt-out": {
			`{"id":"$notificationId","re":"$mtId"}`, "JSON", []messagemedia.EventType{optOut},
			[]string{`template:1:31: warning: $mtId may be missing, and then renders literally; write $!mtId`},
		},
		"the ID of a reply in an opt-out": {
			`{"id":"$notificationId","re":"$moId","x":"$esc.json($replyId)"}`, "JSON", []messagemedia.EventType{optOut},
			[]string{
				`template:1:31: error: $moId is undefined, and renders literally: all events have the same ID, and a receiver treats all but the first as duplicates; use $notificationId for an opt-out`,
				`template:1:43: error: $esc.json($replyId) is undefined, and renders literally: all events have the same ID, and a receiver treats all but the first as duplicates; use $notificationId for an opt-out`,
			},
		},
		"an undefined variable behind a condition that few events meet": {
			`{"id":"$moId"#if($moContent.contains("<")),"x":"$drId"#end}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:49: warning: $drId is undefined, and renders literally; write $!drId`},
		},
		"a problem in each iteration of a loop for one event type": {
			`{"id":"$!moId$!notificationId","m":[#if($moId)#foreach($v in $metadata.values())"$v"#if($foreach.hasNext),#end#end#end]}`, "JSON", []messagemedia.EventType{sms, optOut},
			[]string{`template:1:82: error: in RECEIVED_SMS: $v inserts "\"" unescaped`},
		},
		"a variable in the wrong case": {
			`{"id":"$moId","x":"$!MTCONTENT"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`; did you mean $mtContent?`},
		},
		"two typing errors": {
			`{"id":"$moId","x":"$!sorceAdress"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`; did you mean $sourceAddress?`},
		},
		"a method that $esc does not have": {
			`{"id":"$moId","x":"$!esc.JSON($moContent)"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:20: warning: undocumented method $esc.JSON: the call renders literally, or nothing if it is quiet; did you mean $esc.json?`},
		},
		"a method of $esc with two arguments": {
			`{"id":"$moId","x":"$!esc.json($moContent, $mtId)"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:20: warning: $esc.json must have one argument, got 2: the call renders literally, or nothing if it is quiet`},
		},
		"a method that texts do not have": {
			`{"id":"$moId","x":"$!esc.json($moContent.substr(0, 5))"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:31: warning: $moContent.substr(0, 5) never has a value: texts have no such method, or none for these arguments`},
		},
		"a hyphen after a property": {
			`{"id":"$moId","x":"#foreach($a in $attachments)$!a.base64-$foreach.count#end"}`, "JSON", []messagemedia.EventType{mms},
			[]string{`template:1:48: warning: the hyphen is part of the name: this does not read $a.base64; write $!{a.base64}-`},
		},
		"a hyphen": {
			`{"id":"$moId","x":"$moId-$mtId"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:20: warning: the hyphen is part of the name: this does not read $moId; write ${moId}-`},
		},
		"a property that is read by accident": {
			`{"id":"$moId","file":"$mtId.json"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:23: warning: this reads the property json of $mtId, which has no properties; write ${mtId}.json`},
		},
		"a deprecated variable": {
			`{"id":"$moId","kind":"$type"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:23: warning: $type is deprecated; write $format`},
		},
		"an ID only without metadata is not a dedupe key": {
			`{"id":"#if(!$metadata)$drId#end"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template: warning: no dedupe key: a retry cannot be told from a new event; put $drId into the payload`},
		},
		"the message ID is not a dedupe key of an MMS": {
			`{"id":"$mtId"}`, "JSON", []messagemedia.EventType{mms},
			[]string{`template: warning: no dedupe key: a retry cannot be told from a new event; put $moId into the payload`},
		},
		"invalid form encoding": {
			`id=$moId&share=100%`, "FORM_ENCODED", []messagemedia.EventType{sms},
			[]string{`template: error: the payload is not valid form encoding: invalid URL escape "%"`},
		},
		"an undocumented encoding": {
			`id: $moId, text: $moContent`, "YAML", []messagemedia.EventType{sms},
			[]string{`encoding: warning: undocumented encoding "YAML": escapes were not checked`},
		},
		"invalid JSON for every event": {
			`{"id":"$moId",}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template: error: the payload is not valid JSON: invalid character '}' looking for beginning of object key string, at "9850-41a3eab32f74\",}"`},
		},
		"invalid JSON without an optional value": {
			`{"id":"$moId"#if($metadata),"a":1}#end`, "JSON", []messagemedia.EventType{sms},
			[]string{`template: error: the payload of an event in which a value is missing is not valid JSON: unexpected end of JSON input, at "b-9850-41a3eab32f74\""`},
		},
		"invalid JSON for a certain text": {
			`{"id":"$moId","n":$moContent.length()#if($moContent.contains("=")),#end}`, "JSON", []messagemedia.EventType{sms},
			[]string{" is not valid JSON: invalid character '}' looking"},
		},
		"invalid XML": {
			`<a id="$moId"><b></a>`, "XML", []messagemedia.EventType{sms},
			[]string{`template: error: the payload is not valid XML: XML syntax error on line 1: element <b> closed by </a>, at "1a3eab32f74\"><b></a>"`},
		},
		"XML without an element": {
			`$moId`, "XML", []messagemedia.EventType{sms},
			[]string{`template: error: the payload is not valid XML: "8b-9850-41a3eab32f74" is outside the root element`},
		},
		"a rendering that fails for a short text": {
			`{"id":"$moId","start":"$!esc.json($moContent.substring(0, 5))"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:46: error: substring: substring from 0 to 5 of a string of 1: the rendering fails, and the message is lost`},
		},
		"no dedupe key": {
			`{"text":"$!esc.json($moContent)"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template: warning: no dedupe key: a retry cannot be told from a new event; put $moId into the payload`},
		},
		"no dedupe key in one of the events": {
			`{"id":"$!moId"}`, "JSON", []messagemedia.EventType{sms, optOut},
			[]string{`template: warning: in OPT_OUT_SMS: no dedupe key: a retry cannot be told from a new event; put $notificationId into the payload`},
		},
		"a variable undefined in delivery reports, with all event types": {
			`{"id":"$!moId$!drId$!notificationId","x":"$destinationAddress"}`, "JSON", nil,
			[]string{`template:1:43: warning: in delivery reports: $destinationAddress is undefined, and renders literally; write $!destinationAddress`},
		},
		"a repeated event type": {
			`{"id":"$moId","x":"$type"}`, "JSON", []messagemedia.EventType{sms, optOut, sms},
			[]string{
				`template: warning: in OPT_OUT_SMS: no dedupe key: a retry cannot be told from a new event; put $notificationId into the payload`,
				`template:1:8: error: in OPT_OUT_SMS: $moId is undefined, and renders literally: all events have the same ID, and a receiver treats all but the first as duplicates; use $notificationId for an opt-out`,
				`template:1:20: warning: $type is deprecated`,
			},
		},
		"an undocumented event type": {
			`{"id":"$moId"}`, "JSON", []messagemedia.EventType{sms, "READ_RECEIPT"},
			[]string{`events: warning: undocumented event type "READ_RECEIPT" was not checked`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := template.Check(t.Context(), c.template, c.encoding, c.events, template.Suppress(template.CodeUnknownName))
			require.Len(t, problems, len(c.want), "%v", problems)
			for i, want := range c.want {
				assert.Contains(t, problems[i].String(), want)
			}
		})
	}
}

// TestProblemsAreSortedByPosition expects two problems on one line and one on the next.
func TestProblemsAreSortedByPosition(t *testing.T) {
	t.Parallel()
	problems := template.Check(t.Context(), "{\"id\":\"$drId\",\"a\":\"$type\",\"b\":\"$!reportID\",\n\"é\":\"$!statuscode\"}", "JSON", []messagemedia.EventType{report}, template.Suppress(template.CodeUnknownName))
	require.Len(t, problems, 3)
	assert.Equal(t, []int{1, 1, 2}, []int{problems[0].Line, problems[1].Line, problems[2].Line})
	assert.Equal(t, []int{20, 32, 6}, []int{problems[0].Column, problems[1].Column, problems[2].Column}, "columns are characters")
	assert.Equal(t, template.SeverityWarning, problems[0].Severity)
	assert.Equal(t, "template", problems[0].Field)
}

func TestRenderReturnsErrors(t *testing.T) {
	t.Parallel()
	_, err := template.Render(t.Context(), "$moId", &webhook.UnparsedEvent{})
	assert.EqualError(t, err, "template: Render: event must be a *webhook.DeliveryReport, *webhook.ReceivedSMS, *webhook.ReceivedMMS or *webhook.OptOut, got *webhook.UnparsedEvent")
	_, err = template.Render(t.Context(), "$moId", nil)
	assert.ErrorContains(t, err, "*webhook.OptOut, got <nil>")
	_, err = template.Render(t.Context(), "\n#if($moId", &webhook.ReceivedSMS{})
	assert.ErrorContains(t, err, "line 2, column ")
	_, err = template.Render(t.Context(), "\n$moContent.substring(9)", &webhook.ReceivedSMS{Content: "a"})
	assert.ErrorContains(t, err, "line 2, column ")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = template.Render(ended, "$moId", &webhook.ReceivedSMS{})
	assert.ErrorIs(t, err, context.Canceled)
}
