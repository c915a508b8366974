package webhook

import (
	"bytes"
	"errors"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// Parse parses a payload of messagemedia.JSONTemplate, of the platform's sample templates
// in JSON, or of a message's callback_url. It never fails: if it can't read the payload, it
// returns an [*UnparsedEvent] with the reason.
//
// For templates of your own, these are the names that Parse reads. It ignores other names.
// A value may be a string, a number or a boolean, whatever the field's type.
//
//	event                                 DELIVERY_REPORT, RECEIVED_SMS, RECEIVED_MMS or OPT_OUT, or an
//	                                      EventType of package messagemedia; if missing, one of the next three decides
//	delivery_report_id                    the ID of a delivery report
//	reply_id                              the ID of an inbound message: an MMS if it has attachments or the format MMS
//	notification_id                       the ID of an opt-out
//	message_id, format, retry_count
//	account_id, vendor_id                 also inside vendor_account_id
//	source_number, destination_number
//	content, original_text
//	status, error_code, billing_units     error_code is the status code
//	submitted_date, date_received         times in RFC 3339, also with a zone such as +0000
//	metadata                              an object, or an array of objects with key and value; at most 1000 entries
//	attachments                           an array of objects with content_type, content in base64 and original_name;
//	                                      Parse reads the first 1000
//	field_errors                          an object: the FieldErrors of an event that json.Marshal encoded
//
// If a field can't be read, it is zero, and the event's FieldErrors gives the reason. Only
// doubt about the event kind or the ID makes a JSON object an UnparsedEvent, because the
// text of a message can tamper with a payload that does not escape it. The cases are:
//
//   - a documented name that occurs twice or in another case
//   - neither an "event" nor an ID
//   - IDs of several event kinds, without an "event"
//   - an unknown "event"
//   - an ID that is an object or an array
//   - text after the object
//
// Parse skips a byte order mark before the object.
//
// The platform renders an undefined variable as its name. In the place of an ID, a number
// (also a phone number), a status, a time, a format or an attachment's content, Parse treats
// a value that begins with $ as missing, and "null" too. It does not change texts, metadata
// and names of attachments: anyone can text "$moContent".
func Parse(payload []byte) Event {
	event, err := parse(payload)
	if err != nil {
		return &UnparsedEvent{Raw: payload, Err: parseError{err}}
	}
	return event
}

// parseError is the Err of an UnparsedEvent. It builds its text only when asked, because
// every delivery of forms or XML creates one.
type parseError struct{ cause error }

func (e parseError) Error() string { return "webhook: parse payload: " + e.cause.Error() }

var (
	documented = newVocabulary("event", "delivery_report_id", "reply_id", "notification_id", "message_id", "account_id", "vendor_id",
		"vendor_account_id", "format", "source_number", "destination_number", "content", "original_text", "status", "error_code",
		"billing_units", "submitted_date", "date_received", "retry_count", "metadata", "attachments", "field_errors")
	documentedAttachment = newVocabulary("content_type", "content", "original_name")
	documentedEntry      = newVocabulary("key", "value")
)

func parse(data []byte) (Event, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !isObject(data) {
		return nil, errNotObject
	}
	if err := validate(data); err != nil {
		return nil, err
	}
	o, err := parseObject(data, documented)
	if err != nil {
		return nil, err
	}
	return newPayload(o).event()
}

// event returns the event of the kind that the payload names, or else of its ID.
func (p *payload) event() (Event, error) {
	p.flattenAccount()
	kind, status, err := p.kind()
	if err != nil {
		return nil, err
	}
	event := p.eventOf(kind, status)
	return event, p.doubt
}

func (p *payload) kind() (kind string, status Status, err error) {
	named := p.value("event")
	switch named {
	case kindDeliveryReport, kindReceivedSMS, kindReceivedMMS, kindOptOut:
		return named, "", nil
	case string(messagemedia.EventOptOutSMS):
		return kindOptOut, "", nil
	case "":
		return p.kindByID()
	}
	if status, ok := reportTypes[messagemedia.EventType(named)]; ok {
		return kindDeliveryReport, status, nil
	}
	return "", "", errors.New("unknown event kind")
}

// reportTypes maps the event types of delivery reports to the status that a report has if
// its payload does not contain one.
var reportTypes = map[messagemedia.EventType]Status{
	messagemedia.EventEnrouteDR:   StatusEnroute,
	messagemedia.EventSubmittedDR: StatusSubmitted,
	messagemedia.EventDeliveredDR: StatusDelivered,
	messagemedia.EventExpiredDR:   StatusExpired,
	messagemedia.EventRejectedDR:  StatusRejected,
	messagemedia.EventFailedDR:    StatusFailed,
}

func (p *payload) kindByID() (kind string, status Status, err error) {
	var kinds []string
	for _, id := range [...]struct{ name, kind string }{
		{"delivery_report_id", kindDeliveryReport}, {"reply_id", kindReceivedSMS}, {"notification_id", kindOptOut},
	} {
		if p.id(id.name) != "" {
			kinds = append(kinds, id.kind)
		}
	}
	switch {
	case len(kinds) > 1:
		return "", "", errors.New("IDs of several event kinds")
	case len(kinds) == 0 && p.doubt != nil:
		return "", "", p.doubt
	case len(kinds) == 0:
		return "", "", errors.New("no event, delivery_report_id, reply_id or notification_id")
	case kinds[0] == kindReceivedSMS && p.hasMedia():
		return kindReceivedMMS, "", nil
	}
	return kinds[0], "", nil
}

func (p *payload) hasMedia() bool {
	return len(p.attachments()) > 0 || strings.EqualFold(p.value("format"), "MMS")
}

func (p *payload) eventOf(kind string, status Status) Event {
	switch kind {
	case kindDeliveryReport:
		return p.deliveryReport(status)
	case kindReceivedSMS:
		return p.receivedSMS()
	case kindReceivedMMS:
		return p.receivedMMS()
	}
	return p.optOut()
}
