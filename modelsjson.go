package messagemedia

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// MarshalJSON writes the API's own JSON: durations as whole numbers of the API's
// units, an empty encoding as null. A duration that is not whole is an error.
func (w Webhook) MarshalJSON() ([]byte, error) {
	durations, err := newDurationsJSON(w.ReadTimeout, w.RetryDelay)
	if err != nil {
		return nil, err
	}
	if w.Events == nil {
		w.Events = []EventType{}
	}
	if w.Headers == nil {
		w.Headers = map[string]string{}
	}
	response := struct {
		webhookJSON
		Encoding *Encoding `json:"encoding"` // stands in for the embedded one, to be null
	}{webhookJSON: webhookJSON{webhookFields(w), durations}}
	if w.Encoding != "" {
		response.Encoding = &w.Encoding
	}
	return encodeJSON(response)
}

// UnmarshalJSON reads the API's own JSON. Unknown fields are ignored. A number that is
// whole may be written with a fraction or an exponent.
func (w *Webhook) UnmarshalJSON(data []byte) error {
	webhook, err := decodeWebhook(data)
	if err == nil {
		*w = *webhook
	}
	return err
}

// MarshalJSON writes the API's own JSON: durations as whole numbers of the API's
// units. A duration that is not whole is an error.
func (r CreateWebhookRequest) MarshalJSON() ([]byte, error) {
	durations, err := newDurationsJSON(r.ReadTimeout, r.RetryDelay)
	if err != nil {
		return nil, err
	}
	return encodeJSON(createWebhookJSON{createWebhookFields(r), durations})
}

// UnmarshalJSON reads the API's own JSON. Unknown fields are ignored.
func (r *CreateWebhookRequest) UnmarshalJSON(data []byte) error {
	webhook, err := decodeWebhook(data)
	if err != nil {
		return err
	}
	*r = CreateWebhookRequest{
		URL: webhook.URL, Method: webhook.Method, Encoding: webhook.Encoding, Events: webhook.Events,
		Headers: webhook.Headers, Template: webhook.Template,
		ReadTimeout: webhook.ReadTimeout, Retries: webhook.Retries, RetryDelay: webhook.RetryDelay,
	}
	return nil
}

// MarshalJSON writes the API's own JSON.
func (p WebhookPage) MarshalJSON() ([]byte, error) {
	type page WebhookPage
	if p.Webhooks == nil {
		p.Webhooks = []*Webhook{}
	}
	return encodeJSON(page(p))
}

// UnmarshalJSON reads the API's own JSON. Unknown fields are ignored. A page
// without pageData is an error: it must not pass for an account without webhooks.
// So is a webhook without an ID.
func (p *WebhookPage) UnmarshalJSON(data []byte) error {
	page, err := decodePage(data)
	if err == nil {
		*p = *page
	}
	return err
}

// The models as they stand on the wire: the durations are whole numbers there.
type (
	webhookFields Webhook
	webhookJSON   struct {
		webhookFields
		durationsJSON
	}

	createWebhookFields CreateWebhookRequest
	createWebhookJSON   struct {
		createWebhookFields
		durationsJSON
	}

	durationsJSON struct {
		ReadTimeout int64 `json:"read_timeout,omitzero"` // milliseconds
		RetryDelay  int64 `json:"retry_delay,omitzero"`  // seconds
	}
)

func newDurationsJSON(readTimeout, retryDelay time.Duration) (durationsJSON, error) {
	if readTimeout%time.Millisecond != 0 {
		return durationsJSON{}, fmt.Errorf("read_timeout %v is not a whole number of milliseconds", readTimeout)
	}
	if retryDelay%time.Second != 0 {
		return durationsJSON{}, fmt.Errorf("retry_delay %v is not a whole number of seconds", retryDelay)
	}
	return durationsJSON{readTimeout.Milliseconds(), int64(retryDelay / time.Second)}, nil
}

// encodeJSON is json.Marshal without HTML escaping, so that a template goes out
// as it was written.
func encodeJSON(v any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}
