package taint

import (
	"encoding/json"
	"slices"
	"strings"
)

// jsonValues reports whether each text of a star is a JSON value without quotes, such as 12
// or true. It checks the candidates that the star's regular expression matches.
func (a *analysis) jsonValues(s *star) bool {
	const allowed = "-+.0123456789eEtrufalsn"
	for _, at := range s.atoms {
		if !strings.Contains(allowed, at.text) {
			return false
		}
	}
	matched := false
	candidates := candidates()
	if !a.charge(4 * len(candidates)) {
		return false
	}
	for i, r := range a.engine.call("matches", candidates, []string{s.pattern}) {
		if r.text != "true" {
			continue
		}
		if !json.Valid([]byte(candidates[i])) {
			return false
		}
		matched = true
	}
	return matched
}

// candidates returns all texts of up to three characters of numbers, longer texts of
// the digits 0 and 1, and the literals of JSON and parts of them.
func candidates() []string {
	const short, longest = "019-+.eE", 12
	texts := []string{""}
	for range 3 {
		for _, text := range slices.Clone(texts) {
			for _, c := range short {
				texts = append(texts, text+string(c))
			}
		}
	}
	for length := 4; length <= longest; length++ {
		texts = append(texts, strings.Repeat("0", length), strings.Repeat("1", length), "1"+strings.Repeat("0", length-1), "0"+strings.Repeat("1", length-1), "-"+strings.Repeat("1", length-1))
	}
	slices.Sort(texts)
	return append(slices.Compact(texts), "true", "false", "null", "t", "tru", "nul", "fals", "truefalse")
}
