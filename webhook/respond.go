package webhook

import (
	"net/http"
	"strings"
)

// retryAfter is the Retry-After of each 503, in seconds: the shortest delay that a webhook
// can have between two attempts.
const retryAfter = "5"

// respond writes the response. If the goroutine is exiting, the server will not complete the
// response, so respond flushes it.
func (r *receipt) respond(w http.ResponseWriter, exiting bool) {
	status := r.outcome.Status
	if status == 0 {
		panic(http.ErrAbortHandler)
	}
	setResponseHeader(w.Header(), status)
	if exiting {
		w.Header().Set("Connection", "close")
		if status != http.StatusNoContent {
			w.Header().Set("Content-Length", "0")
		}
	}
	w.WriteHeader(status)
	if exiting {
		http.NewResponseController(w).Flush()
	}
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

// responseStatus returns the status of the response for a reason.
func responseStatus(reason Reason) int {
	switch reason {
	case ReasonHandled, ReasonDuplicate:
		return http.StatusNoContent
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
