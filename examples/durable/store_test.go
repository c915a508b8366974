package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// text returns the payload of a text message.
func text(id, content string) string {
	return fmt.Sprintf(`{"event":"RECEIVED_SMS","reply_id":%q,"content":%q}`, id, content)
}

// withoutID is a text message that has no dedupe key.
const withoutID = `{"event":"RECEIVED_SMS","content":"YES"}`

func TestADuplicateIsStoredOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	var duplicates sync.WaitGroup
	var acknowledged atomic.Int32
	for range 16 {
		duplicates.Go(func() {
			if f.deliver(t, text("r1", "YES")) == http.StatusNoContent {
				acknowledged.Add(1)
			}
		})
	}
	duplicates.Wait()
	assert.EqualValues(t, 16, acknowledged.Load())
	assert.Equal(t, 1, f.queued(t))
	assert.Equal(t, http.StatusNoContent, f.deliver(t, text("r2", "YES")))
	assert.Equal(t, 2, f.queued(t))
}

func TestDeliveriesWithoutADedupeKeyAreNotDuplicates(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	for range 2 {
		assert.Equal(t, http.StatusNoContent, f.deliver(t, withoutID))
	}
	assert.Equal(t, 2, f.queued(t))
	f.workOff(t, nil)
	assert.Len(t, f.effects(t), 2)
}

// TestADuplicateThatTheQueueForgotIsHandledOnce restarts after the delivery has left the queue: the
// server restores message IDs only from the messages in the stream.
func TestADuplicateThatTheQueueForgotIsHandledOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	require.Equal(t, http.StatusNoContent, f.deliver(t, text("r1", "YES")))
	f.workOff(t, nil)
	require.Len(t, f.effects(t), 1)

	f.reopen(t)
	require.Equal(t, http.StatusNoContent, f.deliver(t, text("r1", "YES")))
	require.Equal(t, 1, f.queued(t), "the queue recognized the duplicate, so this test proves nothing")
	f.workOff(t, nil)
	assert.Len(t, f.effects(t), 1)
}

// TestARecreatedQueueHasNewKeys would lose the second delivery if the key were the sequence number
// alone.
func TestARecreatedQueueHasNewKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	require.Equal(t, http.StatusNoContent, f.deliver(t, withoutID))
	f.workOff(t, nil)
	require.Len(t, f.effects(t), 1)

	require.NoError(t, f.store.js.DeleteStream(t.Context(), f.store.queue))
	f.reopen(t)
	require.Equal(t, http.StatusNoContent, f.deliver(t, withoutID))
	f.workOff(t, nil)
	assert.Len(t, f.effects(t), 2)
}

func TestAFullQueueResponds503AndDropsNothing(t *testing.T) {
	t.Parallel()
	s := testSettings(t)
	s.maxBytes = 100_000
	f := newFixture(t, s)
	acknowledged := 0
	for n := range 1000 {
		response := f.response(f.request(t, text(fmt.Sprint(n), strings.Repeat("x", 10_000))))
		if response.Code == http.StatusServiceUnavailable {
			assert.Equal(t, "5", response.Header().Get("Retry-After"))
			break
		}
		require.Equal(t, http.StatusNoContent, response.Code)
		acknowledged++
	}
	require.Positive(t, acknowledged)
	require.Less(t, acknowledged, 10)
	assert.Equal(t, acknowledged, f.queued(t))

	// The one that was refused is not taken for a duplicate when the platform sends it again.
	refused := text(fmt.Sprint(acknowledged), strings.Repeat("x", 10_000))
	assert.Equal(t, http.StatusServiceUnavailable, f.deliver(t, refused))
	f.workOff(t, func(context.Context, string, *webhook.Delivery) error { return nil })
	assert.Equal(t, http.StatusNoContent, f.deliver(t, refused))
}

func TestABodyOf8MiBIsStored(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	const limit = 8 << 20
	padding := strings.Repeat("x", limit-len(text("r1", "")))
	assert.Equal(t, http.StatusRequestEntityTooLarge, f.deliver(t, text("r1", padding+"x")))
	assert.Equal(t, http.StatusNoContent, f.deliver(t, text("r1", padding)))
	f.workOff(t, nil)
	assert.True(t, slices.Equal(f.effects(t), []string{text("r1", padding)}))
}

func TestLargeHeadersDoNotLoseADelivery(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header http.Header
		kept   bool
	}{
		"25 headers of 1,000 characters":     {manyHeaders(25, strings.Repeat("x", 1000)), true},
		"the shortest lines":                 {http.Header{"A": make([]string, (maxHeaderBytes+4096)/len("a:\r\n"))}, false}, // net/http allows 4 KiB more
		"bytes that JSON makes 6 times long": {http.Header{"User-Agent": {strings.Repeat("\xff", maxHeaderBytes)}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, testSettings(t))
			request := f.request(t, text("r1", "YES"))
			maps.Copy(request.Header, c.header)
			assert.Equal(t, http.StatusNoContent, f.response(request).Code)
			d, err := decode(f.take(t).Headers(), nil)
			require.NoError(t, err)
			for name := range c.header {
				assert.Equal(t, c.kept, len(d.Header[name]) > 0, name)
			}
			assert.Equal(t, "/hooks/sms", d.Target)
		})
	}
}

func manyHeaders(n int, value string) http.Header {
	header := make(http.Header)
	for i := range n {
		header.Set(fmt.Sprintf("X-%s-%d", strings.Repeat("n", 190), i), value)
	}
	return header
}

// TestTheServerAcceptsLargeHeaders checks the limit of net/http.
func TestTheServerAcceptsLargeHeaders(t *testing.T) {
	t.Parallel()
	s := onSocket(t, testSettings(t))
	s.keys = t.TempDir()
	signer := storeKey(t, s.keys)
	r := startReceiver(t, s)
	request, err := http.NewRequest(http.MethodPost, r.url, strings.NewReader(text("r1", "YES")))
	require.NoError(t, err)
	request.Header = manyHeaders(25, strings.Repeat("x", 1000))
	require.NoError(t, signer.Sign(request))
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusNoContent, response.StatusCode)
	require.NoError(t, r.stop())
}

// TestRequestHeadersDoNotReachTheQueue sends headers that are commands to NATS. Whoever replays a
// signed delivery can add them, because the signature does not cover headers.
func TestRequestHeadersDoNotReachTheQueue(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	require.Equal(t, http.StatusNoContent, f.deliver(t, text("r1", "YES")))
	request := f.request(t, text("r2", "YES"))
	for name, value := range map[string]string{
		"Nats-Msg-Id": deliveryIDOf(t, text("r1", "YES")), "Nats-Rollup": "all", "Nats-TTL": "1s",
		"Nats-Expected-Stream": "ANOTHER", "Nats-Expected-Last-Sequence": "77",
		"Delivery": `{"target":"/forged"}`, "Delivery-Id": "forged",
	} {
		request.Header[name] = []string{value}
	}
	require.Equal(t, http.StatusNoContent, f.response(request).Code)
	require.Equal(t, 2, f.queued(t))

	f.settings.workers = 1
	var delivered []*webhook.Delivery
	f.workOff(t, func(_ context.Context, _ string, d *webhook.Delivery) error {
		delivered = append(delivered, d)
		return nil
	})
	require.Len(t, delivered, 2)
	assert.Equal(t, f.signer.Key().ID(), delivered[1].KeyID)
	assert.Equal(t, "/hooks/sms", delivered[1].Target)
	assert.Contains(t, delivered[1].Header, "Nats-Rollup")
}

func deliveryIDOf(t *testing.T, body string) string {
	d := webhook.Delivery{Method: http.MethodPost, Target: "/hooks/sms", Event: webhook.Parse([]byte(body))}
	require.NotEmpty(t, d.DedupeKey())
	return d.DedupeKey()
}

func deliveryOf(body string) *webhook.Delivery {
	return &webhook.Delivery{Target: "/hooks/sms", Body: []byte(body)}
}

// unsure is a bucket of a cluster that reports a write in progress as an existing key.
type unsure struct{ jetstream.KeyValue }

func (unsure) Create(context.Context, string, []byte, ...jetstream.KVCreateOpt) (uint64, error) {
	return 0, jetstream.ErrKeyExists
}

func TestAWriteInProgressIsNotHandled(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	bucket := f.store.handled
	f.store.handled = unsure{bucket}
	assert.ErrorIs(t, f.store.handle(t.Context(), "key", deliveryOf("YES")), jetstream.ErrKeyNotFound)

	_, err := bucket.Create(t.Context(), "key", []byte("YES"))
	require.NoError(t, err)
	assert.NoError(t, f.store.handle(t.Context(), "key", deliveryOf("YES")))
}

// TestARestartAppliesNewSettings changes the limits of existing streams.
func TestARestartAppliesNewSettings(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testSettings(t))
	require.Equal(t, http.StatusNoContent, f.deliver(t, text("r1", "YES")))
	f.settings.maxBytes, f.settings.keep = 32<<20, 48*time.Hour
	f.reopen(t)
	for _, name := range []string{f.store.queue, f.store.dead, "KV_" + f.store.handled.Bucket()} {
		stream, err := f.store.js.Stream(t.Context(), name)
		require.NoError(t, err)
		assert.EqualValues(t, 32<<20, stream.CachedInfo().Config.MaxBytes, name)
	}
	status, err := f.store.handled.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 48*time.Hour, status.TTL())
	assert.Equal(t, 1, f.queued(t))
}

// TestTheQueueRemembersLongerThanDuplicatesArrive adds up the limits of the platform and of the
// verifier.
func TestTheQueueRemembersLongerThanDuplicatesArrive(t *testing.T) {
	t.Parallel()
	const attempts, longestResponse, longestDelay, replayWindow = 6, time.Minute, time.Minute, 15 * time.Minute
	f := newFixture(t, testSettings(t))
	stream, err := f.store.js.Stream(t.Context(), f.store.queue)
	require.NoError(t, err)
	assert.Greater(t, stream.CachedInfo().Config.Duplicates, attempts*longestResponse+(attempts-1)*longestDelay+replayWindow)
}

func TestRetryOnTimeout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		silent   int // calls without a response
		response error
		calls    int
		want     error
		took     time.Duration
	}{
		"a response":              {0, nil, 1, nil, 0},
		"an error":                {0, jetstream.ErrStreamNotFound, 1, jetstream.ErrStreamNotFound, 0},
		"a response to the third": {2, nil, 3, nil, 10 * time.Second},
		"a response to the last":  {5, nil, 6, nil, 25 * time.Second},
		"no response at all":      {100, nil, 6, context.DeadlineExceeded, 30 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			calls, start := 0, time.Now()
			err := retryOnTimeout(t.Context(), func(ctx context.Context) error {
				if calls++; calls > c.silent {
					return c.response
				}
				<-ctx.Done()
				return ctx.Err()
			})
			assert.ErrorIs(t, err, c.want, name)
			assert.Equal(t, c.calls, calls, name)
			assert.Equal(t, c.took, time.Since(start), name)
		})
	}
}
