package messagemediatest

import (
	"bytes"
	"slices"
	"sync"
)

// DeliveryProgress is a snapshot of a delivery.
type DeliveryProgress struct {
	// ID identifies the delivery. It is the same in all calls of the observer for this
	// delivery.
	ID string

	// Delivery is the delivery with its completed attempts. If another attempt follows,
	// the last one has a Wait.
	Delivery DeliveryResult

	// Done reports whether no further attempt follows.
	Done bool
}

// WithDeliveryObserver sets a function that observes deliveries. The server calls observe
// with a copy of a delivery when the delivery begins, after each attempt that another
// follows, and when the delivery is done. Calls are made one at a time, in order, and
// without holding a lock: observe may use the server and send events.
//
// When [Server.Send] returns, observe has seen all its deliveries, unless another call's
// deliveries were being observed at that time.
func WithDeliveryObserver(observe func(DeliveryProgress)) Option {
	return func(s *settings) { s.observeDelivery = observe }
}

// observer returns a function that passes a copy of the delivery to the observer.
func (s *Server) observer(d *DeliveryResult) func(done bool) {
	id := newUUID()
	return func(done bool) {
		s.deliveries.add(DeliveryProgress{ID: id, Delivery: d.clone(), Done: done}, s.observeDelivery)
	}
}

func (d *DeliveryResult) clone() DeliveryResult {
	copied := *d
	copied.Webhook = cloneWebhook(d.Webhook)
	copied.Attempts = slices.Clone(d.Attempts)
	for i, a := range copied.Attempts {
		copied.Attempts[i].Header = a.Header.Clone()
		copied.Attempts[i].RequestBody = bytes.Clone(a.RequestBody)
		copied.Attempts[i].ResponseBody = bytes.Clone(a.ResponseBody)
	}
	return copied
}

// progressQueue serializes calls of the observer. The goroutine that adds an entry calls
// the observer, unless another goroutine is calling it already. An observer that sends an
// event therefore does not deadlock.
type progressQueue struct {
	mu      sync.Mutex // never held while the observer runs
	waiting []DeliveryProgress
	busy    bool
}

func (q *progressQueue) add(p DeliveryProgress, observe func(DeliveryProgress)) {
	q.mu.Lock()
	q.waiting = append(q.waiting, p)
	first := !q.busy
	q.busy = true
	q.mu.Unlock()
	if !first {
		return
	}
	finished := false
	defer func() {
		if !finished { // the observer panicked
			q.mu.Lock()
			q.busy = false
			q.mu.Unlock()
		}
	}()
	for next, ok := q.next(); ok; next, ok = q.next() {
		observe(next)
	}
	finished = true
}

// next removes and returns the first entry. If there is none, it marks the observer as
// idle.
func (q *progressQueue) next() (DeliveryProgress, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.busy = false
		return DeliveryProgress{}, false
	}
	p := q.waiting[0]
	q.waiting = q.waiting[1:]
	return p, true
}
