package template

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template/internal/taint"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// checkReceiving checks that package webhook finds a dedupe key in the delivery of each
// event. It skips event types for which the template did not render.
func (c *checker) checkReceiving(encoding messagemedia.Encoding) {
	for _, eventType := range c.events {
		delivery, isRendered := c.deliveries[eventType]
		if !isRendered || !delivery.complete {
			continue
		}
		sample, _ := Sample(eventType)
		parsed := webhook.Parse([]byte(delivery.body)) // like a handler, for every encoding
		received := &webhook.Delivery{Method: http.MethodPost, Target: "/", Body: []byte(delivery.body), Event: parsed}
		id := platformID(sample)
		hasID := strings.Contains(delivery.url+delivery.body, id.value)
		switch {
		case received.DedupeKey() != "":
			// checkParsed compared the event
		case !hasID:
			c.add(Problem{Code: CodeNoDedupeKey, Field: "template", Severity: SeverityWarning,
				Message: "no dedupe key: a retry cannot be told from a new event", Suggestion: "put $" + id.variable + " into the payload"}, eventType)
		default:
			c.addUnknownName(id, parsed, encoding, eventType)
		}
	}
}

// addUnknownName records that package webhook does not find the ID of an event.
func (c *checker) addUnknownName(id eventID, parsed webhook.Event, encoding messagemedia.Encoding, eventType messagemedia.EventType) {
	problem := Problem{Code: CodeUnknownName, Field: "template", Severity: SeverityWarning,
		Message:    "package webhook finds no dedupe key in the delivery, although the delivery has the ID of the event",
		Suggestion: fmt.Sprintf("name the ID %q, or give the handler webhook.WithDedupeKey", id.name)}
	switch encoding {
	case messagemedia.EncodingJSON:
	case messagemedia.EncodingForm:
		problem.Suggestion = "give the handler webhook.WithDedupeKey, with the ID that webhook.ParseValues reads"
	default:
		problem.Suggestion = "give the handler webhook.WithDedupeKey"
	}
	if unparsed, ok := parsed.(*webhook.UnparsedEvent); ok && strings.Contains(string(unparsed.Raw), `"`+id.name+`"`) {
		problem.Message += fmt.Sprintf(" under the expected name: %v", unparsed.Err)
		problem.Suggestion = ""
	}
	c.add(problem, eventType)
}

// eventID is the platform's own ID of an event.
type eventID struct {
	variable string // its template variable
	name     string // its name in package webhook
	value    string
}

func platformID(event webhook.Event) eventID {
	switch e := event.(type) {
	case *webhook.DeliveryReport:
		return eventID{"drId", "delivery_report_id", e.DeliveryReportID}
	case *webhook.ReceivedSMS:
		return eventID{"moId", "reply_id", e.ReplyID}
	case *webhook.ReceivedMMS:
		return eventID{"moId", "reply_id", e.ReplyID}
	case *webhook.OptOut:
		return eventID{"notificationId", "notification_id", e.NotificationID}
	}
	return eventID{}
}

// checkParsed compares an event with the event that package webhook parses from its payload.
// Fields that the template omits, or names differently than Parse, are not differences.
func (t *parsedTemplate) checkParsed(r *trial) {
	received := t.parseEvent(r.output)
	if _, unparsed := received.(*webhook.UnparsedEvent); unparsed {
		return
	}
	a, b := reflect.ValueOf(r.event).Elem(), reflect.ValueOf(received).Elem()
	if a.Type() != b.Type() {
		t.add(Problem{Code: CodeWrongEvent, Field: t.field, Severity: SeverityWarning,
			Message: fmt.Sprintf("package webhook reads a %s as a %s", a.Type().Name(), b.Type().Name()), Suggestion: wrongEventSuggestion(r.event)}, r.events...)
		return
	}
	for i := range a.NumField() {
		t.checkField(a.Type().Field(i).Name, a.Field(i), b.Field(i), r)
	}
}

// parseEvent parses a payload like a receiver that uses package webhook.
func (t *parsedTemplate) parseEvent(output string) webhook.Event {
	t.steps -= len(output) / bytesPerStep
	if t.form.format == taint.JSON {
		return webhook.Parse([]byte(output))
	}
	values, _ := url.ParseQuery(output) // decode accepted the output
	return webhook.ParseValues(values)
}

// checkField compares a field of an event.
func (t *parsedTemplate) checkField(name string, sent, received reflect.Value, r *trial) {
	problem := Problem{Code: CodeWrongField, Field: t.field, Severity: SeverityWarning,
		Message: "package webhook reads a different " + name + " than the event's", Suggestion: "render the variable of the field unchanged, under the field's name"}
	switch {
	case name == "FieldErrors":
		for _, field := range slices.Sorted(maps.Keys(received.Interface().(map[string]string))) {
			problem.Message = fmt.Sprintf("package webhook can't read %s: %s", field, received.Interface().(map[string]string)[field])
			t.add(problem, r.events...)
		}
	case received.IsZero(), sent.IsZero() && len(r.undefined) > 0:
		// omitted, or a reference that renders literally, which addUndefined reports
	case differs(sent.Interface(), received.Interface()):
		t.add(problem, r.events...)
	}
}

func wrongEventSuggestion(sent webhook.Event) string {
	if _, isMedia := sent.(*webhook.ReceivedMMS); isMedia {
		return `write "format": "$!format", or the attachments`
	}
	return `write "event" as messagemedia.JSONTemplate does`
}

// differs reports whether two values of a field differ. It ignores additional metadata in
// the payload.
func differs(sent, received any) bool {
	switch sent := sent.(type) {
	case time.Time:
		return !sent.Truncate(time.Second).Equal(received.(time.Time).Truncate(time.Second))
	case map[string]string:
		for name, value := range received.(map[string]string) {
			if original, ok := sent[name]; ok && original != value {
				return true
			}
		}
		return false
	}
	return !reflect.DeepEqual(sent, received)
}
