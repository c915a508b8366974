package platform

import (
	"encoding/base64"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// Variables returns the template variables of an event. It adds the number
// of earlier attempts to the RetryCount of the event. If a field is zero, its variable
// is undefined and renders literally, as on the platform. If the event has no variables,
// such as a *webhook.UnparsedEvent, Variables returns nil.
func Variables(event webhook.Event, earlierAttempts int) *velocity.Map {
	v := variables{velocity.NewMap()}
	switch e := event.(type) {
	case *webhook.DeliveryReport:
		v.message(e.Format, e.MessageID, e.AccountID, e.VendorID, e.RecipientNumber, e.OriginalText)
		v.history(e.SubmittedAt, e.ReceivedAt, e.RetryCount+earlierAttempts, e.Metadata)
		v.report(e)
	case *webhook.ReceivedSMS:
		v.message(e.Format, e.MessageID, e.AccountID, e.VendorID, e.SourceNumber, e.OriginalText)
		v.history(e.SubmittedAt, e.ReceivedAt, e.RetryCount+earlierAttempts, e.Metadata)
		v.reply(e.ReplyID, e.DestinationNumber, e.Content)
	case *webhook.ReceivedMMS:
		v.message(formatOf(e), e.MessageID, e.AccountID, e.VendorID, e.SourceNumber, e.OriginalText)
		v.history(e.SubmittedAt, e.ReceivedAt, e.RetryCount+earlierAttempts, e.Metadata)
		v.reply(e.ReplyID, e.DestinationNumber, e.Content)
		v.attachments(e.Attachments)
	case *webhook.OptOut:
		v.message(e.Format, e.MessageID, e.AccountID, e.VendorID, e.SourceNumber, e.OriginalText)
		v.history(e.SubmittedAt, e.ReceivedAt, e.RetryCount+earlierAttempts, e.Metadata)
		v.reply("", e.DestinationNumber, e.Content) // an opt-out is not a reply, and has no $replyId
		v.text(e.NotificationID, "notificationId")
	default:
		return nil
	}
	return v.Map
}

// formatOf returns the message's format, or MMS if nothing else distinguishes the message
// from an SMS.
func formatOf(e *webhook.ReceivedMMS) string {
	if e.Format == "" && len(e.Attachments) == 0 {
		return "MMS"
	}
	return e.Format
}

// variables sets each variable under all its names.
type variables struct{ *velocity.Map }

func (v variables) message(format, id, account, vendor, source, content string) {
	v.text(format, "format", "type")
	v.text(id, "mtId", "messageId")
	v.text(account, "accountId")
	v.text(vendor, "vendorId")
	v.text(source, "sourceAddress")
	v.text(content, "mtContent", "messageContent")
}

func (v variables) history(submitted, received time.Time, retryCount int, metadata map[string]string) {
	v.time(submitted, "submittedTimestamp")
	v.time(received, "receivedTimestamp")
	v.Set("retryCount", velocity.Integer(retryCount))
	if metadata == nil {
		return
	}
	entries := velocity.NewMap()
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		entries.Set(name, velocity.String(metadata[name]))
	}
	v.Set("metadata", entries)
}

func (v variables) report(e *webhook.DeliveryReport) {
	v.text(e.DeliveryReportID, "drId", "reportId")
	v.text(string(e.Status), "status")
	if e.StatusCode != 0 {
		v.text(strconv.Itoa(int(e.StatusCode)), "statusCode")
	}
	if e.BillingUnits != nil {
		v.Set("billingUnits", numberValue(*e.BillingUnits))
	}
}

// numberValue returns a value that renders without a decimal point if the number is whole.
func numberValue(number float64) velocity.Value {
	if whole := math.Trunc(number); whole == number && math.Abs(whole) < 1<<53 {
		return velocity.Integer(whole)
	}
	return velocity.Float(number)
}

func (v variables) reply(id, destination, content string) {
	v.text(id, "moId", "replyId")
	v.text(destination, "destinationAddress")
	v.text(content, "moContent", "replyContent")
}

func (v variables) attachments(attachments []webhook.Attachment) {
	if len(attachments) == 0 {
		return
	}
	list := velocity.NewList()
	for _, attachment := range attachments {
		list.Append(AttachmentType.New(
			textOrNull(attachment.ContentType),
			textOrNull(attachment.Name),
			textOrNull(base64.StdEncoding.EncodeToString(attachment.Content)),
		))
	}
	v.Set("attachments", list)
}

// AttachmentType is the type of an attachment, a Java object with properties. The
// method getContentType() is not documented. The name of the class and the printed form
// are unknown.
var AttachmentType = velocity.NewBeanType("Attachment", "contentType", "originalName", "base64")

func textOrNull(text string) velocity.Value {
	if text == "" {
		return nil
	}
	return velocity.String(text)
}

func (v variables) text(value string, names ...string) {
	if value == "" {
		return
	}
	for _, name := range names {
		v.Set(name, velocity.String(value))
	}
}

func (v variables) time(value time.Time, name string) { v.text(timestamp(value), name) }
