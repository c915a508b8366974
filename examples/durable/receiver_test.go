package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/examples/internal/proof"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func nothing(string) string { return "" }

// useAccount sets the environment to an account of the in-memory platform.
func useAccount(t *testing.T, platform *messagemediatest.Server) {
	t.Setenv("MESSAGEMEDIA_API_KEY", platform.Key)
	t.Setenv("MESSAGEMEDIA_API_SECRET", platform.Secret)
	t.Setenv("MESSAGEMEDIA_BASE_URL", platform.URL)
}

// running is a receiver on a socket.
type running struct {
	url   string
	lines *bufio.Scanner // of its output
	stop  func() error   // stops the receiver and returns its error
	ended chan error
}

func startReceiver(t *testing.T, s settings) *running {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	output, out := io.Pipe()
	r := &running{lines: bufio.NewScanner(output), ended: make(chan error, 1)}
	r.stop = func() error { cancel(); return <-r.ended }
	go func() {
		err := receive(ctx, s, out, slog.New(slog.NewTextHandler(t.Output(), nil)))
		out.CloseWithError(err)
		r.ended <- err
	}()
	require.True(t, r.lines.Scan(), "the receiver did not start: %v", r.lines.Err())
	r.url = strings.TrimPrefix(r.lines.Text(), "Receiving at ")
	return r
}

// onSocket sets a free address and its URL.
func onSocket(t *testing.T, s settings) settings {
	address, err := proof.FreeAddress()
	require.NoError(t, err)
	s.address, s.publicURL = address, "http://"+address+"/hooks/sms"
	return s
}

func TestAReceiverWithoutCredentialsShowsADelivery(t *testing.T) {
	t.Parallel()
	s := onSocket(t, testSettings(t))
	r := startReceiver(t, s)
	require.True(t, r.lines.Scan())
	assert.Contains(t, r.lines.Text(), "the in-memory platform sends a text message")
	require.True(t, r.lines.Scan())
	assert.Equal(t, "Acknowledged: true", r.lines.Text())
	require.NoError(t, r.stop())

	f := newFixture(t, s)
	f.workOff(t, nil)
	effects := f.effects(t)
	require.Len(t, effects, 1)
	assert.Contains(t, effects[0], "Hello from a phone")
}

const testToken = "a-token-of-the-tests"

func TestAReceiverByToken(t *testing.T) {
	platform := messagemediatest.NewServer(t)
	useAccount(t, platform)
	s := onSocket(t, testSettings(t))
	s.credentials, s.token = true, testToken
	for range 2 {
		r := startReceiver(t, s)
		require.Eventually(t, func() bool { return len(platform.Webhooks("")) == 1 }, 10*time.Second, 10*time.Millisecond)
		result, err := platform.Send(t.Context(), &webhook.ReceivedSMS{ReplyID: "r1", Content: "YES"})
		require.NoError(t, err)
		assert.True(t, result.Acknowledged(), result)
		require.NoError(t, r.stop())
	}
	assert.Equal(t, 5, platform.Webhooks("")[0].Retries)
}

// TestAReceiverBySignature also restarts the receiver, with its stored key, while the API is down.
func TestAReceiverBySignature(t *testing.T) {
	platform := messagemediatest.NewServer(t)
	useAccount(t, platform)
	s := onSocket(t, testSettings(t))
	s.credentials, s.keys = true, filepath.Join(t.TempDir(), "keys")
	r := startReceiver(t, s)
	signer := platform.Signer("")
	require.NotNil(t, signer)
	assert.Equal(t, http.StatusNoContent, post(t, r.url, signer, text("r1", "YES")))
	require.NoError(t, r.stop())

	platform.Fail(messagemediatest.Fault{Status: http.StatusServiceUnavailable, Times: 1000})
	r = startReceiver(t, s)
	assert.Equal(t, http.StatusNoContent, post(t, r.url, signer, text("r2", "YES")))
	assert.Equal(t, http.StatusUnauthorized, post(t, r.url, messagemediatest.NewSigner(t), text("r3", "YES")), "another key")
	require.NoError(t, r.stop())
}

func TestAReceiverWithoutATokenOrAKeyDoesNotStart(t *testing.T) {
	platform := messagemediatest.NewServer(t)
	useAccount(t, platform)
	platform.Fail(messagemediatest.Fault{Status: http.StatusForbidden, Times: 1000})
	s := onSocket(t, testSettings(t))
	s.credentials, s.keys = true, filepath.Join(t.TempDir(), "keys")
	err := receive(t.Context(), s, io.Discard, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, messagemedia.ErrForbidden)
	assert.ErrorContains(t, err, "token", "the error suggests a token")

	s = onSocket(t, testSettings(t))
	s.credentials, s.token, s.keys = true, testToken, filepath.Join(t.TempDir(), "keys")
	r := startReceiver(t, s) // with a token it starts
	require.NoError(t, r.stop())
}

func TestAReceiverDoesNotReplaceAForeignKey(t *testing.T) {
	platform := messagemediatest.NewServer(t)
	useAccount(t, platform)
	key, err := platform.Client().CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	require.NoError(t, err)
	_, err = platform.Client().EnableSignatureKey(t.Context(), key.ID)
	require.NoError(t, err)
	s := onSocket(t, testSettings(t))
	s.credentials, s.keys = true, filepath.Join(t.TempDir(), "keys")
	err = receive(t.Context(), s, io.Discard, slog.New(slog.DiscardHandler))
	assert.ErrorIs(t, err, messagemedia.ErrForeignSignatureKey)
	assert.Equal(t, key.ID, platform.Signer("").Key().ID())
}

// TestTwoWebhooksOnOnePath creates webhooks that differ in the query. Each gets its own delivery.
func TestTwoWebhooksOnOnePath(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	platform := messagemediatest.NewServer(t)
	handler, err := newHandler(webhook.HeaderToken(tokenHeader, testToken), f.settings, f.store, f.logger)
	require.NoError(t, err)
	for _, query := range []string{"?a=1", "?a=2"} {
		s := f.settings
		s.token, s.publicURL = testToken, s.publicURL+query
		_, err := platform.Client().CreateWebhook(t.Context(), s.webhook(time.Minute))
		require.NoError(t, err)
	}
	for range 2 { // the second iteration sends duplicates
		result, err := platform.Send(t.Context(), &webhook.ReceivedSMS{ReplyID: "r1", Content: "YES"}, messagemediatest.ToHandler(handler))
		require.NoError(t, err)
		assert.True(t, result.Acknowledged(), result)
	}
	assert.Equal(t, 2, f.queued(t))
	f.workOff(t, nil)
	assert.Len(t, f.effects(t), 2)
}

func TestHealthz(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	healthz := func() int {
		return f.response(httptest.NewRequest(http.MethodGet, "/healthz", nil)).Code
	}
	assert.Equal(t, http.StatusOK, healthz())
	require.NoError(t, f.store.js.DeleteStream(t.Context(), f.store.queue))
	assert.Equal(t, http.StatusServiceUnavailable, healthz())
}

// storeKey stores a signature key in a directory, and returns its signer.
func storeKey(t *testing.T, directory string) *messagemediatest.Signer {
	platform := messagemediatest.NewServer(t)
	store, err := messagemedia.NewFileKeyStore(directory)
	require.NoError(t, err)
	_, err = platform.Client().SyncSignatureKey(t.Context(), store)
	require.NoError(t, err)
	return platform.Signer("")
}

func post(t *testing.T, url string, signer *messagemediatest.Signer, body string) int {
	status, err := tryPost(url, signer, body)
	require.NoError(t, err)
	return status
}

func tryPost(url string, signer *messagemediatest.Signer, body string) (int, error) {
	request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	if err := signer.Sign(request); err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// TestAGracefulShutdownLosesNothing stops a receiver while it receives, and compares the
// acknowledged deliveries with the handled ones.
func TestAGracefulShutdownLosesNothing(t *testing.T) {
	t.Parallel()
	s := onSocket(t, testSettings(t))
	s.keys = t.TempDir()
	signer := storeKey(t, s.keys)
	r := startReceiver(t, s)
	var (
		senders      sync.WaitGroup
		mu           sync.Mutex
		acknowledged []string
		enough       = make(chan struct{})
	)
	for sender := range 8 {
		senders.Go(func() {
			for n := 0; ; n++ {
				body := text(fmt.Sprintf("%d-%d", sender, n), "YES")
				if status, err := tryPost(r.url, signer, body); err != nil || status != http.StatusNoContent {
					return // the receiver stopped
				}
				mu.Lock()
				if acknowledged = append(acknowledged, body); len(acknowledged) == 100 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	<-enough
	require.NoError(t, r.stop())
	senders.Wait()

	f := newFixture(t, s)
	f.workOff(t, nil)
	handled := make(map[string]int)
	for _, effect := range f.effects(t) {
		handled[effect]++
	}
	for _, body := range acknowledged {
		assert.Equal(t, 1, handled[body], body)
	}
}

// TestAReceiverEndsWhenItsConsumerIsDeleted deletes the consumer while a pull request waits in it.
// Without one, the receiver would end after 30 seconds without a heartbeat.
func TestAReceiverEndsWhenItsConsumerIsDeleted(t *testing.T) {
	t.Parallel()
	s := onSocket(t, testSettings(t))
	s.keys = t.TempDir()
	address, err := proof.FreeAddress()
	require.NoError(t, err)
	s.clientAddress = address
	r := startReceiver(t, s)

	conn, err := nats.Connect("nats://" + address)
	require.NoError(t, err)
	defer conn.Close()
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	consumer, err := js.Consumer(t.Context(), s.stream, "WORKER")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		info, err := consumer.Info(t.Context())
		return err == nil && info.NumWaiting == 1
	}, 10*time.Second, 10*time.Millisecond)
	err = js.DeleteConsumer(t.Context(), s.stream, "WORKER")
	if !errors.Is(err, context.DeadlineExceeded) { // the receiver can shut its server down before that responds
		require.NoError(t, err)
	}
	assert.ErrorContains(t, <-r.ended, "the consumer does not exist any more")
}

func TestInvalidSettingsOfTheEngine(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	f := newFixture(t, testSettings(t))
	for name, c := range map[string]struct {
		change func(*settings)
		want   string
	}{
		"a directory in use": {func(s *settings) { s.directory = f.settings.directory }, "is in use by another process"},
		"a directory that is a file": {func(s *settings) {
			s.directory = filepath.Join(directory, "file")
			require.NoError(t, os.WriteFile(s.directory, nil, 0o600))
		}, "not a directory"},
		"a client address without a port": {func(s *settings) { s.clientAddress = "localhost" }, `-client-addr must be an address with a port, as in 127.0.0.1:4222, got "localhost"`},
		"a cluster that does not respond": {func(s *settings) { s.natsURL = "nats://127.0.0.1:1" }, "connect to NATS"},
		"an invalid URL of a cluster":     {func(s *settings) { s.natsURL = "nats://user:s3cret pass@host" }, "NATS_URL must be a URL, as in nats://host:4222"},
	} {
		s := testSettings(t)
		c.change(&s)
		_, err := startEngine(s, slog.New(slog.DiscardHandler), nil)
		require.ErrorContains(t, err, c.want, name)
		assert.NotContains(t, err.Error(), "s3cret", name)
	}
}

func TestUnreadableKeysEndTheReceiver(t *testing.T) {
	t.Parallel()
	s := onSocket(t, testSettings(t))
	s.keys = filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(s.keys, nil, 0o600))
	assert.ErrorContains(t, receive(t.Context(), s, io.Discard, slog.New(slog.DiscardHandler)), s.keys)
}

// TestOptionsOfTheEmbeddedServer checks options whose effect no test here can show: it would take
// a power cut, or a nearly full disk.
func TestOptionsOfTheEmbeddedServer(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	assert.True(t, f.engine.server.JetStreamConfig().SyncAlways)
	assert.EqualValues(t, int64(1<<50), f.engine.server.JetStreamConfig().MaxStore)
	assert.Nil(t, f.engine.server.Addr(), "the server listens")
}

// TestAReceiverEndsWhenItsDiskFails removes the directory of the queue's files, so that the server
// can't create the next one.
func TestAReceiverEndsWhenItsDiskFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	require.NoError(t, os.RemoveAll(filepath.Join(f.settings.directory, "jetstream", "$G", "streams", f.store.queue, "msgs")))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var err error
	for n := 0; n < 100 && err == nil; n++ {
		err = f.store.enqueue(ctx, deliveryOf(strings.Repeat("x", 1<<20)))
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
	select {
	case err := <-f.failed:
		assert.ErrorContains(t, err, "the embedded NATS server: JetStream stream '$G > DELIVERIES' write error")
	case <-time.After(20 * time.Second):
		t.Error("the engine did not report the failed write")
	}
}
