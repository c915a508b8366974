package messagemedia

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
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

	// Message is the API's explanation, empty when the body has none that can be read.
	Message string

	// Details are what is wrong with the request, as in "/url: Not a valid http url".
	Details []string

	// RequestID identifies the call to the vendor's support. It is empty when the
	// response has none.
	RequestID string

	// RetryAfter is how long the API asked to wait, 0 when it did not.
	RetryAfter time.Duration

	// Header and Body are the response as it came. Body has its first 64 KiB. They are
	// never part of Error, for they can be anything: a proxy's page, an echo of
	// the request.
	Header http.Header
	Body   []byte

	// hint says what the response itself does not: why the credentials were refused.
	hint string
}

// Error names the operation, the status, the API's explanation and the request ID.
func (e *APIError) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "messagemedia: %s: %d", e.Operation, e.StatusCode)
	if text := http.StatusText(e.StatusCode); text != "" {
		s.WriteString(" " + text)
	}
	if e.Message != "" && e.Message != http.StatusText(e.StatusCode) {
		s.WriteString(": " + e.Message)
	}
	if len(e.Details) > 0 {
		s.WriteString(": " + strings.Join(e.Details, "; "))
	}
	if e.hint != "" {
		s.WriteString(": " + e.hint)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&s, " (retry after %v)", e.RetryAfter)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&s, " (request id %s)", e.RequestID)
	}
	return s.String()
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

// Error names the operation and all that is wrong.
func (e *ValidationError) Error() string {
	return fmt.Sprintf("messagemedia: %s: invalid request: %s", e.Operation, strings.Join(e.Details, "; "))
}

// Is reports whether target is ErrInvalidRequest.
func (e *ValidationError) Is(target error) bool { return target == ErrInvalidRequest }

// DecodeError is a response that says success and can't be read: it is cut off,
// larger than 10 MiB, or not the JSON that the API documents. To a deletion the API
// has nothing to say, and only a page of HTML is no response. It wraps the cause.
// When a change was asked for, the error matches ErrOutcomeUnknown, too.
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

// Error names the operation, the status, what was wrong and the request ID.
func (e *DecodeError) Error() string {
	s := fmt.Sprintf("messagemedia: %s: decode response: %d %s: %v",
		e.Operation, e.StatusCode, http.StatusText(e.StatusCode), e.Err)
	if e.RequestID != "" {
		s += fmt.Sprintf(" (request id %s)", e.RequestID)
	}
	return s
}

// Unwrap returns the cause.
func (e *DecodeError) Unwrap() error { return e.Err }

// newAPIError reads what it can of a response. The status is kept whatever the
// body is: JSON of either form, HTML, nothing, half of something.
func newAPIError(operation string, response *http.Response, body []byte) *APIError {
	var parsed struct {
		Message string            `json:"message"`
		Details []json.RawMessage `json:"details"`

		// The newer form of the platform's errors.
		UUID          string            `json:"uuid"`
		Title         string            `json:"title"`
		Detail        string            `json:"detail"`
		InvalidFields []json.RawMessage `json:"invalidFields"`
	}
	// A field of another type than expected is skipped, the others are still read.
	_ = json.Unmarshal(body, &parsed)

	messages := slices.DeleteFunc([]string{parsed.Message, parsed.Title, parsed.Detail}, func(s string) bool { return s == "" })
	return &APIError{
		Operation:  operation,
		StatusCode: response.StatusCode,
		Message:    strings.Join(messages, ": "),
		Details:    detailStrings(slices.Concat(parsed.Details, parsed.InvalidFields)),
		RequestID:  cmp.Or(requestID(response.Header), parsed.UUID),
		RetryAfter: retryAfter(response.Header),
		Header:     response.Header,
		Body:       body,
		hint:       hint(response),
	}
}

// detailStrings returns JSON strings decoded, and other JSON values as they are.
func detailStrings(values []json.RawMessage) []string {
	var texts []string
	for _, value := range values {
		text := string(value)
		_ = json.Unmarshal(value, &text)
		texts = append(texts, text)
	}
	return texts
}

func requestID(header http.Header) string {
	return cmp.Or(header.Get("X-Request-Id"), header.Get("X-Correlation-Id"), header.Get("X-Amzn-Requestid"), header.Get("Request-Id"))
}

// hint explains a response where the reason is likely on this side.
func hint(response *http.Response) string {
	switch {
	case response.StatusCode == http.StatusUnauthorized:
		return unauthorizedHint(response)
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return "redirects are not followed, check the base URL"
	}
	return ""
}

func unauthorizedHint(response *http.Response) string {
	if strings.HasPrefix(response.Request.Header.Get("Authorization"), "hmac ") {
		if response.ProtoMajor > 1 {
			return "the signature is for HTTP/1.1 and the request went over " + response.Proto +
				": an Authenticator that wraps HMACAuth needs the method RequiresHTTP1, a RoundTripper of your own must speak HTTP/1.1"
		}
		if skew, known := clockSkew(response.Header); known && skew.Abs() > maxClockSkew {
			direction := "ahead of"
			if skew < 0 {
				direction = "behind"
			}
			return fmt.Sprintf("the local clock is %v %s the API's, and signatures are valid for %v", skew.Abs(), direction, maxClockSkew)
		}
	}
	return "check the API key, the secret, and that the base URL is that of their region"
}

// maxClockSkew is how far the Date of a signed request may be off. The gateway
// documents about five minutes.
const maxClockSkew = 300 * time.Second

// clockSkew tells how far the local clock is ahead of the one that dated the response.
func clockSkew(header http.Header) (skew time.Duration, known bool) {
	date, err := http.ParseTime(header.Get("Date"))
	return time.Since(date).Round(time.Second), err == nil
}

// transportError is an attempt that failed without a response, or in the middle
// of one. It is a net.Error.
//
// It stands in for its cause in errors.Is and errors.As instead of unwrapping it,
// since timeouts of net and net/http say that they are context.DeadlineExceeded,
// and callers must be able to tell those from the end of their own context.
type transportError struct{ cause error }

func (e *transportError) Error() string { return e.cause.Error() }

func (e *transportError) Is(target error) bool {
	return target != context.DeadlineExceeded && target != context.Canceled && errors.Is(e.cause, target)
}

func (e *transportError) As(target any) bool { return errors.As(e.cause, target) }

func (e *transportError) Timeout() bool {
	cause, ok := errors.AsType[net.Error](e.cause)
	return ok && cause.Timeout()
}

// Temporary is part of net.Error, and deprecated there.
func (e *transportError) Temporary() bool { return e.Timeout() }

// attemptTimeoutError is the cause when an attempt took longer than the client allows.
type attemptTimeoutError time.Duration

func (t attemptTimeoutError) Error() string {
	return fmt.Sprintf("no complete response within %v", time.Duration(t))
}
func (t attemptTimeoutError) Timeout() bool   { return true }
func (t attemptTimeoutError) Temporary() bool { return true }
