package messagemedia

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// The API's limits. They are documented with the fields that they bind.
const (
	maxURLLength         = 1000 // characters
	maxHeaderNameLength  = 200  // characters
	maxHeaderValueLength = 1000 // characters
	maxReadTimeout       = 60 * time.Second
	maxRetries           = 5
	minRetryDelay        = 5 * time.Second
	maxRetryDelay        = 60 * time.Second
)

// Validate reports what can never be right about the request, all of it at once,
// as a [*ValidationError]. CreateWebhook calls it before anything is sent. What
// only the platform can know passes: new event types, methods and encodings, a
// URL that is in use.
func (r CreateWebhookRequest) Validate() error {
	var v violations
	v.url(r.URL)
	v.requireText("/method", "Method", r.Method)
	v.requireText("/encoding", "Encoding", string(r.Encoding))
	v.events(r.Events)
	v.headers(r.Headers)
	v.requireUTF8("/template", r.Template)
	v.duration("/read_timeout", r.ReadTimeout, time.Millisecond, maxReadTimeout, time.Millisecond)
	if r.Retries < 0 || r.Retries > maxRetries {
		v.add("/retries", "[%d] is not from 0 to %d", r.Retries, maxRetries)
	}
	v.duration("/retry_delay", r.RetryDelay, minRetryDelay, maxRetryDelay, time.Second)
	return v.err("CreateWebhook")
}

// Validate reports what can never be right about the change, all of it at once,
// as a [*ValidationError]. UpdateWebhook calls it before anything is sent. An
// update that sets no field is one of those.
func (r UpdateWebhookRequest) Validate() error {
	var v violations
	r.check(&v)
	return v.err("UpdateWebhook")
}

func (r UpdateWebhookRequest) check(v *violations) {
	if r.URL == "" && r.Method == "" && r.Encoding == "" && r.Events == nil && r.Headers == nil && r.Template == nil {
		v.add("/", "At least one field must be set")
	}
	if r.URL != "" {
		v.url(r.URL)
	}
	v.requireUTF8("/method", r.Method)
	v.requireUTF8("/encoding", string(r.Encoding))
	if r.Events != nil {
		v.events(r.Events)
	}
	v.headers(r.Headers)
	if r.Template != nil {
		v.requireUTF8("/template", *r.Template)
	}
}

// violations collects what is wrong with a request, each entry worded like the
// API's own details: the JSON pointer to the field, then what is wrong with it.
type violations []string

func (v *violations) add(pointer, format string, args ...any) {
	*v = append(*v, pointer+": "+fmt.Sprintf(format, args...))
}

func (v violations) err(operation string) error {
	if len(v) == 0 {
		return nil
	}
	return &ValidationError{Operation: operation, Details: v}
}

// id refuses an ID that would make a path that of another resource: of the
// collection, or of its parent.
func (v *violations) id(pointer, id string) {
	if id == "" || id == "." || id == ".." {
		v.add(pointer, "[%s] is not an ID", id)
	}
	v.requireUTF8(pointer, id)
}

func (v *violations) page(page, size int) {
	if page < 0 {
		v.add("/page", "[%d] is negative, 0 stands for the first page", page)
	}
	if size < 0 {
		v.add("/page_size", "[%d] is negative, 0 stands for the default", size)
	}
}

// requireUTF8 refuses what JSON can't carry: encoding/json would replace it silently.
func (v *violations) requireUTF8(pointer, value string) {
	if !utf8.ValidString(value) {
		v.add(pointer, "Not valid UTF-8")
	}
}

func (v *violations) requireText(pointer, name, value string) {
	if value == "" {
		v.add(pointer, "%s cannot be null", name)
	}
	v.requireUTF8(pointer, value)
}

func (v *violations) events(events []EventType) {
	if len(events) == 0 {
		v.add("/events", "Events cannot be empty")
	}
	for i, event := range events {
		pointer := "/events/" + strconv.Itoa(i)
		if event == "" {
			v.add(pointer, "[] is invalid")
		}
		v.requireUTF8(pointer, string(event))
	}
}

func (v *violations) headers(headers map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		pointer, value := fmt.Sprintf("/headers/%.*s", maxHeaderNameLength, name), headers[name]
		if http.CanonicalHeaderKey(name) == "Content-Type" {
			v.add(pointer, "Content-Type is not allowed, the encoding sets it")
		}
		if !check.IsToken(name) {
			v.add("/headers", "%.*q is not the name of a header", maxHeaderNameLength, name)
		}
		if length := utf8.RuneCountInString(name); length > maxHeaderNameLength {
			v.add(pointer, "The name has %d characters, at most %d are allowed", length, maxHeaderNameLength)
		}
		if length := utf8.RuneCountInString(value); length > maxHeaderValueLength {
			v.add(pointer, "The value has %d characters, at most %d are allowed", length, maxHeaderValueLength)
		}
		if strings.ContainsAny(value, "\r\n\x00") {
			v.add(pointer, "The value has a line break or a NUL")
		}
		v.requireUTF8(pointer, value)
	}
}

// duration checks one that is set: 0 leaves the platform's default.
func (v *violations) duration(pointer string, d, least, most, unit time.Duration) {
	if d == 0 {
		return
	}
	if d < least || d > most {
		v.add(pointer, "[%v] is not from %v to %v", d, least, most)
	}
	if d%unit != 0 {
		v.add(pointer, "[%v] is not a whole multiple of %v", d, unit)
	}
}

func (v *violations) url(url string) {
	if url == "" {
		v.add("/url", "Url cannot be null")
		return
	}
	v.requireUTF8("/url", url)
	if length := utf8.RuneCountInString(url); length > maxURLLength {
		v.add("/url", "The URL has %d characters, at most %d are allowed", length, maxURLLength)
	}
	if problem := urlProblem(url); problem != "" {
		v.add("/url", "Not a valid http url: %s", problem)
	}
}

// urlProblem returns why the platform cannot call a URL, or "". It reads the URL by
// hand, since net/url refuses template variables that the platform takes. It
// names no more of the URL than the host: the rest can hold a token.
func urlProblem(url string) string {
	scheme, rest, found := strings.Cut(url, "://")
	if !found || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "it does not begin with http:// or https://"
	}
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	host, port, hasPort := strings.Cut(authority[strings.LastIndexByte(authority, '@')+1:], ":")
	if !isHostName(host) {
		return fmt.Sprintf("%q is not a host name", host)
	}
	if n, err := strconv.ParseUint(port, 10, 16); hasPort && (err != nil || n == 0) {
		return fmt.Sprintf("%q is not a port from 1 to 65535", port)
	}
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	if strings.ContainsFunc(path, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "its path has white space or a control character"
	}
	return ""
}

// isHostName reports whether a name is one by RFC 1123.
func isHostName(name string) bool {
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool { return r != '-' && !isAlphanumeric(r) }) {
			return false
		}
	}
	return true
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
