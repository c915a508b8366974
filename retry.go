package messagemedia

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// firstRetryWait is the longest wait before the second attempt. It doubles with
// each further attempt.
const firstRetryWait = 500 * time.Millisecond

// retryable reports whether a failed attempt of a call may be followed by another.
func (c *call) retryable(err error, sent bool) bool {
	if apiErr, ok := errors.AsType[*APIError](err); ok {
		switch apiErr.StatusCode {
		case http.StatusTooManyRequests:
			return true
		case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return !c.nonIdempotent
		}
		return false
	}
	_, transport := errors.AsType[*transportError](err)
	return transport && !(c.nonIdempotent && sent)
}

// outcomeUnknown reports whether a failed attempt may have changed something.
func (c *call) outcomeUnknown(err error, sent bool) bool {
	apiErr, ok := errors.AsType[*APIError](err)
	refused := ok && apiErr.StatusCode < 500
	return c.method != http.MethodGet && sent && !refused
}

// waitBeforeRetry waits until the next attempt may start. Its error, which matches
// lastErr, means that there will be none.
func (c *Client) waitBeforeRetry(ctx context.Context, attempt int, lastErr error) error {
	wait := rand.N(min(c.maxRetryWait, backoff(attempt)) + 1)
	if apiErr, ok := errors.AsType[*APIError](lastErr); ok && apiErr.RetryAfter > 0 {
		wait = apiErr.RetryAfter
		if deadline, ok := ctx.Deadline(); wait > c.maxRetryWait || ok && wait > time.Until(deadline) {
			return lastErr
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w; then, before another attempt: %w", lastErr, ctx.Err())
	}
}

// backoff is the longest wait after an attempt, the first of which is 1.
func backoff(attempt int) time.Duration {
	const doublings = 16 // half a day; more would overflow in the end
	return firstRetryWait << min(attempt-1, doublings)
}

// retryAfter reads how long the API asks to wait: a number of seconds, or a date
// that is counted from the response's own. It is 0 when there is no such request.
func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		return time.Duration(min(seconds, math.MaxInt64/uint64(time.Second))) * time.Second
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	from, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		from = time.Now()
	}
	return max(0, until.Sub(from))
}
