package webhook_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// What the vendor's sample templates render, one payload for each kind of event.
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

func TestTheVendorsSamplesParse(t *testing.T) {
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

// everyField has all that a payload can have, for each kind. %s is the kind.
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

func TestKindsOfEvents(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payload string
		want    webhook.Event
	}{
		"a report by its ID":              {`{"delivery_report_id":"1"}`, &webhook.DeliveryReport{DeliveryReportID: "1"}},
		"a reply by its ID":               {`{"reply_id":"1"}`, &webhook.ReceivedSMS{ReplyID: "1"}},
		"a reply with media":              {`{"reply_id":"1","attachments":[]}`, &webhook.ReceivedMMS{ReplyID: "1"}},
		"a reply whose media are null":    {`{"reply_id":"1","attachments":null}`, &webhook.ReceivedSMS{ReplyID: "1"}},
		"a reply of the format MMS":       {`{"reply_id":"1","format":"MMS","content":"Hi"}`, &webhook.ReceivedMMS{ReplyID: "1", Format: "MMS", Content: "Hi"}},
		"a notification by its ID":        {`{"notification_id":"1"}`, &webhook.OptOut{NotificationID: "1"}},
		"an opt-out with a leftover":      {`{"notification_id":"1","reply_id":"$replyId"}`, &webhook.OptOut{NotificationID: "1"}},
		"a kind that is named":            {`{"event":"OPT_OUT","reply_id":"1"}`, &webhook.OptOut{}},
		"a kind that is named, but no ID": {`{"event":"RECEIVED_SMS"}`, &webhook.ReceivedSMS{}},
		"a kind that is not known":        {`{"event":"message.received","reply_id":"1"}`, &webhook.ReceivedSMS{ReplyID: "1"}},
		"an object around others":         {`{"reply_id":"1","mine":{"reply_id":"2","reply_id":"3"},"list":[{"STATUS":1}]}`, &webhook.ReceivedSMS{ReplyID: "1"}},
		"white space around it":           {" \r\n\t{\"reply_id\" : \"1\"}\n ", &webhook.ReceivedSMS{ReplyID: "1"}},
		"an escaped name":                 {`{"reply\u005fid":"1"}`, &webhook.ReceivedSMS{ReplyID: "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, webhook.Parse([]byte(c.payload)))
		})
	}
}

// TestVariablesThatAreLeftOver count as missing in the fields of their own, and nowhere else.
func TestVariablesThatAreLeftOver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payload string
		want    webhook.Event
	}{
		"a report": {`{"delivery_report_id":"7","message_id":"$mtId","account_id":"$accountId","vendor_id":"${vendorId}","source_number":"$sourceAddress","status":"$status",` +
			`"error_code":"$statusCode","billing_units":"$billingUnits","submitted_date":"$submittedTimestamp","date_received":"${receivedTimestamp}","retry_count":"$retryCount"}`,
			&webhook.DeliveryReport{DeliveryReportID: "7"}},
		"other names of the same": {`{"event":"DELIVERY_REPORT","delivery_report_id":"$reportId","message_id":"${messageId}"}`, &webhook.DeliveryReport{}},
		"an older name":           {`{"event":"DELIVERY_REPORT","delivery_report_id":"$drId"}`, &webhook.DeliveryReport{}},
		"a reply":                 {`{"event":"RECEIVED_SMS","reply_id":"${moId}","destination_number":"$destinationAddress"}`, &webhook.ReceivedSMS{}},
		"an opt-out":              {`{"event":"OPT_OUT","notification_id":"$notificationId"}`, &webhook.OptOut{}},
		"what a person wrote": {`{"reply_id":"7","content":"$moContent","original_text":"$mtContent","format":"$format","metadata":{"$replyId":"$metadata"}}`,
			&webhook.ReceivedSMS{ReplyID: "7", Content: "$moContent", OriginalText: "$mtContent", Format: "$format", Metadata: map[string]string{"$replyId": "$metadata"}}},
		"a variable of another field": {`{"reply_id":"$status","source_number":"$moId","account_id":"$accountID"}`,
			&webhook.ReceivedSMS{ReplyID: "$status", SourceNumber: "$moId", AccountID: "$accountID"}},
		"more than the variable": {`{"reply_id":"x$replyId","account_id":"$accountId$vendorId","source_number":"$","message_id":"${mtId"}`,
			&webhook.ReceivedSMS{ReplyID: "x$replyId", AccountID: "$accountId$vendorId", SourceNumber: "$", MessageID: "${mtId"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, webhook.Parse([]byte(c.payload)))
		})
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{`220`: 220, `"220"`: 220, `0`: 0, `""`: 0, `null`: 0, `-1`: -1, `"$statusCode"`: 0} {
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
	for _, text := range []string{"2026-11-23T10:00:01.5Z", "2026-11-23T21:00:01.500+11:00", "2026-11-23T09:00:01.500000000-01:00"} {
		sms, ok := webhook.Parse([]byte(`{"reply_id":"1","date_received":"` + text + `"}`)).(*webhook.ReceivedSMS)
		require.True(t, ok, text)
		assert.True(t, sms.ReceivedAt.Equal(time.Date(2026, 11, 23, 10, 0, 1, 500_000_000, time.UTC)), text)
	}
}

// TestUnknownPayloads keep their bytes, and say why they are unknown. None of what
// they contain is in the error.
func TestUnknownPayloads(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ payload, want string }{
		"nothing":                         {``, "it is not a JSON object"},
		"XML":                             {`<s3cret/>`, "it is not a JSON object"},
		"a form":                          {`reply_id=s3cret`, "it is not a JSON object"},
		"an array":                        {`[{"reply_id":"s3cret"}]`, "it is not a JSON object"},
		"a string":                        {`"s3cret"`, "it is not a JSON object"},
		"null":                            {`null`, "it is not a JSON object"},
		"an object that is empty":         {`{}`, "it names no kind of event, and has no delivery_report_id, reply_id or notification_id"},
		"a template of one's own":         {`{"text":"s3cret"}`, "it names no kind of event"},
		"two IDs":                         {`{"reply_id":"s3cret","delivery_report_id":"2"}`, "it has the IDs of several kinds of event"},
		"half an object":                  {`{"reply_id":"s3cret"`, "it is not valid JSON, it ends too early"},
		"half a string":                   {`{"reply_id":"s3cr`, "it is not valid JSON, it ends too early"},
		"an unescaped quote":              {`{"reply_id":"1","content":"say "s3cret""}`, "it is not valid JSON, at byte 32"},
		"an unescaped line break":         {"{\"content\":\"s3cret\n\"}", "it is not valid JSON, at byte"},
		"a comma too many":                {`{"reply_id":"s3cret",}`, "it is not valid JSON"},
		"a comma too few":                 {`{"reply_id":"1" "content":"s3cret"}`, "it is not valid JSON"},
		"a comma first":                   {`{,"reply_id":"s3cret"}`, "it is not valid JSON"},
		"a name without quotes":           {`{reply_id:"s3cret"}`, "it is not valid JSON"},
		"a variable without quotes":       {`{"reply_id":"1","error_code":$s3cret}`, "it is not valid JSON"},
		"another object after it":         {`{"reply_id":"1"}{"reply_id":"s3cret"}`, "something follows the JSON object"},
		"text after it":                   {`{"reply_id":"1"} s3cret`, "something follows the JSON object"},
		"a NUL after it":                  {"{\"reply_id\":\"1\"}\x00", "something follows the JSON object"},
		"a name twice":                    {`{"reply_id":"1","content":"a","content":"s3cret"}`, "content is there twice"},
		"a name twice, the same value":    {`{"reply_id":"1","reply_id":"1"}`, "reply_id is there twice"},
		"a name twice, once escaped":      {`{"reply_id":"1","reply\u005fid":"s3cret"}`, "reply_id is there twice"},
		"a name in another case":          {`{"Reply_ID":"s3cret"}`, "a name differs from reply_id only in case"},
		"a name in two cases":             {`{"reply_id":"1","REPLY_ID":"s3cret"}`, "a name differs from reply_id only in case"},
		"a name in the case of Unicode":   {`{"reply_id":"1","ſtatus":"s3cret"}`, "a name differs from status only in case"},
		"an ID that is no string":         {`{"reply_id":5}`, "reply_id is not a string"},
		"a content that is no string":     {`{"reply_id":"1","content":{"s3cret":1}}`, "content is not a string"},
		"a kind that is no string":        {`{"event":["s3cret"],"reply_id":"1"}`, "event is not a string"},
		"a time that is none":             {`{"reply_id":"1","date_received":"s3cret"}`, "date_received is not a time by RFC 3339"},
		"a code that is no number":        {`{"delivery_report_id":"1","error_code":"s3cret"}`, "error_code is not a whole number"},
		"a code that is not whole":        {`{"delivery_report_id":"1","error_code":1.5}`, "error_code is not a whole number"},
		"a code that is too large":        {`{"delivery_report_id":"1","error_code":99999999999999999999}`, "error_code is not a whole number"},
		"a code that is true":             {`{"delivery_report_id":"1","error_code":true}`, "error_code is not a whole number"},
		"metadata that are text":          {`{"reply_id":"1","metadata":"s3cret"}`, "metadata: it is not a JSON object"},
		"metadata that are no text":       {`{"reply_id":"1","metadata":{"s3cret":{}}}`, "metadata: a value is not a string"},
		"metadata with a name twice":      {`{"reply_id":"1","metadata":{"s3cret":"1","s3cret":"1"}}`, "metadata: a name is there twice"},
		"an account that is text":         {`{"delivery_report_id":"1","vendor_account_id":"s3cret"}`, "vendor_account_id: it is not a JSON object"},
		"an account with an ID twice":     {`{"delivery_report_id":"1","vendor_account_id":{"account_id":"1","account_id":"s3cret"}}`, "vendor_account_id: account_id is there twice"},
		"an account in another case":      {`{"delivery_report_id":"1","vendor_account_id":{"Account_ID":"s3cret"}}`, "vendor_account_id: a name differs from account_id only in case"},
		"attachments that are text":       {`{"reply_id":"1","attachments":"s3cret"}`, "attachments is not an array"},
		"an attachment that is text":      {`{"reply_id":"1","attachments":["s3cret"]}`, "attachments/0: it is not a JSON object"},
		"an attachment that is null":      {`{"reply_id":"1","attachments":[null]}`, "attachments/0: it is not a JSON object"},
		"an attachment that isn't base64": {`{"reply_id":"1","attachments":[{},{"content":"s3cret!"}]}`, "attachments/1: content is not base64"},
		"an attachment with a name twice": {`{"reply_id":"1","attachments":[{"content":"","content":"s3cret"}]}`, "attachments/0: content is there twice"},
		"an attachment in another case":   {`{"reply_id":"1","attachments":[{"CONTENT":"s3cret"}]}`, "attachments/0: a name differs from content only in case"},
		"an attachment's type of numbers": {`{"reply_id":"1","attachments":[{"content_type":5}]}`, "attachments/0: content_type is not a string"},
		"deep nesting":                    {`{"a":` + strings.Repeat("[", 100_000), "it is not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			unknown, ok := webhook.Parse([]byte(c.payload)).(*webhook.UnparsedEvent)
			require.True(t, ok)
			assert.Equal(t, c.payload, string(unknown.Raw))
			require.ErrorContains(t, unknown.Err, "webhook: the payload is no event: "+c.want)
			assert.NotContains(t, unknown.Err.Error(), "s3cret")
		})
	}
}

// TestWhatIsNotDocumentedIsPassedOver, be it twice or in another case.
func TestWhatIsNotDocumentedIsPassedOver(t *testing.T) {
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

// TestTheAccountOfTheTopComesFirst: the nested one is for where there is no other.
func TestTheAccountOfTheTopComesFirst(t *testing.T) {
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

func TestDedupeKeys(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target string
		event  webhook.Event
		want   string
	}{
		"a report has its code, too": {"/hooks", &webhook.DeliveryReport{DeliveryReportID: "1", StatusCode: 220}, "/hooks delivery_report 1 220"},
		"a report without a code":    {"/hooks", &webhook.DeliveryReport{DeliveryReportID: "1", Status: "enroute"}, "/hooks delivery_report 1 enroute"},
		"a text message":             {"/hooks?tenant=7", &webhook.ReceivedSMS{ReplyID: "1", MessageID: "2"}, "/hooks received_sms 1"},
		"a multimedia message":       {"/hooks", &webhook.ReceivedMMS{ReplyID: "1"}, "/hooks received_mms 1"},
		"an opt-out":                 {"/hooks", &webhook.OptOut{NotificationID: "1"}, "/hooks opt_out 1"},
		"the absolute form":          {"https://example.com/a%2Fb?x", &webhook.OptOut{NotificationID: "1"}, "/a%2Fb opt_out 1"},
		"the form of an authority":   {"example.com:443", &webhook.OptOut{NotificationID: "1"}, "example.com:443 opt_out 1"},
		"a report without an ID":     {"/hooks", &webhook.DeliveryReport{StatusCode: 220}, ""},
		"a text without an ID":       {"/hooks", &webhook.ReceivedSMS{Content: "YES"}, ""},
		"media without an ID":        {"/hooks", &webhook.ReceivedMMS{}, ""},
		"an opt-out without an ID":   {"/hooks", &webhook.OptOut{}, ""},
		"an unknown payload":         {"/hooks", &webhook.UnparsedEvent{Raw: []byte("YES")}, ""},
		"no event":                   {"/hooks", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, (&webhook.Delivery{Target: c.target, Event: c.event}).DedupeKey())
		})
	}
}

// own is a payload of a template of one's own, in each encoding.
type own struct {
	From string `json:"from" xml:"from"`
	Text string `json:"text" xml:"text"`
}

func unmarshalForm(payload []byte, into any) error {
	values, err := url.ParseQuery(string(payload))
	if err != nil {
		return err
	}
	*into.(*own) = own{From: values.Get("from"), Text: values.Get("text")}
	return nil
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payload   string
		unmarshal func([]byte, any) error
	}{
		"JSON": {`{"from":"+61491570156","text":"Hi & bye"}`, json.Unmarshal},
		"XML":  {`<sms><from>+61491570156</from><text>Hi &amp; bye</text></sms>`, xml.Unmarshal},
		"form": {`from=%2B61491570156&text=Hi+%26+bye`, unmarshalForm},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			delivery, err := verifier(t).Verify(signedRequest(t, "POST", "/hooks", c.payload))
			require.NoError(t, err)
			got, err := webhook.Decode[own](delivery, c.unmarshal)
			require.NoError(t, err)
			assert.Equal(t, own{"+61491570156", "Hi & bye"}, got)
		})
	}
	_, err := webhook.Decode[own](&webhook.Delivery{Body: []byte("<")}, json.Unmarshal)
	require.ErrorContains(t, err, "webhook: decode into webhook_test.own: invalid character")
	_, err = webhook.Decode[own](&webhook.Delivery{}, nil)
	require.EqualError(t, err, "webhook: Decode has no unmarshal function, want one such as json.Unmarshal")
}

func TestMeanings(t *testing.T) {
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

// FuzzParse has any payload. What parses is valid JSON, and says what encoding/json
// says of the same names; what does not keeps its bytes.
func FuzzParse(f *testing.F) {
	for _, payload := range []string{
		sampleReport, sampleSMS, sampleMMS, sampleOptOut, fmt.Sprintf(everyField, "RECEIVED_MMS"),
		``, `{}`, `{"reply_id":"1"}{`, `{"reply_id":"1","Reply_id":"2"}`, `{"event":"OPT_OUT","metadata":{"a":"b","a":"c"}}`,
		`{"reply_id":"$replyId","attachments":[{"content":"SGk="}]}`, `{"reply_id":"\ud800","content":"` + "\xff" + `"}`, `{"error_code":"","event":"DELIVERY_REPORT"}`,
	} {
		f.Add([]byte(payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		before := bytes.Clone(payload)
		event := webhook.Parse(payload)
		require.Equal(t, before, payload, "it is not written to")
		delivery := &webhook.Delivery{Target: "/hooks", Event: event}
		if unknown, ok := event.(*webhook.UnparsedEvent); ok {
			require.Equal(t, payload, unknown.Raw)
			require.ErrorContains(t, unknown.Err, "webhook: the payload is no event: ")
			require.Empty(t, delivery.DedupeKey())
			return
		}
		var fields map[string]any
		require.NoError(t, json.Unmarshal(payload, &fields))
		text := func(name string) string { text, _ := fields[name].(string); return text }
		switch e := event.(type) {
		case *webhook.DeliveryReport:
			require.Equal(t, text("original_text"), e.OriginalText)
			require.Contains(t, []string{text("delivery_report_id"), ""}, e.DeliveryReportID)
			require.Equal(t, e.DeliveryReportID == "", delivery.DedupeKey() == "")
		case *webhook.ReceivedSMS:
			require.Equal(t, text("content"), e.Content)
			require.Contains(t, []string{text("reply_id"), ""}, e.ReplyID)
			require.Equal(t, e.ReplyID == "", delivery.DedupeKey() == "")
		case *webhook.ReceivedMMS:
			require.Equal(t, text("content"), e.Content)
			entries, _ := fields["attachments"].([]any)
			require.Len(t, e.Attachments, len(entries))
		case *webhook.OptOut:
			require.Equal(t, text("content"), e.Content)
			require.Contains(t, []string{text("notification_id"), ""}, e.NotificationID)
		default:
			t.Fatalf("%T is no event", event)
		}
	})
}
