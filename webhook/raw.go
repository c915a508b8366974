package webhook

import (
	"context"
	"maps"
	"net/http"
	"slices"
)

// RawRequest is an HTTP request that did not arrive through net/http, for example in a
// function as a service or from a queue. Packages fmt and log/slog print its method, path
// and size. They print no header, query or body.
type RawRequest struct {
	// Method is the request's method.
	Method string

	// Target is the target of the request line: path and query, neither decoded nor
	// sorted.
	Target string

	// Header contains the request's headers. Their names can have any case, because many
	// gateways send lower case.
	Header http.Header

	// Body is the complete body of the request.
	Body []byte
}

// RawResponse is the response to a [RawRequest]. It has no body.
type RawResponse struct {
	// Status is the HTTP status, such as 204.
	Status int

	// Header contains the headers of the response, such as Retry-After. It is never nil.
	Header http.Header
}

// HandleRaw handles a request that did not arrive through net/http. It applies the same
// checks, limits and deadlines as [Handler.ServeHTTP], calls the same callback and observer,
// and returns the same response. It recovers every panic, also one with
// http.ErrAbortHandler.
func (h *Handler) HandleRaw(ctx context.Context, raw RawRequest) RawResponse {
	receipt := &receipt{
		handler: h,
		parent:  ctx,
		target:  func() string { return h.verifier.target.ofRaw(raw.Target) },
		method:  raw.Method,
		header:  canonicalHeader(raw.Header),
		readBody: func(*receipt) ([]byte, error) {
			return raw.Body, h.verifier.checkSize(int64(len(raw.Body)))
		},
		contentLength: int64(len(raw.Body)),
	}
	runInGoroutine(receipt.receive)
	response := RawResponse{Status: receipt.outcome.Status, Header: http.Header{}}
	setResponseHeader(response.Header, response.Status)
	return response
}

// canonicalHeader returns the header with its names in canonical form, as net/http receives
// them.
func canonicalHeader(header http.Header) http.Header {
	isCanonical := true
	for name := range header {
		isCanonical = isCanonical && name == http.CanonicalHeaderKey(name)
	}
	if isCanonical {
		return header
	}
	canonical := make(http.Header, len(header))
	for _, name := range slices.Sorted(maps.Keys(header)) {
		key := http.CanonicalHeaderKey(name)
		canonical[key] = append(canonical[key], header[name]...)
	}
	return canonical
}
