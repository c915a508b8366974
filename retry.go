package messagemedia

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// firstRetryWait is the longest wait before the second attempt. It doubles with
// each further attempt.
const firstRetryWait = 500 * time.Millisecond

// waitBeforeRetry waits until the next attempt may start. If there must be none, it returns
// an error that matches lastErr.
func (c *Client) waitBeforeRetry(ctx context.Context, attempt int, lastErr error) error {
	least := askedToWait(lastErr)
	if least > c.longestWait(ctx) {
		return lastErr
	}
	if err := sleep(ctx, least+rand.N(c.jitter(ctx, attempt, least)+1)); err != nil {
		return fmt.Errorf("%w; then, before another attempt: %w", lastErr, err)
	}
	return nil
}

// askedToWait returns how long the API asks to wait, 0 if it does not.
func askedToWait(err error) time.Duration {
	if apiErr, ok := errors.AsType[*APIError](err); ok {
		return apiErr.RetryAfter
	}
	return 0
}

// longestWait returns the longest wait that the API may ask for.
func (c *Client) longestWait(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return min(c.maxRetryWait, time.Until(deadline))
	}
	return c.maxRetryWait
}

// jitter returns the maximum of the random wait that is added to the least wait. Without it,
// all clients that the API asked to wait would retry at the same time.
func (c *Client) jitter(ctx context.Context, attempt int, least time.Duration) time.Duration {
	if least == 0 {
		return min(c.maxRetryWait, backoff(attempt))
	}
	return max(0, min(c.longestWait(ctx)-least, backoff(attempt)))
}

// pause waits before a list is read again. Half of the wait is random.
func (c *Client) pause(ctx context.Context, reading int) error {
	longest := min(c.maxRetryWait, backoff(reading))
	return sleep(ctx, longest/2+rand.N(longest/2+1))
}

// sleep waits. If ctx ends first, it returns the error of ctx.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return newContextError(ctx)
	}
}

// backoff returns the longest wait after an attempt. The number of the first attempt is 1.
func backoff(attempt int) time.Duration {
	const doublings = 16 // half a day; more would overflow in the end
	return firstRetryWait << min(attempt-1, doublings)
}

// retryAfter returns how long the API asks to wait, or 0. The header contains a number of
// seconds, which may have a fraction, or a date, which is relative to the response's Date.
func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if value != "" && strings.Trim(value, "0123456789.") == "" {
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return 0
		}
		const most = float64(math.MaxInt64 / int64(time.Second))
		whole, fraction := math.Modf(min(seconds, most))
		return time.Duration(whole)*time.Second + time.Duration(fraction*float64(time.Second))
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
