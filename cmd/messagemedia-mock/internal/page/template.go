package page

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

const maxTemplateBytes = 1 << 20

// eventTypes are the simulated and rendered event types, in the order of the page.
var eventTypes = []messagemedia.EventType{
	messagemedia.EventReceivedSMS, messagemedia.EventReceivedMMS, messagemedia.EventOptOutSMS,
	messagemedia.EventEnrouteDR, messagemedia.EventSubmittedDR, messagemedia.EventDeliveredDR,
	messagemedia.EventExpiredDR, messagemedia.EventRejectedDR, messagemedia.EventFailedDR,
}

// hostileText is untrusted input that breaks templates without escaping.
type hostileText struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

var hostileTexts = []hostileText{
	{"Quotation marks", `He said "yes" and 'no'`},
	{"Another JSON field", `x", "account_id": "forged`},
	{"Backslash at the end", `C:\`},
	{"Several lines and a tab", "first\r\nsecond\tthird"},
	{"Markup", `<script>alert("1")</script> & <b>`},
	{"End of CDATA", `]]><x/>`},
	{"Form fields", "yes&account_id=forged+100%"},
	{"Template code", "$moContent ${moId} #if(true) #set($x=1) ##"},
	{"Emoji and line separator", "Grüße 😀\u2028é"},
	{"Control characters", "a\x01b\x1b[31mc"},
	{"Empty", ""},
}

type sample struct {
	EventType messagemedia.EventType `json:"event_type"`
	Event     json.RawMessage        `json:"event"` // rendered by JSONTemplate
}

// serveSamples returns the initial values of the page's forms.
func (p *page) serveSamples(w http.ResponseWriter, r *http.Request) {
	samples := []sample{}
	for _, eventType := range eventTypes {
		event, err := template.Sample(eventType)
		if err == nil {
			var payload string
			payload, err = template.Render(r.Context(), messagemedia.JSONTemplate, event)
			samples = append(samples, sample{eventType, json.RawMessage(payload)})
		}
		if err != nil {
			respondError(w, http.StatusInternalServerError, err.Error())
			return
		}
	}
	respond(w, http.StatusOK, struct {
		Samples      []sample      `json:"samples"`
		HostileTexts []hostileText `json:"hostile_texts"`
		Template     string        `json:"template"`
		FirstCall    string        `json:"first_call"` // creates a webhook
	}{samples, hostileTexts, messagemedia.JSONTemplate, firstCall(baseURL(r), p.API.Key, p.API.Secret)})
}

// trial is a request to check and render a template.
type trial struct {
	Template string                   `json:"template"`
	Encoding messagemedia.Encoding    `json:"encoding"`
	Events   []messagemedia.EventType `json:"events"` // if empty, all documented types
	Text     *string                  `json:"text"`   // the message's text; if null, the sample's
}

type (
	trialResult struct {
		Problems []problem   `json:"problems"`
		Rendered []rendering `json:"rendered"`
	}
	problem struct {
		Line       int               `json:"line"` // from 1; 0 if the problem concerns the whole template
		Column     int               `json:"column"`
		Severity   template.Severity `json:"severity"`
		Message    string            `json:"message"`
		Suggestion string            `json:"suggestion,omitzero"`
	}
	rendering struct {
		EventType messagemedia.EventType `json:"event_type"`
		Payload   string                 `json:"payload"`
		Error     string                 `json:"error,omitzero"`   // why there is no payload
		Invalid   string                 `json:"invalid,omitzero"` // why the payload does not match the encoding
		Parsed    string                 `json:"parsed,omitzero"`  // the type of the event that package webhook parses
	}
)

func (p *page) tryTemplate(w http.ResponseWriter, r *http.Request) {
	var t trial
	if !decode(w, r, &t) {
		return
	}
	if len(t.Events) == 0 {
		t.Events = eventTypes
	}
	result := trialResult{[]problem{}, []rendering{}}
	for _, found := range template.Check(r.Context(), t.Template, t.Encoding, t.Events) {
		result.Problems = append(result.Problems, problem{found.Line, found.Column, found.Severity, found.Message, found.Suggestion})
	}
	for _, eventType := range t.Events {
		result.Rendered = append(result.Rendered, t.render(r.Context(), eventType))
	}
	respond(w, http.StatusOK, result)
}

func (t trial) render(ctx context.Context, eventType messagemedia.EventType) rendering {
	result := rendering{EventType: eventType}
	event, err := template.Sample(eventType)
	if err != nil {
		result.Error = err.Error()
		return result
	}
	if t.Text != nil {
		setText(event, *t.Text)
	}
	if result.Payload, err = template.Render(ctx, t.Template, event); err != nil {
		result.Error = err.Error()
		return result
	}
	if err := checkForm(t.Encoding, result.Payload); err != nil {
		result.Invalid = err.Error()
	} else if t.Encoding == messagemedia.EncodingJSON {
		result.Parsed = parsedAs(result.Payload)
	}
	return result
}

// setText sets the texts of an event.
func setText(event webhook.Event, text string) {
	switch e := event.(type) {
	case *webhook.ReceivedSMS:
		e.Content, e.OriginalText = text, text
	case *webhook.ReceivedMMS:
		e.Content, e.OriginalText = text, text
	case *webhook.OptOut:
		e.Content, e.OriginalText = text, text
	case *webhook.DeliveryReport:
		e.OriginalText = text
	}
}

// checkForm returns an error if a payload does not match its encoding.
func checkForm(encoding messagemedia.Encoding, payload string) error {
	switch encoding {
	case messagemedia.EncodingJSON:
		var value any
		return json.Unmarshal([]byte(payload), &value)
	case messagemedia.EncodingForm:
		_, err := url.ParseQuery(payload)
		return err
	case messagemedia.EncodingXML:
		return checkXML(payload)
	}
	return nil
}

func checkXML(payload string) error {
	for decoder := xml.NewDecoder(strings.NewReader(payload)); ; {
		if _, err := decoder.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func parsedAs(payload string) string {
	event := webhook.Parse([]byte(payload))
	if unparsed, ok := event.(*webhook.UnparsedEvent); ok {
		return "UnparsedEvent: " + unparsed.Err.Error()
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", event), "*webhook.")
}

// accountWebhook is a webhook and its account.
type accountWebhook struct {
	Account string               `json:"account"`
	Webhook messagemedia.Webhook `json:"webhook"`
}

func (p *page) serveWebhooks(w http.ResponseWriter, r *http.Request) {
	webhooks := []accountWebhook{}
	for _, account := range p.Traffic.accounts() {
		for _, hook := range p.API.Webhooks(account) {
			webhooks = append(webhooks, accountWebhook{account, hook})
		}
	}
	respond(w, http.StatusOK, webhooks)
}

// saveTemplate updates a webhook with an API call, which the traffic shows.
func (p *page) saveTemplate(w http.ResponseWriter, r *http.Request) {
	var saved struct {
		Account  string `json:"account"`
		Template string `json:"template"`
	}
	if !decode(w, r, &saved) {
		return
	}
	client := p.API.Client()
	if saved.Account != "" {
		client = client.ForAccount(saved.Account)
	}
	_, err := client.UpdateWebhook(r.Context(), r.PathValue("id"), messagemedia.UpdateWebhookRequest{Template: &saved.Template})
	if err != nil {
		status := http.StatusBadRequest
		if apiErr, ok := errors.AsType[*messagemedia.APIError](err); ok {
			status = apiErr.StatusCode
		}
		respondError(w, status, err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// decode decodes the JSON body of a request. It reports whether that succeeded, and
// otherwise has written an error response.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxTemplateBytes)).Decode(into)
	if err != nil {
		respondError(w, http.StatusBadRequest, "read the request: "+err.Error())
	}
	return err == nil
}
