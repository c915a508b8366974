package messagemediatest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func TestNormalizeNormalizesURLs(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"":                                       "",
		"https://example.com/hooks?a=b":          "https://example.com/hooks?a=b",
		"https://example.com":                    "https://example.com/",
		"https://example.com?a=b":                "https://example.com/?a=b",
		"https://example.com/hooks/":             "https://example.com/hooks/",
		"HTTPS://EXAMPLE.com/Hooks":              "https://example.com/Hooks",
		"https://User:PassWord@EXAMPLE.com/":     "https://User:PassWord@example.com/",
		"https://example.com:443/":               "https://example.com/",
		"http://example.com:80":                  "http://example.com/",
		"https://example.com:80/":                "https://example.com:80/",
		"http://example.com:443/":                "http://example.com:443/",
		"https://example.com/%7euser?a=%7E":      "https://example.com/~user?a=~",
		"https://example.com/%2f%c3%a9?a=%2f":    "https://example.com/%2F%C3%A9?a=%2F",
		"https://example.com/é":                  "https://example.com/é",
		"https://example.com/a/./b/../c":         "https://example.com/a/c",
		"https://example.com/../a/..":            "https://example.com/",
		"https://example.com/a/b/.":              "https://example.com/a/b/",
		"https://example.com/a//b":               "https://example.com/a//b",
		"https://example.com/a#b?c":              "https://example.com/a",
		"https://example.com/a?b=/../c#d":        "https://example.com/a?b=/../c",
		"https://example.com/$mtId?text=${moId}": "https://example.com/$mtId?text=${moId}",
	} {
		webhook := messagemedia.Webhook{URL: given, Template: "a\r\nb\nc\r"}
		messagemediatest.Normalize(&webhook)
		assert.Equal(t, messagemedia.Webhook{URL: want, Template: "a\nb\nc\r"}, webhook)
		again := webhook
		messagemediatest.Normalize(&again)
		assert.Equal(t, webhook, again, "normalizing again changes nothing")
	}
}

func TestWebhooksAreStoredAndUniqueAsNormalized(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithNormalization(messagemediatest.Normalize))
	id := create(t, api, with(`"url":"https://EXAMPLE.com","template":"a\r\nb"`))
	_, response := send(t, api, "GET", path, "")
	assert.Contains(t, response, `"url":"https://example.com/"`)
	assert.Contains(t, response, `"template":"a\nb"`)
	status, _ := send(t, api, "POST", path, with(`"url":"https://example.com:443"`))
	assert.Equal(t, 409, status)

	status, response = send(t, api, "PATCH", path+"/"+id, `{"url":"https://example.com/%7e"}`)
	assert.Equal(t, 200, status)
	assert.Contains(t, response, `"url":"https://example.com/~"`)
	assert.Contains(t, response, `"template":"a\nb"`)

	added := messagemedia.Webhook{ID: "1", URL: "https://EXAMPLE.com"}
	assert.Equal(t, added, api.AddWebhook("", added), "AddWebhook does not normalize")
}

// TestACustomNormalization uses the server, and changes fields that the update does not
// set.
func TestACustomNormalization(t *testing.T) {
	t.Parallel()
	var api *messagemediatest.Server
	api = messagemediatest.NewServer(t, messagemediatest.WithNormalization(func(w *messagemedia.Webhook) {
		api.Webhooks("")
		w.Template = strings.ReplaceAll(w.Template, "\n", "\r\n") + "!"
		w.ID = "ignored"
	}))
	id := create(t, api, with(`"template":"a\nb"`))
	assert.NotEqual(t, "ignored", id)
	assert.Equal(t, "a\r\nb!", api.Webhooks("")[0].Template)
	status, _ := send(t, api, "PATCH", path+"/"+id, `{"method":"PUT"}`)
	assert.Equal(t, 200, status)
	assert.Equal(t, "a\r\nb!", api.Webhooks("")[0].Template, "the template was not in the update")
}
