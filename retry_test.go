package messagemedia_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// operations are the calls of a client, by the HTTP method that each sends.
var operations = map[string]func(context.Context, *messagemedia.Client) error{
	http.MethodGet: func(ctx context.Context, c *messagemedia.Client) error {
		_, err := c.ListWebhooks(ctx, messagemedia.ListWebhooksRequest{})
		return err
	},
	http.MethodPost: func(ctx context.Context, c *messagemedia.Client) error {
		_, err := c.CreateWebhook(ctx, validRequest())
		return err
	},
	http.MethodPatch: func(ctx context.Context, c *messagemedia.Client) error {
		_, err := c.UpdateWebhook(ctx, "id", messagemedia.UpdateWebhookRequest{Template: new("")})
		return err
	},
	http.MethodDelete: func(ctx context.Context, c *messagemedia.Client) error {
		return c.DeleteWebhook(ctx, "id")
	},
}

// TestRetryTable counts the attempts of each operation after each failure.
func TestRetryTable(t *testing.T) {
	t.Parallel()
	attempts := map[int]int{429: 3, 500: 3, 502: 3, 503: 3, 504: 3, 0: 3} // 0 is a transport error
	for _, status := range []int{300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409, 410, 422, 425, 501, 505, 507} {
		attempts[status] = 1
	}
	for method, operate := range operations {
		for status, want := range attempts {
			t.Run(fmt.Sprintf("%s after %d", method, status), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					got := 0
					client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
						if r.Method == method {
							got++
						}
						if status == 0 {
							return nil, errors.New("connection lost")
						}
						return httpmock.NewStringResponse(status, ""), nil
					}), basic)
					err := operate(t.Context(), client)
					require.Error(t, err)
					assert.Equal(t, want, got)
					unknown := method != http.MethodGet && (status == 0 || status >= 500)
					assert.Equal(t, unknown, errors.Is(err, messagemedia.ErrOutcomeUnknown))
				})
			})
		}
	}
}

func TestRetriesEndWithTheFirstSuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		client := newClient(t, responding(func(*http.Request) (*http.Response, error) {
			if attempts++; attempts < 5 {
				return httpmock.NewStringResponse(503, ""), nil
			}
			return httpmock.NewStringResponse(204, ""), nil
		}), basic, messagemedia.WithMaxAttempts(9))
		require.NoError(t, client.DeleteWebhook(t.Context(), "id"))
		assert.Equal(t, 5, attempts)
	})
}

// TestBackoff measures the waits. Each is random below a limit that doubles up to
// WithMaxRetryWait.
func TestBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		longest := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second}
		seen := make([]map[time.Duration]bool, len(longest))
		for range 50 {
			var times []time.Time
			client := newClient(t, responding(func(*http.Request) (*http.Response, error) {
				times = append(times, time.Now())
				return nil, errors.New("connection lost")
			}), basic, messagemedia.WithMaxAttempts(len(longest)+1), messagemedia.WithMaxRetryWait(3*time.Second))
			require.Error(t, client.DeleteWebhook(t.Context(), "id"))
			require.Len(t, times, len(longest)+1)
			for i, most := range longest {
				wait := times[i+1].Sub(times[i])
				assert.LessOrEqual(t, wait, most)
				if seen[i] == nil {
					seen[i] = make(map[time.Duration]bool)
				}
				seen[i][wait] = true
			}
		}
		for _, waits := range seen {
			assert.Greater(t, len(waits), 40, "the waits are random")
		}
	})
}

func TestManyAttemptsDoNotOverflowTheBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, responding(httpmock.NewErrorResponder(errors.New("connection lost"))), basic, messagemedia.WithMaxAttempts(200))
		start := time.Now()
		require.Error(t, client.DeleteWebhook(t.Context(), "id"))
		assert.Greater(t, time.Since(start), 30*time.Minute)
		assert.Less(t, time.Since(start), 200*30*time.Second)
	})
}

// TestRetryAfter measures the waits. The client adds a random time of up to 500 ms to the
// requested one, so that clients do not all retry at once.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header  http.Header
		status  int
		timeout time.Duration // of the caller's context, 0 for none
		wait    time.Duration // minimum until the second attempt, -1 if there is none
		reports time.Duration // RetryAfter of the last attempt's error
	}{
		"in seconds":                             {http.Header{"Retry-After": {"7"}}, 429, 0, 7 * time.Second, 7 * time.Second},
		"in seconds with a fraction":             {http.Header{"Retry-After": {"1.5"}}, 429, 0, 1500 * time.Millisecond, 1500 * time.Millisecond},
		"with a 503":                             {http.Header{"Retry-After": {"30"}}, 503, 0, 30 * time.Second, 30 * time.Second},
		"as a date, counted from the local time": {http.Header{"Retry-After": {"Sat, 01 Jan 2000 00:00:09 GMT"}}, 429, 0, 9 * time.Second, 0},
		"as a date, counted from the response's": {http.Header{"Retry-After": {"Mon, 01 Jan 2024 10:00:09 GMT"}, "Date": {"Mon, 01 Jan 2024 10:00:00 GMT"}}, 429, 0, 9 * time.Second, 9 * time.Second},
		"longer than the maximum wait":           {http.Header{"Retry-After": {"31"}}, 429, 0, -1, 31 * time.Second},
		"a little longer than the maximum wait":  {http.Header{"Retry-After": {"30.1"}}, 429, 0, -1, 30100 * time.Millisecond},
		"longer than the context lasts":          {http.Header{"Retry-After": {"20"}}, 429, 19 * time.Second, -1, 20 * time.Second},
		"shorter than the context lasts":         {http.Header{"Retry-After": {"18"}}, 429, 19 * time.Second, 18 * time.Second, 18 * time.Second},
		"a number that overflows":                {http.Header{"Retry-After": {"18446744073709551615"}}, 429, 0, -1, 9223372036 * time.Second},
		"a number with a huge fraction":          {http.Header{"Retry-After": {strings.Repeat("9", 400) + ".9"}}, 429, 0, -1, 9223372036 * time.Second},
		"not a number":                           {http.Header{"Retry-After": {"1.5.2"}}, 429, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				waits := make(map[time.Duration]bool)
				for range 20 {
					waits[retryAfterOnce(t, c.header, c.status, c.timeout, c.wait, c.reports)] = true
				}
				switch {
				case c.wait < 0:
					assert.Len(t, waits, 1)
				case c.status == 503: // the maximum wait leaves no time to add
					assert.Len(t, waits, 1)
				default:
					assert.Greater(t, len(waits), 15, "the waits are random")
				}
			})
		})
	}
}

func retryAfterOnce(t *testing.T, header http.Header, status int, timeout, wait, reports time.Duration) time.Duration {
	ctx := t.Context()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	if date, err := http.ParseTime(header.Get("Retry-After")); err == nil && header.Get("Date") == "" {
		header = http.Header{"Retry-After": {date.Add(time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).Truncate(time.Second)).Format(http.TimeFormat)}}
		wait -= time.Second // dates have whole seconds
	}
	start, attempts, second := time.Now(), 0, time.Duration(-1)
	client := newClient(t, responding(func(*http.Request) (*http.Response, error) {
		if attempts++; attempts == 2 {
			second = time.Since(start)
		}
		return &http.Response{StatusCode: status, Header: header, Body: http.NoBody}, nil
	}), basic, messagemedia.WithMaxAttempts(2))
	_, err := client.ListWebhooks(ctx, messagemedia.ListWebhooksRequest{})
	if wait < 0 {
		assert.Zero(t, time.Since(start), "the error is returned at once")
		assert.Negative(t, second)
	} else {
		assert.GreaterOrEqual(t, second, wait)
		assert.LessOrEqual(t, second, wait+500*time.Millisecond+time.Second)
	}
	var apiErr *messagemedia.APIError
	require.ErrorAs(t, err, &apiErr)
	if reports > 0 {
		assert.Equal(t, reports, apiErr.RetryAfter)
		assert.Contains(t, err.Error(), fmt.Sprintf("retry after %v", reports))
	}
	return second
}

func TestTheContextEndsAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		client := newClient(t, responding(func(*http.Request) (*http.Response, error) {
			response := httpmock.NewStringResponse(503, "")
			response.Header.Set("Retry-After", "20")
			return response, nil
		}), basic)
		start := time.Now()
		_, err := client.ListWebhooks(ctx, messagemedia.ListWebhooksRequest{})
		assert.Equal(t, 3*time.Second, time.Since(start))
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, err, messagemedia.ErrServer, "the error also matches that of the last attempt")
		assert.NotErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
	})
}

// TestNothingIsSentOnceTheContextHasEnded also checks that the outcome is not unknown then.
func TestNothingIsSentOnceTheContextHasEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, through := range map[string]*http.Client{"a mock": refusing(t), "a transport": {}} {
		client := newClient(t, through, basic)
		for operation, err := range map[string]error{
			"create": func() error { _, err := client.CreateWebhook(ctx, validRequest()); return err }(),
			"delete": client.DeleteWebhook(ctx, "id"),
		} {
			require.ErrorIs(t, err, context.Canceled, "%s through %s", operation, name)
			assert.NotErrorIs(t, err, messagemedia.ErrOutcomeUnknown, "%s through %s", operation, name)
		}
	}
}

// TestEachAttemptIsSignedAgain lets time pass between attempts.
func TestEachAttemptIsSignedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
		defer api.Close()
		api.Fail(messagemediatest.Fault{Status: 503, Times: 2, Header: http.Header{"Retry-After": {"400"}}})
		client := newClient(t, api.HTTPClient(), messagemedia.HMACAuth(api.Key, api.Secret),
			messagemedia.WithBaseURL(api.URL), messagemedia.WithMaxRetryWait(time.Hour))
		_, err := client.CreateWebhook(t.Context(), validRequest())
		require.NoError(t, err, "a signature of the first attempt would be too old for the third")
		dates, signatures := make(map[string]bool), make(map[string]bool)
		for _, request := range api.Requests() {
			dates[request.Header.Get("Date")] = true
			signatures[request.Header.Get("Authorization")] = true
		}
		assert.Len(t, dates, 3)
		assert.Len(t, signatures, 3)
	})
}

// TestDeleteAfterALostResponse loses the response to the first attempt of a deletion.
func TestDeleteAfterALostResponse(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]messagemediatest.Fault{
		"a reset after the deletion":        {ResetConnection: true, AfterCommit: true},
		"a reset before the deletion":       {ResetConnection: true},
		"a server error after the deletion": {Status: 502, AfterCommit: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			client := api.Client(messagemedia.WithMaxRetryWait(0))
			webhook, err := client.CreateWebhook(t.Context(), validRequest())
			require.NoError(t, err)
			api.Fail(fault)
			require.NoError(t, client.DeleteWebhook(t.Context(), webhook.ID))
			assert.Empty(t, api.Webhooks(""))
			assert.ErrorIs(t, client.DeleteWebhook(t.Context(), webhook.ID), messagemedia.ErrNotFound, "without a lost response, a 404 is an error")
		})
	}
}

func TestUpdateAfterALostResponse(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client(messagemedia.WithMaxRetryWait(0))
	webhook, err := client.CreateWebhook(t.Context(), validRequest())
	require.NoError(t, err)

	api.Fail(messagemediatest.Fault{ResetConnection: true, AfterCommit: true, Times: 2})
	updated, err := client.UpdateWebhook(t.Context(), webhook.ID, messagemedia.UpdateWebhookRequest{Template: new("$mtId")})
	require.NoError(t, err)
	assert.Equal(t, "$mtId", updated.Template)

	api.Fail(messagemediatest.Fault{ResetConnection: true, AfterCommit: true, Times: 3})
	_, err = client.UpdateWebhook(t.Context(), webhook.ID, messagemedia.UpdateWebhookRequest{Template: new("")})
	require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
	assert.Empty(t, api.Webhooks("")[0].Template)
}

// TestAnAttemptThatTimesOutIsRetried delays each stage of a response.
func TestAnAttemptThatTimesOutIsRetried(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]messagemediatest.Fault{
		"before the response": {Delay: time.Hour},
		"during the body":     {ByteDelay: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
				defer api.Close()
				client := api.Client(messagemedia.WithMaxRetryWait(0))
				api.Fail(fault)
				start := time.Now()
				_, err := client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
				require.NoError(t, err)
				assert.Equal(t, 30*time.Second, time.Since(start), "an attempt has 30 seconds")
			})
		})
	}
}
