package messagemedia

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/redact"
)

// What people see of webhooks and requests: the names of headers without their values, and
// the URL without its user info, query and fragment. The JSON of these types is the API's,
// and has everything.

// String shows the webhook in one line, without tokens.
func (w Webhook) String() string {
	s := "webhook " + redact.Line(w.ID, maxRequestIDText) + ": " + shownFields(w.Method, w.URL, w.Encoding, w.Events, w.Headers, &w.Template)
	if w.Retries > 0 {
		s += fmt.Sprintf(", %d retries", w.Retries)
	}
	return s
}

// Format prints the webhook for every verb, without tokens.
func (w Webhook) Format(state fmt.State, verb rune) { redact.Format(state, verb, w.String()) }

// LogValue shows the webhook in a log as String does.
func (w Webhook) LogValue() slog.Value { return slog.StringValue(w.String()) }

// String shows the request in one line, without tokens.
func (r CreateWebhookRequest) String() string {
	s := "create " + shownFields(r.Method, r.URL, r.Encoding, r.Events, r.Headers, &r.Template)
	if r.Retries > 0 {
		s += fmt.Sprintf(", %d retries", r.Retries)
	}
	return s
}

// Format prints the request for every verb, without tokens.
func (r CreateWebhookRequest) Format(state fmt.State, verb rune) {
	redact.Format(state, verb, r.String())
}

// LogValue shows the request in a log as String does.
func (r CreateWebhookRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String shows the request in one line, without tokens.
func (r UpdateWebhookRequest) String() string {
	return "update " + shownFields(r.Method, r.URL, r.Encoding, r.Events, r.Headers, r.Template)
}

// Format prints the request for every verb, without tokens.
func (r UpdateWebhookRequest) Format(state fmt.State, verb rune) {
	redact.Format(state, verb, r.String())
}

// LogValue shows the request in a log as String does.
func (r UpdateWebhookRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String shows the page's number, and its webhooks in one line each, without tokens.
func (p WebhookPage) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "page %d of at most %d webhooks", p.Page, p.PageSize)
	for _, webhook := range p.Webhooks {
		s.WriteString("\n")
		if webhook != nil {
			s.WriteString(webhook.String())
		}
	}
	return s.String()
}

// Format prints the page for every verb, without tokens.
func (p WebhookPage) Format(state fmt.State, verb rune) { redact.Format(state, verb, p.String()) }

// LogValue shows the page in a log as String does.
func (p WebhookPage) LogValue() slog.Value { return slog.StringValue(p.String()) }

// shownFields are those that are set.
func shownFields(method, url string, encoding Encoding, events []EventType, headers map[string]string, template *string) string {
	const most = 2000 // bytes; the API allows a URL of 1000 characters
	shown := []string{strings.TrimSpace(method + " " + redact.URL(url))}
	if encoding != "" {
		shown = append(shown, string(encoding))
	}
	if events != nil {
		shown = append(shown, "events "+fmt.Sprint(events))
	}
	if headers != nil {
		shown = append(shown, "headers "+fmt.Sprint(slices.Sorted(maps.Keys(headers))))
	}
	if template != nil {
		shown = append(shown, fmt.Sprintf("template of %d bytes", len(*template)))
	}
	return redact.Line(strings.Join(shown, ", "), most)
}
