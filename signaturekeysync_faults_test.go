package messagemedia_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

func randomTime(random *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(random.Int64N(int64(to-from)))
}

var errFault = errors.New("an injected fault")

// keyFault is a fault of a request or of a store operation.
type keyFault int

const (
	none        keyFault = iota
	before               // the operation fails and does not take effect
	after                // the operation takes effect and its response is lost
	crashBefore          // the instance crashes and the operation does not take effect
	crashAfter           // the operation takes effect and the instance crashes
	late                 // the operation fails and takes effect minutes later
	stalled              // the operation takes minutes
	status               // a request has the status 503 or 429; a store operation fails as with before
)

func (i *instance) fault() keyFault {
	if i.quiet || i.faultOdds == 0 || i.random.IntN(i.faultOdds) > 0 {
		return none
	}
	return before + keyFault(i.random.IntN(int(status)))
}

// operate calls do after a random delay, with a random fault.
func (i *instance) operate(ctx context.Context, kind string, do func(context.Context) error) error {
	fault := i.fault()
	time.Sleep(randomTime(i.random, 0, []time.Duration{time.Millisecond, 50 * time.Millisecond, 2 * time.Second}[i.random.IntN(3)]))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch fault {
	case before, status:
		return errFault
	case after:
		_ = do(ctx)
		return errFault
	case crashBefore:
		i.crashed()
		return errFault
	case crashAfter:
		_ = do(ctx)
		i.crashed()
		return errFault
	case late:
		i.saw("late " + kind)
		arrives := randomTime(i.random, 0, 10*time.Minute)
		i.late.Go(func() {
			time.Sleep(arrives)
			_ = do(context.WithoutCancel(ctx))
		})
		return errFault
	case stalled:
		time.Sleep(randomTime(i.random, 0, 4*time.Minute))
	}
	return do(ctx)
}

// faultyTransport is an instance's transport, which injects faults.
type faultyTransport struct {
	*instance
	transport http.RoundTripper
}

func (f *faultyTransport) RoundTrip(r *http.Request) (response *http.Response, err error) {
	if status := f.reject(r.Method); status != 0 {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	err = f.operate(r.Context(), "request", func(ctx context.Context) error {
		request := r.Clone(ctx)
		if r.GetBody != nil {
			request.Body, _ = r.GetBody()
		}
		var err error
		got, err := f.transport.RoundTrip(request)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(got.Body) // before the caller's context ends
		got.Body.Close()
		got.Body = io.NopCloser(strings.NewReader(string(body)))
		if ctx.Err() == nil && ctx.Done() != nil {
			response = got
		}
		return err
	})
	if err == nil && response == nil {
		err = errFault
	}
	if err != nil {
		return nil, err
	}
	return response, nil
}

// reject returns the status for a request that is not sent, or 0. It rejects the enabling of a
// key more often, since that is a rare request.
func (f *faultyTransport) reject(method string) int {
	switch {
	case f.quiet || f.faultOdds == 0:
	case f.random.IntN(2*f.faultOdds) == 0:
		return http.StatusServiceUnavailable
	case method == http.MethodPatch && f.random.IntN(f.faultOdds) == 0:
		return http.StatusTooManyRequests
	}
	return 0
}

// faultyStore is an instance's store for syncing, which injects faults.
type faultyStore struct{ *instance }

func (f *faultyStore) SignatureKeys(ctx context.Context) (keys []messagemedia.StoredKey, err error) {
	var read []messagemedia.StoredKey
	err = f.operate(ctx, "read", func(ctx context.Context) (err error) {
		if ctx.Done() == nil {
			return nil // a late read has no caller
		}
		read, err = f.store.SignatureKeys(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return read, nil
}

func (f *faultyStore) PutSignatureKey(ctx context.Context, key messagemedia.StoredKey) error {
	return f.operate(ctx, "write", func(ctx context.Context) error { return f.store.PutSignatureKey(ctx, key) })
}

func (f *faultyStore) DeleteSignatureKey(ctx context.Context, id string) error {
	return f.operate(ctx, "write", func(ctx context.Context) error {
		if w := f.keyWorld; w.atAPI(id) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.fail("%s was removed from the store before it was deleted at the API", id)
		}
		return f.store.DeleteSignatureKey(ctx, id)
	})
}

func (w *keyWorld) atAPI(id string) bool {
	_, err := w.api.Client().GetSignatureKey(w.Context(), id)
	return err == nil
}

// readStore is an instance's store for verifying, which is down at times.
type readStore struct {
	*instance
	random *rand.Rand

	mu    sync.Mutex
	began time.Time // time of the latest read
}

func (r *readStore) PutSignatureKey(context.Context, messagemedia.StoredKey) error { return errFault }
func (r *readStore) DeleteSignatureKey(context.Context, string) error              { return errFault }

func (r *readStore) SignatureKeys(ctx context.Context) ([]messagemedia.StoredKey, error) {
	r.mu.Lock()
	if !r.began.IsZero() && time.Since(r.began) < 250*time.Millisecond {
		r.fail("%s read the store twice within %v", r.name, time.Since(r.began))
	}
	r.began = time.Now()
	r.mu.Unlock()
	time.Sleep(randomTime(r.random, 0, 200*time.Millisecond))
	if r.storeDown() {
		r.saw("store down")
		return nil, errFault
	}
	return r.store.SignatureKeys(ctx)
}

// storeDown reports whether the store is down, as in the last quarter of each hour of every
// other seed.
func (i *instance) storeDown() bool {
	return !i.quiet && i.seed%2 == 0 && time.Now().Minute() >= 45
}
