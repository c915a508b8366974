package template

import (
	"fmt"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// Sample returns an event of a type with a value in every documented field, as input for
// [Render]. If the event type is not documented, Sample returns an error.
func Sample(eventType messagemedia.EventType) (webhook.Event, error) {
	switch eventType {
	case messagemedia.EventReceivedSMS:
		return sampleSMS(), nil
	case messagemedia.EventReceivedMMS:
		return sampleMMS(), nil
	case messagemedia.EventOptOutSMS:
		return sampleOptOut(), nil
	}
	if report, ok := sampleReports[eventType]; ok {
		return sampleReport(report.status, report.code), nil
	}
	return nil, fmt.Errorf("template: Sample: undocumented event type %q", eventType)
}

// documentedTypes are the event types that [Sample] supports.
var documentedTypes = []messagemedia.EventType{
	messagemedia.EventReceivedSMS, messagemedia.EventReceivedMMS, messagemedia.EventOptOutSMS,
	messagemedia.EventEnrouteDR, messagemedia.EventSubmittedDR, messagemedia.EventDeliveredDR,
	messagemedia.EventExpiredDR, messagemedia.EventRejectedDR, messagemedia.EventFailedDR,
}

var sampleReports = map[messagemedia.EventType]struct {
	status webhook.Status
	code   webhook.StatusCode
}{
	messagemedia.EventEnrouteDR:   {webhook.StatusEnroute, 211},
	messagemedia.EventSubmittedDR: {webhook.StatusSubmitted, 200},
	messagemedia.EventDeliveredDR: {webhook.StatusDelivered, 220},
	messagemedia.EventExpiredDR:   {webhook.StatusExpired, 401},
	messagemedia.EventRejectedDR:  {webhook.StatusRejected, 302},
	messagemedia.EventFailedDR:    {webhook.StatusFailed, 400},
}

const (
	sampleMessageID = "877c19ef-fa2e-4cec-827a-e1df9b5509f7"
	sampleReplyID   = "a175e797-2b54-468b-9850-41a3eab32f74"
	sampleAccountID = "DeveloperPortal7000"
	sampleVendorID  = "MessageMedia"
	samplePhone     = "+61491570156"
	sampleNumber    = "+61491593156"
	sampleText      = "Your table is ready. Reply YES to keep it."
)

var (
	sampleSubmitted = time.Date(2026, 9, 30, 8, 43, 0, 850e6, time.UTC)
	sampleReceived  = sampleSubmitted.Add(time.Minute)
)

func sampleMetadata() map[string]string { return map[string]string{"booking": "4711"} }

func sampleReport(status webhook.Status, code webhook.StatusCode) *webhook.DeliveryReport {
	return &webhook.DeliveryReport{
		DeliveryReportID: "01e1fa0a-6e27-4945-9cdb-18644b4de043",
		MessageID:        sampleMessageID,
		AccountID:        sampleAccountID,
		VendorID:         sampleVendorID,
		Format:           "SMS",
		RecipientNumber:  sampleNumber,
		OriginalText:     sampleText,
		Status:           status,
		StatusCode:       code,
		BillingUnits:     new(1.0),
		SubmittedAt:      sampleSubmitted,
		ReceivedAt:       sampleReceived,
		Metadata:         sampleMetadata(),
	}
}

func sampleSMS() *webhook.ReceivedSMS {
	return &webhook.ReceivedSMS{
		ReplyID:           sampleReplyID,
		MessageID:         sampleMessageID,
		AccountID:         sampleAccountID,
		VendorID:          sampleVendorID,
		Format:            "SMS",
		SourceNumber:      samplePhone,
		DestinationNumber: sampleNumber,
		Content:           "YES please",
		OriginalText:      sampleText,
		SubmittedAt:       sampleSubmitted,
		ReceivedAt:        sampleReceived,
		Metadata:          sampleMetadata(),
	}
}

func sampleMMS() *webhook.ReceivedMMS {
	return &webhook.ReceivedMMS{
		ReplyID:           sampleReplyID,
		MessageID:         sampleMessageID,
		AccountID:         sampleAccountID,
		VendorID:          sampleVendorID,
		Format:            "MMS",
		SourceNumber:      samplePhone,
		DestinationNumber: sampleNumber,
		Content:           "We are here",
		Attachments:       []webhook.Attachment{{ContentType: "image/png", Name: "table.png", Content: []byte("\x89PNG")}},
		OriginalText:      sampleText,
		SubmittedAt:       sampleSubmitted,
		ReceivedAt:        sampleReceived,
		Metadata:          sampleMetadata(),
	}
}

func sampleOptOut() *webhook.OptOut {
	return &webhook.OptOut{
		NotificationID:    "3e6e6b1a-6c1d-4b1a-9c1e-6f1a6b1a6c1d",
		MessageID:         sampleMessageID,
		AccountID:         sampleAccountID,
		VendorID:          sampleVendorID,
		Format:            "SMS",
		SourceNumber:      samplePhone,
		DestinationNumber: sampleNumber,
		Content:           "STOP",
		OriginalText:      sampleText,
		SubmittedAt:       sampleSubmitted,
		ReceivedAt:        sampleReceived,
		Metadata:          sampleMetadata(),
	}
}
