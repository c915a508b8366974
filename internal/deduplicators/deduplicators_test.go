package deduplicators

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

const token = "9Zq1vJ0cLxkR5sXw2BtUdA"

var errDatabase = errors.New("database down")

// store contains the keys of a deduplicator. Each call of connect simulates another process.
type store struct {
	connect func() webhook.Deduplicator
	expire  func() // lets the claims of crashed processes expire
	crash   func(t *testing.T, key string)
}

func newSQLite(t *testing.T) store {
	path := "file:" + filepath.Join(t.TempDir(), "deliveries.db") + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)"
	connect := func() *sql.DB {
		db, err := sql.Open("sqlite", path)
		require.NoError(t, err)
		t.Cleanup(func() { db.Close() })
		return db
	}
	db := connect()
	for _, table := range []string{"CREATE TABLE handled_deliveries (dedupe_key VARCHAR(66) PRIMARY KEY)", "CREATE TABLE effects (dedupe_key VARCHAR(66))"} {
		_, err := db.ExecContext(t.Context(), table)
		require.NoError(t, err)
	}
	return store{
		connect: func() webhook.Deduplicator { return &SQLDeduplicator{connect()} },
		expire:  func() {},
		crash: func(t *testing.T, key string) { // if the connection ends, the database rolls back
			conn, err := connect().Conn(t.Context())
			require.NoError(t, err)
			tx, err := conn.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			_, err = tx.ExecContext(t.Context(), "INSERT INTO handled_deliveries (dedupe_key) VALUES ($1)", key)
			require.NoError(t, err)
			require.NoError(t, tx.Rollback())
		},
	}
}

func newRedis(t *testing.T) store {
	server := miniredis.RunT(t)
	connect := func() *redis.Client {
		client := redis.NewClient(&redis.Options{Addr: server.Addr()})
		t.Cleanup(func() { client.Close() })
		return client
	}
	return store{
		connect: func() webhook.Deduplicator { return &RedisDeduplicator{connect(), 30 * time.Minute} },
		expire:  func() { server.FastForward(15 * time.Second) },
		crash: func(t *testing.T, key string) {
			require.NoError(t, connect().SetNX(t.Context(), key, "a crashed process", 15*time.Second).Err())
		},
	}
}

func overEach(t *testing.T, test func(*testing.T, store)) {
	for name, open := range map[string]func(*testing.T) store{"SQLite": newSQLite, "Redis": newRedis} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func newHandler(t *testing.T, deduplicator webhook.Deduplicator, callback func(context.Context, *webhook.Delivery) error) *webhook.Handler {
	verifier, err := webhook.NewVerifier(webhook.HeaderToken("X-Webhook-Token", token))
	require.NoError(t, err)
	handler, err := webhook.NewHandler(verifier, callback, webhook.WithDeduplicator(deduplicator))
	require.NoError(t, err)
	return handler
}

func deliver(t *testing.T, handler *webhook.Handler, id int) int {
	return handler.HandleRaw(t.Context(), webhook.RawRequest{
		Method: "POST", Target: "/hooks", Header: http.Header{"X-Webhook-Token": {token}},
		Body: fmt.Appendf(nil, `{"event":"RECEIVED_SMS","reply_id":"%d"}`, id),
	}).Status
}

// TestDuplicatesInTwoProcesses sends five messages eight times each, all at once. The callback
// runs once per message.
func TestDuplicatesInTwoProcesses(t *testing.T) {
	t.Parallel()
	overEach(t, func(t *testing.T, s store) {
		var calls [5]atomic.Int32
		callback := func(_ context.Context, d *webhook.Delivery) error {
			var id int
			_, err := fmt.Sscan(d.Event.(*webhook.ReceivedSMS).ReplyID, &id)
			calls[id].Add(1)
			return err
		}
		handlers := []*webhook.Handler{newHandler(t, s.connect(), callback), newHandler(t, s.connect(), callback)}
		var group sync.WaitGroup
		for i := range 40 {
			group.Go(func() { assert.Equal(t, 204, deliver(t, handlers[i%2], i%5)) })
		}
		group.Wait()
		for id := range calls {
			assert.EqualValues(t, 1, calls[id].Load(), "message %d", id)
		}
	})
}

// TestAFailureRecordsNothing, so a retry is handled in any process.
func TestAFailureRecordsNothing(t *testing.T) {
	t.Parallel()
	overEach(t, func(t *testing.T, s store) {
		for _, fail := range []func() error{func() error { return errDatabase }, func() error { panic("oops") }} {
			failing := newHandler(t, s.connect(), func(context.Context, *webhook.Delivery) error { return fail() })
			assert.GreaterOrEqual(t, deliver(t, failing, 1), 500)
		}
		calls := 0
		working := newHandler(t, s.connect(), func(context.Context, *webhook.Delivery) error { calls++; return nil })
		assert.Equal(t, 204, deliver(t, working, 1))
		assert.Equal(t, 204, deliver(t, working, 1))
		assert.Equal(t, 1, calls)
	})
}

// TestACrashedProcess leaves a claim. A retry after the claim has expired is handled.
func TestACrashedProcess(t *testing.T) {
	t.Parallel()
	overEach(t, func(t *testing.T, s store) {
		key := (&webhook.Delivery{Method: "POST", Target: "/hooks", Event: &webhook.ReceivedSMS{ReplyID: "1"}}).DedupeKey()
		s.crash(t, key)
		s.expire()
		calls := 0
		handler := newHandler(t, s.connect(), func(context.Context, *webhook.Delivery) error { calls++; return nil })
		assert.Equal(t, 204, deliver(t, handler, 1))
		assert.Equal(t, 1, calls)
	})
}

// TestTheFirstClientDisconnects, so its callback fails, and the waiting duplicate is handled.
func TestTheFirstClientDisconnects(t *testing.T) {
	t.Parallel()
	overEach(t, func(t *testing.T, s store) {
		ctx, disconnect := context.WithTimeout(t.Context(), 10*time.Second)
		defer disconnect()
		started, ended := make(chan struct{}), make(chan error, 1)
		go func() {
			_, err := s.connect().Do(ctx, "key", func(ctx context.Context) error {
				close(started)
				<-ctx.Done()
				return ctx.Err()
			})
			ended <- err
		}()
		<-started
		second := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			duplicate, err := s.connect().Do(ctx, "key", func(context.Context) error { return nil })
			if duplicate {
				err = errors.New("reported as a duplicate")
			}
			second <- err
		}()
		disconnect()
		require.ErrorIs(t, <-ended, context.Canceled)
		require.NoError(t, <-second)
	})
}

// TestADuplicateGivesUpBeforeItsDeadline while another claim is live.
func TestADuplicateGivesUpBeforeItsDeadline(t *testing.T) {
	t.Parallel()
	s := newRedis(t)
	s.crash(t, "key")
	ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
	defer cancel()
	_, err := s.connect().Do(ctx, "key", func(context.Context) error { return nil })
	require.ErrorIs(t, err, webhook.ErrInProgress)
	require.NoError(t, ctx.Err())
}

// TestTheEffectIsInTheTransaction of the key: both are committed or rolled back.
func TestTheEffectIsInTheTransaction(t *testing.T) {
	t.Parallel()
	s := newSQLite(t)
	fail := true
	handler := newHandler(t, s.connect(), func(ctx context.Context, d *webhook.Delivery) error {
		if _, err := TxFrom(ctx).ExecContext(ctx, "INSERT INTO effects (dedupe_key) VALUES ($1)", d.DedupeKey()); err != nil || fail {
			return errors.Join(err, errDatabase)
		}
		return nil
	})
	assert.Equal(t, 503, deliver(t, handler, 1))
	fail = false
	for range 2 {
		assert.Equal(t, 204, deliver(t, handler, 1))
	}
	var effects, keys int
	db := s.connect().(*SQLDeduplicator).DB
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*), COUNT(DISTINCT dedupe_key) FROM effects").Scan(&effects, &keys))
	assert.Equal(t, [2]int{1, 1}, [2]int{effects, keys})
}

// TestAFailedCommitIsNotAcknowledged, although the callback returned nil.
func TestAFailedCommitIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	overEach(t, func(t *testing.T, s store) {
		deduplicator := s.connect()
		handler := newHandler(t, deduplicator, func(ctx context.Context, _ *webhook.Delivery) error {
			switch d := deduplicator.(type) {
			case *SQLDeduplicator:
				return TxFrom(ctx).Rollback()
			case *RedisDeduplicator:
				return d.Client.Close()
			}
			return nil
		})
		assert.Equal(t, 503, deliver(t, handler, 1))
	})
}
