package messagemedia

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// A look-up reads a list to resolve the unknown outcome of a change.

// lookUpError is an unknown outcome that a failed look-up did not resolve. It matches what
// unknown matches.
type lookUpError struct {
	unknown error
	failure error // of the look-up
}

func (e *lookUpError) Error() string {
	return fmt.Sprintf("%v; the look-up also failed: %v", e.unknown, e.failure)
}

func (e *lookUpError) Unwrap() error { return e.unknown }

// mayLookUp waits as long as the API asked to. If it returns an error, the call must send
// nothing more.
func (c *Client) mayLookUp(ctx context.Context, lastErr error) error {
	wait := askedToWait(lastErr)
	if wait > c.longestWait(ctx) {
		return lastErr
	}
	if wait == 0 {
		return ctx.Err()
	}
	return sleep(ctx, wait)
}

// findCreated looks up the webhook of a creation whose outcome is unknown. If it does not
// find the webhook, it returns the error unknown. The list may lag behind, so it is read
// several times.
func (c *Client) findCreated(ctx context.Context, request CreateWebhookRequest, unknown error) (*Webhook, error) {
	if c.mayLookUp(ctx, unknown) != nil {
		return nil, unknown
	}
	pages := c.webhookPages(ctx, "CreateWebhook")
	for reading := 1; ; reading++ {
		listing, err := pages.read(nil)
		if err != nil {
			return nil, &lookUpError{unknown, err}
		}
		if webhook := indexOf(listing.items).find(request, nil); webhook != nil {
			if webhook.matches(request) {
				return webhook, nil
			}
			return nil, fmt.Errorf("messagemedia: CreateWebhook: %w: a webhook with this URL and method does not match the request: %w", ErrConflict, unknown)
		}
		if reading == lagReadings || pages.pause(reading) != nil {
			return nil, unknown
		}
	}
}

// deleteByID makes a call that deletes an item. If the API responds 404 after an attempt
// with an unknown outcome, and the list lacks the item, the call succeeds.
func deleteByID[T any](ctx context.Context, c *Client, list pages[T], id string, call *call) error {
	call.method = http.MethodDelete
	err := c.do(ctx, call)
	if !errors.Is(err, ErrOutcomeUnknown) || !saysNotFound(err) || c.mayLookUp(ctx, err) != nil {
		return err
	}
	found, failure := list.find(id, true)
	switch {
	case failure != nil:
		return &lookUpError{err, failure}
	case found != nil:
		return err
	}
	return nil
}
