package webhook

import (
	"context"
	"sync"
	"time"
)

// Deduplicator remembers which deliveries were handled. The platform sends a
// delivery again when the response does not reach it, so without one a receiver
// sees duplicates. It is called from several goroutines at once.
type Deduplicator interface {
	// Seen reports whether a key was marked. Its time is taken from the callback's, so
	// one that asks a database gives up early.
	Seen(ctx context.Context, key string) (bool, error)

	// Mark remembers a key. It is called after the callback succeeded. Its context
	// does not end with the request, but after the time that [WithTimeout] sets.
	Mark(ctx context.Context, key string) error
}

// MemoryDeduplicator is a [Deduplicator] in memory: it forgets everything when the
// process ends, and knows nothing of other processes. The zero value is ready to use.
type MemoryDeduplicator struct {
	// MaxKeys is how many keys it remembers. When there are more, it forgets the
	// oldest. 0 stands for 100,000.
	MaxKeys int

	// Window is how long it remembers a key. 0 stands for 30 minutes, which is
	// longer than the platform goes on retrying, and longer than a [Verifier] accepts a copy.
	Window time.Duration

	mu     sync.Mutex
	marked map[string]time.Time
	order  []string // the keys of marked, the oldest first
}

const (
	defaultMaxKeys = 100_000
	defaultWindow  = 30 * time.Minute
)

// Seen reports whether a key was marked within the window. It never fails.
func (d *MemoryDeduplicator) Seen(_ context.Context, key string) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, ok := d.marked[key]
	return ok && time.Since(at) < d.window(), nil
}

// Mark remembers a key, from the first time that it is marked. It never fails.
func (d *MemoryDeduplicator) Mark(_ context.Context, key string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.order) > 0 && time.Since(d.marked[d.order[0]]) >= d.window() {
		d.forgetOldest()
	}
	if _, ok := d.marked[key]; ok {
		return nil
	}
	for len(d.order) >= d.maxKeys() {
		d.forgetOldest()
	}
	if d.marked == nil {
		d.marked = make(map[string]time.Time)
	}
	d.marked[key] = time.Now()
	d.order = append(d.order, key)
	return nil
}

func (d *MemoryDeduplicator) forgetOldest() {
	delete(d.marked, d.order[0])
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

// flights are the deliveries that are being handled now, by their dedupe key.
type flights struct {
	mu     sync.Mutex
	flying map[string]*flight
}

type flight struct {
	landed  chan struct{}
	outcome error // to be read once landed is closed
}

// once calls a function, unless a call for the same key is under way: then it waits
// for that call's outcome, until its own context ends. A call that never returns,
// as with runtime.Goexit, has not handled anything.
func (f *flights) once(ctx context.Context, key string, call func() error) error {
	own, other := f.start(key)
	if other != nil {
		select {
		case <-other.landed:
			return other.outcome
		case <-ctx.Done():
			return ErrBusy
		}
	}
	defer f.land(key, own)
	own.outcome = call()
	return own.outcome
}

// start returns a new flight, or the one that is under way.
func (f *flights) start(key string) (own, other *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if other := f.flying[key]; other != nil {
		return nil, other
	}
	if f.flying == nil {
		f.flying = make(map[string]*flight)
	}
	own = &flight{landed: make(chan struct{}), outcome: ErrBusy}
	f.flying[key] = own
	return own, nil
}

func (f *flights) land(key string, own *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.flying, key)
	close(own.landed)
}
