package messagemedia

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/redact"
)

// This file prints webhooks and requests with the names of headers, without their values,
// and with the URL without its user info, query and fragment. The JSON of these types is the
// API's own and contains everything.

// String returns the webhook in one line, without tokens.
func (w Webhook) String() string {
	s := "webhook " + redact.Line(w.ID, maxRequestIDText) + ": " + shownFields(w.Method, w.URL, w.Encoding, w.Events, w.Headers, &w.Template)
	if w.Retries > 0 {
		s += fmt.Sprintf(", %d retries", w.Retries)
	}
	return s
}

// Format prints the webhook for every verb, without tokens.
func (w Webhook) Format(state fmt.State, verb rune) { redact.Format(state, verb, w.String()) }

// LogValue returns the result of String.
func (w Webhook) LogValue() slog.Value { return slog.StringValue(w.String()) }

// String returns the request in one line, without tokens.
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

// LogValue returns the result of String.
func (r CreateWebhookRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String returns the request in one line, without tokens.
func (r UpdateWebhookRequest) String() string {
	return "update " + shownFields(r.Method, r.URL, r.Encoding, r.Events, r.Headers, r.Template)
}

// Format prints the request for every verb, without tokens.
func (r UpdateWebhookRequest) Format(state fmt.State, verb rune) {
	redact.Format(state, verb, r.String())
}

// LogValue returns the result of String.
func (r UpdateWebhookRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String returns the number of the page and a line for each webhook, without tokens.
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

// LogValue returns the result of String.
func (p WebhookPage) LogValue() slog.Value { return slog.StringValue(p.String()) }

// shownFields returns the fields that are set.
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
