package messagemedia

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/redact"
)

// newAPIError returns the error of a non-2xx response. It keeps the status even if the body
// is empty, truncated or HTML.
func (a *attempt) newAPIError(body []byte) *APIError {
	var parsed struct {
		Message string      `json:"message"`
		Details detailsJSON `json:"details"`

		// The newer format of the platform's errors.
		UUID          string      `json:"uuid"`
		Title         string      `json:"title"`
		Detail        string      `json:"detail"`
		InvalidFields detailsJSON `json:"invalidFields"`
	}
	// If a field has an unexpected type, it is skipped and the others are still decoded.
	_ = json.Unmarshal(bytes.TrimPrefix(body, byteOrderMark), &parsed)

	secrets := a.secrets()
	messages := slices.DeleteFunc([]string{parsed.Message, parsed.Title, parsed.Detail}, func(s string) bool { return s == "" })
	details := slices.Concat(parsed.Details, parsed.InvalidFields)
	for i := range details {
		details[i] = secrets.Hide(details[i])
	}
	return &APIError{
		Operation:  a.call.operation,
		StatusCode: a.response.StatusCode,
		Message:    secrets.Hide(strings.Join(messages, ": ")),
		Details:    details,
		RequestID:  secrets.Hide(cmp.Or(requestID(a.response.Header), parsed.UUID)),
		RetryAfter: retryAfter(a.response.Header),
		Header:     a.response.Header,
		Body:       body,
		hint:       hint(a.request, a.response),
	}
}

// secrets returns the tokens in an attempt's request: those of the webhook in its body, and
// the credentials.
func (a *attempt) secrets() redact.Secrets {
	var secrets redact.Secrets
	secrets.AddURL(a.call.url)
	for _, value := range a.call.headers {
		secrets.AddValue(value)
	}
	if a.request == nil {
		return secrets
	}
	if key, secret, ok := a.request.BasicAuth(); ok {
		secrets.AddValue(key)
		secrets.AddValue(secret)
	}
	for name, values := range a.request.Header {
		if slices.Contains(ownHeaders, name) {
			continue
		}
		for _, value := range values {
			if parts := strings.Split(value, `"`); strings.HasPrefix(value, "hmac ") && len(parts) > 2 {
				secrets.AddValue(parts[1])            // the key
				secrets.AddValue(parts[len(parts)-2]) // the signature
				continue
			}
			secrets.AddValue(value)
		}
	}
	return secrets
}

// ownHeaders are the headers that contain no credentials. A middleware may set a request ID.
var ownHeaders = append([]string{"Accept", "Account", "Content-Md5", "Content-Type", "Date", "User-Agent", "X-Content-Md5"}, requestIDHeaders...)

var requestIDHeaders = []string{"X-Request-Id", "X-Correlation-Id", "X-Amzn-Requestid", "Request-Id"}

// detailsJSON decodes details: a list, a single string, or an object with a detail for each
// field.
type detailsJSON []string

func (d *detailsJSON) UnmarshalJSON(data []byte) error {
	var list []json.RawMessage
	if json.Unmarshal(data, &list) == nil {
		for _, value := range list {
			*d = append(*d, textJSON(value))
		}
		return nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) == nil {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			*d = append(*d, name+": "+textJSON(fields[name]))
		}
		return nil
	}
	*d = append(*d, textJSON(data))
	return nil
}

// textJSON decodes a JSON string, and returns any other JSON value unchanged.
func textJSON(value json.RawMessage) string {
	text := string(value)
	_ = json.Unmarshal(value, &text)
	return text
}

func requestID(header http.Header) string {
	for _, name := range requestIDHeaders {
		if id := header.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// hint suggests what to check on the client's side, or returns "".
func hint(request *http.Request, response *http.Response) string {
	switch {
	case response.StatusCode == http.StatusUnauthorized:
		return unauthorizedHint(request, response)
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return "redirects are not followed; check the base URL"
	}
	return ""
}

func unauthorizedHint(request *http.Request, response *http.Response) string {
	if strings.HasPrefix(request.Header.Get("Authorization"), "hmac ") {
		if response.ProtoMajor > 1 {
			return "the signature is for HTTP/1.1 but the request was sent over " + response.Proto +
				"; an Authenticator that wraps HMACAuth needs the method RequiresHTTP1, and a custom RoundTripper must use HTTP/1.1"
		}
		if skew, known := clockSkew(response.Header); known && skew.Abs() > maxClockSkew {
			direction := "ahead of"
			if skew < 0 {
				direction = "behind"
			}
			return fmt.Sprintf("the local clock is %v %s the API's, and signatures are valid for %v", skew.Abs(), direction, maxClockSkew)
		}
	}
	return "check the API key, the secret, and whether the base URL is that of the account's region"
}

// maxClockSkew is the maximum skew of the Date of a signed request. The documentation says
// about five minutes.
const maxClockSkew = 300 * time.Second

// clockSkew returns how far the local clock is ahead of the Date of the response.
func clockSkew(header http.Header) (skew time.Duration, known bool) {
	date, err := http.ParseTime(header.Get("Date"))
	return time.Since(date).Round(time.Second), err == nil
}
