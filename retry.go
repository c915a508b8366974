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

// waitBeforeRetry waits until the next attempt may start. Its error, which matches
// lastErr, means that there will be none.
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

// longestWait returns how long a wait that the API asks for may be.
func (c *Client) longestWait(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return min(c.maxRetryWait, time.Until(deadline))
	}
	return c.maxRetryWait
}

// jitter returns the longest random wait after an attempt, on top of the least one. All
// clients that the API asked to wait would come back at once without it.
func (c *Client) jitter(ctx context.Context, attempt int, least time.Duration) time.Duration {
	if least == 0 {
		return min(c.maxRetryWait, backoff(attempt))
	}
	return max(0, min(c.longestWait(ctx)-least, backoff(attempt)))
}

// pause waits until what was read may be read again, and has changed. Half of the wait is
// random.
func (c *Client) pause(ctx context.Context, reading int) error {
	longest := min(c.maxRetryWait, backoff(reading))
	return sleep(ctx, longest/2+rand.N(longest/2+1))
}

// sleep waits. If ctx ends before, the error says so.
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

// backoff is the longest wait after an attempt, the first of which is 1.
func backoff(attempt int) time.Duration {
	const doublings = 16 // half a day; more would overflow in the end
	return firstRetryWait << min(attempt-1, doublings)
}

// retryAfter reads how long the API asks to wait: a number of seconds, which may have a
// fraction, or a date that is counted from the response's own. It is 0 if there is no such
// request.
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
