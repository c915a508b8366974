package main

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// stored is a row of the table deliveries.
type stored struct {
	id         int64
	key        string // "" if there is none
	payload    []byte
	attempts   int64 // including the current one
	receivedAt time.Time
	parkedAt   time.Time // zero unless it is parked
	lastError  string
}

// claim claims the delivery that has been due for the longest time. If the delivery is not
// settled when the lease ends, for example because the process crashed, it is due again. If no
// delivery is due, claim returns nil.
func (s *store) claim(ctx context.Context, lease time.Duration) (*stored, error) {
	var d stored
	at := now()
	err := s.db.QueryRowContext(ctx, `
		UPDATE deliveries SET attempts = attempts + 1, next_attempt_at = $2
		WHERE id = (SELECT id FROM deliveries WHERE next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT 1 `+s.db.skipLocked+`)
		RETURNING id, dedupe_key, payload, attempts`, at, at+lease.Milliseconds()).
		Scan(&d.id, &d.key, &d.payload, &d.attempts)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &d, err
}

// ofThisClaim restricts markHandled, retryAfter and park to the claim that returned the delivery.
// After its lease ended and another worker claimed the delivery, a slow worker changes nothing.
const ofThisClaim = ` WHERE id = $1 AND attempts = $2 AND next_attempt_at IS NOT NULL`

func (s *store) markHandled(ctx context.Context, d *stored) error {
	_, err := s.db.ExecContext(ctx, `UPDATE deliveries SET next_attempt_at = NULL, handled_at = $3`+ofThisClaim, d.id, d.attempts, now())
	return err
}

func (s *store) retryAfter(ctx context.Context, d *stored, wait time.Duration, reason error) error {
	_, err := s.db.ExecContext(ctx, `UPDATE deliveries SET next_attempt_at = $3, last_error = $4`+ofThisClaim,
		d.id, d.attempts, now()+wait.Milliseconds(), errorText(reason))
	return err
}

func (s *store) park(ctx context.Context, d *stored, reason error) error {
	_, err := s.db.ExecContext(ctx, `UPDATE deliveries SET next_attempt_at = NULL, parked_at = $3, last_error = $4`+ofThisClaim,
		d.id, d.attempts, now(), errorText(reason))
	return err
}

func errorText(err error) string {
	const most = 1000
	text := asText(err.Error())
	if len(text) > most {
		text = asText(text[:most])
	}
	return text
}

// parked returns the parked deliveries, the oldest first.
func (s *store) parked(ctx context.Context) (list []stored, err error) {
	rows, err := s.db.QueryContext(ctx, `
		SELECT id, dedupe_key, payload, attempts, received_at, parked_at, last_error
		FROM deliveries WHERE parked_at IS NOT NULL ORDER BY parked_at, id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var d stored
		var receivedAt, parkedAt int64
		if err := rows.Scan(&d.id, &d.key, &d.payload, &d.attempts, &receivedAt, &parkedAt, &d.lastError); err != nil {
			return nil, err
		}
		d.receivedAt, d.parkedAt = time.UnixMilli(receivedAt), time.UnixMilli(parkedAt)
		list = append(list, d)
	}
	return list, rows.Err()
}

// requeue makes a parked delivery due again, with as many attempts as a new one. It reports
// whether the delivery was parked.
func (s *store) requeue(ctx context.Context, id int64) (found bool, err error) {
	result, err := s.db.ExecContext(ctx, `
		UPDATE deliveries SET next_attempt_at = $2, parked_at = NULL, attempts = 0 WHERE id = $1 AND parked_at IS NOT NULL`, id, now())
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// unsettled counts the deliveries that are neither handled nor parked.
func (s *store) unsettled(ctx context.Context) (n int, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT count(*) FROM deliveries WHERE next_attempt_at IS NOT NULL`).Scan(&n)
	return n, err
}

// prune deletes the deliveries that were handled, and the dedupe keys that were stored, before a
// time. It keeps parked deliveries and the messages.
func (s *store) prune(ctx context.Context, before time.Time) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM deliveries WHERE handled_at < $1`, before.UnixMilli())
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `DELETE FROM dedupe_keys WHERE stored_at < $1`, before.UnixMilli())
	return err
}
