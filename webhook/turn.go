package webhook

import (
	"context"
	"errors"
	"fmt"
)

// turn is the permission to parse and handle one delivery now. Nobody has one before the
// delivery is authenticated.
type turn struct{ turns chan struct{} }

// takeTurn waits for a turn until the context ends.
func (h *Handler) takeTurn(ctx context.Context) (turn, error) {
	select {
	case h.turns <- struct{}{}:
		return turn{h.turns}, nil
	case <-ctx.Done():
		return turn{}, busyError(ctx, "other deliveries have all turns")
	}
}

func (t turn) end() { <-t.turns }

func (r *receipt) waitForTurn() (err error) {
	turn, err := r.handler.takeTurn(r.early)
	if err == nil {
		r.turn = &turn
	}
	return err
}

func (r *receipt) endTurn() {
	if r.turn != nil {
		r.turn.end()
		r.turn = nil
	}
}

// busyError is that of a delivery that waited until its context ended.
func busyError(ctx context.Context, why string) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%w: %s: %w", ErrBusy, why, context.Cause(ctx))
	}
	return fmt.Errorf("%w: %s", ErrBusy, why)
}
