package messagemedia_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// account returns a platform with the webhooks, and a client for it.
func account(t *testing.T, webhooks ...messagemedia.CreateWebhookRequest) (*messagemediatest.Server, *messagemedia.Client) {
	api := messagemediatest.NewServer(t)
	client := api.Client(messagemedia.WithMaxRetryWait(0))
	for _, request := range webhooks {
		_, err := client.CreateWebhook(t.Context(), request)
		require.NoError(t, err)
	}
	return api, client
}

// with returns the request of example with a change.
func with(url string, change func(*messagemedia.CreateWebhookRequest)) messagemedia.CreateWebhookRequest {
	request := example(url)
	change(&request)
	return request
}

// TestPlan checks the text of a plan for an actual and a desired state.
func TestPlan(t *testing.T) {
	t.Parallel()
	type requests = []messagemedia.CreateWebhookRequest
	const url = "https://example.com/hooks/sms"
	for name, c := range map[string]struct {
		present, desired requests
		plan             string
	}{
		"no webhook": {nil, nil, "Plan: 0 to create, 0 to update, 0 to replace, 0 to delete, 0 unchanged."},
		"one of each": {
			requests{
				example("https://example.com/hooks/kept"),
				example("https://example.com/hooks/updated"),
				example("https://example.com/hooks/replaced"),
				example("https://example.com/hooks/old"),
				example("https://example.org/not-ours"),
			},
			requests{
				example("https://example.com/hooks/new"),
				example("https://example.com/hooks/kept"),
				with("https://example.com/hooks/replaced", func(r *messagemedia.CreateWebhookRequest) { r.Retries, r.Encoding = 5, "XML" }),
				with("https://example.com/hooks/updated", func(r *messagemedia.CreateWebhookRequest) {
					r.Encoding, r.Template, r.Headers = "XML", "t", map[string]string{"x-b": "1", "X-A": "2"}
				}),
			},
			"  + create  POST https://example.com/hooks/new\n" +
				"-/+ replace POST https://example.com/hooks/replaced (encoding, retries)\n" +
				"  ~ update  POST https://example.com/hooks/updated (encoding, template, headers.X-A, headers.X-B)\n" +
				"  - delete  POST https://example.com/hooks/old\n" +
				"Plan: 1 to create, 1 to update, 1 to replace, 1 to delete, 1 unchanged.",
		},
		"another method is another webhook": {
			requests{example(url)},
			requests{with(url, func(r *messagemedia.CreateWebhookRequest) { r.Method = "PUT" })},
			"  + create  PUT https://example.com/hooks/sms\n" +
				"  - delete  POST https://example.com/hooks/sms\n" +
				"Plan: 1 to create, 0 to update, 0 to replace, 1 to delete, 0 unchanged.",
		},
		"a URL in another case is another webhook": {
			requests{example(url)},
			requests{example("https://EXAMPLE.com/hooks/sms"), example(url)},
			"  + create  POST https://EXAMPLE.com/hooks/sms\n" +
				"Plan: 1 to create, 0 to update, 0 to replace, 0 to delete, 1 unchanged.",
		},
		"a desired webhook that is not owned": {
			requests{example("https://example.org/not-ours")},
			requests{with("https://example.org/not-ours", func(r *messagemedia.CreateWebhookRequest) { r.Template = "t" })},
			"  ~ update  POST https://example.org/not-ours (template)\n" +
				"Plan: 0 to create, 1 to update, 0 to replace, 0 to delete, 0 unchanged.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, client := account(t, c.present...)
			plan, err := client.PlanWebhooks(t.Context(), c.desired, messagemedia.PruneURLPrefix("https://example.com/hooks"), messagemedia.AllowReplace(), messagemedia.AllowEmpty())
			require.NoError(t, err)
			assert.Equal(t, c.plan, plan.String())
			assert.Equal(t, strings.Contains(c.plan, "\n"), plan.HasChanges())
			assert.Len(t, api.Requests(), len(c.present)+1, "PlanWebhooks changes nothing")
		})
	}
}

// TestEquivalentWebhooksAreUnchanged compares a webhook with requests that are equivalent or
// not.
func TestEquivalentWebhooksAreUnchanged(t *testing.T) {
	t.Parallel()
	present := with("https://example.com/", func(r *messagemedia.CreateWebhookRequest) {
		r.Events = []messagemedia.EventType{"RECEIVED_SMS", "OPT_OUT_SMS"}
		r.Headers = map[string]string{"X-Token": "t"}
		r.ReadTimeout, r.Retries, r.RetryDelay = 20*time.Second, 2, 6*time.Second
	})
	plain := example("https://example.com/")
	for name, c := range map[string]struct {
		present messagemedia.CreateWebhookRequest
		change  func(*messagemedia.CreateWebhookRequest)
		line    string // of the plan, without the webhook
	}{
		"the same": {present, func(*messagemedia.CreateWebhookRequest) {}, ""},
		"events in another order, and twice": {present, func(r *messagemedia.CreateWebhookRequest) {
			r.Events = []messagemedia.EventType{"OPT_OUT_SMS", "RECEIVED_SMS", "OPT_OUT_SMS"}
		}, ""},
		"a header in another case":                 {present, func(r *messagemedia.CreateWebhookRequest) { r.Headers = map[string]string{"x-TOKEN": "t"} }, ""},
		"an empty map of headers":                  {plain, func(r *messagemedia.CreateWebhookRequest) { r.Headers = map[string]string{} }, ""},
		"the default read timeout":                 {present, func(r *messagemedia.CreateWebhookRequest) { r.ReadTimeout = 0 }, ""},
		"the default read timeout, set explicitly": {plain, func(r *messagemedia.CreateWebhookRequest) { r.ReadTimeout = 20 * time.Second }, ""},
		"any retry delay":                          {present, func(r *messagemedia.CreateWebhookRequest) { r.RetryDelay = 0 }, ""},
		"a retry delay without retries":            {plain, func(r *messagemedia.CreateWebhookRequest) { r.RetryDelay = 9 * time.Second }, ""},
		"fewer events":                             {present, func(r *messagemedia.CreateWebhookRequest) { r.Events = r.Events[:1] }, "~ update (events)"},
		"no header":                                {present, func(r *messagemedia.CreateWebhookRequest) { r.Headers = nil }, "~ update (headers.X-Token)"},
		"another header":                           {present, func(r *messagemedia.CreateWebhookRequest) { r.Headers = map[string]string{"X-Token": "T"} }, "~ update (headers.X-Token)"},
		"an empty header":                          {plain, func(r *messagemedia.CreateWebhookRequest) { r.Headers = map[string]string{"X-A": ""} }, "~ update (headers.X-A)"},
		"a template":                               {plain, func(r *messagemedia.CreateWebhookRequest) { r.Template = "t" }, "~ update (template)"},
		"an encoding":                              {plain, func(r *messagemedia.CreateWebhookRequest) { r.Encoding = "XML" }, "~ update (encoding)"},
		"a read timeout":                           {plain, func(r *messagemedia.CreateWebhookRequest) { r.ReadTimeout = time.Second }, "-/+ replace (read_timeout)"},
		"no retries":                               {present, func(r *messagemedia.CreateWebhookRequest) { r.Retries = 0 }, "-/+ replace (retries)"},
		"another retry delay":                      {present, func(r *messagemedia.CreateWebhookRequest) { r.RetryDelay = 7 * time.Second }, "-/+ replace (retry_delay)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, client := account(t, c.present)
			desired := c.present
			c.change(&desired)
			plan, err := client.PlanWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{desired}, messagemedia.AllowReplace())
			require.NoError(t, err)
			require.Len(t, plan.Changes, 1)
			line, _, _ := strings.Cut(plan.String(), "\n")
			if !plan.HasChanges() {
				line = ""
			}
			assert.Equal(t, c.line, strings.Join(strings.Fields(strings.Replace(line, "POST https://example.com/", "", 1)), " "))
		})
	}
}

// TestHeadersThatDifferInCaseOnly compares a pair that a request may not have but the platform
// may list. Neither value is ignored. The test repeats this, since the order of a map must not
// matter.
func TestHeadersThatDifferInCaseOnly(t *testing.T) {
	t.Parallel()
	request := with("https://example.com/", func(r *messagemedia.CreateWebhookRequest) { r.Headers = map[string]string{"X-A": "2"} })
	client := newClient(t, responding(httpmock.NewStringResponder(200, `{"page":0,"pageSize":100,"pageData":[{"id":"1","url":"https://example.com/",
		"method":"POST","encoding":"JSON","events":["RECEIVED_SMS"],"headers":{"X-A":"1","x-a":"2"},"retries":0}]}`)), basic)
	for range 20 {
		plan, err := client.PlanWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{request})
		require.NoError(t, err)
		require.Equal(t, []string{"headers.X-A"}, plan.Changes[0].Fields)
	}
}

// TestDeletionsComeLastUnlessTheyMakeRoom syncs accounts near the limit.
func TestDeletionsComeLastUnlessTheyMakeRoom(t *testing.T) {
	t.Parallel()
	for present, order := range map[int]string{
		146: "create create create delete delete delete delete",
		147: "create create create delete delete delete delete",
		148: "delete create create create delete delete delete",
		149: "delete delete create create create delete delete",
		150: "delete delete delete create create create delete",
	} {
		t.Run(fmt.Sprint(present), func(t *testing.T) {
			t.Parallel()
			api, client := account(t)
			fill(t, client, present-4)
			desired := []messagemedia.CreateWebhookRequest{}
			for i := range 4 {
				_, err := client.CreateWebhook(t.Context(), example(fmt.Sprint("https://example.com/old/", i)))
				require.NoError(t, err)
			}
			for i := range 3 {
				desired = append(desired, example(fmt.Sprint("https://example.com/new/", i)))
			}
			result, err := client.SyncWebhooks(t.Context(), desired, messagemedia.PruneURLPrefix("https://example.com/old"))
			require.NoError(t, err)
			var actions []string
			for _, change := range result.Changes {
				actions = append(actions, string(change.Action))
			}
			assert.Equal(t, order, strings.Join(actions, " "))
			assert.Len(t, api.Webhooks(""), present-1)
		})
	}
}

// TestPruneURLPrefix checks whether a prefix selects a URL.
func TestPruneURLPrefix(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		prefix, url string
		owned       bool
	}{
		{"https://example.com/hooks", "https://example.com/hooks", true},
		{"https://example.com/hooks", "https://example.com/hooks/sms", true},
		{"https://example.com/hooks", "https://example.com/hooks?a=b", true},
		{"https://example.com/hooks", "https://example.com/hooks#a", true},
		{"https://example.com/hooks", "https://example.com/hooks-of-a-colleague", false},
		{"https://example.com/hooks", "https://example.com/hook", false},
		{"https://example.com/hooks", "https://EXAMPLE.com:443/hooks/sms", true},
		{"https://Example.com:443/hooks", "https://example.com/hooks", true},
		{"https://example.com/~hooks", "https://example.com/%7ehooks/sms", true},
		{"https://example.com/hooks", "https://example.com/Hooks", false},
		{"https://user:to@ken@example.com/hooks", "https://user:to@ken@EXAMPLE.com/hooks", true},
		{"https://user:to@Ken@example.com/hooks", "https://user:to@ken@example.com/hooks", false},
		{"https://example.com/hooks", "http://example.com/hooks", false},
		{"https://example.com/hooks/", "https://example.com/hooks/sms", true},
		{"https://example.com/hooks/", "https://example.com/hooks", false},
		{"https://example.com", "https://example.com", true},
		{"https://example.com", "https://example.com/", true},
		{"https://example.com", "https://example.com?a=b", true},
		{"https://example.com", "https://example.com.evil/", false},
		{"https://example.com", "https://example.com:8443/", false},
		{"https://example.com", "https://example.com@evil.example/", false},
		{"https://example.com", "https://example.community/", false},
	} {
		_, client := account(t, example(c.url))
		plan, err := client.PlanWebhooks(t.Context(), nil, messagemedia.PruneURLPrefix(c.prefix), messagemedia.AllowEmpty())
		require.NoError(t, err)
		assert.Equal(t, c.owned, plan.HasChanges(), "%s below %s", c.url, c.prefix)
	}
}

func TestPruneAddsUp(t *testing.T) {
	t.Parallel()
	_, client := account(t, example("https://a.example/"), example("https://b.example/"), example("https://c.example/"))
	plan, err := client.PlanWebhooks(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, plan.Changes, "no webhook is owned without an option")

	plan, err = client.PlanWebhooks(t.Context(), nil, messagemedia.PruneURLPrefix("https://a.example"),
		messagemedia.Prune(func(webhook *messagemedia.Webhook) bool { return webhook.URL == "https://c.example/" }), messagemedia.AllowEmpty())
	require.NoError(t, err)
	require.Len(t, plan.Changes, 2)
	assert.Equal(t, "https://a.example/", plan.Changes[0].Before.URL)
	assert.Equal(t, "https://c.example/", plan.Changes[1].Before.URL)
}

// TestPlanErrors covers what is rejected before a request is sent.
func TestPlanErrors(t *testing.T) {
	t.Parallel()
	valid := example("https://example.com/?token=s3cret")
	for name, c := range map[string]struct {
		desired []messagemedia.CreateWebhookRequest
		option  messagemedia.SyncOption
		details []string
	}{
		"a repeated URL and method": {[]messagemedia.CreateWebhookRequest{valid, example("https://example.com/a"), valid, valid}, messagemedia.AllowReplace(),
			[]string{"/2: The URL and method are the same as in /0", "/3: The URL and method are the same as in /0"}},
		"invalid requests": {[]messagemedia.CreateWebhookRequest{valid, {URL: "https://example.com/", Method: "POST", Encoding: "JSON"}, {}}, messagemedia.AllowReplace(),
			[]string{"/1/events: Events cannot be empty", "/2/url: Url cannot be null", "/2/method: Method cannot be null", "/2/encoding: Encoding cannot be null", "/2/events: Events cannot be empty"}},
		"a nil option":                {nil, nil, []string{"option 1: The option is nil"}},
		"a nil function":              {nil, messagemedia.Prune(nil), []string{"Prune: The function is nil; omit the option to delete nothing"}},
		"an empty prefix":             {[]messagemedia.CreateWebhookRequest{valid}, messagemedia.PruneURLPrefix(""), []string{"PruneURLPrefix: Not the beginning of a URL such as https://example.com/hooks/: the URL does not begin with http:// or https://"}},
		"a prefix without a host":     {[]messagemedia.CreateWebhookRequest{valid}, messagemedia.PruneURLPrefix("https://"), []string{`PruneURLPrefix: Not the beginning of a URL such as https://example.com/hooks/: "" is not a host name`}},
		"a prefix without a scheme":   {[]messagemedia.CreateWebhookRequest{valid}, messagemedia.PruneURLPrefix("example.com/"), []string{"PruneURLPrefix: Not the beginning of a URL such as https://example.com/hooks/: the URL does not begin with http:// or https://"}},
		"a prefix with a dot segment": {[]messagemedia.CreateWebhookRequest{valid}, messagemedia.PruneURLPrefix("https://example.com/hooks/%2e%2E"), []string{"PruneURLPrefix: The prefix has . or .. as a segment of its path"}},
		"a prefix with a query":       {[]messagemedia.CreateWebhookRequest{valid}, messagemedia.PruneURLPrefix("https://example.com/?a="), []string{"PruneURLPrefix: The prefix has a query or a fragment; use Prune with a function to choose by those"}},
		"an invalid request and an invalid option": {[]messagemedia.CreateWebhookRequest{{URL: "https://example.com/", Method: "POST", Encoding: "JSON"}}, messagemedia.Prune(nil),
			[]string{"/0/events: Events cannot be empty", "Prune: The function is nil; omit the option to delete nothing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, refusing(t), basic)
			plan, planErr := client.PlanWebhooks(t.Context(), c.desired, c.option)
			result, err := client.SyncWebhooks(t.Context(), c.desired, c.option)
			assert.Nil(t, plan)
			assert.Empty(t, result.Changes)
			for operation, err := range map[string]error{"PlanWebhooks": planErr, "SyncWebhooks": err} {
				require.ErrorIs(t, err, messagemedia.ErrInvalidRequest)
				invalid, ok := errors.AsType[*messagemedia.ValidationError](err)
				require.True(t, ok)
				assert.Equal(t, operation, invalid.Operation)
				assert.Equal(t, c.details, invalid.Details)
			}
		})
	}
}

// TestRejectedPlans covers what is rejected after the webhooks are listed. The plan is
// returned and nothing is changed.
func TestRejectedPlans(t *testing.T) {
	t.Parallel()
	retrying := with("https://u:p@example.com/0?token=s3cret", func(r *messagemedia.CreateWebhookRequest) {
		r.Retries, r.RetryDelay, r.Template = 5, 5*time.Second, "t"
	})
	for name, c := range map[string]struct {
		desired []messagemedia.CreateWebhookRequest
		prune   string
		plan    string
		details []string
	}{
		"a replacement without AllowReplace": {
			[]messagemedia.CreateWebhookRequest{example("https://example.com/new"), retrying},
			"https://example.org",
			"  + create  POST https://example.com/new\n-/+ replace POST https://…@example.com/0?… (template, retries, retry_delay)\n" +
				"Plan: 1 to create, 0 to update, 1 to replace, 0 to delete, 0 unchanged.",
			[]string{"POST https://…@example.com/0?…: retries, retry_delay can be set only at creation; pass AllowReplace to delete and recreate the webhook"},
		},
		"more than 150 webhooks": {
			[]messagemedia.CreateWebhookRequest{example("https://example.com/new"), example("https://example.com/new/2"), example("https://example.com/new/3")},
			"https://example.com/146",
			"  - delete  POST https://example.com/146\n" +
				"  + create  POST https://example.com/new\n  + create  POST https://example.com/new/2\n  + create  POST https://example.com/new/3\n" +
				"Plan: 3 to create, 0 to update, 0 to replace, 1 to delete, 0 unchanged.",
			[]string{"/: The account has 149 webhooks; with 1 deleted and 3 created it would have 151, and at most 150 are allowed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, client := account(t, example("https://u:p@example.com/0?token=s3cret"), example("https://example.com/0?token"))
			fill(t, client, 147)
			sent := len(api.Requests())
			plan, planErr := client.PlanWebhooks(t.Context(), c.desired, messagemedia.PruneURLPrefix(c.prune))
			assert.Equal(t, c.plan, fmt.Sprint(plan))
			result, err := client.SyncWebhooks(t.Context(), c.desired, messagemedia.PruneURLPrefix(c.prune))
			for _, change := range result.Changes {
				assert.Equal(t, messagemedia.OutcomeNotApplied, change.Outcome)
			}
			for _, err := range []error{planErr, err} {
				require.ErrorIs(t, err, messagemedia.ErrInvalidRequest)
				invalid, ok := errors.AsType[*messagemedia.ValidationError](err)
				require.True(t, ok)
				assert.Equal(t, c.details, invalid.Details)
			}
			for _, exchange := range api.Requests()[sent:] {
				assert.Equal(t, http.MethodGet, exchange.Method)
			}
		})
	}
}

// TestAccountsAboveTheLimit covers an account to which the platform allows more webhooks than
// 150. Only a plan that adds webhooks is rejected.
func TestAccountsAboveTheLimit(t *testing.T) {
	t.Parallel()
	api, client := account(t)
	api.Fail(messagemediatest.Fault{Status: 200, Body: listOf(160), Times: 2})
	desired := []messagemedia.CreateWebhookRequest{example("https://example.org/0")}
	plan, err := client.PlanWebhooks(t.Context(), desired)
	require.NoError(t, err)
	assert.Contains(t, plan.String(), "Plan: 0 to create, 1 to update")

	_, err = client.PlanWebhooks(t.Context(), append(desired, example("https://example.org/new")))
	assert.ErrorContains(t, err, "with 0 deleted and 1 created it would have 161")
}

// listOf returns a list of count webhooks.
func listOf(count int) string {
	page := messagemedia.WebhookPage{PageSize: count + 1}
	for i := range count {
		page.Webhooks = append(page.Webhooks, &messagemedia.Webhook{ID: fmt.Sprint(i), URL: fmt.Sprint("https://example.org/", i), Method: "POST"})
	}
	body, _ := json.Marshal(page)
	return string(body)
}

func TestPlanWebhooksReportsAnError(t *testing.T) {
	t.Parallel()
	api, client := account(t)
	api.Fail(messagemediatest.Fault{Status: 403})
	plan, err := client.PlanWebhooks(t.Context(), nil)
	assert.Nil(t, plan)
	assert.ErrorIs(t, err, messagemedia.ErrForbidden)
}

func TestPlanJSON(t *testing.T) {
	t.Parallel()
	api, client := account(t, example("https://example.com/a?b"), example("https://example.com/kept"))
	id := api.Webhooks("")[0].ID
	plan, err := client.PlanWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{
		example("https://example.com/<new>"),
		example("https://example.com/kept"),
		with("https://example.com/a?b", func(r *messagemedia.CreateWebhookRequest) { r.Headers = map[string]string{"X-A": "b"} }),
	})
	require.NoError(t, err)
	body, err := json.Marshal(plan)
	require.NoError(t, err)
	assert.JSONEq(t, `{"changes":[
		{"action":"create","method":"POST","url":"https://example.com/<new>"},
		{"action":"none","method":"POST","url":"https://example.com/kept","id":"`+api.Webhooks("")[1].ID+`"},
		{"action":"update","method":"POST","url":"https://example.com/a?…","id":"`+id+`","fields":["headers.X-A"]}]}`, string(body))

	for _, empty := range []any{messagemedia.Plan{}, messagemedia.SyncResult{}} {
		body, err = json.Marshal(empty)
		require.NoError(t, err)
		assert.Equal(t, `{"changes":[]}`, string(body))
	}
	assert.NotContains(t, fmt.Sprint(messagemedia.Change{}, messagemedia.ChangeResult{}), "PANIC")
}

// TestPlansAndResultsShowNoTokens prints a plan, a result and their errors in every way.
func TestPlansAndResultsShowNoTokens(t *testing.T) {
	t.Parallel()
	token := func(r *messagemedia.CreateWebhookRequest) {
		r.Headers = map[string]string{"X-Token": "s3cret-of-a-receiver-1"}
	}
	retrying := func(r *messagemedia.CreateWebhookRequest) { token(r); r.Retries = 1 }
	api, client := account(t,
		with("https://user:s3cret-of-a-receiver-2@example.com/a?t=s3cret-of-a-receiver-3#s3cret-of-a-receiver-4", token),
		with("https://example.com/b?s3cret-of-a-receiver-5", token), with("https://example.com/c#s3cret-of-a-receiver-6", token), with("https://s3cret-of-a-receiver-7@example.com", token))
	desired := []messagemedia.CreateWebhookRequest{
		with("https://user:s3cret-of-a-receiver-2@example.com/a?t=s3cret-of-a-receiver-3#s3cret-of-a-receiver-4", func(r *messagemedia.CreateWebhookRequest) {
			r.Headers = map[string]string{"X-Token": "s3cret-of-a-receiver-8"}
		}),
		with("https://example.com/b?s3cret-of-a-receiver-5", retrying),
		with("https://user:s3cret-of-a-receiver-9@example.com/new/@user?s3cret-of-a-receiver-10", token),
	}
	options := []messagemedia.SyncOption{messagemedia.Prune(func(*messagemedia.Webhook) bool { return true }), messagemedia.AllowReplace()}
	plan, err := client.PlanWebhooks(t.Context(), desired, options...)
	require.NoError(t, err)
	api.Fail(messagemediatest.Fault{Status: 400, Body: `{"details":["/events"]}`, Times: 2, Match: func(r *http.Request) bool { return r.Method == http.MethodPost }})
	result, err := client.SyncWebhooks(t.Context(), desired, options...)
	require.Error(t, err)
	lost, ok := errors.AsType[*messagemedia.ReplaceError](err)
	require.True(t, ok)

	var logged bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		slog.New(handler).Info("sync", "plan", plan, "change", plan.Changes[0], "result", result, "changed", result.Changes[0], "err", err, "lost", lost)
	}
	assertNoSecret(t, logged.String(), "headers.X-Token", "s3cret-of-a-receiver")
	for _, value := range []any{plan, *plan, plan.Changes, plan.Changes[0], result, *result, result.Changes, result.Changes[0]} {
		marshalled, err := json.Marshal(value)
		require.NoError(t, err)
		assertNoSecret(t, string(marshalled), "https://…@example.com/a?…", "s3cret-of-a-receiver")
		for _, verb := range []string{"%v", "%+v", "%s", "%q"} {
			assertNoSecret(t, fmt.Sprintf(verb, value), "https://…@example.com/a?…", "s3cret-of-a-receiver")
		}
		for _, verb := range []string{"%#v", "%d"} {
			assertNoSecret(t, fmt.Sprintf(verb, value), "", "s3cret-of-a-receiver")
		}
	}
	for _, err := range []error{err, lost} {
		for _, verb := range []string{"%v", "%+v", "%s", "%q"} {
			assertNoSecret(t, fmt.Sprintf(verb, err), "https://example.com/b?…", "s3cret-of-a-receiver")
		}
		assertNoSecret(t, fmt.Sprintf("%#v", err), "", "s3cret-of-a-receiver")
	}
	marshalled, err := json.Marshal(lost)
	require.NoError(t, err)
	assert.JSONEq(t, `{}`, string(marshalled))
	assert.Contains(t, plan.String(), "POST https://…@example.com/new/@user?…\n")
	assert.Contains(t, plan.String(), "POST https://…@example.com\n")
	assert.Contains(t, plan.String(), "POST https://example.com/c#…\n")
}
