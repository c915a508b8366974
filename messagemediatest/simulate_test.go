package messagemediatest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// recorder is a receiver that records requests and responds 204.
type recorder struct {
	mu       sync.Mutex
	requests []recorded
}

type recorded struct {
	at     time.Time
	method string
	target string
	header http.Header
	body   string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, recorded{time.Now(), request.Method, request.RequestURI, request.Header, string(body)})
	w.WriteHeader(http.StatusNoContent)
}

// verifies reports whether a request has the signer's signature and key ID.
func (r recorded) verifies(t *testing.T, signer *messagemediatest.Signer) bool {
	t.Helper()
	verifier, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(signer.Key())))
	require.NoError(t, err)
	request := httptest.NewRequest(r.method, r.target, strings.NewReader(r.body))
	request.Header = r.header
	_, err = verifier.Verify(request)
	return err == nil
}

// TestADuplicateFollowsAfterTheGivenTime waits for days in fake time.
func TestADuplicateFollowsAfterTheGivenTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
		defer api.Close()
		enableKey(t, api, api.Client())
		subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Template = "$moId $retryCount" })
		receiver := new(recorder)
		start := time.Now()
		result := mustSend(t, api, sms, messagemediatest.ToHandler(receiver),
			messagemediatest.WithDuplicate(25*time.Hour), messagemediatest.WithDuplicate(0))
		require.Len(t, receiver.requests, 3)
		attempts := result.Deliveries[0].Attempts
		require.Len(t, attempts, 3)
		for i, want := range []time.Duration{0, 25 * time.Hour, 25 * time.Hour} {
			request := receiver.requests[i]
			assert.Equal(t, want, request.at.Sub(start))
			assert.Equal(t, "a175e797 0", request.body, "the bodies are equal")
			assert.Equal(t, request.at.UTC().Format(http.TimeFormat), request.header.Get("Date"), "each request has its own date")
			assert.True(t, request.verifies(t, api.Signer("")) == (i > 0), "the first request is too old to verify")
		}
		assert.Equal(t, []time.Duration{25 * time.Hour, 0, 0}, []time.Duration{attempts[0].Wait, attempts[1].Wait, attempts[2].Wait})
		assert.True(t, result.Acknowledged())
	})
}

func TestADuplicateFollowsTheRetries(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Retries = 3 })
	result := mustSend(t, api, sms, messagemediatest.ToHandler(responding(503, 204, 500)), messagemediatest.WithDuplicate(0))
	require.Len(t, result.Deliveries[0].Attempts, 3)
	assert.Equal(t, 500, result.Deliveries[0].Attempts[2].Status)
	assert.False(t, result.Acknowledged(), "the last response counts")
}

func TestAnUnrenderableDeliveryHasNoDuplicate(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	api.AddWebhook("", messagemedia.Webhook{URL: "http://receiver.example/", Method: "POST", Template: "#if(", Events: []messagemedia.EventType{messagemedia.EventReceivedSMS}})
	api.AddWebhook("", messagemedia.Webhook{URL: "http://receiver.example/", Method: "POST", Retries: -1, Events: []messagemedia.EventType{messagemedia.EventReceivedSMS}})
	result := mustSend(t, api, sms, messagemediatest.ToHandler(new(recorder)), messagemediatest.WithDuplicate(0))
	assert.Empty(t, result.Deliveries[0].Attempts)
	assert.ErrorContains(t, result.Deliveries[0].Err, "the template: ")
	assert.Len(t, result.Deliveries[1].Attempts, 2)
}

func TestTheWaitForADuplicateEndsWithTheContextAndTheServer(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"context": "context canceled", "server": "the server is closed"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
				defer api.Close()
				subscribe(t, api.Client(), unchanged)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Minute, map[string]func(){"context": cancel, "server": api.Close}[name])
				start := time.Now()
				result, err := api.Send(ctx, sms, messagemediatest.ToHandler(new(recorder)), messagemediatest.WithDuplicate(time.Hour))
				assert.EqualError(t, err, "messagemediatest: Send: "+want)
				assert.Equal(t, time.Minute, time.Since(start))
				assert.Len(t, result.Deliveries[0].Attempts, 1)
				assert.EqualError(t, result.Deliveries[0].Err, want)
			})
		})
	}
}

func TestReportsAreSentInTheOrderOfTheStatuses(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) {
		r.Events = []messagemedia.EventType{messagemedia.EventEnrouteDR, messagemedia.EventSubmittedDR, messagemedia.EventDeliveredDR, messagemedia.EventExpiredDR, messagemedia.EventRejectedDR, messagemedia.EventFailedDR}
	})
	receiver := new(recorder)
	original := webhook.DeliveryReport{DeliveryReportID: "1", MessageID: "2", Status: "queued"}
	report := original
	statuses := []webhook.Status{"delivered", "enroute", "submitted", "expired", "rejected", "failed"}
	results, err := api.SendReports(t.Context(), &report, statuses, messagemediatest.ToHandler(receiver))
	require.NoError(t, err)
	require.Len(t, results, len(statuses))
	assert.Equal(t, original, report, "the given report is unchanged")
	assert.Equal(t, messagemedia.EventDeliveredDR, results[0].EventType)
	ids, times := map[string]bool{}, map[webhook.Status]time.Time{}
	var codes []webhook.StatusCode
	for i, request := range receiver.requests {
		sent := webhook.Parse([]byte(request.body)).(*webhook.DeliveryReport)
		assert.Equal(t, "2", sent.MessageID)
		assert.Equal(t, statuses[i], sent.Status)
		ids[sent.DeliveryReportID], times[sent.Status] = true, sent.ReceivedAt
		codes = append(codes, sent.StatusCode)
	}
	assert.Len(t, ids, len(statuses), "each report has an ID of its own")
	assert.Equal(t, []webhook.StatusCode{220, 101, 200, 401, 402, 400}, codes)
	assert.True(t, times["enroute"].Before(times["submitted"]) && times["submitted"].Before(times["delivered"]))
	assert.WithinDuration(t, time.Now(), times["enroute"], time.Minute)
}

func TestSendReportsRejectsInvalidArguments(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) {
		r.Events = []messagemedia.EventType{messagemedia.EventEnrouteDR}
	})
	receiver := new(recorder)
	for want, c := range map[string]struct {
		report   *webhook.DeliveryReport
		statuses []webhook.Status
	}{
		"report must not be nil":     {nil, []webhook.Status{"enroute"}},
		"statuses must not be empty": {new(webhook.DeliveryReport), nil},
		`with the status "queued"`:   {new(webhook.DeliveryReport), []webhook.Status{"enroute", "queued"}},
	} {
		_, err := api.SendReports(t.Context(), c.report, c.statuses, messagemediatest.ToHandler(receiver))
		assert.ErrorContains(t, err, "messagemediatest: SendReports: ")
		assert.ErrorContains(t, err, want)
	}
	assert.Empty(t, receiver.requests)

	ctx, cancel := context.WithCancel(t.Context())
	results, err := api.SendReports(ctx, new(webhook.DeliveryReport), []webhook.Status{"enroute", "enroute"}, messagemediatest.ToHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { cancel() })))
	assert.ErrorIs(t, err, context.Canceled)
	assert.Len(t, results, 1, "the results so far are returned")
}

// TestInvalidArgumentsOfSendsAreErrors has nil and invalid arguments for each method.
func TestInvalidArgumentsOfSendsAreErrors(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), unchanged)
	const url = "https://receiver.example/callback"
	for want, c := range map[string]struct {
		ctx   context.Context
		event webhook.Event
		with  messagemediatest.SendOption
	}{
		"a SendOption is nil":                                      {t.Context(), sms, nil},
		"ToHandler: handler must not be nil":                       {t.Context(), sms, messagemediatest.ToHandler(nil)},
		"ThroughClient: client must not be nil":                    {t.Context(), sms, messagemediatest.ThroughClient(nil)},
		"SignedBy: signer must not be nil; use Unsigned":           {t.Context(), sms, messagemediatest.SignedBy(nil)},
		"WithDuplicate: must not be negative, got -1ns":            {t.Context(), sms, messagemediatest.WithDuplicate(-1)},
		"event must not be nil, got a nil *webhook.ReceivedSMS":    {t.Context(), (*webhook.ReceivedSMS)(nil), messagemediatest.Unsigned()},
		"event must not be nil, got a nil *webhook.DeliveryReport": {t.Context(), (*webhook.DeliveryReport)(nil), messagemediatest.Unsigned()},
		"ctx must not be nil":                                      {nil, sms, messagemediatest.Unsigned()},
	} {
		_, err := api.Send(c.ctx, c.event, c.with)
		assert.EqualError(t, err, "messagemediatest: Send: "+want)
		_, err = api.SendToCallbackURL(c.ctx, url, c.event, c.with)
		assert.EqualError(t, err, "messagemediatest: SendToCallbackURL: "+want)
	}
	for want, event := range map[string]webhook.Event{
		"is not called for a *webhook.OptOut, want a *webhook.DeliveryReport, ReceivedSMS or ReceivedMMS": new(webhook.OptOut),
		"is not called for a <nil>": nil,
	} {
		_, err := api.SendToCallbackURL(t.Context(), url, event)
		assert.ErrorContains(t, err, want)
	}
	_, err := api.SendToCallbackURL(t.Context(), "receiver.example", sms)
	assert.EqualError(t, err, "messagemediatest: SendToCallbackURL: callback URL: does not begin with http:// or https://")
	assert.Empty(t, api.Requests()[1:], "no call sent a request to the server")
}

func TestResultsAreCopies(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Headers = map[string]string{"X-Token": "t"} })
	result := mustSend(t, api, sms, messagemediatest.ToHandler(new(recorder)))
	result.Deliveries[0].Webhook.Headers["X-Token"] = "changed"
	result.Deliveries[0].Webhook.Events[0] = "CHANGED"
	webhooks := api.Webhooks("")
	webhooks[0].Headers["X-Token"], webhooks[0].Events[0] = "changed", "CHANGED"
	added := messagemedia.Webhook{Headers: map[string]string{"A": "1"}, Events: []messagemedia.EventType{"B"}}
	api.AddWebhook("", added).Headers["A"] = "changed"
	added.Headers["A"], added.Events[0] = "changed", "CHANGED"
	assert.Equal(t, "t", api.Webhooks("")[0].Headers["X-Token"])
	assert.Equal(t, messagemedia.EventReceivedSMS, api.Webhooks("")[0].Events[0])
	assert.Equal(t, map[string]string{"A": "1"}, api.Webhooks("")[1].Headers)
	assert.Equal(t, []messagemedia.EventType{"B"}, api.Webhooks("")[1].Events)

	api.Requests()[0].Header.Set("Content-Type", "changed")
	assert.Equal(t, "application/json", api.Requests()[0].Header.Get("Content-Type"))

	header := http.Header{"Retry-After": {"1"}}
	account := "branch"
	require.NoError(t, api.Fail(messagemediatest.Fault{Status: 503, Header: header, Account: &account}))
	header.Set("Retry-After", "2")
	account = "changed"
	api.Faults()[0].Header.Set("Retry-After", "3")
	assert.Equal(t, "1", api.Faults()[0].Header.Get("Retry-After"))
	assert.Equal(t, "branch", *api.Faults()[0].Account)
}

// TestAnAttemptsHeaderIsACopy has a transport that changes the request's header.
func TestAnAttemptsHeaderIsACopy(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), unchanged)
	client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		r.Header.Set("X-Added", "by the transport")
		return nil, errors.New("refused")
	})}
	result := mustSend(t, api, sms, messagemediatest.ThroughClient(client))
	assert.NotContains(t, result.Deliveries[0].Attempts[0].Header, "X-Added")
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
