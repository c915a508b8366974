package template_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
)

// TestCorrectTemplates has typical templates without problems.
func TestCorrectTemplates(t *testing.T) {
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
		"a loop over keys with $velocityHasNext": {"JSON", []messagemedia.EventType{report},
			`{"id":"$drId","m":{#foreach($k in $metadata.keySet())"$esc.json($k)":"$esc.json($metadata.get($k))"#if($velocityHasNext),#end#end}}`},
		"numbers of a loop": {"JSON", []messagemedia.EventType{mms},
			`{"id":"$moId","a":[#foreach($a in $attachments){"n":$velocityCount,"i":$foreach.index,"name":"$!esc.json($a.originalName)","data":"$a.base64"}#if($foreach.hasNext),#end#end]}`},
		"a comma in a variable of its own": {"JSON", []messagemedia.EventType{mms},
			"#set($comma = \"\")\n{\"id\":\"$moId\",\"a\":[#foreach($a in $attachments)$comma\"$!esc.json($a.originalName)\"#set($comma = \",\")#end]}"},
		"comments": {"JSON", []messagemedia.EventType{report},
			"## $reportid is no variable\n{\"id\":\"$drId\" #* $moContent *#, \"code\": $statusCode}"},
		"an optional number": {"JSON", []messagemedia.EventType{report},
			`{"id":"$drId","units":#if($billingUnits)$billingUnits#{else}null#end}`},
		"conditions in conditions": {"JSON", []messagemedia.EventType{report},
			`{"id":"$drId","ok":#if($status == "delivered")true#elseif($statusCode == "400" || $statusCode == "401")#if($metadata)null#{else}0#end#{else}false#end}`},
		"metadata by its key": {"JSON", []messagemedia.EventType{sms},
			`{"id":"$moId","a":"$!esc.json($metadata.booking)","b":#if($metadata.containsKey("x"))"$esc.json($metadata.get("x"))"#{else}null#end,"c":"$!esc.json($!metadata['y'])"}`},
		"metadata with a hyphen in its key": {"JSON", []messagemedia.EventType{sms}, `{"id":"$moId","a":"$!esc.json($metadata.booking-id)"}`},
		"a long text that is cut": {"JSON", []messagemedia.EventType{sms},
			"#if($moContent.length() > 20)\n#set($text = $moContent.substring(0, 20))\n#else\n#set($text = $moContent)\n#end\n{\"id\":\"$moId\",\"text\":\"$!esc.json($text)\"}"},
		"a text escaped by #set": {"JSON", []messagemedia.EventType{sms},
			`#set($text = $esc.json("$!mtContent: $!moContent")){"id":"$moId","text":"$text","quote":"$esc.getQuote().length()"}`},
		"own names with hyphens, one like a variable": {"JSON", []messagemedia.EventType{sms},
			`#set($kind-of = "a")#set($mtId-of = "b"){"id":"$moId","type":"${kind-of}$mtId-of"}`},
		"a $type of its own": {"JSON", []messagemedia.EventType{sms}, `#set($type = "sms"){"id":"$moId","type":"$type"}`},
		"entries of an own map, one named like a variable": {"JSON", []messagemedia.EventType{sms},
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
