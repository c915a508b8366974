package webhook

import (
	"context"
	"slices"
	"sync"
)

// sharedBodyBytes is what bodies share beyond the bytes of each that are free.
const sharedBodyBytes = 64 << 20

// budget is the memory that the bodies of all deliveries share. Each takes its share as
// it is read. What the oldest of them may still need is kept for it, so that bodies that
// wait for each other's memory do not wait forever.
type budget struct {
	mu      sync.Mutex
	left    int64
	largest int64         // what one body may need while it is read
	reading []*share      // those that have taken something and are not at their end, the oldest first
	changed chan struct{} // closed when a waiting share may find memory
}

// newBudget has room for at least two of the largest bodies. While a buffer grows, the old
// one and the new one are both there.
func newBudget(maxBodyBytes int64) *budget {
	largest := 2 * (maxBodyBytes + 1)
	return &budget{left: max(sharedBodyBytes, 2*largest), largest: largest, changed: make(chan struct{})}
}

// share is the part of a budget that one body has. A nil share has no bound.
type share struct {
	budget *budget
	ctx    func() context.Context // ends the waiting
	held   int64                  // what is free counts as negative
	listed bool                   // whether it took anything, ever
}

func (b *budget) share(ctx func() context.Context) share {
	return share{budget: b, ctx: ctx, held: -freeBodyBytes}
}

// reserve takes n bytes, and waits for them until the context ends.
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
			return busyError(ctx, "the bodies of other deliveries take the memory")
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

// keptFromIt is what a share must leave for the oldest.
func (b *budget) keptFromIt(s *share) int64 {
	if len(b.reading) == 0 || b.reading[0] == s {
		return 0
	}
	return max(b.largest-max(b.reading[0].held, 0), 0)
}

// release gives n bytes back.
func (s *share) release(n int64) {
	if s == nil || s.held <= 0 {
		return // those who took nothing pay no lock
	}
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	s.budget.left += s.held - max(s.held-n, 0)
	s.held -= n
	s.budget.wake()
}

// finishReading makes another body the oldest. What was taken stays so.
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

// close gives all back.
func (s *share) close() { s.release(s.held + freeBodyBytes) }

func (b *budget) wake() {
	close(b.changed)
	b.changed = make(chan struct{})
}
