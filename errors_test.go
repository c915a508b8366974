package messagemedia_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

var sentinels = []error{
	messagemedia.ErrInvalidRequest, messagemedia.ErrUnauthorized, messagemedia.ErrForbidden, messagemedia.ErrNotFound,
	messagemedia.ErrConflict, messagemedia.ErrRateLimited, messagemedia.ErrServer,
}

// listError returns the error of a ListWebhooks call with one attempt.
func listError(t *testing.T, response httpmock.Responder, options ...messagemedia.Option) error {
	t.Helper()
	options = append([]messagemedia.Option{messagemedia.WithMaxAttempts(1)}, options...)
	page, err := newClient(t, responding(response), basic, options...).ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
	require.Error(t, err)
	assert.Nil(t, page)
	return err
}

const unauthorized = "check the API key, the secret, and whether the base URL is that of the account's region"

// TestAPIErrors covers each status with bodies that the platform or a proxy in front of it may
// send.
func TestAPIErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status  int
		body    string
		want    error
		message string
		details []string
		text    string
	}{
		"400 with details": {400, `{"message":"Bad Request","details":["/url: Not a valid http url","/events/0: [RECEIVED_123] is invalid"]}`, messagemedia.ErrInvalidRequest,
			"Bad Request", []string{"/url: Not a valid http url", "/events/0: [RECEIVED_123] is invalid"}, "400 Bad Request: /url: Not a valid http url; /events/0: [RECEIVED_123] is invalid"},
		"400 without details": {400, `{"message":"Maximum number of webhooks (150) reached"}`, messagemedia.ErrInvalidRequest,
			"Maximum number of webhooks (150) reached", nil, "400 Bad Request: Maximum number of webhooks (150) reached"},
		"400 in the newer form": {400, `{"uuid":"9f","type":"validation","title":"Invalid","detail":"The body is wrong","invalidFields":["url",{"name":"events"}]}`, messagemedia.ErrInvalidRequest,
			"Invalid: The body is wrong", []string{"url", `{"name":"events"}`}, `400 Bad Request: Invalid: The body is wrong: url; {"name":"events"} (request id 9f)`},
		"401 without a body":             {401, ``, messagemedia.ErrUnauthorized, "", nil, "401 Unauthorized: " + unauthorized},
		"401 from the gateway":           {401, `{"message":"Invalid authentication credentials"}`, messagemedia.ErrUnauthorized, "Invalid authentication credentials", nil, "401 Unauthorized: Invalid authentication credentials: " + unauthorized},
		"403":                            {403, `{"message":"This feature has not been enabled in your account."}`, messagemedia.ErrForbidden, "This feature has not been enabled in your account.", nil, "403 Forbidden: This feature has not been enabled in your account."},
		"404 without a body":             {404, ``, messagemedia.ErrNotFound, "", nil, "404 Not Found"},
		"404":                            {404, `{"message":"Entity not found"}`, messagemedia.ErrNotFound, "Entity not found", nil, "404 Not Found: Entity not found"},
		"409":                            {409, `{"message":"A webhook with the given url and method already exists."}`, messagemedia.ErrConflict, "A webhook with the given url and method already exists.", nil, "409 Conflict: A webhook with the given url and method already exists."},
		"429":                            {429, `{"message":"Too many requests. Please retry later."}`, messagemedia.ErrRateLimited, "Too many requests. Please retry later.", nil, "429 Too Many Requests: Too many requests. Please retry later."},
		"500":                            {500, `{"message":"Oops"}`, messagemedia.ErrServer, "Oops", nil, "500 Internal Server Error: Oops"},
		"502 from a proxy":               {502, `<html><h1>s3cret</h1></html>`, messagemedia.ErrServer, "", nil, "502 Bad Gateway"},
		"503 with truncated JSON":        {503, `{"message":"s3cr`, messagemedia.ErrServer, "", nil, "503 Service Unavailable"},
		"504 with an array":              {504, `["s3cret"]`, messagemedia.ErrServer, "", nil, "504 Gateway Timeout"},
		"599":                            {599, ``, messagemedia.ErrServer, "", nil, "599"},
		"418":                            {418, `{"message":"tea"}`, nil, "tea", nil, "418 I'm a teapot: tea"},
		"a message that is not a string": {400, `{"message":{"s3cret":1},"details":["/url"]}`, messagemedia.ErrInvalidRequest, "", []string{"/url"}, "400 Bad Request: /url"},
		"details as a string":            {400, `{"details":"/url: wrong","message":"Bad"}`, messagemedia.ErrInvalidRequest, "Bad", []string{"/url: wrong"}, "400 Bad Request: Bad: /url: wrong"},
		"details as an object":           {400, `{"details":{"url":"wrong","events":["a"]},"message":"Bad"}`, messagemedia.ErrInvalidRequest, "Bad", []string{`events: ["a"]`, "url: wrong"}, `400 Bad Request: Bad: events: ["a"]; url: wrong`},
		"details as a number":            {400, `{"details":7,"message":"Bad"}`, messagemedia.ErrInvalidRequest, "Bad", []string{"7"}, "400 Bad Request: Bad: 7"},
		"null details":                   {400, `{"details":null,"message":"Bad"}`, messagemedia.ErrInvalidRequest, "Bad", nil, "400 Bad Request: Bad"},
		"a byte order mark":              {400, "\ufeff" + `{"message":"Bad"}`, messagemedia.ErrInvalidRequest, "Bad", nil, "400 Bad Request: Bad"},
		"several choices":                {300, ``, nil, "", nil, "300 Multiple Choices: redirects are not followed; check the base URL"},
		"a redirect":                     {302, ``, nil, "", nil, "302 Found: redirects are not followed; check the base URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := listError(t, httpmock.NewStringResponder(c.status, c.body).HeaderSet(http.Header{"Location": {"https://s3cret.example/"}}))
			apiErr, ok := errors.AsType[*messagemedia.APIError](err)
			require.True(t, ok)
			assert.Equal(t, "ListWebhooks", apiErr.Operation)
			assert.Equal(t, c.status, apiErr.StatusCode)
			assert.Equal(t, c.message, apiErr.Message)
			assert.Equal(t, c.details, apiErr.Details)
			assert.Equal(t, c.body, string(apiErr.Body))
			assert.Equal(t, "https://s3cret.example/", apiErr.Header.Get("Location"))
			assert.Equal(t, "messagemedia: ListWebhooks: "+c.text, err.Error())
			assert.NotContains(t, err.Error(), "s3cret")
			for _, sentinel := range sentinels {
				assert.Equal(t, sentinel == c.want, errors.Is(err, sentinel), "%v", sentinel)
			}
		})
	}
}

func TestTheRequestIDOfAnError(t *testing.T) {
	t.Parallel()
	names := []string{"X-Request-Id", "X-Correlation-Id", "X-Amzn-Requestid", "Request-Id"}
	for i := range len(names) + 1 {
		header, want := make(http.Header), "of the body"
		for _, name := range names[i:] {
			header.Set(name, name)
		}
		if i < len(names) {
			want = names[i]
		}
		err := listError(t, httpmock.NewStringResponder(500, `{"uuid":"of the body"}`).HeaderSet(header))
		apiErr, ok := errors.AsType[*messagemedia.APIError](err)
		require.True(t, ok)
		assert.Equal(t, want, apiErr.RequestID)
		assert.Contains(t, err.Error(), "(request id "+want+")")
	}
}

// TestRedirectsAreNotFollowed checks that a real server receives one request, not two.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for status := range map[int]bool{301: true, 302: true, 303: true, 307: true, 308: true} {
		var paths []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			paths = append(paths, r.URL.Path)
			http.Redirect(w, r, "/elsewhere", status)
		}))
		client, err := messagemedia.NewClient(basic, messagemedia.WithBaseURL(server.URL))
		require.NoError(t, err)
		err = client.DeleteWebhook(t.Context(), "id")
		server.Close()
		apiErr, ok := errors.AsType[*messagemedia.APIError](err)
		require.True(t, ok)
		assert.Equal(t, status, apiErr.StatusCode)
		assert.Equal(t, []string{"/v1/webhooks/messages/id"}, paths)
	}
}

// TestHintsOfA401WithHMAC compares the response's date with fake time, which begins at midnight
// UTC on 1 January 2000.
func TestHintsOfA401WithHMAC(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		date  string
		major int
		want  string
	}{
		"a clock that is ahead":        {"Fri, 31 Dec 1999 23:54:59 GMT", 1, "the local clock is 5m1s ahead of the API's, and signatures are valid for 5m0s"},
		"a clock that is behind":       {"Sat, 01 Jan 2000 01:00:00 GMT", 1, "the local clock is 1h0m0s behind the API's, and signatures are valid for 5m0s"},
		"a clock within the tolerance": {"Sat, 01 Jan 2000 00:05:00 GMT", 1, unauthorized},
		"a response without a date":    {"", 1, unauthorized},
		"a response over HTTP/2":       {"", 2, "the signature is for HTTP/1.1 but the request was sent over HTTP/2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := newClient(t, responding(func(*http.Request) (*http.Response, error) {
					response := httpmock.NewStringResponse(401, "")
					response.Header.Set("Date", c.date)
					response.Proto, response.ProtoMajor = fmt.Sprintf("HTTP/%d.0", c.major), c.major
					return response, nil
				}), messagemedia.HMACAuth("key", "secret"))
				err := client.DeleteWebhook(t.Context(), "id")
				require.ErrorIs(t, err, messagemedia.ErrUnauthorized)
				assert.ErrorContains(t, err, "messagemedia: DeleteWebhook: 401 Unauthorized: "+c.want)
			})
		})
	}
}

// TestResponsesToADeletion checks that an empty body or JSON confirms a deletion. Any other body
// comes from a proxy, a login page or a captive portal, whatever its Content-Type is.
func TestResponsesToADeletion(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{"", "application/json", "text/plain", "text/html; charset=utf-8"} {
		for body, done := range map[string]bool{"": true, " \r\n": true, "{}": true, "\ufeff{}": true, "null": true, "<html>Log in": false, "OK": false, "{": false} {
			client := newClient(t, responding(httpmock.NewStringResponder(200, body).HeaderSet(http.Header{"Content-Type": {contentType}})), basic)
			err := client.DeleteWebhook(t.Context(), "id")
			if done {
				assert.NoError(t, err, "%q as %q", body, contentType)
				continue
			}
			assert.EqualError(t, err, `messagemedia: DeleteWebhook: decode response: 200 OK: the body is neither empty nor JSON, and its Content-Type is "`+contentType+`"; outcome unknown: the change may have taken effect`)
			_, unreadable := errors.AsType[*messagemedia.DecodeError](err)
			assert.True(t, unreadable)
		}
	}
}

// TestEvery2xxIsASuccess, and no other status.
func TestEvery2xxIsASuccess(t *testing.T) {
	t.Parallel()
	for status, done := range map[int]bool{199: false, 200: true, 202: true, 299: true, 300: false} {
		client := newClient(t, responding(respondingWith(status, "")), basic, messagemedia.WithMaxAttempts(1))
		assert.Equal(t, done, client.DeleteWebhook(t.Context(), "id") == nil, "%d", status)
	}
}

// TestUnreadableSuccesses checks that the outcome of a change is unknown if the body of its 2xx
// response can't be decoded.
func TestUnreadableSuccesses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ contentType, body, want string }{
		"HTML":                        {"text/html", "<html>", `its Content-Type is "text/html": invalid character`},
		"HTML that claims to be JSON": {"application/json", "<html>", "invalid character"},
		"an empty body":               {"", "", `its Content-Type is "": unexpected end of JSON input`},
		"truncated JSON":              {"application/json", aWebhook[:50], "unexpected end of JSON input"},
		"no ID":                       {"application/json", `{"url":"https://example.com/"}`, "the webhook has no id"},
		"an array":                    {"application/json", `[]`, "cannot unmarshal array"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, responding(httpmock.NewStringResponder(200, c.body).HeaderSet(http.Header{
				"Content-Type": {c.contentType}, "X-Request-Id": {"7"},
			})), basic)
			_, err := client.UpdateWebhook(t.Context(), "id", update{Method: "PUT"})
			unreadable, ok := errors.AsType[*messagemedia.DecodeError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, "UpdateWebhook", unreadable.Operation)
			assert.Equal(t, 200, unreadable.StatusCode)
			assert.Equal(t, "7", unreadable.RequestID)
			assert.ErrorContains(t, unreadable.Err, c.want)
			assert.ErrorContains(t, err, "messagemedia: UpdateWebhook: decode response: 200 OK: ")
			assert.ErrorContains(t, err, "(request id 7)")
			assert.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
		})
	}
}

// TestResponsesOverTheSizeLimit uses a real connection. One of the responses is compressed.
func TestResponsesOverTheSizeLimit(t *testing.T) {
	t.Parallel()
	const limit = 10 << 20
	page := func(length int) []byte {
		return fmt.Appendf(nil, `{"pageData":[]%s}`, strings.Repeat(" ", length-len(`{"pageData":[]}`)))
	}
	for name, c := range map[string]struct {
		length int
		gzip   bool
	}{
		"at the limit":   {limit, false},
		"over the limit": {limit + 1, false},
		"a gzip bomb":    {5 * limit, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !c.gzip {
					w.Write(page(c.length))
					return
				}
				w.Header().Set("Content-Encoding", "gzip")
				compressed := gzip.NewWriter(w)
				defer compressed.Close()
				compressed.Write(page(c.length))
			}))
			defer server.Close()
			client, err := messagemedia.NewClient(basic, messagemedia.WithBaseURL(server.URL), messagemedia.WithMaxAttempts(1))
			require.NoError(t, err)
			_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
			if c.length <= limit {
				require.NoError(t, err)
				return
			}
			tooLarge, ok := errors.AsType[*http.MaxBytesError](err)
			require.True(t, ok, "%v", err)
			assert.EqualValues(t, limit, tooLarge.Limit)
			_, ok = errors.AsType[*messagemedia.DecodeError](err)
			assert.True(t, ok)
		})
	}
}

func TestAnErrorKeeps64KiBOfItsBody(t *testing.T) {
	t.Parallel()
	const limit = 64 << 10
	body := bytes.Repeat([]byte("x"), limit+1)
	err := listError(t, httpmock.NewBytesResponder(500, body))
	apiErr, ok := errors.AsType[*messagemedia.APIError](err)
	require.True(t, ok)
	assert.Equal(t, body[:limit], apiErr.Body)
}

// TestATruncatedBody uses a real connection. An API error keeps its status, and a success
// becomes a DecodeError that wraps the transport error.
func TestATruncatedBody(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client(messagemedia.WithMaxAttempts(1))

	api.Fail(messagemediatest.Fault{TruncateBody: true, Status: 403, Body: `{"message":"This feature has not been enabled"}`})
	err := client.DeleteWebhook(t.Context(), "id")
	require.ErrorIs(t, err, messagemedia.ErrForbidden)

	api.Fail(messagemediatest.Fault{TruncateBody: true, Status: 200, Body: emptyPage})
	_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
	_, ok := errors.AsType[*messagemedia.DecodeError](err)
	assert.True(t, ok)
	assert.True(t, errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET), "%v", err)
}

func TestARefusedConnection(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	client, err := messagemedia.NewClient(basic, messagemedia.WithBaseURL("http://"+listener.Addr().String()), messagemedia.WithMaxRetryWait(0))
	require.NoError(t, err)
	err = client.DeleteWebhook(t.Context(), "id")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.ErrorContains(t, err, "messagemedia: DeleteWebhook: dial tcp")
	assert.NotErrorIs(t, err, messagemedia.ErrOutcomeUnknown, "nothing was sent")
	operation, ok := errors.AsType[*net.OpError](err)
	require.True(t, ok)
	assert.Equal(t, "dial", operation.Op)
}

// TestAttemptTimeoutsAndTheCallersContext checks that errors distinguish the two.
func TestAttemptTimeoutsAndTheCallersContext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  messagemediatest.Fault
		within func(context.Context) (context.Context, context.CancelFunc)
		want   error
	}{
		"an attempt timeout before the response": {messagemediatest.Fault{Delay: time.Hour}, nil, nil},
		"an attempt timeout during the response": {messagemediatest.Fault{ByteDelay: time.Minute}, nil, nil},
		"the caller's deadline before the response": {messagemediatest.Fault{Delay: time.Hour}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, context.DeadlineExceeded},
		"the caller's deadline during the response": {messagemediatest.Fault{ByteDelay: time.Minute}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, context.DeadlineExceeded},
		"a cancellation by the caller": {messagemediatest.Fault{Delay: time.Hour}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
				defer api.Close()
				api.Fail(c.fault)
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				if c.within != nil {
					ctx, cancel = c.within(ctx)
				}
				defer cancel()
				start := time.Now()
				_, err := api.Client(messagemedia.WithMaxAttempts(1)).ListWebhooks(ctx, messagemedia.ListWebhooksRequest{})
				require.Error(t, err)
				if c.want != nil {
					require.ErrorIs(t, err, c.want)
					assert.Equal(t, time.Second, time.Since(start))
					return
				}
				assert.Equal(t, 30*time.Second, time.Since(start))
				assert.NotErrorIs(t, err, context.DeadlineExceeded)
				assert.ErrorContains(t, err, "no complete response within 30s")
				timeout, ok := errors.AsType[net.Error](err)
				require.True(t, ok)
				assert.True(t, timeout.Timeout())
			})
		})
	}
}

// TestATransportsTimeoutIsNotTheCallersDeadline checks that the error does not match the context
// errors that net and net/http return for their own timeouts.
func TestATransportsTimeoutIsNotTheCallersDeadline(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{context.DeadlineExceeded, context.Canceled} {
		err := listError(t, httpmock.NewErrorResponder(fmt.Errorf("dial: %w", cause)))
		assert.ErrorContains(t, err, "messagemedia: ListWebhooks: dial: "+cause.Error())
		assert.NotErrorIs(t, err, cause)
	}
	err := listError(t, httpmock.NewErrorResponder(io.ErrUnexpectedEOF))
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	failure, ok := errors.AsType[net.Error](err)
	require.True(t, ok)
	assert.False(t, failure.Timeout())
}

// FuzzAPIError checks that an APIError has the status and the body of any unsuccessful response,
// and takes fields only from JSON objects.
func FuzzAPIError(f *testing.F) {
	f.Add(400, `{"message":"Bad Request","details":["/url: Not a valid http url"]}`)
	f.Add(401, ``)
	f.Add(404, `{"message":"Entity not found"}`)
	f.Add(422, `{"uuid":"9f","type":"validation","title":"Invalid","detail":"wrong","invalidFields":[{"name":"url"}]}`)
	f.Add(502, `<html><body>Bad gateway</body></html>`)
	f.Add(503, `{"message":"half of`)
	f.Add(504, `{"details":[null,1,"\ud800",[{}]]}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 300 || status > 999 {
			t.Skip()
		}
		err := listError(t, httpmock.NewStringResponder(status, body))
		apiErr, ok := errors.AsType[*messagemedia.APIError](err)
		require.True(t, ok)
		require.Equal(t, status, apiErr.StatusCode)
		require.Equal(t, body[:min(len(body), 64<<10)], string(apiErr.Body))
		if !strings.HasPrefix(strings.TrimSpace(body), "{") {
			require.Empty(t, apiErr.Message+apiErr.RequestID)
			require.Empty(t, apiErr.Details)
		}
	})
}

// FuzzRetryAfter parses any value of the header.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"", "0", "120", "-1", "1.5", "99999999999999999999", "9223372036854775807", "Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", " 7", "+7"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		err := listError(t, httpmock.NewStringResponder(429, "").HeaderSet(http.Header{"Retry-After": {value}}))
		apiErr, ok := errors.AsType[*messagemedia.APIError](err)
		require.True(t, ok)
		require.GreaterOrEqual(t, apiErr.RetryAfter, time.Duration(0))
		if seconds, err := strconv.ParseInt(value, 10, 32); err == nil && seconds >= 0 && value[0] != '+' {
			require.Equal(t, time.Duration(seconds)*time.Second, apiErr.RetryAfter)
		}
		if _, err := http.ParseTime(value); err != nil && strings.Trim(value, "0123456789.") != "" {
			require.Zero(t, apiErr.RetryAfter, "neither a number nor a date")
		}
	})
}
