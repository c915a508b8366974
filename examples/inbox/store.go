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

// store stores deliveries. It is the webhook.Deduplicator of the handler.
type store struct {
	db     *database
	stored chan struct{} // wakes the worker after a delivery is stored
}

func newStore(db *database) *store {
	return &store{db, make(chan struct{}, 1)}
}

type transactionKey struct{}

// Do inserts a dedupe key and calls handle, in one transaction. A concurrent duplicate waits
// until the transaction ends: in PostgreSQL for the row, in SQLite for the connection.
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
		default: // the worker is already notified
		}
	}
	return duplicate && err == nil, err
}

// receive stores a delivery and its effect on this database, in the transaction of Do. It is the
// callback of the handler, which responds after Do has committed.
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
		payload = []byte{} // nil would be NULL
	}
	err = tx.QueryRowContext(ctx,
		`INSERT INTO deliveries (dedupe_key, payload, received_at, next_attempt_at) VALUES ($1, $2, $3, $3) RETURNING id`,
		key, payload, now()).Scan(&id)
	return id, err
}

// addMessage is this example's effect on the database: it inserts a row for each event. Replace
// it with writes to your own tables. Effects outside the database, such as an e-mail, belong in
// the worker.
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
		return nil // the worker parks the delivery
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO messages (delivery_id, kind, platform_id, number, content) VALUES ($1, $2, $3, $4, $5)`,
		delivery, kind, asText(id), asText(number), []byte(content))
	return err
}

// asText replaces what PostgreSQL's text can't hold: NULs and invalid UTF-8. Genuine IDs and
// numbers have neither.
func asText(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
}

// now returns the time in the format of the tables.
func now() int64 { return time.Now().UnixMilli() }

// ready returns an error if the database does not respond or has no tables.
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
