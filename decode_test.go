package messagemedia_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// TestResponsesInUnusualForms checks that equivalent JSON decodes to the same page, since a
// proxy may have rewritten a response.
func TestResponsesInUnusualForms(t *testing.T) {
	t.Parallel()
	const webhook = `{"id":"7","url":"https://example.com/","method":"POST","encoding":"JSON","events":["RECEIVED_SMS"],"headers":{},"retries":3,"read_timeout":20000,"retry_delay":30}`
	want := &messagemedia.Webhook{ID: "7", URL: "https://example.com/", Method: "POST", Encoding: "JSON", Events: []messagemedia.EventType{"RECEIVED_SMS"},
		Headers: map[string]string{}, ReadTimeout: 20 * time.Second, Retries: 3, RetryDelay: 30 * time.Second}
	page := func(webhook string) string { return `{"page":0,"pageSize":100,"pageData":[` + webhook + `]}` }
	replace := func(old, new string) string { return page(strings.ReplaceAll(webhook, old, new)) }
	for name, body := range map[string]string{
		"as documented":             page(webhook),
		"with a byte order mark":    "\ufeff" + page(webhook),
		"with white space":          "\r\n " + page(webhook) + "\n",
		"with fractions":            replace("20000", "20000.0"),
		"with exponents":            replace("20000", "2e4"),
		"with capital exponents":    replace("20000", "2.0E+4"),
		"with fractions of seconds": replace(`"retry_delay":30`, `"retry_delay":30.00`),
		"with fractions of counts":  replace(`"retries":3`, `"retries":3.0`),
		"with a page of fractions":  strings.Replace(page(webhook), `"page":0,"pageSize":100`, `"page":0.0,"pageSize":1e2`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newClient(t, responding(respondingWith(200, body)), basic).ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
			require.NoError(t, err)
			assert.Equal(t, &messagemedia.WebhookPage{PageSize: 100, Webhooks: []*messagemedia.Webhook{want}}, got)
		})
	}
}

// TestTheLongestDurationsAreDecoded checks the limits of time.Duration.
func TestTheLongestDurationsAreDecoded(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"id":"1","read_timeout":9223372036854,"retry_delay":-9223372036}`, `{"id":"1","read_timeout":-9223372036854,"retry_delay":9223372036}`} {
		var webhook messagemedia.Webhook
		require.NoError(t, json.Unmarshal([]byte(body), &webhook), body)
		assert.Equal(t, int64(9223372036854), webhook.ReadTimeout.Abs().Milliseconds())
		assert.Equal(t, 9223372036*time.Second, webhook.RetryDelay.Abs())
	}
}

// TestDecodeErrorsNameTheField checks that an error has the path of the invalid value, also if
// another value is null.
func TestDecodeErrorsNameTheField(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"pageData":[{"id":"1"},{"id":"2"},{"id":"3"},{"id":"4","read_timeout":"20"}]}`: "pageData/3/read_timeout: cannot unmarshal string into a number",
		`{"pageData":[{"id":"1","encoding":null},{"id":"4","retries":1.5}]}`:             "pageData/1/retries: 1.5 is not a whole number that fits",
		`{"pageData":[{"id":"1","retry_delay":1e400}]}`:                                  "pageData/0/retry_delay: 1e400 is not a whole number that fits",
		`{"pageData":[{"id":"1","retry_delay":9007199254740993.0}]}`:                     "pageData/0/retry_delay: 9007199254740993.0 is not a whole number that fits",
		`{"pageData":[{"id":"1","read_timeout":true}]}`:                                  "pageData/0/read_timeout: cannot unmarshal bool",
		`{"pageData":[{"id":7}]}`:                                                        "pageData/0/id: cannot unmarshal number",
		`{"pageData":[{"id":"1","events":"RECEIVED_SMS"}]}`:                              "pageData/0/events: cannot unmarshal string",
		`{"pageData":[{"id":"1","headers":{"X-Token":7}}]}`:                              "pageData/0/headers: cannot unmarshal number",
		`{"pageData":[{"id":"1"},7]}`:                                                    "pageData/1: cannot unmarshal number",
		`{"pageData":[{"id":"1"},null]}`:                                                 "pageData/1 has no id",
		`{"pageData":[],"page":"0"}`:                                                     "page: cannot unmarshal string into a number",
		`{"pageData":[],"pageSize":{}}`:                                                  "pageSize: cannot unmarshal object",
		`{"pageData":[{"id":"1","read_timeout":9223372036855}]}`:                         "pageData/0/read_timeout: 9223372036855 times 1ms does not fit into a time.Duration",
		`{"pageData":[{"id":"1","retry_delay":-9223372037}]}`:                            "pageData/0/retry_delay: -9223372037 times 1s does not fit into a time.Duration",
		`{"pageData":[{"id":"1","read_timeout":288230376151731744,"url":null}]}`:         "pageData/0/read_timeout: 288230376151731744 times 1ms does not fit",
	} {
		_, err := newClient(t, responding(respondingWith(200, body)), basic).ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
		_, ok := errors.AsType[*messagemedia.DecodeError](err)
		require.True(t, ok, body)
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "json:")
	}
	var most messagemedia.Webhook
	require.NoError(t, json.Unmarshal([]byte(`{"id":"1","read_timeout":9223372036854,"retry_delay":9223372036}`), &most))
	assert.Equal(t, 9223372036854*time.Millisecond, most.ReadTimeout)
	assert.Equal(t, 9223372036*time.Second, most.RetryDelay)
}

// TestResponsesWithUnrequestedCompression covers bodies that a RoundTripper returns without
// decompressing them.
func TestResponsesWithUnrequestedCompression(t *testing.T) {
	t.Parallel()
	compressed := func(body string) string {
		var buffer bytes.Buffer
		w := gzip.NewWriter(&buffer)
		io.WriteString(w, body)
		w.Close()
		return buffer.String()
	}
	bomb := compressed(`{"pageData":[]` + strings.Repeat(" ", 50<<20) + `}`)
	for name, c := range map[string]struct {
		encoding, body string
		status         int
		want           string
	}{
		"gzip":                     {"gzip", compressed(emptyPage), 200, ""},
		"gzip in capitals":         {"GZIP", compressed(emptyPage), 200, ""},
		"gzip as x-gzip":           {"x-gzip", compressed(emptyPage), 200, ""},
		"identity":                 {"identity", emptyPage, 200, ""},
		"invalid gzip":             {"gzip", emptyPage, 200, `decode response: 200 OK: its Content-Encoding is "gzip": gzip: invalid header`},
		"truncated gzip":           {"gzip", compressed(emptyPage)[:30], 200, "unexpected EOF"},
		"a gzip bomb":              {"gzip", bomb, 200, "request body too large"},
		"an unsupported encoding":  {"br", "\x1b\x00", 200, `decode response: 200 OK: its Content-Encoding is "br", which was not asked for`},
		"an error in gzip":         {"gzip", compressed(`{"message":"Bad"}`), 400, "400 Bad Request: Bad"},
		"an error in invalid gzip": {"gzip", `{"message":"Bad"}`, 400, "400 Bad Request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, responding(respondingWith(c.status, c.body).HeaderSet(http.Header{"Content-Encoding": {c.encoding}})), basic, messagemedia.WithMaxAttempts(1))
			page, err := client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
			if c.want == "" {
				require.NoError(t, err)
				assert.Equal(t, 100, page.PageSize)
				return
			}
			assert.ErrorContains(t, err, c.want)
		})
	}
	client := newClient(t, responding(respondingWith(204, "").HeaderSet(http.Header{"Content-Encoding": {"gzip"}})), basic)
	assert.NoError(t, client.DeleteWebhook(t.Context(), "id"), "an empty body needs no decompression")
}

// TestErrorsAreOneLineOfAtMost1KiB covers each text that a server can put into an error.
func TestErrorsAreOneLineOfAtMost1KiB(t *testing.T) {
	t.Parallel()
	const injected = "x\n2026-11-25 level=INFO msg=\"all is well\"\x1b[2J\u202e\xff\u2028"
	quoted, err := json.Marshal(injected)
	require.NoError(t, err)
	long := strings.Repeat("é", 10000)
	for name, body := range map[string]string{
		"a message": `{"message":` + string(quoted) + `}`,
		"details":   `{"message":"x","details":[` + string(quoted) + `,"` + long + `"]}`,
		"a title":   `{"title":` + string(quoted) + `,"detail":"` + long + `","uuid":"` + long + `"}`,
	} {
		err := listError(t, respondingWith(400, body).HeaderSet(http.Header{"Retry-After": {"7"}}))
		text := err.Error()
		assert.LessOrEqual(t, len(text), 1<<10, name)
		assert.NotContains(t, text, "\n", name)
		assert.NotContains(t, text, "\x1b", name)
		assert.NotContains(t, text, "\u202e", name)
		assert.NotContains(t, text, "\u2028", name)
		assert.Contains(t, text, `x\n2026-11-25`, name)
		assert.Contains(t, text, "(retry after 7s)", name)
		assert.True(t, strings.ToValidUTF8(text, "") == text, name)
	}
	err = listError(t, respondingWith(200, "<html>").HeaderSet(http.Header{"Content-Type": {long}, "X-Request-Id": {long + "\x1b"}}))
	assert.LessOrEqual(t, len(err.Error()), 1<<10)
	assert.Contains(t, err.Error(), "(request id é")

	err = listError(t, func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"X-Request-Id": {"id-of-the-request"}}, Body: io.NopCloser(iotest.ErrReader(errors.New(injected + long)))}, nil
	})
	assert.LessOrEqual(t, len(err.Error()), 1<<10)
	assert.Greater(t, len(err.Error()), 1<<9)
	assert.Contains(t, err.Error(), "(request id id-of-the-request)")

	err = listError(t, func(*http.Request) (*http.Response, error) { return nil, errors.New(injected + long) })
	assert.LessOrEqual(t, len(err.Error()), 1<<10+len("messagemedia: ListWebhooks: "))
	assert.NotContains(t, err.Error(), "\n")
}

// TestNullIsNotADifference checks that a null in any field is no difference, neither for a
// look-up nor for a plan.
func TestNullIsNotADifference(t *testing.T) {
	t.Parallel()
	const everything = `{"id":"7","url":"https://example.com/","method":"POST","encoding":"JSON","events":["RECEIVED_SMS"],"headers":{"X-Token":"t"},"template":"t","retries":3,"read_timeout":5000,"retry_delay":30}`
	request := validRequest()
	request.Headers, request.Template = map[string]string{"X-Token": "t"}, "t"
	request.Retries, request.ReadTimeout, request.RetryDelay = 3, 5*time.Second, 30*time.Second
	for field, value := range map[string]string{
		"encoding": `"JSON"`, "events": `["RECEIVED_SMS"]`, "headers": `{"X-Token":"t"}`, "template": `"t"`, "retries": "3", "read_timeout": "5000", "retry_delay": "30",
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			null := strings.Replace(everything, `"`+field+`":`+value, `"`+field+`":null`, 1)
			require.NotEqual(t, everything, null)
			client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPost {
					return nil, errLost
				}
				return respondingWith(200, `{"page":0,"pageSize":100,"pageData":[`+null+`]}`)(r)
			}), basic, messagemedia.WithMaxRetryWait(0))
			webhook, err := client.CreateWebhook(t.Context(), request)
			require.NoError(t, err, "the call's own webhook is not a conflict")
			assert.Equal(t, "7", webhook.ID)
			plan, err := client.PlanWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{request})
			require.NoError(t, err)
			assert.False(t, plan.HasChanges(), "%v", plan)
		})
	}
}
