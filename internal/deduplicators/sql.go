package deduplicators

import (
	"context"
	"database/sql"
)

// SQLDeduplicator keeps the keys in a table:
//
//	CREATE TABLE handled_deliveries (dedupe_key VARCHAR(66) PRIMARY KEY)
type SQLDeduplicator struct{ DB *sql.DB }

func (d *SQLDeduplicator) Do(ctx context.Context, key string, handle func(context.Context) error) (bool, error) {
	tx, err := d.DB.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback() // no effect after Commit
	inserted, err := tx.ExecContext(ctx, "INSERT INTO handled_deliveries (dedupe_key) VALUES ($1) ON CONFLICT DO NOTHING", key)
	if err != nil {
		return false, err
	}
	if rows, err := inserted.RowsAffected(); err != nil || rows == 0 {
		return err == nil, err
	}
	if err := handle(context.WithValue(ctx, txKey{}, tx)); err != nil {
		return false, err
	}
	return false, tx.Commit()
}

type txKey struct{}

// TxFrom returns the transaction in which the callback writes its effect.
func TxFrom(ctx context.Context) *sql.Tx {
	tx, _ := ctx.Value(txKey{}).(*sql.Tx)
	return tx
}
