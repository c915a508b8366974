package template_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func errorsOf(problems []template.Problem) []template.Problem {
	return slices.DeleteFunc(slices.Clone(problems), func(p template.Problem) bool { return p.Severity != template.SeverityError })
}

func codesOf(problems []template.Problem) []template.Code {
	var codes []template.Code
	for _, p := range problems {
		codes = append(codes, p.Code)
	}
	return codes
}

// readable reports whether a receiver can read a payload of an encoding. It uses the standard
// library, and checks the characters of XML.
func readable(encoding messagemedia.Encoding, payload string) bool {
	switch encoding {
	case messagemedia.EncodingJSON:
		return json.Valid([]byte(payload))
	case messagemedia.EncodingForm:
		_, err := url.ParseQuery(payload)
		return err == nil
	}
	decoder := xml.NewDecoder(strings.NewReader(payload))
	for {
		if _, err := decoder.Token(); err != nil {
			return err == io.EOF
		}
	}
}

// TestTextsThatBreakATemplate has templates that seem safe, each with a text that a phone can
// send and that makes the payload unreadable or adds a field. Check must report the template.
// The test also verifies the effect of each text.
func TestTextsThatBreakATemplate(t *testing.T) {
	t.Parallel()
	const admin = `","admin":"1`
	long := admin + strings.Repeat("a", 200)
	for name, c := range map[string]struct {
		encoding messagemedia.Encoding
		template string
		text     string
	}{
		"a carriage return, which GSM's alphabet has": {"JSON", `{"reply_id":"$moId","text":"$moContent.replaceAll("[\n\t]", " ").replaceAll('[\\"]', "'")"}`, "a\rb"},
		"a form feed, which GSM's alphabet has":       {"JSON", `{"reply_id":"$moId","text":"$moContent.replaceAll("[\n\t\r]", " ").replaceAll('[\\"]', "'")"}`, "a\fb"},
		"a control character":                         {"JSON", `{"reply_id":"$moId","text":"$moContent.replace('"', "'").replace('\', '/').replaceAll("\s", " ")"}`, "a\x01b"},
		"an escape":                                   {"JSON", `{"reply_id":"$moId","text":"$esc.html($moContent.replace('\','/').replaceAll("\s"," "))"}`, "a\x1bb"},
		"a required prefix":                           {"JSON", `{"reply_id":"$moId","text":"#if($moContent.startsWith("Y"))$moContent#end"}`, `Y` + admin},
		"a length beyond which the text is cut":       {"JSON", `{"reply_id":"$moId","text":"#if($moContent.length() > 70)$moContent.substring(0,70)#else$esc.json($moContent)#end"}`, long},
		"a length":                                    {"JSON", `{"reply_id":"$moId","text":"#if($moContent.length() > 160)$moContent#else$esc.json($moContent)#end"}`, long},
		"a cut escape":                                {"JSON", `{"reply_id":"$moId","text":"$esc.json($moContent).substring(0,1)"}`, `"x`},
		"an escape whose letter is replaced":          {"JSON", `{"reply_id":"$moId","text":"$esc.json($moContent).replace("n","N")"}`, "a\nb"},
		"an escape in capitals":                       {"JSON", `{"reply_id":"$moId","text":"$esc.json($moContent).toUpperCase()"}`, "a\nb"},
		"a number with leading zeros":                 {"JSON", `{"reply_id":"$moId","n":#if($moContent.matches("[0-9]+"))$moContent#{else}0#end}`, "007"},
		"a pattern that takes quotes":                 {"JSON", `{"reply_id":"$moId","n":"#if($moContent.matches("[^(]*"))$moContent#{else}0#end"}`, admin},
		"a text without a character":                  {"JSON", `{"reply_id":"$moId","n":"#if($moContent.contains("("))none#{else}$moContent#end"}`, admin},
		"an escape for a script":                      {"JSON", `{"reply_id":"$moId","text":"$esc.javascript($moContent)"}`, "it's"},
		"a form feed in XML":                          {"XML", `<sms id="$moId"><text>$esc.xml($moContent)</text></sms>`, "a\fb"},
		"a + in a form":                               {"FORM_ENCODED", `id=$moId&text=$moContent.replace("%","%25").replace("&","%26").replace("=","%3D")`, "a;b=c"},
		"a ; in a form":                               {"FORM_ENCODED", `id=$moId&text=$moContent.replace("%","%25").replace("&","%26").replace("=","%3D").replace("+","%2B")`, "a;b=c"},
		"no quotes":                                   {"JSON", `{"reply_id":"$moId","n":$esc.json($moContent)}`, `1,"admin":true`},
		"a text as a name":                            {"JSON", `{"reply_id":"$moId","$esc.json($moContent)":true}`, "admin"},
		"a text as a name of the template":            {"JSON", `{"reply_id":"$moId",#foreach($k in ["a"])"$esc.json($moContent)":"1"#end}`, "reply_id"},
		"JSON in JSON, escaped once":                  {"JSON", `{"reply_id":"$moId","p":"{\"text\":\"$esc.json($moContent)\"}"}`, admin},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payload, err := template.Render(t.Context(), c.template, &webhook.ReceivedSMS{ReplyID: "1", Content: c.text})
			require.NoError(t, err)
			breaks := !readable(c.encoding, payload) || strings.Contains(payload, "admin") || strings.Count(payload, `"reply_id"`) > 1
			require.True(t, breaks, payload)
			problems := template.Check(t.Context(), c.template, c.encoding, []messagemedia.EventType{sms})
			if name == "a text as a name" { // unusual, but ambiguous only if the name is repeated
				assert.Contains(t, codesOf(problems), template.CodeRepeatedName, "%v", problems)
				return
			}
			assert.NotEmpty(t, errorsOf(problems), "%v", problems)
		})
	}
}

// TestAlphanumericSenders has a sender whose name adds a field, with 8 of its maximum of 11
// characters.
func TestAlphanumericSenders(t *testing.T) {
	t.Parallel()
	const unescaped, sender = `{"reply_id":"$moId","source_number":"$sourceAddress","x":"$!esc.json($moContent)"}`, `","y":"1`
	payload, err := template.Render(t.Context(), unescaped, &webhook.ReceivedSMS{ReplyID: "1", SourceNumber: sender})
	require.NoError(t, err)
	var fields map[string]string
	require.NoError(t, json.Unmarshal([]byte(payload), &fields))
	require.Equal(t, "1", fields["y"], "the sender added a field")
	for _, eventType := range []messagemedia.EventType{sms, mms, optOut} {
		assert.Contains(t, codesOf(template.Check(t.Context(), unescaped, "JSON", []messagemedia.EventType{eventType})), template.CodeUnescapedInput, eventType)
	}
	problems := template.Check(t.Context(), `{"delivery_report_id":"$drId","source_number":"$sourceAddress"}`, "JSON", []messagemedia.EventType{report})
	assert.Empty(t, problems, "the variable is the number of the recipient")
}

// TestUntrustedInputIsFoundOnEveryPath has unescaped input that reaches the payload on
// different paths.
func TestUntrustedInputIsFoundOnEveryPath(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"in a branch that no event reaches":     `{"reply_id":"$moId"#if($nobodyHasThis && $nor == "this"),"x":"$moContent"#end}`,
		"in a branch for another kind of event": `{"reply_id":"$moId"#if($drId),"x":"$mtContent"#end}`,
		"by #set":                               `#set($a = $moContent)#set($b = $a){"reply_id":"$moId","x":"$b"}`,
		"by #set in a branch":                   `#set($a = "")#if($moContent == "x!")#set($a = $mtContent)#end{"reply_id":"$moId","x":"$a"}`,
		"by a string":                           `#set($a = "Re: $!mtContent"){"reply_id":"$moId","x":"$a"}`,
		"by a method":                           `{"reply_id":"$moId","x":"$moContent.trim().toLowerCase().concat('!')"}`,
		"by a list":                             `#set($a = [1, $moContent]){"reply_id":"$moId","x":"$a.get(1)"}`,
		"by a list, in whole":                   `#set($a = [1, $moContent]){"reply_id":"$moId","x":"$a"}`,
		"by a map":                              `#set($a = {"k": $moContent}){"reply_id":"$moId","x":"$a.k"}`,
		"by a changed map":                      `#set($a = {"k": 1})#set($a.k = $moContent){"reply_id":"$moId","x":"$a.k"}`,
		"by a loop over words":                  `{"reply_id":"$moId","x":[#foreach($w in $moContent.split(" "))"$w"#if($foreach.hasNext),#end#end]}`,
		"by a loop that keeps the last":         `#foreach($v in $metadata.values())#set($last = $v)#end{"reply_id":"$moId","x":"$!last"}`,
		"by a value behind a condition":         `{"reply_id":"$moId","x":"#if($metadata.order)$metadata.order#end"}`,
		"by addition":                           `#set($a = "Re: " + $moContent){"reply_id":"$moId","x":"$a"}`,
		"by a key":                              `{"reply_id":"$moId","x":[#foreach($k in $metadata.keySet())"$k"#if($foreach.hasNext),#end#end]}`,
		"by an entry":                           `{"reply_id":"$moId","x":[#foreach($e in $metadata.entrySet())"$e.getValue()"#if($foreach.hasNext),#end#end]}`,
		"by the metadata in whole":              `{"reply_id":"$moId","x":"$!metadata"}`,
		"by an attachment":                      `{"reply_id":"$moId","x":[#foreach($a in $attachments)"$!a.getOriginalName()"#if($foreach.hasNext),#end#end]}`,
		"by a string in a string":               `#set($a = "#if($moId)$moContent#end"){"reply_id":"$moId","x":"$a"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := template.Check(t.Context(), text, "JSON", []messagemedia.EventType{sms, mms})
			assert.Contains(t, codesOf(problems), template.CodeUnescapedInput, "%v", problems)
		})
	}
}

// TestPayloadsThatDifferFromTheEvent has templates whose payloads are invalid or differ from
// the event.
func TestPayloadsThatDifferFromTheEvent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		encoding messagemedia.Encoding
		events   []messagemedia.EventType
		template string
		want     template.Code
		severity template.Severity
	}{
		"escaped twice":                      {"JSON", sms1, `{"reply_id":"$moId","x":"$!esc.json($esc.json($moContent))"}`, template.CodeChangedValue, template.SeverityWarning},
		"escaped twice for a form":           {"FORM_ENCODED", sms1, `id=$moId&x=$!esc.url($esc.url($moContent))`, template.CodeChangedValue, template.SeverityWarning},
		"a line break at the end of a form":  {"FORM_ENCODED", sms1, "id=$moId&x=$!esc.url($moContent)\n", template.CodeLineBreak, template.SeverityWarning},
		"a line break in a form":             {"FORM_ENCODED", sms1, "id=$moId&\nx=$!esc.url($moContent)", template.CodeLineBreak, template.SeverityWarning},
		"a line break in an element":         {"XML", sms1, "<a><id>\n$moId\n</id></a>", template.CodeLineBreak, template.SeverityWarning},
		"a name without a value":             {"FORM_ENCODED", sms1, "id=$moId&urgent", template.CodeBareName, template.SeverityWarning},
		"a repeated name in a form":          {"FORM_ENCODED", sms1, "id=$moId&x=1&x=2", template.CodeRepeatedName, template.SeverityWarning},
		"a repeated name in JSON":            {"JSON", sms1, `{"reply_id":"$moId","x":1,"x":2}`, template.CodeRepeatedName, template.SeverityError},
		"metadata beside the other names":    {"JSON", sms1, `{"reply_id":"$moId"#foreach($e in $metadata.entrySet()),"$esc.json($e.key)":"$esc.json($e.value)"#end}`, template.CodeRepeatedName, template.SeverityError},
		"metadata beside a form's names":     {"FORM_ENCODED", sms1, `id=$moId#foreach($e in $metadata.entrySet())&$esc.url($e.key)=$esc.url($e.value)#end`, template.CodeRepeatedName, template.SeverityError},
		"JSON in a form's webhook":           {"FORM_ENCODED", sms1, `{"reply_id":"$moId"}`, template.CodeWrongEncoding, template.SeverityError},
		"JSON in an XML webhook":             {"XML", sms1, `{"reply_id":"$moId"}`, template.CodeWrongEncoding, template.SeverityError},
		"XML in a JSON webhook":              {"JSON", sms1, `<a id="$moId"/>`, template.CodeWrongEncoding, template.SeverityError},
		"XML in a form's webhook":            {"FORM_ENCODED", sms1, `<a id="$moId"/>`, template.CodeWrongEncoding, template.SeverityError},
		"a form in a JSON webhook":           {"JSON", sms1, `id=$moId&x=1`, template.CodeWrongEncoding, template.SeverityError},
		"two roots":                          {"XML", sms1, `<a id="$moId"/><b/>`, template.CodeInvalidPayload, template.SeverityError},
		"a repeated attribute":               {"XML", sms1, `<a id="$moId" id="1"/>`, template.CodeInvalidPayload, template.SeverityError},
		"an invalid reference in XML":        {"XML", sms1, `<a id="$moId">&#1;</a>`, template.CodeInvalidPayload, template.SeverityError},
		"a broken branch for one word":       {"JSON", sms1, `{"reply_id":"$moId"#if($moContent.startsWith("QQ")),#end}`, template.CodeInvalidPayload, template.SeverityError},
		"JSON in JSON that is detected late": {"JSON", sms1, `{"reply_id":"$moId","p":"[1,{\"a\":\"$esc.json($moContent)\"}]"}`, template.CodeUnescapedInput, template.SeverityError},
		"a cut emoji":                        {"JSON", sms1, `{"reply_id":"$moId","x":"#if($moContent.length() > 20)$esc.json($moContent.substring(0, 20))#else$esc.json($moContent)#end"}`, template.CodeCutCharacter, template.SeverityWarning},
		"an ID that renders literally":       {"JSON", []messagemedia.EventType{optOut}, `{"notification_id":"$esc.json($moId)"}`, template.CodeUndefinedID, template.SeverityError},
		"the ID of a reply in a report":      {"JSON", []messagemedia.EventType{report}, `{"delivery_report_id":"$drId","x":"$moId"}`, template.CodeUndefinedID, template.SeverityError},
		"retries that differ":                {"JSON", sms1, `{"reply_id":"$moId","n":$retryCount}`, template.CodeRetryCount, template.SeverityWarning},
		"an ID under an unknown name":        {"JSON", sms1, `{"id":"$moId"}`, template.CodeUnknownName, template.SeverityWarning},
		"a report that reads as a reply":     {"JSON", []messagemedia.EventType{report}, `{"reply_id":"$drId"}`, template.CodeWrongEvent, template.SeverityWarning},
		"an MMS that reads as an SMS":        {"JSON", []messagemedia.EventType{mms}, `{"reply_id":"$moId"}`, template.CodeWrongEvent, template.SeverityWarning},
		"a number under another's name":      {"JSON", sms1, `{"reply_id":"$moId","source_number":"$destinationAddress"}`, template.CodeWrongField, template.SeverityWarning},
		"another event kind":                 {"JSON", sms1, `{"reply_id":"$moId","event":"OPT_OUT","notification_id":"$moId"}`, template.CodeWrongEvent, template.SeverityWarning},
		"a byte order mark":                  {"JSON", sms1, "{\"reply_id\":\"$moId\",\"a\":\"\ufeff\"}", template.CodeInvisibleCharacter, template.SeverityWarning},
		"a no-break space":                   {"JSON", sms1, "{\"reply_id\":\"$moId\",\"a\u00a0\":1}", template.CodeInvisibleCharacter, template.SeverityWarning},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := template.Check(t.Context(), c.template, c.encoding, c.events)
			i := slices.IndexFunc(problems, func(p template.Problem) bool { return p.Code == c.want })
			require.GreaterOrEqual(t, i, 0, "%v", problems)
			assert.Equal(t, c.severity, problems[i].Severity)
		})
	}
}

var sms1 = []messagemedia.EventType{sms}
