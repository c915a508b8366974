// Package platform knows what the platform makes of an event before a template
// sees it: the event type that webhooks subscribe to, and the variables.
package platform

import (
	"fmt"
	"reflect"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// EventType is what webhooks subscribe to in order to be called for an event.
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

// checkEvent refuses a nil pointer in an event, which has no fields to read.
func checkEvent(event webhook.Event) error {
	if v := reflect.ValueOf(event); v.Kind() == reflect.Pointer && v.IsNil() {
		return fmt.Errorf("event must not be nil, got a nil %T", event)
	}
	return nil
}
