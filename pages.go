package messagemedia

import "iter"

// iterate goes through what load returns. Each range over it loads again, and
// loads everything before it yields the first item, so a loop may delete what it
// is given. An error is yielded once, without an item, and ends the loop.
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

// allPages reads pages, beginning with the one of number first, up to one that is
// said to be the last, or that has no ID that is new: some server might repeat its
// last page forever.
func allPages[T any](first int, id func(*T) string, read func(number int) (page []*T, last bool, err error)) ([]*T, error) {
	var all []*T
	seen := make(map[string]bool)
	for number := first; ; number++ {
		page, last, err := read(number)
		if err != nil {
			return nil, err
		}
		known := len(all)
		for _, item := range page {
			if !seen[id(item)] {
				seen[id(item)] = true
				all = append(all, item)
			}
		}
		if last || len(all) == known {
			return all, nil
		}
	}
}
