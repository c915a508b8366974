// Package platform derives the data of a delivery from an event: the event type that
// webhooks subscribe to, the template variables, and the payload for a callback_url.
package platform

import (
	"fmt"
	"reflect"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// EventType returns the event type of an event. It returns an error if webhooks can't be
// subscribed to the event, or if it is a nil pointer.
func EventType(event webhook.Event) (messagemedia.EventType, error) {
	if err := checkEvent(event); err != nil {
		return "", err
	}
	switch e := event.(type) {
	case *webhook.DeliveryReport:
		if eventType, ok := reportTypes[e.Status]; ok {
			return eventType, nil
		}
		return "", fmt.Errorf("no webhook is called for a delivery report with the status %q, want enroute, submitted, delivered, expired, rejected or failed", e.Status)
	case *webhook.ReceivedSMS:
		return messagemedia.EventReceivedSMS, nil
	case *webhook.ReceivedMMS:
		return messagemedia.EventReceivedMMS, nil
	case *webhook.OptOut:
		return messagemedia.EventOptOutSMS, nil
	}
	return "", fmt.Errorf("no webhook is called for a %T, want a *webhook.DeliveryReport, ReceivedSMS, ReceivedMMS or OptOut", event)
}

var reportTypes = map[webhook.Status]messagemedia.EventType{
	webhook.StatusEnroute:   messagemedia.EventEnrouteDR,
	webhook.StatusSubmitted: messagemedia.EventSubmittedDR,
	webhook.StatusDelivered: messagemedia.EventDeliveredDR,
	webhook.StatusExpired:   messagemedia.EventExpiredDR,
	webhook.StatusRejected:  messagemedia.EventRejectedDR,
	webhook.StatusFailed:    messagemedia.EventFailedDR,
}

// checkEvent returns an error if the event is a nil pointer, which has no fields.
func checkEvent(event webhook.Event) error {
	if v := reflect.ValueOf(event); v.Kind() == reflect.Pointer && v.IsNil() {
		return fmt.Errorf("event must not be nil, got a nil %T", event)
	}
	return nil
}
