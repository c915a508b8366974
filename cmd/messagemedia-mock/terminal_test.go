package main

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func printedCall(verbose, showTokens bool, e messagemediatest.Exchange) string {
	var out bytes.Buffer
	newTerminal(&out, verbose, showTokens).call(e)
	return out.String()
}

func TestCallsArePrinted(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "GET    /v1/webhooks/messages?page=0 → 200 in 1.5ms for account sub\n",
		printedCall(false, false, messagemediatest.Exchange{Method: "GET", Target: "/v1/webhooks/messages?page=0", Account: "sub", Status: 200, Duration: 1500 * time.Microsecond}))
	assert.Equal(t, "POST   /v1/webhooks/messages → 400 in 1ms: Bad Request\n       /url: is missing\n",
		printedCall(false, false, messagemediatest.Exchange{Method: "POST", Target: "/v1/webhooks/messages", Status: 400, Duration: time.Millisecond, ResponseBody: `{"message":"Bad Request","details":["/url: is missing"]}`}))
	assert.Equal(t, "DELETE /v1/x → no response in 1ms\n", printedCall(false, false, messagemediatest.Exchange{Method: "DELETE", Target: "/v1/x", Duration: time.Millisecond}))
}

var created = messagemediatest.Exchange{
	Method: "POST", Target: "/v1/webhooks/messages", Status: 201,
	Header:       http.Header{"Authorization": {"Basic c2VjcmV0"}, "Content-Type": {"application/json"}},
	RequestBody:  `{"URL": "https://user:password@h.test/hooks?token=SECRET-1#SECRET-2", "headers": {"X-A": "SECRET-3", "x": ["SECRET-4", {"y": "SECRET-5"}], "n": 12345}, "retries": 1.50, "template": "<$moContent>", "template": "twice"}`,
	ResponseBody: `{"pageData":[{"url":"http://h.test/?SECRET-6","Headers":{"a":"SECRET-7"}}]}`,
}

func TestBodiesOfCallsArePrintedWithoutTokens(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `POST   /v1/webhooks/messages → 201 in 0s
  > Authorization: Basic …
  > Content-Type: application/json
  > {"URL":"https://…@h.test/hooks?…","headers":{"X-A":"…","x":["…",{"y":"…"}],"n":"…"},"retries":1.50,"template":"<$moContent>","template":"twice"}
  < {"pageData":[{"url":"http://h.test/?…","Headers":{"a":"…"}}]}
`, printedCall(true, false, created))

	shown := printedCall(true, true, created)
	for _, secret := range []string{"Basic c2VjcmV0", "password", "SECRET-1", "SECRET-2", "SECRET-3", "SECRET-4", "SECRET-5", "12345", "SECRET-6", "SECRET-7"} {
		assert.Contains(t, shown, secret)
	}
	broken := created
	broken.RequestBody = `{"headers":{"a":"SECRET"`
	assert.Contains(t, printedCall(true, false, broken), "  > (not JSON, shown only with -show-tokens)\n")
	assert.NotContains(t, printedCall(true, false, broken), "SECRET")
	assert.Contains(t, printedCall(true, true, broken), `"SECRET"`)
}

func delivered(p ...messagemediatest.DeliveryProgress) func(verbose, showTokens bool) string {
	return func(verbose, showTokens bool) string {
		var out bytes.Buffer
		terminal := newTerminal(&out, verbose, showTokens)
		for _, progress := range p {
			terminal.delivery(progress)
		}
		return out.String()
	}
}

func progressOf(done bool, err error, attempts ...messagemediatest.Attempt) messagemediatest.DeliveryProgress {
	return messagemediatest.DeliveryProgress{ID: "1", Done: done, Delivery: messagemediatest.DeliveryResult{
		EventType: messagemedia.EventReceivedSMS, Attempts: attempts, Err: err,
		Webhook: messagemedia.Webhook{Method: "POST", URL: "http://h.test/hooks?token=SECRET-TOKEN", Retries: 1, Headers: map[string]string{"x-token": "Bearer SECRET-HEADER", "X-Short": "1"}},
	}}
}

func TestAttemptsArePrintedWhenTheyEnd(t *testing.T) {
	t.Parallel()
	first := messagemediatest.Attempt{Method: "POST", URL: "http://h.test/hooks?token=SECRET-TOKEN", Status: 503, Duration: time.Millisecond, Wait: time.Minute}
	second := first
	second.Status, second.Wait = 204, 0
	failed := second
	failed.Status, failed.Err = 0, errors.New("connection refused")
	const start = "RECEIVED_SMS → POST http://h.test/hooks?… → "
	for name, c := range map[string]struct {
		progress []messagemediatest.DeliveryProgress
		want     string
	}{
		"acknowledged at last": {
			[]messagemediatest.DeliveryProgress{progressOf(false, nil), progressOf(false, nil, first), progressOf(true, nil, first, second)},
			start + "503 in 1ms (attempt 1 of 2, the platform waits 1m0s for the next)\n" + start + "204 in 1ms (attempt 2 of 2)\n"},
		"never acknowledged": {
			[]messagemediatest.DeliveryProgress{progressOf(false, nil, first), progressOf(true, nil, first, failed)},
			start + "503 in 1ms (attempt 1 of 2, the platform waits 1m0s for the next)\n" + start + "connection refused in 1ms (attempt 2 of 2, not acknowledged)\n"},
		"never sent": {
			[]messagemediatest.DeliveryProgress{progressOf(false, nil), progressOf(true, errors.New("the template: broken"))},
			start + "no further attempt: the template: broken\n"},
	} {
		assert.Equal(t, c.want, delivered(c.progress...)(false, false), name)
	}
}

func TestBodiesOfDeliveriesArePrintedWithoutTokens(t *testing.T) {
	t.Parallel()
	attempt := messagemediatest.Attempt{
		Method: "POST", URL: "http://h.test/hooks?token=SECRET-TOKEN", Status: 200,
		Header:       http.Header{"X-Token": {"Bearer SECRET-HEADER"}, "X-Short": {"1"}, "User-Agent": {"messagemediatest"}},
		RequestBody:  []byte("SECRET-TOKEN\r\nSECRET-HEADER 1\x1b[31m\n"),
		ResponseBody: []byte("echo SECRET-HEADER\u202e"),
	}
	printed := delivered(progressOf(true, nil, attempt))
	assert.Equal(t, `RECEIVED_SMS → POST http://h.test/hooks?… → 200 in 0s (attempt 1 of 2)
  > User-Agent: messagemediatest
  > X-Short: …
  > X-Token: …
  > …
  > … 1\u001b[31m
  < echo …\u202e
`, printed(true, false))
	assert.Equal(t, 2, strings.Count(printed(true, true), "SECRET-TOKEN\n")+strings.Count(printed(true, true), "token=SECRET-TOKEN "))
	assert.Contains(t, printed(true, true), "X-Token: Bearer SECRET-HEADER\n")
}

func TestALongBodyIsTruncated(t *testing.T) {
	t.Parallel()
	attempt := messagemediatest.Attempt{Method: "POST", URL: "http://h.test/", Status: 200, RequestBody: bytes.Repeat([]byte("x"), 20_000)}
	printed := delivered(progressOf(true, nil, attempt))(true, false)
	assert.Contains(t, printed, "\n  > "+strings.Repeat("x", 16<<10)+"\n  > … and 3616 bytes more\n")
}
