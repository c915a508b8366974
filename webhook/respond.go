package webhook

import (
	"net/http"
	"strings"
)

// retryAfter is the Retry-After of each 503, in seconds: the shortest delay that a webhook
// can have between two attempts.
const retryAfter = "5"

// setResponseHeader sets the headers of a response with this status. No response has a body.
func setResponseHeader(header http.Header, status int) {
	switch status {
	case http.StatusMethodNotAllowed:
		header.Set("Allow", strings.Join(methods, ", "))
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", retryAfter)
	}
}

// responseStatus returns the status of the response if the delivery was not acknowledged.
func responseStatus(reason Reason) int {
	switch reason {
	case ReasonMethod:
		return http.StatusMethodNotAllowed
	case ReasonTooLarge:
		return http.StatusRequestEntityTooLarge
	case ReasonBody:
		return http.StatusBadRequest
	case ReasonPanic, ReasonBodyConsumed:
		return http.StatusInternalServerError
	case ReasonBusy, ReasonKeySource, ReasonDeduplicator, ReasonCallback, ReasonTimeout, ReasonCanceled:
		return http.StatusServiceUnavailable
	}
	return http.StatusUnauthorized
}
