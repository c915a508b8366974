package messagemediatest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

var contentTypes = map[messagemedia.Encoding]string{
	messagemedia.EncodingJSON: "application/json",
	messagemedia.EncodingForm: "application/x-www-form-urlencoded",
	messagemedia.EncodingXML:  "application/xml",
}

// templates are the parsed URL and payload of a webhook.
type templates struct {
	webhook   messagemedia.Webhook
	url, body *velocity.Template
}

func parseTemplates(webhook messagemedia.Webhook) (*templates, error) {
	url, err := velocity.Parse(webhook.URL)
	if err != nil {
		return nil, fmt.Errorf("the URL as a template: %w", err)
	}
	body, err := velocity.Parse(webhook.Template)
	if err != nil {
		return nil, fmt.Errorf("the template: %w", err)
	}
	return &templates{webhook, url, body}, nil
}

func (t *templates) render(ctx context.Context, variables *velocity.Map, unescapedURLValues bool) (Attempt, error) {
	escape := percentEncode
	if unescapedURLValues {
		escape = nil
	}
	target, err := t.url.Render(ctx, variables, velocity.Options{Escape: escape})
	if err != nil {
		return Attempt{}, fmt.Errorf("the URL as a template: %w", err)
	}
	body, err := t.body.Render(ctx, variables, velocity.Options{})
	if err != nil {
		return Attempt{}, fmt.Errorf("the template: %w", err)
	}
	return newAttempt(t.webhook, target, []byte(body)), nil
}

// newAttempt returns an attempt that is not signed or sent yet.
func newAttempt(webhook messagemedia.Webhook, target string, body []byte) Attempt {
	header := http.Header{"User-Agent": {"messagemediatest"}}
	if contentType, ok := contentTypes[webhook.Encoding]; ok {
		header.Set("Content-Type", contentType)
	}
	for name, value := range webhook.Headers {
		header.Set(name, value)
	}
	for _, name := range [...]string{"Content-Length", "Transfer-Encoding", "Trailer"} {
		header.Del(name) // depend on the body, not on the webhook
	}
	return Attempt{Method: webhook.Method, URL: target, Header: header, RequestBody: body}
}

// percentEncode encodes a value for use in a path or a query.
func percentEncode(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}
