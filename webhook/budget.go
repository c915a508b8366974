package webhook

import (
	"context"
	"slices"
	"sync"
)

// sharedBodyBytes is the memory that all bodies share, beyond freeBodyBytes of each.
const sharedBodyBytes = 64 << 20

// budget is the memory that the bodies of all deliveries share. Each body reserves its
// share while it is read. The budget keeps the memory that the oldest body may still need,
// so that bodies never wait for each other's memory forever.
type budget struct {
	mu      sync.Mutex
	left    int64
	largest int64         // the most that one body may need while it is read
	reading []*share      // shares that need the budget and whose bodies are still read, the oldest first
	changed chan struct{} // closed when memory may be available to a waiting share
}

// newBudget returns a budget with room for at least two of the largest bodies. While a
// buffer grows, the old one and the new one both count.
func newBudget(maxBodyBytes int64) *budget {
	largest := 2 * (maxBodyBytes + 1)
	return &budget{left: max(sharedBodyBytes, 2*largest), largest: largest, changed: make(chan struct{})}
}

// share is the part of a budget that one body holds. A nil share is unlimited.
type share struct {
	budget *budget
	ctx    func() context.Context // limits the wait for memory
	held   int64                  // starts at -freeBodyBytes
	listed bool                   // whether it was ever added to budget.reading
}

func (b *budget) share(ctx func() context.Context) share {
	return share{budget: b, ctx: ctx, held: -freeBodyBytes}
}

// reserve takes n bytes. It waits for them until the context ends.
func (s *share) reserve(n int64) error {
	if s == nil {
		return nil
	}
	if s.held+n <= 0 {
		s.held += n
		return nil
	}
	for {
		changed, ok := s.tryReserve(n)
		if ok {
			return nil
		}
		ctx := s.ctx()
		select {
		case <-changed:
		case <-ctx.Done():
			return busyError(ctx, "other deliveries use all memory for bodies")
		}
	}
}

func (s *share) tryReserve(n int64) (changed <-chan struct{}, ok bool) {
	b := s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if !s.listed {
		s.listed = true
		b.reading = append(b.reading, s)
	}
	taken := s.held + n - max(s.held, 0)
	if taken > b.left-b.keptFromIt(s) {
		return b.changed, false
	}
	b.left -= taken
	s.held += n
	return nil, true
}

// keptFromIt returns the memory that a share must leave for the oldest one.
func (b *budget) keptFromIt(s *share) int64 {
	if len(b.reading) == 0 || b.reading[0] == s {
		return 0
	}
	return max(b.largest-max(b.reading[0].held, 0), 0)
}

// release returns n bytes to the budget.
func (s *share) release(n int64) {
	if s == nil {
		return
	}
	if s.held <= 0 { // it took nothing from the budget, so it needs no lock
		s.held -= n
		return
	}
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	s.budget.left += s.held - max(s.held-n, 0)
	s.held -= n
	s.budget.wake()
}

// finishReading removes the share from those that are read. It keeps the share's memory.
func (s *share) finishReading() {
	if !s.listed {
		return
	}
	b := s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = slices.DeleteFunc(b.reading, func(other *share) bool { return other == s })
	b.wake()
}

// close returns all memory of the share to the budget.
func (s *share) close() { s.release(s.held + freeBodyBytes) }

func (b *budget) wake() {
	close(b.changed)
	b.changed = make(chan struct{})
}
