package webhook

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// freeBodyBytes do not count against the shared budget: what it takes to read the first
	// 64 KiB of a body, while the buffer grows from 32 KiB.
	freeBodyBytes = 96<<10 + 1

	firstBufferBytes = 16 << 10
)

// readBody reads the body of a request, up to the verifier's limit. If the body is shorter
// than the announced length, other code has read it: net/http itself reports a body that
// the connection truncated.
func (v *Verifier) readBody(r *http.Request, share *share) ([]byte, error) {
	if err := v.checkSize(r.ContentLength); err != nil {
		return nil, err
	}
	var body []byte
	if r.Body != nil && r.Body != http.NoBody {
		end := v.maxBodyBytes // the longest that the body can be
		if r.ContentLength >= 0 {
			end = r.ContentLength
		}
		var err error
		if body, err = v.readAll(r.Body, end, share); err != nil {
			return nil, err
		}
	}
	if int64(len(body)) < r.ContentLength {
		return nil, ErrBodyConsumed
	}
	return body, nil
}

// readFrom reads the body with a deadline, if the server's ResponseWriter supports one.
func (r *receipt) readFrom(w http.ResponseWriter, request *http.Request) ([]byte, error) {
	controller := http.NewResponseController(w)
	server, _ := request.Context().Value(http.ServerContextKey).(*http.Server)
	if limit := r.handler.timeout / 3; server == nil || server.ReadTimeout <= 0 || server.ReadTimeout > limit {
		controller.SetReadDeadline(r.earlyDeadline()) // never later than the server's own
	}
	body, err := r.handler.verifier.readBody(request, &r.share)
	if err == nil {
		// A deadline that passes while the callback runs would end the request's context.
		// After an error, the deadline stays, because net/http continues to read.
		controller.SetReadDeadline(time.Time{})
	}
	return body, err
}

// readAll reads until the end. Its buffer starts small and doubles, so a client that
// announces a long body and sends a short one costs little memory.
func (v *Verifier) readAll(from io.Reader, end int64, share *share) ([]byte, error) {
	size := min(end+1, firstBufferBytes)
	if err := share.reserve(size); err != nil {
		return nil, err
	}
	body := make([]byte, 0, size)
	for {
		if int64(len(body)) == size {
			grown := 2 * size
			if size <= end && end <= grown {
				grown = end + 1 // room for one more byte, to detect the end
			}
			if err := share.reserve(grown); err != nil {
				return nil, err
			}
			body = append(make([]byte, 0, grown), body...)
			share.release(size)
			size = grown
		}
		n, err := from.Read(body[len(body):size])
		body = body[:len(body)+n]
		if err := v.checkSize(int64(len(body))); err != nil {
			return nil, err
		}
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return nil, bodyError(err)
		}
	}
}

func (v *Verifier) checkSize(size int64) error {
	if size > v.maxBodyBytes {
		return fmt.Errorf("%w: must have at most %d bytes", ErrBodyTooLarge, v.maxBodyBytes)
	}
	return nil
}

func bodyError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok { // from a middleware
		return fmt.Errorf("%w: %w", ErrBodyTooLarge, err)
	}
	if errors.Is(err, http.ErrBodyReadAfterClose) {
		return ErrBodyConsumed
	}
	return fmt.Errorf("%w: %w", ErrBodyUnreadable, err)
}
