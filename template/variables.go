package template

import (
	"maps"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/template/internal/taint"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// sources maps each documented variable to the texts that it can have. The package
// documentation says which of them are untrusted.
var sources = map[string]taint.Source{
	"format": taint.Identifier, "type": taint.Identifier,
	"mtId": taint.Identifier, "messageId": taint.Identifier,
	"moId": taint.Identifier, "replyId": taint.Identifier,
	"drId": taint.Identifier, "reportId": taint.Identifier,
	"notificationId": taint.Identifier,
	"accountId":      taint.Word, "vendorId": taint.Word,
	"mtContent": taint.Text, "messageContent": taint.Text,
	"moContent": taint.Text, "replyContent": taint.Text,
	"sourceAddress": taint.Text, "destinationAddress": taint.PhoneNumber,
	"submittedTimestamp": taint.Timestamp, "receivedTimestamp": taint.Timestamp,
	"status": taint.Identifier, "statusCode": taint.Number,
	"billingUnits": taint.Number, "retryCount": taint.Number,
	"metadata": taint.Metadata, "attachments": taint.Attachments,
}

// sourceOf returns the texts that a variable of an event can have. In a delivery report,
// $sourceAddress is the number that the platform sent the message to, not a name that a
// sender chose.
func sourceOf(event webhook.Event, name string) taint.Source {
	if _, isReport := event.(*webhook.DeliveryReport); isReport && name == "sourceAddress" {
		return taint.PhoneNumber
	}
	return sources[name]
}

// allVariables are the variables of all events.
var allVariables = maps.Clone(sources)

// eventKind groups event types whose events have the same variables.
type eventKind struct {
	events    []messagemedia.EventType
	variables taint.Variables
}

// kindsOfEvents groups the event types of the check.
func (c *checker) kindsOfEvents() []*eventKind {
	var kinds []*eventKind
	var reports *eventKind
	for _, eventType := range c.events {
		event, err := Sample(eventType)
		if err != nil {
			continue
		}
		if _, isReport := sampleReports[eventType]; isReport && reports != nil {
			reports.events = append(reports.events, eventType)
			continue
		}
		kind := &eventKind{[]messagemedia.EventType{eventType}, variablesOf(event)}
		if _, isReport := sampleReports[eventType]; isReport {
			reports = kind
		}
		kinds = append(kinds, kind)
	}
	return kinds
}

func variablesOf(event webhook.Event) taint.Variables {
	present, absent := make(map[string]taint.Source), make(map[string]bool)
	for variable := range platform.Variables(event, 0).All() {
		name := string(variable.Key.(velocity.String))
		present[name] = sourceOf(event, name)
	}
	for name := range sources {
		if _, has := present[name]; !has {
			absent[name] = true
		}
	}
	return taint.Variables{Present: present, Absent: absent}
}
