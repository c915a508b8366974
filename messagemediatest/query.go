package messagemediatest

import (
	"net/url"
	"slices"
	"strconv"
)

// query is the query of a list. Its violations have the API's wording.
type query struct {
	values url.Values
	wrong  violations
}

// parseQuery parses a query that must have the named parameters only, each at most once.
func parseQuery(raw string, names ...string) *query {
	values, err := url.ParseQuery(raw)
	q := &query{values: values}
	q.wrong.require(err == nil, "query can't be parsed")
	for name, given := range values {
		q.wrong.require(slices.Contains(names, name), "%s is not a known property", name)
		q.wrong.require(len(given) == 1, "%s property is given more than once", name)
	}
	slices.Sort(q.wrong)
	return q
}

func (q *query) atMostOneOf(name, other string) {
	q.wrong.require(!q.values.Has(name) || !q.values.Has(other), "%s and %s are the same property", name, other)
}

// count returns a number of at least 0, or 0 if it is missing.
func (q *query) count(name string) int {
	if !q.values.Has(name) {
		return 0
	}
	n, err := strconv.ParseUint(q.values.Get(name), 10, 31)
	const invalid = "page property value is invalid"
	q.wrong.require(err == nil || slices.Contains(q.wrong, invalid), invalid)
	return int(n)
}
