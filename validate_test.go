package messagemedia_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

type (
	create = messagemedia.CreateWebhookRequest
	update = messagemedia.UpdateWebhookRequest
)

// details returns the details of a ValidationError. The call's error and that of Validate must
// have the same.
func details(t *testing.T, operation string, called, validated error) []string {
	t.Helper()
	if validated == nil {
		require.NoError(t, called)
		return nil
	}
	require.ErrorIs(t, called, messagemedia.ErrInvalidRequest)
	invalid, ok := errors.AsType[*messagemedia.ValidationError](called)
	require.True(t, ok)
	assert.Equal(t, operation, invalid.Operation)
	assert.Equal(t, validated, called)
	assert.Equal(t, "messagemedia: "+operation+": invalid request: "+strings.Join(invalid.Details, "; "), called.Error())
	return invalid.Details
}

// TestInvalidCreateRequests changes one field of a valid request.
func TestInvalidCreateRequests(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*create)
		want   []string
	}{
		"no URL":                                          {func(r *create) { r.URL = "" }, []string{"/url: Url cannot be null"}},
		"a URL of 1000 characters":                        {func(r *create) { r.URL = "https://example.com/" + strings.Repeat("é", 980) }, nil},
		"a URL of 1001 characters":                        {func(r *create) { r.URL = "https://example.com/" + strings.Repeat("é", 981) }, []string{"/url: The URL must have at most 1000 characters, got 1001"}},
		"a URL that is not UTF-8":                         {func(r *create) { r.URL = "https://example.com/\xff" }, []string{"/url: Not valid UTF-8"}},
		"no method":                                       {func(r *create) { r.Method = "" }, []string{"/method: Method cannot be null"}},
		"an unlisted method":                              {func(r *create) { r.Method = "QUERY" }, nil},
		"a method that is not UTF-8":                      {func(r *create) { r.Method = "\xff" }, []string{"/method: Not valid UTF-8"}},
		"no encoding":                                     {func(r *create) { r.Encoding = "" }, []string{"/encoding: Encoding cannot be null"}},
		"an unlisted encoding":                            {func(r *create) { r.Encoding = "CBOR" }, nil},
		"no events":                                       {func(r *create) { r.Events = nil }, []string{"/events: Events cannot be empty"}},
		"an empty event":                                  {func(r *create) { r.Events = append(r.Events, "") }, []string{"/events/1: [] is invalid"}},
		"an unlisted event":                               {func(r *create) { r.Events = append(r.Events, "RECEIVED_RCS") }, nil},
		"an event that is not UTF-8":                      {func(r *create) { r.Events[0] = "\xff" }, []string{"/events/0: Not valid UTF-8"}},
		"the header Content-Type":                         {func(r *create) { r.Headers = map[string]string{"content-type": "a/b"} }, []string{"/headers/content-type: Content-Type is not allowed, the encoding sets it"}},
		"a header without a name":                         {func(r *create) { r.Headers = map[string]string{"": "a"} }, []string{`/headers: "" is not a header name`}},
		"a header name with a space":                      {func(r *create) { r.Headers = map[string]string{"X A": "a"} }, []string{`/headers: "X A" is not a header name`}},
		"a header name of 200 characters":                 {func(r *create) { r.Headers = map[string]string{strings.Repeat("a", 200): "a"} }, nil},
		"a header name of 201 characters":                 {func(r *create) { r.Headers = map[string]string{strings.Repeat("a", 201): "a"} }, []string{"/headers/" + strings.Repeat("a", 200) + ": The name must have at most 200 characters, got 201"}},
		"a header value of 1000 characters":               {func(r *create) { r.Headers = map[string]string{"X-A": strings.Repeat("é", 1000)} }, nil},
		"a header value of 1001 characters":               {func(r *create) { r.Headers = map[string]string{"X-A": strings.Repeat("é", 1001)} }, []string{"/headers/X-A: The value must have at most 1000 characters, got 1001"}},
		"a header value with a line break":                {func(r *create) { r.Headers = map[string]string{"X-A": "a\r\nX-B: c"} }, []string{"/headers/X-A: The value contains a line break or another control character"}},
		"a header value that is not UTF-8":                {func(r *create) { r.Headers = map[string]string{"X-A": "\xff"} }, []string{"/headers/X-A: Not valid UTF-8"}},
		"a header value with a NUL":                       {func(r *create) { r.Headers = map[string]string{"X-A": "a\x00"} }, []string{"/headers/X-A: The value contains a line break or another control character"}},
		"a header value with an escape":                   {func(r *create) { r.Headers = map[string]string{"X-A": "a\x1b[2J"} }, []string{"/headers/X-A: The value contains a line break or another control character"}},
		"header names that differ only in case":           {func(r *create) { r.Headers = map[string]string{"X-A": "a", "x-a": "b"} }, []string{"/headers/x-a: The name differs from X-A in case only"}},
		"an empty header value":                           {func(r *create) { r.Headers = map[string]string{"X-A": ""} }, nil},
		"a template that is not UTF-8":                    {func(r *create) { r.Template = "\xff" }, []string{"/template: Not valid UTF-8"}},
		"the shortest read timeout":                       {func(r *create) { r.ReadTimeout = time.Millisecond }, nil},
		"the longest read timeout":                        {func(r *create) { r.ReadTimeout = time.Minute }, nil},
		"a read timeout over the limit":                   {func(r *create) { r.ReadTimeout = time.Minute + time.Millisecond }, []string{"/read_timeout: Read timeout must be between 1ms and 1m0s, got 1m0.001s"}},
		"a negative read timeout":                         {func(r *create) { r.ReadTimeout = -time.Second }, []string{"/read_timeout: Read timeout must be between 1ms and 1m0s, got -1s"}},
		"a read timeout with a fraction of a millisecond": {func(r *create) { r.ReadTimeout = 1500 * time.Microsecond }, []string{"/read_timeout: Read timeout must be a multiple of 1ms, got 1.5ms"}},
		"the most retries":                                {func(r *create) { r.Retries = 5 }, nil},
		"retries over the limit":                          {func(r *create) { r.Retries = 6 }, []string{"/retries: Retries must be between 0 and 5, got 6"}},
		"negative retries":                                {func(r *create) { r.Retries = -1 }, []string{"/retries: Retries must be between 0 and 5, got -1"}},
		"the shortest retry delay":                        {func(r *create) { r.RetryDelay = 5 * time.Second }, nil},
		"a retry delay below the limit":                   {func(r *create) { r.RetryDelay = 4 * time.Second }, []string{"/retry_delay: Retry delay must be between 5s and 1m0s, got 4s"}},
		"the longest retry delay":                         {func(r *create) { r.RetryDelay = time.Minute }, nil},
		"a retry delay over the limit":                    {func(r *create) { r.RetryDelay = 61 * time.Second }, []string{"/retry_delay: Retry delay must be between 5s and 1m0s, got 1m1s"}},
		"a retry delay with a fraction of a second":       {func(r *create) { r.RetryDelay = 5500 * time.Millisecond }, []string{"/retry_delay: Retry delay must be a multiple of 1s, got 5.5s"}},
		"several violations": {func(r *create) { *r = create{Retries: 9, Headers: map[string]string{"B C": "\n", "Content-Type": "x"}} }, []string{
			"/url: Url cannot be null", "/method: Method cannot be null", "/encoding: Encoding cannot be null", "/events: Events cannot be empty",
			`/headers: "B C" is not a header name`, "/headers/B C: The value contains a line break or another control character",
			"/headers/Content-Type: Content-Type is not allowed, the encoding sets it", "/retries: Retries must be between 0 and 5, got 9",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			through := refusing(t)
			if c.want == nil {
				through = responding(httpmock.NewStringResponder(201, aWebhook))
			}
			request := validRequest()
			c.change(&request)
			_, err := newClient(t, through, basic).CreateWebhook(t.Context(), request)
			assert.Equal(t, c.want, details(t, "CreateWebhook", err, request.Validate()))
		})
	}
}

func TestInvalidUpdateRequests(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		request update
		want    []string
	}{
		"no field":               {update{}, []string{"/: At least one field must be set"}},
		"an invalid URL":         {update{URL: "ftp://example.com"}, []string{"/url: Not a valid http url: the URL does not begin with http:// or https://"}},
		"no events":              {update{Events: []messagemedia.EventType{}}, []string{"/events: Events cannot be empty"}},
		"an invalid header name": {update{Headers: map[string]string{"a b": ""}}, []string{`/headers: "a b" is not a header name`}},
		"text that is not UTF-8": {update{Method: "\xff", Encoding: "\xff", Template: new("\xff")}, []string{"/method: Not valid UTF-8", "/encoding: Not valid UTF-8", "/template: Not valid UTF-8"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, refusing(t), basic).UpdateWebhook(t.Context(), "id", c.request)
			assert.Equal(t, c.want, details(t, "UpdateWebhook", err, c.request.Validate()))
		})
	}
	require.NoError(t, update{Template: new("")}.Validate())
}

// TestURLs covers URLs that the platform accepts, with template variables, and URLs that it
// rejects by its documentation.
func TestURLs(t *testing.T) {
	t.Parallel()
	const whiteSpace = "the URL contains white space, a control character or an invisible one; escape it"
	for url, problem := range map[string]string{
		"https://example.com":                                 "",
		"http://example.com":                                  "",
		"HTTPS://EXAMPLE.com/":                                "",
		"https://localhost/":                                  "",
		"https://192.0.2.7:8443/a":                            "",
		"https://a-b.c1.example./":                            "",
		"https://azAZ09.example/":                             "",
		"https://user:token@example.com/a":                    "",
		"https://example.com/?text=$moContent&from=${source}": "",
		"https://example.com/$accountId/x":                    "",
		"https://example.com/?text=$!esc.url($moContent)x":    "",
		"https://[2001:db8::1]/":                              "",
		"https://[2001:db8::1]:8443/a":                        "",
		"https://user:to@ken@example.com/a":                   "",
		"https://example.com:1/":                              "",
		"https://example.com:65535/":                          "",
		"example.com":                                         "the URL does not begin with http:// or https://",
		"//example.com":                                       "the URL does not begin with http:// or https://",
		"ftp://example.com":                                   "the URL does not begin with http:// or https://",
		"https:/example.com":                                  "the URL does not begin with http:// or https://",
		"https://":                                            `"" is not a host name`,
		"https:///path":                                       `"" is not a host name`,
		"https://:8080/":                                      `"" is not a host name`,
		"https://exa_mple.com/":                               `"exa_mple.com" is not a host name: the platform rejects an underscore`,
		"https://-example.com/":                               `"-example.com" is not a host name`,
		"https://example-.com/":                               `"example-.com" is not a host name`,
		"https://[2001:db8::1/":                               `"[2001:db8::1" is not an IPv6 address in brackets`,
		"https://[fe80::1%25eth0]/":                           `"[fe80::1%25eth0]" is not an IPv6 address in brackets`,
		"https://[192.0.2.7]/":                                `"[192.0.2.7]" is not an IPv6 address in brackets`,
		"https://[2001:db8::1]:x/":                            "the port must be between 1 and 65535",
		"https://a..b/":                                       `"a..b" is not a host name`,
		"https://bücher.example/":                             `"bücher.example" is not a host name: write "xn--bcher-kva.example"`,
		"https://" + strings.Repeat("a", 63) + ".example/":    "",
		"https://" + strings.Repeat("a", 64) + ".example/":    `"` + strings.Repeat("a", 64) + `.example" is not a host name`,
		"https://" + strings.Repeat("a.", 126) + "a/":         "",
		"https://" + strings.Repeat("a.", 126) + "ab/":        `"` + strings.Repeat("a.", 126) + `ab" is not a host name`,
		"https://example.com:/":                               "the port must be between 1 and 65535",
		"https://example.com:0/":                              "the port must be between 1 and 65535",
		"https://example.com:65536/":                          "the port must be between 1 and 65535",
		"https://example.com:x/":                              "the port must be between 1 and 65535",
		"https://exa mple.com/":                               whiteSpace,
		"https://example.com/?a b":                            whiteSpace,
		"https://example.com/?a\u200bb":                       whiteSpace,
		"\ufeffhttps://example.com/":                          whiteSpace,
		"https://example.com#a b":                             whiteSpace,
		"https://example.com/a\n":                             whiteSpace,
		"https://example.com/a b":                             whiteSpace,
		"https://example.com/a\u00a0b":                        whiteSpace,
		"https://example.com/a\x7f?b":                         whiteSpace,
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			request := validRequest()
			request.URL = url
			err := request.Validate()
			if problem == "" {
				require.NoError(t, err)
				return
			}
			invalid, ok := errors.AsType[*messagemedia.ValidationError](err)
			require.True(t, ok)
			assert.Equal(t, []string{"/url: Not a valid http url: " + problem}, invalid.Details)
		})
	}
}

// TestViolationsDoNotShowTokens checks the parts that can contain tokens: a URL's path, query
// and user info, and header values. An unescaped character in the user info makes a URL parser
// cut it elsewhere.
func TestViolationsDoNotShowTokens(t *testing.T) {
	t.Parallel()
	err := create{
		URL:     "https://t0ken@example_com:t0ken/t0ken/t0ken?t0ken=" + strings.Repeat("t0ken", 200),
		Headers: map[string]string{"Content-Type": "t0ken", "X A": "t0ken\n\xff", "X-B": strings.Repeat("t0ken", 201)},
	}.Validate()
	invalid, ok := errors.AsType[*messagemedia.ValidationError](err)
	require.True(t, ok)
	require.Greater(t, len(invalid.Details), 7)
	assert.Contains(t, err.Error(), "example_com")
	assert.NotContains(t, err.Error(), "t0ken")

	for _, url := range []string{"https://user:t0ken/x@example.com/hooks", "https://user:t0ken?x@example.com/", "https://user:t0ken#x@example.com/", "https://t0ken_/x@example.com"} {
		request := validRequest()
		request.URL = url
		err := request.Validate()
		require.ErrorContains(t, err, "escape each /, ? and # in it", url)
		assert.NotContains(t, err.Error(), "t0ken", url)
	}
}

// TestErrorsOfRequestsAreOneLine covers values with line breaks, which may come from a file.
func TestErrorsOfRequestsAreOneLine(t *testing.T) {
	t.Parallel()
	err := create{Headers: map[string]string{"X\r\nY\x1b[2J": "a"}}.Validate()
	require.ErrorContains(t, err, `X\r\nY\x1b[2J`)
	assert.NotContains(t, err.Error(), "\n")
	assert.NotContains(t, err.Error(), "\x1b")
}

// TestIDs checks that an ID that would change the path is rejected, and that any other is
// escaped.
func TestIDs(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"":           "[] is not an ID",
		".":          "[.] is not an ID",
		"..":         "[..] is not an ID",
		"\xff":       "Not valid UTF-8",
		"a/b":        "/v1/webhooks/messages/a%2Fb",
		"../b?c#d":   "/v1/webhooks/messages/..%2Fb%3Fc%23d",
		"a b%2F\r\n": "/v1/webhooks/messages/a%20b%252F%0D%0A",
		"é":          "/v1/webhooks/messages/%C3%A9",
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			var path string
			client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
				path = r.URL.RequestURI()
				return httpmock.NewStringResponse(200, aWebhook), nil
			}), basic)
			_, updateErr := client.UpdateWebhook(t.Context(), id, update{Method: "PUT"})
			deleteErr := client.DeleteWebhook(t.Context(), id)
			if strings.HasPrefix(want, "/") {
				require.NoError(t, updateErr)
				require.NoError(t, deleteErr)
				assert.Equal(t, want, path)
				return
			}
			_, getErr := client.GetWebhook(t.Context(), id)
			for _, err := range []error{updateErr, deleteErr, getErr} {
				require.ErrorIs(t, err, messagemedia.ErrInvalidRequest)
				assert.ErrorContains(t, err, "/id: "+want)
			}
			assert.Empty(t, path, "nothing was sent")
		})
	}
}

func TestNegativePagesAreRejected(t *testing.T) {
	t.Parallel()
	_, err := newClient(t, refusing(t), basic).ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{Page: -1, PageSize: -2})
	invalid, ok := errors.AsType[*messagemedia.ValidationError](err)
	require.True(t, ok)
	assert.Equal(t, []string{"/page: Page must not be negative, got -1; 0 means the first page", "/page_size: Page size must not be negative, got -2; 0 means the default"}, invalid.Details)
}
