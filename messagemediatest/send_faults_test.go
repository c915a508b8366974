package messagemediatest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
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

// TestUnusualResponsesOfReceivers runs in fake time: the bubble ends only when every
// goroutine has returned.
func TestUnusualResponsesOfReceivers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		response     http.HandlerFunc
		status       int
		body         string
		err          string
		acknowledged bool
	}{
		"a panic sends no response": {
			response: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			err:      "EOF",
		},
		"a panic after the header truncates the response": {
			response: func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(200)
				http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			},
			status: 200, err: "unexpected EOF",
		},
		"early hints are skipped": {
			response: func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(103)
				w.WriteHeader(204)
			},
			status: 204, acknowledged: true,
		},
		"a switch of protocols is a response without an end": {
			response: func(w http.ResponseWriter, r *http.Request) {
				connection, _, _ := http.NewResponseController(w).Hijack()
				defer connection.Close()
				io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
				io.Copy(io.Discard, connection) // until the client closes the connection
			},
			status: 101, err: "no response within the webhook's ReadTimeout",
		},
		"a compressed response is decompressed": {
			response: func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				zip := gzip.NewWriter(w)
				io.WriteString(zip, "thanks")
				zip.Close()
			},
			status: 200, body: "thanks", acknowledged: true,
		},
		"the beginning of an endless response is read": {
			response: func(w http.ResponseWriter, r *http.Request) {
				for r.Context().Err() == nil {
					if _, err := io.WriteString(w, strings.Repeat("x", 1000)); err != nil {
						return
					}
				}
			},
			status: 200, body: strings.Repeat("x", 64<<10), acknowledged: true,
		},
		"a throttled response times out": {
			response: func(w http.ResponseWriter, r *http.Request) {
				for r.Context().Err() == nil {
					io.WriteString(w, "x")
					http.NewResponseController(w).Flush()
					select {
					case <-r.Context().Done():
					case <-time.After(4 * time.Second):
					}
				}
			},
			status: 200, body: "xxx", err: "no response within the webhook's ReadTimeout",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
				defer api.Close()
				subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.ReadTimeout = 10 * time.Second })
				report := mustSend(t, api, sms, messagemediatest.ToHandler(c.response))
				attempt := report.Deliveries[0].Attempts[0]
				assert.Equal(t, c.status, attempt.Status)
				assert.Equal(t, c.body, string(attempt.ResponseBody))
				if c.err == "" {
					assert.NoError(t, attempt.Err)
				} else {
					assert.EqualError(t, attempt.Err, c.err)
				}
				assert.Equal(t, c.acknowledged, report.Acknowledged())
			})
		})
	}
}

// TestAnAttemptIsOneRequest has a receiver that drops connections. On a reused connection,
// net/http would retry a GET by itself.
func TestAnAttemptIsOneRequest(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Method, r.Template, r.Retries = "GET", "", 3 })
	var calls atomic.Int64
	report := mustSend(t, api, sms, messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) > 1 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(503)
	})))
	assert.Len(t, report.Deliveries[0].Attempts, 4)
	assert.EqualValues(t, 4, calls.Load())
}

// TestAHandlerThatNeverResponds has a handler that ignores the end of its request.
func TestAHandlerThatNeverResponds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
		defer api.Close()
		subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Retries = 1 })
		release := make(chan struct{})
		defer close(release)
		report := mustSend(t, api, sms, messagemediatest.ToHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })))
		require.Len(t, report.Deliveries[0].Attempts, 2)
		assert.EqualError(t, report.Deliveries[0].Attempts[1].Err, "no response within the webhook's ReadTimeout")
	})
}

func TestConcurrentSends(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client()
	for _, method := range []string{"POST", "PUT", "GET"} {
		subscribe(t, client, func(r *messagemedia.CreateWebhookRequest) { r.Method = method })
	}
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			id := strconv.Itoa(i)
			report, err := api.Send(t.Context(), &webhook.ReceivedSMS{ReplyID: id}, messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				assert.Equal(t, id, webhook.Parse(body).(*webhook.ReceivedSMS).ReplyID)
			})))
			assert.NoError(t, err)
			assert.Len(t, report.Deliveries, 3)
			assert.True(t, report.Acknowledged())
		})
	}
	group.Wait()
}

// TestWebhooksAreCalledConcurrently has two receivers that wait for each other.
func TestWebhooksAreCalledConcurrently(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), unchanged)
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Method = http.MethodPut })
	both := make(chan struct{})
	report := mustSend(t, api, sms, messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case both <- struct{}{}:
		case <-both:
		case <-r.Context().Done():
		}
	})))
	assert.True(t, report.Acknowledged())
}

func TestCloseEndsRunningSends(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.Handler{
		"an attempt":                    http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
		"the wait between two attempts": responding(503),
		"the wait after a redirect":     responding(302),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
				subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Retries, r.RetryDelay = 5, time.Minute })
				start := time.Now()
				time.AfterFunc(time.Second, api.Close)
				report, err := api.Send(t.Context(), sms, messagemediatest.ToHandler(handler), messagemediatest.WithRetryDelays())
				require.EqualError(t, err, "messagemediatest: Send: the server is closed")
				assert.Equal(t, time.Second, time.Since(start))
				require.Len(t, report.Deliveries[0].Attempts, 1)
				assert.EqualError(t, report.Deliveries[0].Err, "the server is closed")
				assert.Zero(t, report.Deliveries[0].Attempts[0].Wait, "there was no next attempt")

				report, err = api.Send(t.Context(), sms, messagemediatest.ToHandler(responding(204)))
				require.EqualError(t, err, "messagemediatest: Send: the server is closed")
				assert.False(t, report.Acknowledged())
			})
		})
	}
}

func TestTheContextEndsRetriesWithoutDelays(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.Retries = 5 })
	ctx, cancel := context.WithCancel(t.Context())
	report, err := api.Send(ctx, sms, messagemediatest.ToHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})))
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, report.Deliveries[0].Attempts, 1)
	assert.ErrorIs(t, report.Deliveries[0].Attempts[0].Err, context.Canceled)
	assert.ErrorIs(t, report.Deliveries[0].Err, context.Canceled)
	assert.Zero(t, report.Deliveries[0].Attempts[0].Wait, "there was no next attempt")
}

// TestHeadersOfAWebhookThatHTTPTreatsSpecially compares the reported headers with the
// received ones.
func TestHeadersOfAWebhookThatHTTPTreatsSpecially(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) {
		r.Template = "Hello"
		r.Headers = map[string]string{"host": "other.example", "Content-Length": "1", "transfer-encoding": "gzip", "Trailer": "X", "connection": "keep-alive"}
	})
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) {
		r.Method, r.Template, r.Headers = "PUT", "Hello", map[string]string{"User-Agent": "mine"}
	})
	var hosts, agents sync.Map
	report := mustSend(t, api, sms, messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, "Hello", string(body))
		assert.Empty(t, r.TransferEncoding)
		assert.Empty(t, r.Trailer)
		hosts.Store(r.Method, r.Host)
		agents.Store(r.Method, r.UserAgent())
	})))
	require.True(t, report.Acknowledged())
	host, _ := hosts.Load("POST")
	assert.Equal(t, "other.example", host)
	host, _ = hosts.Load("PUT")
	assert.Equal(t, "receiver.example", host)
	agent, _ := agents.Load("POST")
	assert.Equal(t, "messagemediatest", agent)
	agent, _ = agents.Load("PUT")
	assert.Equal(t, "mine", agent)
	for _, name := range []string{"Content-Length", "Transfer-Encoding", "Trailer"} {
		assert.NotContains(t, report.Deliveries[0].Attempts[0].Header, name, "the header was not sent")
	}
}

// TestSignedRequestsOfEveryKindVerify verifies received requests, including HTTP/2.
func TestSignedRequestsOfEveryKindVerify(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithKeyBits(2048))
	branch := api.Client().ForAccount("branch")
	key, err := branch.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA512})
	require.NoError(t, err)
	_, err = branch.EnableSignatureKey(t.Context(), key.ID)
	require.NoError(t, err)
	verifier, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(api.Signer("branch").Key())))
	require.NoError(t, err)
	var bodies sync.Map
	receiver := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, 2, r.ProtoMajor)
		delivery, err := verifier.Verify(r)
		if assert.NoError(t, err, r.Method) {
			bodies.Store(r.RequestURI, string(delivery.Body))
		}
	}))
	receiver.EnableHTTP2 = true
	receiver.StartTLS()
	defer receiver.Close()
	for _, method := range []string{"GET", "DELETE", "POST"} {
		for name, text := range map[string]string{"empty": "", "full": messagemedia.JSONTemplate} {
			subscribe(t, branch, func(r *messagemedia.CreateWebhookRequest) {
				r.URL, r.Method, r.Template = receiver.URL+"/"+method+"/"+name+"?a=$moContent", method, text
			})
		}
	}
	report := mustSend(t, api, sms, messagemediatest.ToAccount("branch"), messagemediatest.ThroughClient(receiver.Client()))
	require.True(t, report.Acknowledged())
	for _, delivery := range report.Deliveries {
		attempt := delivery.Attempts[0]
		at, err := url.Parse(attempt.URL)
		require.NoError(t, err)
		body, _ := bodies.Load(at.RequestURI())
		assert.Equal(t, string(attempt.RequestBody), body)
		assert.Equal(t, key.ID, attempt.Header.Get("X-MessageMedia-Key-Id"))
	}
}

// TestAnAttemptsErrorOmitsMethodAndURL checks that the error does not repeat the URL, which
// can contain a token.
func TestAnAttemptsErrorOmitsMethodAndURL(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) { r.URL += "?token=secret" })
	refused := errors.New("refused")
	report := mustSend(t, api, sms, messagemediatest.ThroughClient(&http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, refused })}))
	assert.Equal(t, refused, report.Deliveries[0].Attempts[0].Err)
}

// TestLargeDeliveries sends a body of 3 MiB. The timeout allows for the race detector.
func TestLargeDeliveries(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	subscribe(t, api.Client(), func(r *messagemedia.CreateWebhookRequest) {
		r.Events, r.ReadTimeout = []messagemedia.EventType{messagemedia.EventReceivedMMS}, time.Minute
	})
	content := bytes.Repeat([]byte{0xfb, 0xff}, 1<<20)
	var got webhook.Event
	report := mustSend(t, api, &webhook.ReceivedMMS{ReplyID: "1", Attachments: []webhook.Attachment{{Content: content}}}, messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = webhook.Parse(body)
	})))
	require.True(t, report.Acknowledged())
	assert.True(t, bytes.Equal(content, got.(*webhook.ReceivedMMS).Attachments[0].Content))
}
