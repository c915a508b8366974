package messagemediatest

import (
	"net/url"
	"regexp"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// Normalize spells a webhook otherwise, in each way that a platform could without
// changing what it means, for [WithNormalization]. The URL is normalized by RFC 3986,
// section 6.2: scheme and host in lower case, no default port, "/" for an empty path,
// no dot segments, escapes in upper case and only where they are needed, so that
// %7e becomes ~, and no fragment. The template's line ends become line feeds.
//
// Whether the platform does any of this is not documented.
func Normalize(webhook *messagemedia.Webhook) {
	webhook.URL = normalizedURL(webhook.URL)
	webhook.Template = strings.ReplaceAll(webhook.Template, "\r\n", "\n")
}

var urlPattern = regexp.MustCompile(`^([^:/?#]+)://([^/?#]*)([^?#]*)(\?[^#]*)?`)

// normalizedURL works on text: a URL may have template variables, which net/url
// would escape.
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

// withoutDotSegments follows RFC 3986, section 5.2.4, for a path that is empty or
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
