package webhook

import (
	"strconv"
	"time"
)

// Event is what a delivery tells: a [*DeliveryReport], a [*ReceivedSMS], a
// [*ReceivedMMS], an [*OptOut], or [*UnparsedEvent] for a payload that is none of them.
//
// A field is the zero value when the payload does not have it, which depends on
// the webhook's template. Every byte of a payload was written by that template:
// see the package's documentation for what that means for AccountID.
type Event interface {
	// dedupeID names the event by its kind and the platform's own ID, and is empty
	// when that is missing.
	dedupeID() string
}

// DeliveryReport tells what became of a message that was sent.
type DeliveryReport struct {
	DeliveryReportID string            // the platform's ID of the report
	MessageID        string            // of the message that was sent
	AccountID        string            // the account that sent it
	VendorID         string            // the vendor of the account
	Format           string            // of the message, such as "SMS"
	RecipientNumber  string            // where the message was sent to, the source_number of a payload
	OriginalText     string            // the message that was sent
	Status           Status            // what became of it
	StatusCode       StatusCode        // the same in detail, 0 when it is missing
	BillingUnits     *float64          // what it cost, nil unless the account has this switched on
	SubmittedAt      time.Time         // when the message was sent
	ReceivedAt       time.Time         // when the report came in
	RetryCount       int               // how often the delivery was tried before
	Metadata         map[string]string // of the message
}

// ReceivedSMS is a text message that came in.
type ReceivedSMS struct {
	ReplyID           string            // the platform's ID of the message that came in
	MessageID         string            // of the message that it replies to
	AccountID         string            // the account that received it
	VendorID          string            // the vendor of the account
	Format            string            // of the message, such as "SMS"
	SourceNumber      string            // who sent it
	DestinationNumber string            // the number that it was sent to
	Content           string            // the text
	OriginalText      string            // the message that it replies to
	SubmittedAt       time.Time         // when that message was sent
	ReceivedAt        time.Time         // when this one came in
	RetryCount        int               // how often the delivery was tried before
	Metadata          map[string]string // of the message that it replies to
}

// ReceivedMMS is a multimedia message that came in.
type ReceivedMMS struct {
	ReplyID           string            // the platform's ID of the message that came in
	MessageID         string            // of the message that it replies to
	AccountID         string            // the account that received it
	VendorID          string            // the vendor of the account
	Format            string            // of the message, such as "MMS"
	SourceNumber      string            // who sent it
	DestinationNumber string            // the number that it was sent to
	Content           string            // the text
	Attachments       []Attachment      // pictures, sounds, and whatever else it has
	OriginalText      string            // the message that it replies to
	SubmittedAt       time.Time         // when that message was sent
	ReceivedAt        time.Time         // when this one came in
	RetryCount        int               // how often the delivery was tried before
	Metadata          map[string]string // of the message that it replies to
}

// Attachment is a part of a multimedia message. Its type and its name were chosen
// by whoever sent it: neither is safe to trust, least of all as a path.
type Attachment struct {
	ContentType string // the media type, such as "image/jpeg"
	Name        string // the file's name
	Content     []byte // decoded
}

// OptOut tells that a recipient wants no more messages.
type OptOut struct {
	NotificationID    string            // the platform's ID of the opt-out
	MessageID         string            // of the message that it responds, often missing
	AccountID         string            // the account that may not send any more
	VendorID          string            // the vendor of the account
	Format            string            // of the message, such as "SMS"
	SourceNumber      string            // who opted out
	DestinationNumber string            // the number that they wrote to
	Content           string            // what they wrote
	OriginalText      string            // the message that it responds
	SubmittedAt       time.Time         // when that message was sent
	ReceivedAt        time.Time         // when the opt-out came in
	RetryCount        int               // how often the delivery was tried before
	Metadata          map[string]string // of the message that it responds
}

// UnparsedEvent is a payload that is not an event that this package knows: one of a
// template of your own, of another encoding than JSON, or a crafted one.
// [Decode] reads it into a type of your own.
type UnparsedEvent struct {
	Raw []byte // the payload as it came
	Err error  // why it was not parsed, without a word of its contents
}

// dedupeID of a report has what became of the message in it, for one report can come
// with several: its code, or in want of that its status.
func (e *DeliveryReport) dedupeID() string {
	if e.DeliveryReportID == "" {
		return ""
	}
	state := string(e.Status)
	if e.StatusCode != 0 {
		state = strconv.Itoa(int(e.StatusCode))
	}
	return "delivery_report " + e.DeliveryReportID + " " + state
}

func (e *ReceivedSMS) dedupeID() string   { return kindAndID("received_sms", e.ReplyID) }
func (e *ReceivedMMS) dedupeID() string   { return kindAndID("received_mms", e.ReplyID) }
func (e *OptOut) dedupeID() string        { return kindAndID("opt_out", e.NotificationID) }
func (e *UnparsedEvent) dedupeID() string { return "" }

func kindAndID(kind, id string) string {
	if id == "" {
		return ""
	}
	return kind + " " + id
}
