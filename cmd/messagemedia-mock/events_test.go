package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// post calls the handler of the mock, beside an API that has a webhook for text
// messages in a sub-account.
func post(t *testing.T, receiver http.HandlerFunc, method, body string) (status int, response string) {
	t.Helper()
	endpoint := httptest.NewServer(receiver)
	defer endpoint.Close()
	api := messagemediatest.NewServer(t)
	_, err := api.Client().ForAccount("branch").CreateWebhook(t.Context(), messagemedia.CreateWebhookRequest{
		URL: endpoint.URL + "/hooks", Method: "POST", Encoding: "JSON", Retries: 1,
		Events: []messagemedia.EventType{messagemedia.EventReceivedSMS}, Template: messagemedia.JSONTemplate,
	})
	require.NoError(t, err)
	r := httptest.NewRequestWithContext(t.Context(), method, eventsPath, strings.NewReader(body))
	r.Header.Set("Account", "branch")
	w := httptest.NewRecorder()
	newHandler(api).ServeHTTP(w, r)
	assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
	return w.Code, w.Body.String()
}

func TestAnEventIsDelivered(t *testing.T) {
	t.Parallel()
	var got webhook.Event
	statuses := []int{503, 204}
	status, response := post(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = webhook.Parse(body)
		w.WriteHeader(statuses[0])
		statuses = statuses[1:]
	}, http.MethodPost, `{"event":"RECEIVED_SMS","reply_id":"1","content":"<Hello>"}`)
	assert.Equal(t, 200, status)
	assert.Equal(t, "<Hello>", got.(*webhook.ReceivedSMS).Content)

	var sent sendResult
	require.NoError(t, json.Unmarshal([]byte(response), &sent))
	assert.Equal(t, messagemedia.EventReceivedSMS, sent.EventType)
	assert.True(t, sent.Acknowledged)
	require.Len(t, sent.Deliveries, 1)
	require.Len(t, sent.Deliveries[0].Attempts, 2)
	assert.Equal(t, 503, sent.Deliveries[0].Attempts[0].Status)
	assert.Equal(t, 204, sent.Deliveries[0].Attempts[1].Status)
	assert.Contains(t, sent.Deliveries[0].Attempts[1].RequestBody, "<Hello>")
}

func TestWhatIsNoEventIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, body string
		status       int
		want         string
	}{
		"another method":          {http.MethodGet, ``, 405, `POST an event to /mock/events`},
		"what is no JSON":         {http.MethodPost, `hello`, 400, `not a JSON object; one is {`},
		"an event without a kind": {http.MethodPost, `{}`, 400, `no event, delivery_report_id, reply_id or notification_id`},
		"a report without status": {http.MethodPost, `{"delivery_report_id":"1"}`, 400, `a delivery report with the status`},
		"a body without end":      {http.MethodPost, strings.Repeat(" ", maxEventBytes+1), 400, `too large`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, response := post(t, func(http.ResponseWriter, *http.Request) { t.Error("it was delivered") }, c.method, c.body)
			assert.Equal(t, c.status, status)
			var refused failure
			require.NoError(t, json.Unmarshal([]byte(response), &refused))
			assert.Contains(t, refused.Message, c.want)
		})
	}
}

func TestAnEventThatNobodyIsSubscribedTo(t *testing.T) {
	t.Parallel()
	status, response := post(t, func(http.ResponseWriter, *http.Request) { t.Error("it was delivered") }, http.MethodPost, `{"notification_id":"1"}`)
	assert.Equal(t, 200, status)
	assert.JSONEq(t, `{"event_type":"OPT_OUT_SMS","acknowledged":false,"deliveries":[]}`, response)
}

func TestTheAPIIsBesideTheEvents(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	server := httptest.NewServer(newHandler(api))
	defer server.Close()
	client, err := messagemedia.NewClient(messagemedia.BasicAuth(api.Key, api.Secret), messagemedia.WithBaseURL(server.URL))
	require.NoError(t, err)
	_, err = client.ListWebhooks(context.Background(), messagemedia.ListWebhooksRequest{})
	assert.NoError(t, err)
}
