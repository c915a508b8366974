package page_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/cmd/messagemedia-mock/internal/page"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

type sendResult struct {
	EventType    string `json:"event_type"`
	Acknowledged bool
	Deliveries   []struct {
		WebhookID string `json:"webhook_id"`
		Attempts  []struct {
			RequestBody string `json:"request_body"`
			Status      int
			Error       string
		}
	}
}

func TestAnEventIsDelivered(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	url, bodies := receiver(t, 503, 204)
	hook := s.subscribe(url, func(r *messagemedia.CreateWebhookRequest) { r.Retries = 1 })
	sent := call[sendResult](s, "POST", "/mock/events", `{"event":"RECEIVED_SMS","reply_id":"1","content":"<Hello>"}`)
	assert.Equal(t, "RECEIVED_SMS", sent.EventType)
	assert.True(t, sent.Acknowledged)
	require.Len(t, sent.Deliveries, 1)
	assert.Equal(t, hook.ID, sent.Deliveries[0].WebhookID)
	require.Len(t, sent.Deliveries[0].Attempts, 2)
	assert.Equal(t, 503, sent.Deliveries[0].Attempts[0].Status)
	assert.Equal(t, 204, sent.Deliveries[0].Attempts[1].Status)
	assert.Equal(t, (*bodies)[1], sent.Deliveries[0].Attempts[1].RequestBody)
	assert.Contains(t, (*bodies)[1], "<Hello>")
}

func TestAnEventOfASubAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	url, bodies := receiver(t, 204)
	_, err := s.api.Client().ForAccount("branch").CreateWebhook(t.Context(), messagemedia.CreateWebhookRequest{
		URL: url, Method: "POST", Encoding: "JSON", Events: []messagemedia.EventType{messagemedia.EventReceivedSMS}, Template: "x",
	})
	require.NoError(t, err)
	assert.Empty(t, call[sendResult](s, "POST", "/mock/events", hello).Deliveries)
	s.do("POST", "/mock/events", hello, withHeader("Account", "branch"))
	assert.Len(t, *bodies, 1)
	assert.Equal(t, "branch", get[exchange](s, "/mock/traffic/2").Account)
}

func TestInvalidEventsAreRejected(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, c := range map[string]struct{ body, want string }{
		"not JSON":                {`hello`, `an event is, for example, {`},
		"an event without a kind": {`{}`, `an event is, for example, {`},
		"a report without status": {`{"delivery_report_id":"1"}`, `a delivery report with the status`},
		"a body without end":      {strings.Repeat(" ", 16<<20+1), `too large`},
	} {
		response := s.do("POST", "/mock/events", c.body)
		assert.Equal(t, 400, response.StatusCode, name)
		assert.Contains(t, message(t, response), c.want, name)
	}
}

// TestWaitsBetweenAttempts uses fake time and therefore no sockets.
func TestWaitsBetweenAttempts(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]time.Duration{"": 0, "?retry_delays=true": time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
			_, err := api.Client().CreateWebhook(t.Context(), messagemedia.CreateWebhookRequest{
				URL: "http://h.test/", Method: "POST", Encoding: "JSON", Events: []messagemedia.EventType{messagemedia.EventReceivedSMS}, Retries: 1, RetryDelay: time.Minute,
			})
			require.NoError(t, err)
			handler := page.New(page.Config{API: api, Traffic: page.NewTraffic(), Token: token, SendOptions: []messagemediatest.SendOption{messagemediatest.ToHandler(http.NotFoundHandler())}})
			start := time.Now()
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/mock/events"+query, strings.NewReader(hello)))
			assert.Equal(t, 200, w.Code)
			assert.Equal(t, want, time.Since(start))
		})
	}
}
