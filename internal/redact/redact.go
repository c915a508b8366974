// Package redact hides what may be a token in text that people read: in errors, logs,
// plans and printed values.
package redact

import "strings"

// URL returns a URL without its user info, query and fragment, where receivers' tokens
// stand. It reads the URL by hand, since net/url refuses template variables that the
// platform accepts.
func URL(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		url = url[:i+1] + "…"
	}
	start := 0
	if i := strings.Index(url, "://"); i >= 0 {
		start = i + len("://")
	}
	authority, _, _ := strings.Cut(url[start:], "/")
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		url = url[:start] + "…" + url[start+at:]
	}
	return url
}
