package messagemedia

import "time"

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

// Webhook is a subscription as the API returns it. It marshals to the API's own JSON, and
// back. fmt and log/slog print it without the values of its headers and without the user
// info, query and fragment of its URL; its JSON, and a test's diff of its fields, show them.
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

	// untold are fields that the response has as null.
	untold fieldSet
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
