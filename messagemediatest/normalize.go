package messagemediatest

import (
	"net/url"
	"regexp"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// Normalize changes the spelling of a webhook without changing its meaning, for
// [WithNormalization]. It is not documented whether the platform does any of this.
//
// Normalize normalizes the URL by RFC 3986, section 6.2, and removes the fragment. The
// scheme and the host become lower case. The default port and dot segments are removed.
// An empty path becomes "/". Unneeded percent-encoding is decoded, so that %7e becomes ~,
// and the rest becomes upper case. In the template, CRLF line endings become line feeds.
func Normalize(webhook *messagemedia.Webhook) {
	webhook.URL = normalizedURL(webhook.URL)
	webhook.Template = strings.ReplaceAll(webhook.Template, "\r\n", "\n")
}

var urlPattern = regexp.MustCompile(`^([^:/?#]+)://([^/?#]*)([^?#]*)(\?[^#]*)?`)

// normalizedURL does not use net/url, which would escape template variables.
func normalizedURL(text string) string {
	parts := urlPattern.FindStringSubmatch(text)
	if parts == nil {
		return text // an update without a URL
	}
	scheme, authority, path, query := strings.ToLower(parts[1]), parts[2], parts[3], parts[4]
	host := strings.LastIndexByte(authority, '@') + 1
	authority = authority[:host] + strings.ToLower(authority[host:])
	authority = strings.TrimSuffix(authority, map[string]string{"http": ":80", "https": ":443"}[scheme])
	return scheme + "://" + authority + withoutDotSegments(normalizedEscapes(path)) + normalizedEscapes(query)
}

var escape = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

func normalizedEscapes(text string) string {
	return escape.ReplaceAllStringFunc(text, func(escaped string) string {
		if char, err := url.PathUnescape(escaped); err == nil && isUnreserved(char[0]) {
			return char
		}
		return strings.ToUpper(escaped)
	})
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// withoutDotSegments implements RFC 3986, section 5.2.4, for a path that is empty or
// begins with a slash.
func withoutDotSegments(path string) string {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	kept := segments[:0]
	for i, segment := range segments {
		isLast := i == len(segments)-1
		switch segment {
		case ".", "..":
			if segment == ".." && len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
			if isLast {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, segment)
		}
	}
	return "/" + strings.Join(kept, "/")
}
