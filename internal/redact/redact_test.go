package redact_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/messagemedia/webhooks-go-sdk/internal/redact"
)

func TestURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://example.com/hooks":                  "https://example.com/hooks",
		"https://example.com/hooks?token=secret":     "https://example.com/hooks?…",
		"https://example.com/hooks#secret":           "https://example.com/hooks#…",
		"https://user:secret@example.com/hooks":      "https://…@example.com/hooks",
		"https://user:se@cret@example.com/hooks?a=b": "https://…@example.com/hooks?…",
		"https://example.com?secret@example.org":     "https://example.com?…",
		"/hooks?token=secret":                        "/hooks?…",
		"":                                           "",
	} {
		assert.Equal(t, want, redact.URL(url), url)
	}
}
