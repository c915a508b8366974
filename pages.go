package messagemedia

import (
	"fmt"
	"iter"
	"slices"
)

const (
	maxPages    = 1000
	lagReadings = 3 // of a list that may lag behind a change
)

// iterate returns an iterator over the items that load returns. Each range calls load before
// it yields the first item, so the loop may delete items. An error is yielded once.
func iterate[T any](load func() ([]*T, error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		items, err := load()
		if err != nil {
			yield(nil, err)
			return
		}
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// pages reads the pages of a list.
type pages[T any] struct {
	operation string
	first     int // the number of the first page
	id        func(*T) string
	page      func(number int) (items []*T, last bool, err error)
	pause     func(reading int) error // before the list is read again
}

// listing is one reading of a list.
type listing[T any] struct {
	items []*T
	pages int
	found *T // the wanted item, or nil
}

// read reads the pages up to the last one, or up to one with the wanted item. A page without
// a new ID is the last one as well, since a server might repeat its last page forever.
func (p pages[T]) read(wanted func(*T) bool) (l listing[T], err error) {
	seen := make(map[string]bool)
	for ; l.pages < maxPages; l.pages++ {
		items, last, err := p.page(p.first + l.pages)
		if err != nil {
			return listing[T]{}, err
		}
		known := len(l.items)
		for _, item := range items {
			if seen[p.id(item)] {
				continue
			}
			seen[p.id(item)] = true
			l.items = append(l.items, item)
			if wanted != nil && wanted(item) {
				l.found = item
			}
		}
		if last || l.found != nil || len(l.items) == known {
			l.pages++
			return l, nil
		}
	}
	return listing[T]{}, fmt.Errorf("messagemedia: %s: the list has more than %d pages", p.operation, maxPages)
}

// find returns the item with an ID, or nil if there is none. A list of several pages is read
// twice before that, since during the first reading a deletion may have moved the item to a
// page that was already read. If an item is found that should be deleted, the list may lag
// behind, so find reads it again after a pause.
func (p pages[T]) find(id string, shouldBeGone bool) (*T, error) {
	isIt := func(item *T) bool { return p.id(item) == id }
	for reading := 1; ; reading++ {
		l, err := p.read(isIt)
		if err == nil && l.found == nil && l.pages > 1 {
			l, err = p.read(isIt)
		}
		if err != nil {
			return nil, err
		}
		if l.found == nil || !shouldBeGone || reading == lagReadings || p.pause(reading) != nil {
			return l.found, nil
		}
	}
}

// settled returns all items, so that a missing item is proven absent. If there are several
// pages, it returns the items of two readings.
func (p pages[T]) settled() ([]*T, error) {
	first, err := p.read(nil)
	if err != nil || first.pages == 1 {
		return first.items, err
	}
	second, err := p.read(nil)
	if err != nil {
		return nil, err
	}
	for _, item := range first.items {
		isIt := func(other *T) bool { return p.id(other) == p.id(item) }
		if !slices.ContainsFunc(second.items, isIt) {
			second.items = append(second.items, item)
		}
	}
	return second.items, nil
}
