package webhook

import (
	"net/http"
	"strings"
)

// retryAfter is the Retry-After of each 503, in seconds: the shortest delay that a webhook
// can have between two attempts.
const retryAfter = "5"

// respond writes the status. It does not flush: a middleware may buffer the status, and
// net/http would send 200 instead.
func (r *receipt) respond(w http.ResponseWriter) {
	switch {
	case r.outcome.Reason == "":
		return // the handler itself panics
	case r.outcome.Status == 0:
		panic(http.ErrAbortHandler)
	}
	setResponseHeader(w.Header(), r.outcome.Status)
	w.WriteHeader(r.outcome.Status)
}

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
