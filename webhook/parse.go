package webhook

import (
	"bytes"
	"errors"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// Parse reads a payload that messagemedia.JSONTemplate rendered, one of the vendor's
// sample templates in JSON, or the delivery of a message's own callback_url. It never
// fails: what it can't read is an [*UnparsedEvent], which says why.
//
// These are the names that it knows, for templates of your own; others are ignored.
// Strings, numbers and booleans stand for each other.
//
//	event                                 DELIVERY_REPORT, RECEIVED_SMS, RECEIVED_MMS or OPT_OUT, or an
//	                                      EventType of package messagemedia; without it, one of the next three decides
//	delivery_report_id                    of a delivery report
//	reply_id                              of an inbound message; with attachments, or a format of MMS, an MMS
//	notification_id                       of an opt-out
//	message_id, format, retry_count
//	account_id, vendor_id                 also inside of vendor_account_id
//	source_number, destination_number
//	content, original_text
//	status, error_code, billing_units     error_code is the status code
//	submitted_date, date_received         by RFC 3339, the zone also as +0000
//	metadata                              an object, or an array of objects: key, value; at most 1000
//	attachments                           an array of objects: content_type, content in base64, original_name;
//	                                      the first 1000
//	field_errors                          an object: what json.Marshal writes for the events' FieldErrors
//
// A field that can't be read does not hide the event: it is zero, and FieldErrors of the
// event says why. Only what makes the kind or the ID doubtful makes the payload an
// UnparsedEvent, since the text of a message could have tampered with a payload that
// does not escape it: a documented name twice, or in another case; IDs of several kinds
// without an "event"; an "event" that is not known; an ID that is an object or an array;
// anything after the object. A byte order mark before it is skipped.
//
// The platform renders an undefined variable as its name. A value that begins with $
// where an ID, a number, a status, a time, a format or the content of an
// attachment belongs is an undefined reference, whatever follows, and counts as missing,
// and so does "null" there. Texts, metadata and attachments' names are left as they are:
// anyone can text "$moContent".
func Parse(payload []byte) Event {
	event, err := parse(payload)
	if err != nil {
		return &UnparsedEvent{Raw: payload, Err: parseError{err}}
	}
	return event
}

// parseError is why a payload is not an event. It costs little: a receiver of forms or
// XML gets one with each delivery.
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

// event goes by the kind that the payload names, or else by the ID that it has.
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
	return "", "", errors.New("event is not a known kind")
}

// reportTypes are the event types of delivery reports, each with the status that it
// stands for if the payload does not have it.
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
		return "", "", errors.New("IDs of several kinds of event")
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
