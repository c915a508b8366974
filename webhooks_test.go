package messagemedia_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// TestCreateWebhookCreatesAtMostOne injects every fault into one or more attempts, in accounts
// below and at the limit. It checks that the result or the error agrees with the account.
func TestCreateWebhookCreatesAtMostOne(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]messagemediatest.Fault{
		"reset":                {ResetConnection: true},
		"429":                  {Status: 429},
		"500":                  {Status: 500, Body: "<html>"},
		"501":                  {Status: 501},
		"503":                  {Status: 503},
		"a truncated body":     {TruncateBody: true},
		"an unreadable 201":    {Status: 201, Body: "<html>"},
		"a 201 without a body": {Status: 201},
		"no response in time":  {Delay: time.Hour},
		"a throttled body":     {ByteDelay: time.Second},
	} {
		for _, afterChange := range []bool{false, true} {
			if afterChange && fault.Status == http.StatusTooManyRequests {
				continue // a 429 means that the change did not take effect
			}
			for _, times := range []int{1, 2, 3} {
				fault := fault
				fault.AfterCommit, fault.Times = afterChange, times
				t.Run(fmt.Sprintf("%s, after the change %t, %d times", name, afterChange, times), func(t *testing.T) {
					t.Parallel()
					for _, present := range []int{0, 149, 150} {
						for _, blind := range []bool{false, true} {
							synctest.Test(t, func(t *testing.T) { createUnder(t, fault, present, blind) })
						}
					}
				})
			}
		}
	}
}

// createUnder creates a webhook under a fault, in an account with the number of webhooks
// present. If blind, the client's look-up fails.
func createUnder(t *testing.T, fault messagemediatest.Fault, present int, blind bool) {
	api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
	defer api.Close()
	client := api.Client()
	fill(t, client, present)
	fault.Match = func(r *http.Request) bool { return r.Method == http.MethodPost }
	api.Fail(fault)
	if blind {
		api.Fail(messagemediatest.Fault{Status: 500, Times: 99, Match: func(r *http.Request) bool { return r.Method == http.MethodGet }})
	}
	created, err := client.CreateWebhook(t.Context(), validRequest())

	webhooks := api.Webhooks("")[present:]
	require.LessOrEqual(t, len(webhooks), 1)
	switch {
	case err == nil:
		require.Len(t, webhooks, 1)
		assert.Equal(t, webhooks[0].ID, created.ID)
		assert.Equal(t, webhooks[0].URL, created.URL)
	case !errors.Is(err, messagemedia.ErrOutcomeUnknown):
		assert.Empty(t, webhooks, "with %d present, the error says that none was created: %v", present, err)
	}
}

func fill(t *testing.T, client *messagemedia.Client, count int) {
	for i := range count {
		request := validRequest()
		request.URL = fmt.Sprint("https://example.com/", i)
		_, err := client.CreateWebhook(t.Context(), request)
		require.NoError(t, err)
	}
}

// TestCreateWebhookReturnsItsWebhookAfterALostResponse has the cases in which a look-up finds
// it.
func TestCreateWebhookReturnsItsWebhookAfterALostResponse(t *testing.T) {
	t.Parallel()
	lost := messagemediatest.Fault{ResetConnection: true, AfterCommit: true}
	for name, c := range map[string]struct {
		present int
		fault   messagemediatest.Fault
		posts   int
	}{
		"after the 409 of the next attempt":                {0, lost, 2},
		"after the 400 of the next attempt, for the limit": {149, lost, 2},
		"after the last attempt":                           {0, messagemediatest.Fault{Status: 503, AfterCommit: true, Times: 3}, 3},
		"after an unreadable 2xx, which is not retried":    {0, messagemediatest.Fault{Status: 201, Body: "<html>", AfterCommit: true}, 1},
		"after a status that is not retried":               {0, messagemediatest.Fault{Status: 501, AfterCommit: true}, 1},
		"on a second page":                                 {120, lost, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			client := api.Client(messagemedia.WithMaxRetryWait(0))
			fill(t, client, c.present)
			api.Fail(c.fault)
			request := validRequest()
			request.Events = []messagemedia.EventType{messagemedia.EventOptOutSMS, messagemedia.EventReceivedSMS}
			request.Headers = map[string]string{"X-Token": "t"}
			request.Template, request.Retries, request.RetryDelay, request.ReadTimeout = "<$mtId>", 3, 7*time.Second, time.Second

			created, err := client.CreateWebhook(t.Context(), request)
			require.NoError(t, err)
			assert.Equal(t, api.Webhooks("")[c.present], *created)
			posts := 0
			for _, exchange := range api.Requests()[c.present:] {
				if exchange.Method == http.MethodPost {
					posts++
				}
			}
			assert.Equal(t, c.posts, posts)
		})
	}
}

// TestCreateWebhookComparesTheWebhookItFinds loses the response to a creation, fails the retry
// and lists a webhook with the same URL and method.
func TestCreateWebhookComparesTheWebhookItFinds(t *testing.T) {
	t.Parallel()
	asked := messagemedia.CreateWebhookRequest{
		URL: "https://example.com/", Method: "POST", Encoding: "JSON", Template: "t",
		Events:  []messagemedia.EventType{"A", "B"},
		Headers: map[string]string{"X-Token": "t"},
		Retries: 2, RetryDelay: 6 * time.Second,
	}
	for name, c := range map[string]struct {
		found string
		same  bool
	}{
		"the same":                  {`"encoding":"JSON","template":"t","events":["A","B"],"headers":{"X-Token":"t"},"retries":2,"retry_delay":6`, true},
		"events in another order":   {`"encoding":"JSON","template":"t","events":["B","A","B"],"headers":{"X-Token":"t"},"retries":2,"retry_delay":6`, true},
		"a header in another case":  {`"encoding":"JSON","template":"t","events":["A","B"],"headers":{"x-token":"t"},"retries":2,"retry_delay":6`, true},
		"the default read timeout":  {`"encoding":"JSON","template":"t","events":["A","B"],"headers":{"X-Token":"t"},"retries":2,"retry_delay":6,"read_timeout":20000`, true},
		"another event":             {`"encoding":"JSON","template":"t","events":["A"],"headers":{"X-Token":"t"},"retries":2,"retry_delay":6`, false},
		"another header":            {`"encoding":"JSON","template":"t","events":["A","B"],"headers":{"X-Token":"T"},"retries":2,"retry_delay":6`, false},
		"another template":          {`"encoding":"JSON","template":"T","events":["A","B"],"headers":{"X-Token":"t"},"retries":2,"retry_delay":6`, false},
		"another encoding":          {`"encoding":"XML","template":"t","events":["A","B"],"headers":{"X-Token":"t"},"retries":2,"retry_delay":6`, false},
		"another number of retries": {`"encoding":"JSON","template":"t","events":["A","B"],"headers":{"X-Token":"t"},"retries":1,"retry_delay":6`, false},
		"another retry delay":       {`"encoding":"JSON","template":"t","events":["A","B"],"headers":{"X-Token":"t"},"retries":2,"retry_delay":7`, false},
		"another read timeout":      {`"encoding":"JSON","template":"t","events":["A","B"],"headers":{"X-Token":"t"},"retries":2,"retry_delay":6,"read_timeout":1`, false},
	} {
		for _, status := range []int{503, 409} {
			t.Run(fmt.Sprint(name, ", after ", status), func(t *testing.T) {
				t.Parallel()
				posts := 0
				client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodGet {
						return httpmock.NewStringResponse(200, `{"page":0,"pageSize":100,"pageData":[{"id":"other","url":"https://example.com/","method":"PUT"},{"id":"found","url":"https://example.com/","method":"POST",`+c.found+`}]}`), nil
					}
					if posts++; posts == 1 {
						return nil, errors.New("connection lost")
					}
					return httpmock.NewStringResponse(status, ""), nil
				}), basic, messagemedia.WithMaxRetryWait(0))
				webhook, err := client.CreateWebhook(t.Context(), asked)
				if c.same {
					require.NoError(t, err)
					assert.Equal(t, "found", webhook.ID)
					return
				}
				require.ErrorIs(t, err, messagemedia.ErrConflict)
				assert.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown, "this call may have created the webhook before another program changed it")
				assert.Regexp(t, "^messagemedia: CreateWebhook: conflict: a webhook with this URL and method does not match the request: ", err.Error())
				apiErr, ok := errors.AsType[*messagemedia.APIError](err)
				require.True(t, ok)
				assert.Equal(t, status, apiErr.StatusCode, "the error has the API's response")
			})
		}
	}
}

func TestCreateWebhookReportsAConflictWithoutALookUp(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client()
	_, err := client.CreateWebhook(t.Context(), validRequest())
	require.NoError(t, err)
	_, err = client.CreateWebhook(t.Context(), validRequest())
	require.ErrorIs(t, err, messagemedia.ErrConflict)
	assert.NotErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
	assert.ErrorContains(t, err, "messagemedia: CreateWebhook: 409 Conflict: A webhook with the given url and method already exists.")
	assert.Len(t, api.Requests(), 2)
}

func TestCreateWebhookHasAnUnknownOutcomeWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
		defer api.Close()
		api.Fail(messagemediatest.Fault{Delay: time.Hour, AfterCommit: true})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := api.Client().CreateWebhook(ctx, validRequest())
		assert.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// TestWebhooks iterates over several pages twice, and once more while it deletes.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client()
	fill(t, client, 150)
	all := client.Webhooks(t.Context())
	for range 2 {
		var ids []string
		for webhook, err := range all {
			require.NoError(t, err)
			ids = append(ids, webhook.ID)
		}
		require.Len(t, ids, 150)
		for i, webhook := range api.Webhooks("") {
			require.Equal(t, webhook.ID, ids[i])
		}
	}
	for webhook, err := range all {
		require.NoError(t, err)
		require.NoError(t, client.DeleteWebhook(t.Context(), webhook.ID))
	}
	assert.Empty(t, api.Webhooks(""))
}

func TestWebhooksStopsWithTheLoop(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	fill(t, api.Client(), 3)
	count := 0
	for range api.Client().Webhooks(t.Context()) {
		count++
		break
	}
	assert.Equal(t, 1, count)
}

func TestWebhooksYieldsAnErrorOnce(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	fill(t, api.Client(), 120)
	api.Fail(messagemediatest.Fault{Status: 403, Match: func(r *http.Request) bool { return r.URL.Query().Get("page") == "1" }})
	count := 0
	for webhook, err := range api.Client().Webhooks(t.Context()) {
		count++
		assert.Nil(t, webhook, "the first page is not yielded when the second fails")
		assert.ErrorIs(t, err, messagemedia.ErrForbidden)
	}
	assert.Equal(t, 1, count)
}

// TestWebhooksEnds covers servers whose pages differ from the documentation.
func TestWebhooksEnds(t *testing.T) {
	t.Parallel()
	const a, b = `{"id":"a","url":"u","method":"POST"}`, `{"id":"b","url":"u","method":"PUT"}`
	for name, c := range map[string]struct {
		pages []string // the last is repeated
		ids   []string
		calls int
	}{
		"at an empty page": {[]string{emptyPage}, nil, 1},
		"at a short page":  {[]string{`{"page":0,"pageSize":2,"pageData":[` + a + `]}`}, []string{"a"}, 1},
		"at an empty page after full pages of the response's size": {[]string{`{"page":0,"pageSize":1,"pageData":[` + a + `]}`, `{"page":1,"pageSize":1,"pageData":[` + b + `]}`, `{"page":2,"pageSize":1,"pageData":[]}`}, []string{"a", "b"}, 3},
		"at a repeated page":                                {[]string{`{"page":0,"pageSize":1,"pageData":[` + a + `]}`}, []string{"a"}, 2},
		"at a repeated page without a size":                 {[]string{`{"pageData":[` + a + `,` + b + `]}`}, []string{"a", "b"}, 2},
		"with each webhook once if they move between pages": {[]string{`{"pageSize":2,"pageData":[` + a + `,` + a + `]}`, `{"pageSize":2,"pageData":[` + a + `,` + b + `]}`, `{"pageSize":2,"pageData":[]}`}, []string{"a", "b"}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			client := newClient(t, responding(func(*http.Request) (*http.Response, error) {
				calls++
				return httpmock.NewStringResponse(200, c.pages[min(calls, len(c.pages))-1]), nil
			}), basic)
			var ids []string
			for webhook, err := range client.Webhooks(t.Context()) {
				require.NoError(t, err)
				ids = append(ids, webhook.ID)
			}
			assert.Equal(t, c.ids, ids)
			assert.Equal(t, c.calls, calls)
		})
	}
}

func TestListWebhooksRequestsThePage(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client()
	fill(t, client, 5)
	page, err := client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{Page: 2, PageSize: 2})
	require.NoError(t, err)
	assert.Equal(t, 2, page.Page)
	assert.Equal(t, 2, page.PageSize)
	assert.Len(t, page.Webhooks, 1)
	assert.Equal(t, "/v1/webhooks/messages?page=2&page_size=2", api.Requests()[5].Target)

	page, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
	require.NoError(t, err)
	assert.Equal(t, 100, page.PageSize)
	assert.Equal(t, "/v1/webhooks/messages?page=0", api.Requests()[6].Target)
}

func TestGetWebhook(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client()
	fill(t, client, 120)
	want := api.Webhooks("")[110]
	got, err := client.GetWebhook(t.Context(), want.ID)
	require.NoError(t, err)
	assert.Equal(t, want.URL, got.URL)

	_, err = client.GetWebhook(t.Context(), "76fa7010-8c1f-4a24-917a-4d62a54e744d")
	assert.ErrorIs(t, err, messagemedia.ErrNotFound)

	api.Fail(messagemediatest.Fault{Status: 401})
	_, err = client.GetWebhook(t.Context(), want.ID)
	assert.ErrorIs(t, err, messagemedia.ErrUnauthorized)
}

// TestUpdateWebhookSendsOnlySetFields compares bodies byte for byte.
func TestUpdateWebhookSendsOnlySetFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		request messagemedia.UpdateWebhookRequest
		body    string
	}{
		"a URL":       {messagemedia.UpdateWebhookRequest{URL: "https://example.com/?a=$moContent&b"}, `{"url":"https://example.com/?a=$moContent&b"}`},
		"a method":    {messagemedia.UpdateWebhookRequest{Method: "PUT"}, `{"method":"PUT"}`},
		"an encoding": {messagemedia.UpdateWebhookRequest{Encoding: messagemedia.EncodingXML}, `{"encoding":"XML"}`},
		"events":      {messagemedia.UpdateWebhookRequest{Events: []messagemedia.EventType{"NEW_ONE"}}, `{"events":["NEW_ONE"]}`},
		"a template":  {messagemedia.UpdateWebhookRequest{Template: new("<$mtId> & more")}, `{"template":"<$mtId> & more"}`},
		"no template": {messagemedia.UpdateWebhookRequest{Template: new("")}, `{"template":""}`},
		"headers":     {messagemedia.UpdateWebhookRequest{Headers: map[string]string{"X-A": "b"}}, `{"headers":{"X-A":"b"}}`},
		"no headers":  {messagemedia.UpdateWebhookRequest{Headers: map[string]string{}}, `{"headers":{}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			api.Fail(messagemediatest.Fault{Status: 200, Body: aWebhook, AfterCommit: true})
			webhook, err := api.Client().UpdateWebhook(t.Context(), "a/b?c", c.request)
			require.NoError(t, err)
			assert.Equal(t, "76fa7010-8c1f-4a24-917a-4d62a54e744d", webhook.ID)
			assert.Equal(t, c.body, api.Requests()[0].RequestBody)
			assert.Equal(t, "/v1/webhooks/messages/a%2Fb%3Fc", api.Requests()[0].Target)
		})
	}
}

func TestUpdateWebhookClears(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client()
	request := validRequest()
	request.Template, request.Headers = "$mtId", map[string]string{"X-A": "b"}
	created, err := client.CreateWebhook(t.Context(), request)
	require.NoError(t, err)
	updated, err := client.UpdateWebhook(t.Context(), created.ID, messagemedia.UpdateWebhookRequest{Template: new("")})
	require.NoError(t, err)
	assert.Empty(t, updated.Template)
	assert.Equal(t, request.Headers, updated.Headers, "the other fields are unchanged")
	updated, err = client.UpdateWebhook(t.Context(), created.ID, messagemedia.UpdateWebhookRequest{Headers: map[string]string{}})
	require.NoError(t, err)
	assert.Empty(t, updated.Headers)
}
