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

// database is PostgreSQL or SQLite. Both take the same statements but for what is
// here.
type database struct {
	*sql.DB
	id, bytes  string // the types of a row's number and of bytes
	skipLocked string // lets several workers look for a row at the same time
	lockSchema string // lets several processes create the tables at the same time
}

// openDatabase opens PostgreSQL if there is a URL, and otherwise a file of SQLite. It
// creates the tables that are missing.
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
	// What is committed is on the disk (synchronous), readers and the writer don't wait
	// for each other (WAL), and a transaction waits for its turn instead of failing
	// when it writes after it read (immediate).
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

// schema has times as Unix milliseconds, and bytes for whatever a phone can type:
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
	next_attempt_at BIGINT,         -- NULL once it is handled or parked
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
	number      TEXT NOT NULL,      -- of the phone that the event is about
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

// inTransaction commits what a function does, or does nothing of it.
func (db *database) inTransaction(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a panic, too; after the commit it does nothing
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}
