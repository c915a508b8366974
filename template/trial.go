package template

import (
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// testCase is an event that a template is tried with.
type testCase struct {
	eventType messagemedia.EventType
	event     webhook.Event
	kind      caseKind
	broken    error // why what it rendered is not valid
}

type caseKind int

const (
	complete    caseKind = iota // a value in every documented field
	sparse                      // without what may be missing
	adversarial                 // with everything in its texts that could break a payload
)

// testCases are those of an event type, none when it is not documented. The texts of
// the last are the most dangerous character alone, for templates that cut a part
// out of them or go by their length.
func (r *parsedTemplate) testCases(eventType messagemedia.EventType, form form) []testCase {
	if _, err := Sample(eventType); err != nil {
		return nil
	}
	sample := func() webhook.Event { event, _ := Sample(eventType); return event }
	trials := []testCase{{eventType, sample(), complete, nil}, {eventType, withoutOptional(sample()), sparse, nil}}
	if media, ok := sample().(*webhook.ReceivedMMS); ok {
		media.Content = ""
		trials = append(trials, testCase{eventType, media, sparse, nil})
	}
	trials = append(trials, testCase{eventType, withTexts(sample(), adversarialText, r.keys), adversarial, nil})
	if form.dangerous != "" {
		trials = append(trials, testCase{eventType, withTexts(sample(), form.dangerous[:1], r.keys), adversarial, nil})
	}
	return trials
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

// withTexts puts a text wherever people can type something, in metadata also under
// the keys that a template asks for. Numbers and base64 have a + that form encoding
// takes for a blank.
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
	for _, number := range typed.numbers {
		*number = marked('+') + *number
	}
	for i := range typed.attachments {
		typed.attachments[i] = webhook.Attachment{ContentType: text, Name: text, Content: adversarialContent}
	}
	return event
}

// userInput are the fields of an event that people typed something into.
type userInput struct {
	originalText, content *string
	metadata              *map[string]string
	numbers               []*string
	attachments           []webhook.Attachment
}

func userInputOf(event webhook.Event) userInput {
	switch e := event.(type) {
	case *webhook.DeliveryReport:
		return userInput{&e.OriginalText, nil, &e.Metadata, []*string{&e.RecipientNumber}, nil}
	case *webhook.ReceivedSMS:
		return userInput{&e.OriginalText, &e.Content, &e.Metadata, []*string{&e.SourceNumber, &e.DestinationNumber}, nil}
	case *webhook.ReceivedMMS:
		return userInput{&e.OriginalText, &e.Content, &e.Metadata, []*string{&e.SourceNumber, &e.DestinationNumber}, e.Attachments}
	case *webhook.OptOut:
		return userInput{&e.OriginalText, &e.Content, &e.Metadata, []*string{&e.SourceNumber, &e.DestinationNumber}, nil}
	}
	return userInput{}
}

// adversarialText has each dangerous character between two marks, so that it can be
// told whether one came through, and some that only look dangerous.
var adversarialText = func() string {
	var text strings.Builder
	for _, character := range "\"\\\n<&=+%" {
		text.WriteString(marked(character))
	}
	return text.String() + "'\t> é😀\u2028 $moContent #if(true) ]]>"
}()

// adversarialContent is adversarialBase64 in base64, where there is no room for marks.
var adversarialContent = []byte{0xfb, 0xff, 0xbf}

const adversarialBase64 = "+/+/"

func marked(character rune) string { return "(" + string(character) + ")" }
