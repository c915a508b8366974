package messagemediatest_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestCallbacksHaveTheFixedFormat compares payloads with the vendor's documentation.
func TestCallbacksHaveTheFixedFormat(t *testing.T) {
	t.Parallel()
	at := time.Date(2016, 11, 3, 11, 49, 2, 807_000_000, time.UTC)
	const url = "https://receiver.example/callback?token=$moContent"
	for name, c := range map[string]struct {
		event webhook.Event
		want  string
	}{
		"a delivery report": {
			&webhook.DeliveryReport{DeliveryReportID: "d", MessageID: "m", AccountID: "a", VendorID: "v", RecipientNumber: "+61491570156", OriginalText: `<"hi">`, Status: "queued", StatusCode: 220, SubmittedAt: at, ReceivedAt: at.Add(time.Second), Metadata: map[string]string{"k": "v"}},
			`{"callback_url":"` + url + `","delivery_report_id":"d","source_number":"+61491570156","date_received":"2016-11-03T11:49:03.807Z","status":"queued","delay":0,"submitted_date":"2016-11-03T11:49:02.807Z","message_id":"m","original_text":"<\"hi\">","vendor_account_id":{"vendor_id":"v","account_id":"a"},"error_code":"220","metadata":{"k":"v"}}`,
		},
		"an empty delivery report": {
			&webhook.DeliveryReport{},
			`{"callback_url":"` + url + `","delay":0,"vendor_account_id":{},"metadata":{}}`,
		},
		"a reply": {
			&webhook.ReceivedSMS{ReplyID: "r", MessageID: "m", AccountID: "a", SourceNumber: "+1", DestinationNumber: "+2", Content: "Yes", ReceivedAt: at, Metadata: map[string]string{"k": "v"}},
			`{"callback_url":"` + url + `","account_id":"a","reply_id":"r","destination_number":"+2","source_number":"+1","date_received":"2016-11-03T11:49:02.807Z","message_id":"m","content":"Yes","metadata":{"k":"v"}}`,
		},
		"an empty reply": {
			&webhook.ReceivedSMS{},
			`{"callback_url":"` + url + `","content":"","metadata":{}}`,
		},
		"a reply with attachments": {
			&webhook.ReceivedMMS{ReplyID: "r", Content: "not sent", Attachments: []webhook.Attachment{{ContentType: "image/png", Name: "a.png", Content: []byte("png")}}},
			`{"callback_url":"` + url + `","reply_id":"r","attachments":[{"content_type":"image/png","content":"cG5n","original_name":"a.png"}],"metadata":{}}`,
		},
		"a multimedia reply without attachments": {
			&webhook.ReceivedMMS{ReplyID: "r", Content: "text"},
			`{"callback_url":"` + url + `","reply_id":"r","content":"text","metadata":{}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			subscribe(t, api.Client(), unchanged) // is not called
			receiver := new(recorder)
			result, err := api.SendToCallbackURL(t.Context(), url, c.event, messagemediatest.ToHandler(receiver))
			require.NoError(t, err)
			assert.True(t, result.Acknowledged())
			require.Len(t, receiver.requests, 1)
			got := receiver.requests[0]
			assert.Equal(t, []string{"POST", "/callback?token=$moContent", "application/json"}, []string{got.method, got.target, got.header.Get("Content-Type")})
			assert.Equal(t, c.want, got.body)
			assert.True(t, json.Valid([]byte(got.body)))
		})
	}
}

func TestPackageWebhookParsesCallbacks(t *testing.T) {
	t.Parallel()
	at := time.Date(2016, 11, 3, 11, 49, 2, 807_000_000, time.UTC)
	metadata := map[string]string{"k": "v"}
	for _, event := range []webhook.Event{
		&webhook.DeliveryReport{DeliveryReportID: "d", MessageID: "m", AccountID: "a", VendorID: "v", RecipientNumber: "+1", OriginalText: "hi", Status: "failed", StatusCode: 400, SubmittedAt: at, ReceivedAt: at, Metadata: metadata},
		&webhook.ReceivedSMS{ReplyID: "r", MessageID: "m", AccountID: "a", SourceNumber: "+1", DestinationNumber: "+2", Content: "Yes", ReceivedAt: at, Metadata: metadata},
		&webhook.ReceivedMMS{ReplyID: "r", MessageID: "m", AccountID: "a", SourceNumber: "+1", DestinationNumber: "+2", ReceivedAt: at, Metadata: metadata, Attachments: []webhook.Attachment{{ContentType: "image/png", Name: "a.png", Content: []byte("png")}}},
	} {
		receiver := new(recorder)
		_, err := messagemediatest.NewServer(t).SendToCallbackURL(t.Context(), "https://receiver.example/", event, messagemediatest.ToHandler(receiver))
		require.NoError(t, err)
		assert.Equal(t, event, webhook.Parse([]byte(receiver.requests[0].body)))
	}
}

func TestACallbackGetsOneAttempt(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	result, err := api.SendToCallbackURL(t.Context(), "https://receiver.example/callback", sms, messagemediatest.ToHandler(responding(503, 204)))
	require.NoError(t, err)
	assert.False(t, result.Acknowledged())
	assert.Regexp(t, `^POST https://receiver.example/callback: attempt 1: 503 Service Unavailable after \S+$`, result.String())
}

func TestACallbackUsesTheKeyOfTheSubAccount(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	branch := api.Client().ForAccount("branch")
	key, err := branch.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	require.NoError(t, err)
	_, err = branch.EnableSignatureKey(t.Context(), key.ID)
	require.NoError(t, err)
	receiver := new(recorder)
	for _, account := range []string{"", "branch"} {
		_, err := api.SendToCallbackURL(t.Context(), "https://receiver.example/callback", sms, messagemediatest.ToAccount(account), messagemediatest.ToHandler(receiver))
		require.NoError(t, err)
	}
	assert.Empty(t, receiver.requests[0].header.Get("X-MessageMedia-Signature"))
	assert.True(t, receiver.requests[1].verifies(t, api.Signer("branch")))
}
