package webhook

import (
	"context"
	"errors"
	"fmt"
)

// A turn is the permission to parse and handle one delivery. Only authenticated deliveries
// get a turn.

// takeTurn waits for a turn until the context ends.
func (h *Handler) takeTurn(ctx context.Context) error {
	select {
	case h.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return busyError(ctx, "other deliveries use all turns")
	}
}

func (h *Handler) endTurn() { <-h.turns }

func (r *receipt) waitForTurn() error {
	select {
	case r.handler.turns <- struct{}{}: // usually succeeds
	default:
		if err := r.handler.takeTurn(r.early()); err != nil {
			return err
		}
	}
	r.hasTurn = true
	return nil
}

func (r *receipt) endTurn() {
	if r.hasTurn {
		r.hasTurn = false
		r.handler.endTurn()
	}
}

// busyError returns the error of a delivery that waited until its context ended.
func busyError(ctx context.Context, why string) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%w: %s: %w", ErrBusy, why, context.Cause(ctx))
	}
	return fmt.Errorf("%w: %s", ErrBusy, why)
}
