package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
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
)

func nothing(string) string { return "" }

// api is the environment of a program that uses an API, here one in memory.
func api(server *messagemediatest.Server) func(string) string {
	return func(name string) string {
		return map[string]string{
			"MESSAGEMEDIA_API_KEY": server.Key, "MESSAGEMEDIA_API_SECRET": server.Secret, "MESSAGEMEDIA_BASE_URL": server.URL,
		}[name]
	}
}

// running is a receiver on a socket.
type running struct {
	url   string
	lines *bufio.Scanner // of its output
	stop  func() error   // ends it, and returns what it ended with
	ended chan error
}

func startReceiver(t *testing.T, s settings, getenv func(string) string) *running {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	output, out := io.Pipe()
	r := &running{lines: bufio.NewScanner(output), ended: make(chan error, 1)}
	r.stop = func() error { cancel(); return <-r.ended }
	s.address, s.publicURL = "127.0.0.1:0", ""
	go func() {
		err := receive(ctx, s, getenv, out, slog.New(slog.NewTextHandler(t.Output(), nil)))
		out.CloseWithError(err)
		r.ended <- err
	}()
	require.True(t, r.lines.Scan(), "it did not start: %v", r.lines.Err())
	r.url = strings.TrimPrefix(r.lines.Text(), "Receiving at ")
	return r
}

func TestAReceiverWithoutCredentialsShowsADelivery(t *testing.T) {
	t.Parallel()
	s := testSettings(t)
	s.keyFile = filepath.Join(t.TempDir(), "keys.json")
	r := startReceiver(t, s, nothing)
	require.True(t, r.lines.Scan())
	assert.Contains(t, r.lines.Text(), "the platform in memory sends a text message")
	require.True(t, r.lines.Scan())
	assert.Equal(t, "Acknowledged: true", r.lines.Text())
	require.NoError(t, r.stop())
	assert.NoFileExists(t, s.keyFile)

	f := newFixture(t, s)
	f.workOff(t, nil)
	effects := f.effects(t)
	require.Len(t, effects, 1)
	assert.Contains(t, effects[0], "Hello from a phone")
}

func TestAReceiverSubscribesOnce(t *testing.T) {
	t.Parallel()
	platform := messagemediatest.NewServer(t)
	s := testSettings(t)
	s.keyFile = filepath.Join(t.TempDir(), "keys.json")
	for range 2 {
		r := startReceiver(t, s, api(platform))
		assert.Equal(t, http.StatusNoContent, post(t, r.url, platform.Signer(""), text("r1", "YES")))
		require.NoError(t, r.stop())
	}
	webhooks := platform.Webhooks("")
	require.Len(t, webhooks, 1)
	assert.Equal(t, 5, webhooks[0].Retries)
}

// TestHalfASubscriptionIsNone fails after the key was made: the next run must not
// take the file of the first for a subscription.
func TestHalfASubscriptionIsNone(t *testing.T) {
	t.Parallel()
	platform := messagemediatest.NewServer(t)
	platform.Fail(messagemediatest.Fault{Status: http.StatusForbidden, Match: func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.Contains(r.URL.Path, "webhooks")
	}})
	s := testSettings(t)
	s.address, s.keyFile = "127.0.0.1:0", filepath.Join(t.TempDir(), "keys.json")
	err := receive(t.Context(), s, api(platform), io.Discard, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, messagemedia.ErrForbidden)
	assert.NoFileExists(t, s.keyFile)

	r := startReceiver(t, s, api(platform))
	assert.Equal(t, http.StatusNoContent, post(t, r.url, platform.Signer(""), text("r1", "YES")))
	require.NoError(t, r.stop())
}

func TestAReceiverLeavesTheKeyOfAnotherInUse(t *testing.T) {
	t.Parallel()
	platform := messagemediatest.NewServer(t)
	key, err := createKey(t.Context(), platform.Client())
	require.NoError(t, err)
	_, err = platform.Client().EnableSignatureKey(t.Context(), key.ID)
	require.NoError(t, err)

	s := testSettings(t)
	s.address, s.keyFile = "127.0.0.1:0", filepath.Join(t.TempDir(), "keys.json")
	err = receive(t.Context(), s, api(platform), io.Discard, slog.New(slog.DiscardHandler))
	assert.ErrorContains(t, err, "the account signs with the key "+key.ID+" already")
	assert.Equal(t, key.ID, platform.Signer("").Key().ID())

	require.NoError(t, saveKeys(s.keyFile, key)) // which is what the error asks for
	r := startReceiver(t, s, api(platform))
	assert.Equal(t, http.StatusNoContent, post(t, r.url, platform.Signer(""), text("r1", "YES")))
	require.NoError(t, r.stop())
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

// TestACleanShutdownLosesNothing stops a receiver while it receives, and compares
// what was acknowledged with what the store has.
func TestACleanShutdownLosesNothing(t *testing.T) {
	t.Parallel()
	platform := messagemediatest.NewServer(t)
	s := testSettings(t)
	s.keyFile = filepath.Join(t.TempDir(), "keys.json")
	r := startReceiver(t, s, api(platform))
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
				if status, err := tryPost(r.url, platform.Signer(""), body); err != nil || status != http.StatusNoContent {
					return // the receiver is gone
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

func TestAReceiverEndsWhenItsConsumerIsDeleted(t *testing.T) {
	t.Parallel()
	platform := messagemediatest.NewServer(t)
	s := testSettings(t)
	s.keyFile = filepath.Join(t.TempDir(), "keys.json")
	address, err := proof.FreeAddress()
	require.NoError(t, err)
	s.clientAddress = address
	r := startReceiver(t, s, api(platform))

	conn, err := nats.Connect("nats://" + address)
	require.NoError(t, err)
	defer conn.Close()
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	require.NoError(t, js.DeleteConsumer(t.Context(), s.stream, "WORKER"))
	assert.ErrorContains(t, <-r.ended, "the consumer is gone")
}

func TestStartingWithWhatCanNotBe(t *testing.T) {
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
			require.NoError(t, saveKeys(s.directory))
		}, "not a directory"},
		"a client address without a port": {func(s *settings) { s.clientAddress = "localhost" }, `-client-addr is "localhost", want an address like 127.0.0.1:4222`},
		"a cluster that is not there":     {func(s *settings) { s.natsURL = "nats://127.0.0.1:1" }, "connect to NATS"},
		"a cluster's URL that is not one": {func(s *settings) { s.natsURL = "nats://user:s3cret pass@host" }, "NATS_URL is not one, want nats://host:4222"},
	} {
		s := testSettings(t)
		c.change(&s)
		_, err := startEngine(s, slog.New(slog.DiscardHandler), nil)
		require.ErrorContains(t, err, c.want, name)
		assert.NotContains(t, err.Error(), "s3cret", name)
	}
}

func TestKeyFilesThatCanNotBeRead(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, saveKeys(file, &messagemedia.SignatureKey{ID: "k", Digest: messagemedia.DigestSHA256}))
	_, err := loadKeys(file)
	assert.ErrorContains(t, err, file+": webhook: ParseKey: public key: empty")
	_, err = loadKeys(t.TempDir())
	assert.Error(t, err)
}

// TestTheEmbeddedServer has what no test here can cause: a power cut, and a
// restart on a disk that has little room left.
func TestTheEmbeddedServer(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	assert.True(t, f.engine.server.JetStreamConfig().SyncAlways)
	assert.EqualValues(t, 1<<50, f.engine.server.JetStreamConfig().MaxStore)
	assert.Nil(t, f.engine.server.Addr(), "it listens")
}

// TestAReceiverEndsWhenItsDiskFails takes the directory of the queue's files away:
// the next file can't be made.
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
		t.Error("it goes on")
	}
}
