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
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// TestSyncStopsIfTheAPIIsDown has an API that is down from the first change on. No other
// change is attempted.
func TestSyncStopsIfTheAPIIsDown(t *testing.T) {
	t.Parallel()
	var desired []messagemedia.CreateWebhookRequest
	for i := range 100 {
		desired = append(desired, example(fmt.Sprint("https://example.com/", i)))
	}
	var listed []string
	for i := range 100 {
		listed = append(listed, fmt.Sprintf(`{"id":"%d","url":"https://example.com/%d","method":"POST","encoding":"XML","events":["RECEIVED_SMS"],"headers":{},"retries":0}`, i, i))
	}
	full := `{"page":0,"pageSize":101,"pageData":[` + strings.Join(listed, ",") + `]}`
	for name, c := range map[string]struct {
		list string
		then httpmock.Responder
		want string // of the first change
	}{
		"creations, with 503":            {emptyPage, respondingWith(503, ""), "+ create POST /0: unknown"},
		"creations, with lost responses": {emptyPage, func(*http.Request) (*http.Response, error) { return nil, errLost }, "+ create POST /0: unknown"},
		"updates, with 503":              {full, respondingWith(503, ""), "~ update POST /0 (encoding): unknown"},
		"updates, with lost responses":   {full, func(*http.Request) (*http.Response, error) { return nil, errLost }, "~ update POST /0 (encoding): unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := 0
			client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
				if sent++; sent == 1 {
					return respondingWith(200, c.list)(r)
				}
				return c.then(r)
			}), basic, messagemedia.WithMaxRetryWait(0))
			result, err := client.SyncWebhooks(t.Context(), desired)
			require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
			assert.LessOrEqual(t, sent, 10)
			require.Len(t, result.Changes, 100)
			assert.Equal(t, c.want, outcomes(result)[0])
			for _, change := range result.Changes[1:] {
				assert.Equal(t, messagemedia.OutcomeNotApplied, change.Outcome)
				assert.NoError(t, change.Err, "the change was not attempted")
			}
		})
	}
}

// TestSyncContinuesIfOneChangeFails has an API that is not down otherwise.
func TestSyncContinuesIfOneChangeFails(t *testing.T) {
	t.Parallel()
	other := func(r *messagemedia.CreateWebhookRequest) { r.Template = "t" }
	api, client := account(t, with("https://example.com/a", other), with("https://example.com/b", other), example("https://example.com/old"))
	broken := api.Webhooks("")[0].ID
	api.Fail(messagemediatest.Fault{Status: 503, Times: 99, Match: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, broken) }})
	result, err := client.SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{example("https://example.com/a"), example("https://example.com/b"), example("https://example.com/c")},
		messagemedia.PruneURLPrefix("https://example.com/old"))
	require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
	assert.ElementsMatch(t, []string{"~ update POST /a (template): unknown", "~ update POST /b (template): applied", "+ create POST /c: applied", "- delete POST /old: not applied"}, outcomes(result))
}

// TestSyncSendsNothingAfterALongRetryAfter covers other changes and look-ups.
func TestSyncSendsNothingAfterALongRetryAfter(t *testing.T) {
	t.Parallel()
	for _, status := range []int{429, 503} {
		var methods []string
		client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
			if methods = append(methods, r.Method); len(methods) == 1 {
				return httpmock.NewStringResponse(200, emptyPage), nil
			}
			response := httpmock.NewStringResponse(status, "")
			response.Header.Set("Retry-After", "3600")
			return response, nil
		}), basic)
		_, err := client.SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{example("https://example.com/a"), example("https://example.com/b")})
		apiErr, ok := errors.AsType[*messagemedia.APIError](err)
		require.True(t, ok)
		assert.Equal(t, time.Hour, apiErr.RetryAfter)
		assert.Equal(t, []string{"GET", "POST"}, methods)
	}
}

// respelling is a platform that normalizes the fields of webhooks with the function spell.
type respelling struct {
	mu       sync.Mutex
	spell    func(*messagemedia.Webhook)
	webhooks []messagemedia.Webhook
	sent     []string
}

func (p *respelling) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, r.Method)
	switch r.Method {
	case http.MethodGet:
		page := messagemedia.WebhookPage{PageSize: 100}
		for _, webhook := range p.webhooks {
			page.Webhooks = append(page.Webhooks, &webhook)
		}
		return jsonResponse(200, page)
	case http.MethodPost:
		var request messagemedia.CreateWebhookRequest
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			return nil, err
		}
		webhook := messagemedia.Webhook{ID: fmt.Sprint(len(p.webhooks)), URL: request.URL, Method: request.Method, Encoding: request.Encoding,
			Events: request.Events, Headers: request.Headers, Template: request.Template}
		p.spell(&webhook)
		if slices.ContainsFunc(p.webhooks, func(other messagemedia.Webhook) bool {
			return other.URL == webhook.URL && other.Method == webhook.Method
		}) {
			return jsonResponse(409, map[string]string{"message": "A webhook with the given url and method already exists."})
		}
		p.webhooks = append(p.webhooks, webhook)
		return jsonResponse(201, webhook)
	case http.MethodPatch:
		var request messagemedia.UpdateWebhookRequest
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			return nil, err
		}
		if request.Template != nil {
			p.webhooks[0].Template = *request.Template
		}
		p.spell(&p.webhooks[0])
		return jsonResponse(200, p.webhooks[0])
	}
	return jsonResponse(405, nil)
}

func jsonResponse(status int, v any) (*http.Response, error) {
	return httpmock.NewJsonResponse(status, v)
}

// TestAPlatformThatNormalizes checks that a normalized webhook counts as created or updated,
// that the result lists the differences, and that the next plan lists the same instead of a
// creation.
func TestAPlatformThatNormalizes(t *testing.T) {
	t.Parallel()
	url := func(url string) func(*messagemedia.Webhook) { return func(w *messagemedia.Webhook) { w.URL = url } }
	for name, c := range map[string]struct {
		url, template string
		spell         func(*messagemedia.Webhook)
		differences   []string
	}{
		"a slash for an empty path":    {"https://example.com", "", url("https://example.com/"), []string{"url"}},
		"no slash for an empty path":   {"https://example.com/?a=b", "", url("https://example.com?a=b"), []string{"url"}},
		"the case of host and scheme":  {"HTTPS://Example.COM/Hooks", "", url("https://example.com/Hooks"), []string{"url"}},
		"a default port":               {"https://example.com:443/a", "", url("https://example.com/a"), []string{"url"}},
		"a default port that is added": {"http://example.com/a", "", url("http://example.com:80/a"), []string{"url"}},
		"an escape of ~":               {"https://example.com/%7euser?a=%7E%2f", "", url("https://example.com/~user?a=~%2F"), []string{"url"}},
		"dot segments":                 {"https://example.com/a/./b/../c", "", url("https://example.com/a/c"), []string{"url"}},
		"no fragment":                  {"https://example.com/a#b", "", url("https://example.com/a"), []string{"url"}},
		"line ends":                    {"https://example.com/a", "a\nb\r\nc\rd", func(w *messagemedia.Webhook) { w.Template = "a\r\nb\r\nc\r\nd" }, []string{"template"}},
		"case and line ends": {"https://EXAMPLE.com/a", "a\nb", func(w *messagemedia.Webhook) {
			w.URL, w.Template = "https://example.com/a", strings.ReplaceAll("a\nb", "\n", "\r\n")
		}, []string{"url", "template"}},
		"no difference": {"https://example.com/a", "a\nb", func(*messagemedia.Webhook) {}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform := &respelling{spell: c.spell}
			client := newClient(t, &http.Client{Transport: platform}, basic, messagemedia.WithMaxRetryWait(0))
			desired := []messagemedia.CreateWebhookRequest{with(c.url, func(r *messagemedia.CreateWebhookRequest) { r.Template = c.template })}

			result, err := client.SyncWebhooks(t.Context(), desired)
			require.NoError(t, err)
			require.Len(t, result.Changes, 1)
			assert.Equal(t, messagemedia.OutcomeApplied, result.Changes[0].Outcome)
			assert.Equal(t, c.differences, result.Changes[0].Differences)
			assert.Equal(t, platform.webhooks[0].URL, result.Changes[0].After.URL)

			for range 2 {
				plan, err := client.PlanWebhooks(t.Context(), desired)
				require.NoError(t, err)
				assert.False(t, plan.HasChanges())
				assert.Equal(t, c.differences, plan.Changes[0].Differences)
				assert.Equal(t, len(c.differences) > 0, strings.Contains(plan.String(), "[spelled otherwise: "+strings.Join(c.differences, ", ")+"]"))
				marshalled, err := json.Marshal(plan)
				require.NoError(t, err)
				assert.Equal(t, len(c.differences) > 0, strings.Contains(string(marshalled), `"differences":[`))
				result, err = client.SyncWebhooks(t.Context(), desired)
				require.NoError(t, err)
				assert.Equal(t, c.differences, result.Changes[0].Differences)
			}
			assert.Equal(t, "GET POST GET GET GET GET", strings.Join(platform.sent, " "))

			created, err := client.CreateWebhook(t.Context(), desired[0])
			require.ErrorIs(t, err, messagemedia.ErrConflict)
			assert.Nil(t, created)

			desired[0].Template = "new"
			result, err = client.SyncWebhooks(t.Context(), desired, messagemedia.Prune(func(*messagemedia.Webhook) bool { return true }))
			if slices.Contains(c.differences, "template") {
				require.Error(t, err, "this platform overrides the template")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, messagemedia.ActionUpdate, result.Changes[0].Action)
			assert.Equal(t, c.differences, result.Changes[0].Differences)
			assert.Equal(t, "new", platform.webhooks[0].Template)
			assert.Len(t, platform.webhooks, 1, "nothing was pruned")
		})
	}
}

// TestALookUpFindsANormalizedWebhook loses the response that shows the normalized URL.
func TestALookUpFindsANormalizedWebhook(t *testing.T) {
	t.Parallel()
	platform := &respelling{spell: func(w *messagemedia.Webhook) { w.URL = "https://example.com/" }}
	client := newClient(t, &http.Client{Transport: platform}, basic, messagemedia.WithMaxRetryWait(0), messagemedia.WithMiddleware(losingTheFirst()))
	webhook, err := client.CreateWebhook(t.Context(), example("https://EXAMPLE.com"))
	require.NoError(t, err)
	assert.Equal(t, "https://example.com/", webhook.URL)
}

// TestURLsThatAreEquivalent checks that they belong to one webhook.
func TestURLsThatAreEquivalent(t *testing.T) {
	t.Parallel()
	for present, desired := range map[string]string{
		"https://example.com/a/b/..":                "https://example.com/a/",
		"https://example.com/a/b/.":                 "https://example.com/a/b/",
		"https://example.com?a=/../b":               "https://example.com/?a=/../b",
		"https://example.com/%2D%5a%7A%39%30%61%46": "https://example.com/-Zz90aF",
		"https://example.com/%c3%a9%2f%0a":          "https://example.com/%C3%A9%2F%0A",
	} {
		_, client := account(t, example(present))
		plan, err := client.PlanWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{example(desired)})
		require.NoError(t, err)
		assert.Equal(t, messagemedia.ActionNone, plan.Changes[0].Action, "%s is equivalent to %s", present, desired)
		assert.Equal(t, []string{"url"}, plan.Changes[0].Differences)
	}
}

// TestTheExactURLIsPreferred to another spelling, also if that webhook matches the request.
func TestTheExactURLIsPreferred(t *testing.T) {
	t.Parallel()
	exact, other := example("https://example.com/a"), example("https://EXAMPLE.com/a")
	exact.Template = "old"
	for _, present := range [][]messagemedia.CreateWebhookRequest{{exact, other}, {other, exact}} {
		_, client := account(t, present...)
		plan, err := client.PlanWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{example("https://example.com/a")})
		require.NoError(t, err)
		require.Len(t, plan.Changes, 1)
		assert.Equal(t, messagemedia.ActionUpdate, plan.Changes[0].Action)
		assert.Equal(t, "https://example.com/a", plan.Changes[0].Before.URL)
	}
}

// TestURLsThatAreNotEquivalent checks that they belong to two webhooks.
func TestURLsThatAreNotEquivalent(t *testing.T) {
	t.Parallel()
	for present, desired := range map[string]string{
		"https://example.com/a":          "https://example.com/a/",
		"https://example.com/A":          "https://example.com/a",
		"https://example.com/?A=b":       "https://example.com/?a=b",
		"http://example.com/":            "https://example.com/",
		"https://example.com:8443/":      "https://example.com/",
		"https://example.com:80/":        "https://example.com/",
		"https://user@example.com/":      "https://example.com/",
		"https://USER@example.com/":      "https://user@example.com/",
		"https://example.com/a%2Fb":      "https://example.com/a/b",
		"https://example.com/?a=b%26c":   "https://example.com/?a=b&c",
		"https://example.com/?a=..%2F":   "https://example.com/?a=../",
		"https://example.com/?":          "https://example.com/",
		"https://example.com/a/../../b/": "https://example.com/b",
		"https://example.com/a%":         "https://example.com/a",
		"https://example.com/a%4":        "https://example.com/a",
		"https://example.com/%g1":        "https://example.com/%G1",
		"https://example.com/%@1":        "https://example.com/%`1",
		"https://example.com/%3:":        "https://example.com/%3/",
	} {
		_, client := account(t, example(present))
		plan, err := client.PlanWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{example(desired)})
		require.NoError(t, err)
		assert.Equal(t, messagemedia.ActionCreate, plan.Changes[0].Action, "%s is not equivalent to %s", present, desired)
	}
}

// TestAResponseThatShowsAnotherState checks that a response which differs from the request
// makes the outcome unknown, and that the error lists the fields.
func TestAResponseThatShowsAnotherState(t *testing.T) {
	t.Parallel()
	keep := func(template string) func(*messagemedia.Webhook) {
		return func(w *messagemedia.Webhook) { w.Template = template }
	}
	for name, c := range map[string]struct {
		present  bool
		desired  messagemedia.CreateWebhookRequest
		spell    func(*messagemedia.Webhook)
		fields   string
		outcomes []string
	}{
		"an update that changes nothing": {true, with("https://example.com/a", func(r *messagemedia.CreateWebhookRequest) { r.Template = "new" }), keep("old"), "template",
			[]string{"~ update POST /a (template): unknown"}},
		"a creation with other fields": {false, example("https://example.com/b"), func(w *messagemedia.Webhook) {
			w.Encoding, w.Events, w.Headers = "XML", []messagemedia.EventType{"OPT_OUT_SMS"}, map[string]string{"X-A": "1"}
		},
			"encoding, events, headers.X-A", []string{"+ create POST /b: unknown", "~ update POST /b (encoding, events, headers.X-A): unknown"}},
		"a creation at another URL": {false, example("https://example.com/b"), func(w *messagemedia.Webhook) { w.URL = "https://example.org/" }, "url",
			[]string{"+ create POST /b: unknown"}},
		"a creation with another method": {false, example("https://example.com/b"), func(w *messagemedia.Webhook) { w.Method = "PUT" }, "method",
			[]string{"+ create POST /b: unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform := &respelling{spell: c.spell}
			if c.present {
				platform.webhooks = []messagemedia.Webhook{{ID: "1", URL: c.desired.URL, Method: "POST", Encoding: "JSON", Events: c.desired.Events, Headers: map[string]string{}, Template: "old"}}
			}
			client := newClient(t, &http.Client{Transport: platform}, basic, messagemedia.WithMaxRetryWait(0))
			result, err := client.SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{c.desired})
			require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
			assert.ErrorContains(t, err, "the response differs from the request ("+c.fields+")")
			assert.Equal(t, c.outcomes, outcomes(result))
			assertAgreement(t, result, err)
		})
	}

	// If a later listing shows the desired state, the change is applied.
	lists := 0
	client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
		webhook := messagemedia.Webhook{ID: "1", URL: "https://example.com/a", Method: "POST", Encoding: "JSON", Events: validRequest().Events, Headers: map[string]string{}, Template: "old"}
		if r.Method == http.MethodGet {
			if lists++; lists > 1 {
				webhook.Template = "new"
			}
			return jsonResponse(200, messagemedia.WebhookPage{PageSize: 100, Webhooks: []*messagemedia.Webhook{&webhook}})
		}
		return jsonResponse(200, webhook)
	}), basic, messagemedia.WithMaxRetryWait(0))
	result, err := client.SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{with("https://example.com/a", func(r *messagemedia.CreateWebhookRequest) { r.Template = "new" })})
	require.NoError(t, err)
	assert.Equal(t, []string{"~ update POST /a (template): applied"}, outcomes(result))
}

// assertAgreement checks that outcome and error agree in every change, and with the returned
// error.
func assertAgreement(t *testing.T, result *messagemedia.SyncResult, err error) {
	t.Helper()
	anyUnknown := false
	for _, change := range result.Changes {
		unknown := change.Outcome == messagemedia.OutcomeUnknown
		anyUnknown = anyUnknown || unknown
		assert.Equal(t, unknown, errors.Is(change.Err, messagemedia.ErrOutcomeUnknown), "%v: %v", change, change.Err)
		if change.Outcome == messagemedia.OutcomeApplied {
			assert.NoError(t, change.Err)
		}
		if change.Err != nil {
			assert.ErrorIs(t, err, change.Err)
		}
	}
	assert.Equal(t, anyUnknown, errors.Is(err, messagemedia.ErrOutcomeUnknown), "%v: %v", result, err)
}

// TestOutcomeAndErrorAgree covers what can happen in a later plan.
func TestOutcomeAndErrorAgree(t *testing.T) {
	t.Parallel()
	other := with("https://example.com/a", func(r *messagemedia.CreateWebhookRequest) { r.Template = "t" })
	desired := []messagemedia.CreateWebhookRequest{example("https://example.com/a"), example("https://example.com/b")}
	for name, c := range map[string]struct {
		present []messagemedia.CreateWebhookRequest
		faults  []messagemediatest.Fault
	}{
		"an update that is unknown and then rejected": {[]messagemedia.CreateWebhookRequest{other}, []messagemediatest.Fault{
			{Status: 503, Match: onlyMethod("PATCH")}, {Status: 400, Body: `{"details":["/events: no"]}`, Times: 9, Match: onlyMethod("PATCH")}}},
		"a creation that is unknown and then not attempted": {nil, []messagemediatest.Fault{
			{Status: 400, Body: `{"details":["/url: no"]}`, Match: onlyMethod("POST")}, {Status: 503, Match: onlyMethod("POST")}, {Status: 401, Match: onlyMethod("POST")}}},
		"an unknown update of a webhook that is then deleted": {[]messagemedia.CreateWebhookRequest{other}, []messagemediatest.Fault{
			{Status: 503, Match: onlyMethod("PATCH")}, {Status: 404, Times: 9, Match: onlyMethod("PATCH")}}},
		"an unknown update and then a rejected plan": {[]messagemedia.CreateWebhookRequest{other}, []messagemediatest.Fault{
			{Status: 503, Match: onlyMethod("PATCH")}, {Status: 200, Body: listOf(150), Match: onlyMethod("GET")}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, _ := account(t, c.present...)
			api.Fail(c.faults...)
			result, err := api.Client(messagemedia.WithMaxAttempts(1), messagemedia.WithMaxRetryWait(0)).SyncWebhooks(t.Context(), desired)
			require.Error(t, err)
			assertAgreement(t, result, err)
		})
	}
}

// TestACreationThatAnotherProgramChangesAtOnce checks that the outcome is unknown, since this
// call may have created the webhook.
func TestACreationThatAnotherProgramChangesAtOnce(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(context.Context, *messagemedia.Client) (*messagemedia.SyncResult, error){
		"CreateWebhook": func(ctx context.Context, c *messagemedia.Client) (*messagemedia.SyncResult, error) {
			return nil, errorOf(c.CreateWebhook(ctx, example("https://example.com/a")))
		},
		"SyncWebhooks": func(ctx context.Context, c *messagemedia.Client) (*messagemedia.SyncResult, error) {
			return c.SyncWebhooks(ctx, []messagemedia.CreateWebhookRequest{example("https://example.com/a")})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, admin := account(t)
			api.Fail(messagemediatest.Fault{Match: onlyMethod("POST"), Status: 503, AfterCommit: true})
			var once sync.Once
			meddling := func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodGet && len(api.Webhooks("")) == 1 {
						once.Do(func() {
							_, err := admin.UpdateWebhook(t.Context(), api.Webhooks("")[0].ID, messagemedia.UpdateWebhookRequest{Events: []messagemedia.EventType{messagemedia.EventOptOutSMS}})
							assert.NoError(t, err)
						})
					}
					return next.RoundTrip(r)
				})
			}
			result, err := run(t.Context(), api.Client(messagemedia.WithMaxAttempts(1), messagemedia.WithMaxRetryWait(0), messagemedia.WithMiddleware(meddling)))
			require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
			require.ErrorIs(t, err, messagemedia.ErrConflict)
			if result != nil {
				assert.Equal(t, []string{"+ create POST /a: unknown", "~ update POST /a (events): applied"}, outcomes(result))
				assertAgreement(t, result, err)
			}
		})
	}
}

// TestAStaleListIsReadAgainAfterAPause measures the pauses between listings.
func TestAStaleListIsReadAgainAfterAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var lists []time.Duration
		created := false
		client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				if created {
					return httpmock.NewStringResponse(409, ""), nil
				}
				created = true // by another program
				return httpmock.NewStringResponse(409, ""), nil
			}
			lists = append(lists, time.Since(start))
			if time.Since(start) < 300*time.Millisecond {
				return httpmock.NewStringResponse(200, emptyPage), nil
			}
			return httpmock.NewStringResponse(200, `{"page":0,"pageSize":100,"pageData":[`+aWebhook+`]}`), nil
		}), basic)
		result, err := client.SyncWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{validRequest()})
		require.NoError(t, err)
		assert.Equal(t, []string{"= unchanged POST /: applied"}, outcomes(result))
		for i := 1; i < len(lists); i++ {
			assert.GreaterOrEqual(t, lists[i]-lists[i-1], 250*time.Millisecond)
		}
	})
}

// TestAPauseEndsWithTheContext covers the pause between two plans.
func TestAPauseEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				return httpmock.NewStringResponse(409, ""), nil
			}
			return httpmock.NewStringResponse(200, emptyPage), nil
		}), basic)
		start := time.Now()
		result, err := client.SyncWebhooks(ctx, []messagemedia.CreateWebhookRequest{validRequest()})
		assert.Equal(t, 100*time.Millisecond, time.Since(start))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, messagemedia.ErrConflict)
		assert.Equal(t, []string{"+ create POST /: not applied"}, outcomes(result))
	})
}

// TestAReplacementFinishesWithinATimeoutOfItsOwn checks that a replacement recreates its webhook
// although the context has ended, and gives up after the attempt timeout.
func TestAReplacementFinishesWithinATimeoutOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, responds := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
			defer api.Close()
			_, err := api.Client().CreateWebhook(t.Context(), example("https://example.com/a"))
			require.NoError(t, err)
			ctx, cancel := context.WithCancelCause(t.Context())
			mine := errors.New("shutting down")
			ending := func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodPost {
						cancel(mine)
					}
					return next.RoundTrip(r)
				})
			}
			if !responds {
				api.Fail(messagemediatest.Fault{Delay: time.Hour, Times: 9, Match: onlyMethod(http.MethodPost)})
			}
			start := time.Now()
			result, err := api.Client(messagemedia.WithMiddleware(ending)).SyncWebhooks(ctx, []messagemedia.CreateWebhookRequest{
				with("https://example.com/a", func(r *messagemedia.CreateWebhookRequest) { r.Retries = 5 }), example("https://example.com/b"),
			}, messagemedia.AllowReplace())
			if responds {
				require.ErrorIs(t, err, mine, "no other change was attempted")
				assert.Equal(t, []string{"-/+ replace POST /a (retries): applied", "+ create POST /b: not applied"}, outcomes(result))
				assert.Len(t, api.Webhooks(""), 1)
				assert.Zero(t, time.Since(start))
				return
			}
			require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
			_, lost := errors.AsType[*messagemedia.ReplaceError](err)
			assert.True(t, lost)
			assert.LessOrEqual(t, time.Since(start), 31*time.Second)
			assert.GreaterOrEqual(t, time.Since(start), 30*time.Second)
			assertAgreement(t, result, err)
		})
	}
}

// TestPlansAreInAStableOrder shuffles the list.
func TestPlansAreInAStableOrder(t *testing.T) {
	t.Parallel()
	ids := []string{"a", "b", "c", "d"}
	var first string
	for range 20 {
		slices.Reverse(ids)
		ids = append(ids[1:], ids[0])
		client := newClient(t, responding(respondingWith(200, pageOf(100, ids...))), basic)
		plan, err := client.PlanWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{example("https://example.com/c")}, everything)
		require.NoError(t, err)
		if first == "" {
			first = plan.String()
		}
		assert.Equal(t, first, plan.String())
	}
	assert.Contains(t, first, "delete  POST https://example.com/a\n  - delete  POST https://example.com/b\n  - delete  POST https://example.com/d")
}

// TestWebhooksWithTheSameURLAndMethod covers a list that the platform should not allow. One
// webhook with the desired state is kept, and the others are pruned if they are owned.
func TestWebhooksWithTheSameURLAndMethod(t *testing.T) {
	t.Parallel()
	webhook := func(id, template string) string {
		return fmt.Sprintf(`{"id":%q,"url":"https://example.com/","method":"POST","encoding":"JSON","events":["RECEIVED_SMS"],"headers":{},"template":%q,"retries":0}`, id, template)
	}
	for _, list := range []string{webhook("a", "old") + "," + webhook("b", "") + "," + webhook("c", ""), webhook("c", "") + "," + webhook("b", "") + "," + webhook("a", "old")} {
		client := newClient(t, responding(respondingWith(200, `{"page":0,"pageSize":100,"pageData":[`+list+`]}`)), basic)
		plan, err := client.PlanWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{validRequest()})
		require.NoError(t, err)
		require.Len(t, plan.Changes, 1)
		assert.Equal(t, "b", plan.Changes[0].Before.ID)
		assert.False(t, plan.HasChanges())

		plan, err = client.PlanWebhooks(t.Context(), []messagemedia.CreateWebhookRequest{validRequest()}, everything)
		require.NoError(t, err)
		require.Len(t, plan.Changes, 3)
		assert.Equal(t, "a", plan.Changes[1].Before.ID)
		assert.Equal(t, "c", plan.Changes[2].Before.ID)
	}
}

// TestPruningForAnEmptyDeclaration checks that it is an error before a request is sent, unless
// AllowEmpty is passed.
func TestPruningForAnEmptyDeclaration(t *testing.T) {
	t.Parallel()
	for _, desired := range [][]messagemedia.CreateWebhookRequest{nil, {}} {
		client := newClient(t, refusing(t), basic)
		result, err := client.SyncWebhooks(t.Context(), desired, messagemedia.PruneURLPrefix("https://example.com"))
		require.ErrorIs(t, err, messagemedia.ErrInvalidRequest)
		assert.EqualError(t, err, "messagemedia: SyncWebhooks: invalid request: /: No webhook is desired, so pruning would delete every selected webhook; pass AllowEmpty to permit that")
		assert.Empty(t, result.Changes)
		_, err = client.PlanWebhooks(t.Context(), desired, everything)
		require.ErrorContains(t, err, "pass AllowEmpty")
	}
	api, client := account(t, example("https://example.com/a"))
	_, err := client.SyncWebhooks(t.Context(), nil)
	require.NoError(t, err, "without pruning, there is nothing to do")
	_, err = client.SyncWebhooks(t.Context(), nil, everything, messagemedia.AllowEmpty())
	require.NoError(t, err)
	assert.Empty(t, api.Webhooks(""))
}
