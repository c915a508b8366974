package webhook

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Parse reads a payload that messagemedia.JSONTemplate rendered, or one of the
// vendor's sample templates in JSON. It never fails: what it can't read is an
// [*UnparsedEvent], which says why.
//
// These are the names that it knows, for templates of your own; others are passed
// over. Values are strings; numbers can stand without quotes, too.
//
//	event                                 DELIVERY_REPORT, RECEIVED_SMS, RECEIVED_MMS or OPT_OUT;
//	                                      without it, one of the next three tells
//	delivery_report_id                    of a delivery report
//	reply_id                              of a message that came in; with attachments, or a format of MMS, an MMS
//	notification_id                       of an opt-out
//	message_id, format, retry_count
//	account_id, vendor_id                 also inside of vendor_account_id
//	source_number, destination_number
//	content, original_text
//	status, error_code, billing_units     error_code is the status code
//	submitted_date, date_received         by RFC 3339
//	metadata                              an object of strings
//	attachments                           an array of objects: content_type, content in base64, original_name
//
// It is strict where a payload could have been tampered with from inside, by the
// text of a message that a template did not escape. A documented field that is
// there twice, or whose name differs only in case, makes the payload an UnparsedEvent, and
// so does anything after the object. A name that is twice in the metadata does, too.
//
// The platform renders a variable that an event does not have as its name. An ID,
// number, status or time that is still the name of a variable of that field, such
// as "$replyId" or "${moId}", counts as missing. Contents, metadata and
// attachments' names are left as they are: anyone can text "$moContent".
func Parse(payload []byte) Event {
	event, err := parse(payload)
	if err != nil {
		return &UnparsedEvent{Raw: payload, Err: noEventError{err}}
	}
	return event
}

// noEventError is why a payload is no event. It costs little: a receiver of forms
// or XML gets one with each delivery.
type noEventError struct{ cause error }

func (e noEventError) Error() string { return "webhook: the payload is no event: " + e.cause.Error() }

// The names of the kinds of event, as JSONTemplate writes them.
const (
	kindDeliveryReport = "DELIVERY_REPORT"
	kindReceivedSMS    = "RECEIVED_SMS"
	kindReceivedMMS    = "RECEIVED_MMS"
	kindOptOut         = "OPT_OUT"
)

// variables are the documented fields of a payload, each with the variables that
// the vendor's templates and JSONTemplate render it from, where one that is left
// over means that there is no value.
var variables = map[string][]string{
	"event":              nil,
	"delivery_report_id": {"drId", "reportId"},
	"reply_id":           {"moId", "replyId"},
	"notification_id":    {"notificationId"},
	"message_id":         {"mtId", "messageId"},
	"account_id":         {"accountId"},
	"vendor_id":          {"vendorId"},
	"vendor_account_id":  nil,
	"format":             nil,
	"source_number":      {"sourceAddress"},
	"destination_number": {"destinationAddress"},
	"content":            nil,
	"original_text":      nil,
	"status":             {"status"},
	"error_code":         {"statusCode"},
	"billing_units":      {"billingUnits"},
	"submitted_date":     {"submittedTimestamp"},
	"date_received":      {"receivedTimestamp"},
	"retry_count":        {"retryCount"},
	"metadata":           nil,
	"attachments":        nil,
}

var (
	documented           = documentedIn(variables)
	documentedAttachment = documentedIn(map[string]bool{"content_type": true, "content": true, "original_name": true})
)

func parse(data []byte) (Event, error) {
	o, err := parseObject(data, documented)
	if err != nil {
		return nil, err
	}
	p := &payload{object: o}
	p.flattenAccount()
	event := p.event()
	if event == nil {
		p.fail(errors.New("it names no kind of event, and has no delivery_report_id, reply_id or notification_id"))
	}
	return event, p.err
}

// payload reads the fields of an object. Its error is the first that occurred.
type payload struct {
	object
	err error
}

func (p *payload) fail(err error) { p.err = cmp.Or(p.err, err) }

// flattenAccount takes the account out of the object that the vendor's sample
// template for delivery reports wraps it in.
func (p *payload) flattenAccount() {
	if p.isMissing("vendor_account_id") {
		return
	}
	account, err := parseObject(p.object["vendor_account_id"], documented)
	if err != nil {
		p.fail(fmt.Errorf("vendor_account_id: %w", err))
		return
	}
	for _, name := range []string{"vendor_id", "account_id"} {
		if value, ok := account[name]; ok && p.isMissing(name) {
			p.object[name] = value
		}
	}
}

// event goes by the kind that the payload names, or else by the ID that it has.
func (p *payload) event() Event {
	switch p.text("event") {
	case kindDeliveryReport:
		return p.deliveryReport()
	case kindReceivedSMS:
		return p.receivedSMS()
	case kindReceivedMMS:
		return p.receivedMMS()
	case kindOptOut:
		return p.optOut()
	}
	report, reply, notification := p.value("delivery_report_id") != "", p.value("reply_id") != "", p.value("notification_id") != ""
	switch {
	case report && !reply && !notification:
		return p.deliveryReport()
	case notification && !reply && !report:
		return p.optOut()
	case reply && !report && !notification && p.hasMedia():
		return p.receivedMMS()
	case reply && !report && !notification:
		return p.receivedSMS()
	case report || reply || notification:
		p.fail(errors.New("it has the IDs of several kinds of event"))
	}
	return nil
}

func (p *payload) hasMedia() bool {
	return !p.isMissing("attachments") || p.text("format") == "MMS"
}

func (p *payload) deliveryReport() Event {
	return &DeliveryReport{
		DeliveryReportID: p.value("delivery_report_id"),
		MessageID:        p.value("message_id"),
		AccountID:        p.value("account_id"),
		VendorID:         p.value("vendor_id"),
		Format:           p.text("format"),
		RecipientNumber:  p.value("source_number"),
		OriginalText:     p.text("original_text"),
		Status:           Status(p.value("status")),
		StatusCode:       StatusCode(p.count("error_code")),
		BillingUnits:     p.optionalNumber("billing_units"),
		SubmittedAt:      p.time("submitted_date"),
		ReceivedAt:       p.time("date_received"),
		RetryCount:       p.count("retry_count"),
		Metadata:         p.metadata(),
	}
}

func (p *payload) receivedSMS() Event {
	return &ReceivedSMS{
		ReplyID:           p.value("reply_id"),
		MessageID:         p.value("message_id"),
		AccountID:         p.value("account_id"),
		VendorID:          p.value("vendor_id"),
		Format:            p.text("format"),
		SourceNumber:      p.value("source_number"),
		DestinationNumber: p.value("destination_number"),
		Content:           p.text("content"),
		OriginalText:      p.text("original_text"),
		SubmittedAt:       p.time("submitted_date"),
		ReceivedAt:        p.time("date_received"),
		RetryCount:        p.count("retry_count"),
		Metadata:          p.metadata(),
	}
}

func (p *payload) receivedMMS() Event {
	return &ReceivedMMS{
		ReplyID:           p.value("reply_id"),
		MessageID:         p.value("message_id"),
		AccountID:         p.value("account_id"),
		VendorID:          p.value("vendor_id"),
		Format:            p.text("format"),
		SourceNumber:      p.value("source_number"),
		DestinationNumber: p.value("destination_number"),
		Content:           p.text("content"),
		Attachments:       p.attachments(),
		OriginalText:      p.text("original_text"),
		SubmittedAt:       p.time("submitted_date"),
		ReceivedAt:        p.time("date_received"),
		RetryCount:        p.count("retry_count"),
		Metadata:          p.metadata(),
	}
}

func (p *payload) optOut() Event {
	return &OptOut{
		NotificationID:    p.value("notification_id"),
		MessageID:         p.value("message_id"),
		AccountID:         p.value("account_id"),
		VendorID:          p.value("vendor_id"),
		Format:            p.text("format"),
		SourceNumber:      p.value("source_number"),
		DestinationNumber: p.value("destination_number"),
		Content:           p.text("content"),
		OriginalText:      p.text("original_text"),
		SubmittedAt:       p.time("submitted_date"),
		ReceivedAt:        p.time("date_received"),
		RetryCount:        p.count("retry_count"),
		Metadata:          p.metadata(),
	}
}

func (p *payload) isMissing(name string) bool {
	value, ok := p.object[name]
	return !ok || string(value) == "null"
}

// text is a string as it stands there.
func (p *payload) text(name string) string {
	if p.isMissing(name) {
		return ""
	}
	var text string
	if err := json.Unmarshal(p.object[name], &text); err != nil {
		p.fail(fmt.Errorf("%s is not a string", name))
	}
	return text
}

// value is a string that no phone's owner could have typed: the name of a variable
// in its place means that there is none.
func (p *payload) value(name string) string {
	text := p.text(name)
	if len(text) == 0 || text[0] != '$' {
		return text
	}
	for _, variable := range variables[name] {
		if text == "$"+variable || text == "${"+variable+"}" {
			return ""
		}
	}
	return text
}

func (p *payload) time(name string) time.Time {
	text := p.value(name)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		p.fail(fmt.Errorf("%s is not a time by RFC 3339", name))
	}
	return t
}

func (p *payload) count(name string) int {
	text := p.number(name)
	if text == "" {
		return 0
	}
	count, err := strconv.Atoi(text)
	if err != nil {
		p.fail(fmt.Errorf("%s is not a whole number", name))
	}
	return count
}

func (p *payload) optionalNumber(name string) *float64 {
	text := p.number(name)
	if text == "" {
		return nil
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		p.fail(fmt.Errorf("%s is not a number", name))
	}
	return &number
}

// number takes a number, or a string with one: templates have both.
func (p *payload) number(name string) string {
	if p.isMissing(name) {
		return ""
	}
	if text := string(p.object[name]); text[0] != '"' {
		return text
	}
	return p.value(name)
}

// metadata refuses a name that is there twice. Names that differ only in case are
// two names: they are the sender's own.
func (p *payload) metadata() map[string]string {
	if p.isMissing("metadata") {
		return nil
	}
	metadata := make(map[string]string)
	err := eachMember(p.object["metadata"], func(name string, value json.RawMessage) error {
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			return errors.New("a value is not a string")
		}
		if _, twice := metadata[name]; twice {
			return errors.New("a name is there twice")
		}
		metadata[name] = text
		return nil
	})
	if err != nil {
		p.fail(fmt.Errorf("metadata: %w", err))
	}
	return metadata
}

func (p *payload) attachments() []Attachment {
	if p.isMissing("attachments") {
		return nil
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(p.object["attachments"], &entries); err != nil {
		p.fail(errors.New("attachments is not an array"))
	}
	var attachments []Attachment
	for i, entry := range entries {
		attachment, err := parseAttachment(entry)
		if err != nil {
			p.fail(fmt.Errorf("attachments/%d: %w", i, err))
		}
		attachments = append(attachments, attachment)
	}
	return attachments
}

func parseAttachment(data []byte) (Attachment, error) {
	o, err := parseObject(data, documentedAttachment)
	if err != nil {
		return Attachment{}, err
	}
	p := &payload{object: o}
	attachment := Attachment{ContentType: p.text("content_type"), Name: p.text("original_name")}
	attachment.Content, err = base64.StdEncoding.DecodeString(p.text("content"))
	if err != nil {
		p.fail(errors.New("content is not base64"))
	}
	return attachment, p.err
}
