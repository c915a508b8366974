package messagemediatest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// The API's documented rules for a webhook. They are independent of the client's rules,
// so that tests find mistakes in those.
const (
	maxURLLength         = 1000 // characters
	maxHeaderNameLength  = 200
	maxHeaderValueLength = 1000
	maxReadTimeout       = 60_000 // milliseconds
	maxRetries           = 5
	minRetryDelay        = 5 // seconds
	maxRetryDelay        = 60
)

var (
	methods   = []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete}
	encodings = []string{string(messagemedia.EncodingJSON), string(messagemedia.EncodingForm), string(messagemedia.EncodingXML)}
	events    = []string{
		string(messagemedia.EventReceivedSMS), string(messagemedia.EventReceivedMMS), string(messagemedia.EventOptOutSMS),
		string(messagemedia.EventEnrouteDR), string(messagemedia.EventExpiredDR), string(messagemedia.EventRejectedDR),
		string(messagemedia.EventFailedDR), string(messagemedia.EventDeliveredDR), string(messagemedia.EventSubmittedDR),
	}
)

// checkEnum checks a field with a fixed set of values.
func (o *object) checkEnum(name, value string, values []string, required bool) {
	switch pointer := "/" + name; {
	case !o.has(name):
		o.wrong.require(!required, "%s: %s cannot be null", pointer, capitalized(name))
	default:
		o.wrong.require(slices.Contains(values, value), "%s: [%s] is invalid", pointer, value)
	}
}

func (o *object) checkURL(url string, required bool) {
	if !o.has("url") {
		o.wrong.require(!required, "/url: Url cannot be null")
		return
	}
	length := utf8.RuneCountInString(url)
	o.wrong.require(length <= maxURLLength, "/url: has %d characters, at most %d are allowed", length, maxURLLength)
	if problem := urlProblem(url); problem != "" {
		o.wrong.add("/url: Not a valid http url: %s", problem)
	}
}

func (o *object) checkEvents(names []string, required bool) {
	switch {
	case !o.has("events"):
		o.wrong.require(!required, "/events: Events cannot be null")
	case len(names) == 0:
		o.wrong.add("/events: Events cannot be empty")
	}
	for i, name := range names {
		o.wrong.require(slices.Contains(events, name), "/events/%d: [%s] is invalid", i, name)
	}
}

func (o *object) checkHeaders(headers map[string]string) {
	names := make(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		pointer, value := "/headers/"+name, headers[name]
		lower := strings.ToLower(name)
		o.wrong.require(names[lower] == "", "%s: is the same header as %s", pointer, names[lower])
		names[lower] = name
		o.wrong.require(check.IsToken(name), "/headers: %q is not a header name", name)
		o.wrong.require(lower != "content-type", "%s: Content-Type is not allowed", pointer)
		o.wrong.require(utf8.RuneCountInString(name) <= maxHeaderNameLength, "%s: the name has more than %d characters", pointer, maxHeaderNameLength)
		o.wrong.require(utf8.RuneCountInString(value) <= maxHeaderValueLength, "%s: the value has more than %d characters", pointer, maxHeaderValueLength)
		o.wrong.require(!strings.ContainsFunc(value, isControlInHeader), "%s: the value has a control character", pointer)
	}
}

func isControlInHeader(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// urlProblem returns why the platform would reject a URL, or "". It does not use net/url,
// which rejects template variables in a path or query.
func urlProblem(url string) string {
	scheme, rest, found := strings.Cut(url, "://")
	if scheme = strings.ToLower(scheme); !found || scheme != "http" && scheme != "https" {
		return "does not begin with http:// or https://"
	}
	authority, path := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, path = rest[:end], rest[end:]
	}
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	if name, port, found := strings.Cut(host, ":"); found {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Sprintf("port must be from 1 to 65535, got %q", port)
		}
		host = name
	}
	if !isHostName(host) {
		return fmt.Sprintf("%q is not a host name", host)
	}
	if end := strings.IndexAny(path, "?#"); end >= 0 {
		path = path[:end]
	}
	if strings.ContainsFunc(path, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "path has white space or a control character"
	}
	return ""
}

// isHostName reports whether a name is a host name by RFC 1123.
func isHostName(name string) bool {
	name = strings.TrimSuffix(name, ".")
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		onlyHyphens := strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
		if label == "" || len(label) > 63 || onlyHyphens != "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
	}
	return true
}

func capitalized(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
