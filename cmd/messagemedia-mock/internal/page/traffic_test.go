package page_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

type exchange struct {
	ID             int64
	Kind           string
	Account        string
	Method, URL    string
	Event          string
	EventID        string `json:"event_id"`
	From, Text     string
	Status         int
	Error          string
	OK, Done       bool
	MaxAttempts    int   `json:"max_attempts"`
	DuplicateOf    int64 `json:"duplicate_of"`
	Authentication string
	Attempts       []attempt `json:"attempt_list"`
	Attachments    []struct {
		Name  string
		Bytes int
	}
}

type attempt struct {
	Header       [][2]string
	RequestBody  body `json:"request_body"`
	ResponseBody body `json:"response_body"`
	Status       int
	WaitMS       float64 `json:"wait_ms"`
	Curl         string
	Proofs       []struct {
		Scheme string
		OK     bool
		Text   string
	}
}

type body struct {
	Text  string
	Bytes int
	Cut   bool
}

type update struct {
	Reset     bool
	Kept      int
	Exchanges []exchange
}

func TestTrafficHasCallsAndDeliveries(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	url, bodies := receiver(t, 503, 204)
	s.subscribe(url, func(r *messagemedia.CreateWebhookRequest) {
		r.Retries, r.RetryDelay = 1, 7*time.Second
		r.Headers = map[string]string{"X-Webhook-Token": "0123456789abcdef", "X-Short": "1"}
		r.URL += "?token=abcdefghijklmnop&text=$moContent"
	})
	require.Equal(t, 200, s.do("POST", "/mock/events", hello).StatusCode)
	require.Len(t, *bodies, 2)

	traffic := get[update](s, "/mock/traffic")
	assert.True(t, traffic.Reset)
	assert.Equal(t, 2, traffic.Kept)
	require.Len(t, traffic.Exchanges, 2)
	assert.Equal(t, "call POST /v1/webhooks/messages 201", line(traffic.Exchanges[0]))
	assert.Equal(t, "delivery POST "+url+"?token=abcdefghijklmnop&text=Hello 204", line(traffic.Exchanges[1]))
	assert.Equal(t, "RECEIVED_SMS", traffic.Exchanges[1].Event)
	assert.Equal(t, "+61491570156", traffic.Exchanges[1].From)
	assert.Equal(t, "Hello", traffic.Exchanges[1].Text)

	call := get[exchange](s, "/mock/traffic/1")
	assert.Equal(t, "Basic, accepted", call.Authentication)
	require.Len(t, call.Attempts, 1)
	assert.Contains(t, call.Attempts[0].RequestBody.Text, "0123456789abcdef")
	assert.Contains(t, call.Attempts[0].ResponseBody.Text, `"id"`)

	delivery := get[exchange](s, "/mock/traffic/2")
	require.Len(t, delivery.Attempts, 2)
	assert.Equal(t, (*bodies)[0], delivery.Attempts[0].RequestBody.Text)
	assert.Equal(t, 503, delivery.Attempts[0].Status)
	assert.EqualValues(t, 7000, delivery.Attempts[0].WaitMS)
	assert.Zero(t, delivery.Attempts[1].WaitMS)
	assert.Equal(t, []string{
		"Signature false none: the account has no enabled signature key",
		"Header token false X-Short: HeaderToken: token 1 must have at least 16 bytes, got 1",
		"Header token true X-Webhook-Token is valid",
		"Query token true token is valid",
	}, proofs(delivery.Attempts[1]))
}

func line(e exchange) string { return fmt.Sprint(e.Kind, " ", e.Method, " ", e.URL, " ", e.Status) }

func proofs(a attempt) []string {
	var lines []string
	for _, p := range a.Proofs {
		lines = append(lines, fmt.Sprint(p.Scheme, " ", p.OK, " ", p.Text))
	}
	return lines
}

func TestSignaturesAreVerified(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	client := s.api.Client()
	key, err := client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	require.NoError(t, err)
	_, err = client.EnableSignatureKey(t.Context(), key.ID)
	require.NoError(t, err)
	url, _ := receiver(t, 204)
	s.subscribe(url+"?a=1%20", nil)
	s.do("POST", "/mock/events", hello)
	delivery := get[exchange](s, "/mock/traffic/4")
	assert.Equal(t, []string{"Signature true valid, SHA256 with key " + key.ID, "Query token false a: QueryToken: token 1 must have at least 16 bytes, got 2; QueryToken: token 1 begins or ends with white space"}, proofs(delivery.Attempts[0]))
}

func TestRejectedCalls(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i, c := range []struct{ authorization, want string }{
		{"", "no credentials"}, {"Basic eDp5", "Basic, rejected"}, {"hmac x", "HMAC, rejected"}, {"Bearer x", `unknown scheme "Bearer"`},
	} {
		s.do("GET", "/v1/webhooks/messages", "", func(r *http.Request) {
			if c.authorization != "" {
				r.Header.Set("Authorization", c.authorization)
			}
		})
		assert.Equal(t, c.want, get[exchange](s, fmt.Sprint("/mock/traffic/", i+1)).Authentication)
	}
}

func TestADeliveryThatFails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.subscribe("http://127.0.0.1:1/hooks", nil)
	s.subscribe("http://127.0.0.1:1/other", func(r *messagemedia.CreateWebhookRequest) { r.Template = "#if(" })
	s.do("POST", "/mock/events", hello)
	var failures []string
	for _, e := range get[update](s, "/mock/traffic").Exchanges[2:] {
		assert.False(t, e.OK)
		assert.True(t, e.Done)
		assert.Zero(t, e.Status)
		failures = append(failures, e.Error)
	}
	require.Len(t, failures, 2)
	assert.Contains(t, strings.Join(failures, "\n"), "refused")
	assert.Contains(t, strings.Join(failures, "\n"), "the template")
}

func TestSendAgainMakesADuplicate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	url, bodies := receiver(t, 204)
	hook := s.subscribe(url, func(r *messagemedia.CreateWebhookRequest) { r.Template += " $retryCount" })
	s.do("POST", "/mock/events", hello)
	require.NoError(t, s.api.Client().DeleteWebhook(t.Context(), hook.ID))

	again := call[map[string]any](s, "POST", "/mock/traffic/2/resend", "")
	assert.Equal(t, map[string]any{"acknowledged": true, "attempts": 1.0}, again, "the response omits the request, because reading it needs the token")
	require.Len(t, *bodies, 2)
	assert.Equal(t, (*bodies)[0], (*bodies)[1])
	duplicate := get[exchange](s, "/mock/traffic/4")
	assert.EqualValues(t, 2, duplicate.DuplicateOf)
	call[struct{}](s, "POST", "/mock/traffic/4/resend", "")
	assert.EqualValues(t, 2, get[exchange](s, "/mock/traffic/5").DuplicateOf, "the original delivery, even if a duplicate is sent again")

	response := s.do("POST", "/mock/traffic/1/resend", "")
	assert.Equal(t, 400, response.StatusCode)
	assert.Equal(t, "only a delivery can be sent again; copy an API call as a curl command", message(t, response))
	for _, id := range []string{"99", "x", "-1"} {
		response := s.do("POST", "/mock/traffic/"+id+"/resend", "")
		assert.Equal(t, 404, response.StatusCode)
		assert.Equal(t, `no exchange with the ID "`+id+`"; the server keeps the last 1000`, message(t, response))
	}
}

func TestTheStreamSendsChanges(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	url, _ := receiver(t, 503, 204)
	s.subscribe(url, func(r *messagemedia.CreateWebhookRequest) { r.Retries = 1 })
	response := s.do("GET", "/mock/traffic/stream", "", withToken)
	assert.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	lines := bufio.NewScanner(response.Body)
	next := func() (u update) {
		for lines.Scan() {
			if data, found := strings.CutPrefix(lines.Text(), "data: "); found {
				require.NoError(t, json.Unmarshal([]byte(data), &u))
				return u
			}
		}
		require.FailNow(t, "the stream ended")
		return u
	}
	first := next()
	assert.True(t, first.Reset)
	assert.Len(t, first.Exchanges, 1)

	s.do("POST", "/mock/events", hello)
	for {
		u := next()
		assert.False(t, u.Reset)
		assert.Equal(t, 2, u.Kept)
		require.Len(t, u.Exchanges, 1, "the earlier call is not repeated")
		assert.EqualValues(t, 2, u.Exchanges[0].ID)
		if u.Exchanges[0].Done {
			assert.Equal(t, 204, u.Exchanges[0].Status)
			break
		}
	}
	assert.Equal(t, 204, s.do("DELETE", "/mock/traffic", "").StatusCode)
	cleared := next()
	assert.True(t, cleared.Reset)
	assert.Empty(t, cleared.Exchanges)
	assert.Zero(t, cleared.Kept)
}

func TestTheServerKeeps1000ExchangesAndThePageShows500(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i := range 1100 {
		s.traffic.AddCall(messagemediatest.Exchange{Method: "GET", Target: fmt.Sprint("/", i), Status: 200})
	}
	traffic := get[update](s, "/mock/traffic")
	assert.Equal(t, 1000, traffic.Kept)
	require.Len(t, traffic.Exchanges, 500)
	assert.Equal(t, "/1099", traffic.Exchanges[499].URL)
	assert.Equal(t, "/100", get[exchange](s, "/mock/traffic/101").URL)
	assert.Equal(t, 404, s.do("GET", "/mock/traffic/100", "", withToken).StatusCode)

	large := strings.Repeat("x", 20<<20)
	for range 4 {
		s.traffic.AddCall(messagemediatest.Exchange{Method: "GET", RequestBody: large})
	}
	assert.Equal(t, 3, get[update](s, "/mock/traffic").Kept, "64 MiB at most")
	shown := get[exchange](s, "/mock/traffic/1104").Attempts[0]
	assert.Equal(t, body{Text: large[:64<<10], Bytes: 20 << 20, Cut: true}, shown.RequestBody)
	assert.Empty(t, shown.Curl, "too large for a command")
	s.traffic.AddCall(messagemediatest.Exchange{Method: "GET", RequestBody: strings.Repeat("x", 65<<20)})
	assert.Equal(t, 1, get[update](s, "/mock/traffic").Kept, "the newest is kept, whatever its size")
}

func TestADeliveryInProgressIsOneExchange(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.traffic.AddCall(messagemediatest.Exchange{Method: "GET"})
	progress := messagemediatest.DeliveryProgress{ID: "1"}
	progress.Delivery.Attempts = []messagemediatest.Attempt{{RequestBody: make([]byte, 30<<20)}}
	for range 5 {
		s.traffic.AddDelivery(progress, nil)
	}
	assert.Equal(t, 2, get[update](s, "/mock/traffic").Kept)
}

func TestAttachmentsAreDownloaded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	url, _ := receiver(t, 204)
	s.subscribe(url, nil)
	s.do("POST", "/mock/events", `{"event":"RECEIVED_MMS","reply_id":"1","attachments":[
		{"content_type":"text/html","original_name":"../../a\u202e\"<b>.html","content":"PHNjcmlwdD4="},
		{"content_type":"image/svg+xml","original_name":"..","content":""}]}`)
	delivery := get[exchange](s, "/mock/traffic/2")
	require.Len(t, delivery.Attachments, 2)
	assert.Equal(t, "a___b.bin", delivery.Attachments[0].Name)
	assert.Equal(t, "attachment.bin", delivery.Attachments[1].Name)

	response := s.do("GET", "/mock/traffic/2/attachments/0", "", withToken)
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, "<script>", string(content))
	assert.Equal(t, "application/octet-stream", response.Header.Get("Content-Type"))
	assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
	assert.Equal(t, "sandbox", response.Header.Get("Content-Security-Policy"))
	disposition, parameters, err := mime.ParseMediaType(response.Header.Get("Content-Disposition"))
	require.NoError(t, err)
	assert.Equal(t, "attachment", disposition)
	assert.Equal(t, "a___b.bin", parameters["filename"])
	for _, path := range []string{"/mock/traffic/2/attachments/2", "/mock/traffic/2/attachments/-1", "/mock/traffic/1/attachments/0"} {
		assert.Equal(t, 404, s.do("GET", path, "", withToken).StatusCode, path)
	}
	assert.Equal(t, 401, s.do("GET", "/mock/traffic/2/attachments/0", "").StatusCode)
}

// TestCurlCommandsRepeatRequests runs the commands in a shell that prints the words, and
// one command with curl.
func TestCurlCommandsRepeatRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	url, bodies := receiver(t, 204)
	hostile := `@/etc/passwd 'a' "b" $(echo x) ` + "`id`" + ` \ $HOME` + "\n!x & é😀"
	s.subscribe(url+"?b=[1-3]{x}", func(r *messagemedia.CreateWebhookRequest) {
		r.Template = "$moContent"
		r.Headers = map[string]string{"X-Quote": `it's "x" $y`, "X-Empty": ""}
	})
	event, err := json.Marshal(map[string]string{"reply_id": "1", "content": hostile})
	require.NoError(t, err)
	s.do("POST", "/mock/events", string(event))
	require.Equal(t, []string{hostile}, *bodies)

	command := get[exchange](s, "/mock/traffic/2").Attempts[0].Curl
	words := shellWords(t, command)
	assert.Equal(t, []string{"curl", "--globoff", "-i", "-X", "POST"}, words[:5])
	assert.Contains(t, words, hostile)
	assert.Contains(t, words, "X-Quote: it's \"x\" $y")
	assert.Contains(t, words, "X-Empty;")

	words = shellWords(t, get[exchange](s, "/mock/traffic/1").Attempts[0].Curl)
	assert.Contains(t, words, "test-key:test-secret")
	assert.Equal(t, s.url+"/v1/webhooks/messages", words[len(words)-1])
	assert.NotContains(t, strings.Join(words, "\n"), "Authorization")

	requireCommand(t, "curl")
	output, err := exec.CommandContext(t.Context(), "sh", "-c", command).CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Contains(t, string(output), "204 No Content")
	assert.Equal(t, []string{hostile, hostile}, *bodies)
}

// requireCommand skips the test if the command does not exist, for example on Windows.
func requireCommand(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skip(err)
	}
}

func shellWords(t *testing.T, command string) []string {
	t.Helper()
	requireCommand(t, "sh")
	output, err := exec.CommandContext(t.Context(), "sh", "-c", `printf '%s\0' `+command).Output()
	require.NoError(t, err)
	return strings.Split(strings.TrimSuffix(string(output), "\x00"), "\x00")
}
