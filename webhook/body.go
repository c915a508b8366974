package webhook

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

// readBody reads the body of a request, at most the verifier's limit. A body that
// ends before the length that the request announced was read by somebody else:
// net/http itself reports one that the connection cut off.
func (v *Verifier) readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > v.maxBodyBytes {
		return nil, ErrBodyTooLarge
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(http.MaxBytesReader(nil, r.Body, v.maxBodyBytes)); err != nil {
			return nil, bodyError(err)
		}
	}
	if int64(len(body)) < r.ContentLength {
		return nil, ErrBodyConsumed
	}
	return body, nil
}

func bodyError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return ErrBodyTooLarge
	}
	if errors.Is(err, http.ErrBodyReadAfterClose) {
		return ErrBodyConsumed
	}
	return fmt.Errorf("%w: %w", ErrBodyRead, err)
}
