package messagemediatest_test

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

const path = "/v1/webhooks/messages"

const valid = `{"url":"https://example.com/hook","method":"POST","encoding":"JSON","events":["RECEIVED_SMS"]}`

// send speaks plain HTTP with the server, as clients in any language do.
func send(t *testing.T, api *messagemediatest.Server, method, target, requestBody string, headers ...string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, api.URL+target, strings.NewReader(requestBody))
	require.NoError(t, err)
	request.SetBasicAuth(api.Key, api.Secret)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := api.HTTPClient().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(data)
}

func decode[T any](t *testing.T, text string) (value T) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	return value
}

func TestWebhooksAreCreatedListedUpdatedAndDeleted(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)

	status, response := send(t, api, "POST", path, `{"url":"https://example.com/hook","method":"POST","encoding":"JSON","events":["RECEIVED_SMS"],"template":"<$mtId>","read_timeout":1500,"retries":2,"retry_delay":30,"headers":null}`)
	assert.Equal(t, 201, status)
	id := decode[messagemedia.Webhook](t, response).ID
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, id)
	assert.Equal(t, `{"id":"`+id+`","url":"https://example.com/hook","method":"POST","events":["RECEIVED_SMS"],"headers":{},"template":"<$mtId>","retries":2,"read_timeout":1500,"retry_delay":30,"encoding":"JSON"}`, response)

	status, response = send(t, api, "GET", path+"?page=0&page_size=20", "")
	assert.Equal(t, 200, status)
	assert.Contains(t, response, `"page":0,"pageSize":20,"pageData":[{"id":"`+id)

	status, response = send(t, api, "PATCH", path+"/"+id, `{"template":"","headers":{"X-A":"b"},"url":null,"retries":5}`)
	assert.Equal(t, 200, status)
	updated := decode[messagemedia.Webhook](t, response)
	assert.Equal(t, map[string]string{"X-A": "b"}, updated.Headers)
	assert.Empty(t, updated.Template)
	assert.Equal(t, 2, updated.Retries, "retries can't be updated")

	status, response = send(t, api, "DELETE", path+"/"+id, "")
	assert.Equal(t, 204, status)
	assert.Empty(t, response)
	status, response = send(t, api, "DELETE", path+"/"+id, "")
	assert.Equal(t, 404, status)
	assert.Empty(t, response)
	assert.Empty(t, api.Webhooks(""))
}

func TestAnswersHaveTheFieldsThatAreSet(t *testing.T) {
	t.Parallel()
	_, response := send(t, messagemediatest.NewServer(t), "POST", path, valid)
	fields := decode[map[string]any](t, response)
	delete(fields, "id")
	assert.Equal(t, map[string]any{
		"url": "https://example.com/hook", "method": "POST", "encoding": "JSON",
		"events": []any{"RECEIVED_SMS"}, "headers": map[string]any{}, "retries": 0.0,
	}, fields)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, target, body string
		status               int
		response             string
	}{
		"not JSON":                     {"POST", path, `{`, 400, `{"message":"Bad Request","details":["Failed to parse message body."]}`},
		"a wrong type":                 {"POST", path, `{"url":7}`, 400, `{"message":"Bad Request","details":["Failed to parse message body."]}`},
		"an unknown event":             {"POST", path, strings.Replace(valid, "RECEIVED_SMS", "RECEIVED_123", 1), 400, `{"message":"Bad Request","details":["/events/0: [RECEIVED_123] is invalid"]}`},
		"an unknown method":            {"POST", path, strings.Replace(valid, "POST", "FETCH", 1), 400, `{"message":"Bad Request","details":["/method: [FETCH] is invalid"]}`},
		"an unknown encoding":          {"POST", path, strings.Replace(valid, "JSON", "YAML", 1), 400, `{"message":"Bad Request","details":["/encoding: [YAML] is invalid"]}`},
		"a URL that is not http":       {"POST", path, strings.Replace(valid, "https", "ftp", 1), 400, `{"message":"Bad Request","details":["/url: Not a valid http url: it does not begin with http:// or https://"]}`},
		"a read timeout of 0":          {"POST", path, strings.Replace(valid, `{`, `{"read_timeout":0,`, 1), 400, `{"message":"Bad Request","details":["/read_timeout: [0] is not from 1 to 60000"]}`},
		"an update of an unknown ID":   {"PATCH", path + "/1", `{"method":"PUT"}`, 404, ``},
		"a page that is not a number":  {"GET", path + "?page=x", ``, 400, `{"message":"Bad Request","details":["page property value is invalid"]}`},
		"a page that is negative":      {"GET", path + "?page=-1", ``, 400, `{"message":"Bad Request","details":["page property value is invalid"]}`},
		"a page size that is negative": {"GET", path + "?pageSize=-1", ``, 400, `{"message":"Bad Request","details":["page property value is invalid"]}`},
		"another path":                 {"GET", "/v1/messages", ``, 404, ``},
		"another method":               {"PUT", path, valid, 405, ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, response := send(t, messagemediatest.NewServer(t), c.method, c.target, c.body)
			assert.Equal(t, c.status, status)
			assert.Equal(t, c.response, response)
		})
	}
}

func TestAnUpdateThatChangesNothingIsRefused(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	_, response := send(t, api, "POST", path, valid)
	id := decode[messagemedia.Webhook](t, response).ID
	for _, body := range []string{`{}`, `{"url":null,"template":null,"headers":null,"events":null}`} {
		status, _ := send(t, api, "PATCH", path+"/"+id, body)
		assert.Equal(t, 400, status, body)
	}
}

func TestURLAndMethodAreUnique(t *testing.T) {
	t.Parallel()
	const conflict = `{"message":"A webhook with the given url and method already exists."}`
	api := messagemediatest.NewServer(t)
	send(t, api, "POST", path, valid)
	status, response := send(t, api, "POST", path, valid)
	assert.Equal(t, 409, status)
	assert.Equal(t, conflict, response)

	_, response = send(t, api, "POST", path, strings.Replace(valid, `"POST"`, `"PUT"`, 1))
	id := decode[messagemedia.Webhook](t, response).ID
	status, response = send(t, api, "PATCH", path+"/"+id, `{"method":"POST"}`)
	assert.Equal(t, 409, status)
	assert.Equal(t, conflict, response)
	status, _ = send(t, api, "PATCH", path+"/"+id, `{"method":"PUT"}`)
	assert.Equal(t, 200, status, "a webhook does not clash with itself")
}

func TestAnAccountHolds150WebhooksInPages(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	for i := range 150 {
		status, _ := send(t, api, "POST", path, strings.Replace(valid, "hook", fmt.Sprint("hook", i), 1))
		require.Equal(t, 201, status)
	}
	status, response := send(t, api, "POST", path, valid)
	assert.Equal(t, 400, status)
	assert.Equal(t, `{"message":"Maximum number of webhooks (150) reached"}`, response)

	for target, want := range map[string]struct{ size, entries int }{
		path:                              {100, 100},
		path + "/?page=0":                 {100, 100},
		path + "?page=1":                  {100, 50},
		path + "?page=7&page_size=20":     {20, 10},
		path + "?page=8&pageSize=20":      {20, 0},
		path + "?page=0&page_size=0":      {100, 100},
		path + "/?page=2&pageSize=70":     {70, 10},
		path + "?page=&page_size=":        {100, 100},
		path + "?page=1&page_size=100000": {100000, 0},
	} {
		_, response := send(t, api, "GET", target, "")
		page := decode[messagemedia.WebhookPage](t, response)
		assert.Equal(t, want.size, page.PageSize, target)
		assert.Len(t, page.Webhooks, want.entries, target)
	}
}

func TestSubAccountsAreApart(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	for _, account := range []string{"", "one", "two"} {
		status, _ := send(t, api, "POST", path, valid, "Account", account)
		assert.Equal(t, 201, status, account)
		assert.Len(t, api.Webhooks(account), 1)
	}
	id := api.Webhooks("one")[0].ID
	status, _ := send(t, api, "DELETE", path+"/"+id, "", "Account", "two")
	assert.Equal(t, 404, status)
	status, _ = send(t, api, "DELETE", path+"/"+id, "", "Account", "one")
	assert.Equal(t, 204, status)
}

// TestCredentials signs by hand, as the vendor's older SDKs do.
func TestCredentials(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithCredentials("key", "secret"))
	now := time.Now().UTC()
	sign := func(date time.Time, body, requestLine string) []string {
		sum := md5.Sum([]byte(body))
		digest, at := hex.EncodeToString(sum[:]), date.Format(http.TimeFormat)
		mac := hmac.New(sha1.New, []byte("secret"))
		io.WriteString(mac, "date: "+at+"\nx-Content-MD5: "+digest+"\n"+requestLine)
		return []string{"date", at, "x-Content-MD5", digest, "Authorization", `hmac username="key", algorithm="hmac-sha1", headers="date x-Content-MD5 request-line", signature="` +
			base64.StdEncoding.EncodeToString(mac.Sum(nil)) + `"`}
	}
	const line = "POST " + path + " HTTP/1.1"
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"Basic":                             {nil, 400},
		"Basic with a wrong secret":         {[]string{"Authorization", "Basic a2V5OnNlY3JldC4="}, 401},
		"Basic with a wrong key":            {[]string{"Authorization", "Basic a2V5LjpzZWNyZXQ="}, 401},
		"no credentials":                    {[]string{"Authorization", ""}, 401},
		"another scheme":                    {[]string{"Authorization", "Bearer x"}, 401},
		"HMAC":                              {sign(now, "{}", line), 400},
		"HMAC by a clock a little off":      {sign(now.Add(-250*time.Second), "{}", line), 400},
		"HMAC by a clock too far behind":    {sign(now.Add(-302*time.Second), "{}", line), 401},
		"HMAC by a clock too far ahead":     {sign(now.Add(360*time.Second), "{}", line), 401},
		"HMAC over another body":            {sign(now, "{} ", line), 401},
		"HMAC over another path":            {sign(now, "{}", "POST /v1 HTTP/1.1"), 401},
		"HMAC over another HTTP version":    {sign(now, "{}", "POST "+path+" HTTP/2.0"), 401},
		"HMAC that is not signed":           {[]string{"Authorization", `hmac username="key", algorithm="hmac-sha1", headers="date request-line", signature=""`}, 401},
		"HMAC by an algorithm not known":    {[]string{"Authorization", `hmac username="key", algorithm="none", headers="date request-line", signature=""`}, 401},
		"HMAC that does not cover the date": {[]string{"Authorization", `hmac username="key", algorithm="hmac-sha1", headers="request-line", signature=""`}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, response := send(t, api, "POST", path, "{}", c.headers...)
			assert.Equal(t, c.status, status)
			if status == 401 {
				assert.Empty(t, response)
			}
		})
	}
}

func TestHMACOverHTTP2IsRefused(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithTLS())
	auth := messagemedia.HMACAuth(api.Key, api.Secret)
	request, err := http.NewRequestWithContext(t.Context(), "GET", api.URL+path, nil)
	require.NoError(t, err)
	require.NoError(t, auth.Authenticate(request))
	response, err := api.HTTPClient().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, "HTTP/2.0", response.Proto)
	assert.Equal(t, 401, response.StatusCode)

	client, err := messagemedia.NewClient(auth, messagemedia.WithBaseURL(api.URL), messagemedia.WithHTTPClient(api.HTTPClient()))
	require.NoError(t, err)
	_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
	require.NoError(t, err, "the SDK goes over HTTP/1.1")
	assert.Equal(t, "HTTP/1.1", api.Requests()[1].Proto)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   messagemediatest.Fault
		status  int
		body    string
		fails   error // of reading the response
		changed bool
	}{
		"a response in place of the real one": {fault: messagemediatest.Fault{Status: 503, Body: "<html>", Header: http.Header{"Retry-After": {"7"}}}, status: 503, body: "<html>"},
		"a response after the change":         {fault: messagemediatest.Fault{Status: 500, AfterCommit: true}, status: 500, changed: true},
		"a reset":                             {fault: messagemediatest.Fault{ResetConnection: true}, fails: syscall.ECONNRESET},
		"a reset after the change":            {fault: messagemediatest.Fault{ResetConnection: true, AfterCommit: true}, fails: syscall.ECONNRESET, changed: true},
		"a cut-off body of the real response": {fault: messagemediatest.Fault{TruncateBody: true}, status: 201, fails: io.ErrUnexpectedEOF, changed: true},
		"a cut-off body of its own":           {fault: messagemediatest.Fault{Status: 200, Body: "123456", TruncateBody: true}, status: 200, fails: io.ErrUnexpectedEOF},
		"a fault for other requests":          {fault: messagemediatest.Fault{Status: 500, Match: func(r *http.Request) bool { return r.Method == "GET" }}, status: 201, changed: true},
		"a delay":                             {fault: messagemediatest.Fault{Delay: time.Millisecond}, status: 201, changed: true},
		"a slow body":                         {fault: messagemediatest.Fault{ByteDelay: time.Microsecond}, status: 201, changed: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			api.Fail(c.fault)
			request, err := http.NewRequestWithContext(t.Context(), "POST", api.URL+path, strings.NewReader(valid))
			require.NoError(t, err)
			request.SetBasicAuth(api.Key, api.Secret)
			response, err := api.HTTPClient().Do(request)
			var body []byte
			if err == nil {
				defer response.Body.Close()
				assert.Equal(t, c.status, response.StatusCode)
				body, err = io.ReadAll(response.Body)
			}
			switch {
			case c.fails == io.ErrUnexpectedEOF:
				assert.Error(t, err, "the body breaks off: as an end or as a reset")
			case c.fails != nil:
				assert.ErrorIs(t, err, c.fails)
			default:
				require.NoError(t, err)
			}
			if c.body != "" {
				assert.Equal(t, c.body, string(body))
				assert.Equal(t, "7", response.Header.Get("Retry-After"))
			}
			assert.Equal(t, c.changed, len(api.Webhooks("")) == 1)
			require.Len(t, api.Requests(), 1)
			assert.Equal(t, c.changed, api.Requests()[0].Committed)
			assert.Equal(t, c.status, api.Requests()[0].Status)

			if c.fault.Match == nil {
				status, _ := send(t, api, "GET", path, "")
				assert.Equal(t, 200, status, "a fault is for one request unless it says more")
			}
		})
	}
}

func TestFaultsLastAsLongAsTheySay(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	api.Fail(messagemediatest.Fault{Status: 500, Times: 2}, messagemediatest.Fault{Status: 429})
	var statuses []int
	for range 4 {
		status, _ := send(t, api, "GET", path, "")
		statuses = append(statuses, status)
	}
	assert.Equal(t, []int{500, 500, 429, 200}, statuses)
}

// TestFakeTime has long waits on both sides of a connection in memory.
func TestFakeTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
		defer api.Close() // before the bubble ends, and so before the test's clean-up
		api.Fail(messagemediatest.Fault{Delay: time.Hour}, messagemediatest.Fault{Delay: time.Hour})
		start := time.Now()

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		client := api.Client(messagemedia.WithAttemptTimeout(2 * time.Hour))
		_, err := client.ListWebhooks(ctx, messagemedia.ListWebhooksRequest{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(start))

		_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
		require.NoError(t, err)
		assert.Equal(t, time.Minute+time.Hour, time.Since(start))
	})
}

func TestCloseEndsDelays(t *testing.T) {
	t.Parallel()
	api, err := messagemediatest.Start()
	require.NoError(t, err)
	arrived := make(chan struct{})
	api.Fail(messagemediatest.Fault{Delay: time.Hour, Match: func(*http.Request) bool { close(arrived); return true }})
	failed := make(chan error)
	go func() {
		_, err := api.Client(messagemedia.WithMaxAttempts(1)).ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
		failed <- err
	}()
	<-arrived
	api.Close()
	assert.Error(t, <-failed)
}

func TestStartReportsAnAddressThatIsTaken(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	_, err := messagemediatest.Start(messagemediatest.WithAddr(strings.TrimPrefix(api.URL, "http://")))
	assert.ErrorIs(t, err, syscall.EADDRINUSE)
}

func TestExchanges(t *testing.T) {
	t.Parallel()
	var observed []messagemediatest.Exchange
	api := messagemediatest.NewServer(t, messagemediatest.WithObserver(func(e messagemediatest.Exchange) { observed = append(observed, e) }))
	send(t, api, "POST", path, valid, "Account", "sub")
	send(t, api, "GET", path+"?page=x", "")
	assert.Equal(t, api.Requests(), observed)
	require.Len(t, observed, 2)
	created := observed[0]
	assert.Equal(t, []any{"POST", path, "HTTP/1.1", "sub", valid, 201, true}, []any{created.Method, created.Target, created.Proto, created.Account, created.RequestBody, created.Status, created.Committed})
	assert.Contains(t, created.ResponseBody, `"id":`)
	assert.Positive(t, created.Duration)
	assert.Equal(t, 400, observed[1].Status)
	assert.False(t, observed[1].Committed)
}

// TestFaultsAreTakenInTheirOrder: two responds in place of the real one, and then one
// that gets lost.
func TestFaultsAreTakenInTheirOrder(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	api.Fail(messagemediatest.Fault{Status: 503, Times: 2})
	api.Fail(messagemediatest.Fault{ResetConnection: true, AfterCommit: true})
	_, err := api.Client(messagemedia.WithMaxRetryWait(0)).CreateWebhook(t.Context(), request)
	require.NoError(t, err, "it looks the webhook up")
	var statuses []int
	for _, exchange := range api.Requests() {
		statuses = append(statuses, exchange.Status)
	}
	assert.Equal(t, []int{503, 503, 0}, statuses[:3])
	assert.Len(t, api.Webhooks(""), 1)
}
