package messagemediatest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

var sms = &webhook.ReceivedSMS{ReplyID: "a175e797", SourceNumber: "+61491570156", Content: `"Yes" & more`}

// subscribe creates a webhook for inbound SMS, modified by a function.
func subscribe(t *testing.T, client *messagemedia.Client, change func(*messagemedia.CreateWebhookRequest)) *messagemedia.Webhook {
	t.Helper()
	subscription := messagemedia.CreateWebhookRequest{
		URL:      "http://receiver.example/hooks/sms",
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS},
		Template: messagemedia.JSONTemplate,
	}
	change(&subscription)
	created, err := client.CreateWebhook(t.Context(), subscription)
	require.NoError(t, err)
	return created
}

func unchanged(*messagemedia.CreateWebhookRequest) {}

// responding returns a receiver that responds with these statuses in order, and repeats
// the last one.
func responding(statuses ...int) http.Handler {
	var calls atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(statuses[min(int(calls.Add(1)), len(statuses))-1])
	})
}

func mustSend(t *testing.T, api *messagemediatest.Server, event webhook.Event, options ...messagemediatest.SendOption) *messagemediatest.SendResult {
	t.Helper()
	report, err := api.Send(t.Context(), event, options...)
	require.NoError(t, err)
	return report
}

func TestSendCallsSubscribedWebhooks(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client()
	first := subscribe(t, client, unchanged)
	subscribe(t, client, func(r *messagemedia.CreateWebhookRequest) {
		r.URL, r.Events = "http://receiver.example/reports", []messagemedia.EventType{messagemedia.EventDeliveredDR}
	})
	second := subscribe(t, client, func(r *messagemedia.CreateWebhookRequest) { r.Method = http.MethodPut })
	subscribe(t, client.ForAccount("branch"), unchanged)

	report := mustSend(t, api, sms, messagemediatest.ToHandler(responding(204)))
	assert.Equal(t, messagemedia.EventReceivedSMS, report.EventType)
	assert.True(t, report.Acknowledged())
	require.Len(t, report.Deliveries, 2)
	assert.Equal(t, first.ID, report.Deliveries[0].Webhook.ID)
	assert.Equal(t, second.ID, report.Deliveries[1].Webhook.ID)

	report = mustSend(t, api, sms, messagemediatest.ToHandler(responding(204)), messagemediatest.ToAccount("branch"))
	assert.Len(t, report.Deliveries, 1)

	report = mustSend(t, api, &webhook.OptOut{NotificationID: "1"}, messagemediatest.ToHandler(responding(204)))
	assert.Empty(t, report.Deliveries)
	assert.False(t, report.Acknowledged(), "no webhook received the report")
}

func TestTheStatusOfADeliveryReportDeterminesTheEventType(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	for status, want := range map[webhook.Status]messagemedia.EventType{
		"enroute": messagemedia.EventEnrouteDR, "submitted": messagemedia.EventSubmittedDR, "delivered": messagemedia.EventDeliveredDR,
		"expired": messagemedia.EventExpiredDR, "rejected": messagemedia.EventRejectedDR, "failed": messagemedia.EventFailedDR,
	} {
		assert.Equal(t, want, mustSend(t, api, &webhook.DeliveryReport{Status: status}).EventType)
	}
	assert.Equal(t, messagemedia.EventReceivedMMS, mustSend(t, api, &webhook.ReceivedMMS{}).EventType)
}

func TestSendRejectsInvalidEvents(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	for want, event := range map[string]webhook.Event{
		`a delivery report with the status "queued", want enroute,`: &webhook.DeliveryReport{Status: webhook.StatusQueued},
		`a *webhook.UnparsedEvent, want a *webhook.DeliveryReport,`: &webhook.UnparsedEvent{},
		`a <nil>, want`: nil,
	} {
		_, err := api.Send(t.Context(), event)
		assert.ErrorContains(t, err, want)
	}
}

// TestTheRequestFollowsTheWebhook checks the request that arrives over a socket.
func TestTheRequestFollowsTheWebhook(t *testing.T) {
	t.Parallel()
	for encoding, contentType := range map[messagemedia.Encoding]string{
		messagemedia.EncodingJSON: "application/json",
		messagemedia.EncodingForm: "application/x-www-form-urlencoded",
		messagemedia.EncodingXML:  "application/xml",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			t.Run(method+" of "+string(encoding), func(t *testing.T) {
				t.Parallel()
				api := messagemediatest.NewServer(t)
				var got *http.Request
				var body []byte
				receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					got = r
					body, _ = io.ReadAll(r.Body)
					io.WriteString(w, "thanks")
				}))
				defer receiver.Close()
				subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) {
					r.URL, r.Method, r.Encoding = receiver.URL+"/hooks?id=$replyId", method, encoding
					r.Headers, r.Template = map[string]string{"x-token": "t"}, "<$moContent> $!missing$retryCount"
				})
				report := mustSend(t, api, sms)
				require.True(t, report.Acknowledged())
				attempt := report.Deliveries[0].Attempts[0]
				assert.Equal(t, method, got.Method)
				assert.Equal(t, "/hooks?id=a175e797", got.RequestURI)
				assert.Equal(t, receiver.URL+got.RequestURI, attempt.URL)
				assert.Equal(t, contentType, got.Header.Get("Content-Type"))
				assert.Equal(t, "t", got.Header.Get("X-Token"))
				assert.Empty(t, got.Header.Get("X-MessageMedia-Signature"), "no key is enabled")
				assert.Equal(t, `<"Yes" & more> 0`, string(body))
				assert.Equal(t, body, attempt.RequestBody)
				assert.Equal(t, 200, attempt.Status)
				assert.Equal(t, "thanks", string(attempt.ResponseBody))
			})
		}
	}
}

// TestValuesInAURL checks the request line that a handler receives.
func TestValuesInAURL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		options []messagemediatest.SendOption
		target  string
		status  int
	}{
		"are percent-encoded":                                             {`"a b" & c=/é`, nil, "/hooks/%22a%20b%22%20%26%20c%3D%2F%C3%A9?text=%22a%20b%22%20%26%20c%3D%2F%C3%A9", 200},
		"are not encoded with the option":                                 {`a&b=/c`, []messagemediatest.SendOption{messagemediatest.WithUnescapedURLValues()}, "/hooks/a&b=/c?text=a&b=/c", 200},
		"are rejected by servers if they are not encoded and have blanks": {`a b`, []messagemediatest.SendOption{messagemediatest.WithUnescapedURLValues()}, "", 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) {
				r.URL = "https://receiver.example/hooks/$moContent?text=$moContent"
			})
			var target string
			report := mustSend(t, api, &webhook.ReceivedSMS{Content: c.content}, append(c.options, messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				target = r.RequestURI
			})))...)
			assert.Equal(t, c.target, target)
			assert.Equal(t, c.status, report.Deliveries[0].Attempts[0].Status)
		})
	}
}

func TestAFailedDeliveryIsRetried(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		retries      int
		responds     []int
		attempts     int
		acknowledged bool
	}{
		"until it is acknowledged with 2xx":   {5, []int{503, 301, 404, 200}, 4, true},
		"until no retry is left":              {2, []int{500}, 3, false},
		"never, if there are no retries":      {0, []int{500, 204}, 1, false},
		"never, if the first response is 2xx": {5, []int{299}, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Retries, r.RetryDelay = c.retries, time.Minute })
			report := mustSend(t, api, sms, messagemediatest.ToHandler(responding(c.responds...)))
			delivery := report.Deliveries[0]
			require.Len(t, delivery.Attempts, c.attempts)
			assert.Equal(t, c.acknowledged, delivery.Acknowledged())
			assert.Equal(t, c.acknowledged, report.Acknowledged())
			for i, attempt := range delivery.Attempts {
				assert.Equal(t, c.responds[min(i, len(c.responds)-1)], attempt.Status)
				assert.Equal(t, i < c.attempts-1, attempt.Wait == time.Minute)
			}
			assert.NoError(t, delivery.Err)
		})
	}
}

// TestWaitsBetweenAttempts runs in fake time.
func TestWaitsBetweenAttempts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		delay, readTimeout time.Duration
		options            []messagemediatest.SendOption
		want               []time.Duration // the time from the start to each attempt
	}{
		"no delay by default":                      {time.Minute, 0, nil, []time.Duration{0, 0, 0}},
		"the webhook's delay":                      {time.Minute, 0, []messagemediatest.SendOption{messagemediatest.WithRetryDelays()}, []time.Duration{0, time.Minute, 2 * time.Minute}},
		"five seconds if the webhook has no delay": {0, 0, []messagemediatest.SendOption{messagemediatest.WithRetryDelays()}, []time.Duration{0, 5 * time.Second, 10 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
				defer api.Close()
				subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Retries, r.RetryDelay = 2, c.delay })
				start := time.Now()
				var at []time.Duration
				handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					at = append(at, time.Since(start))
					w.WriteHeader(503)
				})
				mustSend(t, api, sms, append(c.options, messagemediatest.ToHandler(handler))...)
				assert.Equal(t, c.want, at)
			})
		})
	}
}

func TestASlowReceiverTimesOut(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]time.Duration{0: 20 * time.Second, 3 * time.Second: 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
			defer api.Close()
			subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.ReadTimeout = timeout })
			report := mustSend(t, api, sms, messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
			})))
			attempt := report.Deliveries[0].Attempts[0]
			assert.EqualError(t, attempt.Err, "no response within the webhook's ReadTimeout")
			assert.Equal(t, want, attempt.Duration)
			assert.False(t, report.Acknowledged())
		})
	}
}

func TestTheContextEndsAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
		defer api.Close()
		subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Retries, r.RetryDelay = 5, time.Minute })
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		report, err := api.Send(ctx, sms, messagemediatest.WithRetryDelays(), messagemediatest.ToHandler(responding(503)))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Len(t, report.Deliveries[0].Attempts, 2, "the report has the attempts so far")
		assert.ErrorIs(t, report.Deliveries[0].Err, context.DeadlineExceeded)
	})
}

func TestAnUnreachableReceiver(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	receiver := httptest.NewServer(nil)
	receiver.Close()
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.URL, r.Retries = receiver.URL, 1 })
	report := mustSend(t, api, sms)
	require.Len(t, report.Deliveries[0].Attempts, 2)
	assert.ErrorContains(t, report.Deliveries[0].Attempts[0].Err, "connection refused")
	assert.Zero(t, report.Deliveries[0].Attempts[0].Status)
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer receiver.Close()
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.URL = receiver.URL })
	report := mustSend(t, api, sms, messagemediatest.ThroughClient(receiver.Client()))
	require.Len(t, report.Deliveries[0].Attempts, 1)
	assert.Equal(t, 307, report.Deliveries[0].Attempts[0].Status)
	assert.Nil(t, receiver.Client().CheckRedirect, "the given client is unchanged")
}

func TestATemplateThatCannotBeRendered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ url, template, want string }{
		"a syntax error":            {"http://receiver.example/", "#if($moId", "the template: "},
		"a failing method":          {"http://receiver.example/", "$moContent.substring(99)", "the template: "},
		"a syntax error in the URL": {"http://receiver.example/#if(", "", "the URL as a template: "},
		"an unsupported directive":  {"http://receiver.example/", "#parse('x')", "#parse"},
		"a URL that fails":          {"http://receiver.example/$moContent.substring(99)", "", "the URL as a template: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.URL, r.Template = c.url, c.template })
			report := mustSend(t, api, sms, messagemediatest.ToHandler(responding(204)))
			assert.ErrorContains(t, report.Deliveries[0].Err, c.want)
			assert.Empty(t, report.Deliveries[0].Attempts)
			assert.False(t, report.Acknowledged())
		})
	}
}

// TestAttemptsAreSignedByTheCurrentlyEnabledKey rotates the key between two attempts.
func TestAttemptsAreSignedByTheCurrentlyEnabledKey(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client()
	subscribe(t, client, func(r *messagemedia.CreateWebhookRequest) { r.Retries = 1 })
	enableKey(t, api, client)
	old := api.Signer("").Key()
	verifier, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(old)))
	require.NoError(t, err)
	var accepted []string
	handler, err := webhook.NewHandler(verifier, func(_ context.Context, d *webhook.Delivery) error {
		accepted = append(accepted, d.KeyID)
		enableKey(t, api, client)
		return errors.New("later")
	})
	require.NoError(t, err)
	report := mustSend(t, api, sms, messagemediatest.ToHandler(handler))
	assert.Equal(t, []string{old.ID()}, accepted)
	require.Len(t, report.Deliveries[0].Attempts, 2)
	assert.Equal(t, 401, report.Deliveries[0].Attempts[1].Status, "the verifier does not know the new key")
	assert.Equal(t, api.Signer("").Key().ID(), report.Deliveries[0].Attempts[1].Header.Get("X-MessageMedia-Key-Id"))
}

func enableKey(t *testing.T, api *messagemediatest.Server, client *messagemedia.Client) *webhook.Key {
	t.Helper()
	key, err := client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	require.NoError(t, err)
	_, err = client.EnableSignatureKey(t.Context(), key.ID)
	require.NoError(t, err)
	return api.Signer("").Key()
}

func TestRetryCountCountsAttempts(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Retries, r.Template = 2, "$retryCount" })
	var got []string
	mustSend(t, api, &webhook.ReceivedSMS{RetryCount: 3}, messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, string(body))
		w.WriteHeader(500)
	})))
	assert.Equal(t, []string{"3", "4", "5"}, got)
}

func TestATruncatedResponseIsAnError(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), unchanged)
	report := mustSend(t, api, sms, messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, strings.Repeat("x", 50))
	})))
	attempt := report.Deliveries[0].Attempts[0]
	assert.Equal(t, 200, attempt.Status)
	assert.ErrorIs(t, attempt.Err, io.ErrUnexpectedEOF)
	assert.False(t, report.Acknowledged())
}

// TestADeliveryOverHTTP2Verifies ensures that the signature covers HTTP/1.1, independent of
// the receiver's HTTP version.
func TestADeliveryOverHTTP2Verifies(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	verifier, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(enableKey(t, api, api.Client()))))
	require.NoError(t, err)
	var proto string
	handler, err := webhook.NewHandler(verifier, func(context.Context, *webhook.Delivery) error { return nil })
	require.NoError(t, err)
	receiver := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proto = r.Proto
		handler.ServeHTTP(w, r)
	}))
	receiver.EnableHTTP2 = true
	receiver.StartTLS()
	defer receiver.Close()
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.URL = receiver.URL + "/hooks?a=$moId" })
	report := mustSend(t, api, sms, messagemediatest.ThroughClient(receiver.Client()))
	assert.True(t, report.Acknowledged())
	assert.Equal(t, "HTTP/2.0", proto)
}

func TestConcurrentEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // ends only when all goroutines of Send have returned
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
		defer api.Close()
		for _, method := range []string{"POST", "PUT", "PATCH"} {
			subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Method, r.Retries = method, 3 })
		}
		var calls atomic.Int64
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1)%2 == 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		var attempts atomic.Int64
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				report, err := api.Send(t.Context(), sms, messagemediatest.ToHandler(handler), messagemediatest.WithRetryDelays())
				assert.NoError(t, err)
				assert.Len(t, report.Deliveries, 3)
				for _, delivery := range report.Deliveries {
					attempts.Add(int64(len(delivery.Attempts)))
				}
			})
		}
		group.Wait()
		assert.Equal(t, calls.Load(), attempts.Load())
	})
}

func TestAReceiverThatResetsTheConnection(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Retries = 1 })
	var calls atomic.Int64
	report := mustSend(t, api, sms, messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
	})))
	assert.True(t, report.Acknowledged())
	require.Len(t, report.Deliveries[0].Attempts, 2)
	assert.ErrorIs(t, report.Deliveries[0].Attempts[0].Err, io.EOF)
}

func TestAWebhookWithoutATemplateHasAnEmptyBody(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Template = "" })
	length := int64(-1)
	mustSend(t, api, sms, messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { length = r.ContentLength })))
	assert.Zero(t, length)
}

func TestAReportPrintsALineForEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
		defer api.Close()
		assert.Equal(t, "OPT_OUT_SMS: no subscribed webhook", mustSend(t, api, &webhook.OptOut{}).String())

		subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Retries, r.ReadTimeout = 1, time.Second })
		subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Method, r.Template = "PUT", "#end" })
		var calls atomic.Int64
		report := mustSend(t, api, sms, messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1) == 1 {
				<-r.Context().Done()
			}
		})))
		assert.Equal(t, `RECEIVED_SMS: POST http://receiver.example/hooks/sms: attempt 1: no response within the webhook's ReadTimeout after 1s
RECEIVED_SMS: POST http://receiver.example/hooks/sms: attempt 2: 200 OK after 0s
RECEIVED_SMS: PUT http://receiver.example/hooks/sms: no further attempt: the template: velocity: line 1, column 1: #end without a #if or #foreach`, report.String())
	})
}
