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
	maxErrorText      = 1 << 10  // bytes of Error, of what comes from outside
	maxValidationText = 16 << 10 // bytes, of what the caller wrote
	maxRequestIDText  = 100
)

// What an error matches with errors.Is, whatever its type.
var (
	// ErrInvalidRequest: The API responded 400, or the request was refused before it
	// was sent (see [ValidationError]).
	ErrInvalidRequest = errors.New("invalid request")

	// ErrUnauthorized: The API responded 401. The credentials are wrong, or belong to
	// another region, or the clock of an HMAC client is.
	ErrUnauthorized = errors.New("unauthorized")

	// ErrForbidden: The API responded 403. The account does not have the feature.
	ErrForbidden = errors.New("forbidden")

	// ErrNotFound: The API responded 404, or a listing does not have the webhook.
	ErrNotFound = errors.New("not found")

	// ErrConflict: The API responded 409. URL and method are another webhook's.
	ErrConflict = errors.New("conflict")

	// ErrRateLimited: The API responded 429, at every attempt.
	ErrRateLimited = errors.New("rate limited")

	// ErrServer: The API responded 5xx, at every attempt that could be made.
	ErrServer = errors.New("server error")

	// ErrOutcomeUnknown: a change was sent, and no response reports whether it took
	// effect. The error matches its cause beside this.
	ErrOutcomeUnknown = errors.New("outcome unknown: the change may have taken effect")
)

// APIError is what the API responded in place of success: a status other than
// 2xx. It matches ErrInvalidRequest (400), ErrUnauthorized (401), ErrForbidden
// (403), ErrNotFound (404), ErrConflict (409), ErrRateLimited (429) and
// ErrServer (5xx) with errors.Is.
type APIError struct {
	// Operation is the method of Client that was called, such as "CreateWebhook".
	Operation string

	// StatusCode is the HTTP status.
	StatusCode int

	// Message is the API's explanation, empty if the body has none that can be read.
	// Values of the request's headers, and its URL's query, user info and fragment, are
	// hidden in it if they have 8 bytes or more, as are the credentials.
	Message string

	// Details are what is wrong with the request, as in "/url: Not a valid http url". The
	// same is hidden in them.
	Details []string

	// RequestID identifies the call to the vendor's support. It is empty when the
	// response has none.
	RequestID string

	// RetryAfter is how long the API asked to wait, 0 when it did not.
	RetryAfter time.Duration

	// Header and Body are the response as it came, and may repeat the request with its
	// tokens. Body has its first 64 KiB. They are no part of Error, of what fmt and slog
	// print, and of the error's JSON.
	Header http.Header `json:"-"`
	Body   []byte      `json:"-"`

	// hint says what the response itself does not: why the credentials were refused.
	hint string
}

// Error names the operation, the status, the API's explanation and the request ID, in one
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

// statusText is a status with its name, if it has one.
func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

func requestIDText(id string) string {
	if id == "" {
		return ""
	}
	return " (request id " + redact.Line(id, maxRequestIDText) + ")"
}

// Format prints the same for every verb: fmt would print the fields for some, the body
// among them.
func (e APIError) Format(state fmt.State, verb rune) { redact.Format(state, verb, e.Error()) }

// LogValue is a group without the header and the body.
func (e APIError) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("error", e.Error()),
		slog.String("operation", e.Operation),
		slog.Int("status", e.StatusCode),
		slog.String("request_id", redact.Line(e.RequestID, maxRequestIDText)))
}

// Is reports whether target is the value that stands for the status.
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

// ValidationError is a request that was refused before anything was sent. It
// matches ErrInvalidRequest with errors.Is.
type ValidationError struct {
	// Operation is the method of Client that the request is for.
	Operation string

	// Details are all that is wrong, worded like those of the API.
	Details []string
}

// Error names the operation and all that is wrong, in one line.
func (e *ValidationError) Error() string {
	details := redact.Line(strings.Join(e.Details, "; "), maxValidationText)
	return fmt.Sprintf("messagemedia: %s: invalid request: %s", e.Operation, details)
}

// Is reports whether target is ErrInvalidRequest.
func (e *ValidationError) Is(target error) bool { return target == ErrInvalidRequest }

// DecodeError is a response that says success and can't be read: it is cut off, larger
// than 10 MiB, or not the JSON that the API documents. The response to a deletion is empty
// or JSON; anything else comes from a proxy or a portal. DecodeError wraps the cause. If a
// change was asked for, the error matches ErrOutcomeUnknown, too.
type DecodeError struct {
	// Operation is the method of Client that was called.
	Operation string

	// StatusCode is the HTTP status, 2xx.
	StatusCode int

	// RequestID identifies the call to the vendor's support. It is empty when the
	// response has none.
	RequestID string

	// Err is what was wrong.
	Err error
}

// Error names the operation, the status, what was wrong and the request ID, in one line
// of at most 1 KiB.
func (e *DecodeError) Error() string {
	head, tail := fmt.Sprintf("messagemedia: %s: decode response: %s: ", e.Operation, statusText(e.StatusCode)), requestIDText(e.RequestID)
	return head + redact.Line(fmt.Sprint(e.Err), maxErrorText-len(head)-len(tail)) + tail
}

// Unwrap returns the cause.
func (e *DecodeError) Unwrap() error { return e.Err }
