package messagemedia

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// EventType names what a webhook can subscribe to. Values that are not listed
// here pass through in both directions, so an event type that the platform adds
// tomorrow can be used today.
type EventType string

// The documented event types. Those that end in DR are delivery reports.
const (
	EventReceivedSMS EventType = "RECEIVED_SMS" // a text message came in
	EventReceivedMMS EventType = "RECEIVED_MMS" // a multimedia message came in
	EventOptOutSMS   EventType = "OPT_OUT_SMS"  // a recipient opted out
	EventEnrouteDR   EventType = "ENROUTE_DR"   // the message is on its way
	EventExpiredDR   EventType = "EXPIRED_DR"   // the message expired before it was delivered
	EventRejectedDR  EventType = "REJECTED_DR"  // the message will not be delivered
	EventFailedDR    EventType = "FAILED_DR"    // the delivery failed
	EventDeliveredDR EventType = "DELIVERED_DR" // the message was delivered
	EventSubmittedDR EventType = "SUBMITTED_DR" // the message was handed to a carrier
)

// Encoding says in which form a webhook's deliveries arrive; the platform sets
// their Content-Type from it. Values that are not listed here pass through in
// both directions.
type Encoding string

// The documented encodings.
const (
	EncodingJSON Encoding = "JSON"
	EncodingForm Encoding = "FORM_ENCODED"
	EncodingXML  Encoding = "XML"
)

// JSONTemplate is a [CreateWebhookRequest] Template for webhooks with
// [EncodingJSON] and any set of events: one JSON object, which package webhook
// parses back into the event. It says in "event" which kind that is,
// DELIVERY_REPORT, RECEIVED_SMS, RECEIVED_MMS or OPT_OUT, and has every
// documented variable of it but $retryCount, so that a delivery that is tried
// again is the same, byte for byte. What is missing is an empty string, list or
// object. Whatever a phone's owner types, the JSON stays valid.
//
// What may be a number or a time to the platform is made a text before it is
// escaped. The kind is told by the variables that the platform documents for one kind
// alone: $drId, $status and $statusCode, $notificationId, $attachments, and a $format of MMS.
const JSONTemplate = `{
#if($drId || $status || $statusCode)
  "event": "DELIVERY_REPORT",
  "delivery_report_id": "$!esc.json($drId)",
  "status": "$!esc.json($status)",
  "error_code": "$!esc.json("$!statusCode")",
  "billing_units": "$!esc.json("$!billingUnits")",
#else
#if($notificationId)
  "event": "OPT_OUT",
  "notification_id": "$!esc.json($notificationId)",
#else
#if($attachments || $format == "MMS")
  "event": "RECEIVED_MMS",
  "attachments": [
#foreach($attachment in $attachments)
    {
      "content_type": "$!esc.json($attachment.contentType)",
      "original_name": "$!esc.json($attachment.originalName)",
      "content": "$!attachment.base64"
    }#if($foreach.hasNext),#end

#end
  ],
#else
  "event": "RECEIVED_SMS",
#end
  "reply_id": "$!esc.json($moId)",
#end
  "destination_number": "$!esc.json($destinationAddress)",
  "content": "$!esc.json($moContent)",
#end
  "message_id": "$!esc.json($mtId)",
  "account_id": "$!esc.json($accountId)",
  "vendor_id": "$!esc.json($vendorId)",
  "format": "$!esc.json($format)",
  "source_number": "$!esc.json($sourceAddress)",
  "original_text": "$!esc.json($mtContent)",
  "submitted_date": "$!esc.json("$!submittedTimestamp")",
  "date_received": "$!esc.json("$!receivedTimestamp")",
  "metadata": {
#foreach($entry in $metadata.entrySet())
    "$!esc.json($entry.key)": "$!esc.json($entry.value)"#if($foreach.hasNext),#end

#end
  }
}`

// Webhook is a subscription as the API returns it. It marshals to the API's own
// JSON, and back.
type Webhook struct {
	// ID is made by the platform, a UUID.
	ID string `json:"id"`

	// URL is what the platform calls. Together with Method it is unique in an account.
	URL string `json:"url"`

	// Method is the HTTP method of the call.
	Method string `json:"method"`

	// Encoding is the form of the payload. It is empty when the API says null.
	Encoding Encoding `json:"encoding"`

	// Events are the events that the webhook is called for.
	Events []EventType `json:"events"`

	// Headers are sent with each delivery. They often hold the receiver's tokens.
	Headers map[string]string `json:"headers"`

	// Template is the Apache Velocity template that the payload is rendered from,
	// empty when none is set.
	Template string `json:"template,omitzero"`

	// ReadTimeout is how long the platform waits for the receiver's response, 0 when
	// it was not set: the platform then waits 20 seconds.
	ReadTimeout time.Duration `json:"-"` // read_timeout, in milliseconds

	// Retries is how often a failed delivery is tried again. At 0, the platform's
	// default, a delivery that fails once is lost.
	Retries int `json:"retries"`

	// RetryDelay is the time between two tries, 0 when there are no retries.
	RetryDelay time.Duration `json:"-"` // retry_delay, in seconds
}

// CreateWebhookRequest describes a webhook to create. URL, Method, Encoding and
// Events are required. ReadTimeout, Retries and RetryDelay can't be changed later.
type CreateWebhookRequest struct {
	// URL is what the platform calls: http or https, at most 1000 characters. It
	// may contain template variables, as in "https://example.com/sms?text=$moContent".
	// Whether the platform percent-encodes their values is not documented.
	URL string `json:"url"`

	// Method is one of GET, POST, PATCH, PUT and DELETE.
	Method string `json:"method"`

	// Encoding is the form of the payload; the platform sets the Content-Type from it.
	Encoding Encoding `json:"encoding"`

	// Events has at least one event type.
	Events []EventType `json:"events"`

	// Headers are sent with each delivery. Names have at most 200 characters, values
	// at most 1000, and Content-Type is not allowed.
	Headers map[string]string `json:"headers,omitzero"`

	// Template is the Apache Velocity template for the payload: [JSONTemplate], or
	// one of your own, which package template can check.
	Template string `json:"template,omitzero"`

	// ReadTimeout is how long the platform waits for the receiver's response: whole
	// milliseconds, from 1 ms to 60 s. 0 leaves the platform's default, 20 s.
	ReadTimeout time.Duration `json:"-"` // read_timeout, in milliseconds

	// Retries is how often a failed delivery is tried again, from 0 to 5. At 0, the
	// platform's default, a delivery that fails once is lost.
	Retries int `json:"retries,omitzero"`

	// RetryDelay is the time between two tries: whole seconds, from 5 s to 60 s.
	// 0 leaves the platform's default.
	RetryDelay time.Duration `json:"-"` // retry_delay, in seconds
}

// UpdateWebhookRequest describes a change. Only the fields that are set are
// sent, and at least one must be; the rules are those of [CreateWebhookRequest].
//
// The platform does not change ReadTimeout, Retries and RetryDelay: to change
// those, delete and recreate the webhook.
type UpdateWebhookRequest struct {
	// URL replaces the URL, unless it is empty.
	URL string `json:"url,omitzero"`

	// Method replaces the method, unless it is empty.
	Method string `json:"method,omitzero"`

	// Encoding replaces the encoding, unless it is empty.
	Encoding Encoding `json:"encoding,omitzero"`

	// Events replaces all events, unless it is nil. It can't be empty.
	Events []EventType `json:"events,omitzero"`

	// Headers replaces all headers, unless it is nil. An empty map clears them.
	Headers map[string]string `json:"headers,omitzero"`

	// Template replaces the template, unless it is nil. A pointer to the empty
	// string, new(""), clears it.
	Template *string `json:"template,omitzero"`
}

// ListWebhooksRequest chooses a page of the account's webhooks.
type ListWebhooksRequest struct {
	// Page is the number of the page. The first is 0.
	Page int

	// PageSize is how many webhooks a page has at most. 0 leaves the platform's
	// default, 100.
	PageSize int
}

// WebhookPage is one page of the account's webhooks. It marshals to the API's
// own JSON, and back.
type WebhookPage struct {
	// Page is the number of this page. The first is 0.
	Page int `json:"page"`

	// PageSize is the size of a page as the platform used it, which may differ
	// from the one asked for. A page with fewer webhooks is the last one.
	PageSize int `json:"pageSize"`

	// Webhooks are the page's webhooks.
	Webhooks []*Webhook `json:"pageData"`
}

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

// UnmarshalJSON reads the API's own JSON. Unknown fields are ignored.
func (w *Webhook) UnmarshalJSON(data []byte) error {
	var wire webhookJSON
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	*w = *wire.webhook()
	return nil
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
	var wire createWebhookJSON
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	*r = CreateWebhookRequest(wire.createWebhookFields)
	r.ReadTimeout, r.RetryDelay = wire.durations()
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
	var wire struct {
		Page     int           `json:"page"`
		PageSize int           `json:"pageSize"`
		PageData []webhookJSON `json:"pageData"`
	}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	if wire.PageData == nil {
		return errors.New("pageData is missing")
	}
	webhooks := make([]*Webhook, len(wire.PageData))
	for i := range wire.PageData {
		if wire.PageData[i].ID == "" {
			return fmt.Errorf("pageData/%d has no id", i)
		}
		webhooks[i] = wire.PageData[i].webhook()
	}
	*p = WebhookPage{Page: wire.Page, PageSize: wire.PageSize, Webhooks: webhooks}
	return nil
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

// webhook returns the same webhook, not a copy, with its durations filled in.
func (w *webhookJSON) webhook() *Webhook {
	w.webhookFields.ReadTimeout, w.webhookFields.RetryDelay = w.durations()
	return (*Webhook)(&w.webhookFields)
}

func newDurationsJSON(readTimeout, retryDelay time.Duration) (durationsJSON, error) {
	if readTimeout%time.Millisecond != 0 {
		return durationsJSON{}, fmt.Errorf("read_timeout %v is not a whole number of milliseconds", readTimeout)
	}
	if retryDelay%time.Second != 0 {
		return durationsJSON{}, fmt.Errorf("retry_delay %v is not a whole number of seconds", retryDelay)
	}
	return durationsJSON{readTimeout.Milliseconds(), int64(retryDelay / time.Second)}, nil
}

func (d durationsJSON) durations() (readTimeout, retryDelay time.Duration) {
	return time.Duration(d.ReadTimeout) * time.Millisecond, time.Duration(d.RetryDelay) * time.Second
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
