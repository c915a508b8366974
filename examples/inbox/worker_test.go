package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func newTestWorker(t *testing.T, s *store, effect func(context.Context, string, webhook.Event, []byte) error) *worker {
	return &worker{
		store: s, effect: effect, tries: 3, lease: time.Minute, poll: time.Millisecond, keep: time.Hour,
		logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
}

// makeDue ends every backoff and every lease.
func makeDue(t *testing.T, s *store) {
	_, err := s.db.Exec("UPDATE deliveries SET next_attempt_at = 0 WHERE next_attempt_at IS NOT NULL")
	require.NoError(t, err)
}

// workOff handles every delivery without waiting for backoffs and leases.
func workOff(t *testing.T, w *worker) {
	for {
		makeDue(t, w.store)
		claimed, err := w.next(t.Context())
		require.NoError(t, err)
		if !claimed {
			return
		}
	}
}

func TestAStoredDeliveryIsHandled(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		s := open()
		_, err := deliver(t.Context(), s, "key", sms("1", "YES"))
		require.NoError(t, err)
		_, err = deliver(t.Context(), s, "another key", sms("2", "NO"))
		require.NoError(t, err)
		var keys, contents []string
		workOff(t, newTestWorker(t, s, func(_ context.Context, key string, event webhook.Event, payload []byte) error {
			keys, contents = append(keys, key), append(contents, event.(*webhook.ReceivedSMS).Content)
			return nil
		}))
		assert.Equal(t, []string{"YES", "NO"}, contents)
		assert.Equal(t, 2, len(keys))
		assert.NotEqual(t, keys[0], keys[1])
		n, err := s.unsettled(t.Context())
		require.NoError(t, err)
		assert.Zero(t, n)
	})
}

func TestAFailureIsRetriedAndThenParked(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"an error": func() error { return errors.New("the gateway is away\x00" + strings.Repeat("é", 1000)) },
		"a panic":  func() error { panic("the gateway is away") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachDatabase(t, func(t *testing.T, open func() *store) {
				s := open()
				_, err := deliver(t.Context(), s, "key", sms("1", "YES"))
				require.NoError(t, err)
				calls, failing := 0, true
				w := newTestWorker(t, s, func(context.Context, string, webhook.Event, []byte) error {
					if calls++; failing {
						return fail()
					}
					return nil
				})
				workOff(t, w)
				assert.Equal(t, 3, calls)
				parked, err := s.parked(t.Context())
				require.NoError(t, err)
				require.Len(t, parked, 1)
				assert.Contains(t, parked[0].lastError, "the gateway is away")
				assert.EqualValues(t, 3, parked[0].attempts)
				assert.WithinDuration(t, time.Now(), parked[0].parkedAt, time.Minute)
				assert.WithinDuration(t, time.Now(), parked[0].receivedAt, time.Minute)

				duplicate, err := deliver(t.Context(), s, "key", sms("1", "YES"))
				require.NoError(t, err)
				assert.True(t, duplicate, "also while the delivery is parked")

				failing = false
				found, err := s.requeue(t.Context(), parked[0].id)
				require.NoError(t, err)
				assert.True(t, found)
				workOff(t, w)
				assert.Equal(t, 4, calls)
				parked, err = s.parked(t.Context())
				require.NoError(t, err)
				assert.Empty(t, parked)
				found, err = s.requeue(t.Context(), 1)
				require.NoError(t, err)
				assert.False(t, found, "the delivery was handled")
			})
		})
	}
}

func TestTheBackoffGrows(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		s := open()
		_, err := deliver(t.Context(), s, "key", sms("1", "YES"))
		require.NoError(t, err)
		w := newTestWorker(t, s, func(context.Context, string, webhook.Event, []byte) error { return errors.New("no") })
		for _, wait := range []time.Duration{time.Second, 2 * time.Second} {
			claimed, err := w.next(t.Context())
			require.NoError(t, err)
			require.True(t, claimed)
			claimed, err = w.next(t.Context())
			require.NoError(t, err)
			assert.False(t, claimed, "before the backoff has ended")
			var next int64
			require.NoError(t, s.db.QueryRow("SELECT next_attempt_at FROM deliveries").Scan(&next))
			assert.WithinDuration(t, time.Now().Add(wait), time.UnixMilli(next), wait/2)
			makeDue(t, s)
		}
	})
	var waits []time.Duration
	for _, attempts := range []int64{1, 2, 3, 10, 11, 1 << 40} {
		waits = append(waits, backoff(attempts))
	}
	assert.Equal(t, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 512 * time.Second, 10 * time.Minute, 10 * time.Minute}, waits)
}

func TestAPayloadThatIsNotAnEventIsParkedAtOnce(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		s := open()
		_, err := deliver(t.Context(), s, "key", "<xml>\x00\xff</xml>")
		require.NoError(t, err)
		workOff(t, newTestWorker(t, s, func(context.Context, string, webhook.Event, []byte) error {
			t.Error("the effect was called")
			return nil
		}))
		parked, err := s.parked(t.Context())
		require.NoError(t, err)
		require.Len(t, parked, 1)
		assert.EqualValues(t, 1, parked[0].attempts)
		assert.Contains(t, parked[0].lastError, "can't be handled: webhook:")
		assert.Equal(t, "<xml>\x00\xff</xml>", string(parked[0].payload))
	})
}

// TestADeliveryThatCrashesTheProcessIsParked claims a delivery without settling it, as if the process
// crashed.
func TestADeliveryThatCrashesTheProcessIsParked(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		s := open()
		_, err := deliver(t.Context(), s, "key", sms("1", "YES"))
		require.NoError(t, err)
		for range 3 {
			d, err := s.claim(t.Context(), time.Minute)
			require.NoError(t, err)
			require.NotNil(t, d)
			again, err := s.claim(t.Context(), time.Minute)
			require.NoError(t, err)
			require.Nil(t, again, "before the lease has ended")
			makeDue(t, s)
		}
		workOff(t, newTestWorker(t, s, func(context.Context, string, webhook.Event, []byte) error {
			t.Error("the effect was called again")
			return nil
		}))
		parked, err := s.parked(t.Context())
		require.NoError(t, err)
		require.Len(t, parked, 1)
		assert.Contains(t, parked[0].lastError, "not handled after 3 attempts")
	})
}

// TestASlowWorkerChangesNothing settles a delivery after the lease ended and another worker claimed it.
func TestASlowWorkerChangesNothing(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		s := open()
		_, err := deliver(t.Context(), s, "key", sms("1", "YES"))
		require.NoError(t, err)
		slow, err := s.claim(t.Context(), time.Minute)
		require.NoError(t, err)
		makeDue(t, s)
		fast, err := s.claim(t.Context(), time.Minute)
		require.NoError(t, err)
		for _, settle := range []func() error{
			func() error { return s.park(t.Context(), slow, errors.New("late")) },
			func() error { return s.retryAfter(t.Context(), slow, 0, errors.New("late")) },
			func() error { return s.markHandled(t.Context(), slow) },
		} {
			require.NoError(t, settle())
		}
		d, err := s.claim(t.Context(), time.Minute)
		require.NoError(t, err)
		assert.Nil(t, d, "the fast worker still has it")
		require.NoError(t, s.markHandled(t.Context(), fast))
		require.NoError(t, s.park(t.Context(), fast, errors.New("late")))
		parked, err := s.parked(t.Context())
		require.NoError(t, err)
		assert.Empty(t, parked)
	})
}

func TestSeveralWorkersHandleEachDeliveryOnce(t *testing.T) {
	t.Parallel()
	const deliveries = 100
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		var handled sync.Map
		var calls atomic.Int32
		done := make(chan struct{})
		effect := func(_ context.Context, key string, _ webhook.Event, _ []byte) error {
			if _, twice := handled.LoadOrStore(key, true); twice {
				t.Error("the effect was called twice", key)
			}
			if calls.Add(1) == deliveries {
				close(done)
			}
			return nil
		}
		for range 2 { // processes
			w := newTestWorker(t, open(), effect)
			w.start(4)
			defer w.stop()
		}
		s := open()
		for n := range deliveries {
			_, err := deliver(t.Context(), s, fmt.Sprint(n), sms(fmt.Sprint(n), "YES"))
			require.NoError(t, err)
		}
		<-done
	})
}

func TestStopWaitsForTheEffect(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		s := open()
		began, finish, stopped := make(chan struct{}), make(chan struct{}), make(chan struct{})
		w := newTestWorker(t, s, func(ctx context.Context, _ string, _ webhook.Event, _ []byte) error {
			close(began)
			<-finish
			return ctx.Err()
		})
		w.start(1)
		_, err := deliver(t.Context(), s, "key", sms("1", "YES"))
		require.NoError(t, err)
		<-began
		go func() { w.stop(); close(stopped) }()
		select {
		case <-stopped:
			t.Error("the worker stopped while it handled a delivery")
		case <-time.After(50 * time.Millisecond):
		}
		close(finish)
		<-stopped
		n, err := s.unsettled(t.Context())
		require.NoError(t, err)
		assert.Zero(t, n)
	})
}

func TestPruneKeepsParkedAndUnhandledDeliveries(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		s := open()
		for _, key := range []string{"handled", "parked", "waiting"} {
			_, err := deliver(t.Context(), s, key, sms(key, "YES"))
			require.NoError(t, err)
		}
		for _, settle := range []func(*stored) error{
			func(d *stored) error { return s.markHandled(t.Context(), d) },
			func(d *stored) error { return s.park(t.Context(), d, errors.New("no")) },
		} {
			d, err := s.claim(t.Context(), time.Minute)
			require.NoError(t, err)
			require.NoError(t, settle(d))
		}
		require.NoError(t, s.prune(t.Context(), time.Now().Add(-time.Hour)))
		requireCounts(t, s, 3, 3, 3)
		require.NoError(t, s.prune(t.Context(), time.Now().Add(time.Hour)))
		requireCounts(t, s, 0, 2, 3)
	})
}
