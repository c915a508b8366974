package webhook

import (
	"encoding/json"
	"strconv"
	"time"
)

// Event is what a delivery says: a [*DeliveryReport], a [*ReceivedSMS], a
// [*ReceivedMMS], an [*OptOut], or [*UnparsedEvent] for a payload that is none of them.
//
// A field is the zero value if the payload does not have it, which depends on the
// webhook's template, or if it can't be read: FieldErrors then says why, by the field's
// name in the payload. Times are in UTC. Every byte of a payload was written by the
// template: see the package's documentation for what that means for AccountID.
//
// json.Marshal writes an event under the names that [Parse] reads, so that Parse returns
// the same event.
type Event interface {
	// kind is that of JSONTemplate's "event".
	kind() string

	// identity returns the platform's own ID, and what tells apart the reports of one ID.
	identity() (id string, state reportState)
}

// reportState is what became of a message, by a delivery report. Other events have none.
type reportState struct{ status, code string }

// DeliveryReport says what became of a message that was sent.
type DeliveryReport struct {
	DeliveryReportID string            `json:"delivery_report_id,omitzero"` // the platform's ID of the report
	MessageID        string            `json:"message_id,omitzero"`         // of the message that was sent
	AccountID        string            `json:"account_id,omitzero"`         // the account that sent it
	VendorID         string            `json:"vendor_id,omitzero"`          // the vendor of the account
	Format           string            `json:"format,omitzero"`             // of the message, such as "SMS"
	RecipientNumber  string            `json:"source_number,omitzero"`      // where the message was sent to, the source_number of a payload
	OriginalText     string            `json:"original_text,omitzero"`      // the message that was sent
	Status           Status            `json:"status,omitzero"`             // what became of it
	StatusCode       StatusCode        `json:"error_code,omitzero"`         // the same in detail, 0 when it is missing
	BillingUnits     *float64          `json:"billing_units,omitzero"`      // what it cost, nil unless the account has this switched on
	SubmittedAt      time.Time         `json:"submitted_date,omitzero"`     // when the message was sent
	ReceivedAt       time.Time         `json:"date_received,omitzero"`      // when the report came in
	RetryCount       int               `json:"retry_count,omitzero"`        // how often the delivery was tried before
	Metadata         map[string]string `json:"metadata,omitzero"`           // of the message
	FieldErrors      map[string]string `json:"field_errors,omitzero"`       // why a field could not be read, by its name in the payload
}

// ReceivedSMS is an inbound text message.
type ReceivedSMS struct {
	ReplyID           string            `json:"reply_id,omitzero"`           // the platform's ID of the message that came in
	MessageID         string            `json:"message_id,omitzero"`         // of the message that it replies to
	AccountID         string            `json:"account_id,omitzero"`         // the account that received it
	VendorID          string            `json:"vendor_id,omitzero"`          // the vendor of the account
	Format            string            `json:"format,omitzero"`             // of the message, such as "SMS"
	SourceNumber      string            `json:"source_number,omitzero"`      // who sent it
	DestinationNumber string            `json:"destination_number,omitzero"` // the number that it was sent to
	Content           string            `json:"content,omitzero"`            // the text
	OriginalText      string            `json:"original_text,omitzero"`      // the message that it replies to
	SubmittedAt       time.Time         `json:"submitted_date,omitzero"`     // when that message was sent
	ReceivedAt        time.Time         `json:"date_received,omitzero"`      // when this one came in
	RetryCount        int               `json:"retry_count,omitzero"`        // how often the delivery was tried before
	Metadata          map[string]string `json:"metadata,omitzero"`           // of the message that it replies to
	FieldErrors       map[string]string `json:"field_errors,omitzero"`       // why a field could not be read, by its name in the payload
}

// ReceivedMMS is an inbound multimedia message.
type ReceivedMMS struct {
	ReplyID           string            `json:"reply_id,omitzero"`           // the platform's ID of the message that came in
	MessageID         string            `json:"message_id,omitzero"`         // of the message that it replies to
	AccountID         string            `json:"account_id,omitzero"`         // the account that received it
	VendorID          string            `json:"vendor_id,omitzero"`          // the vendor of the account
	Format            string            `json:"format,omitzero"`             // of the message, such as "MMS"
	SourceNumber      string            `json:"source_number,omitzero"`      // who sent it
	DestinationNumber string            `json:"destination_number,omitzero"` // the number that it was sent to
	Content           string            `json:"content,omitzero"`            // the text
	Attachments       []Attachment      `json:"attachments,omitempty"`       // pictures, sounds, and whatever else it has
	OriginalText      string            `json:"original_text,omitzero"`      // the message that it replies to
	SubmittedAt       time.Time         `json:"submitted_date,omitzero"`     // when that message was sent
	ReceivedAt        time.Time         `json:"date_received,omitzero"`      // when this one came in
	RetryCount        int               `json:"retry_count,omitzero"`        // how often the delivery was tried before
	Metadata          map[string]string `json:"metadata,omitzero"`           // of the message that it replies to
	FieldErrors       map[string]string `json:"field_errors,omitzero"`       // why a field could not be read, by its name in the payload
}

// OptOut says that a recipient wants no more messages.
type OptOut struct {
	NotificationID    string            `json:"notification_id,omitzero"`    // the platform's ID of the opt-out
	MessageID         string            `json:"message_id,omitzero"`         // of the message that it responds, often missing
	AccountID         string            `json:"account_id,omitzero"`         // the account that may not send any more
	VendorID          string            `json:"vendor_id,omitzero"`          // the vendor of the account
	Format            string            `json:"format,omitzero"`             // of the message, such as "SMS"
	SourceNumber      string            `json:"source_number,omitzero"`      // who opted out
	DestinationNumber string            `json:"destination_number,omitzero"` // the number that they wrote to
	Content           string            `json:"content,omitzero"`            // what they wrote
	OriginalText      string            `json:"original_text,omitzero"`      // the message that it responds
	SubmittedAt       time.Time         `json:"submitted_date,omitzero"`     // when that message was sent
	ReceivedAt        time.Time         `json:"date_received,omitzero"`      // when the opt-out came in
	RetryCount        int               `json:"retry_count,omitzero"`        // how often the delivery was tried before
	Metadata          map[string]string `json:"metadata,omitzero"`           // of the message that it responds
	FieldErrors       map[string]string `json:"field_errors,omitzero"`       // why a field could not be read, by its name in the payload
}

// UnparsedEvent is a payload that is not an event that this package knows: one of a
// template of your own, of another encoding than JSON, or a crafted one. json.Unmarshal or
// [ParseValues] may read it.
type UnparsedEvent struct {
	Raw []byte // the payload as it came
	Err error  // why it was not parsed, without a word of its contents
}

// The kinds of event, as JSONTemplate writes them.
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

// MarshalJSON writes the report so that [Parse] returns it.
func (e DeliveryReport) MarshalJSON() ([]byte, error) {
	type fields DeliveryReport
	return json.Marshal(struct {
		Kind string `json:"event"`
		fields
	}{kindDeliveryReport, fields(e)})
}

// MarshalJSON writes the message so that [Parse] returns it.
func (e ReceivedSMS) MarshalJSON() ([]byte, error) {
	type fields ReceivedSMS
	return json.Marshal(struct {
		Kind string `json:"event"`
		fields
	}{kindReceivedSMS, fields(e)})
}

// MarshalJSON writes the message so that [Parse] returns it.
func (e ReceivedMMS) MarshalJSON() ([]byte, error) {
	type fields ReceivedMMS
	return json.Marshal(struct {
		Kind string `json:"event"`
		fields
	}{kindReceivedMMS, fields(e)})
}

// MarshalJSON writes the opt-out so that [Parse] returns it.
func (e OptOut) MarshalJSON() ([]byte, error) {
	type fields OptOut
	return json.Marshal(struct {
		Kind string `json:"event"`
		fields
	}{kindOptOut, fields(e)})
}

// MarshalJSON writes the payload in base64, as "raw", and the error's text, as "error".
// Parse does not read it.
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
