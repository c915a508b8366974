package webhook

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// retryAfter, in seconds, goes with each 503. It is the shortest delay that a webhook can
// have between two attempts.
const retryAfter = "5"

// respond sets the header of a response, which never has a body.
func respond(header http.Header, status int) {
	switch status {
	case http.StatusMethodNotAllowed:
		header.Set("Allow", strings.Join(methods, ", "))
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", retryAfter)
	}
}

// responseStatus is the status for a delivery that ended for a reason.
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

// readDeadline limits reading a body, where the server can do that.
type readDeadline struct {
	controller *http.ResponseController
	request    *http.Request
}

func newReadDeadline(w http.ResponseWriter, r *http.Request) readDeadline {
	return readDeadline{http.NewResponseController(w), r}
}

// set never extends the time that the server itself gives.
func (d readDeadline) set(ctx context.Context) {
	deadline, _ := ctx.Deadline()
	server, ok := d.request.Context().Value(http.ServerContextKey).(*http.Server)
	if ok && server.ReadTimeout > 0 && server.ReadTimeout < time.Until(deadline) {
		return
	}
	d.controller.SetReadDeadline(deadline)
}

// clear keeps the deadline, and the server's own, from ending the request's context while
// the callback runs.
func (d readDeadline) clear() { d.controller.SetReadDeadline(time.Time{}) }
