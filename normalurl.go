package messagemedia

import (
	"strings"
)

// normalURL returns the normal form of a URL by RFC 3986, section 6. It normalizes the case
// of scheme and host, a default port, an empty path, dot segments and unnecessary escapes,
// and removes the fragment, which is never sent. It does not use net/url, which rejects
// template variables that the platform accepts.
func normalURL(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	scheme = strings.ToLower(scheme)
	rest, _, _ = strings.Cut(rest, "#")
	authority, path, query := rest, "", ""
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	if i := strings.IndexByte(path, '?'); i >= 0 {
		path, query = path[:i], path[i:]
	}
	return scheme + "://" + normalAuthority(scheme, authority) + normalPath(path) + normalEscapes(query)
}

func normalAuthority(scheme, authority string) string {
	at := strings.LastIndexByte(authority, '@') + 1
	userInfo, host := authority[:at], strings.ToLower(authority[at:])
	host = strings.TrimSuffix(host, ":")
	host = strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[scheme])
	return userInfo + host
}

func normalPath(path string) string {
	var kept []string
	segments := strings.Split(normalEscapes(strings.TrimPrefix(path, "/")), "/")
	for i, segment := range segments {
		switch {
		case segment != "." && segment != "..":
			kept = append(kept, segment)
			continue
		case segment == ".." && len(kept) > 0:
			kept = kept[:len(kept)-1]
		}
		if i == len(segments)-1 {
			kept = append(kept, "") // a path that ends with a dot segment is a directory
		}
	}
	return "/" + strings.Join(kept, "/")
}

// normalEscapes removes unnecessary escapes and changes the others to upper case.
func normalEscapes(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var normal strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' || i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
			normal.WriteByte(s[i])
			continue
		}
		if c := unhex(s[i+1])<<4 | unhex(s[i+2]); isUnreserved(c) {
			normal.WriteByte(c)
		} else {
			normal.WriteString(strings.ToUpper(s[i : i+3]))
		}
		i += 2
	}
	return normal.String()
}

func isUnreserved(c byte) bool {
	return isAlphanumeric(rune(c)) || strings.IndexByte("-._~", c) >= 0
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
