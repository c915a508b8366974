package webhook

// Status is what became of a message, in one word. Values that are not listed here
// are accepted and returned unchanged.
type Status string

// The documented statuses. The first six are those of delivery reports, the
// others are used elsewhere in the API.
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

// Description describes a status in a few words. It is empty for a status that
// is not listed here.
func (s Status) Description() string { return statusMeanings[s] }

var statusMeanings = map[Status]string{
	StatusEnroute:    "on its way to the recipient",
	StatusSubmitted:  "handed to a downstream provider",
	StatusDelivered:  "delivered to the recipient",
	StatusExpired:    "not delivered before it expired",
	StatusRejected:   "refused, it will not be delivered",
	StatusFailed:     "the delivery failed",
	StatusQueued:     "waiting to be processed",
	StatusProcessing: "being processed",
	StatusProcessed:  "processed",
	StatusScheduled:  "to be sent later",
	StatusCancelled:  "cancelled before it was sent",
	StatusHeld:       "held for screening",
	StatusRead:       "read by the recipient",
	StatusUndefined:  "not known",
}

// Final reports whether no other outcome follows, so that a report that arrives late and
// says less can be ignored: nothing promises the order in which reports arrive. A message
// that is delivered may still be read. A status that is not listed here is not final.
func (s Status) Final() bool {
	switch s {
	case StatusDelivered, StatusExpired, StatusRejected, StatusFailed, StatusCancelled, StatusRead:
		return true
	}
	return false
}

// StatusCode is what became of a message, in detail. Codes 100 to 299 mean in progress
// or delivered, 300 to 399 rejected by the gateway, and 400 and above rejected by a
// provider or the recipient's handset. Codes that are not documented
// are accepted and returned unchanged.
type StatusCode int

// Description describes a code in a few words. It is empty for a code that is
// not documented.
func (c StatusCode) Description() string { return codeMeanings[c] }

var codeMeanings = map[StatusCode]string{
	101: "being processed by the gateway",
	102: "rerouted to another provider",
	151: "held for screening",
	200: "submitted to the downstream provider",
	210: "accepted by the downstream provider",
	211: "on its way",
	212: "submitted, the delivery is pending",
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
	414: "the destination can't be reached",
}
