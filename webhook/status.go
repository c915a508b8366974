package webhook

// Status is the status of a message. Values that are not listed here are accepted and
// returned unchanged.
type Status string

// The documented statuses. Delivery reports use the first six. Other parts of the API use
// the rest.
const (
	StatusEnroute    Status = "enroute"
	StatusSubmitted  Status = "submitted"
	StatusDelivered  Status = "delivered"
	StatusExpired    Status = "expired"
	StatusRejected   Status = "rejected"
	StatusFailed     Status = "failed"
	StatusQueued     Status = "queued"
	StatusProcessing Status = "processing"
	StatusProcessed  Status = "processed"
	StatusScheduled  Status = "scheduled"
	StatusCancelled  Status = "cancelled"
	StatusHeld       Status = "held"
	StatusRead       Status = "read"
	StatusUndefined  Status = "undefined"
)

// Description returns a short description of the status. It is empty for a status that is
// not listed here.
func (s Status) Description() string { return statusDescriptions[s] }

var statusDescriptions = map[Status]string{
	StatusEnroute:    "in transit to the recipient",
	StatusSubmitted:  "handed to a downstream provider",
	StatusDelivered:  "delivered to the recipient",
	StatusExpired:    "not delivered before it expired",
	StatusRejected:   "rejected, will not be delivered",
	StatusFailed:     "delivery failed",
	StatusQueued:     "waiting to be processed",
	StatusProcessing: "being processed",
	StatusProcessed:  "processed",
	StatusScheduled:  "scheduled to be sent later",
	StatusCancelled:  "cancelled before it was sent",
	StatusHeld:       "held for screening",
	StatusRead:       "read by the recipient",
	StatusUndefined:  "unknown",
}

// Final reports whether the status is the last one of a message, except that a delivered
// message may still be read. Reports can arrive in any order: ignore one that is not final
// if it arrives after a final one. A status that is not listed here is not final.
func (s Status) Final() bool {
	switch s {
	case StatusDelivered, StatusExpired, StatusRejected, StatusFailed, StatusCancelled, StatusRead:
		return true
	}
	return false
}

// StatusCode is the status of a message in detail. Codes 100 to 299 mean in progress or
// delivered. Codes 300 to 399 mean rejected by the gateway. Codes of 400 and above mean
// rejected by a provider or by the recipient's handset. Codes that are not documented are
// accepted and returned unchanged.
type StatusCode int

// Description returns a short description of the code. It is empty for a code that is not
// documented.
func (c StatusCode) Description() string { return codeDescriptions[c] }

var codeDescriptions = map[StatusCode]string{
	101: "being processed by the gateway",
	102: "rerouted to another provider",
	151: "held for screening",
	200: "submitted to the downstream provider",
	210: "accepted by the downstream provider",
	211: "in transit",
	212: "submitted, delivery pending",
	213: "scheduled by the downstream provider",
	220: "delivered",
	221: "delivered to the handset",
	301: "a usage threshold was reached",
	302: "the destination address is blocked",
	303: "the source address is blocked",
	304: "dropped",
	305: "discarded as a duplicate",
	320: "expired before it was submitted",
	330: "the gateway failed",
	331: "discarded",
	332: "there is no route to the destination",
	333: "the source address is not supported for this destination",
	400: "undeliverable",
	401: "expired before it was delivered",
	402: "rejected by the downstream provider",
	403: "skipped by the downstream provider",
	405: "cancelled or deleted by the provider",
	410: "the source address is invalid",
	411: "the destination address is invalid",
	412: "the destination address is blocked",
	413: "SMS is not available at the destination",
	414: "the destination is unreachable",
}
