package messagemediatest

import (
	"bytes"
	"slices"
	"sync"
)

// DeliveryProgress is the state of a delivery at one moment.
type DeliveryProgress struct {
	// ID identifies the delivery: it is the same each time that the observer sees it.
	ID string

	// Delivery is the delivery with the attempts that have ended so far. If another
	// follows, the last one has a Wait.
	Delivery DeliveryResult

	// Done reports whether no further attempt follows.
	Done bool
}

// WithDeliveryObserver calls a function with a copy of each delivery as it proceeds: when
// it begins, after each attempt that another follows, and when it is done. Calls are
// made one at a time, in order, and without a lock: observe may use the server, and
// send events. When [Server.Send] returns, observe has seen its deliveries, unless
// observe was busy with those of another call then.
func WithDeliveryObserver(observe func(DeliveryProgress)) Option {
	return func(s *settings) { s.observeDelivery = observe }
}

// observer returns a function that has the delivery, as it is then, observed.
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

// progressQueue has deliveries observed one at a time: by the goroutine that adds one,
// or by the one that is calling the observer already. So an observer that sends an
// event does not wait for itself.
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

// next takes the next one. If there is none, nobody is observing any more.
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
