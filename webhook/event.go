package webhook

import (
	"encoding/json"
	"strconv"
	"time"
)

// Event is the event of a delivery: a [*DeliveryReport], a [*ReceivedSMS], a
// [*ReceivedMMS], an [*OptOut], or an [*UnparsedEvent] for any other payload.
//
// A field is zero if the payload does not contain it, which depends on the webhook's
// template, or if it can't be read. In the second case, FieldErrors gives the reason under
// the field's name in the payload. Times are in UTC. A template can write any value into
// any field: the package documentation describes what that means for AccountID.
//
// json.Marshal encodes an event under the names that [Parse] reads, so Parse returns the
// same event.
type Event interface {
	// kind returns the event kind, as in the "event" of JSONTemplate.
	kind() string

	// identity returns the platform's ID. A delivery report also returns its state, since
	// reports with different states are different events.
	identity() (id string, state reportState)
}

// reportState is the state of a message in a delivery report. It is zero for other events.
type reportState struct{ status, code string }

// DeliveryReport reports the status of a sent message.
type DeliveryReport struct {
	DeliveryReportID string            `json:"delivery_report_id,omitzero"` // the report's ID, assigned by the platform
	MessageID        string            `json:"message_id,omitzero"`         // the ID of the sent message
	AccountID        string            `json:"account_id,omitzero"`         // the account that sent the message
	VendorID         string            `json:"vendor_id,omitzero"`          // the vendor of the account
	Format           string            `json:"format,omitzero"`             // the format of the message, such as "SMS"
	RecipientNumber  string            `json:"source_number,omitzero"`      // the number that the message was sent to: the source_number of a payload
	OriginalText     string            `json:"original_text,omitzero"`      // the text of the sent message
	Status           Status            `json:"status,omitzero"`             // the status of the message
	StatusCode       StatusCode        `json:"error_code,omitzero"`         // the status in detail; 0 if missing
	BillingUnits     *float64          `json:"billing_units,omitzero"`      // the cost of the message; nil unless enabled for the account
	SubmittedAt      time.Time         `json:"submitted_date,omitzero"`     // when the message was sent
	ReceivedAt       time.Time         `json:"date_received,omitzero"`      // when the platform received the report
	RetryCount       int               `json:"retry_count,omitzero"`        // the number of earlier attempts of this delivery
	Metadata         map[string]string `json:"metadata,omitzero"`           // the metadata of the sent message
	FieldErrors      map[string]string `json:"field_errors,omitzero"`       // the reason for each field that could not be read, by its name in the payload
}

// ReceivedSMS is an inbound text message.
type ReceivedSMS struct {
	ReplyID           string            `json:"reply_id,omitzero"`           // the ID of the inbound message, assigned by the platform
	MessageID         string            `json:"message_id,omitzero"`         // the ID of the sent message that it replies to
	AccountID         string            `json:"account_id,omitzero"`         // the account that received the message
	VendorID          string            `json:"vendor_id,omitzero"`          // the vendor of the account
	Format            string            `json:"format,omitzero"`             // the format of the message, such as "SMS"
	SourceNumber      string            `json:"source_number,omitzero"`      // the number of the sender
	DestinationNumber string            `json:"destination_number,omitzero"` // the number that the message was sent to
	Content           string            `json:"content,omitzero"`            // the text of the message
	OriginalText      string            `json:"original_text,omitzero"`      // the text of the sent message that it replies to
	SubmittedAt       time.Time         `json:"submitted_date,omitzero"`     // when that message was sent
	ReceivedAt        time.Time         `json:"date_received,omitzero"`      // when the platform received the inbound message
	RetryCount        int               `json:"retry_count,omitzero"`        // the number of earlier attempts of this delivery
	Metadata          map[string]string `json:"metadata,omitzero"`           // the metadata of the sent message
	FieldErrors       map[string]string `json:"field_errors,omitzero"`       // the reason for each field that could not be read, by its name in the payload
}

// ReceivedMMS is an inbound multimedia message.
type ReceivedMMS struct {
	ReplyID           string            `json:"reply_id,omitzero"`           // the ID of the inbound message, assigned by the platform
	MessageID         string            `json:"message_id,omitzero"`         // the ID of the sent message that it replies to
	AccountID         string            `json:"account_id,omitzero"`         // the account that received the message
	VendorID          string            `json:"vendor_id,omitzero"`          // the vendor of the account
	Format            string            `json:"format,omitzero"`             // the format of the message, such as "MMS"
	SourceNumber      string            `json:"source_number,omitzero"`      // the number of the sender
	DestinationNumber string            `json:"destination_number,omitzero"` // the number that the message was sent to
	Content           string            `json:"content,omitzero"`            // the text of the message
	Attachments       []Attachment      `json:"attachments,omitempty"`       // the attachments, such as images and audio
	OriginalText      string            `json:"original_text,omitzero"`      // the text of the sent message that it replies to
	SubmittedAt       time.Time         `json:"submitted_date,omitzero"`     // when that message was sent
	ReceivedAt        time.Time         `json:"date_received,omitzero"`      // when the platform received the inbound message
	RetryCount        int               `json:"retry_count,omitzero"`        // the number of earlier attempts of this delivery
	Metadata          map[string]string `json:"metadata,omitzero"`           // the metadata of the sent message
	FieldErrors       map[string]string `json:"field_errors,omitzero"`       // the reason for each field that could not be read, by its name in the payload
}

// OptOut reports that a recipient opted out of further messages.
type OptOut struct {
	NotificationID    string            `json:"notification_id,omitzero"`    // the ID of the opt-out, assigned by the platform
	MessageID         string            `json:"message_id,omitzero"`         // the ID of the sent message that the opt-out replies to; often missing
	AccountID         string            `json:"account_id,omitzero"`         // the account that must not send to the recipient again
	VendorID          string            `json:"vendor_id,omitzero"`          // the vendor of the account
	Format            string            `json:"format,omitzero"`             // the format of the message, such as "SMS"
	SourceNumber      string            `json:"source_number,omitzero"`      // the number of the recipient who opted out
	DestinationNumber string            `json:"destination_number,omitzero"` // the number that the opt-out was sent to
	Content           string            `json:"content,omitzero"`            // the text of the opt-out
	OriginalText      string            `json:"original_text,omitzero"`      // the text of the sent message that the opt-out replies to
	SubmittedAt       time.Time         `json:"submitted_date,omitzero"`     // when that message was sent
	ReceivedAt        time.Time         `json:"date_received,omitzero"`      // when the platform received the opt-out
	RetryCount        int               `json:"retry_count,omitzero"`        // the number of earlier attempts of this delivery
	Metadata          map[string]string `json:"metadata,omitzero"`           // the metadata of the sent message
	FieldErrors       map[string]string `json:"field_errors,omitzero"`       // the reason for each field that could not be read, by its name in the payload
}

// UnparsedEvent is a payload that [Parse] can't read: one from your own template, one in
// another encoding than JSON, or a crafted one. json.Unmarshal or [ParseValues] may read it.
type UnparsedEvent struct {
	Raw []byte // the payload as received
	Err error  // the reason, which contains no part of the payload
}

// The event kinds, as JSONTemplate writes them.
const (
	kindDeliveryReport = "DELIVERY_REPORT"
	kindReceivedSMS    = "RECEIVED_SMS"
	kindReceivedMMS    = "RECEIVED_MMS"
	kindOptOut         = "OPT_OUT"
	kindUnparsed       = "UNPARSED"
)

func (e *DeliveryReport) kind() string { return kindDeliveryReport }
func (e *ReceivedSMS) kind() string    { return kindReceivedSMS }
func (e *ReceivedMMS) kind() string    { return kindReceivedMMS }
func (e *OptOut) kind() string         { return kindOptOut }
func (e *UnparsedEvent) kind() string  { return kindUnparsed }

func kindOf(event Event) string {
	if event == nil {
		return ""
	}
	return event.kind()
}

func (e *DeliveryReport) identity() (string, reportState) {
	return e.DeliveryReportID, reportState{string(e.Status), strconv.Itoa(int(e.StatusCode))}
}

func (e *ReceivedSMS) identity() (string, reportState)   { return e.ReplyID, reportState{} }
func (e *ReceivedMMS) identity() (string, reportState)   { return e.ReplyID, reportState{} }
func (e *OptOut) identity() (string, reportState)        { return e.NotificationID, reportState{} }
func (e *UnparsedEvent) identity() (string, reportState) { return "", reportState{} }

// MarshalJSON encodes the report so that [Parse] returns it.
func (e DeliveryReport) MarshalJSON() ([]byte, error) {
	type fields DeliveryReport
	return json.Marshal(struct {
		Kind string `json:"event"`
		fields
	}{kindDeliveryReport, fields(e)})
}

// MarshalJSON encodes the message so that [Parse] returns it.
func (e ReceivedSMS) MarshalJSON() ([]byte, error) {
	type fields ReceivedSMS
	return json.Marshal(struct {
		Kind string `json:"event"`
		fields
	}{kindReceivedSMS, fields(e)})
}

// MarshalJSON encodes the message so that [Parse] returns it.
func (e ReceivedMMS) MarshalJSON() ([]byte, error) {
	type fields ReceivedMMS
	return json.Marshal(struct {
		Kind string `json:"event"`
		fields
	}{kindReceivedMMS, fields(e)})
}

// MarshalJSON encodes the opt-out so that [Parse] returns it.
func (e OptOut) MarshalJSON() ([]byte, error) {
	type fields OptOut
	return json.Marshal(struct {
		Kind string `json:"event"`
		fields
	}{kindOptOut, fields(e)})
}

// MarshalJSON encodes the payload in base64 as "raw", and the error's text as "error".
// [Parse] does not read it.
func (e UnparsedEvent) MarshalJSON() ([]byte, error) {
	text := ""
	if e.Err != nil {
		text = e.Err.Error()
	}
	return json.Marshal(struct {
		Raw   []byte `json:"raw"`
		Error string `json:"error"`
	}{e.Raw, text})
}
