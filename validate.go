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

// usualHeaders is how many headers are validated without an allocation.
const usualHeaders = 8

// Validate returns a [*ValidationError] with all problems of the request, or nil.
// CreateWebhook calls it before it sends anything. Validate accepts unlisted event types,
// methods and encodings, and a URL that is already in use.
func (r CreateWebhookRequest) Validate() error {
	var v violations
	v.url(r.URL)
	v.requireText("/method", "Method", r.Method)
	v.requireText("/encoding", "Encoding", string(r.Encoding))
	v.events(r.Events)
	v.headers(r.Headers)
	v.requireUTF8("/template", r.Template)
	v.duration("/read_timeout", "Read timeout", r.ReadTimeout, time.Millisecond, maxReadTimeout, time.Millisecond)
	if r.Retries < 0 || r.Retries > maxRetries {
		v.add("/retries", "Retries must be between 0 and %d, got %d", maxRetries, r.Retries)
	}
	v.duration("/retry_delay", "Retry delay", r.RetryDelay, minRetryDelay, maxRetryDelay, time.Second)
	return v.err("CreateWebhook")
}

// Validate returns a [*ValidationError] with all problems of the change, or nil. An update
// without fields is invalid. UpdateWebhook calls Validate before it sends anything.
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

// violations collects the problems of a request in the format of the API's details: the JSON
// pointer to the field, then the problem.
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

// id rejects an ID that would result in the path of another resource.
func (v *violations) id(pointer, id string) {
	if id == "" || id == "." || id == ".." {
		v.add(pointer, "[%s] is not an ID", id)
	}
	v.requireUTF8(pointer, id)
}

func (v *violations) page(page, size int) {
	if page < 0 {
		v.add("/page", "Page must not be negative, got %d; 0 means the first page", page)
	}
	if size < 0 {
		v.add("/page_size", "Page size must not be negative, got %d; 0 means the default", size)
	}
}

// requireUTF8 rejects invalid UTF-8, which encoding/json would silently replace.
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
		if event == "" {
			v.add("/events/"+strconv.Itoa(i), "[] is invalid")
		}
		if !utf8.ValidString(string(event)) {
			v.add("/events/"+strconv.Itoa(i), "Not valid UTF-8")
		}
	}
}

func (v *violations) headers(headers map[string]string) {
	first := make(map[string]string, len(headers)) // the first name with a canonical form
	names := slices.AppendSeq(make([]string, 0, usualHeaders), maps.Keys(headers))
	slices.Sort(names)
	for _, name := range names {
		v.header(name, headers[name], first)
	}
}

func (v *violations) header(name, value string, first map[string]string) {
	add := func(format string, args ...any) {
		v.add(fmt.Sprintf("/headers/%.*s", maxHeaderNameLength, name), format, args...)
	}
	canonical := http.CanonicalHeaderKey(name)
	if canonical == "Content-Type" {
		add("Content-Type is not allowed, the encoding sets it")
	}
	if earlier, ok := first[canonical]; ok {
		add("The name differs from %.*s in case only", maxHeaderNameLength, earlier)
	} else {
		first[canonical] = name
	}
	if !check.IsToken(name) {
		v.add("/headers", "%.*q is not a header name", maxHeaderNameLength, name)
	}
	if length := utf8.RuneCountInString(name); length > maxHeaderNameLength {
		add("The name must have at most %d characters, got %d", maxHeaderNameLength, length)
	}
	if length := utf8.RuneCountInString(value); length > maxHeaderValueLength {
		add("The value must have at most %d characters, got %d", maxHeaderValueLength, length)
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		add("The value contains a line break or another control character")
	}
	if !utf8.ValidString(value) {
		add("Not valid UTF-8")
	}
}

// duration checks a duration, unless it is zero, which means the platform's default.
func (v *violations) duration(pointer, name string, d, least, most, unit time.Duration) {
	if d == 0 {
		return
	}
	if d < least || d > most {
		v.add(pointer, "%s must be between %v and %v, got %v", name, least, most, d)
	}
	if d%unit != 0 {
		v.add(pointer, "%s must be a multiple of %v, got %v", name, unit, d)
	}
}

func (v *violations) url(url string) {
	if url == "" {
		v.add("/url", "Url cannot be null")
		return
	}
	v.requireUTF8("/url", url)
	if length := utf8.RuneCountInString(url); length > maxURLLength {
		v.add("/url", "The URL must have at most %d characters, got %d", maxURLLength, length)
	}
	if problem := urlProblem(url); problem != "" {
		v.add("/url", "Not a valid http url: %s", problem)
	}
}
