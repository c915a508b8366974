package main

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func noClient() (*messagemedia.Client, error) { return nil, errors.New("no credentials") }

func TestTemplates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args     []string
		template string
		code     int
		want     string
	}{
		"a template without a problem": {
			[]string{"-events", "OPT_OUT_SMS"}, `{"notification_id":"$notificationId"}`, 0, `OPT_OUT_SMS
    {"notification_id":"3e6e6b1a-6c1d-4b1a-9c1e-6f1a6b1a6c1d"}

No problems.
`,
		},
		"a warning": {
			[]string{"-events", "OPT_OUT_SMS"}, `{"id":"$notificationId"}`, 1, `OPT_OUT_SMS
    {"id":"3e6e6b1a-6c1d-4b1a-9c1e-6f1a6b1a6c1d"}

warning: template: package webhook finds no dedupe key in the delivery, although the delivery has the ID of the event [unknown_name]
    name the ID "notification_id", or give the handler webhook.WithDedupeKey
`,
		},
		"a suppressed warning": {
			[]string{"-events", "OPT_OUT_SMS", "-suppress", "retry_count, unknown_name"}, `{"id":"$notificationId"}`, 0, "OPT_OUT_SMS\n    {\"id\":\"3e6e6b1a-6c1d-4b1a-9c1e-6f1a6b1a6c1d\"}\n\nNo problems.\n",
		},
		"a warning and an error": {
			[]string{"-encoding", "FORM_ENCODED", "-events", "RECEIVED_SMS, OPT_OUT_SMS", "-suppress", "unknown_name,line_break"}, "\tid=$!moId$!notificationId&\n\té=$mtID&text=$moContent\n", 1, `RECEIVED_SMS
    	id=a175e797-2b54-468b-9850-41a3eab32f74&
    	é=$mtID&text=YES please

OPT_OUT_SMS
    	id=3e6e6b1a-6c1d-4b1a-9c1e-6f1a6b1a6c1d&
    	é=$mtID&text=STOP

warning: template: undocumented variable $mtID renders literally unless your account defines it [undocumented_variable]
    did you mean $mtId?
   2 | 	é=$mtID&text=$moContent
     | 	  ^
error: template: $moContent inserts "&" unescaped, which breaks the form encoding or changes its meaning [unescaped_input]
    write $!esc.url($moContent)
   2 | 	é=$mtID&text=$moContent
     | 	             ^
`,
		},
		"CRLF line ends, wide characters and combining marks": {
			[]string{"-events", "RECEIVED_SMS", "-suppress", "unknown_name"}, "{\"id\":\"$moId\",\r\n\"漢字😀\":\"$type\",\r\n\"e\u0301\":\"$type\"}\r\n", 1, "RECEIVED_SMS\n" +
				"    {\"id\":\"a175e797-2b54-468b-9850-41a3eab32f74\",\r\n    \"漢字😀\":\"SMS\",\r\n    \"e\u0301\":\"SMS\"}\r\n\n" +
				"warning: template: $type is deprecated [deprecated_variable]\n    write $format\n   2 | \"漢字😀\":\"$type\",\n     |           ^\n" +
				"warning: template: $type is deprecated [deprecated_variable]\n    write $format\n   3 | \"e\u0301\":\"$type\"}\n     |      ^\n",
		},
		"a missing #end after a CR": {
			[]string{"-events", "RECEIVED_SMS"}, "#if($moId)" + strings.Repeat(".", 22) + "\r", 1, "RECEIVED_SMS\n" +
				"    error: template: Render: velocity: line 1, column 34: the text ends where the #end of #if is expected\n\n" +
				"error: template: the text ends where the #end of #if is expected: the platform can't parse the template, and every message is lost [syntax]\n" +
				"   1 | #if($moId)" + strings.Repeat(".", 22) + "\n     | " + strings.Repeat(" ", 33) + "^\n",
		},
		"an empty template": {
			[]string{"-events", "RECEIVED_SMS"}, "", 1, "RECEIVED_SMS\n    \n\nwarning: template: no template: the platform sends an empty body [empty_body]",
		},
		"a template with a syntax error": {
			[]string{"-events", "RECEIVED_SMS"}, "#if($moId", 1, "RECEIVED_SMS\n    error: template: Render: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			assert.Equal(t, c.code, run(t.Context(), c.args, strings.NewReader(c.template), &stdout, &stderr, noClient))
			assert.True(t, strings.HasPrefix(stdout.String(), c.want), stdout.String())
			assert.Empty(t, stderr.String())
		})
	}
}

func TestJSONTemplateHasNoProblems(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run(t.Context(), nil, strings.NewReader(messagemedia.JSONTemplate), &stdout, &stderr, noClient))
	assert.Contains(t, stdout.String(), "DELIVERED_DR\n")
	assert.Contains(t, stdout.String(), "\nNo problems.\n")
}

// TestCheckWebhookOfTheAccount checks one webhook without problems, and one with problems in
// its template, URL and retries.
func TestCheckWebhookOfTheAccount(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client()
	connect := func() (*messagemedia.Client, error) { return client, nil }
	request := messagemedia.CreateWebhookRequest{
		URL: "https://example.com/hooks?token=3f5b2c7d9e1a", Method: http.MethodPost, Encoding: messagemedia.EncodingJSON,
		Events: []messagemedia.EventType{messagemedia.EventReceivedSMS}, Template: messagemedia.JSONTemplate, Retries: 5,
	}
	right, err := client.CreateWebhook(t.Context(), request)
	require.NoError(t, err)
	request.URL, request.Retries, request.Template = "https://example.com/other?token=3f5b2c7d9e1a&text=$moContent", 0, `{"reply_id":"$moId","text":"$moContent"}`
	wrong, err := client.CreateWebhook(t.Context(), request)
	require.NoError(t, err)

	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run(t.Context(), []string{"-id", right.ID}, nil, &stdout, &stderr, connect))
	assert.Contains(t, stdout.String(), "RECEIVED_SMS\n")
	assert.Contains(t, stdout.String(), "\nNo problems.\n")
	stdout.Reset()
	assert.Equal(t, 1, run(t.Context(), []string{"-id", wrong.ID}, nil, &stdout, &stderr, connect))
	for _, code := range []string{"[unescaped_input]", "[no_retries]", "[input_in_url]"} {
		assert.Contains(t, stdout.String(), code)
	}
	assert.NotContains(t, stdout.String(), "3f5b2c7d9e1a", "a URL can contain a token")
	assert.Empty(t, stderr.String())

	stdout.Reset()
	assert.Equal(t, 2, run(t.Context(), []string{"-id", "877c19ef-fa2e-4cec-827a-e1df9b5509f7"}, nil, &stdout, &stderr, connect))
	assert.Contains(t, stderr.String(), "not found")
	assert.Equal(t, 2, run(t.Context(), []string{"-id", right.ID}, nil, &stdout, &stderr, noClient))
	assert.Contains(t, stderr.String(), "templates: no credentials")
	assert.Empty(t, stdout.String())
}

func TestInvalidArguments(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`encoding must be JSON, FORM_ENCODED or XML, got "YAML"`: {"-encoding", "YAML"},
		`undocumented event type "READ"`:                         {"-events", "RECEIVED_SMS,READ"},
		"flag provided but not defined":                          {"-file", "x"},
		`unexpected argument "my.vm"`:                            {"my.vm"},
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, 2, run(t.Context(), args, strings.NewReader(""), &stdout, &stderr, noClient))
		assert.Contains(t, stderr.String(), want)
		assert.Empty(t, stdout.String())
	}
	var stderr bytes.Buffer
	assert.Equal(t, 0, run(t.Context(), []string{"-h"}, strings.NewReader(""), &bytes.Buffer{}, &stderr, noClient), "asking for help is not a mistake")
	assert.Contains(t, stderr.String(), "-encoding")
	assert.Equal(t, 2, run(t.Context(), nil, iotest.ErrReader(errors.New("gone")), &bytes.Buffer{}, &stderr, noClient))
	assert.Contains(t, stderr.String(), "gone")
}
