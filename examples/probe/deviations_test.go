package main

import (
	"bytes"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// exchange is a request and the in-memory platform's response, which a test changes.
type exchange struct {
	*http.Request
	requestBody string
	status      int
	header      http.Header
	body        string
}

func (e *exchange) is(method, path string) bool {
	return e.Method == method && strings.HasPrefix(e.URL.Path, path)
}

// TestDeviationsAreFound changes one behavior of the in-memory platform, and expects the check of
// that behavior to report it.
func TestDeviationsAreFound(t *testing.T) {
	t.Parallel()
	for check, c := range map[string]struct {
		change func(*exchange)
		seen   string
	}{
		"client with HMAC": {func(e *exchange) {
			if strings.HasPrefix(e.Header.Get("Authorization"), "hmac") {
				e.status, e.body = http.StatusUnauthorized, `{"message":"HMAC signature cannot be verified"}`
			}
		}, "401 Unauthorized: HMAC signature cannot be verified"},
		"401, Basic": {func(e *exchange) {
			if e.status == http.StatusUnauthorized {
				e.header.Set("WWW-Authenticate", `Basic realm="gateway"`)
			}
		}, `Basic realm="gateway"`},
		"401, HMAC": {func(e *exchange) {
			if e.status == http.StatusUnauthorized {
				e.body = "<html>no</html>"
			}
		}, "401 <html>no</html>"},
		"create": {func(e *exchange) {
			if e.is(http.MethodPost, webhooksPath) && e.status == http.StatusCreated {
				e.status = http.StatusOK
			}
		}, "200, UUID: true"},
		"fields of a webhook without options": {func(e *exchange) {
			e.body = strings.Replace(e.body, `"retries":0`, `"retries":0,"template":null`, 1)
		}, "retries template url"},
		"durations and retries are returned": {func(e *exchange) {
			e.body = strings.Replace(e.body, `"read_timeout":3000`, `"read_timeout":3`, 1)
		}, "read_timeout 3, retries 2"},
		"template with white space and line ends": {func(e *exchange) {
			e.body = strings.ReplaceAll(e.body, `\r\n`, `\n`)
		}, `"  a\n\tb \n\n", sent "  a\r\n\tb \n\n"`},
		"header names in mixed case": {func(e *exchange) { e.body = strings.ReplaceAll(e.body, "x-pRoBe", "x-probe") }, `["x-probe"], sent "x-pRoBe"`},
		"URL: host in upper case":    {func(e *exchange) { e.body = strings.ReplaceAll(e.body, "EXAMPLE", "example") }, "https://example.com/…/a, sent https://EXAMPLE.com/…/a"},
		"URL: default port":          {func(e *exchange) { e.body = strings.ReplaceAll(e.body, ":443/", "/") }, "https://example.com/…/a, sent https://example.com:443/…/a"},
		"URL: %7e for ~":             {func(e *exchange) { e.body = strings.ReplaceAll(e.body, "%7e", "~") }, "https://example.com/…/~a, sent https://example.com/…/%7ea"},
		"same url and method": {func(e *exchange) {
			if e.status == http.StatusConflict {
				e.status = http.StatusBadRequest
			}
		}, "400 {"},
		"unknown event":                    {func(e *exchange) { e.body = strings.ReplaceAll(e.body, "/events/0:", "events:") }, "events: [PROBE_123] is invalid"},
		"default page size":                {func(e *exchange) { e.body = strings.ReplaceAll(e.body, `"pageSize":100`, `"pageSize":20`) }, "20, several webhooks"},
		"get a webhook by its ID":          {getByID, "200 {"},
		"update of one field":              {func(e *exchange) { ifUpdated(e, `"retries":1`, `"retries":0`) }, "200 retries is 0, not 1"},
		"update that clears headers by {}": {func(e *exchange) { ifUpdated(e, `"headers":{}`, `"headers":{"X-Probe":"1"}`) }, `headers is {"X-Probe":"1"}, not {}`},
		"delete":                           {func(e *exchange) { ifDeleted(e, http.StatusOK, `{}`) }, "200 {}"},
		"delete again":                     {func(e *exchange) { ifMissing(e, `{"message":"no Route matched"}`) }, "404 {\"message\":\"no Route matched\"}"},
		"enabled key":                      {func(e *exchange) { e.body = strings.Replace(e.body, "Currently no key", "No key", 1) }, "404 {\"message\":\"No key is enabled\"}"},
		"key in the list":                  {keyWithPublicKey, "with its public key: true"},
		"create a key":                     {func(e *exchange) { e.body = strings.Replace(e.body, `"public_key":"`, `"public_key":"-----BEGIN`, 1) }, "not base64"},
		"delete an enabled key":            {func(e *exchange) { ifKeyDeleted(e) }, "204 without a body"},
		"update of read_timeout, retries, retry_delay": {func(e *exchange) {
			if e.Method == http.MethodPatch && strings.Contains(e.requestBody, "read_timeout") {
				e.status, e.body = http.StatusBadRequest, `{"message":"Bad Request"}`
			}
		}, "400 "},
	} {
		t.Run(check, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			others := addOthers(t, api)
			server := deviating(t, api, c.change)
			var out, log bytes.Buffer
			status := run(t.Context(), settings{yes: true, keys: true}, environment(api, server.URL), strings.NewReader(""), &out, &log)
			require.Equal(t, exitDiffers, status, out.String()+log.String())
			line := lineOf(t, out.String(), check)
			assert.True(t, strings.HasPrefix(line, "| differs "), line)
			assert.Contains(t, line, c.seen)
			others.requireUnchanged(t, api)
		})
	}
}

// deviating serves the responses of the in-memory platform, changed by a function.
func deviating(t *testing.T, api *messagemediatest.Server, change func(*exchange)) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		r.Body = io.NopCloser(bytes.NewReader(body))
		response := httptest.NewRecorder()
		api.ServeHTTP(response, r)
		e := &exchange{r, string(body), response.Code, response.Header(), response.Body.String()}
		change(e)
		e.header.Del("Content-Length")
		maps.Copy(w.Header(), e.header)
		w.WriteHeader(e.status)
		io.WriteString(w, e.body)
	}))
	t.Cleanup(server.Close)
	return server
}

func getByID(e *exchange) {
	if e.is(http.MethodGet, webhooksPath+"/") && e.status == http.StatusMethodNotAllowed {
		e.status, e.body = http.StatusOK, `{"id":"1"}`
	}
}

func ifUpdated(e *exchange, old, new string) {
	if e.is(http.MethodPatch, webhooksPath) && e.status == http.StatusOK {
		e.body = strings.Replace(e.body, old, new, 1)
	}
}

func ifDeleted(e *exchange, status int, body string) {
	if e.is(http.MethodDelete, webhooksPath) && e.status == http.StatusNoContent {
		e.status, e.body = status, body
	}
}

func ifMissing(e *exchange, body string) {
	if e.is(http.MethodDelete, webhooksPath) && e.status == http.StatusNotFound {
		e.body = body
	}
}

func ifKeyDeleted(e *exchange) {
	if e.is(http.MethodDelete, keysPath) && e.status == http.StatusOK {
		e.status = http.StatusNoContent
	}
}

func keyWithPublicKey(e *exchange) {
	if e.is(http.MethodGet, keysPath) {
		e.body = strings.ReplaceAll(e.body, `"key_id"`, `"public_key":"x","key_id"`)
	}
}

// TestAnAccountWithoutSignatures is the most common case.
func TestAnAccountWithoutSignatures(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	api.Fail(messagemediatest.Fault{
		Match:  func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, keysPath) },
		Times:  1000,
		Status: http.StatusForbidden,
		Body:   `{"message":"This feature has not been enabled in your account."}`,
	})
	var out, log bytes.Buffer
	status := run(t.Context(), settings{yes: true, keys: true}, environment(api, api.URL), strings.NewReader(""), &out, &log)
	assert.Equal(t, exitAsAssumed, status, out.String()+log.String())
	assert.Contains(t, lineOf(t, out.String(), "list of signature keys"), "| holds ")
	assert.Contains(t, lineOf(t, out.String(), "create a key"), "| not observed ")
	assert.Empty(t, api.Webhooks(""))
}

// TestEchoedCredentialsAreRedacted lets the API return the credentials in its errors.
func TestEchoedCredentialsAreRedacted(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithCredentials("the-key-of-a-test", "the-secret-of-a-test"))
	echo := func(e *exchange) {
		if e.status >= 400 {
			e.body = `{"message":"echo ` + api.Key + " " + api.Secret + " " + strings.ReplaceAll(e.Header.Get("Authorization"), `"`, "") + `"}`
		}
	}
	var out, log bytes.Buffer
	run(t.Context(), settings{yes: true, keys: true}, environment(api, deviating(t, api, echo).URL), strings.NewReader(""), &out, &log)
	require.Greater(t, strings.Count(out.String(), "echo [key] [secret] Basic [credentials]"), 10)
	assert.NotContains(t, out.String()+log.String(), "-of-a-test")
	assert.NotContains(t, out.String()+log.String(), base64.StdEncoding.EncodeToString([]byte(api.Key+":"+api.Secret)))
}
