package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
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

// fixture has the parts of a receiver, without a socket. A test starts the worker itself.
type fixture struct {
	settings settings
	engine   *engine
	store    *store
	handler  http.Handler
	signer   *messagemediatest.Signer
	logger   *slog.Logger
	failed   chan error // receives the error that would end the process
}

func testSettings(t *testing.T) settings {
	s := defaults()
	s.publicURL = "https://example.com/hooks/sms"
	s.directory = filepath.Join(t.TempDir(), "nats")
	s.ackWait = 3 * time.Second
	s.maxBytes = 64 << 20
	return s
}

func newFixture(t *testing.T, s settings) *fixture {
	f := &fixture{settings: s, signer: messagemediatest.NewSigner(t), logger: slog.New(slog.NewTextHandler(t.Output(), nil)), failed: make(chan error, 1)}
	f.open(t)
	t.Cleanup(func() { f.engine.close() })
	return f
}

// open starts everything that a process starts, except the worker.
func (f *fixture) open(t *testing.T) {
	var err error
	f.engine, err = startEngine(f.settings, f.logger, func(err error) { f.failed <- err })
	require.NoError(t, err)
	f.store, err = openStore(t.Context(), f.engine.conn, f.settings)
	require.NoError(t, err)
	f.handler, err = newHandler(webhook.Signed(webhook.NewKeySet(f.signer.Key())), f.settings, f.store, f.logger)
	require.NoError(t, err)
}

// reopen simulates a restart of the process.
func (f *fixture) reopen(t *testing.T) {
	f.engine.close()
	f.open(t)
}

// work starts a worker and stops it at the end of the test.
func (f *fixture) work(t *testing.T, handle func(context.Context, string, *webhook.Delivery) error) *worker {
	w := newWorker(f.store, f.settings, f.logger)
	if handle != nil {
		w.handle = handle
	}
	require.NoError(t, w.start(t.Context(), f.settings))
	t.Cleanup(w.stop)
	return w
}

// workOff lets a worker handle everything in the queue.
func (f *fixture) workOff(t *testing.T, handle func(context.Context, string, *webhook.Delivery) error) {
	w := f.work(t, handle)
	require.NoError(t, f.store.waitUntilEmpty(t.Context(), 20*time.Second))
	w.stop()
}

func (f *fixture) deliver(t *testing.T, body string) int {
	return f.response(f.request(t, body)).Code
}

func (f *fixture) request(t *testing.T, body string) *http.Request {
	request := httptest.NewRequest(http.MethodPost, "/hooks/sms", strings.NewReader(body))
	require.NoError(t, f.signer.Sign(request))
	return request
}

func (f *fixture) response(request *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	f.handler.ServeHTTP(recorder, request)
	return recorder
}

func (f *fixture) queued(t *testing.T) int { return f.size(t, f.store.queue) }

func (f *fixture) size(t *testing.T, stream string) int {
	size, err := f.store.size(t.Context(), stream)
	require.NoError(t, err)
	return size
}

// effects returns the body of every write to the bucket.
func (f *fixture) effects(t *testing.T) []string {
	bodies, err := f.store.effects(t.Context())
	require.NoError(t, err)
	var effects []string
	for _, body := range bodies {
		effects = append(effects, string(body))
	}
	return effects
}

// deadLetters returns the dead letters.
func (f *fixture) deadLetters(t *testing.T) []*jetstream.RawStreamMsg {
	stream, err := f.store.js.Stream(t.Context(), f.store.dead)
	require.NoError(t, err)
	var letters []*jetstream.RawStreamMsg
	for n := range stream.CachedInfo().State.LastSeq {
		letter, err := stream.GetMsg(t.Context(), n+1)
		require.NoError(t, err)
		letters = append(letters, letter)
	}
	return letters
}

func TestInvalidCommandLines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no command":                      {nil, "durable serve"},
		"an unknown command":              {[]string{"receive"}, "durable prove"},
		"an unknown flag":                 {[]string{"serve", "-port", "1"}, "flag provided but not defined: -port"},
		"an argument":                     {[]string{"serve", "now"}, `"now" is not a flag`},
		"a URL without a path":            {[]string{"serve", "-url", "https://example.com"}, "-url must have a path"},
		"a URL with a double slash":       {[]string{"serve", "-url", "https://example.com//hooks"}, "-url must have a path without // or dots"},
		"a URL with dots":                 {[]string{"serve", "-url", "https://example.com/hooks/../sms"}, "-url must have a path without // or dots"},
		"a URL with a fragment":           {[]string{"serve", "-url", "https://example.com/hooks#sms"}, "-url must not have a query or a fragment"},
		"a URL with user info":            {[]string{"serve", "-url", "https://user:password@example.com/hooks"}, "-url must not have user info"},
		"a URL with another scheme":       {[]string{"serve", "-url", "ftp://example.com/hooks"}, "-url must begin with https:// or http://"},
		"a stream's name with a dot":      {[]string{"serve", "-stream", "a.b"}, `-stream must consist of letters, digits, - and _, got "a.b"`},
		"two replicas":                    {[]string{"serve", "-replicas", "2"}, "-replicas must be 1, 3 or 5, got 2"},
		"replicas without a cluster":      {[]string{"serve", "-replicas", "3"}, "needs a cluster: set NATS_URL"},
		"a queue smaller than two bodies": {[]string{"serve", "-max-bytes", "8388608"}, "-max-bytes must be at least 18874368, the size of two large deliveries, got 8388608"},
		"keys forgotten too early":        {[]string{"serve", "-keep", "10m"}, "-keep must be at least 30m0s, because duplicates can arrive until then, got 10m0s"},
		"no workers":                      {[]string{"serve", "-workers", "0"}, "-workers must be positive, got 0"},
		"a short wait for the worker":     {[]string{"serve", "-ack-wait", "1s"}, "-ack-wait must be at least 3s, got 1s"},
		"no attempts":                     {[]string{"serve", "-tries", "0"}, "-tries must be positive, got 0"},
		"a proof with too many kills":     {[]string{"prove", "-deliveries", "50", "-kills", "5"}, "-deliveries must be at least 60 for 5 kills, got 50"},
		"a proof with negative kills":     {[]string{"prove", "-kills", "-1"}, "-kills must be at least 0, got -1"},
		"a proof without senders":         {[]string{"prove", "-at-a-time", "0"}, "-at-a-time must be positive, got 0"},
		"a proof without a cluster":       {[]string{"prove", "-replicas", "3"}, "needs a cluster: set NATS_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			assert.Equal(t, 2, run(t.Context(), c.args, nothing, &stdout, &stderr))
			assert.NotContains(t, stderr.String(), "password")
			assert.Contains(t, stderr.String(), c.want)
			assert.Empty(t, stdout.String())
		})
	}
}

func TestAnAccountNeedsAnAuthenticationSchemeAndAURL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		token string
		args  []string
		want  string
	}{
		"no token and no keys": {"", []string{"serve", "-url", "https://example.com/hooks"}, "WEBHOOK_TOKEN must be set"},
		"a short token":        {"short", []string{"serve", "-url", "https://example.com/hooks"}, "must have at least 16 bytes"},
		"no URL":               {"a-token-of-the-tests", []string{"serve"}, "-url must be set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			getenv := func(name string) string {
				return map[string]string{"MESSAGEMEDIA_API_KEY": "key", "MESSAGEMEDIA_API_SECRET": "secret", "WEBHOOK_TOKEN": c.token}[name]
			}
			var stdout, stderr bytes.Buffer
			assert.Equal(t, 2, run(t.Context(), c.args, getenv, &stdout, &stderr))
			assert.Contains(t, stderr.String(), c.want)
		})
	}
}

func TestTheREADMEHasEachFlag(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run(t.Context(), []string{"serve", "-help"}, nothing, &stdout, &stderr))
	flags := regexp.MustCompile(`(?m)^  (-\S+)`).FindAllStringSubmatch(stderr.String(), -1)
	require.Len(t, flags, 12)
	for _, flag := range flags {
		assert.Contains(t, string(readme), "| `"+flag[1]+"` |")
	}
}
