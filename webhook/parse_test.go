package webhook_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// The payloads of the platform's sample templates, one for each event kind.
const (
	sampleReport = `{
	"delivery_report_id": "01e1fa0a-6e27-4945-9cdb-18644b4de043",
	"source_number": "+61491570157",
	"date_received": "2017-05-20T06:30:37.642Z",
	"status": "enroute",
	"delay": "0",
	"submitted_date": "2017-05-20T06:30:37.639Z",
	"original_text": "My first message!",
	"message_id": "d781dcab-d9d8-4fb2-9e03-872f07ae94ba",
	"vendor_account_id": {"vendor_id": "MessageMedia", "account_id": "MyAccount"},
	"error_code": "220",
	"metadata": {"key1": "value1", "key2": "value2"}
}`
	sampleSMS = `{
	"account_id": "MyAccount",
	"reply_id": "a175e797-2b54-468b-9850-41a3eab32f74",
	"destination_number": "+61491570156",
	"source_number": "+61491570157",
	"date_received": "2016-12-07T08:43:00.850Z",
	"message_id": "877c19ef-fa2e-4cec-827a-e1df9b5509f7",
	"content": "Hello from \"my\" phone \u2028 😀",
	"metadata": {}
}`
	sampleMMS = `{
	"account_id": "MyAccount",
	"reply_id": "a175e797-2b54-468b-9850-41a3eab32f74",
	"destination_number": "+61491570156",
	"source_number": "+61491570157",
	"date_received": "2016-12-07T08:43:00.850Z",
	"message_id": "877c19ef-fa2e-4cec-827a-e1df9b5509f7",
	"attachments": [
		{"content_type": "text/plain", "content": "SGVsbG8=", "original_name": "$moContent.txt"},
		{"content_type": "image/gif", "content": "R0lG\r\nODlh", "original_name": "../cat.gif"}
	],
	"metadata": {"key": "value"}
}`
	sampleOptOut = `{
	"notification_id": "0b5a22c3-9f1c-4d3a-8f8e-0a1c5c7ce1c1",
	"account_id": "MyAccount",
	"destination_number": "+61491570156",
	"source_number": "+61491570157",
	"date_received": "2016-12-07T08:43:00.850Z",
	"content": "STOP",
	"metadata": null
}`
)

func TestThePlatformsSamplesParse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payload string
		want    webhook.Event
	}{
		"a delivery report": {sampleReport, &webhook.DeliveryReport{
			DeliveryReportID: "01e1fa0a-6e27-4945-9cdb-18644b4de043",
			MessageID:        "d781dcab-d9d8-4fb2-9e03-872f07ae94ba",
			AccountID:        "MyAccount",
			VendorID:         "MessageMedia",
			RecipientNumber:  "+61491570157",
			OriginalText:     "My first message!",
			Status:           webhook.StatusEnroute,
			StatusCode:       220,
			SubmittedAt:      time.Date(2017, 5, 20, 6, 30, 37, 639_000_000, time.UTC),
			ReceivedAt:       time.Date(2017, 5, 20, 6, 30, 37, 642_000_000, time.UTC),
			Metadata:         map[string]string{"key1": "value1", "key2": "value2"},
		}},
		"a text message": {sampleSMS, &webhook.ReceivedSMS{
			ReplyID:           "a175e797-2b54-468b-9850-41a3eab32f74",
			MessageID:         "877c19ef-fa2e-4cec-827a-e1df9b5509f7",
			AccountID:         "MyAccount",
			SourceNumber:      "+61491570157",
			DestinationNumber: "+61491570156",
			Content:           "Hello from \"my\" phone \u2028 😀",
			ReceivedAt:        time.Date(2016, 12, 7, 8, 43, 0, 850_000_000, time.UTC),
			Metadata:          map[string]string{},
		}},
		"a multimedia message": {sampleMMS, &webhook.ReceivedMMS{
			ReplyID:           "a175e797-2b54-468b-9850-41a3eab32f74",
			MessageID:         "877c19ef-fa2e-4cec-827a-e1df9b5509f7",
			AccountID:         "MyAccount",
			SourceNumber:      "+61491570157",
			DestinationNumber: "+61491570156",
			Attachments: []webhook.Attachment{
				{ContentType: "text/plain", Name: "$moContent.txt", Content: []byte("Hello")},
				{ContentType: "image/gif", Name: "../cat.gif", Content: []byte("GIF89a")},
			},
			ReceivedAt: time.Date(2016, 12, 7, 8, 43, 0, 850_000_000, time.UTC),
			Metadata:   map[string]string{"key": "value"},
		}},
		"an opt-out": {sampleOptOut, &webhook.OptOut{
			NotificationID:    "0b5a22c3-9f1c-4d3a-8f8e-0a1c5c7ce1c1",
			AccountID:         "MyAccount",
			SourceNumber:      "+61491570157",
			DestinationNumber: "+61491570156",
			Content:           "STOP",
			ReceivedAt:        time.Date(2016, 12, 7, 8, 43, 0, 850_000_000, time.UTC),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, webhook.Parse([]byte(c.payload)))
		})
	}
}

// everyField is a payload with every documented field. %s is the event kind.
const everyField = `{"event":"%s","delivery_report_id":"report","reply_id":"reply","notification_id":"notification","message_id":"message",` +
	`"account_id":"account","vendor_id":"vendor","format":"SMS","source_number":"source","destination_number":"destination","content":"content",` +
	`"original_text":"original","status":"delivered","error_code":221,"billing_units":2,"submitted_date":"2026-11-23T10:00:00Z",` +
	`"date_received":"2026-11-23T10:00:01.5Z","retry_count":3,"metadata":{"a":"b"},` +
	`"attachments":[{"content_type":"text/plain","content":"SGk=","original_name":"hi.txt"}]}`

func TestEveryDocumentedField(t *testing.T) {
	t.Parallel()
	submitted, received := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), time.Date(2026, 11, 23, 10, 0, 1, 500_000_000, time.UTC)
	metadata := map[string]string{"a": "b"}
	for kind, want := range map[string]webhook.Event{
		"DELIVERY_REPORT": &webhook.DeliveryReport{
			DeliveryReportID: "report", MessageID: "message", AccountID: "account", VendorID: "vendor", Format: "SMS", RecipientNumber: "source", OriginalText: "original",
			Status: webhook.StatusDelivered, StatusCode: 221, BillingUnits: new(2.0), SubmittedAt: submitted, ReceivedAt: received, RetryCount: 3, Metadata: metadata,
		},
		"RECEIVED_SMS": &webhook.ReceivedSMS{
			ReplyID: "reply", MessageID: "message", AccountID: "account", VendorID: "vendor", Format: "SMS", SourceNumber: "source", DestinationNumber: "destination",
			Content: "content", OriginalText: "original", SubmittedAt: submitted, ReceivedAt: received, RetryCount: 3, Metadata: metadata,
		},
		"RECEIVED_MMS": &webhook.ReceivedMMS{
			ReplyID: "reply", MessageID: "message", AccountID: "account", VendorID: "vendor", Format: "SMS", SourceNumber: "source", DestinationNumber: "destination",
			Content: "content", Attachments: []webhook.Attachment{{ContentType: "text/plain", Name: "hi.txt", Content: []byte("Hi")}},
			OriginalText: "original", SubmittedAt: submitted, ReceivedAt: received, RetryCount: 3, Metadata: metadata,
		},
		"OPT_OUT": &webhook.OptOut{
			NotificationID: "notification", MessageID: "message", AccountID: "account", VendorID: "vendor", Format: "SMS", SourceNumber: "source", DestinationNumber: "destination",
			Content: "content", OriginalText: "original", SubmittedAt: submitted, ReceivedAt: received, RetryCount: 3, Metadata: metadata,
		},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, want, webhook.Parse(fmt.Appendf(nil, everyField, kind)))
		})
	}
}

func TestEventKinds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payload string
		want    webhook.Event
	}{
		"a report by its ID":                       {`{"delivery_report_id":"1"}`, &webhook.DeliveryReport{DeliveryReportID: "1"}},
		"a reply by its ID":                        {`{"reply_id":"1"}`, &webhook.ReceivedSMS{ReplyID: "1"}},
		"a reply with media":                       {`{"reply_id":"1","attachments":[{}]}`, &webhook.ReceivedMMS{ReplyID: "1", Attachments: []webhook.Attachment{{}}}},
		"a reply with no media":                    {`{"reply_id":"7","format":"SMS","content":"YES","attachments":[]}`, &webhook.ReceivedSMS{ReplyID: "7", Format: "SMS", Content: "YES"}},
		"a reply with undefined media":             {`{"reply_id":"1","attachments":"$attachments"}`, &webhook.ReceivedSMS{ReplyID: "1"}},
		"a reply whose media are null":             {`{"reply_id":"1","attachments":null}`, &webhook.ReceivedSMS{ReplyID: "1"}},
		"a reply of the format MMS":                {`{"reply_id":"1","format":"MMS","content":"Hi"}`, &webhook.ReceivedMMS{ReplyID: "1", Format: "MMS", Content: "Hi"}},
		"a notification by its ID":                 {`{"notification_id":"1"}`, &webhook.OptOut{NotificationID: "1"}},
		"an opt-out with an undefined reply":       {`{"notification_id":"1","reply_id":"$replyId"}`, &webhook.OptOut{NotificationID: "1"}},
		"a kind that is named":                     {`{"event":"OPT_OUT","reply_id":"1"}`, &webhook.OptOut{}},
		"a kind that is named, but no ID":          {`{"event":"RECEIVED_SMS"}`, &webhook.ReceivedSMS{}},
		"a kind that is undefined":                 {`{"event":"$event","reply_id":"1"}`, &webhook.ReceivedSMS{ReplyID: "1"}},
		"a kind that is null":                      {`{"event":null,"reply_id":"1"}`, &webhook.ReceivedSMS{ReplyID: "1"}},
		"the API's event type":                     {`{"event":"OPT_OUT_SMS","notification_id":"1"}`, &webhook.OptOut{NotificationID: "1"}},
		"the event type of a report":               {`{"event":"DELIVERED_DR","delivery_report_id":"1"}`, &webhook.DeliveryReport{DeliveryReportID: "1", Status: "delivered"}},
		"the event type of a report with a status": {`{"event":"FAILED_DR","delivery_report_id":"1","status":"held"}`, &webhook.DeliveryReport{DeliveryReportID: "1", Status: "held"}},
		"a byte order mark before it":              {"\ufeff" + `{"reply_id":"1"}`, &webhook.ReceivedSMS{ReplyID: "1"}},
		"an object around others":                  {`{"reply_id":"1","mine":{"reply_id":"2","reply_id":"3"},"list":[{"STATUS":1}]}`, &webhook.ReceivedSMS{ReplyID: "1"}},
		"white space around it":                    {" \r\n\t{\"reply_id\" : \"1\"}\n ", &webhook.ReceivedSMS{ReplyID: "1"}},
		"an escaped name":                          {`{"reply\u005fid":"1"}`, &webhook.ReceivedSMS{ReplyID: "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, webhook.Parse([]byte(c.payload)))
		})
	}
}

// undefined are the texts that a template can render for an undefined variable.
var undefined = []string{"$moId", "${moId}", "$!moId", "$esc.json($!moId)", "$x.trim()", "$", "${mtId", "$status$moId", " $moId", "null"}

// TestUndefinedReferences count as missing in fields that the platform sets.
func TestUndefinedReferences(t *testing.T) {
	t.Parallel()
	for _, reference := range undefined {
		for template, want := range map[string]webhook.Event{
			`{"event":"%","delivery_report_id":"7","reply_id":"%","message_id":"%","account_id":"%","vendor_id":"%","source_number":"%","status":"%","error_code":"%",` +
				`"billing_units":"%","submitted_date":"%","date_received":"%","retry_count":"%","format":"%","metadata":"%"}`: &webhook.DeliveryReport{DeliveryReportID: "7"},
			`{"event":"DELIVERY_REPORT","delivery_report_id":"%"}`:                                   &webhook.DeliveryReport{},
			`{"event":"RECEIVED_SMS","reply_id":"%","destination_number":"%","attachments":"%"}`:     &webhook.ReceivedSMS{},
			`{"event":"OPT_OUT","notification_id":"%"}`:                                              &webhook.OptOut{},
			`{"reply_id":"7","attachments":[{"content":"%","original_name":"a"}]}`:                   &webhook.ReceivedMMS{ReplyID: "7", Attachments: []webhook.Attachment{{Name: "a"}}},
			`{"reply_id":"7","content":"%","original_text":"%","metadata":{"%":"%"},"format":"SMS"}`: &webhook.ReceivedSMS{ReplyID: "7", Content: reference, OriginalText: reference, Format: "SMS", Metadata: map[string]string{reference: reference}},
			`{"delivery_report_id":"7","vendor_account_id":{"account_id":"%","vendor_id":"v"}}`:      &webhook.DeliveryReport{DeliveryReportID: "7", VendorID: "v"},
		} {
			assert.Equal(t, want, webhook.Parse([]byte(strings.ReplaceAll(template, "%", reference))), "%s in %s", reference, template)
		}
	}
	for _, text := range []string{"x$replyId", "7$", "nullable"} {
		assert.Equal(t, &webhook.ReceivedSMS{ReplyID: text}, webhook.Parse([]byte(`{"reply_id":"`+text+`"}`)))
	}
}

// TestTwoOptOutsAreNotDuplicates, although a template for replies renders no ID for them.
func TestTwoOptOutsAreNotDuplicates(t *testing.T) {
	t.Parallel()
	counter := new(counter)
	handler := newHandler(t, verifier(t), counter.call, inMemory())
	for _, phone := range []string{"+61491570156", "+61491570157"} {
		body := `{"reply_id":"$esc.json($!moId)","source_number":"` + phone + `","content":"STOP"}`
		assert.Equal(t, 204, response(handler, signedRequest(t, "POST", "/h", body)).Code)
	}
	assert.EqualValues(t, 2, counter.calls.Load())
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{`220`: 220, `"220"`: 220, `0`: 0, `""`: 0, `null`: 0, `-1`: -1, `"$statusCode"`: 0, `"null"`: 0, `" 220"`: 220, `"0220"`: 220, `220.0`: 220, `"2.2e2"`: 220} {
		report, ok := webhook.Parse([]byte(`{"delivery_report_id":"1","error_code":` + text + `}`)).(*webhook.DeliveryReport)
		require.True(t, ok, text)
		assert.Equal(t, webhook.StatusCode(want), report.StatusCode, text)
	}
	for text, want := range map[string]*float64{`1`: new(1.0), `"2"`: new(2.0), `0.5`: new(0.5), `0`: new(0.0), `""`: nil, `null`: nil, `"$billingUnits"`: nil} {
		report, ok := webhook.Parse([]byte(`{"delivery_report_id":"1","billing_units":` + text + `}`)).(*webhook.DeliveryReport)
		require.True(t, ok, text)
		assert.Equal(t, want, report.BillingUnits, text)
	}
}

func TestTimesOfAnyZone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2026-11-23T10:00:01.5Z", "2026-11-23T21:00:01.500+11:00", "2026-11-23T09:00:01.500000000-01:00", "2026-11-23T10:00:01.500+0000"} {
		sms, ok := webhook.Parse([]byte(`{"reply_id":"1","date_received":"` + text + `"}`)).(*webhook.ReceivedSMS)
		require.True(t, ok, text)
		assert.Equal(t, time.Date(2026, 11, 23, 10, 0, 1, 500_000_000, time.UTC), sms.ReceivedAt, text)
	}
}

// TestValuesWithoutQuotes, since a value may be a string, a number or a boolean.
func TestValuesWithoutQuotes(t *testing.T) {
	t.Parallel()
	assert.Equal(t, &webhook.ReceivedSMS{
		ReplyID: "5", MessageID: "1.50", AccountID: "true", SourceNumber: "61491570156", Content: "42", RetryCount: 3,
		Metadata: map[string]string{"n": "1", "b": "false", "z": "", "s": "text"},
	}, webhook.Parse([]byte(`{"reply_id":5,"message_id":1.50,"account_id":true,"source_number":61491570156,"content":42,"retry_count":"3",`+
		`"metadata":{"n":1,"b":false,"z":null,"s":"text"}}`)))
}

func TestMetadataAsAList(t *testing.T) {
	t.Parallel()
	assert.Equal(t, &webhook.ReceivedSMS{ReplyID: "1", Metadata: map[string]string{"a": "b", "n": "1", "x": ""}},
		webhook.Parse([]byte(`{"reply_id":"1","metadata":[{"key":"a","value":"b"},{"value":1,"key":"n","more":{}},{"key":"x"}]}`)))
	assert.Equal(t, &webhook.ReceivedSMS{ReplyID: "1", Metadata: map[string]string{}}, webhook.Parse([]byte(`{"reply_id":"1","metadata":[ ]}`)))
}

// TestACallbackURLsDelivery parses the fixed form of a delivery to a callback_url.
func TestACallbackURLsDelivery(t *testing.T) {
	t.Parallel()
	report := strings.Replace(sampleReport, `"delay": "0"`, `"delay": 0, "callback_url": "https://example.com/hooks?token=x"`, 1)
	assert.Equal(t, webhook.Parse([]byte(sampleReport)), webhook.Parse([]byte(report)))
}

// TestUndocumentedNamesAreIgnored, also if they occur twice or in another case.
func TestUndocumentedNamesAreIgnored(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{
		`{"reply_id":"1","mine":1,"mine":2,"Mine":{}}`,
		`{"reply_id":"1","metadata":{"a":"1","A":"2"}}`,
		`{"reply_id":"1","attachments":[{"size":1,"size":2}]}`,
		`{"delivery_report_id":"1","vendor_account_id":{"region":1,"Region":2}}`,
		`{"delivery_report_id":"1","delay":"0","delay":"0"}`,
	} {
		assert.IsNotType(t, &webhook.UnparsedEvent{}, webhook.Parse([]byte(payload)), payload)
	}
}

// TestAfterALongNumber, longer than any other literal, the next member is read.
func TestAfterALongNumber(t *testing.T) {
	t.Parallel()
	for _, digits := range []int{1, 63, 64, 65, 1000} {
		payload := fmt.Sprintf(`{"mine":%s,"reply_id":"1"}`, strings.Repeat("1", digits))
		assert.Equal(t, &webhook.ReceivedSMS{ReplyID: "1"}, webhook.Parse([]byte(payload)), payload)
	}
}

// TestTheTopLevelAccountTakesPrecedence over that of vendor_account_id.
func TestTheTopLevelAccountTakesPrecedence(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{
		`{"delivery_report_id":"1","account_id":"top","vendor_account_id":{"account_id":"nested"}}`: "top",
		`{"delivery_report_id":"1","account_id":null,"vendor_account_id":{"account_id":"nested"}}`:  "nested",
		`{"delivery_report_id":"1","vendor_account_id":{"account_id":"$accountId"}}`:                "",
		`{"delivery_report_id":"1","vendor_account_id":null}`:                                       "",
	} {
		report, ok := webhook.Parse([]byte(payload)).(*webhook.DeliveryReport)
		require.True(t, ok, payload)
		assert.Equal(t, want, report.AccountID, payload)
	}
}

func TestDescriptions(t *testing.T) {
	t.Parallel()
	documented := []webhook.Status{
		webhook.StatusEnroute, webhook.StatusSubmitted, webhook.StatusDelivered, webhook.StatusExpired, webhook.StatusRejected, webhook.StatusFailed, webhook.StatusQueued,
		webhook.StatusProcessing, webhook.StatusProcessed, webhook.StatusScheduled, webhook.StatusCancelled, webhook.StatusHeld, webhook.StatusRead, webhook.StatusUndefined,
	}
	for _, status := range documented {
		assert.NotEmpty(t, status.Description(), status)
	}
	assert.Equal(t, "delivered to the recipient", webhook.StatusDelivered.Description())
	assert.Empty(t, webhook.Status("teleported").Description())
	codes := []webhook.StatusCode{
		101, 102, 151, 200, 210, 211, 212, 213, 220, 221, 301, 302, 303, 304, 305, 320, 330, 331, 332, 333,
		400, 401, 402, 403, 405, 410, 411, 412, 413, 414,
	}
	known := 0
	for code := range webhook.StatusCode(1000) {
		if code.Description() != "" {
			known++
		}
	}
	assert.Equal(t, len(codes), known)
	for _, code := range codes {
		assert.NotEmpty(t, code.Description(), code)
	}
	assert.Equal(t, "delivered to the handset", webhook.StatusCode(221).Description())
	assert.Empty(t, webhook.StatusCode(0).Description())
}

func TestFinalStatuses(t *testing.T) {
	t.Parallel()
	for status, want := range map[webhook.Status]bool{
		webhook.StatusDelivered: true, webhook.StatusExpired: true, webhook.StatusRejected: true, webhook.StatusFailed: true, webhook.StatusCancelled: true, webhook.StatusRead: true,
		webhook.StatusEnroute: false, webhook.StatusSubmitted: false, webhook.StatusQueued: false, webhook.StatusProcessing: false, webhook.StatusProcessed: false,
		webhook.StatusScheduled: false, webhook.StatusHeld: false, webhook.StatusUndefined: false, "teleported": false, "": false,
	} {
		assert.Equal(t, want, status.Final(), status)
	}
}
