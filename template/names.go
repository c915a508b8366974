package template

import (
	"maps"
	"slices"
	"strings"
)

// didYouMean suggests the closest known name. It returns "" if none is within two edits.
func didYouMean(prefix, name string, known map[string]bool) string {
	best, least := "", 3
	for _, candidate := range slices.Sorted(maps.Keys(known)) {
		if len(name) > len(candidate)+least || len(candidate) > len(name)+least {
			continue
		}
		if typos := distance(strings.ToLower(name), strings.ToLower(candidate)); typos < least {
			best, least = candidate, typos
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean " + prefix + best + "?"
}

// distance returns the Levenshtein distance of two names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
