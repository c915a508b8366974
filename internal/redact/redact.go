// Package redact hides possible tokens in errors, logs, plans and printed values.
package redact

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ellipsis replaces hidden text.
const ellipsis = "…"

// URL returns a URL without its user info, query and fragment, which may contain
// receivers' tokens. It hides more of the URL if the user info may contain an unescaped
// "/", "?" or "#". URL does not use net/url, which rejects template variables that the
// platform accepts.
func URL(url string) string {
	p := split(url)
	if !p.ambiguous() {
		if p.port != "" && !isDigits(p.port[1:]) {
			p.port = ":" + ellipsis
		}
	} else if at := strings.LastIndexByte(p.path, '@'); at >= 0 {
		p.userInfo, p.host, p.port, p.path = ellipsis, "", "", p.path[at:]
	} else {
		return p.scheme + ellipsis
	}
	if p.userInfo != "" && p.userInfo != ellipsis {
		p.userInfo = ellipsis + "@"
	}
	shown := p.scheme + p.userInfo + p.host + p.port + p.path
	if p.rest != "" {
		shown += p.rest[:1] + ellipsis
	}
	return shown
}

// parts are the parts of a URL in their original spelling. Concatenated, they are the URL.
type parts struct {
	scheme   string // with "://", or empty
	userInfo string // with "@", or empty
	host     string
	port     string // with ":", or empty
	path     string
	rest     string // the query and the fragment, with "?" or "#"
}

func split(url string) (p parts) {
	if i := strings.Index(url, "://"); i >= 0 {
		p.scheme, url = url[:i+len("://")], url[i+len("://"):]
	}
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		url, p.rest = url[:i], url[i:]
	}
	if i := strings.IndexByte(url, '/'); i >= 0 {
		url, p.path = url[:i], url[i:]
	}
	if i := strings.LastIndexByte(url, '@'); i >= 0 {
		p.userInfo, url = url[:i+1], url[i+1:]
	}
	if i := strings.LastIndexByte(url, ':'); i > strings.LastIndexByte(url, ']') {
		url, p.port = url[:i], url[i:]
	}
	p.host = url
	return p
}

// ambiguous reports whether the apparent host and port may be the beginning of user info,
// because an @ follows later.
func (p parts) ambiguous() bool {
	if p.userInfo != "" {
		return false
	}
	return strings.Contains(p.path, "@") && (p.port != "" || !isHost(p.host)) ||
		strings.Contains(p.rest, "@") && (p.port != "" && !isDigits(p.port[1:]) || !isHost(p.host))
}

// isHost reports whether a name has only characters of hosts and IPv6 literals.
func isHost(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-.[]:$", r)
	})
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// Line returns a text as one line of at most limit bytes. It escapes control characters,
// line breaks and invisible characters. If the text is too long, it ends with an ellipsis.
func Line(text string, limit int) string {
	var line strings.Builder
	for i, r := range text {
		shown := string(r)
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)):
			shown = fmt.Sprintf(`\x%02x`, text[i])
		case !unicode.IsPrint(r):
			shown = strings.Trim(strconv.QuoteRune(r), "'")
		}
		if line.Len()+len(shown) > limit {
			return cut(line.String(), limit-len(ellipsis)) + ellipsis
		}
		line.WriteString(shown)
	}
	return line.String()
}

// cut returns the beginning of a text, ending with a complete character.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:max(limit, 0)]
}

// Format implements a type's Format method: it writes the redacted text for every verb.
// Without it, fmt would print the fields for verbs that are not for strings.
func Format(state fmt.State, verb rune, text string) {
	if verb != 'q' && verb != 'x' && verb != 'X' {
		verb = 's'
	}
	format := strings.NewReplacer("+", "", "#", "").Replace(fmt.FormatString(state, verb))
	fmt.Fprintf(state, format, text)
}
