package page

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

const (
	maxKept      = 1000     // the maximum number of kept exchanges
	maxKeptBytes = 64 << 20 // the maximum size of their headers and bodies
	maxShown     = 500      // the maximum number of exchanges on the page
)

// Traffic keeps the newest API calls and deliveries, at most 1,000 of them and 64 MiB in
// total. It is safe for concurrent use.
type Traffic struct {
	mu        sync.Mutex
	exchanges []*exchange // ordered by ID
	lastID    int64
	bytes     int
	version   int64 // counts changes
	cleared   int64 // the version of the last Clear
	watchers  map[chan struct{}]bool
	used      map[string]bool // accounts with changes
}

// exchange is an API call or a delivery. It is immutable: an update of a delivery
// replaces it by a new one with the same ID.
type exchange struct {
	id      int64
	version int64 // the version of Traffic that recorded it
	began   time.Time
	bytes   int

	call *messagemediatest.Exchange // nil for a delivery

	delivery    *messagemediatest.DeliveryProgress // nil for a call
	duplicateOf int64                              // the ID of the original delivery, or 0
	proofs      [][]proof                          // the proofs of each attempt
}

// NewTraffic returns an empty Traffic.
func NewTraffic() *Traffic {
	return &Traffic{watchers: make(map[chan struct{}]bool), used: map[string]bool{"": true}}
}

// AddCall records an API call.
func (t *Traffic) AddCall(call messagemediatest.Exchange) {
	bytes := len(call.Target) + len(call.RequestBody) + len(call.ResponseBody) + headerBytes(call.Header)
	t.mu.Lock()
	defer t.mu.Unlock()
	if call.Committed {
		t.used[call.Account] = true
	}
	t.record(&exchange{began: time.Now().Add(-call.Duration), call: &call, bytes: bytes})
}

// AddDelivery records the progress of a delivery. It replaces an earlier record of the
// delivery. signer is the signer of the delivery's account, or nil if no key is enabled.
func (t *Traffic) AddDelivery(progress messagemediatest.DeliveryProgress, signer *messagemediatest.Signer) {
	added := &exchange{began: time.Now(), delivery: &progress}
	for _, a := range progress.Delivery.Attempts {
		added.bytes += len(a.URL) + len(a.RequestBody) + len(a.ResponseBody) + headerBytes(a.Header)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.IndexFunc(t.exchanges, func(e *exchange) bool { return e.delivery != nil && e.delivery.ID == progress.ID }); i >= 0 {
		known := t.exchanges[i]
		added.id, added.began, added.duplicateOf, added.proofs = known.id, known.began, known.duplicateOf, slices.Clip(known.proofs)
	} else {
		added.duplicateOf = t.originalOf(progress)
	}
	for _, a := range progress.Delivery.Attempts[len(added.proofs):] {
		added.proofs = append(added.proofs, proofsOf(a, progress.Delivery.Webhook, signer))
	}
	t.record(added)
}

// originalOf returns the ID of the first delivery of the same event to the same webhook.
func (t *Traffic) originalOf(progress messagemediatest.DeliveryProgress) int64 {
	for _, e := range t.exchanges {
		if e.delivery != nil && e.delivery.Delivery.Event == progress.Delivery.Event && e.delivery.Delivery.Webhook.ID == progress.Delivery.Webhook.ID {
			return e.id
		}
	}
	return 0
}

// record adds an exchange or replaces the one with its ID. It drops the oldest exchanges
// beyond the bounds.
func (t *Traffic) record(e *exchange) {
	t.version++
	e.version = t.version
	if e.id == 0 {
		t.lastID++
		e.id = t.lastID
		t.exchanges = append(t.exchanges, e)
	} else {
		i, _ := slices.BinarySearchFunc(t.exchanges, e.id, byID)
		t.bytes -= t.exchanges[i].bytes
		t.exchanges[i] = e
	}
	t.bytes += e.bytes
	for len(t.exchanges) > maxKept || t.bytes > maxKeptBytes && len(t.exchanges) > 1 {
		t.bytes -= t.exchanges[0].bytes
		t.exchanges = slices.Delete(t.exchanges, 0, 1)
	}
	t.wake()
}

func byID(e *exchange, id int64) int { return int(e.id - id) }

// Clear deletes all exchanges.
func (t *Traffic) Clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.version++
	t.cleared, t.bytes, t.exchanges = t.version, 0, nil
	t.wake()
}

// accounts returns the account of the credentials and the sub-accounts with changes.
func (t *Traffic) accounts() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Sorted(maps.Keys(t.used))
}

// find returns the exchange with an ID, or nil.
func (t *Traffic) find(id int64) *exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i, found := slices.BinarySearchFunc(t.exchanges, id, byID); found {
		return t.exchanges[i]
	}
	return nil
}

// changes are the exchanges on the page that were added or replaced after a version,
// ordered by ID.
type changes struct {
	version   int64 // the latest version
	reset     bool  // whether earlier exchanges were deleted
	exchanges []*exchange
	kept      int // the number of kept exchanges
}

func (t *Traffic) since(version int64) changes {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := changes{version: t.version, reset: version == 0 || t.cleared > version, kept: len(t.exchanges)}
	for _, e := range t.exchanges[max(0, len(t.exchanges)-maxShown):] {
		if e.version > version {
			c.exchanges = append(c.exchanges, e)
		}
	}
	return c
}

// watch returns a channel that receives a value after changes until stop is called.
func (t *Traffic) watch() (changed <-chan struct{}, stop func()) {
	watcher := make(chan struct{}, 1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.watchers[watcher] = true
	return watcher, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.watchers, watcher)
	}
}

// wake notifies every watcher without blocking.
func (t *Traffic) wake() {
	for watcher := range t.watchers {
		select {
		case watcher <- struct{}{}:
		default: // a notification is pending
		}
	}
}

func headerBytes(header map[string][]string) int {
	n := 0
	for name, values := range header {
		for _, value := range values {
			n += len(name) + len(value)
		}
	}
	return n
}
