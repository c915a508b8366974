package messagemedia_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// pageOf returns a page of webhooks with the given IDs.
func pageOf(size int, ids ...string) string {
	webhooks := make([]string, 0, len(ids))
	for _, id := range ids {
		webhooks = append(webhooks, fmt.Sprintf(`{"id":%q,"url":"https://example.com/%s","method":"POST","encoding":"JSON","events":["RECEIVED_SMS"],"headers":{},"retries":0}`, id, id))
	}
	return fmt.Sprintf(`{"page":0,"pageSize":%d,"pageData":[%s]}`, size, strings.Join(webhooks, ","))
}

// TestA404AfterALostResponse checks that a 404 confirms a deletion only if the API sent it and
// the list lacks the webhook.
func TestA404AfterALostResponse(t *testing.T) {
	t.Parallel()
	moved := []string{pageOf(2, "a", "b"), pageOf(2, "d")} // "c" moved to a page that had been read
	for name, c := range map[string]struct {
		body  string   // of the 404
		pages []string // of the list, in order; the last is repeated
		gone  bool
		gets  int
	}{
		"an empty body, and a list without the webhook": {"", []string{pageOf(2, "a")}, true, 1},
		"JSON, and a list without the webhook":          {`{"message":"Entity not found"}`, []string{pageOf(2, "a")}, true, 1},
		"HTML from a proxy":                             {"<html><h1>404</h1></html>", nil, false, 0},
		"text from a proxy":                             {"404 page not found\n", nil, false, 0},
		"a gateway's JSON, and a list with the webhook": {`{"message":"no Route matched with those values"}`, []string{pageOf(2, "c")}, false, 3},
		"a list that is stale at first":                 {"", []string{pageOf(2, "c"), pageOf(2)}, true, 2},
		"two pages, and the webhook moved to the first": {"", append(slices.Clone(moved), pageOf(2, "a", "c"), pageOf(2, "a", "c"), pageOf(2, "a", "c")), false, 5},
		"two pages without the webhook, read twice":     {"", append(slices.Clone(moved), moved...), true, 4},
		"an unreadable list":                            {"", []string{"<html>"}, false, 1},
		"a list without pageData":                       {"", []string{"{}"}, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deletes, gets := 0, 0
			client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
				assert.Equal(t, "DeleteWebhook", messagemedia.OperationFromContext(r.Context()))
				if r.Method == http.MethodGet {
					gets++
					return httpmock.NewStringResponse(200, c.pages[min(gets, len(c.pages))-1]), nil
				}
				if deletes++; deletes == 1 {
					return nil, errLost
				}
				return httpmock.NewStringResponse(404, c.body), nil
			}), basic, messagemedia.WithMaxRetryWait(0))
			err := client.DeleteWebhook(t.Context(), "c")
			assert.Equal(t, c.gets, gets)
			if c.gone {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
			require.ErrorIs(t, err, messagemedia.ErrNotFound, "every 404 is")
			assert.Regexp(t, "^messagemedia: DeleteWebhook: 404 Not Found", err.Error())
		})
	}
}

// TestA404OfASignatureKey checks the same for signature keys.
func TestA404OfASignatureKey(t *testing.T) {
	t.Parallel()
	for listed, gone := range map[string]bool{"[]": true, "[" + aKey + "]": false} {
		deletes := 0
		client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodGet {
				return httpmock.NewStringResponse(200, listed), nil
			}
			if deletes++; deletes == 1 {
				return nil, errLost
			}
			return httpmock.NewStringResponse(404, `{"message":"Entity not found"}`), nil
		}), basic, messagemedia.WithMaxRetryWait(0))
		err := client.DeleteSignatureKey(t.Context(), "7ca628a8-08b0-4e42-aeb8-960b37049c31")
		assert.Equal(t, gone, err == nil, "%v", err)
		assert.Equal(t, !gone, errors.Is(err, messagemedia.ErrOutcomeUnknown))
	}
}

// TestGetWebhookReadsPages checks that GetWebhook stops at the page with the webhook, and
// reads a list of several pages twice before it returns ErrNotFound.
func TestGetWebhookReadsPages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pages []string // the last is repeated
		gets  int
		found bool
	}{
		"the first page, which has the webhook":             {[]string{pageOf(1, "c"), pageOf(1, "a")}, 1, true},
		"one page without the webhook":                      {[]string{pageOf(2, "a")}, 1, false},
		"all pages twice, without the webhook":              {[]string{pageOf(1, "a"), pageOf(1), pageOf(1, "a"), pageOf(1)}, 4, false},
		"again, and the webhook moved to the previous page": {[]string{pageOf(1, "a"), pageOf(1), pageOf(1, "c")}, 3, true},
		"again, and the changed list lacks the webhook":     {[]string{pageOf(1, "a"), pageOf(1), pageOf(1, "b"), pageOf(1)}, 4, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gets := 0
			var log strings.Builder
			client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
				assert.Equal(t, "GetWebhook", messagemedia.OperationFromContext(r.Context()))
				gets++
				return httpmock.NewStringResponse(200, c.pages[min(gets, len(c.pages))-1]), nil
			}), basic, messagemedia.WithLogger(jsonLogger(&log)))
			webhook, err := client.GetWebhook(t.Context(), "c")
			assert.Equal(t, c.gets, gets)
			for _, record := range records(t, log.String()) {
				assert.Equal(t, "GetWebhook", record["operation"])
			}
			if c.found {
				require.NoError(t, err)
				assert.Equal(t, "c", webhook.ID)
				return
			}
			require.ErrorIs(t, err, messagemedia.ErrNotFound)
			assert.ErrorContains(t, err, "messagemedia: GetWebhook: not found: no webhook of the account has this ID")
		})
	}
}

// TestErrorsNameTheMethodThatWasCalled covers methods that send the requests of another one.
func TestErrorsNameTheMethodThatWasCalled(t *testing.T) {
	t.Parallel()
	client := newClient(t, responding(respondingWith(403, "")), basic)
	for name, call := range map[string]func(context.Context) error{
		"GetWebhook":    func(ctx context.Context) error { return errorOf(client.GetWebhook(ctx, "id")) },
		"Webhooks":      func(ctx context.Context) error { return errorOf(collect(client.Webhooks(ctx))) },
		"SignatureKeys": func(ctx context.Context) error { return errorOf(collect(client.SignatureKeys(ctx))) },
		"SyncWebhooks": func(ctx context.Context) error {
			return errorOf(client.SyncWebhooks(ctx, []messagemedia.CreateWebhookRequest{validRequest()}))
		},
		"PlanWebhooks": func(ctx context.Context) error {
			return errorOf(client.PlanWebhooks(ctx, []messagemedia.CreateWebhookRequest{validRequest()}))
		},
	} {
		apiErr, ok := errors.AsType[*messagemedia.APIError](call(t.Context()))
		require.True(t, ok)
		assert.Equal(t, name, apiErr.Operation)
	}
}

// TestEndlessListsAreErrors uses a server that sends another page each time.
func TestEndlessListsAreErrors(t *testing.T) {
	t.Parallel()
	gets := 0
	client := newClient(t, responding(func(*http.Request) (*http.Response, error) {
		gets++
		return httpmock.NewStringResponse(200, pageOf(1, fmt.Sprint(gets))), nil
	}), basic)
	_, err := collect(client.Webhooks(t.Context()))
	require.EqualError(t, err, "messagemedia: Webhooks: the list has more than 1000 pages")
	assert.Equal(t, 1000, gets)
}

// TestALookUpRepeatsAfterPauses checks that it finds a webhook that is missing from the first
// listings, and that its pauses grow.
func TestALookUpRepeatsAfterPauses(t *testing.T) {
	t.Parallel()
	for reading := 1; reading <= 4; reading++ {
		synctest.Test(t, func(t *testing.T) {
			var gets []time.Time
			client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPost {
					return httpmock.NewStringResponse(409, `{"message":"A webhook with the given url and method already exists."}`), nil
				}
				if gets = append(gets, time.Now()); len(gets) < reading {
					return httpmock.NewStringResponse(200, emptyPage), nil
				}
				return httpmock.NewStringResponse(200, `{"page":0,"pageSize":100,"pageData":[`+aWebhook+`]}`), nil
			}), basic, messagemedia.WithMiddleware(losingTheFirst()))
			webhook, err := client.CreateWebhook(t.Context(), validRequest())
			if reading > 3 {
				require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
				require.ErrorIs(t, err, messagemedia.ErrConflict)
				assert.Len(t, gets, 3)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, validRequest().URL, webhook.URL)
			require.Len(t, gets, reading)
			for i := 1; i < len(gets); i++ {
				least := 250 * time.Millisecond << (i - 1)
				assert.GreaterOrEqual(t, gets[i].Sub(gets[i-1]), least)
				assert.LessOrEqual(t, gets[i].Sub(gets[i-1]), 2*least)
			}
		})
	}
}

// losingTheFirst returns a middleware that loses the first response.
func losingTheFirst() func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		lost := false
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			response, err := next.RoundTrip(r)
			if !lost && err == nil {
				lost = true
				response.Body.Close()
				return nil, errLost
			}
			return response, err
		})
	}
}

// TestAFailedLookUpIsReported checks that the error's text has the look-up's error, and that the
// call's error does not match it.
func TestAFailedLookUpIsReported(t *testing.T) {
	t.Parallel()
	client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodGet {
			return httpmock.NewStringResponse(403, ""), nil
		}
		return httpmock.NewStringResponse(501, ""), nil
	}), basic)
	_, err := client.CreateWebhook(t.Context(), validRequest())
	require.EqualError(t, err, "messagemedia: CreateWebhook: 501 Not Implemented; outcome unknown: the change may have taken effect; the look-up also failed: messagemedia: CreateWebhook: 403 Forbidden")
	assert.NotErrorIs(t, err, messagemedia.ErrForbidden)
}

// TestNoEnabledKeyIsNoWarning checks that a 404 of the API is logged at Debug, and a proxy's
// page at Warn.
func TestNoEnabledKeyIsNoWarning(t *testing.T) {
	t.Parallel()
	for body, level := range map[string]string{
		"": "DEBUG",
		`{"message":"Currently no key is enabled"}`: "DEBUG",
		"<html>nginx</html>":                        "WARN",
	} {
		var log strings.Builder
		client := newClient(t, responding(respondingWith(404, body)), basic, messagemedia.WithLogger(jsonLogger(&log)))
		_, err := client.GetEnabledSignatureKey(t.Context())
		require.ErrorIs(t, err, messagemedia.ErrNotFound)
		all := records(t, log.String())
		require.Len(t, all, 1)
		assert.Equal(t, level, all[0]["level"])
		assert.Equal(t, level == "WARN", all[0]["reason"] != nil)
	}
}
