package webhook

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// payload reads the fields of an object.
type payload struct {
	object
	problems map[string]string // the reason for each field that could not be read
	doubt    error             // the reason if the kind or the ID is doubtful
	media    *[]Attachment     // nil until readAttachments has run
}

func newPayload(o object) *payload { return &payload{object: o} }

func (p *payload) report(name, problem string) {
	if p.problems == nil {
		p.problems = make(map[string]string)
	}
	p.problems[name] = problem
}

// flattenAccount moves the fields of vendor_account_id to the top. The platform's sample
// template for delivery reports nests them.
func (p *payload) flattenAccount() {
	if p.isMissing("vendor_account_id") {
		return
	}
	account, err := parseObject(p.object["vendor_account_id"], documented)
	if err != nil {
		p.report("vendor_account_id", err.Error())
		return
	}
	for _, name := range []string{"vendor_id", "account_id"} {
		if value, ok := account[name]; ok && p.isMissing(name) {
			p.object[name] = value
		}
	}
}

func (p *payload) deliveryReport(status Status) Event {
	return &DeliveryReport{
		DeliveryReportID: p.id("delivery_report_id"),
		MessageID:        p.value("message_id"),
		AccountID:        p.value("account_id"),
		VendorID:         p.value("vendor_id"),
		Format:           p.value("format"),
		RecipientNumber:  p.value("source_number"),
		OriginalText:     p.text("original_text"),
		Status:           cmp.Or(Status(p.value("status")), status),
		StatusCode:       StatusCode(p.count("error_code")),
		BillingUnits:     p.optionalNumber("billing_units"),
		SubmittedAt:      p.time("submitted_date"),
		ReceivedAt:       p.time("date_received"),
		RetryCount:       p.count("retry_count"),
		Metadata:         p.metadata("metadata"),
		FieldErrors:      p.fieldErrors(),
	}
}

func (p *payload) receivedSMS() Event {
	return &ReceivedSMS{
		ReplyID:           p.id("reply_id"),
		MessageID:         p.value("message_id"),
		AccountID:         p.value("account_id"),
		VendorID:          p.value("vendor_id"),
		Format:            p.value("format"),
		SourceNumber:      p.value("source_number"),
		DestinationNumber: p.value("destination_number"),
		Content:           p.text("content"),
		OriginalText:      p.text("original_text"),
		SubmittedAt:       p.time("submitted_date"),
		ReceivedAt:        p.time("date_received"),
		RetryCount:        p.count("retry_count"),
		Metadata:          p.metadata("metadata"),
		FieldErrors:       p.fieldErrors(),
	}
}

func (p *payload) receivedMMS() Event {
	return &ReceivedMMS{
		ReplyID:           p.id("reply_id"),
		MessageID:         p.value("message_id"),
		AccountID:         p.value("account_id"),
		VendorID:          p.value("vendor_id"),
		Format:            p.value("format"),
		SourceNumber:      p.value("source_number"),
		DestinationNumber: p.value("destination_number"),
		Content:           p.text("content"),
		Attachments:       p.attachments(),
		OriginalText:      p.text("original_text"),
		SubmittedAt:       p.time("submitted_date"),
		ReceivedAt:        p.time("date_received"),
		RetryCount:        p.count("retry_count"),
		Metadata:          p.metadata("metadata"),
		FieldErrors:       p.fieldErrors(),
	}
}

func (p *payload) optOut() Event {
	return &OptOut{
		NotificationID:    p.id("notification_id"),
		MessageID:         p.value("message_id"),
		AccountID:         p.value("account_id"),
		VendorID:          p.value("vendor_id"),
		Format:            p.value("format"),
		SourceNumber:      p.value("source_number"),
		DestinationNumber: p.value("destination_number"),
		Content:           p.text("content"),
		OriginalText:      p.text("original_text"),
		SubmittedAt:       p.time("submitted_date"),
		ReceivedAt:        p.time("date_received"),
		RetryCount:        p.count("retry_count"),
		Metadata:          p.metadata("metadata"),
		FieldErrors:       p.fieldErrors(),
	}
}

func (p *payload) isMissing(name string) bool {
	value, ok := p.object[name]
	return !ok || string(value) == "null"
}

// textOf returns the text of a string, and the literal of a number or a boolean.
func textOf(raw json.RawMessage) (text string, ok bool) {
	switch raw[0] {
	case '"':
		return unquote(raw), true
	case '{', '[':
		return "", false
	case 'n':
		return "", true
	}
	return string(raw), true
}

const notText = "not a string, number or boolean"

// text returns a field that a person may have typed, so a $ in it has no meaning.
func (p *payload) text(name string) string {
	if p.isMissing(name) {
		return ""
	}
	text, ok := textOf(p.object[name])
	if !ok {
		p.report(name, notText)
	}
	return text
}

// value returns a field that the platform sets. If it is an undefined reference, value
// returns "".
func (p *payload) value(name string) string { return defined(p.text(name)) }

// defined returns "" for "null" and for an undefined reference, which begins with $.
func defined(text string) string {
	if text == "null" || strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "$") {
		return ""
	}
	return text
}

// id returns the ID of the event. If it is an object or an array, the event is doubtful.
func (p *payload) id(name string) string {
	if p.isMissing(name) {
		return ""
	}
	text, ok := textOf(p.object[name])
	if !ok {
		p.doubt = cmp.Or(p.doubt, fmt.Errorf("%s is %s", name, notText))
	}
	return defined(text)
}

func (p *payload) time(name string) time.Time {
	text := p.value(name)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05Z0700", text) // a form that Java writes
	}
	if t = t.UTC(); err != nil || t.Year() < 0 || t.Year() > 9999 { // time.Time.MarshalJSON fails for other years
		p.report(name, "not a time in RFC 3339")
		return time.Time{}
	}
	return t
}

// count returns a whole number. It accepts a fraction of zero, as in 1.0.
func (p *payload) count(name string) int {
	text := p.number(name)
	if n, err := strconv.Atoi(text); err == nil || text == "" {
		return n
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil && n == math.Trunc(n) && math.Abs(n) < 1<<31 {
		return int(n)
	}
	p.report(name, "not a whole number")
	return 0
}

func (p *payload) optionalNumber(name string) *float64 {
	text := p.number(name)
	if text == "" {
		return nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		p.report(name, "not a number")
		return nil
	}
	return &n
}

func (p *payload) number(name string) string { return strings.TrimSpace(p.value(name)) }

// maxEntries limits metadata and attachments. The platform's messages have a few entries.
// Without a limit, a small crafted body could use much memory.
const maxEntries = 1000

var (
	errNameTwice      = errors.New("a name occurs twice")
	errTooManyEntries = fmt.Errorf("more than %d entries", maxEntries)
)

// metadata returns the entries of an object, or of an array of objects with key and value.
// Names that differ only in case are different names, since the account chooses them. If a
// name occurs twice, or if there are too many entries, metadata returns nil and reports the
// field.
func (p *payload) metadata(name string) map[string]string {
	if p.isMissing(name) {
		return nil
	}
	raw := p.object[name]
	metadata := make(map[string]string)
	add := func(key string, value json.RawMessage) error {
		if len(metadata) >= maxEntries {
			return errTooManyEntries
		}
		if _, twice := metadata[key]; twice {
			return errNameTwice
		}
		text, ok := textOf(value)
		if !ok {
			p.report(name, "a value is "+notText)
			return nil
		}
		metadata[key] = text
		return nil
	}
	var err error
	switch {
	case isObject(raw):
		err = forEachMember(raw, func(key, value json.RawMessage) error { return add(unquote(key), value) })
	case isArray(raw):
		err = forEachElement(raw, func(entry json.RawMessage) error { return addEntry(entry, add) })
	case p.value(name) == "":
		return nil // an undefined reference in quotes
	default:
		err = errors.New("neither an object nor an array of objects with key and value")
	}
	if err != nil {
		p.report(name, err.Error())
		return nil
	}
	return metadata
}

func addEntry(entry json.RawMessage, add func(key string, value json.RawMessage) error) error {
	o, err := parseObject(entry, documentedEntry)
	if err != nil {
		return fmt.Errorf("invalid entry: %w", err)
	}
	key, ok := o["key"]
	if !ok || key[0] == '{' || key[0] == '[' {
		return errors.New("an entry has no key")
	}
	text, _ := textOf(key)
	value, ok := o["value"]
	if !ok {
		value = json.RawMessage("null")
	}
	return add(text, value)
}

// fieldErrors returns the problems of this payload, and those of an event that was encoded
// earlier. The caller must read all other fields first.
func (p *payload) fieldErrors() map[string]string {
	given := p.metadata("field_errors")
	for name, problem := range p.problems {
		if given == nil {
			given = make(map[string]string)
		}
		given[name] = problem
	}
	if len(given) == 0 {
		return nil
	}
	return given
}

// attachments returns the attachments. It reads them once, since the event kind may depend
// on them.
func (p *payload) attachments() []Attachment {
	if p.media == nil {
		p.media = new(p.readAttachments())
	}
	return *p.media
}

func (p *payload) readAttachments() []Attachment {
	raw := p.object["attachments"]
	switch {
	case p.isMissing("attachments"):
		return nil
	case !isArray(raw):
		if p.value("attachments") != "" || isObject(raw) {
			p.report("attachments", "not an array")
		}
		return nil
	}
	var attachments []Attachment
	if err := forEachElement(raw, func(entry json.RawMessage) error {
		if len(attachments) >= maxEntries {
			return errTooManyEntries
		}
		attachments = append(attachments, p.attachment(len(attachments), entry))
		return nil
	}); err != nil {
		p.report("attachments", err.Error())
	}
	return attachments
}

// attachment returns one attachment, which is empty if it can't be read.
func (p *payload) attachment(i int, entry json.RawMessage) Attachment {
	name := func(field string) string { return "attachments/" + strconv.Itoa(i) + field }
	o, err := parseObject(entry, documentedAttachment)
	if err != nil {
		p.report(name(""), err.Error())
		return Attachment{}
	}
	part := newPayload(o)
	attachment := Attachment{ContentType: part.text("content_type"), Name: part.text("original_name")}
	if text := part.value("content"); text != "" {
		if attachment.Content, err = base64.StdEncoding.DecodeString(text); err != nil {
			attachment.Content = nil
			part.report("content", "not base64")
		}
	}
	for field, problem := range part.problems {
		p.report(name("/"+field), problem)
	}
	return attachment
}
