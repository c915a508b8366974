package page

import (
	"context"
	"io"
	"net/http"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

const maxEventBytes = 16 << 20

// simulate reads an event in the format of messagemedia.JSONTemplate, sends it to the
// webhooks of the account, and responds with each attempt. With ?retry_delays=true, it
// waits between attempts like the platform.
func (p *page) simulate(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEventBytes))
	if err != nil {
		respondError(w, http.StatusBadRequest, err.Error())
		return
	}
	event := webhook.Parse(payload)
	if unparsed, ok := event.(*webhook.UnparsedEvent); ok {
		respondError(w, http.StatusBadRequest, unparsed.Err.Error()+`; an event is, for example, {"event":"RECEIVED_SMS","reply_id":"1","content":"Hello"}`)
		return
	}
	options := append([]messagemediatest.SendOption{messagemediatest.ToAccount(r.Header.Get("Account"))}, p.SendOptions...)
	if r.URL.Query().Get("retry_delays") == "true" {
		options = append(options, messagemediatest.WithRetryDelays())
	}
	// A delivery goes on after the client that simulated the event disconnects.
	sent, err := p.API.Send(context.WithoutCancel(r.Context()), event, options...)
	if err != nil {
		respondError(w, http.StatusBadRequest, err.Error())
		return
	}
	result := sendResult{EventType: sent.EventType, Acknowledged: sent.Acknowledged(), Deliveries: []delivery{}}
	for _, d := range sent.Deliveries {
		result.Deliveries = append(result.Deliveries, newDelivery(d))
	}
	respond(w, http.StatusOK, result)
}

// The response to a simulated event.
type (
	sendResult struct {
		EventType    messagemedia.EventType `json:"event_type"`
		Acknowledged bool                   `json:"acknowledged"`
		Deliveries   []delivery             `json:"deliveries"`
	}
	delivery struct {
		WebhookID    string            `json:"webhook_id"`
		Acknowledged bool              `json:"acknowledged"`
		Error        string            `json:"error,omitzero"`
		Attempts     []deliveryAttempt `json:"attempts"`
	}
	deliveryAttempt struct {
		Method       string `json:"method"`
		URL          string `json:"url"`
		RequestBody  string `json:"request_body"`
		Status       int    `json:"status,omitzero"`
		ResponseBody string `json:"response_body,omitzero"`
		Error        string `json:"error,omitzero"`
		DurationMS   int64  `json:"duration_ms"`
	}
)

func newDelivery(sent messagemediatest.DeliveryResult) delivery {
	d := delivery{WebhookID: sent.Webhook.ID, Acknowledged: sent.Acknowledged(), Error: text(sent.Err), Attempts: []deliveryAttempt{}}
	for _, a := range sent.Attempts {
		d.Attempts = append(d.Attempts, deliveryAttempt{
			Method:       a.Method,
			URL:          a.URL,
			RequestBody:  string(a.RequestBody),
			Status:       a.Status,
			ResponseBody: string(a.ResponseBody),
			Error:        text(a.Err),
			DurationMS:   a.Duration.Milliseconds(),
		})
	}
	return d
}
