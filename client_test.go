package messagemedia_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// newClient creates a client that sends its requests through the given HTTP client.
func newClient(t *testing.T, through *http.Client, auth messagemedia.Authenticator, options ...messagemedia.Option) *messagemedia.Client {
	t.Helper()
	client, err := messagemedia.NewClient(auth, append([]messagemedia.Option{messagemedia.WithHTTPClient(through)}, options...)...)
	require.NoError(t, err)
	return client
}

func TestNewClientReportsEveryInvalidArgument(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		auth    messagemedia.Authenticator
		options []messagemedia.Option
		want    string
	}{
		"no credentials":                        {nil, nil, "authenticator is nil; pass BasicAuth or HMACAuth"},
		"a base URL that is not a URL":          {basic, []messagemedia.Option{messagemedia.WithBaseURL("https://example.com:x")}, "WithBaseURL: not a URL such as https://"},
		"a base URL with a space":               {basic, []messagemedia.Option{messagemedia.WithBaseURL("https://example.com/a b")}, "WithBaseURL: the URL contains white space"},
		"a base URL with a line break":          {basic, []messagemedia.Option{messagemedia.WithBaseURL("https://example.com\n")}, "WithBaseURL: the URL contains white space"},
		"a base URL with a byte order mark":     {basic, []messagemedia.Option{messagemedia.WithBaseURL("\ufeffhttps://example.com")}, "WithBaseURL: the URL contains white space"},
		"a base URL with an empty query":        {basic, []messagemedia.Option{messagemedia.WithBaseURL("https://example.com/?")}, "WithBaseURL: the URL has a query"},
		"a base URL with an empty fragment":     {basic, []messagemedia.Option{messagemedia.WithBaseURL("https://example.com#")}, "WithBaseURL: the URL has a query or a fragment"},
		"a base URL with /v1":                   {basic, []messagemedia.Option{messagemedia.WithBaseURL("https://example.com/v1")}, "WithBaseURL: the URL's path contains /v1, which the client appends; remove it"},
		"a base URL with /v1 in it":             {basic, []messagemedia.Option{messagemedia.WithBaseURL("https://example.com/v1/webhooks")}, "WithBaseURL: the URL's path contains /v1"},
		"a port of 0":                           {basic, []messagemedia.Option{messagemedia.WithBaseURL("https://example.com:0")}, "WithBaseURL: the port must be between 1 and 65535"},
		"a port of 65536":                       {basic, []messagemedia.Option{messagemedia.WithBaseURL("https://example.com:65536")}, "WithBaseURL: the port must be between 1 and 65535"},
		"an empty port":                         {basic, []messagemedia.Option{messagemedia.WithBaseURL("https://example.com:/")}, "WithBaseURL: the port must be between 1 and 65535"},
		"http to a host that only sounds local": {basic, []messagemedia.Option{messagemedia.WithBaseURL("http://localhost.example.com")}, "WithBaseURL: http to localhost.example.com would"},
		"a nil middleware":                      {basic, []messagemedia.Option{messagemedia.WithMiddleware(nil)}, "WithMiddleware: function is nil"},
		"a middleware that returns nil":         {basic, []messagemedia.Option{messagemedia.WithMiddleware(func(http.RoundTripper) http.RoundTripper { return nil })}, "WithMiddleware: function 1 returned nil"},
		"a nil transport":                       {basic, []messagemedia.Option{messagemedia.WithHTTPClient(&http.Client{Transport: (*http.Transport)(nil)})}, "the transport is a nil *http.Transport"},
		"a base URL without a scheme":           {basic, []messagemedia.Option{messagemedia.WithBaseURL("api.messagemedia.com")}, "WithBaseURL: the URL does not begin with https://"},
		"a base URL without a host":             {basic, []messagemedia.Option{messagemedia.WithBaseURL("https:///v1")}, "WithBaseURL: the URL has no host"},
		"a base URL with a port and no host":    {basic, []messagemedia.Option{messagemedia.WithBaseURL("https://:443")}, "WithBaseURL: the URL has no host"},
		"an empty base URL":                     {basic, []messagemedia.Option{messagemedia.WithBaseURL("")}, "WithBaseURL: the URL does not begin with https://"},
		"a base URL with a query":               {basic, []messagemedia.Option{messagemedia.WithBaseURL("https://example.com/?a=b")}, "WithBaseURL: the URL has a query"},
		"a base URL with a fragment":            {basic, []messagemedia.Option{messagemedia.WithBaseURL("https://example.com/#a")}, "WithBaseURL: the URL has a query or a fragment"},
		"http to another host":                  {basic, []messagemedia.Option{messagemedia.WithBaseURL("http://mock:8080")}, "WithBaseURL: http to mock would send the credentials in clear text; use https, or permit http with WithInsecureHTTP"},
		"a nil HTTP client":                     {basic, []messagemedia.Option{messagemedia.WithHTTPClient(nil)}, "WithHTTPClient: client is nil"},
		"an attempt timeout of zero":            {basic, []messagemedia.Option{messagemedia.WithAttemptTimeout(0)}, "WithAttemptTimeout: must be positive, got 0s"},
		"a maximum of zero attempts":            {basic, []messagemedia.Option{messagemedia.WithMaxAttempts(0)}, "WithMaxAttempts: must be at least 1, got 0"},
		"a negative retry wait":                 {basic, []messagemedia.Option{messagemedia.WithMaxRetryWait(-time.Second)}, "WithMaxRetryWait: must not be negative, got -1s"},
		"a line break in the user agent":        {basic, []messagemedia.Option{messagemedia.WithUserAgent("a\nb")}, `WithUserAgent: "a\nb" contains a control or invisible character`},
		"a nil logger":                          {basic, []messagemedia.Option{messagemedia.WithLogger(nil)}, "WithLogger: logger is nil"},
		"a nil option":                          {basic, []messagemedia.Option{nil}, "option 1 is nil"},
		"the first of several errors":           {nil, []messagemedia.Option{messagemedia.WithAttemptTimeout(-1), messagemedia.WithMaxAttempts(-1)}, "authenticator is nil"},
		"the second of several errors":          {nil, []messagemedia.Option{messagemedia.WithAttemptTimeout(-1), messagemedia.WithMaxAttempts(-1)}, "WithAttemptTimeout"},
		"the third of several errors":           {nil, []messagemedia.Option{messagemedia.WithAttemptTimeout(-1), messagemedia.WithMaxAttempts(-1)}, "WithMaxAttempts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := messagemedia.NewClient(c.auth, c.options...)
			require.ErrorContains(t, err, "messagemedia: NewClient: ")
			assert.ErrorContains(t, err, c.want)
			assert.Nil(t, client)
		})
	}
}

func TestNewClientHidesCredentialsInTheBaseURL(t *testing.T) {
	t.Parallel()
	for _, baseURL := range []string{"https://user:pa55word@example.com", "https://user:pa55word@exa mple.com/"} {
		_, err := messagemedia.NewClient(basic, messagemedia.WithBaseURL(baseURL))
		require.ErrorContains(t, err, "WithBaseURL: ")
		assert.NotContains(t, err.Error(), "pa55word")
	}
}

// TestBaseURL checks the URL of a request for each base URL.
func TestBaseURL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []messagemedia.Option
		want    string
	}{
		"the global host by default":         {nil, "https://api.messagemedia.com/v1/webhooks/messages?page=0"},
		"the EU":                             {[]messagemedia.Option{messagemedia.WithBaseURL(messagemedia.BaseURLEU)}, "https://eu.app.api.sinch.com/v1/webhooks/messages?page=0"},
		"APAC":                               {[]messagemedia.Option{messagemedia.WithBaseURL(messagemedia.BaseURLAPAC)}, "https://au.app.api.sinch.com/v1/webhooks/messages?page=0"},
		"the US":                             {[]messagemedia.Option{messagemedia.WithBaseURL(messagemedia.BaseURLUS)}, "https://us.app.api.sinch.com/v1/webhooks/messages?page=0"},
		"a path prefix is kept":              {[]messagemedia.Option{messagemedia.WithBaseURL("https://proxy.example/sms%20api/")}, "https://proxy.example/sms%20api/v1/webhooks/messages?page=0"},
		"a port is kept":                     {[]messagemedia.Option{messagemedia.WithBaseURL("https://proxy.example:8443")}, "https://proxy.example:8443/v1/webhooks/messages?page=0"},
		"http to localhost":                  {[]messagemedia.Option{messagemedia.WithBaseURL("http://localhost:8080")}, "http://localhost:8080/v1/webhooks/messages?page=0"},
		"http to a loopback IPv4 address":    {[]messagemedia.Option{messagemedia.WithBaseURL("http://127.0.0.9:8080")}, "http://127.0.0.9:8080/v1/webhooks/messages?page=0"},
		"http to the loopback IPv6 address":  {[]messagemedia.Option{messagemedia.WithBaseURL("http://[::1]:8080")}, "http://[::1]:8080/v1/webhooks/messages?page=0"},
		"http to LOCALHOST":                  {[]messagemedia.Option{messagemedia.WithBaseURL("http://LOCALHOST:8080")}, "http://LOCALHOST:8080/v1/webhooks/messages?page=0"},
		"http to a subdomain of localhost":   {[]messagemedia.Option{messagemedia.WithBaseURL("http://mock.localhost:65535")}, "http://mock.localhost:65535/v1/webhooks/messages?page=0"},
		"a path prefix that begins with /v1": {[]messagemedia.Option{messagemedia.WithBaseURL("https://proxy.example/v10/")}, "https://proxy.example/v10/v1/webhooks/messages?page=0"},
		"http to another host, if permitted": {[]messagemedia.Option{messagemedia.WithBaseURL("http://mock:8080"), messagemedia.WithInsecureHTTP()}, "http://mock:8080/v1/webhooks/messages?page=0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got string
			client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
				got = r.URL.String()
				return httpmock.NewStringResponse(200, emptyPage), nil
			}), basic, c.options...)
			_, err := client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestHeadersOfARequest(t *testing.T) {
	t.Parallel()
	var header http.Header
	through := responding(func(r *http.Request) (*http.Response, error) {
		header = r.Header.Clone()
		return httpmock.NewStringResponse(201, aWebhook), nil
	})
	sdk := "webhooks-go-sdk/0.1.0 (" + runtime.Version() + ")"

	client := newClient(t, through, basic)
	_, err := client.CreateWebhook(t.Context(), validRequest())
	require.NoError(t, err)
	assert.Equal(t, http.Header{
		"Accept":        {"application/json"},
		"Authorization": {"Basic a2V5OnNlY3JldA=="},
		"Content-Type":  {"application/json"},
		"User-Agent":    {sdk},
	}, header)

	client = newClient(t, through, basic, messagemedia.WithUserAgent("billing/2.1"))
	require.NoError(t, client.ForAccount("sub-1").DeleteWebhook(t.Context(), "id"))
	assert.Equal(t, http.Header{
		"Accept":        {"application/json"},
		"Account":       {"sub-1"},
		"Authorization": {"Basic a2V5OnNlY3JldA=="},
		"User-Agent":    {"billing/2.1 " + sdk},
	}, header)

	require.NoError(t, client.DeleteWebhook(t.Context(), "id"))
	assert.NotContains(t, header, "Account", "ForAccount does not change its client")
}

func TestForAccountRejectsInvalidHeaderValues(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", " sub", "sub\r\nX: y"} {
		client := newClient(t, refusing(t), basic).ForAccount(id)
		err := client.DeleteWebhook(t.Context(), "id")
		require.ErrorIs(t, err, messagemedia.ErrInvalidRequest)
		assert.ErrorContains(t, err, "is not the ID of a sub-account")
	}
}

// TestLogging checks the level and the attributes of each record. The error's text hides the
// parts of the request that the API repeats.
func TestLogging(t *testing.T) {
	t.Parallel()
	const secret = "s3cret-of-the-request"
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	statuses := []int{503, 200}
	client := newClient(t, responding(func(*http.Request) (*http.Response, error) {
		if len(statuses) == 0 {
			return nil, errors.New("connection lost")
		}
		response := httpmock.NewStringResponse(statuses[0], `{"id":"`+secret+`","message":"bad token `+secret+`"}`)
		response.Header.Set("X-Request-Id", "request-7")
		statuses = statuses[1:]
		return response, nil
	}), messagemedia.BasicAuth(secret, secret), messagemedia.WithLogger(logger), messagemedia.WithMaxRetryWait(0), messagemedia.WithMaxAttempts(2))

	_, err := client.UpdateWebhook(t.Context(), secret, messagemedia.UpdateWebhookRequest{URL: "https://example.com/?token=" + secret})
	require.NoError(t, err)
	require.Error(t, client.DeleteWebhook(t.Context(), secret))

	const failed, succeeded, ended = "messagemedia: attempt failed", "messagemedia: attempt succeeded", "messagemedia: call ended after retries"
	assert.Equal(t, []map[string]any{
		{"level": "WARN", "msg": failed, "operation": "UpdateWebhook", "method": "PATCH", "route": "/v1/webhooks/messages/{id}", "attempt": 1.0, "status": 503.0, "request_id": "request-7",
			"reason": "status", "error": "messagemedia: UpdateWebhook: 503 Service Unavailable: bad token … (request id request-7)"},
		{"level": "DEBUG", "msg": succeeded, "operation": "UpdateWebhook", "method": "PATCH", "route": "/v1/webhooks/messages/{id}", "attempt": 2.0, "status": 200.0, "request_id": "request-7"},
		{"level": "INFO", "msg": ended, "operation": "UpdateWebhook", "attempts": 2.0, "end": "success"},
		{"level": "WARN", "msg": failed, "operation": "DeleteWebhook", "method": "DELETE", "route": "/v1/webhooks/messages/{id}", "attempt": 1.0, "reason": "reset", "error": "messagemedia: DeleteWebhook: connection lost"},
		{"level": "WARN", "msg": failed, "operation": "DeleteWebhook", "method": "DELETE", "route": "/v1/webhooks/messages/{id}", "attempt": 2.0, "reason": "reset", "error": "messagemedia: DeleteWebhook: connection lost"},
		{"level": "INFO", "msg": ended, "operation": "DeleteWebhook", "attempts": 2.0, "end": "unknown"},
	}, records(t, out.String()))
	assert.NotContains(t, out.String(), secret)
}

// records parses a log and removes times and durations from its records.
func records(t *testing.T, log string) (records []map[string]any) {
	t.Helper()
	for line := range strings.Lines(log) {
		var record map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		assert.NotEmpty(t, record["time"])
		assert.Positive(t, record["duration"])
		delete(record, "time")
		delete(record, "duration")
		records = append(records, record)
	}
	return records
}

func TestOperationFromContext(t *testing.T) {
	t.Parallel()
	assert.Empty(t, messagemedia.OperationFromContext(t.Context()))

	var operations []string
	client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
		operations = append(operations, messagemedia.OperationFromContext(r.Context()))
		if r.Method == http.MethodGet {
			return httpmock.NewStringResponse(200, emptyPage), nil
		}
		return httpmock.NewStringResponse(200, aWebhook), nil
	}), basic)
	_, err := client.CreateWebhook(t.Context(), validRequest())
	require.NoError(t, err)
	_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
	require.NoError(t, err)
	_, err = client.UpdateWebhook(t.Context(), "id", messagemedia.UpdateWebhookRequest{Method: http.MethodPut})
	require.NoError(t, err)
	require.NoError(t, client.DeleteWebhook(t.Context(), "id"))
	assert.Equal(t, []string{"CreateWebhook", "ListWebhooks", "UpdateWebhook", "DeleteWebhook"}, operations)
}

// TestClientsAreSafeForConcurrentUse needs the race detector to find a data race.
func TestClientsAreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(httpmock.NewStringResponder(200, emptyPage))
	client := newClient(t, &http.Client{Transport: mock}, messagemedia.HMACAuth("key", "secret"))
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for _, err := range client.ForAccount("sub").Webhooks(t.Context()) {
				assert.NoError(t, err)
			}
		})
	}
	group.Wait()
	assert.Equal(t, 16, mock.GetTotalCallCount())
}

var basic = messagemedia.BasicAuth("key", "secret")

const (
	emptyPage = `{"page":0,"pageSize":100,"pageData":[]}`
	aWebhook  = `{"id":"76fa7010-8c1f-4a24-917a-4d62a54e744d","url":"https://example.com/","method":"POST","encoding":"JSON","headers":{},"events":["RECEIVED_SMS"],"retries":0}`
)

// validRequest returns a valid request.
func validRequest() messagemedia.CreateWebhookRequest {
	return messagemedia.CreateWebhookRequest{
		URL:      "https://example.com/",
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS},
	}
}

// responding returns an HTTP client whose responses come from a function.
func responding(response httpmock.Responder) *http.Client {
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(response)
	return &http.Client{Transport: mock}
}

// refusing returns an HTTP client that fails the test if a request is sent.
func refusing(t *testing.T) *http.Client {
	return responding(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s %s was sent", r.Method, r.URL.Path)
		return nil, errors.New("no request may be sent")
	})
}
