package webhook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// randomText returns a text that a person may type.
func randomText() string {
	pieces := []string{"", "a", "Ü", "😀", "\"", "\\", "\n", "\x00", "\u2028", "<b>", "$moContent", "#end", "null", "true", "7", "{}", " ", "'"}
	var text strings.Builder
	for range rand.N(5) {
		text.WriteString(pieces[rand.N(len(pieces))])
	}
	return text.String()
}

// randomValue returns a value that the platform may set: it does not begin with $, and is not
// "null".
func randomValue() string {
	return []string{"", "1", "a175e797", "+61491570156", "x y", "Ü\"", "0", "false"}[rand.N(8)]
}

func randomTime() time.Time {
	if rand.N(3) == 0 {
		return time.Time{}
	}
	return time.Unix(rand.Int64N(4e9), rand.Int64N(1e9)).UTC()
}

func randomMap() map[string]string {
	if rand.N(3) == 0 {
		return nil
	}
	m := map[string]string{}
	for range rand.N(4) {
		m[randomText()] = randomText()
	}
	return m
}

func randomErrors() map[string]string {
	if m := randomMap(); len(m) > 0 {
		return m
	}
	return nil
}

func randomEvent() webhook.Event {
	switch rand.N(4) {
	case 0:
		e := &webhook.DeliveryReport{
			DeliveryReportID: randomValue(), MessageID: randomValue(), AccountID: randomValue(), VendorID: randomValue(), Format: randomValue(), RecipientNumber: randomValue(),
			OriginalText: randomText(), Status: webhook.Status(randomValue()), StatusCode: webhook.StatusCode(rand.N(600) - 100), SubmittedAt: randomTime(), ReceivedAt: randomTime(),
			RetryCount: rand.N(6), Metadata: randomMap(), FieldErrors: randomErrors(),
		}
		if rand.N(2) == 0 {
			e.BillingUnits = new(float64(rand.N(10)) / 4)
		}
		return e
	case 1:
		return &webhook.ReceivedSMS{
			ReplyID: randomValue(), MessageID: randomValue(), AccountID: randomValue(), VendorID: randomValue(), Format: randomValue(), SourceNumber: randomValue(),
			DestinationNumber: randomValue(), Content: randomText(), OriginalText: randomText(), SubmittedAt: randomTime(), ReceivedAt: randomTime(), RetryCount: rand.N(6),
			Metadata: randomMap(), FieldErrors: randomErrors(),
		}
	case 2:
		e := &webhook.ReceivedMMS{
			ReplyID: randomValue(), MessageID: randomValue(), AccountID: randomValue(), VendorID: randomValue(), Format: randomValue(), SourceNumber: randomValue(),
			DestinationNumber: randomValue(), Content: randomText(), OriginalText: randomText(), SubmittedAt: randomTime(), ReceivedAt: randomTime(), RetryCount: rand.N(6),
			Metadata: randomMap(), FieldErrors: randomErrors(),
		}
		for range rand.N(3) {
			a := webhook.Attachment{ContentType: randomText(), Name: randomText()}
			if rand.N(2) == 0 {
				a.Content = []byte(randomText() + "\xff")
			}
			e.Attachments = append(e.Attachments, a)
		}
		return e
	}
	return &webhook.OptOut{
		NotificationID: randomValue(), MessageID: randomValue(), AccountID: randomValue(), VendorID: randomValue(), Format: randomValue(), SourceNumber: randomValue(),
		DestinationNumber: randomValue(), Content: randomText(), OriginalText: randomText(), SubmittedAt: randomTime(), ReceivedAt: randomTime(), RetryCount: rand.N(6),
		Metadata: randomMap(), FieldErrors: randomErrors(),
	}
}

// TestMarshalAndParseAreInverse for any event.
func TestMarshalAndParseAreInverse(t *testing.T) {
	t.Parallel()
	for range 20_000 {
		event := randomEvent()
		encoded, err := json.Marshal(event)
		require.NoError(t, err)
		require.Equal(t, event, webhook.Parse(encoded), "%s", encoded)
	}
	encoded, err := json.Marshal(webhook.Parse([]byte("<xml>")))
	require.NoError(t, err)
	assert.JSONEq(t, `{"raw":"PHhtbD4=","error":"webhook: parse payload: not a JSON object"}`, string(encoded))
	encoded, err = json.Marshal([]any{webhook.ReceivedSMS{ReplyID: "1"}, webhook.UnparsedEvent{}})
	require.NoError(t, err)
	assert.JSONEq(t, `[{"event":"RECEIVED_SMS","reply_id":"1"},{"raw":null,"error":""}]`, string(encoded), "values as pointers")
}

// TestParseValuesReadsWhatParseReads if a form contains the same event.
func TestParseValuesReadsWhatParseReads(t *testing.T) {
	t.Parallel()
	for range 5_000 {
		event := randomEvent()
		encoded, err := json.Marshal(event)
		require.NoError(t, err)
		var fields map[string]any
		require.NoError(t, json.Unmarshal(encoded, &fields))
		values := url.Values{"token": {aToken, aToken}, "more": {"x"}}
		for name, value := range fields {
			text, ok := value.(string)
			if !ok {
				structured, err := json.Marshal(value)
				require.NoError(t, err)
				text = string(structured)
			}
			values.Set(name, text)
		}
		query, err := url.ParseQuery(values.Encode())
		require.NoError(t, err)
		require.Equal(t, event, webhook.ParseValues(query), "%v", values)
	}
}

func TestParseValues(t *testing.T) {
	t.Parallel()
	assert.Equal(t, &webhook.ReceivedSMS{ReplyID: "1", Content: `{"not":"JSON to us"}`, FieldErrors: map[string]string{"metadata": "neither an object nor an array of objects with key and value"}},
		webhook.ParseValues(url.Values{"reply_id": {"1"}, "message_id": {"$messageId"}, "content": {`{"not":"JSON to us"}`}, "metadata": {"{"}, "format": {}}))
	for want, values := range map[string]url.Values{
		"reply_id occurs twice":                       {"reply_id": {"1", "1"}},
		"a name differs from reply_id only in case":   {"reply_id": {"1"}, "Reply_ID": {"1"}},
		"unknown event kind":                          {"event": {"OPT_IN"}, "reply_id": {"1"}},
		"no event, delivery_report_id, reply_id or n": {"text": {"Hi"}},
	} {
		unparsed, ok := webhook.ParseValues(values).(*webhook.UnparsedEvent)
		require.True(t, ok)
		require.ErrorContains(t, unparsed.Err, "webhook: parse payload: "+want)
		assert.Equal(t, values.Encode(), string(unparsed.Raw))
	}
}

// FuzzParse checks that a parsed payload is valid JSON, that its fields are those that
// encoding/json reads, and that the event round-trips through JSON. An unparsed payload
// keeps its bytes.
func FuzzParse(f *testing.F) {
	for _, payload := range []string{
		sampleReport, sampleSMS, sampleMMS, sampleOptOut, fmt.Sprintf(everyField, "RECEIVED_MMS"),
		``, `{}`, `{"reply_id":"1"}{`, `{"reply_id":"1","Reply_id":"2"}`, `{"event":"OPT_OUT","metadata":{"a":"b","a":"c"}}`, `{"event":"OPT_OUT","metadata":[{"key":"a","value":1}]}`,
		`{"reply_id":"$replyId","attachments":[{"content":"SGk="}]}`, `{"reply_id":"\ud800","content":"` + "\xff" + `"}`, `{"error_code":"","event":"FAILED_DR"}`,
		"\ufeff" + `{"reply_id":5,"content":true,"date_received":1}`, `{"reply_id":"\\\"","x":["]","}",{"a":[]}],"content":"\\"}`,
	} {
		f.Add([]byte(payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		before := bytes.Clone(payload)
		event := webhook.Parse(payload)
		require.Equal(t, before, payload, "the payload is not modified")
		delivery := &webhook.Delivery{Target: "/hooks", Event: event}
		if unparsed, ok := event.(*webhook.UnparsedEvent); ok {
			require.Equal(t, payload, unparsed.Raw)
			require.ErrorContains(t, unparsed.Err, "webhook: parse payload: ")
			require.Empty(t, delivery.DedupeKey())
			return
		}
		var fields map[string]any
		require.NoError(t, json.Unmarshal(bytes.TrimPrefix(payload, []byte("\ufeff")), &fields))
		sameText := func(name, got string) {
			if text, ok := fields[name].(string); ok {
				require.Equal(t, text, got)
			}
		}
		var id string
		switch e := event.(type) {
		case *webhook.DeliveryReport:
			sameText("original_text", e.OriginalText)
			id = e.DeliveryReportID
		case *webhook.ReceivedSMS:
			sameText("content", e.Content)
			id = e.ReplyID
		case *webhook.ReceivedMMS:
			sameText("content", e.Content)
			entries, _ := fields["attachments"].([]any)
			require.Len(t, e.Attachments, len(entries))
			id = e.ReplyID
		case *webhook.OptOut:
			sameText("content", e.Content)
			id = e.NotificationID
		}
		require.False(t, strings.HasPrefix(id, "$"))
		require.Equal(t, id == "", delivery.DedupeKey() == "")
		encoded, err := json.Marshal(event)
		require.NoError(t, err)
		require.Equal(t, event, webhook.Parse(encoded), "%s", encoded)
	})
}
