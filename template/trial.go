package template

import (
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// testCase is a sample event for which a template is rendered.
type testCase struct {
	events []messagemedia.EventType // the event types that it represents
	event  webhook.Event
	kind   caseKind
	text   string // of a hostile case

	// hasNames reports whether the text is a name that the template writes, which can then
	// be repeated through the metadata.
	hasNames bool
}

type caseKind int

const (
	complete caseKind = iota // a value in every documented field
	sparse                   // without optional values
	several                  // with several metadata entries or attachments
	hostile                  // with texts made to break a payload
)

// harmlessCases returns ordinary events of one type, the complete one first.
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

// hostileCases returns events of a kind whose texts are made to break a payload: alone,
// after texts that the template may compare with, and without optional values. The metadata
// has the texts also under names that the template may read, and under names that it writes.
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

// withoutOptional removes the values that the documentation calls optional from an event.
func withoutOptional(event webhook.Event) webhook.Event {
	typed := userInputOf(event)
	*typed.metadata = nil
	*typed.originalText = ""
	switch e := event.(type) {
	case *webhook.DeliveryReport:
		e.BillingUnits = nil
	case *webhook.ReceivedSMS:
		e.Content = "Y" // short, for templates that call substring
	case *webhook.ReceivedMMS:
		e.Attachments = nil
	case *webhook.OptOut:
		e.MessageID = ""
	}
	return event
}

// withTexts sets all untrusted input of an event to a text, in the metadata also under the
// given keys.
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

// userInput has the fields of an event that are untrusted input.
type userInput struct {
	originalText, content *string
	sender                *string // can be a name; nil for a delivery report, which has a number
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

// injectedName is the name of the field that hostile texts add.
const injectedName = "zq9injected"

// allDangerous has every character that is special in a format.
const allDangerous = "\"\\\n\r\t\f<>&=+%;#${}[]:,'`/ ]]> --> é\u2028"

// emoji are texts that a cut at any even or odd index splits within a character.
var emoji = []string{strings.Repeat("😀", 90), "a" + strings.Repeat("😀", 90)}

// hostileTexts are texts that a phone can send. The GSM alphabet alone has a carriage
// return, a form feed and an escape character.
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
