package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// command is a running command and its output.
type command struct {
	url, token string
	lines      chan string
	stop       func() int // returns the exit code
}

func start(t *testing.T, args ...string) *command {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, stdout := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), stdout, t.Output())
		stdout.Close()
	}()
	c := &command{lines: make(chan string, 1000)}
	c.stop = func() int { cancel(); return <-code }
	go func() {
		for lines := bufio.NewScanner(reader); lines.Scan(); {
			c.lines <- lines.Text()
		}
		close(c.lines)
	}()
	c.url = strings.TrimPrefix(<-c.lines, "The mock server is at ")
	c.token = strings.TrimPrefix(<-c.lines, "The page is at "+c.url+"/?token=")
	return c
}

func TestRunServesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	c := start(t, "-key", "k", "-secret", "s")
	assert.Equal(t, "API key k, API secret s. It accepts Basic and HMAC.", <-c.lines)
	assert.Equal(t, "Try: curl -u 'k:s' "+c.url+"/v1/webhooks/messages", <-c.lines)
	assert.Equal(t, `and: curl -d '{"event":"RECEIVED_SMS","reply_id":"1","content":"Hello"}' `+c.url+"/mock/events", <-c.lines)
	assert.Empty(t, <-c.lines)

	client, err := messagemedia.NewClient(messagemedia.HMACAuth("k", "s"), messagemedia.WithBaseURL(c.url))
	require.NoError(t, err)
	_, err = client.ForAccount("sub").ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
	require.NoError(t, err)
	assert.Regexp(t, `^GET    /v1/webhooks/messages\?page=0 → 200 in \S+ for account sub$`, <-c.lines)

	endpoint := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer endpoint.Close()
	_, err = client.CreateWebhook(t.Context(), messagemedia.CreateWebhookRequest{
		URL: endpoint.URL, Method: "POST", Encoding: "JSON", Events: []messagemedia.EventType{messagemedia.EventReceivedSMS},
	})
	require.NoError(t, err)
	assert.Regexp(t, `^POST   /v1/webhooks/messages → 201 in \S+$`, <-c.lines)
	response, err := http.Post(c.url+"/mock/events", "", strings.NewReader(`{"event":"RECEIVED_SMS","reply_id":"1"}`))
	require.NoError(t, err)
	response.Body.Close()
	assert.Regexp(t, `^RECEIVED_SMS → POST `+endpoint.URL+` → 200 in \S+ \(attempt 1 of 1\)$`, <-c.lines)

	response, err = http.Get(c.url + "/?token=" + c.token)
	require.NoError(t, err)
	response.Body.Close()
	assert.Len(t, response.Cookies(), 1)
	assert.Equal(t, 0, c.stop())
	assert.Equal(t, "Stopped.", <-c.lines)
}

func TestRunPrintsForwardingAndWarnsIfExposed(t *testing.T) {
	t.Parallel()
	c := start(t, "-addr", "0.0.0.0:0", "-forward", "http://127.0.0.1:9000")
	defer c.stop()
	assert.Regexp(t, `^http://127\.0\.0\.1:\d+$`, c.url)
	var printed []string
	for line := range c.lines {
		if line == "" {
			break
		}
		printed = append(printed, line)
	}
	assert.Contains(t, printed, "Deliveries go to http://127.0.0.1:9000 with the path and query of their webhook.")
	assert.Contains(t, printed, "Warning: other hosts on the network can reach the server, over HTTP without TLS.")
}

func TestRunExplainsErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"an unknown flag":               {[]string{"-port", "1"}, 2, "flag provided but not defined: -port; -help lists all flags"},
		"an empty secret":               {[]string{"-secret", ""}, 2, "-addr, -key and -secret must not be empty"},
		"an argument":                   {[]string{"x"}, 2, `unexpected argument "x"; only flags are accepted`},
		"a path to forward to":          {[]string{"-forward", "http://h/x"}, 2, "must be a scheme and a host only"},
		"an address that can't be used": {[]string{"-addr", "127.0.0.1:99999"}, 1, "Choose another address with -addr."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			assert.Equal(t, c.code, run(t.Context(), c.args, &stdout, &stderr))
			assert.Contains(t, stderr.String(), c.want)
			assert.Empty(t, stdout.String())
		})
	}
}

// TestTheHelpHasCurlForEveryCall runs each command of the help in order, and checks that
// they cover every route.
func TestTheHelpHasCurlForEveryCall(t *testing.T) {
	t.Parallel()
	var help, stderr bytes.Buffer
	require.Equal(t, 0, run(t.Context(), []string{"-help"}, &help, &stderr))
	require.Empty(t, stderr.String())
	for _, flag := range []string{"-addr", "-key", "-secret", "-forward", "-v", "-show-tokens"} {
		assert.Contains(t, help.String(), "\n  "+flag)
	}
	commands := regexp.MustCompile(`(?m)^  (curl .*)$`).FindAllStringSubmatch(help.String(), -1)
	require.Greater(t, len(commands), 20)
	documented, err := exec.CommandContext(t.Context(), "go", "doc", "./internal/page").Output()
	require.NoError(t, err)
	for _, route := range regexp.MustCompile(`(?m)^    [A-Z]+ +(/mock/\S+)`).FindAllStringSubmatch(string(documented), -1) {
		path := strings.NewReplacer("/webhooks/{id}", "/webhooks/$ID", "{id}", "$N", "{number}", "0").Replace(route[1])
		assert.Contains(t, help.String(), path, "a call of package page")
	}

	for _, name := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err) // for example, on Windows
		}
	}
	c := start(t)
	defer c.stop()
	endpoint := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer endpoint.Close()
	environment := map[string]string{"TOKEN": c.token}
	for _, command := range commands {
		text := strings.NewReplacer("http://127.0.0.1:8080", c.url, "http://127.0.0.1:9000", endpoint.URL).Replace(command[1])
		status, body := c.curl(t, text, environment)
		assert.Less(t, status, 300, "%s\n%s", text, body)
		assert.GreaterOrEqual(t, status, 200, text)
		remember(body, environment)
	}
}

// curl runs a command and returns the status and the body. It stops a stream after a
// short time.
func (c *command) curl(t *testing.T, text string, environment map[string]string) (status int, body []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	run := exec.CommandContext(ctx, "sh", "-c", strings.Replace(text, "curl ", "curl -s -m 2 -w '\\n%{http_code}' ", 1))
	for name, value := range environment {
		run.Env = append(run.Environ(), name+"="+value)
	}
	output, err := run.Output()
	if failed, ok := err.(*exec.ExitError); ok && strings.Contains(text, "/stream") {
		require.Equal(t, 28, failed.ExitCode(), "curl: the time is over")
		err = nil
	}
	require.NoError(t, err, "%s\n%s", text, output)
	i := bytes.LastIndexByte(output, '\n')
	require.NoError(t, json.Unmarshal(output[i+1:], &status))
	return status, output[:i]
}

// remember stores the IDs of a response for later commands.
func remember(body []byte, environment map[string]string) {
	var response struct {
		ID        string
		KeyID     string `json:"key_id"`
		Exchanges []struct {
			ID    json.Number
			Event string
		}
	}
	if json.Unmarshal(body, &response) != nil {
		return
	}
	if response.ID != "" {
		environment["ID"] = response.ID
	}
	if response.KeyID != "" {
		environment["KEY_ID"] = response.KeyID
	}
	for _, e := range response.Exchanges {
		if e.Event == "RECEIVED_MMS" {
			environment["N"] = e.ID.String()
		}
	}
}
