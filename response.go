package messagemedia

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	maxResponseBytes  = 10 << 20 // of a 2xx response
	maxErrorBodyBytes = 64 << 10 // kept of any other

	// bodyGrace is how long readBody waits for a body that does not end with the context. A
	// body that has already arrived is read, so that its outcome is not unknown.
	bodyGrace = 10 * time.Millisecond
)

// classify sets the error of the attempt, unless the response is a 2xx that can be decoded.
// It reads and closes the response.
func (a *attempt) classify(caller, ctx context.Context) {
	response := a.response
	if response.StatusCode < 200 || response.StatusCode > 299 {
		body, _ := a.readBody(ctx, maxErrorBodyBytes) // the status counts, whatever becomes of the body
		a.reason, a.err = reasonStatus, a.newAPIError(body)
		return
	}
	a.reason = reasonDecode
	limit := int64(maxResponseBytes)
	if a.call.decode == nil {
		limit = maxErrorBodyBytes
	}
	body, err := a.readBody(ctx, limit)
	if err == nil {
		err = a.decodeSuccess(body)
	} else if _, tooLarge := errors.AsType[*http.MaxBytesError](err); !tooLarge {
		err = a.bodyError(caller, ctx, err)
	}
	if err != nil {
		a.err = &DecodeError{a.call.operation, response.StatusCode, a.secrets().Hide(requestID(response.Header)), err}
	}
}

// bodyError distinguishes a body that cannot be decompressed from a lost connection.
func (a *attempt) bodyError(caller, ctx context.Context, err error) error {
	if caller.Err() == nil && (errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, errEncoding)) {
		return err
	}
	return a.transportError(caller, ctx, err)
}

// decodeSuccess decodes the body of a 2xx response. If the call has nothing to decode, the
// body must be empty or JSON. Any other body is that of a proxy or a portal, and the API did
// not receive the call.
func (a *attempt) decodeSuccess(body []byte) error {
	body = bytes.TrimPrefix(body, byteOrderMark)
	if a.call.decode == nil {
		if isEmptyOrJSON(body) {
			return nil
		}
		return fmt.Errorf("the body is neither empty nor JSON, and its Content-Type is %.100q", a.contentType())
	}
	err := a.call.decode(body)
	if err != nil && !strings.Contains(a.contentType(), "json") {
		return fmt.Errorf("its Content-Type is %.100q: %w", a.contentType(), err)
	}
	return err
}

// contentType returns the Content-Type of the response, redacted for an error.
func (a *attempt) contentType() string {
	return a.secrets().Hide(a.response.Header.Get("Content-Type"))
}

var byteOrderMark = []byte("\ufeff")

func isEmptyOrJSON(body []byte) bool {
	return len(bytes.TrimSpace(body)) == 0 || json.Valid(body)
}

// readBody reads the response's body up to a limit and closes it, so that the connection can
// be reused. If the body exceeds the limit, it returns an error. With an error, it returns
// the bytes that were read. It ends with the context even if the reads do not, since a
// custom RoundTripper may ignore the context. After a 101, there is no body.
func (a *attempt) readBody(ctx context.Context, limit int64) ([]byte, error) {
	response := a.response
	if response.StatusCode == http.StatusSwitchingProtocols {
		return nil, response.Body.Close()
	}
	if a.evidence.endsWithContext(response) {
		return readAndClose(response, limit)
	}
	type result struct {
		body []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		body, err := readAndClose(response, limit)
		done <- result{body, err}
	}()
	select {
	case r := <-done:
		return r.body, r.err
	case <-ctx.Done():
	}
	select {
	case r := <-done:
		return r.body, r.err
	case <-time.After(bodyGrace):
		go response.Body.Close() // a second time, for a read that waits for it
		return nil, ctx.Err()
	}
}

var errEncoding = errors.New("which was not asked for")

// readAndClose reads a body, decompressed if a server compressed it without being asked to, and
// closes it.
func readAndClose(response *http.Response, limit int64) ([]byte, error) {
	defer response.Body.Close()
	reader := io.Reader(response.Body)
	switch encoding := response.Header.Get("Content-Encoding"); {
	case encoding == "" || strings.EqualFold(encoding, "identity"):
	case strings.EqualFold(encoding, "gzip") || strings.EqualFold(encoding, "x-gzip"):
		decompressed, err := gzip.NewReader(reader)
		if err == io.EOF {
			return nil, nil // an empty body has no gzip header
		}
		if err != nil {
			return nil, fmt.Errorf("its Content-Encoding is %.100q: %w", encoding, err)
		}
		reader = decompressed
	default:
		return nil, fmt.Errorf("its Content-Encoding is %.100q, %w", encoding, errEncoding)
	}
	body, err := io.ReadAll(io.LimitReader(reader, limit+1))
	if int64(len(body)) > limit {
		return body[:limit], &http.MaxBytesError{Limit: limit}
	}
	return body, err
}
