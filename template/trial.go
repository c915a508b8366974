package template

import (
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// trial is an event that a template is tried with.
type trial struct {
	eventType messagemedia.EventType
	event     webhook.Event
	kind      trialKind
	broken    error // why what it rendered is not valid
}

type trialKind int

const (
	complete trialKind = iota // a value in every documented field
	sparse                    // without what may be missing
	hostile                   // with everything in its texts that could break a payload
)

// trials are those of an event type, none when it is not documented. The texts of
// the last are the most dangerous character alone, for templates that cut a part
// out of them or go by their length.
func (r *reading) trials(eventType messagemedia.EventType, form form) []trial {
	if _, err := Sample(eventType); err != nil {
		return nil
	}
	sample := func() webhook.Event { event, _ := Sample(eventType); return event }
	trials := []trial{{eventType, sample(), complete, nil}, {eventType, withoutOptional(sample()), sparse, nil}}
	if media, ok := sample().(*webhook.ReceivedMMS); ok {
		media.Content = ""
		trials = append(trials, trial{eventType, media, sparse, nil})
	}
	trials = append(trials, trial{eventType, withTexts(sample(), hostileText, r.keys), hostile, nil})
	if form.dangerous != "" {
		trials = append(trials, trial{eventType, withTexts(sample(), form.dangerous[:1], r.keys), hostile, nil})
	}
	return trials
}

// withoutOptional takes out of an event what the documents say may be missing.
func withoutOptional(event webhook.Event) webhook.Event {
	typed := typedIn(event)
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
	typed := typedIn(event)
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
		typed.attachments[i] = webhook.Attachment{ContentType: text, Name: text, Content: hostileContent}
	}
	return event
}

// typed are the fields of an event that people typed something into.
type typed struct {
	originalText, content *string
	metadata              *map[string]string
	numbers               []*string
	attachments           []webhook.Attachment
}

func typedIn(event webhook.Event) typed {
	switch e := event.(type) {
	case *webhook.DeliveryReport:
		return typed{&e.OriginalText, nil, &e.Metadata, []*string{&e.SourceNumber}, nil}
	case *webhook.ReceivedSMS:
		return typed{&e.OriginalText, &e.Content, &e.Metadata, []*string{&e.SourceNumber, &e.DestinationNumber}, nil}
	case *webhook.ReceivedMMS:
		return typed{&e.OriginalText, &e.Content, &e.Metadata, []*string{&e.SourceNumber, &e.DestinationNumber}, e.Attachments}
	case *webhook.OptOut:
		return typed{&e.OriginalText, &e.Content, &e.Metadata, []*string{&e.SourceNumber, &e.DestinationNumber}, nil}
	}
	return typed{}
}

// hostileText has each dangerous character between two marks, so that it can be
// told whether one came through, and some that only look dangerous.
var hostileText = func() string {
	var text strings.Builder
	for _, character := range "\"\\\n<&=+%" {
		text.WriteString(marked(character))
	}
	return text.String() + "'\t> é😀\u2028 $moContent #if(true) ]]>"
}()

// hostileContent is hostileBase64 in base64, where there is no room for marks.
var hostileContent = []byte{0xfb, 0xff, 0xbf}

const hostileBase64 = "+/+/"

func marked(character rune) string { return "(" + string(character) + ")" }
