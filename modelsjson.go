package messagemedia

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// MarshalJSON returns the API's own JSON, with durations as whole numbers of the API's units
// and an empty encoding as null. If a duration is not a whole number, it returns an error.
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
		Encoding *Encoding `json:"encoding"` // hides the embedded field, and may be null
	}{webhookJSON: webhookJSON{webhookFields(w), durations}}
	if w.Encoding != "" {
		response.Encoding = &w.Encoding
	}
	return encodeJSON(response)
}

// UnmarshalJSON reads the API's own JSON. It ignores unknown fields. A whole number may have
// a fraction of zero or an exponent.
func (w *Webhook) UnmarshalJSON(data []byte) error {
	webhook, err := decodeWebhook(data)
	if err == nil {
		*w = *webhook
	}
	return err
}

// MarshalJSON returns the API's own JSON, with durations as whole numbers of the API's
// units. If a duration is not a whole number, it returns an error.
func (r CreateWebhookRequest) MarshalJSON() ([]byte, error) {
	durations, err := newDurationsJSON(r.ReadTimeout, r.RetryDelay)
	if err != nil {
		return nil, err
	}
	return encodeJSON(createWebhookJSON{createWebhookFields(r), durations})
}

// UnmarshalJSON reads the API's own JSON. It ignores unknown fields.
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

// MarshalJSON returns the API's own JSON.
func (p WebhookPage) MarshalJSON() ([]byte, error) {
	type page WebhookPage
	if p.Webhooks == nil {
		p.Webhooks = []*Webhook{}
	}
	return encodeJSON(page(p))
}

// UnmarshalJSON reads the API's own JSON. It ignores unknown fields. It returns an error if
// a webhook has no ID, or if pageData is missing, which does not mean that the account has
// no webhooks.
func (p *WebhookPage) UnmarshalJSON(data []byte) error {
	page, err := decodePage(data)
	if err == nil {
		*p = *page
	}
	return err
}

// The JSON of the models, with durations as whole numbers.
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

// encodeJSON is json.Marshal without HTML escaping, so that templates stay readable.
func encodeJSON(v any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}
