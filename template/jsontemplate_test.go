package template_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// These tests render events with JSONTemplate, and expect package webhook to parse the payload
// into the same event.

func TestJSONTemplateOfEachSample(t *testing.T) {
	t.Parallel()
	for _, eventType := range []messagemedia.EventType{
		"RECEIVED_SMS", "RECEIVED_MMS", "OPT_OUT_SMS", "ENROUTE_DR", "SUBMITTED_DR", "DELIVERED_DR", "EXPIRED_DR", "REJECTED_DR", "FAILED_DR",
	} {
		t.Run(string(eventType), func(t *testing.T) {
			t.Parallel()
			event, err := template.Sample(eventType)
			require.NoError(t, err)
			assert.Equal(t, event, thereAndBack(t, event))
		})
	}
	_, err := template.Sample("READ_RECEIPT")
	assert.EqualError(t, err, `template: Sample: undocumented event type "READ_RECEIPT"`)
}

func thereAndBack(t *testing.T, event webhook.Event) webhook.Event {
	t.Helper()
	payload, err := template.Render(t.Context(), messagemedia.JSONTemplate, event)
	require.NoError(t, err)
	require.True(t, json.Valid([]byte(payload)), payload)
	return webhook.Parse([]byte(payload))
}

var texts = map[string]string{
	"quotes and backslashes":            `"it's" \ \" \\`,
	"control characters":                "\x00\x01\b\t\n\v\f\r\x1b\x1f\x7f\u0085",
	"an emoji of several code points":   "👩‍👩‍👧‍👦",
	"line separators":                   "\u2028\u2029",
	"text that looks like a template":   `$moContent ${mtId} $!x #if(true)a#end ## #* *# #[[ ]]# \$moId #set($moContent = 1)`,
	"text that looks like JSON":         `","event":"OPT_OUT","reply_id":"forged`,
	"text that looks like XML":          `</content><script>alert(1)</script>]]>&amp;`,
	"right-to-left and combining marks": "שלום é a\u0301",
	"white space alone":                 " ",
}

func TestJSONTemplateOfUntrustedTexts(t *testing.T) {
	t.Parallel()
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metadata := map[string]string{text: text, "a": text, text + "b": ""}
			for _, event := range []webhook.Event{
				&webhook.ReceivedSMS{ReplyID: "1", Content: text, OriginalText: text, Metadata: metadata},
				&webhook.ReceivedMMS{ReplyID: "1", Format: "MMS", Content: text, OriginalText: text, Metadata: metadata, Attachments: []webhook.Attachment{
					{ContentType: text, Name: text, Content: []byte(text)}, {Content: []byte{0xff}},
				}},
				&webhook.OptOut{NotificationID: "1", Content: text, OriginalText: text, Metadata: metadata},
				&webhook.DeliveryReport{DeliveryReportID: "1", OriginalText: text, Status: webhook.StatusFailed, Metadata: metadata},
			} {
				assert.Equal(t, event, thereAndBack(t, event))
			}
		})
	}
}

// TestJSONTemplateOfSparseEvents omits each field, and all fields.
func TestJSONTemplateOfSparseEvents(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	for name, event := range map[string]webhook.Event{
		"a report with its ID alone":                  &webhook.DeliveryReport{DeliveryReportID: "1"},
		"a report with its status alone":              &webhook.DeliveryReport{Status: "held"},
		"a report with its code alone":                &webhook.DeliveryReport{StatusCode: 301},
		"a report that cost nothing":                  &webhook.DeliveryReport{DeliveryReportID: "1", BillingUnits: new(0.0)},
		"a report that cost a half":                   &webhook.DeliveryReport{DeliveryReportID: "1", BillingUnits: new(0.5)},
		"a text message with nothing":                 &webhook.ReceivedSMS{},
		"a text message with times":                   &webhook.ReceivedSMS{SubmittedAt: at, ReceivedAt: at.Add(time.Hour)},
		"a multimedia message with its format alone":  &webhook.ReceivedMMS{Format: "MMS"},
		"a multimedia message with attachments alone": &webhook.ReceivedMMS{Attachments: []webhook.Attachment{{Name: "a.png", Content: []byte{1}}}},
		"an opt-out with its ID alone":                &webhook.OptOut{NotificationID: "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := thereAndBack(t, event)
			assert.Equal(t, event, withoutEmptyMetadata(got))
		})
	}
}

// TestJSONTemplateOfLargeEvents has 900 metadata entries, of the 1000 that webhook.Parse
// reads, and attachments of six megabytes.
func TestJSONTemplateOfLargeEvents(t *testing.T) {
	t.Parallel()
	metadata := map[string]string{"": "", " ": " ", "A": "1", "a": "2", "event": "OPT_OUT", "$x": "$moContent", "\"}],": "\\"}
	for i := range 900 {
		metadata["key "+strconv.Itoa(i)] = strings.Repeat("\"", i%50)
	}
	event := &webhook.ReceivedMMS{ReplyID: "1", Metadata: metadata}
	for range 3 {
		event.Attachments = append(event.Attachments, webhook.Attachment{Content: bytes.Repeat([]byte{0xfb, 0xff}, 1<<20)})
	}
	assert.True(t, reflect.DeepEqual(event, thereAndBack(t, event)))
}

// withoutEmptyMetadata replaces an empty map by nil, which renders the same.
func withoutEmptyMetadata(event webhook.Event) webhook.Event {
	switch e := event.(type) {
	case *webhook.DeliveryReport:
		e.Metadata = nilIfEmpty(e.Metadata)
	case *webhook.ReceivedSMS:
		e.Metadata = nilIfEmpty(e.Metadata)
	case *webhook.ReceivedMMS:
		e.Metadata = nilIfEmpty(e.Metadata)
	case *webhook.OptOut:
		e.Metadata = nilIfEmpty(e.Metadata)
	}
	return event
}

func nilIfEmpty(metadata map[string]string) map[string]string {
	if len(metadata) == 0 {
		return nil
	}
	return metadata
}

func TestRetriesOfJSONTemplateAreTheSameBytes(t *testing.T) {
	t.Parallel()
	first, err := template.Render(t.Context(), messagemedia.JSONTemplate, &webhook.ReceivedSMS{ReplyID: "1"})
	require.NoError(t, err)
	second, err := template.Render(t.Context(), messagemedia.JSONTemplate, &webhook.ReceivedSMS{ReplyID: "1", RetryCount: 3})
	require.NoError(t, err)
	assert.Equal(t, first, second)
}

// FuzzJSONTemplate fuzzes events of each kind. A field whose value is the name of its
// variable counts as missing, as documented for webhook.Parse.
func FuzzJSONTemplate(f *testing.F) {
	for _, text := range texts {
		f.Add(uint8(len(text)), text, text, text, text, []byte(text), 220, int64(len(text)))
	}
	f.Fuzz(func(t *testing.T, kind uint8, id, number, text, name string, content []byte, code int, milliseconds int64) {
		for _, s := range []string{id, number, text, name} {
			if !utf8.ValidString(s) {
				t.Skip("JSON has valid UTF-8 only")
			}
		}
		for _, s := range []string{id, number} {
			if countsAsMissing(s) {
				t.Skip("webhook.Parse takes the value for an undefined reference")
			}
		}
		format := text
		if countsAsMissing(format) {
			format = "SMS"
		}
		const years = 8000 * 365 * 24 * 3600 * 1000
		at := time.UnixMilli(milliseconds % years).UTC()
		if at.Year() < 0 || at.Year() > 9999 {
			t.Skip("RFC 3339 has years of four digits")
		}
		metadata := map[string]string{name: text, "a": number}
		var event webhook.Event
		switch kind % 4 {
		case 0:
			event = &webhook.DeliveryReport{DeliveryReportID: "r" + id, MessageID: id, AccountID: id, VendorID: id, Format: format, RecipientNumber: number,
				OriginalText: text, Status: webhook.Status(number), StatusCode: webhook.StatusCode(code), BillingUnits: new(float64(code)), SubmittedAt: at, ReceivedAt: at, Metadata: metadata}
		case 1:
			if format == "MMS" {
				t.Skip("an SMS does not have the format MMS")
			}
			event = &webhook.ReceivedSMS{ReplyID: id, MessageID: id, AccountID: id, VendorID: id, Format: format, SourceNumber: number, DestinationNumber: number,
				Content: text, OriginalText: name, SubmittedAt: at, ReceivedAt: at, Metadata: metadata}
		case 2:
			event = &webhook.ReceivedMMS{ReplyID: id, MessageID: id, AccountID: id, VendorID: id, Format: format, SourceNumber: number, DestinationNumber: number,
				Content: text, Attachments: []webhook.Attachment{{ContentType: text, Name: name, Content: append([]byte(nil), content...)}},
				OriginalText: name, SubmittedAt: at, ReceivedAt: at, Metadata: metadata}
		case 3:
			event = &webhook.OptOut{NotificationID: "n" + id, MessageID: id, AccountID: id, VendorID: id, Format: format, SourceNumber: number, DestinationNumber: number,
				Content: text, OriginalText: name, SubmittedAt: at, ReceivedAt: at, Metadata: metadata}
		}
		assert.Equal(t, event, thereAndBack(t, event))
	})
}

// countsAsMissing reports whether webhook.Parse takes an ID, a number or a format for an
// undefined reference.
func countsAsMissing(value string) bool {
	return value == "null" || strings.HasPrefix(strings.TrimLeft(value, " \t\r\n"), "$")
}
