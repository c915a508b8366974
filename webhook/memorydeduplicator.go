package webhook

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// MemoryDeduplicator is an in-memory [Deduplicator] for one process. It loses its keys when
// the process ends. The zero value is ready to use. It must not be copied after its first
// use.
type MemoryDeduplicator struct {
	// MaxKeys is the maximum number of keys. Beyond it, the oldest key is dropped. If zero,
	// MaxKeys is 100,000.
	MaxKeys int

	// Window is how long a key is kept. If zero, Window is 30 minutes, which is longer than
	// the platform retries and longer than a signature is accepted by default.
	Window time.Duration

	mu       sync.Mutex
	handled  map[string]time.Time
	order    []string // the keys of handled, the oldest first
	inFlight map[string]*inFlightCall
}

const (
	defaultMaxKeys = 100_000
	defaultWindow  = 30 * time.Minute
)

// inFlightCall is a call of handle that has not returned.
type inFlightCall struct {
	done    chan struct{}
	handled bool // valid once done is closed
}

func (d *MemoryDeduplicator) check() error {
	return errors.Join(
		check.That(d.MaxKeys >= 0, "webhook: MemoryDeduplicator: MaxKeys must not be negative, got %d", d.MaxKeys),
		check.That(d.Window >= 0, "webhook: MemoryDeduplicator: Window must not be negative, got %v", d.Window),
	)
}

// Do calls handle, unless an earlier call for the key succeeded within the window. While
// another call for the key runs, Do waits for it. If ctx ends first, the error matches
// [ErrInProgress].
func (d *MemoryDeduplicator) Do(ctx context.Context, key string, handle func(context.Context) error) (duplicate bool, err error) {
	for {
		other, own := d.begin(key)
		switch {
		case own != nil:
			return false, d.run(ctx, key, own, handle)
		case other == nil:
			return true, nil
		}
		select {
		case <-other.done:
			if other.handled {
				return true, nil
			}
		case <-ctx.Done():
			return false, fmt.Errorf("%w: %w", ErrInProgress, ctx.Err())
		}
	}
}

// begin returns the running call for the key as other, or else a new call as own. It
// returns neither if the key was handled.
func (d *MemoryDeduplicator) begin(key string) (other, own *inFlightCall) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at, ok := d.handled[key]; ok && time.Since(at) < d.window() {
		return nil, nil
	}
	if other := d.inFlight[key]; other != nil {
		return other, nil
	}
	if d.inFlight == nil {
		d.inFlight = make(map[string]*inFlightCall)
	}
	own = &inFlightCall{done: make(chan struct{})}
	d.inFlight[key] = own
	return nil, own
}

// run calls handle. Even if handle panics, run releases the calls that wait.
func (d *MemoryDeduplicator) run(ctx context.Context, key string, own *inFlightCall, handle func(context.Context) error) error {
	defer d.finish(key, own)
	err := handle(ctx)
	own.handled = err == nil
	return err
}

func (d *MemoryDeduplicator) finish(key string, own *inFlightCall) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.inFlight, key)
	if own.handled {
		d.remember(key)
	}
	close(own.done)
}

func (d *MemoryDeduplicator) remember(key string) {
	for len(d.order) > 0 && time.Since(d.handled[d.order[0]]) >= d.window() {
		d.forgetOldest()
	}
	for len(d.order) >= d.maxKeys() {
		d.forgetOldest()
	}
	if d.handled == nil {
		d.handled = make(map[string]time.Time)
	}
	d.handled[key] = time.Now()
	d.order = append(d.order, key)
}

func (d *MemoryDeduplicator) forgetOldest() {
	delete(d.handled, d.order[0])
	d.order = d.order[1:]
}

func (d *MemoryDeduplicator) maxKeys() int {
	if d.MaxKeys > 0 {
		return d.MaxKeys
	}
	return defaultMaxKeys
}

func (d *MemoryDeduplicator) window() time.Duration {
	if d.Window > 0 {
		return d.Window
	}
	return defaultWindow
}
