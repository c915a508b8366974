package redact

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// minSecretBytes is the minimum length of a hidden value. A shorter one may be part of an
// ordinary word, and is easily guessed.
const minSecretBytes = 8

// Secrets are texts to hide in messages from outside.
type Secrets struct {
	urls   []string
	values []string
}

// AddURL adds a URL. Hide replaces the URL by the result of [URL], and hides its user
// info, its query and its fragment elsewhere.
func (s *Secrets) AddURL(url string) {
	p := split(url)
	s.urls = append(s.urls, url)
	s.values = append(s.values, p.userInfo, strings.TrimSuffix(p.userInfo, "@"))
	s.values = append(s.values, strings.FieldsFunc(p.userInfo, isOneOf(":@"))...)
	if p.rest != "" {
		s.values = append(s.values, p.rest[1:])
		for part := range strings.FieldsFuncSeq(p.rest, isOneOf("?&#")) {
			_, value, _ := strings.Cut(part, "=")
			s.values = append(s.values, part, value)
		}
	}
}

// AddValue adds the value of a header and its parts between white space, commas,
// semicolons and quotes, because a scheme may precede the token.
func (s *Secrets) AddValue(value string) {
	s.values = append(s.values, value)
	s.values = append(s.values, strings.FieldsFunc(value, isOneOf(" \t,;\""))...)
}

func isOneOf(chars string) func(rune) bool {
	return func(r rune) bool { return strings.ContainsRune(chars, r) }
}

// Hide returns a text without the added URLs, and without the values of at least 8 bytes,
// in any spelling of JSON and URLs.
func (s Secrets) Hide(text string) string {
	var replacements [][2]string
	for _, url := range s.urls {
		for _, spelling := range spellings(url) {
			replacements = append(replacements, [2]string{spelling, URL(url)})
		}
	}
	for _, value := range s.values {
		for _, spelling := range spellings(value) {
			if len(spelling) >= minSecretBytes {
				replacements = append(replacements, [2]string{spelling, ellipsis})
			}
		}
	}
	slices.SortStableFunc(replacements, func(a, b [2]string) int { return cmp.Compare(len(b[0]), len(a[0])) })
	for _, replacement := range replacements {
		if replacement[0] != "" {
			text = strings.ReplaceAll(text, replacement[0], replacement[1])
		}
	}
	return text
}

func spellings(value string) []string {
	all := []string{value, url.QueryEscape(value), url.PathEscape(value), inJSON(value, true), inJSON(value, false)}
	if decoded, err := url.QueryUnescape(value); err == nil {
		all = append(all, decoded)
	}
	if decoded, err := url.PathUnescape(value); err == nil {
		all = append(all, decoded)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// inJSON returns a value as a JSON string without the quotes.
func inJSON(value string, escapeHTML bool) string {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(escapeHTML)
	if err := encoder.Encode(value); err != nil {
		return value
	}
	return strings.Trim(strings.TrimSpace(buffer.String()), `"`)
}
