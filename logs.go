package messagemedia

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/redact"
)

// logAttempt records one request of a call: at level Debug if it succeeded, at Warn if it
// failed.
func (c *Client) logAttempt(ctx context.Context, a *attempt, start time.Time) {
	level, message := slog.LevelDebug, "messagemedia: attempt succeeded"
	switch {
	case a.err == nil:
	case a.call.mayBeAbsent && saysNotFound(a.err):
		message = "messagemedia: attempt found nothing"
	default:
		level, message = slog.LevelWarn, "messagemedia: attempt failed"
	}
	if !c.logger.Enabled(ctx, level) {
		return
	}
	attributes := []slog.Attr{
		slog.String("operation", a.call.operation),
		slog.String("method", a.call.method),
		slog.String("route", a.call.route),
		slog.Int("attempt", a.number),
		slog.Duration("duration", time.Since(start)),
	}
	if a.response != nil {
		attributes = append(attributes,
			slog.Int("status", a.response.StatusCode),
			slog.String("request_id", a.requestID()))
	}
	if level == slog.LevelWarn {
		attributes = append(attributes,
			slog.String("reason", string(a.reason)),
			slog.String("error", a.err.Error()))
	}
	c.logger.LogAttrs(ctx, level, message, attributes...)
}

// logEnd records the end of a call with more than one attempt.
func (c *Client) logEnd(ctx context.Context, call *call, attempts int, start time.Time, err error) {
	if attempts == 1 || !c.logger.Enabled(ctx, slog.LevelInfo) {
		return
	}
	end := "success"
	switch {
	case errors.Is(err, ErrOutcomeUnknown):
		end = "unknown"
	case err != nil:
		end = "failure"
	}
	c.logger.LogAttrs(ctx, slog.LevelInfo, "messagemedia: call ended after retries",
		slog.String("operation", call.operation),
		slog.Int("attempts", attempts),
		slog.Duration("duration", time.Since(start)),
		slog.String("end", end))
}

// saysNotFound reports whether an error is a 404 of the API, and not of a proxy.
func saysNotFound(err error) bool {
	apiErr, ok := errors.AsType[*APIError](err)
	return ok && apiErr.StatusCode == http.StatusNotFound && isEmptyOrJSON(apiErr.Body)
}

// requestID returns the request ID of the response, redacted for a log.
func (a *attempt) requestID() string {
	return redact.Line(a.secrets().Hide(requestID(a.response.Header)), maxRequestIDText)
}
