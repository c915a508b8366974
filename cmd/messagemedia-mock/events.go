package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

const (
	eventsPath    = "/mock/events" // the API has no such path
	maxEventBytes = 16 << 20
)

// newHandler serves the API, and beside it a call that has an event happen.
func newHandler(api *messagemediatest.Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == eventsPath {
			serveEvent(api, w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// serveEvent takes an event in the form that messagemedia.JSONTemplate gives it,
// sends it to the webhooks of the account, and responds with what became of it.
func serveEvent(api *messagemediatest.Server, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		respond(w, http.StatusMethodNotAllowed, failure{"POST an event to " + eventsPath})
		return
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEventBytes))
	if err != nil {
		respond(w, http.StatusBadRequest, failure{err.Error()})
		return
	}
	event := webhook.Parse(payload)
	if unknown, ok := event.(*webhook.UnparsedEvent); ok {
		respond(w, http.StatusBadRequest, failure{unknown.Err.Error() + `; one is {"event":"RECEIVED_SMS","reply_id":"1","content":"Hello"}`})
		return
	}
	report, err := api.Send(r.Context(), event, messagemediatest.ToAccount(r.Header.Get("Account")))
	if err != nil {
		respond(w, http.StatusBadRequest, failure{err.Error()})
		return
	}
	respond(w, http.StatusOK, newSendResult(report))
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ") // for people with curl
	_ = encoder.Encode(body)    // the client may be gone
}

type failure struct {
	Message string `json:"message"`
}

// The report as it stands in the response.
type (
	sendResult struct {
		EventType    messagemedia.EventType `json:"event_type"`
		Acknowledged bool                   `json:"acknowledged"`
		Deliveries   []delivery             `json:"deliveries"`
	}
	delivery struct {
		WebhookID    string    `json:"webhook_id"`
		Acknowledged bool      `json:"acknowledged"`
		Error        string    `json:"error,omitzero"`
		Attempts     []attempt `json:"attempts"`
	}
	attempt struct {
		Method       string `json:"method"`
		URL          string `json:"url"`
		RequestBody  string `json:"request_body"`
		Status       int    `json:"status,omitzero"`
		ResponseBody string `json:"response_body,omitzero"`
		Error        string `json:"error,omitzero"`
		DurationMS   int64  `json:"duration_ms"`
	}
)

func newSendResult(sent *messagemediatest.SendResult) sendResult {
	r := sendResult{EventType: sent.EventType, Acknowledged: sent.Acknowledged(), Deliveries: []delivery{}}
	for _, d := range sent.Deliveries {
		r.Deliveries = append(r.Deliveries, newDelivery(d))
	}
	return r
}

func newDelivery(sent messagemediatest.DeliveryResult) delivery {
	d := delivery{WebhookID: sent.Webhook.ID, Acknowledged: sent.Acknowledged(), Error: text(sent.Err), Attempts: []attempt{}}
	for _, a := range sent.Attempts {
		d.Attempts = append(d.Attempts, attempt{
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

func text(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprint(err)
}
