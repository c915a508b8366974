package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// store keeps deliveries, and is the webhook.Deduplicator of the handler.
type store struct {
	db     *database
	stored chan struct{} // receives after a delivery was stored, for the worker
}

func newStore(db *database) *store {
	return &store{db, make(chan struct{}, 1)}
}

type transactionKey struct{}

// Do stores a dedupe key, and what handle writes, in one transaction: both are there,
// or neither. A duplicate that arrives at the same time waits until the transaction
// has ended, in PostgreSQL at its row, in SQLite for its turn.
func (s *store) Do(ctx context.Context, key string, handle func(context.Context) error) (duplicate bool, err error) {
	err = s.db.inTransaction(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO dedupe_keys (key, stored_at) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`, key, now())
		if err != nil {
			return err
		}
		inserted, err := result.RowsAffected()
		if duplicate = inserted == 0; err != nil || duplicate {
			return err
		}
		return handle(context.WithValue(ctx, transactionKey{}, tx))
	})
	if err == nil && !duplicate {
		select {
		case s.stored <- struct{}{}:
		default: // the worker has been told already
		}
	}
	return duplicate && err == nil, err
}

// receive is the callback of the handler, called by Do: it stores a delivery and, in the
// same transaction, its effect on this database. The handler responds after the commit.
func (s *store) receive(ctx context.Context, d *webhook.Delivery) error {
	tx, ok := ctx.Value(transactionKey{}).(*sql.Tx)
	if !ok {
		return errors.New("the delivery has no transaction")
	}
	id, err := s.add(ctx, tx, d.DedupeKey(), d.Body)
	if err != nil {
		return err
	}
	return addMessage(ctx, tx, id, d.Event)
}

func (s *store) add(ctx context.Context, tx *sql.Tx, key string, payload []byte) (id int64, err error) {
	if payload == nil {
		payload = []byte{} // an empty body is not NULL
	}
	err = tx.QueryRowContext(ctx,
		`INSERT INTO deliveries (dedupe_key, payload, received_at, next_attempt_at) VALUES ($1, $2, $3, $3) RETURNING id`,
		key, payload, now()).Scan(&id)
	return id, err
}

// addMessage is the effect of this example on the database: a row for each event.
// Your own tables take its place. What happens outside of the database, such as an
// e-mail, is up to the worker.
func addMessage(ctx context.Context, tx *sql.Tx, delivery int64, event webhook.Event) error {
	var kind, id, number, content string
	switch e := event.(type) {
	case *webhook.ReceivedSMS:
		kind, id, number, content = "sms", e.ReplyID, e.SourceNumber, e.Content
	case *webhook.ReceivedMMS:
		kind, id, number, content = "mms", e.ReplyID, e.SourceNumber, e.Content
	case *webhook.OptOut:
		kind, id, number, content = "opt-out", e.NotificationID, e.SourceNumber, e.Content
	case *webhook.DeliveryReport:
		kind, id, number, content = "report", e.DeliveryReportID, e.RecipientNumber, string(e.Status)
	default:
		return nil // it is stored, and the worker parks it
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO messages (delivery_id, kind, platform_id, number, content) VALUES ($1, $2, $3, $4, $5)`,
		delivery, kind, asText(id), asText(number), []byte(content))
	return err
}

// asText makes any string one that PostgreSQL's text can hold. IDs and numbers have
// neither a NUL nor broken UTF-8, unless somebody made them up.
func asText(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
}

// now is the time as the tables have it.
func now() int64 { return time.Now().UnixMilli() }

// ready reports whether the database responds, and has the tables.
func (s *store) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var found int
	err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM deliveries LIMIT 1) AS any_delivery`).Scan(&found)
	if err != nil {
		return fmt.Errorf("the database does not respond: %w", err)
	}
	return nil
}
