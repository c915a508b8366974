package messagemedia

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/redact"
)

const (
	maxErrorText      = 1 << 10  // bytes of Error with text from outside
	maxValidationText = 16 << 10 // bytes of Error with text of the caller
	maxRequestIDText  = 100
)

// Sentinel errors, for errors.Is. Errors of any type may match them.
var (
	// ErrInvalidRequest means that the API responded 400, or that the request was
	// rejected before it was sent (see [ValidationError]).
	ErrInvalidRequest = errors.New("invalid request")

	// ErrUnauthorized means that the API responded 401. Possible
	// causes are wrong credentials, the base URL of another region and, with [HMACAuth],
	// an incorrect local clock.
	ErrUnauthorized = errors.New("unauthorized")

	// ErrForbidden means that the API responded 403. The account does not have the
	// feature.
	ErrForbidden = errors.New("forbidden")

	// ErrNotFound means that the API responded 404, or that the list lacks the webhook.
	ErrNotFound = errors.New("not found")

	// ErrConflict means that the API responded 409. Another webhook already uses this URL
	// and method.
	ErrConflict = errors.New("conflict")

	// ErrRateLimited means that the API responded 429 to the last attempt.
	ErrRateLimited = errors.New("rate limited")

	// ErrServer means that the API responded 5xx to the last attempt.
	ErrServer = errors.New("server error")

	// ErrOutcomeUnknown means that a change was sent and that its outcome is unknown. The
	// error also matches its cause.
	ErrOutcomeUnknown = errors.New("outcome unknown: the change may have taken effect")
)

// APIError is a non-2xx response of the API. With errors.Is, it matches ErrInvalidRequest
// (400), ErrUnauthorized (401), ErrForbidden (403), ErrNotFound (404), ErrConflict (409),
// ErrRateLimited (429) and ErrServer (5xx).
type APIError struct {
	// Operation is the called method of Client, such as "CreateWebhook".
	Operation string

	// StatusCode is the HTTP status.
	StatusCode int

	// Message is the API's explanation. If the body has none or is unreadable, it is
	// empty. Credentials, the request's header values, and the user info, query and
	// fragment of its URL are redacted if they have 8 bytes or more.
	Message string

	// Details are the problems of the request, such as "/url: Not a valid http url". They
	// are redacted like Message.
	Details []string

	// RequestID identifies the request to the vendor's support. If the response has none,
	// it is empty.
	RequestID string

	// RetryAfter is how long the API asked to wait. If it did not ask, it is zero.
	RetryAfter time.Duration

	// Header and Body are those of the response, and may repeat the request with its
	// tokens. Body has at most 64 KiB. Neither is in the text of Error, in the output of
	// fmt and slog, or in the error's JSON.
	Header http.Header `json:"-"`
	Body   []byte      `json:"-"`

	// hint explains why the credentials were rejected, which the response does not.
	hint string
}

// Error returns the operation, the status, the API's explanation and the request ID, in one
// line of at most 1 KiB.
func (e *APIError) Error() string {
	var s strings.Builder
	if e.Message != "" && e.Message != http.StatusText(e.StatusCode) {
		s.WriteString(": " + e.Message)
	}
	if len(e.Details) > 0 {
		s.WriteString(": " + strings.Join(e.Details, "; "))
	}
	head := fmt.Sprintf("messagemedia: %s: %s", e.Operation, statusText(e.StatusCode))
	var tail string
	if e.hint != "" {
		tail += ": " + e.hint
	}
	if e.RetryAfter > 0 {
		tail += fmt.Sprintf(" (retry after %v)", e.RetryAfter)
	}
	tail += requestIDText(e.RequestID)
	return head + redact.Line(s.String(), maxErrorText-len(head)-len(tail)) + tail
}

// statusText returns a status with its name, if it has one.
func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

func requestIDText(id string) string {
	if id == "" {
		return ""
	}
	return " (request id " + redact.Line(id, maxRequestIDText) + ")"
}

// Format prints the text of Error for every verb. For some verbs, fmt would print the
// fields, with the body.
func (e APIError) Format(state fmt.State, verb rune) { redact.Format(state, verb, e.Error()) }

// LogValue returns a group without the header and the body.
func (e APIError) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("error", e.Error()),
		slog.String("operation", e.Operation),
		slog.Int("status", e.StatusCode),
		slog.String("request_id", redact.Line(e.RequestID, maxRequestIDText)))
}

// Is reports whether target is the sentinel error of the status.
func (e *APIError) Is(target error) bool {
	switch e.StatusCode {
	case http.StatusBadRequest:
		return target == ErrInvalidRequest
	case http.StatusUnauthorized:
		return target == ErrUnauthorized
	case http.StatusForbidden:
		return target == ErrForbidden
	case http.StatusNotFound:
		return target == ErrNotFound
	case http.StatusConflict:
		return target == ErrConflict
	case http.StatusTooManyRequests:
		return target == ErrRateLimited
	}
	return e.StatusCode >= 500 && target == ErrServer
}

// ValidationError is a request that was rejected before anything was sent. With errors.Is,
// it matches ErrInvalidRequest.
type ValidationError struct {
	// Operation is the method of Client that the request is for.
	Operation string

	// Details are all problems of the request, in the wording of the API.
	Details []string
}

// Error returns the operation and all details in one line.
func (e *ValidationError) Error() string {
	details := redact.Line(strings.Join(e.Details, "; "), maxValidationText)
	return fmt.Sprintf("messagemedia: %s: invalid request: %s", e.Operation, details)
}

// Is reports whether target is ErrInvalidRequest.
func (e *ValidationError) Is(target error) bool { return target == ErrInvalidRequest }

// DecodeError is a 2xx response that cannot be decoded: it is truncated, larger than 10 MiB,
// or not the JSON that the API documents. The response to a deletion must be empty or JSON;
// any other comes from a proxy or a portal. If the call was a change, the error also matches
// [ErrOutcomeUnknown].
type DecodeError struct {
	// Operation is the called method of Client.
	Operation string

	// StatusCode is the HTTP status, 2xx.
	StatusCode int

	// RequestID identifies the request to the vendor's support. If the response has none,
	// it is empty.
	RequestID string

	// Err is the cause.
	Err error
}

// Error returns the operation, the status, the cause and the request ID, in one line of at
// most 1 KiB.
func (e *DecodeError) Error() string {
	head, tail := fmt.Sprintf("messagemedia: %s: decode response: %s: ", e.Operation, statusText(e.StatusCode)), requestIDText(e.RequestID)
	return head + redact.Line(fmt.Sprint(e.Err), maxErrorText-len(head)-len(tail)) + tail
}

// Unwrap returns the cause.
func (e *DecodeError) Unwrap() error { return e.Err }
