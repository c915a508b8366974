package publicurl_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/messagemedia/webhooks-go-sdk/examples/internal/publicurl"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, valid := range []string{
		"https://example.com/hooks/sms", "http://127.0.0.1:8080/hooks/sms", "https://[::1]/a", "https://example.com/a-b_c.d~e",
	} {
		assert.NoError(t, publicurl.Check("-url", valid), valid)
	}
	for invalid, want := range map[string]string{
		"":                                    "-url must begin with https:// or http://",
		"example.com/hooks":                   "-url must begin with https:// or http://",
		"ftp://example.com/hooks":             "-url must begin with https:// or http://",
		"HTTPS:///hooks":                      "-url must have a host",
		"https://user:password@example.com/a": "-url must not have user info",
		"https://example.com/a?b=password":    "-url must not have a query or a fragment",
		"https://example.com/a?":              "-url must not have a query or a fragment",
		"https://example.com/a#password":      "-url must not have a query or a fragment",
		"https://example.com/a#":              "-url must not have a query or a fragment",
		"https://example.com":                 "-url must have a path",
		"https://example.com/":                "-url must have a path",
		"https://example.com//a":              "-url must have a path",
		"https://example.com/a//b":            "-url must have a path",
		"https://example.com/a/../b":          "-url must have a path",
		"https://example.com/./a":             "-url must have a path",
		"https://example.com/a/":              "-url must have a path",
		"https://example.com/a%2Fb":           "-url must have a path without %, { or }",
		"https://example.com/{a}":             "-url must have a path without %, { or }",
		"https://user:password@%zz/":          "-url must be an absolute URL with a path, as in https://example.com/hooks/sms",
	} {
		err := publicurl.Check("-url", invalid)
		assert.ErrorContains(t, err, want, invalid)
		assert.NotContains(t, err.Error(), "password", invalid)
	}
}
