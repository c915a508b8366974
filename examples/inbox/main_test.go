package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestMain lets prove start this test binary as a receiver.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		main()
	}
	os.Exit(m.Run())
}

func nothing(string) string { return "" }

const testToken = "a-token-of-the-tests"

// newTestHandler returns a receiver without a socket, and a platform with its webhook.
func newTestHandler(t *testing.T, s *store) (http.Handler, *messagemediatest.Server) {
	settings := settings{publicURL: "https://example.com/hooks/sms", token: testToken}
	handler, err := newHandler(settings, s, slog.New(slog.NewTextHandler(t.Output(), nil)))
	require.NoError(t, err)
	api := messagemediatest.NewServer(t)
	_, err = api.Client().CreateWebhook(t.Context(), settings.webhook())
	require.NoError(t, err)
	return handler, api
}

// statuses sends an event and returns the status of each attempt.
func statuses(t *testing.T, api *messagemediatest.Server, handler http.Handler, event webhook.Event) (statuses []int) {
	result, err := api.Send(t.Context(), event, messagemediatest.ToHandler(handler))
	require.NoError(t, err)
	for _, attempt := range result.Deliveries[0].Attempts {
		require.NoError(t, attempt.Err)
		statuses = append(statuses, attempt.Status)
	}
	return statuses
}

func TestADeliveryIsCommittedBeforeItIsAcknowledged(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		s := open()
		handler, api := newTestHandler(t, s)
		text := &webhook.ReceivedSMS{ReplyID: "1", SourceNumber: "+61491570156", Content: "NUL: \x00, emoji: 😀"}
		for range 2 { // the second delivery is a duplicate
			assert.Equal(t, []int{http.StatusNoContent}, statuses(t, api, handler, text))
			requireCounts(t, s, 1, 1, 1)
		}
		report := &webhook.DeliveryReport{DeliveryReportID: "2", RecipientNumber: "+61491570157", Status: webhook.StatusDelivered}
		assert.Equal(t, []int{http.StatusNoContent}, statuses(t, api, handler, report))
		requireCounts(t, s, 2, 2, 2)
		var number string
		require.NoError(t, s.db.QueryRow("SELECT number FROM messages WHERE kind = 'report'").Scan(&number))
		assert.Equal(t, "+61491570157", number)
	})
}

func TestADeliveryThatIsNotCommittedIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	for name, statements := range map[string][]string{
		"a statement fails": {"DROP TABLE messages"},
		"the commit fails": {
			"DROP TABLE messages",
			"CREATE TABLE parents (id BIGINT PRIMARY KEY)",
			`CREATE TABLE messages (
				delivery_id BIGINT REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED, -- checked by the commit
				kind TEXT, platform_id TEXT, number TEXT, content {bytes})`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachDatabase(t, func(t *testing.T, open func() *store) {
				s := open()
				handler, api := newTestHandler(t, s)
				for _, statement := range statements {
					_, err := s.db.Exec(strings.ReplaceAll(statement, "{bytes}", s.db.bytes))
					require.NoError(t, err)
				}
				assert.Equal(t, []int{503, 503, 503, 503, 503, 503}, statuses(t, api, handler, &webhook.ReceivedSMS{ReplyID: "1", Content: "YES"}))
				assert.Zero(t, count(t, s, "deliveries")+count(t, s, "dedupe_keys"))
			})
		})
	}
}

func TestNothingIsStoredWithoutTheToken(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		s := open()
		handler, _ := newTestHandler(t, s)
		for _, token := range []string{"", "another-token-of-the-tests"} {
			request := httptest.NewRequest(http.MethodPost, "/hooks/sms", strings.NewReader(sms("1", "YES")))
			request.Header.Set(tokenHeader, token)
			response := httptest.NewRecorder()
			handler.ServeHTTP(response, request)
			assert.Equal(t, http.StatusUnauthorized, response.Code)
		}
		requireCounts(t, s, 0, 0, 0)
	})
}

// TestABurst sends more deliveries than there are connections, with and without dedupe keys.
func TestABurst(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		s := open()
		handler, _ := newTestHandler(t, s)
		var group sync.WaitGroup
		for n := range 200 {
			group.Go(func() {
				body := `{"content":"without an ID"}`
				if n%2 == 0 {
					body = sms(string(rune('a'+n/2)), "with an ID")
				}
				request := httptest.NewRequest(http.MethodPost, "/hooks/sms", strings.NewReader(body))
				request.Header.Set(tokenHeader, testToken)
				response := httptest.NewRecorder()
				handler.ServeHTTP(response, request)
				assert.Equal(t, http.StatusNoContent, response.Code)
			})
		}
		group.Wait()
		requireCounts(t, s, 200, 200, 100)
	})
}

func TestHealthz(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		s := open()
		handler, _ := newTestHandler(t, s)
		healthz := func() *httptest.ResponseRecorder {
			response := httptest.NewRecorder()
			handler.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/healthz", nil))
			return response
		}
		assert.Equal(t, http.StatusOK, healthz().Code)
		require.NoError(t, s.db.Close())
		assert.Equal(t, http.StatusServiceUnavailable, healthz().Code)
	})
}

// TestServe runs the first command of the README.
func TestServe(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	var stderr bytes.Buffer
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, []string{"serve", "-addr", "127.0.0.1:0", "-db", filepath.Join(t.TempDir(), "inbox.db")}, nothing, writer, &stderr)
		writer.Close()
	}()
	var output strings.Builder
	buffer := make([]byte, 1024)
	for !strings.Contains(output.String(), "Receiving until interrupted.") || !strings.Contains(output.String(), "Handled:") {
		n, err := reader.Read(buffer)
		require.NoError(t, err, output.String()+stderr.String())
		output.Write(buffer[:n])
	}
	cancel()
	assert.Zero(t, <-status, stderr.String())
	assert.Contains(t, output.String(), "The delivery got 204\n")
	assert.Contains(t, output.String(), "The duplicate got 204\n")
	assert.Equal(t, 1, strings.Count(output.String(), `Handled: +61491570156 texted "Hello from a phone"`))
}

// TestProve kills a receiver, which is this test binary.
func TestProve(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"prove", "-deliveries", "50", "-kills", "1"}, nothing, &stdout, &stderr)
	require.Zero(t, status, stdout.String()+stderr.String())
	assert.Contains(t, stdout.String(), "Every acknowledged delivery was stored exactly once.")
	assert.Subset(t, strings.Fields(stdout.String()), []string{"sent", "50", "kills", "1"})
}

func TestForward(t *testing.T) {
	t.Parallel()
	var keys, bodies []string
	respond := http.StatusInternalServerError
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		keys, bodies = append(keys, r.Header.Get("Idempotency-Key")), append(bodies, string(body))
		w.WriteHeader(respond)
	}))
	defer target.Close()
	effect := settings{forward: target.URL}.effect(io.Discard)
	assert.EqualError(t, effect(t.Context(), "key", nil, []byte("a\x00b")), "forward: 500 Internal Server Error")
	respond = http.StatusAccepted
	assert.NoError(t, effect(t.Context(), "key", nil, []byte("a\x00b")))
	assert.Equal(t, []string{"key", "key"}, keys)
	assert.Equal(t, []string{"a\x00b", "a\x00b"}, bodies)
}

func TestParkedAndRequeue(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "inbox.db")
	s := openStore(t, "", file)
	_, err := deliver(t.Context(), s, "key", "not JSON")
	require.NoError(t, err)
	workOff(t, newTestWorker(t, s, nil))
	command := func(args ...string) (status int, stdout, stderr string) {
		var out, log bytes.Buffer
		status = run(t.Context(), args, nothing, &out, &log)
		return status, out.String(), log.String()
	}
	status, stdout, _ := command("parked", "-db", file)
	assert.Zero(t, status)
	assert.Regexp(t, regexp.MustCompile(`^1\treceived \S+Z\tparked \S+Z\t1 attempts\t8 bytes\t"can't be handled: .+"\n$`), stdout)
	status, _, stderr := command("requeue", "-db", file, "1", "2")
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "delivery 2 is not parked")
	status, stdout, _ = command("parked", "-db", file)
	assert.Zero(t, status)
	assert.Empty(t, stdout)
	left, err := s.unsettled(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, left)
}

func TestInvalidCommandLines(t *testing.T) {
	t.Parallel()
	account := map[string]string{"MESSAGEMEDIA_API_KEY": "key", "MESSAGEMEDIA_API_SECRET": "secret"}
	accountWithToken := map[string]string{"MESSAGEMEDIA_API_KEY": "key", "WEBHOOK_TOKEN": testToken}
	for name, c := range map[string]struct {
		environment map[string]string
		args        []string
		want        string
	}{
		"no command":                  {nil, nil, "inbox serve"},
		"an unknown command":          {nil, []string{"receive"}, "inbox prove"},
		"an unknown flag":             {nil, []string{"serve", "-port", "1"}, "flag provided but not defined: -port"},
		"an argument":                 {nil, []string{"serve", "now"}, `"now" is not a flag`},
		"a URL with a double slash":   {nil, []string{"serve", "-url", "https://example.com//hooks"}, "-url must have a path"},
		"a token that is too short":   {map[string]string{"WEBHOOK_TOKEN": "short"}, []string{"serve"}, "16"},
		"an account without a token":  {account, []string{"serve", "-url", "https://example.com/hooks"}, "WEBHOOK_TOKEN must be set"},
		"an account without a URL":    {accountWithToken, []string{"serve"}, "-url must be set"},
		"no workers":                  {nil, []string{"serve", "-workers", "0"}, "-workers must be positive, got 0"},
		"no attempts":                 {nil, []string{"serve", "-tries", "0"}, "-tries must be positive, got 0"},
		"a lease that is too short":   {nil, []string{"serve", "-lease", "1ms"}, "-lease must be at least 1s, got 1ms"},
		"keys forgotten too early":    {nil, []string{"serve", "-keep", "1m"}, "-keep must be at least 15m0s"},
		"requeue without an ID":       {nil, []string{"requeue"}, "no ID given; to list the IDs, run: inbox parked"},
		"requeue with an invalid ID":  {nil, []string{"requeue", "first"}, `"first" is not the ID of a delivery`},
		"a proof with too many kills": {nil, []string{"prove", "-deliveries", "50", "-kills", "5"}, "-deliveries must be at least 60"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			getenv := func(name string) string { return c.environment[name] }
			assert.Equal(t, 2, run(t.Context(), c.args, getenv, &stdout, &stderr))
			assert.Contains(t, stderr.String(), c.want)
			assert.NotContains(t, stderr.String(), testToken)
			assert.Empty(t, stdout.String())
		})
	}
}

func TestTheREADMEHasEachFlag(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var stdout, stderr bytes.Buffer
	assert.Zero(t, run(t.Context(), []string{"serve", "-help"}, nothing, &stdout, &stderr))
	flags := regexp.MustCompile(`(?m)^  (-\S+)`).FindAllStringSubmatch(stderr.String(), -1)
	require.Len(t, flags, 8)
	for _, flag := range flags {
		assert.Contains(t, string(readme), "| `"+flag[1]+"` |")
	}
}
