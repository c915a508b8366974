package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

func TestRunServesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, stdout := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int)
	go func() {
		code <- run(ctx, []string{"-addr", "127.0.0.1:0", "-key", "k", "-secret", "s"}, stdout, &stderr)
	}()

	lines := bufio.NewScanner(reader)
	next := func() string {
		require.True(t, lines.Scan())
		return lines.Text()
	}
	url := strings.TrimPrefix(next(), "The platform in memory is at ")
	assert.Equal(t, "API key k, API secret s. It accepts Basic and HMAC.", next())
	assert.Equal(t, "Try: curl -u 'k:s' "+url+"/v1/webhooks/messages", next())
	assert.Equal(t, `and: curl -d '{"event":"RECEIVED_SMS","reply_id":"1","content":"Hello"}' `+url+"/mock/events", next())
	assert.Empty(t, next())

	client, err := messagemedia.NewClient(messagemedia.HMACAuth("k", "s"), messagemedia.WithBaseURL(url))
	require.NoError(t, err)
	printed := make(chan string)
	go func() { printed <- next() }()
	_, err = client.ForAccount("sub").ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
	require.NoError(t, err)
	assert.Regexp(t, `^GET    /v1/webhooks/messages\?page=0 → 200 in \S+ for account sub$`, <-printed)

	go func() { printed <- next() + next() }()
	response, err := http.Post(url+"/v1/webhooks/messages", "application/json", nil)
	require.NoError(t, err)
	response.Body.Close()
	stop()
	assert.Regexp(t, `^POST   /v1/webhooks/messages → 401 in \S+Stopped\.$`, <-printed)
	assert.Equal(t, 0, <-code)
	assert.Empty(t, stderr.String())
}

func TestRunExplainsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"an unknown flag":              {[]string{"-port", "1"}, 2, "flag provided but not defined: -port"},
		"an empty secret":              {[]string{"-secret", ""}, 2, "none of them empty"},
		"an argument":                  {[]string{"x"}, 2, "nothing else"},
		"an address that can't be had": {[]string{"-addr", "127.0.0.1:99999"}, 1, "Choose another address with -addr."},
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
