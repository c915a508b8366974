package webhook_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestAFieldThatCannotBeRead is zero, and the event is parsed. The error contains no part of
// the field.
func TestAFieldThatCannotBeRead(t *testing.T) {
	t.Parallel()
	const noText = "not a string, number or boolean"
	for payload, want := range map[string]map[string]string{
		`{"reply_id":"1","date_received":"2026-09-30T08:43:00"}`:                                  {"date_received": "not a time in RFC 3339"},
		`{"reply_id":"1","date_received":1764112345,"submitted_date":"1764112345000"}`:            {"date_received": "not a time in RFC 3339", "submitted_date": "not a time in RFC 3339"},
		`{"reply_id":"1","date_received":"9999-12-31T23:59:59-01:00"}`:                            {"date_received": "not a time in RFC 3339"},
		`{"reply_id":"1","date_received":"9999-12-31T23:59:59Z"}`:                                 nil,
		`{"reply_id":"1","date_received":"0000-01-01T00:00:00Z"}`:                                 nil,
		`{"delivery_report_id":"1","error_code":2147483648.0}`:                                    {"error_code": "not a whole number"},
		`{"reply_id":"1","date_received":"s3cret"}`:                                               {"date_received": "not a time in RFC 3339"},
		`{"reply_id":"1","content":{"s3cret":1}}`:                                                 {"content": noText},
		`{"reply_id":"1","source_number":["s3cret"],"account_id":{}}`:                             {"source_number": noText, "account_id": noText},
		`{"delivery_report_id":"1","error_code":"s3cret"}`:                                        {"error_code": "not a whole number"},
		`{"delivery_report_id":"1","error_code":1.5}`:                                             {"error_code": "not a whole number"},
		`{"delivery_report_id":"1","error_code":99999999999999999999}`:                            {"error_code": "not a whole number"},
		`{"delivery_report_id":"1","error_code":true,"retry_count":"NaN"}`:                        {"error_code": "not a whole number", "retry_count": "not a whole number"},
		`{"delivery_report_id":"1","billing_units":"s3cret"}`:                                     {"billing_units": "not a number"},
		`{"delivery_report_id":"1","billing_units":"NaN"}`:                                        {"billing_units": "not a number"},
		`{"delivery_report_id":"1","billing_units":1e999}`:                                        {"billing_units": "not a number"},
		`{"reply_id":"1","metadata":"s3cret"}`:                                                    {"metadata": "neither an object nor an array of objects with key and value"},
		`{"reply_id":"1","metadata":{"s3cret":{}}}`:                                               {"metadata": "a value is " + noText},
		`{"reply_id":"1","metadata":{"s3cret":"1","s3cret":"1"}}`:                                 {"metadata": "a name occurs twice"},
		`{"reply_id":"1","metadata":["s3cret"]}`:                                                  {"metadata": "invalid entry: not a JSON object"},
		`{"reply_id":"1","metadata":[{"value":"s3cret"}]}`:                                        {"metadata": "an entry has no key"},
		`{"reply_id":"1","metadata":[{"key":"s3cret","KEY":"1"}]}`:                                {"metadata": "invalid entry: a name differs from key only in case"},
		`{"delivery_report_id":"1","vendor_account_id":"s3cret"}`:                                 {"vendor_account_id": "not a JSON object"},
		`{"delivery_report_id":"1","vendor_account_id":{"account_id":"1","account_id":"s3cret"}}`: {"vendor_account_id": "account_id occurs twice"},
		`{"delivery_report_id":"1","vendor_account_id":{"Account_ID":"s3cret"}}`:                  {"vendor_account_id": "a name differs from account_id only in case"},
		`{"reply_id":"1","format":"MMS","attachments":"s3cret"}`:                                  {"attachments": "not an array"},
		`{"reply_id":"1","attachments":{"s3cret":1}}`:                                             {"attachments": "not an array"},
		`{"reply_id":"1","attachments":["s3cret",null]}`:                                          {"attachments/0": "not a JSON object", "attachments/1": "not a JSON object"},
		`{"reply_id":"1","attachments":[{},{"content":"s3cret!"}]}`:                               {"attachments/1/content": "not base64"},
		`{"reply_id":"1","attachments":[{"content":"","content":"s3cret"}]}`:                      {"attachments/0": "content occurs twice"},
		`{"reply_id":"1","attachments":[{"CONTENT":"s3cret"}]}`:                                   {"attachments/0": "a name differs from content only in case"},
		`{"reply_id":"1","attachments":[{"original_name":{}}]}`:                                   {"attachments/0/original_name": noText},
	} {
		event := webhook.Parse([]byte(payload))
		encoded, err := json.Marshal(event)
		require.NoError(t, err)
		var fields struct {
			ReplyID     string            `json:"reply_id"`
			ReportID    string            `json:"delivery_report_id"`
			FieldErrors map[string]string `json:"field_errors"`
		}
		require.NoError(t, json.Unmarshal(encoded, &fields))
		assert.Equal(t, "1", fields.ReplyID+fields.ReportID, payload)
		assert.Equal(t, want, fields.FieldErrors, payload)
		assert.NotContains(t, fmt.Sprint(fields.FieldErrors), "s3cret")
		assert.Equal(t, event, webhook.Parse(encoded), payload)
	}
	many := webhook.Parse([]byte(`{"reply_id":"1","attachments":[{}` + strings.Repeat(",{}", 1000) + `],"metadata":[{"key":"a"}` + strings.Repeat(`,{"key":"a"}`, 1000) + `]}`)).(*webhook.ReceivedMMS)
	assert.Len(t, many.Attachments, 1000)
	assert.Equal(t, map[string]string{"attachments": "more than 1000 entries", "metadata": "a name occurs twice"}, many.FieldErrors)
	entries := make(map[string]string)
	for i := range 1001 {
		entries[fmt.Sprint(i)] = ""
	}
	for _, want := range []map[string]string{{"metadata": "more than 1000 entries"}, nil} {

		encoded, err := json.Marshal(webhook.ReceivedSMS{ReplyID: "1", Metadata: entries})
		require.NoError(t, err)
		assert.Equal(t, want, webhook.Parse(encoded).(*webhook.ReceivedSMS).FieldErrors)
		delete(entries, "1000")
	}
	mms, ok := webhook.Parse([]byte(`{"reply_id":"1","attachments":[{"content":"!","original_name":"a"},{"content":"SGk="}],"metadata":{"a":"b","c":[]}}`)).(*webhook.ReceivedMMS)
	require.True(t, ok)
	assert.Equal(t, []webhook.Attachment{{Name: "a"}, {Content: []byte("Hi")}}, mms.Attachments, "the other attachments are complete")
	assert.Equal(t, map[string]string{"a": "b"}, mms.Metadata)
}

// TestUnparsedPayloads keep their bytes and have an error, which contains no part of them.
func TestUnparsedPayloads(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ payload, want string }{
		"nothing":                       {``, "not a JSON object"},
		"XML":                           {`<s3cret/>`, "not a JSON object"},
		"a form":                        {`reply_id=s3cret`, "not a JSON object"},
		"an array":                      {`[{"reply_id":"s3cret"}]`, "not a JSON object"},
		"a string":                      {`"s3cret"`, "not a JSON object"},
		"null":                          {`null`, "not a JSON object"},
		"a byte order mark alone":       {"\ufeff", "not a JSON object"},
		"an empty object":               {`{}`, "no event, delivery_report_id, reply_id or notification_id"},
		"a custom template":             {`{"text":"s3cret"}`, "no event, delivery_report_id, reply_id or notification_id"},
		"two IDs":                       {`{"reply_id":"s3cret","delivery_report_id":"2"}`, "IDs of several event kinds"},
		"half an object":                {`{"reply_id":"s3cret"`, "not valid JSON"},
		"half a string":                 {`{"reply_id":"s3cr`, "not valid JSON"},
		"an unescaped quote":            {`{"reply_id":"1","content":"say "s3cret""}`, "not valid JSON"},
		"an unescaped line break":       {"{\"content\":\"s3cret\n\"}", "not valid JSON"},
		"a comma too many":              {`{"reply_id":"s3cret",}`, "not valid JSON"},
		"a comma too few":               {`{"reply_id":"1" "content":"s3cret"}`, "not valid JSON"},
		"a comma first":                 {`{,"reply_id":"s3cret"}`, "not valid JSON"},
		"a name without quotes":         {`{reply_id:"s3cret"}`, "not valid JSON"},
		"a variable without quotes":     {`{"reply_id":"1","error_code":$s3cret}`, "not valid JSON"},
		"a number with a plus":          {`{"reply_id":"1","source_number":+61491570156}`, "not valid JSON"},
		"another object after it":       {`{"reply_id":"1"}{"reply_id":"s3cret"}`, "text after the JSON object"},
		"text after it":                 {`{"reply_id":"1"} s3cret`, "text after the JSON object"},
		"a NUL after it":                {"{\"reply_id\":\"1\"}\x00", "text after the JSON object"},
		"a name twice":                  {`{"reply_id":"1","content":"a","content":"s3cret"}`, "content occurs twice"},
		"a name twice, the same value":  {`{"reply_id":"1","reply_id":"1"}`, "reply_id occurs twice"},
		"a name twice, once escaped":    {`{"reply_id":"1","reply\u005fid":"s3cret"}`, "reply_id occurs twice"},
		"a name in another case":        {`{"Reply_ID":"s3cret"}`, "a name differs from reply_id only in case"},
		"a name in two cases":           {`{"reply_id":"1","REPLY_ID":"s3cret"}`, "a name differs from reply_id only in case"},
		"a name in the case of Unicode": {`{"reply_id":"1","ſtatus":"s3cret"}`, "a name differs from status only in case"},
		"another case of Unicode":       {`{"reply_id":"1","retry_count":1,"content":"","metadata":{},"vendor_account_id":{},"original_text":"","ſource_number":1}`, "a name differs from source_number only in case"},
		"an ID that is an object":       {`{"reply_id":{"s3cret":1}}`, "reply_id is not a string, number or boolean"},
		"an ID that is a list":          {`{"event":"OPT_OUT","notification_id":["s3cret"]}`, "notification_id is not a string, number or boolean"},
		"an unknown kind":               {`{"event":"s3cret","reply_id":"1"}`, "unknown event kind"},
		"an opt-in":                     {`{"event":"OPT_IN","notification_id":"1","delivery_report_id":"2"}`, "unknown event kind"},
		"a kind in lower case":          {`{"event":"received_sms","reply_id":"1"}`, "unknown event kind"},
		"a kind of RCS":                 {`{"event":"RECEIVED_RCS","reply_id":"1"}`, "unknown event kind"},
		"deep nesting":                  {`{"a":` + strings.Repeat("[", 100_000), "not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			unparsed, ok := webhook.Parse([]byte(c.payload)).(*webhook.UnparsedEvent)
			require.True(t, ok)
			assert.Equal(t, c.payload, string(unparsed.Raw))
			require.ErrorContains(t, unparsed.Err, "webhook: parse payload: "+c.want)
			assert.NotContains(t, unparsed.Err.Error(), "s3cret")
		})
	}
}
