package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// environment returns an environment with credentials and a base URL.
func environment(api *messagemediatest.Server, baseURL string) func(string) string {
	return func(name string) string {
		return map[string]string{
			"MESSAGEMEDIA_API_KEY":    api.Key,
			"MESSAGEMEDIA_API_SECRET": api.Secret,
			"MESSAGEMEDIA_BASE_URL":   baseURL,
		}[name]
	}
}

// lineOf returns the line of the report for a check.
func lineOf(t *testing.T, report, check string) string {
	t.Helper()
	for line := range strings.Lines(report) {
		if cells := strings.SplitN(line, "|", 4); len(cells) == 4 && strings.TrimSpace(cells[2]) == check {
			return strings.TrimSpace(line)
		}
	}
	require.Fail(t, "the report has no line for the check", check+"\n"+report)
	return ""
}

func TestTheInMemoryPlatformIsAsAssumed(t *testing.T) {
	t.Parallel()
	var out, log bytes.Buffer
	status := run(t.Context(), settings{}, func(string) string { return "" }, strings.NewReader(""), &out, &log)
	assert.Equal(t, exitAsAssumed, status, out.String()+log.String())
	assert.NotContains(t, out.String(), "| differs ")
	assert.Equal(t, 1, strings.Count(out.String(), "| not observed "), "only the Date of a retry, which needs time\n"+out.String())
	assert.Empty(t, log.String())
}

// TestAgainstAnAccount uses a shared account and a public URL.
func TestAgainstAnAccount(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	others := addOthers(t, api)
	receiving := make(chan struct{})
	log := &watcher{text: "send a text message", seen: receiving}
	go func() {
		<-receiving
		_, err := api.Send(context.WithoutCancel(t.Context()), &webhook.ReceivedSMS{ReplyID: "1", Content: "tell nobody: é & ü"})
		assert.NoError(t, err)
	}()
	address := freeAddress(t)
	var out bytes.Buffer
	status := run(t.Context(), settings{yes: true, keys: true, publicURL: "http://" + address + "/hooks", address: address, wait: 10 * time.Second},
		environment(api, api.URL), strings.NewReader(""), &out, log)
	assert.Equal(t, exitAsAssumed, status, out.String()+log.String())
	assert.Contains(t, lineOf(t, out.String(), "a text message arrives"), "at 4 of 4")
	assert.Contains(t, lineOf(t, out.String(), "values of variables in a URL"), "percent-encoded, space as %20")
	assert.Contains(t, lineOf(t, out.String(), "signature"), "verified")
	others.requireUnchanged(t, api)

	report := out.String()
	require.NotEmpty(t, report)
	for _, secret := range []string{
		api.Key, api.Secret, base64.StdEncoding.EncodeToString([]byte(api.Key + ":" + api.Secret)),
		"tell nobody", address, others.webhook.ID, "others-token", others.key.ID,
	} {
		assert.NotContains(t, report, secret)
	}
}

func TestNoTextMessageArrives(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	address := freeAddress(t)
	var out, log bytes.Buffer
	status := run(t.Context(), settings{yes: true, publicURL: "http://" + address, address: address, wait: time.Second},
		environment(api, api.URL), strings.NewReader(""), &out, &log)
	assert.Equal(t, exitAsAssumed, status, out.String()+log.String())
	assert.Contains(t, lineOf(t, out.String(), "a text message arrives"), "no text message arrived")
	assert.Empty(t, api.Webhooks(""))
}

// TestSomeWebhooksGetNothing delivers the message to three of the four webhooks.
func TestSomeWebhooksGetNothing(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	log := &watcher{text: "send a text message", seen: make(chan struct{})}
	address := freeAddress(t)
	go func() {
		<-log.seen
		for _, hook := range api.Webhooks("") {
			if strings.HasSuffix(hook.URL, "/json") {
				continue
			}
			request, err := http.NewRequest(hook.Method, strings.TrimSuffix(hook.URL, urlQuery), nil)
			if assert.NoError(t, err) {
				response, err := http.DefaultClient.Do(request)
				if assert.NoError(t, err) {
					response.Body.Close()
				}
			}
		}
	}()
	var out bytes.Buffer
	status := run(t.Context(), settings{yes: true, publicURL: "http://" + address, address: address, wait: 2 * time.Second},
		environment(api, api.URL), strings.NewReader(""), &out, log)
	assert.Equal(t, exitDiffers, status, out.String()+log.String())
	assert.Contains(t, lineOf(t, out.String(), "a text message arrives"), "missing: json (0 of 2)")
	assert.Empty(t, api.Webhooks(""))
}

func TestAnEnabledKeyStaysEnabled(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	others := addOthers(t, api)
	_, err := api.Client().EnableSignatureKey(t.Context(), others.key.ID)
	require.NoError(t, err)
	before := len(api.Requests())
	var out, log bytes.Buffer
	status := run(t.Context(), settings{yes: true, keys: true}, environment(api, api.URL), strings.NewReader(""), &out, &log)
	assert.Equal(t, exitAsAssumed, status, out.String()+log.String())
	assert.Contains(t, lineOf(t, out.String(), "enable a key"), "another key is enabled and is left unchanged")
	for _, request := range api.Requests()[before:] {
		assert.False(t, request.Method != http.MethodGet && strings.HasSuffix(request.Target, "/enabled"), request.Target)
	}
	enabled, err := api.Client().GetEnabledSignatureKey(t.Context())
	require.NoError(t, err)
	assert.Equal(t, others.key.ID, enabled.ID)
}

func TestTheProbeAsksForConfirmation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		input  string
		starts bool
	}{
		"yes":                    {"yes\n", true},
		"y":                      {" Y \n", true},
		"no":                     {"n\n", false},
		"an empty line":          {"\n", false},
		"no input":               {"", false},
		"something else":         {"yesterday\n", false},
		"yes without a line end": {"yes", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			var out, log bytes.Buffer
			status := run(t.Context(), settings{}, environment(api, api.URL), strings.NewReader(c.input), &out, &log)
			assert.Contains(t, log.String(), "Continue? [y/N]")
			if c.starts {
				assert.Equal(t, exitAsAssumed, status, out.String())
				return
			}
			assert.Equal(t, exitFailed, status)
			assert.Empty(t, out.String())
			assert.Contains(t, log.String(), "probe: not started; to start without asking, pass -yes")
			assert.Empty(t, api.Requests())
		})
	}
}

func TestTheProbeDoesNotStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings settings
		secret   string
		webhooks int
		want     string
	}{
		"with wrong credentials":    {settings{}, "wrong-secret", 0, "401 Unauthorized"},
		"with an empty secret":      {settings{}, "", 0, "the API secret is empty"},
		"with a URL without a host": {settings{publicURL: "example.com"}, "test-secret", 0, "-url must be an absolute URL without a query or a fragment"},
		"with a URL with a query":   {settings{publicURL: "https://example.com/?a=b"}, "test-secret", 0, "-url must be an absolute URL without a query or a fragment"},
		"in an account nearly full": {settings{}, "test-secret", 145, "the account must have at most 140 webhooks, because its limit is 150, got 145"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			for range c.webhooks {
				_, err := api.Client().CreateWebhook(t.Context(), othersWebhook())
				require.NoError(t, err)
			}
			getenv := func(name string) string {
				if name == "MESSAGEMEDIA_API_SECRET" {
					return c.secret
				}
				return environment(api, api.URL)(name)
			}
			c.settings.yes = true
			var out, log bytes.Buffer
			assert.Equal(t, exitFailed, run(t.Context(), c.settings, getenv, strings.NewReader(""), &out, &log))
			assert.Contains(t, log.String(), c.want)
			assert.NotContains(t, log.String(), "wrong-secret")
			assert.Empty(t, out.String())
			assert.Len(t, api.Webhooks(""), c.webhooks)
		})
	}
}
