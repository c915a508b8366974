package messagemedia_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// methodsSince returns the methods of the requests after the first ones.
func methodsSince(api *messagemediatest.Server, first int) string {
	var methods []string
	for _, exchange := range api.Requests()[first:] {
		methods = append(methods, exchange.Method)
	}
	return strings.Join(methods, " ")
}

// outcomes returns the printed changes of a result, without the host.
func outcomes(result *messagemedia.SyncResult) []string {
	var lines []string
	for _, change := range result.Changes {
		lines = append(lines, strings.Join(strings.Fields(strings.Replace(change.String(), "https://example.com", "", 1)), " "))
	}
	return lines
}

// TestSyncSendsOneRequestPerChange counts requests: one for each page of the list and each
// change, and two for a replacement. A second run only lists.
func TestSyncSendsOneRequestPerChange(t *testing.T) {
	t.Parallel()
	api, client := account(t,
		with("https://example.com/hooks/updated", func(r *messagemedia.CreateWebhookRequest) { r.Template = "t" }),
		example("https://example.com/hooks/replaced"), example("https://example.com/hooks/old"), example("https://example.com/hooks/kept"))
	fill(t, client, 120)
	desired := []messagemedia.CreateWebhookRequest{
		example("https://example.com/hooks/updated"),
		with("https://example.com/hooks/replaced", func(r *messagemedia.CreateWebhookRequest) { r.Retries, r.RetryDelay = 3, 5*time.Second }),
		example("https://example.com/hooks/new"),
		example("https://example.com/hooks/kept"),
	}
	options := []messagemedia.SyncOption{messagemedia.PruneURLPrefix("https://example.com/hooks/"), messagemedia.AllowReplace()}

	sent := len(api.Requests())
	result, err := client.SyncWebhooks(t.Context(), desired, options...)
	require.NoError(t, err)
	assert.Equal(t, "GET GET PATCH DELETE POST POST DELETE", methodsSince(api, sent))
	assert.Equal(t, "  ~ update  POST https://example.com/hooks/updated (template): applied\n"+
		"-/+ replace POST https://example.com/hooks/replaced (retries, retry_delay): applied\n"+
		"  + create  POST https://example.com/hooks/new: applied\n"+
		"  - delete  POST https://example.com/hooks/old: applied\n"+
		"Sync: 1 created, 1 updated, 1 replaced, 1 deleted, 1 unchanged, 0 not applied, 0 unknown.", result.String())
	webhooks := map[string]messagemedia.Webhook{}
	for _, webhook := range api.Webhooks("") {
		webhooks[webhook.ID] = webhook
	}
	for _, change := range result.Changes[:4] {
		require.NoError(t, change.Err)
		if change.Action != messagemedia.ActionDelete {
			assert.Equal(t, meaning(webhooks[change.After.ID]), meaning(*change.After))
		}
	}
	assert.Len(t, webhooks, 124)

	sent = len(api.Requests())
	result, err = client.SyncWebhooks(t.Context(), desired, options...)
	require.NoError(t, err)
	assert.Equal(t, "GET GET", methodsSince(api, sent))
	assert.Equal(t, "Sync: 0 created, 0 updated, 0 replaced, 0 deleted, 4 unchanged, 0 not applied, 0 unknown.", result.String())
}

// TestSyncUpdatesOnlyChangedFields compares bodies byte for byte.
func TestSyncUpdatesOnlyChangedFields(t *testing.T) {
	t.Parallel()
	all := with("https://example.com/", func(r *messagemedia.CreateWebhookRequest) {
		r.Template, r.Headers = "$mtId", map[string]string{"X-A": "1", "X-B": "2"}
	})
	for name, c := range map[string]struct {
		change func(*messagemedia.CreateWebhookRequest)
		body   string
	}{
		"no template":  {func(r *messagemedia.CreateWebhookRequest) { r.Template = "" }, `{"template":""}`},
		"no headers":   {func(r *messagemedia.CreateWebhookRequest) { r.Headers = nil }, `{"headers":{}}`},
		"one header":   {func(r *messagemedia.CreateWebhookRequest) { r.Headers = map[string]string{"X-A": "1"} }, `{"headers":{"X-A":"1"}}`},
		"two headers":  {func(r *messagemedia.CreateWebhookRequest) { r.Headers = map[string]string{"X-A": "3", "X-B": "4"} }, `{"headers":{"X-A":"3","X-B":"4"}}`},
		"an encoding":  {func(r *messagemedia.CreateWebhookRequest) { r.Encoding = "XML" }, `{"encoding":"XML"}`},
		"other events": {func(r *messagemedia.CreateWebhookRequest) { r.Events = []messagemedia.EventType{"OPT_OUT_SMS"} }, `{"events":["OPT_OUT_SMS"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, client := account(t, all)
			desired := all
			c.change(&desired)
			_, err := client.SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{desired})
			require.NoError(t, err)
			assert.Equal(t, c.body, api.Requests()[2].RequestBody)

			plan, err := client.PlanWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{desired})
			require.NoError(t, err)
			assert.False(t, plan.HasChanges())
		})
	}
}

// between is a RoundTripper that calls a function before the first request with a method.
type between struct {
	next   http.RoundTripper
	method string
	once   sync.Once
	call   func()
}

func (b *between) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == b.method {
		b.once.Do(b.call)
	}
	return b.next.RoundTrip(r)
}

// replaceAll replaces all webhooks of an account, as another program may do.
func replaceAll(t *testing.T, api *messagemediatest.Server, client *messagemedia.Client, webhooks []messagemedia.CreateWebhookRequest) {
	for _, webhook := range api.Webhooks("") {
		assert.NoError(t, client.DeleteWebhook(t.Context(), webhook.ID))
	}
	for _, request := range webhooks {
		_, err := client.CreateWebhook(t.Context(), request)
		assert.NoError(t, err)
	}
}

// TestSyncReplans has another program change the account between the plan and its first change.
func TestSyncReplans(t *testing.T) {
	t.Parallel()
	const url = "https://example.com/hooks/sms"
	retrying := with(url, func(r *messagemedia.CreateWebhookRequest) { r.Retries = 3 })
	other := with(url, func(r *messagemedia.CreateWebhookRequest) { r.Template = "t" })
	type requests = []messagemedia.CreateWebhookRequest
	for name, c := range map[string]struct {
		present, meanwhile, desired requests
		methods                     string
		outcomes                    []string
	}{
		"the webhook was created":                                     {nil, requests{example(url)}, requests{example(url)}, "GET POST GET", []string{"= unchanged POST /hooks/sms: applied"}},
		"a different webhook was created":                             {nil, requests{other}, requests{example(url)}, "GET POST GET PATCH", []string{"~ update POST /hooks/sms (template): applied"}},
		"the webhook was deleted before an update":                    {requests{other}, nil, requests{example(url)}, "GET PATCH GET POST", []string{"+ create POST /hooks/sms: applied"}},
		"the webhook was replaced before an update":                   {requests{other}, requests{example(url)}, requests{example(url)}, "GET PATCH GET", []string{"= unchanged POST /hooks/sms: applied"}},
		"the webhook was deleted before a replacement":                {requests{example(url)}, nil, requests{retrying}, "GET DELETE GET POST", []string{"+ create POST /hooks/sms: applied"}},
		"the webhook was replaced before a replacement":               {requests{example(url)}, requests{retrying}, requests{retrying}, "GET DELETE GET", []string{"= unchanged POST /hooks/sms: applied"}},
		"the webhook was deleted before a deletion":                   {requests{example(url)}, nil, nil, "GET DELETE GET", nil},
		"the webhook was recreated before a deletion":                 {requests{example(url)}, requests{other}, nil, "GET DELETE GET DELETE", []string{"- delete POST /hooks/sms: applied"}},
		"one of two webhooks was created":                             {nil, requests{example(url)}, requests{example(url), example(url + "/2")}, "GET POST POST GET", []string{"+ create POST /hooks/sms/2: applied", "= unchanged POST /hooks/sms: applied"}},
		"the webhook was replaced by one that requires a replacement": {requests{other}, requests{retrying}, requests{example(url)}, "GET PATCH GET DELETE POST", []string{"-/+ replace POST /hooks/sms (retries): applied"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, client := account(t, c.present...)
			method, _, _ := strings.Cut(strings.TrimPrefix(c.methods, "GET "), " ")
			through := api.HTTPClient()
			through.Transport = &between{next: through.Transport, method: method, call: func() {
				replaceAll(t, api, client, c.meanwhile)
			}}
			syncing := api.Client(messagemedia.WithHTTPClient(through), messagemedia.WithUserAgent("syncing"))
			result, err := syncing.SyncWebhooks(t.Context(), c.desired, messagemedia.PruneURLPrefix(url), messagemedia.AllowReplace(), messagemedia.AllowEmpty())
			require.NoError(t, err)
			var methods []string
			for _, exchange := range api.Requests() {
				if strings.HasPrefix(exchange.Header.Get("User-Agent"), "syncing") {
					methods = append(methods, exchange.Method)
				}
			}
			assert.Equal(t, c.methods, strings.Join(methods, " "))
			assert.Equal(t, c.outcomes, outcomes(result))
			assert.Len(t, api.Webhooks(""), len(c.desired))
		})
	}
}

// TestSyncReplansWhenTheAccountIsFull has another program create the desired webhook, which
// fills the account. The platform may then report the limit instead of the conflict.
func TestSyncReplansWhenTheAccountIsFull(t *testing.T) {
	t.Parallel()
	api, client := account(t, example("https://example.com/hooks/sms"))
	api.Fail(
		messagemediatest.Fault{Body: `{"page":0,"pageSize":100,"pageData":[]}`, Status: 200},
		messagemediatest.Fault{Body: `{"message":"Maximum number of webhooks (150) reached"}`, Status: 400})
	result, err := client.SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{example("https://example.com/hooks/sms")})
	require.NoError(t, err)
	assert.Equal(t, []string{"= unchanged POST /hooks/sms: applied"}, outcomes(result))
}

func TestSyncPlansAtMostThreeTimes(t *testing.T) {
	t.Parallel()
	api, client := account(t)
	api.Fail(messagemediatest.Fault{Status: 409, Times: 99, Match: func(r *http.Request) bool { return r.Method == http.MethodPost }})
	result, err := client.SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{example("https://example.com/a?token"), example("https://example.com/b")})
	require.ErrorIs(t, err, messagemedia.ErrConflict)
	assert.Equal(t, "GET POST POST GET POST POST GET POST POST", methodsSince(api, 0))
	assert.Equal(t, []string{"+ create POST /a?…: not applied", "+ create POST /b: not applied"}, outcomes(result))
	assert.EqualError(t, err, "messagemedia: SyncWebhooks: create POST https://example.com/a?…: messagemedia: CreateWebhook: 409 Conflict\n"+
		"messagemedia: SyncWebhooks: create POST https://example.com/b: messagemedia: CreateWebhook: 409 Conflict")
}

// TestSyncAfterARejectedChange makes the other changes, but deletes nothing while a desired
// webhook is missing.
func TestSyncAfterARejectedChange(t *testing.T) {
	t.Parallel()
	api, client := account(t, example("https://example.com/old"), with("https://example.com/updated", func(r *messagemedia.CreateWebhookRequest) { r.Template = "t" }))
	desired := []messagemedia.CreateWebhookRequest{
		with("https://example.com/new", func(r *messagemedia.CreateWebhookRequest) { r.Events = []messagemedia.EventType{"NEW_SMS"} }),
		example("https://example.com/updated"),
	}
	result, err := client.SyncWebhooks(t.Context(), desired, messagemedia.PruneURLPrefix("https://example.com"))
	require.EqualError(t, err, "messagemedia: SyncWebhooks: create POST https://example.com/new: messagemedia: CreateWebhook: 400 Bad Request: /events/0: [NEW_SMS] is invalid")
	assert.Equal(t, []string{"+ create POST /new: not applied", "~ update POST /updated (template): applied", "- delete POST /old: not applied"}, outcomes(result))
	assert.Equal(t, err.Error(), result.Changes[0].Err.Error())
	assert.NoError(t, result.Changes[2].Err)
	assert.Equal(t, "GET POST PATCH", methodsSince(api, 2))

	desired[0].Events = validRequest().Events
	result, err = client.SyncWebhooks(t.Context(), desired, messagemedia.PruneURLPrefix("https://example.com"))
	require.NoError(t, err)
	assert.Equal(t, []string{"+ create POST /new: applied", "= unchanged POST /updated: applied", "- delete POST /old: applied"}, outcomes(result))
}

func TestARejectedDeletionDoesNotPreventOthers(t *testing.T) {
	t.Parallel()
	api, client := account(t, example("https://example.com/a"), example("https://example.com/b"))
	api.Fail(messagemediatest.Fault{Status: 405, Match: onlyMethod(http.MethodDelete)})
	result, err := client.SyncWebhooks(t.Context(), nil, messagemedia.PruneURLPrefix("https://example.com"), messagemedia.AllowEmpty())
	require.EqualError(t, err, "messagemedia: SyncWebhooks: delete POST https://example.com/a: messagemedia: DeleteWebhook: 405 Method Not Allowed")
	assert.Equal(t, []string{"- delete POST /a: not applied", "- delete POST /b: applied"}, outcomes(result))
}

// TestSyncStopsAfterErrorsThatAffectAllChanges has responses after which no other request is
// sent.
func TestSyncStopsAfterErrorsThatAffectAllChanges(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]messagemediatest.Fault{
		"rejected credentials":                       {Status: 401},
		"an account without the feature":             {Status: 403},
		"too many requests, with a Retry-After":      {Status: 429, Header: http.Header{"Retry-After": {"60"}}},
		"an unavailable platform with a Retry-After": {Status: 503, Header: http.Header{"Retry-After": {"60"}}},
		"too many requests, without a Retry-After":   {Status: 429, Times: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, client := account(t)
			fault.Match = func(r *http.Request) bool { return r.Method == http.MethodPost }
			api.Fail(fault)
			result, err := client.SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{example("https://example.com/a"), example("https://example.com/b")})
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "example.com/b")
			assert.Equal(t, messagemedia.OutcomeNotApplied, result.Changes[1].Outcome)
			assert.NoError(t, result.Changes[1].Err)
			assert.Empty(t, api.Webhooks(""))
		})
	}
}

func TestSyncReportsAListThatFails(t *testing.T) {
	t.Parallel()
	api, client := account(t)
	api.Fail(messagemediatest.Fault{Status: 403})
	result, err := client.SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{validRequest()})
	require.ErrorIs(t, err, messagemedia.ErrForbidden)
	require.NotNil(t, result)
	assert.Empty(t, result.Changes)
}

// onlyMethod returns a function that matches requests with a method.
func onlyMethod(method string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method }
}

// TestSyncWhenOutcomesAreUnknown injects a fault into every attempt of a change, before or
// after it takes effect. In some cases the following listing fails too.
func TestSyncWhenOutcomesAreUnknown(t *testing.T) {
	t.Parallel()
	const url = "https://example.com/a"
	type requests = []messagemedia.CreateWebhookRequest
	other := with(url, func(r *messagemedia.CreateWebhookRequest) { r.Template = "t" })
	retrying := with(url, func(r *messagemedia.CreateWebhookRequest) { r.Retries = 3 })
	for name, c := range map[string]struct {
		present, desired requests
		method           string
		broken           int  // number of failing attempts; a call has 3
		afterChange      bool // the first of them takes effect
		blind            bool // listing the webhooks again fails
		outcomes         []string
	}{
		"an update without effect":                         {requests{other}, requests{example(url)}, "PATCH", 3, false, false, []string{"~ update POST /a (template): applied"}},
		"an update that took effect":                       {requests{other}, requests{example(url)}, "PATCH", 3, true, false, []string{"~ update POST /a (template): applied"}},
		"an update that fails in every plan":               {requests{other}, requests{example(url)}, "PATCH", 9, false, false, []string{"~ update POST /a (template): unknown"}},
		"an update without a later listing":                {requests{other}, requests{example(url)}, "PATCH", 3, true, true, []string{"~ update POST /a (template): unknown"}},
		"a deletion without effect":                        {requests{other}, nil, "DELETE", 3, false, false, []string{"- delete POST /a: applied"}},
		"a deletion that took effect":                      {requests{other}, nil, "DELETE", 3, true, false, []string{"- delete POST /a: applied"}},
		"a deletion that fails in every plan":              {requests{other}, nil, "DELETE", 9, false, false, []string{"- delete POST /a: unknown"}},
		"a deletion without a later listing":               {requests{other}, nil, "DELETE", 3, true, true, []string{"- delete POST /a: unknown"}},
		"a creation without effect":                        {nil, requests{example(url)}, "POST", 3, false, false, []string{"+ create POST /a: applied"}},
		"a creation that took effect":                      {nil, requests{example(url)}, "POST", 3, true, false, []string{"+ create POST /a: applied"}},
		"a creation that fails in every plan":              {nil, requests{example(url)}, "POST", 9, false, false, []string{"+ create POST /a: unknown"}},
		"a creation without a later listing":               {nil, requests{example(url)}, "POST", 3, true, true, []string{"+ create POST /a: unknown"}},
		"a replacement whose deletion had no effect":       {requests{example(url)}, requests{retrying}, "DELETE", 3, false, false, []string{"-/+ replace POST /a (retries): applied"}},
		"a replacement whose deletion took effect":         {requests{example(url)}, requests{retrying}, "DELETE", 3, true, false, []string{"- delete POST /a: applied", "+ create POST /a: applied"}},
		"a replacement whose deletion fails in every plan": {requests{example(url)}, requests{retrying}, "DELETE", 9, false, false, []string{"-/+ replace POST /a (retries): unknown"}},
		"a replacement's deletion without a later listing": {requests{example(url)}, requests{retrying}, "DELETE", 3, true, true, []string{"-/+ replace POST /a (retries): unknown"}},
		"a replacement whose creation had no effect":       {requests{example(url)}, requests{retrying}, "POST", 3, false, false, []string{"- delete POST /a: applied", "+ create POST /a: applied"}},
		"a replacement whose creation fails in every plan": {requests{example(url)}, requests{retrying}, "POST", 9, false, false, []string{"- delete POST /a: applied", "+ create POST /a: unknown"}},
		"a replacement's creation without a later listing": {requests{example(url)}, requests{retrying}, "POST", 3, true, true, []string{"- delete POST /a: applied", "+ create POST /a: unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, client := account(t, c.present...)
			api.Fail(messagemediatest.Fault{Status: 503, AfterCommit: c.afterChange, Match: onlyMethod(c.method)})
			if c.broken > 1 {
				api.Fail(messagemediatest.Fault{Status: 503, Times: c.broken - 1, Match: onlyMethod(c.method)})
			}
			if c.blind {
				first := true
				api.Fail(messagemediatest.Fault{Status: 500, Times: 99, Match: func(r *http.Request) bool {
					seen := first
					first = first && r.Method != http.MethodGet
					return r.Method == http.MethodGet && !seen
				}})
			}
			result, err := client.SyncWebhooks(t.Context(), c.desired, messagemedia.PruneURLPrefix("https://example.com"), messagemedia.AllowReplace(), messagemedia.AllowEmpty())
			assert.Equal(t, c.outcomes, outcomes(result))
			if !strings.Contains(fmt.Sprint(c.outcomes), "unknown") {
				require.NoError(t, err)
				assert.Len(t, api.Webhooks(""), len(c.desired))
				return
			}
			require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
			assert.ErrorContains(t, err, "POST https://example.com/a: ")
			lost, ok := errors.AsType[*messagemedia.ReplaceError](err)
			deletedBefore := len(c.present) > 0 && c.method == http.MethodPost
			assert.Equal(t, deletedBefore, ok)
			if ok {
				assert.Equal(t, url, lost.Webhook.URL)
			}
		})
	}
}

// TestOutcomesThatStayUnknown has changes whose first attempt may have taken effect, and which
// then fail or become unnecessary. The error reports the unknown outcome even if the account
// reaches the desired state.
func TestOutcomesThatStayUnknown(t *testing.T) {
	t.Parallel()
	other := with("https://example.com/a", func(r *messagemedia.CreateWebhookRequest) { r.Template = "t" })
	for name, c := range map[string]struct {
		present, meanwhile []messagemedia.CreateWebhookRequest
		method             string
		statuses           []int // of the requests with method
		outcomes           []string
		err                error
	}{
		"an update of a webhook that was deleted": {
			[]messagemedia.CreateWebhookRequest{other}, nil, "PATCH", []int{503, 404},
			[]string{"~ update POST /a (template): unknown", "+ create POST /a: applied"}, messagemedia.ErrOutcomeUnknown,
		},
		"an update of a webhook that was recreated": {
			[]messagemedia.CreateWebhookRequest{other}, []messagemedia.CreateWebhookRequest{example("https://example.com/a")}, "PATCH", []int{503, 404},
			[]string{"~ update POST /a (template): unknown", "= unchanged POST /a: applied"}, messagemedia.ErrOutcomeUnknown,
		},
		"a creation that is rejected on a retry": {
			nil, nil, "POST", []int{503, 503, 503, 401},
			[]string{"+ create POST /a: unknown"}, messagemedia.ErrUnauthorized,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, client := account(t, c.present...)
			through := api.HTTPClient()
			through.Transport = &between{next: through.Transport, method: c.method, call: func() {
				replaceAll(t, api, client, c.meanwhile)
				for _, status := range c.statuses {
					api.Fail(messagemediatest.Fault{Status: status, Match: onlyMethod(c.method)})
				}
			}}
			result, err := api.Client(messagemedia.WithHTTPClient(through), messagemedia.WithMaxRetryWait(0)).
				SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{example("https://example.com/a")})
			assert.ErrorIs(t, err, c.err)
			assert.Equal(t, c.outcomes, outcomes(result))
			assert.Equal(t, messagemedia.OutcomeUnknown, result.Changes[0].Outcome)
			assert.ErrorIs(t, result.Changes[0].Err, messagemedia.ErrOutcomeUnknown)
			assert.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
		})
	}
}

// TestADeletionByAnotherProgram is not reported as this program's, unless an earlier attempt
// of its own may have taken effect. It is not an error, even if it happens in every plan.
func TestADeletionByAnotherProgram(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		broken   int // failing attempts of this program before the other one deletes
		outcomes []string
	}{
		"this program's deletion came later":            {0, nil},
		"this program's deletion may have taken effect": {3, []string{"- delete POST /a: applied"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, client := account(t, example("https://example.com/a"))
			api.Fail(messagemediatest.Fault{Status: 503, Times: 99, Match: func(r *http.Request) bool { return r.Header.Get("X-Broken") != "" }})
			through := api.HTTPClient()
			next, sent := through.Transport, 0
			through.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodDelete {
					if sent++; sent <= c.broken {
						r.Header.Set("X-Broken", "yes")
					} else {
						replaceAll(t, api, client, nil)
					}
				}
				return next.RoundTrip(r)
			})
			result, err := api.Client(messagemedia.WithHTTPClient(through), messagemedia.WithMaxRetryWait(0)).
				SyncWebhooks(t.Context(), nil, messagemedia.PruneURLPrefix("https://example.com"), messagemedia.AllowEmpty())
			require.NoError(t, err)
			assert.Equal(t, c.outcomes, outcomes(result))
		})
	}
}

// TestAWebhookThatMovesBetweenPages has a list of several pages, from which every second reading
// lacks the webhook. Such a reading does not prove that it was deleted.
func TestAWebhookThatMovesBetweenPages(t *testing.T) {
	t.Parallel()
	pages := []string{pageOf(1, "a"), pageOf(1), pageOf(1, "b"), pageOf(1)} // of two readings
	gets, deletions := 0, 0
	client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodDelete {
			deletions++
			return nil, errLost
		}
		gets++
		return httpmock.NewStringResponse(200, pages[max(gets-3, 0)%4]), nil // the first plan reads once, each later one twice
	}), basic, messagemedia.WithMaxRetryWait(0), messagemedia.WithMaxAttempts(1))
	onlyA := messagemedia.Prune(func(w *messagemedia.Webhook) bool { return w.ID == "a" })
	result, err := client.SyncWebhooks(t.Context(), nil, onlyA, messagemedia.AllowEmpty())
	require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
	assert.Equal(t, []string{"- delete POST /a: unknown"}, outcomes(result))
	assert.Equal(t, 3, deletions)
}

// TestADeletionWithAFalse404 has 404s for a webhook that stays listed, of a proxy, of a gateway
// without the route, and with the API's empty body. The webhook was not deleted.
func TestADeletionWithAFalse404(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", `{"message":"no Route matched with those values"}`, "<html>nginx</html>"} {
		api, _ := account(t, example("https://example.com/a"))
		api.Fail(messagemediatest.Fault{Status: 404, Times: 3, Body: body, Match: onlyMethod(http.MethodDelete)})
		result, err := api.Client(messagemedia.WithMaxRetryWait(0)).SyncWebhooks(t.Context(), nil, messagemedia.PruneURLPrefix("https://example.com"), messagemedia.AllowEmpty())
		require.ErrorIs(t, err, messagemedia.ErrNotFound)
		assert.NotErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
		assert.ErrorContains(t, err, "; the list of webhooks contains the webhook")
		assert.Equal(t, []string{"- delete POST /a: not applied"}, outcomes(result))
		assert.Equal(t, "GET DELETE GET DELETE GET DELETE GET", methodsSince(api, 1))
	}
}

// TestADeletionWithoutALaterListing has a 404, after which listing fails. Whether another
// program deleted the webhook is unknown.
func TestADeletionWithoutALaterListing(t *testing.T) {
	t.Parallel()
	api, _ := account(t, example("https://example.com/a"))
	api.Fail(messagemediatest.Fault{Status: 404, Match: onlyMethod(http.MethodDelete)})
	lists := 0
	api.Fail(messagemediatest.Fault{Status: 403, Match: func(r *http.Request) bool {
		if r.Method == http.MethodGet {
			lists++
		}
		return lists == 2
	}})
	result, err := api.Client(messagemedia.WithMaxRetryWait(0)).SyncWebhooks(t.Context(), nil, messagemedia.PruneURLPrefix("https://example.com"), messagemedia.AllowEmpty())
	require.ErrorIs(t, err, messagemedia.ErrForbidden)
	require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
	assert.Equal(t, []string{"- delete POST /a: unknown"}, outcomes(result))
	assert.ErrorIs(t, result.Changes[0].Err, messagemedia.ErrOutcomeUnknown)
}

// TestAReplacementThatFailsHalfway checks that the error has the deleted webhook, and that the
// next run recreates it.
func TestAReplacementThatFailsHalfway(t *testing.T) {
	t.Parallel()
	before := with("https://example.com/a?token", func(r *messagemedia.CreateWebhookRequest) {
		r.Headers, r.Template = map[string]string{"X-Token": "t"}, "$mtId"
	})
	desired := []messagemedia.CreateWebhookRequest{with(before.URL, func(r *messagemedia.CreateWebhookRequest) { r.Retries = 5 }), example("https://example.com/b")}
	for name, c := range map[string]struct {
		fault   messagemediatest.Fault
		text    string
		matches error
	}{
		"an invalid request":   {messagemediatest.Fault{Status: 400, Body: `{"details":["/template: wrong"]}`}, "messagemedia: CreateWebhook: 400 Bad Request: /template: wrong", messagemedia.ErrInvalidRequest},
		"rejected credentials": {messagemediatest.Fault{Status: 401}, "messagemedia: CreateWebhook: 401 Unauthorized: check the API key, the secret, and whether the base URL is that of the account's region", messagemedia.ErrUnauthorized},
		"too many requests":    {messagemediatest.Fault{Status: 429, Times: 3}, "messagemedia: CreateWebhook: 429 Too Many Requests", messagemedia.ErrRateLimited},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, client := account(t, before)
			old := api.Webhooks("")[0]
			c.fault.Match = onlyMethod(http.MethodPost)
			api.Fail(c.fault)
			result, err := client.SyncWebhooks(t.Context(), desired, messagemedia.AllowReplace())
			lost, ok := errors.AsType[*messagemedia.ReplaceError](err)
			require.True(t, ok)
			assert.Equal(t, old, *lost.Webhook)
			assert.ErrorIs(t, err, c.matches)
			assert.EqualError(t, lost, "messagemedia: SyncWebhooks: replace POST https://example.com/a?…: deleted but not recreated; call SyncWebhooks again: "+c.text)
			assert.Equal(t, []string{"- delete POST /a?…: applied", "+ create POST /a?…: not applied"}, outcomes(result)[:2])

			result, err = client.SyncWebhooks(t.Context(), desired)
			require.NoError(t, err)
			assert.Equal(t, "+ create POST /a?…: applied", outcomes(result)[0])
			assert.Len(t, api.Webhooks(""), 2)
		})
	}
}

// TestAReplacementWhoseDeletionIsFoundLater checks that the error has the deleted webhook even
// if only the second listing shows the deletion.
func TestAReplacementWhoseDeletionIsFoundLater(t *testing.T) {
	t.Parallel()
	api, client := account(t, example("https://example.com/a"))
	api.Fail(
		messagemediatest.Fault{Status: 503, AfterCommit: true, Match: onlyMethod(http.MethodDelete)},
		messagemediatest.Fault{Status: 503, Times: 2, Match: onlyMethod(http.MethodDelete)},
		messagemediatest.Fault{Status: 401, Match: onlyMethod(http.MethodPost)})
	result, err := client.SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{
		with("https://example.com/a", func(r *messagemedia.CreateWebhookRequest) { r.Retries = 5 }),
	}, messagemedia.AllowReplace())
	lost, ok := errors.AsType[*messagemedia.ReplaceError](err)
	require.True(t, ok)
	assert.Equal(t, "https://example.com/a", lost.Webhook.URL)
	assert.Equal(t, []string{"- delete POST /a: applied", "+ create POST /a: not applied"}, outcomes(result))
}

// TestAReplacementByAnotherProgramIsNoReplaceError has another program create the webhook
// between the deletion and the creation. The update that follows fails.
func TestAReplacementByAnotherProgramIsNoReplaceError(t *testing.T) {
	t.Parallel()
	retrying := with("https://example.com/a", func(r *messagemedia.CreateWebhookRequest) { r.Retries = 5 })
	api, client := account(t, example(retrying.URL))
	other := retrying
	other.Template = "t"
	through := api.HTTPClient()
	through.Transport = &between{next: through.Transport, method: http.MethodPost, call: func() { replaceAll(t, api, client, []messagemedia.CreateWebhookRequest{other}) }}
	api.Fail(messagemediatest.Fault{Status: 401, Match: onlyMethod(http.MethodPatch)})
	result, err := api.Client(messagemedia.WithHTTPClient(through)).SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{retrying}, messagemedia.AllowReplace())
	require.ErrorIs(t, err, messagemedia.ErrUnauthorized)
	_, ok := errors.AsType[*messagemedia.ReplaceError](err)
	assert.False(t, ok)
	assert.Equal(t, []string{"- delete POST /a: applied", "~ update POST /a (template): not applied"}, outcomes(result))
}

// TestADeletedWebhookIsReportedUntilItIsRecreated covers what can prevent the creation in a
// later plan.
func TestADeletedWebhookIsReportedUntilItIsRecreated(t *testing.T) {
	t.Parallel()
	const url = "https://example.com/b"
	desired := []messagemedia.CreateWebhookRequest{example("https://example.com/a"), with(url, func(r *messagemedia.CreateWebhookRequest) { r.Retries = 5 })}
	posts := 0
	post := func(number int) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.Method == http.MethodPost && posts == number }
	}
	for name, c := range map[string]struct {
		faults []messagemediatest.Fault
		text   string
	}{
		"the creation is not attempted again": {
			[]messagemediatest.Fault{{Status: 409, Match: post(1)}, {Status: 409, Match: post(2)}, {Status: 401, Match: post(3)}},
			"creation not attempted",
		},
		"listing the account again fails": {
			[]messagemediatest.Fault{{Status: 409, Match: post(1)}, {Status: 409, Match: post(2)}, {Status: 403, Match: func(r *http.Request) bool { return posts == 2 }}},
			"409 Conflict",
		},
		"the account is full": {
			[]messagemediatest.Fault{{Status: 409, Match: post(1)}, {Status: 409, Match: post(2)}, {Status: 200, Body: listOf(150), Match: func(r *http.Request) bool { return posts == 2 }}},
			"creation not attempted",
		},
	} {
		t.Run(name, func(t *testing.T) {
			posts = 0
			api, client := account(t, example(url))
			through := api.HTTPClient()
			next := through.Transport
			through.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPost {
					posts++
				}
				return next.RoundTrip(r)
			})
			api.Fail(c.faults...)
			_, err := api.Client(messagemedia.WithHTTPClient(through)).SyncWebhooks(t.Context(), desired, messagemedia.AllowReplace())
			lost, ok := errors.AsType[*messagemedia.ReplaceError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, url, lost.Webhook.URL)
			assert.ErrorContains(t, lost, c.text)

			result, err := client.SyncWebhooks(t.Context(), desired)
			require.NoError(t, err, outcomes(result))
			assert.Len(t, api.Webhooks(""), 2)
		})
	}
}

// TestSyncEndsWithItsContext ends the context at each request in turn. The changes made so far
// are applied and the others are not. A replacement that has deleted its webhook still
// recreates it.
func TestSyncEndsWithItsContext(t *testing.T) {
	t.Parallel()
	desired := []messagemedia.CreateWebhookRequest{
		example("https://example.com/kept"),
		with("https://example.com/updated", func(r *messagemedia.CreateWebhookRequest) { r.Template = "t" }),
		with("https://example.com/replaced", func(r *messagemedia.CreateWebhookRequest) { r.Retries = 5 }),
		example("https://example.com/new"),
	}
	for after, want := range map[int][]string{
		1: {"= unchanged POST /kept: applied", "~ update POST /updated (template): not applied", "-/+ replace POST /replaced (retries): not applied", "+ create POST /new: not applied", "- delete POST /old: not applied"},
		2: {"= unchanged POST /kept: applied", "~ update POST /updated (template): applied", "-/+ replace POST /replaced (retries): not applied", "+ create POST /new: not applied", "- delete POST /old: not applied"},
		3: {"= unchanged POST /kept: applied", "~ update POST /updated (template): applied", "-/+ replace POST /replaced (retries): applied", "+ create POST /new: not applied", "- delete POST /old: not applied"},
		4: {"= unchanged POST /kept: applied", "~ update POST /updated (template): applied", "-/+ replace POST /replaced (retries): applied", "+ create POST /new: not applied", "- delete POST /old: not applied"},
		5: {"= unchanged POST /kept: applied", "~ update POST /updated (template): applied", "-/+ replace POST /replaced (retries): applied", "+ create POST /new: applied", "- delete POST /old: not applied"},
	} {
		t.Run(fmt.Sprint("after ", after, " requests"), func(t *testing.T) {
			t.Parallel()
			api, _ := account(t, example("https://example.com/kept"), example("https://example.com/updated"), example("https://example.com/replaced"), example("https://example.com/old"))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			through := api.HTTPClient()
			next, sent := through.Transport, 0
			through.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				response, err := next.RoundTrip(r.WithContext(t.Context())) // the request itself is not interrupted
				if sent++; sent == after {
					cancel()
				}
				return response, err
			})
			result, err := api.Client(messagemedia.WithHTTPClient(through)).SyncWebhooks(ctx, desired, messagemedia.PruneURLPrefix("https://example.com"), messagemedia.AllowReplace())
			require.ErrorIs(t, err, context.Canceled)
			assert.NotErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
			assert.Equal(t, want, outcomes(result))
			requests := after
			if after == 3 {
				requests++ // the creation that completes the replacement
			}
			assert.Equal(t, 4+requests, len(api.Requests()))
			assert.Equal(t, 1, strings.Count(err.Error(), "context canceled"), "no other change was attempted: %v", err)
			_, lost := errors.AsType[*messagemedia.ReplaceError](err)
			assert.False(t, lost)
		})
	}
}

func TestSyncResultJSON(t *testing.T) {
	t.Parallel()
	api, client := account(t, example("https://example.com/a?b"))
	api.Fail(messagemediatest.Fault{Status: 403, Match: onlyMethod(http.MethodPatch)})
	result, err := client.SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{
		example("https://example.com/new"),
		with("https://example.com/a?b", func(r *messagemedia.CreateWebhookRequest) { r.Template = "t" }),
	})
	require.Error(t, err)
	body, err := json.Marshal(result)
	require.NoError(t, err)
	webhooks := api.Webhooks("")
	assert.JSONEq(t, `{"changes":[
		{"action":"create","method":"POST","url":"https://example.com/new","id":"`+webhooks[1].ID+`","outcome":"applied"},
		{"action":"update","method":"POST","url":"https://example.com/a?…","id":"`+webhooks[0].ID+`","fields":["template"],"outcome":"not applied",
		 "error":"messagemedia: SyncWebhooks: update POST https://example.com/a?…: messagemedia: UpdateWebhook: 403 Forbidden"}]}`, string(body))
}

func TestASyncResultCountsItsOutcomes(t *testing.T) {
	t.Parallel()
	desired := example("https://example.com/")
	var result messagemedia.SyncResult
	for action, counts := range map[messagemedia.Action][3]int{ // not applied, unknown, applied
		messagemedia.ActionCreate: {1, 1, 2}, messagemedia.ActionUpdate: {0, 1, 3}, messagemedia.ActionReplace: {1, 0, 4},
		messagemedia.ActionDelete: {0, 0, 5}, messagemedia.ActionNone: {0, 0, 6},
	} {
		for i, outcome := range []messagemedia.Outcome{messagemedia.OutcomeNotApplied, messagemedia.OutcomeUnknown, messagemedia.OutcomeApplied} {
			change := messagemedia.ChangeResult{Change: messagemedia.Change{Action: action, Desired: &desired, Before: &messagemedia.Webhook{ID: "id"}}, Outcome: outcome}
			result.Changes = append(result.Changes, slices.Repeat([]messagemedia.ChangeResult{change}, counts[i])...)
		}
	}
	lines := strings.Split(result.String(), "\n")
	assert.Len(t, lines, 18+1, "a line for each change but the unchanged")
	assert.Equal(t, "Sync: 2 created, 3 updated, 4 replaced, 5 deleted, 6 unchanged, 2 not applied, 2 unknown.", lines[18])
}

// TestPlansDoNotShareTheCallersRequests changes the requests after PlanWebhooks returns.
func TestPlansDoNotShareTheCallersRequests(t *testing.T) {
	t.Parallel()
	_, client := account(t)
	desired := []messagemedia.CreateWebhookRequest{example("https://example.com/a")}
	plan, err := client.PlanWebhooks(t.Context(), desired)
	require.NoError(t, err)
	desired[0].URL = "https://example.com/b"
	assert.Equal(t, "https://example.com/a", plan.Changes[0].Desired.URL)
}
