package webhook

import (
	"cmp"
	"context"
	"net/http"
)

// RawRequest is an HTTP request in parts, for a delivery that did not come through
// net/http: a function-as-a-service, a queue. Printed through fmt or slog, it shows no
// header value, no query and no body.
type RawRequest struct {
	// Method is the request's method.
	Method string

	// Target is the request's target as it stood in the request line: path and query,
	// nothing decoded or sorted.
	Target string

	// Header has the request's headers. Names match in any case, since many gateways
	// write them in lower case.
	Header http.Header

	// Body is the request's body, every byte of it.
	Body []byte
}

// RawResponse is the response to a [RawRequest]. It has no body.
type RawResponse struct {
	// Status is the HTTP status, such as 204.
	Status int

	// Header has the headers that go with it, such as Retry-After. It is never nil.
	Header http.Header
}

// HandleRaw does what [Handler.ServeHTTP] does, for a request that did not come through
// net/http: the same checks, bounds and deadlines, the same callback, observer and
// response. A panic with
// http.ErrAbortHandler is treated as any other.
func (h *Handler) HandleRaw(ctx context.Context, raw RawRequest) RawResponse {
	receipt := &receipt{
		handler: h,
		parent:  ctx,
		target:  func() string { return h.verifier.target.ofRaw(raw.Target) },
		method:  raw.Method,
		header:  raw.Header,
		readBody: func(*receipt) ([]byte, error) {
			return raw.Body, h.verifier.checkSize(int64(len(raw.Body)))
		},
		contentLength: int64(len(raw.Body)),
	}
	runInGoroutine(func() { h.receive(receipt) })
	response := RawResponse{Status: cmp.Or(receipt.outcome.Status, http.StatusInternalServerError), Header: http.Header{}}
	setResponseHeader(response.Header, response.Status)
	return response
}
