package messagemedia

import "time"

// EventType names an event that a webhook can subscribe to. Unlisted values are accepted
// and returned unchanged.
type EventType string

// The documented event types. Those that end in DR are delivery reports.
const (
	EventReceivedSMS EventType = "RECEIVED_SMS" // a text message was received
	EventReceivedMMS EventType = "RECEIVED_MMS" // a multimedia message was received
	EventOptOutSMS   EventType = "OPT_OUT_SMS"  // a recipient opted out
	EventEnrouteDR   EventType = "ENROUTE_DR"   // the message is in progress
	EventExpiredDR   EventType = "EXPIRED_DR"   // the message expired before it was delivered
	EventRejectedDR  EventType = "REJECTED_DR"  // the message will not be delivered
	EventFailedDR    EventType = "FAILED_DR"    // the delivery failed
	EventDeliveredDR EventType = "DELIVERED_DR" // the message was delivered
	EventSubmittedDR EventType = "SUBMITTED_DR" // the message was handed to a carrier
)

// Encoding names the format of a webhook's payloads. The platform sets their Content-Type
// from it. Unlisted values are accepted and returned unchanged.
type Encoding string

// The documented encodings.
const (
	EncodingJSON Encoding = "JSON"
	EncodingForm Encoding = "FORM_ENCODED"
	EncodingXML  Encoding = "XML"
)

// Webhook is a subscription as the API returns it. It marshals to and from the API's own
// JSON. fmt and log/slog print it without header values and without the user info, query
// and fragment of its URL. Its JSON and a test's diff show them.
type Webhook struct {
	// ID is a UUID that the platform assigns.
	ID string `json:"id"`

	// URL is the endpoint. Together with Method it is unique in an account.
	URL string `json:"url"`

	// Method is the HTTP method of deliveries.
	Method string `json:"method"`

	// Encoding is the format of the payload. If the response has null, it is empty.
	Encoding Encoding `json:"encoding"`

	// Events are the event types that the webhook subscribes to.
	Events []EventType `json:"events"`

	// Headers are sent with each delivery. They often contain the receiver's tokens.
	Headers map[string]string `json:"headers"`

	// Template is the Apache Velocity template of the payload. It may be empty.
	Template string `json:"template,omitzero"`

	// ReadTimeout is how long the platform waits for the receiver's response. If zero, it
	// is unset and the platform waits 20 seconds.
	ReadTimeout time.Duration `json:"-"` // read_timeout, in milliseconds

	// Retries is the number of retries of a failed delivery. If zero, which is the
	// platform's default, a delivery that fails once is lost.
	Retries int `json:"retries"`

	// RetryDelay is the time between two attempts. If there are no retries, it is zero.
	RetryDelay time.Duration `json:"-"` // retry_delay, in seconds

	// untold has the fields that are null in the response.
	untold fieldSet
}

// CreateWebhookRequest describes a webhook to create. URL, Method, Encoding and
// Events are required. ReadTimeout, Retries and RetryDelay cannot be changed later.
type CreateWebhookRequest struct {
	// URL is the endpoint: http or https, at most 1000 characters. It may contain
	// template variables, as in "https://example.com/sms?text=$moContent". Whether the
	// platform percent-encodes their values is not documented.
	URL string `json:"url"`

	// Method is the HTTP method of deliveries: GET, POST, PATCH, PUT or DELETE.
	Method string `json:"method"`

	// Encoding is the format of the payload. The platform sets the Content-Type from it.
	Encoding Encoding `json:"encoding"`

	// Events are the event types to subscribe to, at least one.
	Events []EventType `json:"events"`

	// Headers are sent with each delivery. A name can have 200 characters, a value 1000.
	// Content-Type is not allowed.
	Headers map[string]string `json:"headers,omitzero"`

	// Template is the Apache Velocity template of the payload: [JSONTemplate] or your
	// own, which package template can check.
	Template string `json:"template,omitzero"`

	// ReadTimeout is how long the platform waits for the receiver's response, in whole
	// milliseconds from 1 ms to 60 s. If zero, it is the platform's default, 20 s.
	ReadTimeout time.Duration `json:"-"` // read_timeout, in milliseconds

	// Retries is the number of retries of a failed delivery, from 0 to 5. If zero, which
	// is the platform's default, a delivery that fails once is lost.
	Retries int `json:"retries,omitzero"`

	// RetryDelay is the time between two attempts, in whole seconds from 5 s to 60 s. If
	// zero, it is the platform's default, which is not documented.
	RetryDelay time.Duration `json:"-"` // retry_delay, in seconds
}

// UpdateWebhookRequest describes a change. Only fields that are set are sent, and at least
// one must be set. The limits are those of [CreateWebhookRequest].
//
// The platform cannot change ReadTimeout, Retries and RetryDelay. To change those, delete
// and recreate the webhook.
type UpdateWebhookRequest struct {
	// URL replaces the URL, unless it is empty.
	URL string `json:"url,omitzero"`

	// Method replaces the method, unless it is empty.
	Method string `json:"method,omitzero"`

	// Encoding replaces the encoding, unless it is empty.
	Encoding Encoding `json:"encoding,omitzero"`

	// Events replaces all events, unless it is nil. An empty slice is invalid.
	Events []EventType `json:"events,omitzero"`

	// Headers replaces all headers, unless it is nil. An empty map clears them.
	Headers map[string]string `json:"headers,omitzero"`

	// Template replaces the template, unless it is nil. A pointer to an empty string,
	// new(""), clears it.
	Template *string `json:"template,omitzero"`
}

// ListWebhooksRequest chooses a page of the account's webhooks.
type ListWebhooksRequest struct {
	// Page is the number of the page. The first is 0.
	Page int

	// PageSize is the maximum number of webhooks in a page. If zero, it is the platform's
	// default, 100.
	PageSize int
}

// WebhookPage is one page of the account's webhooks. It marshals to and from
// the API's own JSON.
type WebhookPage struct {
	// Page is the number of this page. The first is 0.
	Page int `json:"page"`

	// PageSize is the page size that the platform used. It may differ from the requested
	// one. A page with fewer webhooks is the last one.
	PageSize int `json:"pageSize"`

	// Webhooks are the page's webhooks.
	Webhooks []*Webhook `json:"pageData"`
}
