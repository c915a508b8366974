package redact_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/messagemedia/webhooks-go-sdk/internal/redact"
)

func TestURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://example.com/hooks":                     "https://example.com/hooks",
		"https://example.com:8443/hooks":                "https://example.com:8443/hooks",
		"https://[2001:db8::1]:8443/hooks":              "https://[2001:db8::1]:8443/hooks",
		"https://[2001:db8::1]/hooks":                   "https://[2001:db8::1]/hooks",
		"https://example.com/hooks?token=secret":        "https://example.com/hooks?…",
		"https://example.com/hooks#secret":              "https://example.com/hooks#…",
		"https://example.com?secret@example.org":        "https://example.com?…",
		"https://user:secret@example.com/hooks":         "https://…@example.com/hooks",
		"https://user:se@cret@example.com/hooks?a=b":    "https://…@example.com/hooks?…",
		"https://user:secret@example.com/@user?a=b":     "https://…@example.com/@user?…",
		"https://example.com/@user":                     "https://example.com/@user",
		"https://example.com:8443/hooks?mail=a@b.com":   "https://example.com:8443/hooks?…",
		"https://user:sec/ret@example.com/hooks":        "https://…@example.com/hooks",
		"https://user:1234/ret@example.com/hooks":       "https://…@example.com/hooks",
		"https://user:sec/re@t/x@example.com/hooks?a=b": "https://…@example.com/hooks?…",
		"https://user:sec?ret@example.com/hooks":        "https://…",
		"https://user:sec#ret@example.com/":             "https://…",
		"https://sec_ret/x@example.com/":                "https://…@example.com/",
		"https:///user:secret@example.com/hooks":        "https://…@example.com/hooks",
		"https:user:secret@example.com/hooks":           "…@example.com/hooks",
		"user:secret@example.com":                       "…@example.com",
		"https://user:secret/hooks":                     "https://user:…/hooks",
		"https://user:/hooks":                           "https://user:…/hooks",
		"/hooks?token=secret":                           "/hooks?…",
		"?secret":                                       "?…",
		"":                                              "",
	} {
		assert.Equal(t, want, redact.URL(url), url)
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      "",
		"as it is: é 😀":         "as it is: é 😀",
		"a\nb\r\tc":             `a\nb\r\tc`,
		"\x1b[2J\x00\x7f":       `\x1b[2J\x00\x7f`,
		"\u0085":                `\u0085`,
		"\u202e\u200b\ufeff":    `\u202e\u200b\ufeff`,
		"\xff\xfe":              `\xff\xfe`,
		"\ufffd":                "\ufffd",
		"'\"\\":                 "'\"\\",
		"12345678901234567890":  "12345678901234567890",
		"123456789012345678901": "12345678901234567…",
		"1234567890123456é90":   "1234567890123456é90",
		"1234567890123456é901":  "1234567890123456…",
		"123456789012345678\n":  `123456789012345678\n`,
		"1234567890123456789\n": "12345678901234567…",
	} {
		got := redact.Line(text, 20)
		assert.Equal(t, want, got)
		assert.LessOrEqual(t, len(got), 20)
	}
}

func TestHide(t *testing.T) {
	t.Parallel()
	var secrets redact.Secrets
	secrets.AddURL("https://user:passw0rd@example.com/hooks?token=0123456789%2B&x=1#fragment")
	secrets.AddValue("Bearer abcdefgh\"<ij")
	secrets.AddValue("short")
	for text, want := range map[string]string{
		"":        "",
		"nothing": "nothing",
		"[https://user:passw0rd@example.com/hooks?token=0123456789%2B&x=1#fragment] is wrong":                     "[https://…@example.com/hooks?…] is wrong",
		"https%3A%2F%2Fuser%3Apassw0rd%40example.com%2Fhooks%3Ftoken%3D0123456789%252B%26x%3D1%23fragment":        "https://…@example.com/hooks?…",
		"passw0rd, token=0123456789%2B, 0123456789+, fragment":                                                    "…, …, …, …",
		`Bearer abcdefgh"<ij, Bearer abcdefgh\"<ij, Bearer abcdefgh\"\u003cij, Bearer+abcdefgh%22%3Cij, abcdefgh`: "…, …, …, …, …",
		"x=1, short, user": "x=1, short, user",
	} {
		assert.Equal(t, want, secrets.Hide(text))
	}
	assert.Equal(t, "as it is", redact.Secrets{}.Hide("as it is"))
}
