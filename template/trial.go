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
}

type trialKind int

const (
	complete trialKind = iota // a value in every documented field
	sparse                    // without what may be missing
	hostile                   // with everything in its texts that could break a payload
)

// trials are those of an event type, none when it is not documented.
func trials(eventType messagemedia.EventType) []trial {
	if _, err := Sample(eventType); err != nil {
		return nil
	}
	sample := func() webhook.Event { event, _ := Sample(eventType); return event }
	trials := []trial{{eventType, sample(), complete}, {eventType, withoutOptional(sample()), sparse}, {eventType, withHostileTexts(sample()), hostile}}
	if media, ok := sample().(*webhook.ReceivedMMS); ok {
		media.Content = ""
		trials = append(trials, trial{eventType, media, sparse})
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

// withHostileTexts puts everything that could break a payload wherever people can
// type something.
func withHostileTexts(event webhook.Event) webhook.Event {
	typed := typedIn(event)
	*typed.metadata = map[string]string{hostileText: hostileText, "b": hostileText}
	*typed.originalText = hostileText
	if typed.content != nil {
		*typed.content = hostileText
	}
	for i := range typed.attachments {
		typed.attachments[i].Name, typed.attachments[i].ContentType = hostileText, hostileText
	}
	return event
}

// typed are the fields of an event that people typed something into.
type typed struct {
	originalText, content *string
	metadata              *map[string]string
	attachments           []webhook.Attachment
}

func typedIn(event webhook.Event) typed {
	switch e := event.(type) {
	case *webhook.DeliveryReport:
		return typed{originalText: &e.OriginalText, metadata: &e.Metadata}
	case *webhook.ReceivedSMS:
		return typed{originalText: &e.OriginalText, content: &e.Content, metadata: &e.Metadata}
	case *webhook.ReceivedMMS:
		return typed{originalText: &e.OriginalText, content: &e.Content, metadata: &e.Metadata, attachments: e.Attachments}
	case *webhook.OptOut:
		return typed{originalText: &e.OriginalText, content: &e.Content, metadata: &e.Metadata}
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

func marked(character rune) string { return "(" + string(character) + ")" }
