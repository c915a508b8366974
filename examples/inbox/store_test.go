package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// onEachDatabase runs a test on SQLite and, if DATABASE_URL is set, on PostgreSQL. Each call of the
// open function opens the same database.
func onEachDatabase(t *testing.T, test func(t *testing.T, open func() *store)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "inbox %?#.db")
		test(t, func() *store { return openStore(t, "", file) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		schemaURL := newPostgresSchema(t)
		test(t, func() *store { return openStore(t, schemaURL, "") })
	})
}

func openStore(t *testing.T, databaseURL, file string) *store {
	db, err := openDatabase(t.Context(), databaseURL, file)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return newStore(db)
}

// newPostgresSchema creates an empty schema and returns its URL. It drops the schema after the test.
func newPostgresSchema(t *testing.T) string {
	databaseURL := os.Getenv("DATABASE_URL")
	if databaseURL == "" {
		t.Skip("DATABASE_URL is not set")
	}
	db, err := sql.Open("pgx", databaseURL)
	require.NoError(t, err)
	defer db.Close()
	name := "test_" + strings.ToLower(rand.Text())
	_, err = db.ExecContext(t.Context(), "CREATE SCHEMA "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		db, err := sql.Open("pgx", databaseURL)
		require.NoError(t, err)
		defer db.Close()
		_, err = db.Exec("DROP SCHEMA " + name + " CASCADE")
		assert.NoError(t, err)
	})
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

// delivery returns a delivery as the handler passes it to the callback.
func delivery(payload string) *webhook.Delivery {
	d := &webhook.Delivery{Event: webhook.Parse([]byte(payload))}
	if payload != "" {
		d.Body = []byte(payload)
	}
	return d
}

func sms(id, content string) string {
	text, err := json.Marshal(map[string]string{"event": "RECEIVED_SMS", "reply_id": id, "source_number": "+61491570156", "content": content})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// deliver stores a delivery with a dedupe key, as the handler does.
func deliver(ctx context.Context, s *store, key, payload string) (duplicate bool, err error) {
	return s.Do(ctx, key, func(ctx context.Context) error { return s.receive(ctx, delivery(payload)) })
}

func count(t *testing.T, s *store, table string) (n int) {
	require.NoError(t, s.db.QueryRow("SELECT count(*) FROM "+table).Scan(&n))
	return n
}

// requireCounts checks the number of rows in each table.
func requireCounts(t *testing.T, s *store, keys, deliveries, messages int) {
	t.Helper()
	require.Equal(t, []int{keys, deliveries, messages}, []int{count(t, s, "dedupe_keys"), count(t, s, "deliveries"), count(t, s, "messages")},
		"dedupe keys, deliveries, messages")
}

func TestADuplicateChangesNothing(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		s := open()
		for n := range 3 {
			duplicate, err := deliver(t.Context(), s, "key", sms("1", "YES"))
			require.NoError(t, err)
			assert.Equal(t, n > 0, duplicate)
			requireCounts(t, s, 1, 1, 1)
		}
		duplicate, err := deliver(t.Context(), open(), "key", sms("1", "YES")) // another process
		require.NoError(t, err)
		assert.True(t, duplicate)
		requireCounts(t, s, 1, 1, 1)
		_, err = deliver(t.Context(), s, "another key", sms("2", "YES"))
		require.NoError(t, err)
		requireCounts(t, s, 2, 2, 2)
	})
}

// TestAFailedTransactionLeavesNothing ends a transaction early, and then delivers the same again,
// which must be stored as new.
func TestAFailedTransactionLeavesNothing(t *testing.T) {
	t.Parallel()
	failure := errors.New("the effect failed")
	for name, handle := range map[string]func(ctx context.Context, cancel func(), s *store) error{
		"an error": func(context.Context, func(), *store) error { return failure },
		"a panic":  func(context.Context, func(), *store) error { panic(failure) },
		"the end of the context": func(ctx context.Context, cancel func(), _ *store) error {
			cancel()
			return nil
		},
		"a statement that fails": func(ctx context.Context, _ func(), s *store) error {
			_, err := ctx.Value(transactionKey{}).(*sql.Tx).ExecContext(ctx, "INSERT INTO no_such_table VALUES (1)")
			return err
		},
		"a commit that fails": func(ctx context.Context, _ func(), s *store) error {
			_, err := ctx.Value(transactionKey{}).(*sql.Tx).ExecContext(ctx, "INSERT INTO broken (parent) VALUES (7)")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachDatabase(t, func(t *testing.T, open func() *store) {
				s := open()
				for _, statement := range []string{
					"CREATE TABLE parents (id BIGINT PRIMARY KEY)",
					"CREATE TABLE broken (parent BIGINT REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)", // checked by the commit
				} {
					_, err := s.db.Exec(statement)
					require.NoError(t, err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				func() {
					defer func() { recover() }()
					duplicate, err := s.Do(ctx, "key", func(ctx context.Context) error {
						require.NoError(t, s.receive(ctx, delivery(sms("1", "YES"))))
						return handle(ctx, cancel, s)
					})
					assert.Error(t, err)
					assert.False(t, duplicate)
				}()
				requireCounts(t, s, 0, 0, 0)
				duplicate, err := deliver(t.Context(), s, "key", sms("1", "YES"))
				require.NoError(t, err)
				assert.False(t, duplicate)
				requireCounts(t, s, 1, 1, 1)
			})
		})
	}
}

// TestConcurrentDuplicates lets the first one fail: one of those that wait must run.
func TestConcurrentDuplicates(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		stores := []*store{open(), open()} // two processes
		var calls, duplicates, failures atomic.Int32
		var group sync.WaitGroup
		for n := range 16 {
			group.Go(func() {
				s := stores[n%2]
				duplicate, err := s.Do(t.Context(), "key", func(ctx context.Context) error {
					if calls.Add(1) == 1 {
						time.Sleep(10 * time.Millisecond) // lets others wait; the test passes without it, too
						return errors.New("the first one fails")
					}
					return s.receive(ctx, delivery(sms("1", "YES")))
				})
				if err != nil {
					failures.Add(1)
				}
				if duplicate {
					duplicates.Add(1)
				}
			})
		}
		group.Wait()
		assert.EqualValues(t, 2, calls.Load())
		assert.EqualValues(t, 1, failures.Load())
		assert.EqualValues(t, 14, duplicates.Load())
		requireCounts(t, stores[0], 1, 1, 1)
	})
}

func TestPayloadsSurvive(t *testing.T) {
	t.Parallel()
	attachment := bytes.Repeat([]byte("QUJD"), 8<<18)
	for name, payload := range map[string]string{
		"a NUL":                  sms("1", "before\x00after"),
		"emoji":                  sms("1", "👩‍👩‍👧‍👦 🇦🇺"),
		"1,600 characters":       sms("1", strings.Repeat("語", 1600)),
		"an attachment of 8 MiB": `{"reply_id":"1","attachments":[{"content_type":"image/jpeg","content":"` + string(attachment) + `"}]}`,
		"invalid UTF-8":          "\xff\x00\xfe<xml/>",
		"an empty body":          "",
		"a NUL in an ID":         sms("1\x00", "YES"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachDatabase(t, func(t *testing.T, open func() *store) {
				s := open()
				_, err := deliver(t.Context(), s, "key", payload)
				require.NoError(t, err)
				d, err := s.claim(t.Context(), time.Minute)
				require.NoError(t, err)
				assert.True(t, payload == string(d.payload), "the payload is unchanged")
				event, isSMS := webhook.Parse([]byte(payload)).(*webhook.ReceivedSMS)
				if !isSMS {
					return
				}
				var content []byte
				require.NoError(t, s.db.QueryRow("SELECT content FROM messages").Scan(&content))
				assert.Equal(t, event.Content, string(content))
			})
		})
	}
}

func TestSeveralProcessesCreateTheTables(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() { open() })
		}
		group.Wait()
		requireCounts(t, open(), 0, 0, 0)
	})
}

func TestAnUnavailableDatabaseIsReported(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, open func() *store) {
		s := open()
		require.NoError(t, s.ready(t.Context()))
		_, err := s.db.Exec("DROP TABLE deliveries")
		require.NoError(t, err)
		assert.ErrorContains(t, s.ready(t.Context()), "the database does not respond")
		require.NoError(t, s.db.Close())
		assert.ErrorContains(t, s.ready(t.Context()), "the database does not respond")
		_, err = deliver(t.Context(), s, "key", sms("1", "YES"))
		assert.Error(t, err)
	})
}

func TestErrorsOfOpeningADatabaseHidePasswords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ url, file string }{
		"no server":    {"postgres://user:a-password@127.0.0.1:1/inbox?connect_timeout=1", ""},
		"not a URL":    {"postgres://user:a-password@host:port/inbox", ""},
		"no directory": {"", filepath.Join(t.TempDir(), "missing", "inbox.db")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := openDatabase(t.Context(), c.url, c.file)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "a-password")
		})
	}
}
