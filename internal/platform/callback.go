package platform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// CallbackPayload returns the fixed JSON payload of an event for a message's callback_url.
// It is the payload of the vendor's sample templates with the field callback_url, and with
// delay as a number. It omits most fields that are zero in the event. CallbackPayload
// returns an error if the event is not a delivery report or reply, or is a nil pointer.
func CallbackPayload(event webhook.Event, callbackURL string) ([]byte, error) {
	if err := checkEvent(event); err != nil {
		return nil, err
	}
	switch e := event.(type) {
	case *webhook.DeliveryReport:
		return encode(callbackReport{
			CallbackURL:      callbackURL,
			DeliveryReportID: e.DeliveryReportID,
			SourceNumber:     e.RecipientNumber,
			DateReceived:     timestamp(e.ReceivedAt),
			Status:           e.Status,
			SubmittedDate:    timestamp(e.SubmittedAt),
			MessageID:        e.MessageID,
			OriginalText:     e.OriginalText,
			VendorAccountID:  callbackAccount{e.VendorID, e.AccountID},
			ErrorCode:        statusCode(e.StatusCode),
			Metadata:         metadataOf(e.Metadata),
		})
	case *webhook.ReceivedSMS:
		return encode(callbackReply{
			CallbackURL:       callbackURL,
			AccountID:         e.AccountID,
			ReplyID:           e.ReplyID,
			DestinationNumber: e.DestinationNumber,
			SourceNumber:      e.SourceNumber,
			DateReceived:      timestamp(e.ReceivedAt),
			MessageID:         e.MessageID,
			Content:           &e.Content,
			Metadata:          metadataOf(e.Metadata),
		})
	case *webhook.ReceivedMMS:
		reply := callbackReply{
			CallbackURL:       callbackURL,
			AccountID:         e.AccountID,
			ReplyID:           e.ReplyID,
			DestinationNumber: e.DestinationNumber,
			SourceNumber:      e.SourceNumber,
			DateReceived:      timestamp(e.ReceivedAt),
			MessageID:         e.MessageID,
			Metadata:          metadataOf(e.Metadata),
		}
		for _, a := range e.Attachments {
			reply.Attachments = append(reply.Attachments, callbackAttachment{a.ContentType, a.Content, a.Name})
		}
		if len(e.Attachments) == 0 {
			reply.Content = &e.Content
		}
		return encode(reply)
	}
	return nil, fmt.Errorf("a callback URL is not called for a %T, want a *webhook.DeliveryReport, ReceivedSMS or ReceivedMMS", event)
}

type (
	callbackReport struct {
		CallbackURL      string            `json:"callback_url"`
		DeliveryReportID string            `json:"delivery_report_id,omitzero"`
		SourceNumber     string            `json:"source_number,omitzero"` // the recipient of the message
		DateReceived     string            `json:"date_received,omitzero"`
		Status           webhook.Status    `json:"status,omitzero"`
		Delay            int               `json:"delay"` // always 0
		SubmittedDate    string            `json:"submitted_date,omitzero"`
		MessageID        string            `json:"message_id,omitzero"`
		OriginalText     string            `json:"original_text,omitzero"`
		VendorAccountID  callbackAccount   `json:"vendor_account_id"`
		ErrorCode        string            `json:"error_code,omitzero"`
		Metadata         map[string]string `json:"metadata"`
	}
	callbackAccount struct {
		VendorID  string `json:"vendor_id,omitzero"`
		AccountID string `json:"account_id,omitzero"`
	}
	callbackReply struct {
		CallbackURL       string               `json:"callback_url"`
		AccountID         string               `json:"account_id,omitzero"`
		ReplyID           string               `json:"reply_id,omitzero"`
		DestinationNumber string               `json:"destination_number,omitzero"`
		SourceNumber      string               `json:"source_number,omitzero"`
		DateReceived      string               `json:"date_received,omitzero"`
		MessageID         string               `json:"message_id,omitzero"`
		Content           *string              `json:"content,omitzero"` // unless there are attachments
		Attachments       []callbackAttachment `json:"attachments,omitzero"`
		Metadata          map[string]string    `json:"metadata"`
	}
	callbackAttachment struct {
		ContentType  string `json:"content_type,omitzero"`
		Content      []byte `json:"content"` // base64
		OriginalName string `json:"original_name,omitzero"`
	}
)

func metadataOf(metadata map[string]string) map[string]string {
	if metadata == nil {
		return map[string]string{}
	}
	return metadata
}

func statusCode(code webhook.StatusCode) string {
	if code == 0 {
		return ""
	}
	return strconv.Itoa(int(code))
}

// timestamp formats a time like the platform, in UTC with milliseconds. If t is zero, it
// returns "".
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// encode is json.Marshal without HTML escaping, like the platform's encoder.
func encode(v any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}
