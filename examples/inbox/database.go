package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// database is PostgreSQL or SQLite. The fields are the differences between their SQL.
type database struct {
	*sql.DB
	id, bytes  string // the column types of an ID and of bytes
	skipLocked string // lets concurrent workers claim different rows
	lockSchema string // lets concurrent processes create the tables
}

// openDatabase opens PostgreSQL if databaseURL is set, and otherwise an SQLite file. It creates
// missing tables.
func openDatabase(ctx context.Context, databaseURL, file string) (*database, error) {
	db, err := openDriver(databaseURL, file)
	if err != nil {
		return nil, err
	}
	if err := db.createTables(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("create the tables: %w", err)
	}
	return db, nil
}

func openDriver(databaseURL, file string) (*database, error) {
	if databaseURL != "" {
		db, err := sql.Open("pgx", databaseURL)
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(20)
		return &database{
			DB: db, id: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", bytes: "BYTEA",
			skipLocked: "FOR UPDATE SKIP LOCKED", lockSchema: "SELECT pg_advisory_xact_lock(7108920541)",
		}, nil
	}
	// synchronous(FULL) flushes each commit to the disk. WAL lets readers and the writer work
	// concurrently. An immediate transaction waits for the writer's lock at its beginning; a
	// deferred one would fail when it writes after it read.
	query := url.Values{
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(file)+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // SQLite has one writer: waiting here is fair, waiting in SQLite is not
	return &database{DB: db, id: "INTEGER PRIMARY KEY AUTOINCREMENT", bytes: "BLOB", lockSchema: "SELECT 1"}, nil
}

// schema stores times as Unix milliseconds. Columns for text from senders have bytes, because
// PostgreSQL's text can't hold a NUL.
const schema = `
CREATE TABLE IF NOT EXISTS dedupe_keys (
	key       TEXT PRIMARY KEY,
	stored_at BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
	id              {id},
	dedupe_key      TEXT NOT NULL,  -- '' if there is none
	payload         {bytes} NOT NULL,
	received_at     BIGINT NOT NULL,
	attempts        BIGINT NOT NULL DEFAULT 0,
	next_attempt_at BIGINT,         -- NULL if handled or parked
	handled_at      BIGINT,
	parked_at       BIGINT,
	last_error      TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS deliveries_parked ON deliveries (parked_at) WHERE parked_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS deliveries_handled ON deliveries (handled_at) WHERE handled_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS dedupe_keys_stored ON dedupe_keys (stored_at);
CREATE TABLE IF NOT EXISTS messages (
	delivery_id BIGINT NOT NULL,
	kind        TEXT NOT NULL,
	platform_id TEXT NOT NULL,
	number      TEXT NOT NULL,      -- the sender, or the recipient of a report
	content     {bytes} NOT NULL
)`

func (db *database) createTables(ctx context.Context) error {
	return db.inTransaction(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, db.lockSchema); err != nil {
			return err
		}
		for statement := range strings.SplitSeq(strings.NewReplacer("{id}", db.id, "{bytes}", db.bytes).Replace(schema), ";") {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// inTransaction calls do in a transaction. It commits if do returns nil, and otherwise rolls back.
func (db *database) inTransaction(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // also after a panic; does nothing after the commit
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}
