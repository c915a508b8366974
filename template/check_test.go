package template_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

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
	assert.NotEmpty(t, template.Check(t.Context(), messagemedia.JSONTemplate, messagemedia.EncodingXML, nil), "it is no XML")
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
			[]string{`template:2:2: error: #macro is not supported, so nothing else was checked; write it without`},
		},
		"a typing error in a variable": {
			`{"id":"$moId","x":"$!replyID"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:20: warning: undocumented variable $replyID renders literally unless your account defines it; did you mean $replyId?`},
		},
		"a typing error in what is escaped": {
			`{"id":"$moId","x":"$esc.json($moContnt)"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:30: warning: undocumented variable $moContnt renders literally unless your account defines it; did you mean $moContent?`},
		},
		"a part that a map of the template does not have": {
			`#set($status = {"a": 1}){"id":"$drId","x":"$status.b"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:44: warning: $status.b renders literally if there is no such value; write $!status.b`},
		},
		"metadata keys that are not escaped": {
			`{"id":"$drId","m":[#foreach($k in $metadata.keySet())"$k"#if($foreach.hasNext),#end#end]}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:55: error: $k inserts "\"" unescaped`},
		},
		"an original text that is not escaped": {
			`{"id":"$drId","re":"$!mtContent"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:21: error: $!mtContent inserts "\"" unescaped`},
		},
		"a variable that is not there, escaped twice": {
			`{"id":"$notificationId","re":"$esc.json($esc.html($replyId))"}`, "JSON", []messagemedia.EventType{optOut},
			[]string{`template:1:31: error: $esc.json($esc.html($replyId)) is undefined, and renders literally: all events have the same ID, and all but the first are duplicates to a receiver; an opt-out has $notificationId in its place`},
		},
		"a hyphen after a name in the metadata": {
			`{"id":"$drId","x":"$metadata.order-$drId"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:20: warning: a hyphen belongs to the name: this does not read $metadata.order; write ${metadata.order}-`, `template:1:20: error: $metadata.order- inserts "\"" unescaped`},
		},
		"a problem of the one event type that is there twice": {
			`{"id":"$moId","text":"$moContent"}`, "JSON", []messagemedia.EventType{sms, sms},
			[]string{`template:1:23: error: $moContent inserts`},
		},
		"a variable that nothing is like": {
			`{"id":"$moId","x":"$!customerLoyaltyLevel"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:20: warning: undocumented variable $customerLoyaltyLevel renders literally unless your account defines it`},
		},
		"a variable in a condition": {
			`{"id":"$moId"#if($replyid),"x":1#end}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:18: warning: undocumented variable $replyid renders literally unless your account defines it; did you mean $replyId?`},
		},
		"a variable that one of the events does not have": {
			`{"id":"$!moId$!notificationId","x":"$replyId"}`, "JSON", []messagemedia.EventType{sms, optOut},
			[]string{`template:1:37: error: in OPT_OUT_SMS: $replyId is undefined, and renders literally: all events have the same ID, and all but the first are duplicates to a receiver; an opt-out has $notificationId in its place`},
		},
		"a variable that is asked for first": {
			`{"id":"#if($moId)$moId#else$notificationId#end"}`, "JSON", []messagemedia.EventType{sms, optOut}, nil,
		},
		"a variable that may be missing": {
			`{"id":"$drId","units":"$billingUnits"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:24: warning: $billingUnits may be missing, and then renders literally; write $!billingUnits`},
		},
		"a number that may be missing, and is not in quotes": {
			`{"id":"$drId","units":$billingUnits,"code":$statusCode}`, "JSON", []messagemedia.EventType{report},
			[]string{
				`template: error: the payload of an event in which a value is missing is not valid JSON: invalid character '$' looking for beginning of value, at "44b4de043\",\"units\":$"`,
				`template:1:23: warning: $billingUnits may be missing, and then renders literally; write #if($billingUnits)$billingUnits#{else}null#end`,
			},
		},
		"metadata that may be missing": {
			`{"id":"$drId","ref":"$esc.json($metadata.get('ref'))"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:22: warning: $esc.json($metadata.get('ref')) renders literally if there is no such value; write $!esc.json($metadata.get('ref'))`},
		},
		"a text that is not escaped in JSON": {
			`{"id":"$moId","text":"$moContent"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:23: error: $moContent inserts "\"" unescaped, which breaks the JSON or changes what it says; write $!esc.json($moContent)`},
		},
		"a text that is escaped for another encoding": {
			`{"id":"$moId","text":"$!esc.xml($moContent)"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:23: error: $!esc.xml($moContent) inserts "\\" unescaped`},
		},
		"a text that is not escaped in XML": {
			`<sms id="$moId">$moContent</sms>`, "XML", []messagemedia.EventType{sms},
			[]string{`template:1:17: error: $moContent inserts "<" unescaped, which breaks the XML or changes what it says; write $!esc.xml($moContent.replaceAll("[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}]", "?"))`},
		},
		"a text that is escaped in XML": {
			`<sms id="$moId">$!esc.xml($moContent.replaceAll("[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}]", "?"))</sms>`, "XML", []messagemedia.EventType{sms}, nil,
		},
		"an emoji in XML": {
			`<sms id="$moId">$!esc.xml($moContent)</sms>`, "XML", []messagemedia.EventType{sms},
			[]string{`template:1:17: error: $!esc.xml($moContent) writes "😀" as references to two halves of it, which are not characters of XML: the message is lost; use JSON, or replace such characters: write $!esc.xml($moContent.replaceAll("[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}]", "?"))`},
		},
		"a text that is not escaped in form encoding": {
			`id=$moId&text=$moContent`, "FORM_ENCODED", []messagemedia.EventType{sms},
			[]string{`template:1:15: error: $moContent inserts "&" unescaped, which breaks the form encoding or changes what it says; write $!esc.url($moContent)`},
		},
		"a text that is escaped in form encoding": {
			`id=$moId&text=$!esc.url($moContent)`, "FORM_ENCODED", []messagemedia.EventType{sms}, nil,
		},
		"metadata values that are not escaped": {
			`{"id":"$moId","m":{#foreach($e in $metadata.entrySet())"$!esc.json($e.key)":"$e.value"#if($foreach.hasNext),#end#end}}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:78: error: $e.value inserts "\"" unescaped`},
		},
		"attachments' names that are not escaped": {
			`{"id":"$moId","a":[#foreach($a in $attachments)"$a.originalName"#if($foreach.hasNext),#end#end]}`, "JSON", []messagemedia.EventType{mms},
			[]string{`template:1:49: error: $a.originalName inserts "\"" unescaped`},
		},
		"a text that comes through a variable of the template": {
			`#set($text = "Re: $moContent"){"id":"$moId","text":"$text"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:53: error: $text inserts "\"" unescaped`},
		},
		"a ! that does not protect": {
			`{"id":"$drId","text":"$esc.json($!mtContent)"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:23: warning: the ! does not protect here, although the vendor's guide has it so: without $mtContent, $esc.json($!mtContent) renders literally; write $!esc.json($!mtContent)`},
		},
		"a metadata value that is not escaped": {
			`{"id":"$moId","ref":"$!metadata.ref"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:22: error: $!metadata.ref inserts "\"" unescaped, which breaks the JSON or changes what it says; write $!esc.json($metadata.ref)`},
		},
		"a metadata value that is asked for first, and not escaped": {
			`{"id":"$moId"#if($metadata.get('ref')),"ref":"$metadata.get('ref')"#end}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:47: error: $metadata.get('ref') inserts "\"" unescaped`},
		},
		"a part of a text that is not escaped": {
			`{"id":"$moId","first":"$moContent.substring(0, 1)"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:24: error: $moContent.substring(0, 1) inserts "\"" unescaped, which breaks the JSON or changes what it says; write $!esc.json($moContent.substring(0, 1))`},
		},
		"a short text that is not escaped": {
			`<sms id="$moId">#if($moContent.length() < 9)$moContent#end</sms>`, "XML", []messagemedia.EventType{sms},
			[]string{`template:1:45: error: $moContent inserts "<" unescaped, which breaks the XML or changes what it says; write $!esc.xml($moContent.replaceAll("[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}]", "?"))`},
		},
		"a text whose quotes alone are escaped": {
			`{"id":"$moId","text":"$moContent.replace('"', '')"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:23: error: $moContent.replace('"', '') inserts "\\" unescaped`},
		},
		"an XML text without brackets that has an &": {
			`<sms id="$moId">$moContent.replace('<', '')</sms>`, "XML", []messagemedia.EventType{sms},
			[]string{`template:1:17: error: $moContent.replace('<', '') inserts "&" unescaped`},
		},
		"a form's text without & that has an =": {
			`id=$moId&text=$moContent.replace('&', '')`, "FORM_ENCODED", []messagemedia.EventType{sms},
			[]string{`template:1:15: error: $moContent.replace('&', '') inserts "%" unescaped, which breaks the form encoding or changes what it says; write $!esc.url($moContent.replace('&', ''))`},
		},
		"a form's text without & and = that has a +": {
			`id=$moId&text=$moContent.replaceAll('[&=]', '')`, "FORM_ENCODED", []messagemedia.EventType{sms},
			[]string{`template:1:15: error: $moContent.replaceAll('[&=]', '') inserts "%" unescaped, which breaks the form encoding or changes what it says; write $!esc.url($moContent.replaceAll('[&=]', ''))`},
		},
		"a form's text without &, = and + that has a %": {
			`id=$moId&text=$moContent.replaceAll('[&=+]', '')`, "FORM_ENCODED", []messagemedia.EventType{sms},
			[]string{`template:1:15: error: $moContent.replaceAll('[&=+]', '') inserts "%" unescaped`},
		},
		"numbers whose + form encoding takes for a blank": {
			`id=$moId&from=$sourceAddress&to=$destinationAddress`, "FORM_ENCODED", []messagemedia.EventType{sms},
			[]string{
				`template:1:15: error: $sourceAddress inserts "&" unescaped, which breaks the form encoding or changes what it says; write $!esc.url($sourceAddress)`,
				`template:1:33: error: $destinationAddress inserts "+" unescaped`,
			},
		},
		"base64 whose + form encoding takes for a blank": {
			`id=$moId#foreach($a in $attachments)&file=$a.base64#end`, "FORM_ENCODED", []messagemedia.EventType{mms},
			[]string{`template:1:43: error: $a.base64 inserts "+" unescaped`},
		},
		"the text of an opt-out that is not escaped": {
			`{"id":"$notificationId","text":"$moContent"}`, "JSON", []messagemedia.EventType{optOut},
			[]string{`template:1:33: error: $moContent inserts "\"" unescaped`},
		},
		"attachments' types that are not escaped": {
			`{"id":"$moId","a":[#foreach($a in $attachments)"$a.contentType"#if($foreach.hasNext),#end#end]}`, "JSON", []messagemedia.EventType{mms},
			[]string{`template:1:49: error: $a.contentType inserts "\"" unescaped`},
		},
		"the text of a multimedia message that may be missing": {
			`{"id":"$moId","text":"$esc.json($moContent)"}`, "JSON", []messagemedia.EventType{mms},
			[]string{`template:1:23: warning: $esc.json($moContent) may be missing, and then renders literally; write $!esc.json($moContent)`},
		},
		"attachments that may be missing": {
			`{"id":"$moId","n":"$attachments.size()"}`, "JSON", []messagemedia.EventType{mms},
			[]string{`template:1:20: warning: $attachments.size() may be missing, and then renders literally; write $!attachments.size()`},
		},
		"an original text that may be missing": {
			`{"id":"$drId","re":"$esc.json("$mtContent")"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template:1:32: warning: $mtContent may be missing, and then renders literally; write $!mtContent`},
		},
		"a message ID that an opt-out may not have": {
			`{"id":"$notificationId","re":"$mtId"}`, "JSON", []messagemedia.EventType{optOut},
			[]string{`template:1:31: warning: $mtId may be missing, and then renders literally; write $!mtId`},
		},
		"the ID of a reply in an opt-out": {
			`{"id":"$notificationId","re":"$moId","x":"$esc.json($replyId)"}`, "JSON", []messagemedia.EventType{optOut},
			[]string{
				`template:1:31: error: $moId is undefined, and renders literally: all events have the same ID, and all but the first are duplicates to a receiver; an opt-out has $notificationId in its place`,
				`template:1:43: error: $esc.json($replyId) is undefined, and renders literally: all events have the same ID, and all but the first are duplicates to a receiver; an opt-out has $notificationId in its place`,
			},
		},
		"a variable that is not there, behind a condition that few events meet": {
			`{"id":"$moId"#if($moContent.contains("<")),"x":"$drId"#end}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:49: warning: $drId is undefined, and renders literally; write $!drId`},
		},
		"a problem in each turn of a loop, which is one of one event": {
			`{"id":"$!moId$!notificationId","m":[#if($moId)#foreach($v in $metadata.values())"$v"#if($foreach.hasNext),#end#end#end]}`, "JSON", []messagemedia.EventType{sms, optOut},
			[]string{`template:1:82: error: in RECEIVED_SMS: $v inserts "\"" unescaped`},
		},
		"a typing error in the case of letters alone": {
			`{"id":"$moId","x":"$!MTCONTENT"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`; did you mean $mtContent?`},
		},
		"two typing errors": {
			`{"id":"$moId","x":"$!sorceAdress"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`; did you mean $sourceAddress?`},
		},
		"a method that $esc does not have": {
			`{"id":"$moId","x":"$!esc.JSON($moContent)"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:20: warning: undocumented method $esc.JSON: the call renders literally, or as nothing if it is quiet; did you mean $esc.json?`},
		},
		"a method of $esc with two texts": {
			`{"id":"$moId","x":"$!esc.json($moContent, $mtId)"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:20: warning: $esc.json takes one text, not 2: the call renders literally, or as nothing if it is quiet`},
		},
		"a method that texts do not have": {
			`{"id":"$moId","x":"$!esc.json($moContent.substr(0, 5))"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:31: warning: $moContent.substr(0, 5) never has a value: texts have no such method, or not for these arguments`},
		},
		"a hyphen after a property": {
			`{"id":"$moId","x":"#foreach($a in $attachments)$!a.base64-$foreach.count#end"}`, "JSON", []messagemedia.EventType{mms},
			[]string{`template:1:48: warning: a hyphen belongs to the name: this does not read $a.base64; write $!{a.base64}-`},
		},
		"a hyphen": {
			`{"id":"$moId","x":"$moId-$mtId"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:20: warning: a hyphen belongs to the name: this does not read $moId; write ${moId}-`},
		},
		"a property that is read by accident": {
			`{"id":"$moId","file":"$mtId.json"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:23: warning: this reads the property json of $mtId, which has none; write ${mtId}.json`},
		},
		"a deprecated variable": {
			`{"id":"$moId","kind":"$type"}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template:1:23: warning: $type is deprecated; write $format`},
		},
		"an ID where metadata is missing alone, which is no dedupe key": {
			`{"id":"#if(!$metadata)$drId#end"}`, "JSON", []messagemedia.EventType{report},
			[]string{`template: warning: no dedupe key: a retry cannot be told from a new event; put $drId into the payload`},
		},
		"the ID of the message, which is no dedupe key of a multimedia message": {
			`{"id":"$mtId"}`, "JSON", []messagemedia.EventType{mms},
			[]string{`template: warning: no dedupe key: a retry cannot be told from a new event; put $moId into the payload`},
		},
		"form encoding that is not valid": {
			`id=$moId&share=100%`, "FORM_ENCODED", []messagemedia.EventType{sms},
			[]string{`template: error: the payload is not valid form encoding: invalid URL escape "%"`},
		},
		"an encoding that is not documented": {
			`id: $moId, text: $moContent`, "YAML", []messagemedia.EventType{sms},
			[]string{`encoding: warning: undocumented encoding "YAML": whether texts are escaped for it was not checked`},
		},
		"JSON that is never valid": {
			`{"id":"$moId",}`, "JSON", []messagemedia.EventType{sms},
			[]string{`template: error: the payload is not valid JSON: invalid character '}' looking for beginning of object key string, at "9850-41a3eab32f74\",}"`},
		},
		"JSON that is not valid where a value is missing": {
			`{"id":"$moId"#if($metadata),"a":1}#end`, "JSON", []messagemedia.EventType{sms},
			[]string{`template: error: the payload of an event in which a value is missing is not valid JSON: unexpected end of JSON input, at "b-9850-41a3eab32f74\""`},
		},
		"JSON that breaks by what a text has in it": {
			`{"id":"$moId","n":$moContent.length()#if($moContent.contains("=")),#end}`, "JSON", []messagemedia.EventType{sms},
			[]string{" is not valid JSON: invalid character '}' looking"},
		},
		"XML that is not valid": {
			`<a id="$moId"><b></a>`, "XML", []messagemedia.EventType{sms},
			[]string{`template: error: the payload is not valid XML: XML syntax error on line 1: element <b> closed by </a>, at "1a3eab32f74\"><b></a>"`},
		},
		"XML without an element": {
			`$moId`, "XML", []messagemedia.EventType{sms},
			[]string{`template: error: the payload is not valid XML: "8b-9850-41a3eab32f74" stands outside of the root element`},
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
		"a variable that no delivery report has, for all event types": {
			`{"id":"$!moId$!drId$!notificationId","x":"$destinationAddress"}`, "JSON", nil,
			[]string{`template:1:43: warning: in delivery reports: $destinationAddress is undefined, and renders literally; write $!destinationAddress`},
		},
		"an event type that is there twice": {
			`{"id":"$moId","x":"$type"}`, "JSON", []messagemedia.EventType{sms, optOut, sms},
			[]string{
				`template: warning: in OPT_OUT_SMS: no dedupe key: a retry cannot be told from a new event; put $notificationId into the payload`,
				`template:1:8: error: in OPT_OUT_SMS: $moId is undefined, and renders literally: all events have the same ID, and all but the first are duplicates to a receiver; an opt-out has $notificationId in its place`,
				`template:1:20: warning: $type is deprecated`,
			},
		},
		"an event type that is not documented": {
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

// TestTemplatesThatAreRight are some that people write, and that are as they should be.
func TestTemplatesThatAreRight(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		encoding messagemedia.Encoding
		events   []messagemedia.EventType
		template string
	}{
		"each event its own ID, by conditions": {"JSON", []messagemedia.EventType{sms, optOut, report}, `{
#if($moId)
  "reply": "$moId",
#elseif($notificationId)
  "opt_out": "$notificationId",
#else
  "report": "$drId", "status": "$status",
#end
  "text": "$esc.json("$!moContent")"
}`},
		"a loop over keys, in the older manner": {"JSON", []messagemedia.EventType{report},
			`{"id":"$drId","m":{#foreach($k in $metadata.keySet())"$esc.json($k)":"$esc.json($metadata.get($k))"#if($velocityHasNext),#end#end}}`},
		"numbers of a loop": {"JSON", []messagemedia.EventType{mms},
			`{"id":"$moId","a":[#foreach($a in $attachments){"n":$velocityCount,"i":$foreach.index,"name":"$!esc.json($a.originalName)","data":"$a.base64"}#if($foreach.hasNext),#end#end]}`},
		"a comma in a variable of its own": {"JSON", []messagemedia.EventType{mms},
			"#set($comma = \"\")\n{\"id\":\"$moId\",\"a\":[#foreach($a in $attachments)$comma\"$!esc.json($a.originalName)\"#set($comma = \",\")#end]}"},
		"comments": {"JSON", []messagemedia.EventType{report},
			"## $reportid is no variable\n{\"id\":\"$drId\" #* $moContent *#, \"code\": $statusCode}"},
		"a number that may be missing": {"JSON", []messagemedia.EventType{report},
			`{"id":"$drId","units":#if($billingUnits)$billingUnits#{else}null#end}`},
		"conditions in conditions": {"JSON", []messagemedia.EventType{report},
			`{"id":"$drId","ok":#if($status == "delivered")true#elseif($statusCode == "400" || $statusCode == "401")#if($metadata)null#{else}0#end#{else}false#end}`},
		"metadata by its key": {"JSON", []messagemedia.EventType{sms},
			`{"id":"$moId","a":"$!esc.json($metadata.booking)","b":#if($metadata.containsKey("x"))"$esc.json($metadata.get("x"))"#{else}null#end,"c":"$!esc.json($!metadata['y'])"}`},
		"metadata with a hyphen in its key": {"JSON", []messagemedia.EventType{sms}, `{"id":"$moId","a":"$!esc.json($metadata.booking-id)"}`},
		"a text that is cut where it is long": {"JSON", []messagemedia.EventType{sms},
			"#if($moContent.length() > 20)\n#set($text = $moContent.substring(0, 20))\n#else\n#set($text = $moContent)\n#end\n{\"id\":\"$moId\",\"text\":\"$!esc.json($text)\"}"},
		"a text that is escaped first": {"JSON", []messagemedia.EventType{sms},
			`#set($text = $esc.json("$!mtContent: $!moContent")){"id":"$moId","text":"$text","quote":"$esc.getQuote().length()"}`},
		"names with hyphens of its own, one like a variable's": {"JSON", []messagemedia.EventType{sms},
			`#set($kind-of = "a")#set($mtId-of = "b"){"id":"$moId","type":"${kind-of}$mtId-of"}`},
		"a $type of its own": {"JSON", []messagemedia.EventType{sms}, `#set($type = "sms"){"id":"$moId","type":"$type"}`},
		"parts of a map of its own, one with the name of a variable": {"JSON", []messagemedia.EventType{sms},
			`#set($status = {"id": $moId, "n": [1, 2]}){"id":"$status.id","n":$status.n.size()}`},
		"a call that is quiet twice":      {"JSON", []messagemedia.EventType{report}, `{"id":"$drId","re":"$!esc.json($!mtContent)"}`},
		"fields that look like variables": {"JSON", []messagemedia.EventType{sms}, `#[[{"$ref": 1, "$moid": 2]]#, "id":"$moId", "cost": "$5"}`},
		"XML": {"XML", []messagemedia.EventType{mms}, `<?xml version="1.0" encoding="UTF-8"?>
#set($no = '[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}]')
<mms id="$moId" from='$esc.xml($sourceAddress.replaceAll($no, "?"))'>
#foreach($a in $attachments)
  <file type="$!esc.xml($a.contentType.replaceAll($no, "?"))" name='$!esc.xml($a.originalName.replaceAll($no, ""))'>$a.base64</file>
#end
  <text>$!esc.xml($moContent.replaceAll($no, " "))</text>
</mms>
`},
		"form encoding": {"FORM_ENCODED", []messagemedia.EventType{sms},
			`id=$moId&from=$esc.url($sourceAddress)&text=$!esc.url($moContent)#foreach($e in $metadata.entrySet())&m_$esc.url($e.key)=$esc.url($e.value)#end`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Empty(t, template.Check(t.Context(), c.template, c.encoding, c.events, template.Suppress(template.CodeUnknownName, template.CodeCutCharacter)))
		})
	}
}

// TestWhatIsAdvisedMends does what a problem advises, wherever it says what to
// write: nothing is wrong then.
func TestWhatIsAdvisedMends(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		encoding messagemedia.Encoding
		flawed   string // what stands in the template, between quotes
		want     string // what it advises to write
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
			"JSON": "{\"id\":\"$moId\",\n \"é\":\"FLAW\"}", "XML": "<a id=\"$moId\">\n<b c=\"FLAW\"/></a>", "FORM_ENCODED": "id=$moId#**#&#*\n*#é=FLAW",
		}[c.encoding]
		column := map[messagemedia.Encoding]int{"JSON": 7, "XML": 7, "FORM_ENCODED": 5}[c.encoding]
		problems := template.Check(t.Context(), strings.Replace(around, "FLAW", c.flawed, 1), c.encoding, []messagemedia.EventType{sms}, template.Suppress(template.CodeUnknownName))
		require.Len(t, problems, 1, "%s: %v", c.flawed, problems)
		assert.Equal(t, []int{2, column}, []int{problems[0].Line, problems[0].Column}, c.flawed)
		require.Equal(t, "write "+c.want, problems[0].Suggestion, c.flawed)
		mended := strings.Replace(around, "FLAW", c.want, 1)
		assert.Empty(t, template.Check(t.Context(), mended, c.encoding, []messagemedia.EventType{sms}, template.Suppress(template.CodeUnknownName)), c.flawed)
	}
}

func TestNoNameIsAdvisedThatIsThreeTypingErrorsAway(t *testing.T) {
	t.Parallel()
	problems := template.Check(t.Context(), `{"id":"$drId","x":"$!stxxxs"}`, "JSON", []messagemedia.EventType{report}, template.Suppress(template.CodeUnknownName))
	require.Len(t, problems, 1)
	assert.Empty(t, problems[0].Suggestion)
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
		"a request without a problem": {func(*messagemedia.CreateWebhookRequest) {}, nil},
		"no retries": {
			func(r *messagemedia.CreateWebhookRequest) { r.Retries = 0 },
			[]string{`retries: warning: no retries: a message whose delivery fails once is lost; set Retries, 5 at best`},
		},
		"what the API would refuse": {
			func(r *messagemedia.CreateWebhookRequest) { r.Method, r.Retries = "", 6 },
			[]string{"method: error: Method cannot be null", "retries: error: Retries must be between 0 and 5, got 6"},
		},
		"an event type that the API would refuse": {
			func(r *messagemedia.CreateWebhookRequest) { r.Events = append(r.Events, "") },
			[]string{`events: warning: undocumented event type ""`, "events/2: error: [] is invalid"},
		},
		"nothing at all": {
			func(r *messagemedia.CreateWebhookRequest) { *r = messagemedia.CreateWebhookRequest{} },
			[]string{
				"encoding: error: Encoding cannot be null", "events: error: Events cannot be empty", "method: error: Method cannot be null",
				"retries: warning: no retries", "template: warning: no template", "url: error: Url cannot be null",
			},
		},
		"a template without a dedupe key": {
			func(r *messagemedia.CreateWebhookRequest) { r.Template = `{"at":"$receivedTimestamp"}` },
			[]string{
				"template: warning: in RECEIVED_SMS: no dedupe key", "template: warning: in DELIVERED_DR: no dedupe key",
			},
		},
		"a template that can't be read, of whose dedupe key nothing is known": {
			func(r *messagemedia.CreateWebhookRequest) { r.Template = `{"id":"$moId"}#end` },
			[]string{"template:1:15: error: "},
		},
		"a problem of the template": {
			func(r *messagemedia.CreateWebhookRequest) { r.Template += "$type" },
			[]string{"template:", "template:"},
		},
		"a typing error in the URL": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?id=$!accountID" },
			[]string{"url:1:34: warning: undocumented variable $accountID renders literally unless your account defines it; did you mean $accountId?"},
		},
		"a variable in the URL that an event does not have": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?id=$moId" },
			[]string{"url:1:34: error: in DELIVERED_DR: $moId is undefined, and renders literally"},
		},
		"a text in the URL": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?text=$!moContent" },
			[]string{"url:1:36: warning: in RECEIVED_SMS: $!moContent puts a text into the URL, and whether the platform percent-encodes it is not documented; put it into the payload"},
		},
		"a number in the URL's path": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "/$sourceAddress" },
			[]string{"url:1:31: warning: $sourceAddress puts a text into the URL"},
		},
		"a text with an = alone in the URL": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?text=$!moContent.replace('&','')" },
			[]string{"url:1:36: warning: in RECEIVED_SMS: $!moContent.replace('&','') puts a text into the URL"},
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
			problems := template.CheckRequest(t.Context(), request, template.Suppress(template.CodeUnknownName))
			require.Len(t, problems, len(c.want), "%v", problems)
			for i, want := range c.want {
				assert.True(t, strings.HasPrefix(problems[i].String(), want), problems[i])
			}
		})
	}
}

// FuzzCheck has the fuzzer write requests. Whatever is in one, what is found says
// where: a place in the text that it is about, or none.
func FuzzCheck(f *testing.F) {
	f.Add(messagemedia.JSONTemplate, "https://example.com/$moId", "JSON", "RECEIVED_SMS")
	f.Add("<a id=\"$!{mtId-x}\">\r\n$é $esc.json($!type) #if($moContent.x", "http://example.com/?a=$", "XML", "OPT_OUT_SMS")
	f.Add("id=$esc.json()&a=$esc.x(1, $!esc.url($moContent.trim))&${metadata.a-}", "$moContent.substring(9)", "FORM_ENCODED", "DELIVERED_DR")
	f.Add("#foreach($e in $metadata)$e.key-$e.value#end#set($a-b = 1)${a-b}\xff\u2028$", "\x00##\n", "YAML", "RECEIVED_MMS")
	f.Fuzz(func(t *testing.T, text, url, encoding, eventType string) {
		events := []messagemedia.EventType{messagemedia.EventType(eventType), mms}
		request := messagemedia.CreateWebhookRequest{URL: url, Encoding: messagemedia.Encoding(encoding), Template: text, Events: events}
		for _, problem := range template.CheckRequest(t.Context(), request, template.Suppress(template.CodeUnknownName)) {
			require.NotEmpty(t, problem.Message)
			require.Contains(t, []template.Severity{template.SeverityError, template.SeverityWarning}, problem.Severity)
			if problem.Line == 0 {
				require.Zero(t, problem.Column)
				continue
			}
			about := map[string]string{"template": text, "url": url}[problem.Field]
			lines := strings.Split(about, "\n")
			require.LessOrEqual(t, problem.Line, len(lines), problem)
			require.LessOrEqual(t, problem.Column-1, utf8.RuneCountInString(lines[problem.Line-1]), problem)
		}
	})
}

// TestProblemsAreInOrder has two on one line, and one on the next.
func TestProblemsAreInOrder(t *testing.T) {
	t.Parallel()
	problems := template.Check(t.Context(), "{\"id\":\"$drId\",\"a\":\"$type\",\"b\":\"$!reportID\",\n\"é\":\"$!statuscode\"}", "JSON", []messagemedia.EventType{report}, template.Suppress(template.CodeUnknownName))
	require.Len(t, problems, 3)
	assert.Equal(t, []int{1, 1, 2}, []int{problems[0].Line, problems[1].Line, problems[2].Line})
	assert.Equal(t, []int{20, 32, 6}, []int{problems[0].Column, problems[1].Column, problems[2].Column}, "columns are characters")
	assert.Equal(t, template.SeverityWarning, problems[0].Severity)
	assert.Equal(t, "template", problems[0].Field)
}

func TestRenderSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := template.Render(t.Context(), "$moId", &webhook.UnparsedEvent{})
	assert.EqualError(t, err, "template: Render: *webhook.UnparsedEvent is not an event, want a *webhook.DeliveryReport, ReceivedSMS, ReceivedMMS or OptOut")
	_, err = template.Render(t.Context(), "$moId", nil)
	assert.ErrorContains(t, err, "template: Render: <nil> is not an event")
	_, err = template.Render(t.Context(), "\n#if($moId", &webhook.ReceivedSMS{})
	assert.ErrorContains(t, err, "line 2, column ")
	_, err = template.Render(t.Context(), "\n$moContent.substring(9)", &webhook.ReceivedSMS{Content: "a"})
	assert.ErrorContains(t, err, "line 2, column ")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = template.Render(ended, "$moId", &webhook.ReceivedSMS{})
	assert.ErrorIs(t, err, context.Canceled)
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
			problems := template.Check(t.Context(), text, "JSON", nil)
			require.NotEmpty(t, problems)
			assert.Equal(t, template.SeverityError, problems[0].Severity)
			assert.Equal(t, template.CodeTooComplex, problems[0].Code)
		})
	}
}
