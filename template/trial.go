package template

import (
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// testCase is an event that a template is rendered for.
type testCase struct {
	events []messagemedia.EventType // whose events it stands for
	event  webhook.Event
	kind   caseKind
	text   string // of a hostile one

	// hasNames: the text is a name of the template, so that one in the metadata can be twice.
	hasNames bool
}

type caseKind int

const (
	complete caseKind = iota // a value in every documented field
	sparse                   // without what may be missing
	several                  // with several of what can be more than one
	hostile                  // with something in its texts that could break a payload
)

// harmlessCases are events of one type as they are every day, the complete one first.
func harmlessCases(eventType messagemedia.EventType) []testCase {
	sample := func() webhook.Event { event, _ := Sample(eventType); return event }
	events := []messagemedia.EventType{eventType}
	cases := []testCase{{events, sample(), complete, "", false}, {events, withoutOptional(sample()), sparse, "", false}}
	if media, ok := sample().(*webhook.ReceivedMMS); ok {
		media.Content = ""
		cases = append(cases, testCase{events, media, sparse, "", false})
		media = sample().(*webhook.ReceivedMMS)
		media.Attachments = []webhook.Attachment{
			{ContentType: "image/jpeg", Name: "one.jpg", Content: []byte{0xff, 0xd8}}, {ContentType: "text/x-vcard; charset=utf-8", Name: "ada.vcf", Content: []byte("BEGIN:VCARD")},
			{ContentType: "application/smil", Name: "smil.xml", Content: []byte("<smil/>")},
		}
		cases = append(cases, testCase{events, media, several, "", false})
	}
	more := sample()
	*userInputOf(more).metadata = map[string]string{"first": "1", "second": "2", "third": ""}
	return append(cases, testCase{events, more, several, "", false})
}

// hostileCases are events of a kind whose texts are made to break a payload: alone, behind
// what the template asks for, and where other values are missing. Metadata has the texts
// under the names that the template asks for, too, and under names that it writes itself.
func (t *parsedTemplate) hostileCases(kind *eventKind, names []string) []testCase {
	sample := func() webhook.Event { event, _ := Sample(kind.events[0]); return event }
	var cases []testCase
	for _, text := range hostileTexts {
		cases = append(cases, testCase{kind.events, withTexts(sample(), text, t.keys), hostile, text, false})
	}
	for _, text := range []string{allDangerous, `","` + injectedName + `":"1`} {
		event := withTexts(sample(), text, t.keys)
		*userInputOf(event).metadata, *userInputOf(event).originalText = nil, ""
		cases = append(cases, testCase{kind.events, event, hostile, text, false})
	}
	const most = 16
	for _, key := range t.keys[:min(len(t.keys), most)] {
		cases = append(cases, testCase{kind.events, withTexts(sample(), key+allDangerous, t.keys), hostile, key + allDangerous, false})
	}
	for _, name := range names[:min(len(names), most)] {
		cases = append(cases, testCase{kind.events, withTexts(sample(), name, names), hostile, name, true})
	}
	return cases
}

// withoutOptional takes out of an event what the documents say may be missing.
func withoutOptional(event webhook.Event) webhook.Event {
	typed := userInputOf(event)
	*typed.metadata = nil
	*typed.originalText = ""
	switch e := event.(type) {
	case *webhook.DeliveryReport:
		e.BillingUnits = nil
	case *webhook.ReceivedSMS:
		e.Content = "Y" // the shortest: for templates that cut a part out of it
	case *webhook.ReceivedMMS:
		e.Attachments = nil
	case *webhook.OptOut:
		e.MessageID = ""
	}
	return event
}

// withTexts puts a text wherever strangers can write something, in metadata also under
// some keys.
func withTexts(event webhook.Event, text string, keys []string) webhook.Event {
	typed := userInputOf(event)
	*typed.metadata = map[string]string{text: text, "b": text}
	for _, key := range keys {
		(*typed.metadata)[key] = text
	}
	*typed.originalText = text
	if typed.content != nil {
		*typed.content = text
	}
	if typed.sender != nil {
		*typed.sender = text
	}
	for i := range typed.attachments {
		typed.attachments[i] = webhook.Attachment{ContentType: text, Name: text, Content: []byte{0xfb, 0xff, 0xbf}}
	}
	return event
}

// userInput are the fields of an event that strangers wrote something into.
type userInput struct {
	originalText, content *string
	sender                *string // which can be a name; nil for a delivery report, which is about a number
	metadata              *map[string]string
	attachments           []webhook.Attachment
}

func userInputOf(event webhook.Event) userInput {
	switch e := event.(type) {
	case *webhook.DeliveryReport:
		return userInput{originalText: &e.OriginalText, metadata: &e.Metadata}
	case *webhook.ReceivedSMS:
		return userInput{&e.OriginalText, &e.Content, &e.SourceNumber, &e.Metadata, nil}
	case *webhook.ReceivedMMS:
		return userInput{&e.OriginalText, &e.Content, &e.SourceNumber, &e.Metadata, e.Attachments}
	case *webhook.OptOut:
		return userInput{&e.OriginalText, &e.Content, &e.SourceNumber, &e.Metadata, nil}
	}
	return userInput{}
}

// injectedName is the field that hostile texts try to add.
const injectedName = "zq9injected"

// allDangerous has all that means something in some format.
const allDangerous = "\"\\\n\r\t\f<>&=+%;#${}[]:,'`/ ]]> --> é\u2028"

// emoji are texts that can be cut within a character, at even and at odd places.
var emoji = []string{strings.Repeat("😀", 90), "a" + strings.Repeat("😀", 90)}

// hostileTexts are what can arrive: a phone types anything, and GSM's alphabet alone has
// a carriage return, a form feed and an escape.
var hostileTexts = append([]string{
	allDangerous,
	"\x00\x01\x02\x03\x04\x05\x06\x07\b\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f\u0085",
	"\r", "\f", "\n", "\x1b", `"`, `\`, "'", "<", "&", "]]>", "--", ";", "=", "+", "%", "#", "$", "{", "[", " ", "Y",
	"😀", "a😀b", "👩‍👩‍👧‍👦", "\u200f\u202eevil\u202c", "\ufffe\uffff", "\ufffd", "\u2028\u2029", "é\u0301", "漢字",
	"YES", "yes", "STOP", " Stop ", "\tMixed Case\n", "007", "-0", "1e5", "12345678901234567890", "null", "true",
	"$moContent ${mtId} $!x #if(true)a#end ## #* *# #[[ ]]# \\$moId",
	`","` + injectedName + `":"1`, `\","` + injectedName + `":"1`, `1,"` + injectedName + `":1`, `"},"` + injectedName + `":{"a":"`,
	`{"` + injectedName + `":1}`, "&" + injectedName + "=1", ";" + injectedName + "=1", "a&" + injectedName, "%26" + injectedName + "%3D1",
	"</a><" + injectedName + ">1</" + injectedName + "><a>", `" ` + injectedName + `="1`, "' " + injectedName + "='1",
	"]]><" + injectedName + "/><![CDATA[", "--><" + injectedName + "/><!--",
	strings.Repeat(`a"\ <&`, 27)[:160], strings.Repeat(`a"\ <&`, 27)[:161], strings.Repeat("\"\\\r<&;", 267)[:1600],
}, emoji...)
