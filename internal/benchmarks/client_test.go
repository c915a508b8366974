// Package benchmarks compares the SDK with hand-written code. The script .ci/figures runs
// it and prints the tables of docs/benchmarks.md.
//
// Each comparison has two sides in the same run, client=hand and client=sdk. Each benchmark
// documents its hand-written side.
package benchmarks

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// handWebhook and handClient are a hand-written client for the same requests: net/http and
// encoding/json, with a timeout, a check of the status and a limit for the response. Both
// clients reuse connections.
type handWebhook struct {
	ID          string            `json:"id,omitempty"`
	URL         string            `json:"url,omitempty"`
	Method      string            `json:"method,omitempty"`
	Encoding    string            `json:"encoding,omitempty"`
	Events      []string          `json:"events,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Template    string            `json:"template,omitempty"`
	ReadTimeout int               `json:"read_timeout,omitempty"`
	Retries     int               `json:"retries,omitempty"`
	RetryDelay  int               `json:"retry_delay,omitempty"`
}

type handPage struct {
	Page     int           `json:"page"`
	PageSize int           `json:"pageSize"`
	PageData []handWebhook `json:"pageData"`
}

type handClient struct {
	http        *http.Client
	baseURL     string
	key, secret string
}

func (c *handClient) create(ctx context.Context, webhook handWebhook) (created handWebhook, err error) {
	body, err := json.Marshal(webhook)
	if err != nil {
		return created, err
	}
	return created, c.do(ctx, http.MethodPost, "/v1/webhooks/messages", body, &created)
}

func (c *handClient) list(ctx context.Context) (page handPage, err error) {
	return page, c.do(ctx, http.MethodGet, "/v1/webhooks/messages?page=0&page_size=100", nil, &page)
}

func (c *handClient) update(ctx context.Context, id string, change handWebhook) (updated handWebhook, err error) {
	body, err := json.Marshal(change)
	if err != nil {
		return updated, err
	}
	return updated, c.do(ctx, http.MethodPatch, "/v1/webhooks/messages/"+id, body, &updated)
}

func (c *handClient) delete(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v1/webhooks/messages/"+id, nil, nil)
}

func (c *handClient) do(ctx context.Context, method, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.baseURL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.SetBasicAuth(c.key, c.secret)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, 10<<20))
	if err != nil {
		return err
	}
	if response.StatusCode > 299 {
		return fmt.Errorf("%s: %s", response.Status, data)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(data, into)
}

const (
	benchID       = "76fa7010-8c1f-4a24-917a-4d62a54e744d"
	benchTemplate = `{"id":"$mtId","from":"$sourceAddress","to":"$destinationAddress","text":"$!esc.json($moContent)"}`
)

func benchRequest() messagemedia.CreateWebhookRequest {
	return messagemedia.CreateWebhookRequest{
		URL: "https://example.com/hooks/sms", Method: http.MethodPost, Encoding: messagemedia.EncodingJSON,
		Events:  []messagemedia.EventType{messagemedia.EventReceivedSMS, messagemedia.EventDeliveredDR},
		Headers: map[string]string{"X-Token": "t"}, Template: benchTemplate, Retries: 5, RetryDelay: time.Minute,
	}
}

func benchByHand() handWebhook {
	return handWebhook{
		URL: "https://example.com/hooks/sms", Method: http.MethodPost, Encoding: "JSON",
		Events:  []string{"RECEIVED_SMS", "DELIVERED_DR"},
		Headers: map[string]string{"X-Token": "t"}, Template: benchTemplate, Retries: 5, RetryDelay: 60,
	}
}

// benchServer responds at once, so that only the clients differ.
func benchServer(tb testing.TB) *httptest.Server {
	webhook := messagemedia.Webhook{
		ID: benchID, URL: "https://example.com/hooks/sms", Method: http.MethodPost, Encoding: messagemedia.EncodingJSON,
		Events:  []messagemedia.EventType{messagemedia.EventReceivedSMS, messagemedia.EventDeliveredDR},
		Headers: map[string]string{"X-Token": "t"}, Template: benchTemplate, Retries: 5, RetryDelay: time.Minute,
	}
	one, err := json.Marshal(webhook)
	require.NoError(tb, err)
	page := []byte(`{"page":0,"pageSize":100,"pageData":[` + strings.Repeat(string(one)+",", 99) + string(one) + `]}`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		switch r.Method {
		case http.MethodPost:
			w.WriteHeader(http.StatusCreated)
			w.Write(one)
		case http.MethodGet:
			w.Write(page)
		case http.MethodPatch:
			w.Write(one)
		case http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	tb.Cleanup(server.Close)
	return server
}

// benchOperations are the compared calls of the SDK and the hand-written client.
func benchOperations(tb testing.TB) map[string]map[string]func(context.Context) error {
	server := benchServer(tb)
	through := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	tb.Cleanup(through.CloseIdleConnections)
	client, err := messagemedia.NewClient(messagemedia.BasicAuth("key", "secret"), messagemedia.WithBaseURL(server.URL), messagemedia.WithHTTPClient(through))
	require.NoError(tb, err)
	byHand := &handClient{through, server.URL, "key", "secret"}
	return map[string]map[string]func(context.Context) error{
		"create": {
			"sdk":  func(ctx context.Context) error { _, err := client.CreateWebhook(ctx, benchRequest()); return err },
			"hand": func(ctx context.Context) error { _, err := byHand.create(ctx, benchByHand()); return err },
		},
		"list": {
			"sdk": func(ctx context.Context) error {
				_, err := client.ListWebhooks(ctx, messagemedia.ListWebhooksRequest{PageSize: 100})
				return err
			},
			"hand": func(ctx context.Context) error { _, err := byHand.list(ctx); return err },
		},
		"update": {
			"sdk": func(ctx context.Context) error {
				_, err := client.UpdateWebhook(ctx, benchID, messagemedia.UpdateWebhookRequest{Events: benchRequest().Events})
				return err
			},
			"hand": func(ctx context.Context) error {
				_, err := byHand.update(ctx, benchID, handWebhook{Events: benchByHand().Events})
				return err
			},
		},
		"delete": {
			"sdk":  func(ctx context.Context) error { return client.DeleteWebhook(ctx, benchID) },
			"hand": func(ctx context.Context) error { return byHand.delete(ctx, benchID) },
		},
	}
}

// BenchmarkClient makes calls one at a time, and 16 at a time.
func BenchmarkClient(b *testing.B) {
	operations := benchOperations(b)
	for _, operation := range []string{"create", "list", "update", "delete"} {
		for _, parallel := range []int{1, 16} {
			for _, client := range []string{"hand", "sdk"} {
				call := operations[operation][client]
				b.Run(fmt.Sprintf("call=%s/parallel=%d/client=%s", operation, parallel, client), func(b *testing.B) {
					b.ReportAllocs()
					inParallel(b, parallel, call)
				})
			}
		}
	}
}

// inParallel distributes b.N calls over a number of goroutines. A single one runs on one
// processor: otherwise each call waits for threads to wake up, and how long that takes depends
// on the run more than on the client.
func inParallel(b *testing.B, goroutines int, call func(context.Context) error) {
	if goroutines == 1 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	}
	calls := make(chan struct{}, b.N)
	for range b.N {
		calls <- struct{}{}
	}
	close(calls)
	b.ResetTimer()
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			for range calls {
				if err := call(b.Context()); err != nil {
					b.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// hmacRequest returns a request for HMACAuth and the signed text.
func hmacRequest(tb testing.TB) (request *http.Request, body []byte) {
	body, err := json.Marshal(benchRequest())
	require.NoError(tb, err)
	request, err = http.NewRequest(http.MethodPost, "https://api.messagemedia.com/v1/webhooks/messages", bytes.NewReader(body))
	require.NoError(tb, err)
	return request, body
}

// hashAlone is the minimum work of a signer: the digest of the body and the HMAC.
func hashAlone(secret, body, text []byte) (digest, signature string) {
	sum := md5.Sum(body)
	mac := hmac.New(sha256.New, secret)
	mac.Write(text)
	return hex.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

var hmacText = []byte("Date: Mon, 23 Nov 2026 10:00:00 GMT\nContent-MD5: d41d8cd98f00b204e9800998ecf8427e\nPOST /v1/webhooks/messages HTTP/1.1")

// BenchmarkHMAC compares signing with hashing alone.
func BenchmarkHMAC(b *testing.B) {
	request, body := hmacRequest(b)
	auth, secret := messagemedia.HMACAuth("key", "secret"), []byte("secret")
	b.Run("client=hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			hashAlone(secret, body, hmacText)
		}
	})
	b.Run("client=sdk", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := auth.Authenticate(request); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestAllocations checks the limits of docs/benchmarks.md. It is not parallel, because other
// tests would add allocations.
func TestAllocations(t *testing.T) {
	operations := benchOperations(t)
	count := func(call func(context.Context) error) float64 {
		return testing.AllocsPerRun(300, func() { assert.NoError(t, call(t.Context())) })
	}
	for name, operation := range operations {
		assert.LessOrEqual(t, count(operation["sdk"])-count(operation["hand"]), 25.0, name)
	}

	create := benchRequest()
	for _, name := range []string{"A", "B", "C", "D", "E", "F", "G"} { // with X-Token, eight headers
		create.Headers[name] = "value"
	}
	assert.Zero(t, testing.AllocsPerRun(300, func() { assert.NoError(t, create.Validate()) }), "the validation of a request")

	request, body := hmacRequest(t)
	auth, secret := messagemedia.HMACAuth("key", "secret"), []byte("secret")
	signing := testing.AllocsPerRun(300, func() { assert.NoError(t, auth.Authenticate(request)) })
	hashing := testing.AllocsPerRun(300, func() { hashAlone(secret, body, hmacText) })
	assert.LessOrEqual(t, signing-hashing, 12.0)
}
