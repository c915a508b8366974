package messagemedia

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// A look-up reads a list to tell what became of a change whose response was lost, or
// whether something is gone.

// lookUpError is an outcome that is unknown, and that a look-up could not tell either. It
// matches what the outcome's error matches.
type lookUpError struct {
	unknown error
	failure error // of the look-up
}

func (e *lookUpError) Error() string {
	return fmt.Sprintf("%v; the look-up failed, too: %v", e.unknown, e.failure)
}

func (e *lookUpError) Unwrap() error { return e.unknown }

// mayLookUp waits as long as the API asked to, before anything more is sent for a call. Its
// error means that nothing may be.
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

// findCreated looks for the webhook of a request whose outcome is unknown. If that does not
// help, the error remains as it was. The list may lag behind, so it is read again.
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
			return nil, conflictError(unknown)
		}
		if reading == lagReadings || pages.pause(reading) != nil {
			return nil, unknown
		}
	}
}

// conflictError is the error of a creation whose outcome is unknown, and whose URL and
// method a webhook has that is not as asked.
func conflictError(unknown error) error {
	if errors.Is(unknown, ErrConflict) {
		return unknown // the API's own response, too
	}
	return fmt.Errorf("messagemedia: CreateWebhook: %w: a webhook that is not as asked has this URL and method: %w", ErrConflict, unknown)
}

// deleteByID makes a call that deletes something. If the API says that there is no such
// thing, after an attempt whose outcome is unknown, and the list lacks it, that attempt
// deleted it.
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
