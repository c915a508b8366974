package main

import (
	"bytes"
	"errors"
	"flag"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// TestMain runs the command when a test starts this program with RUN_THE_COMMAND set.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_THE_COMMAND") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestTheDemonstration(t *testing.T) {
	setEnvironment(t, nil, "")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, &out))
	assert.Equal(t, `MESSAGEMEDIA_API_KEY is not set: using the in-memory platform.

$ go run . -file webhooks.yaml -prune https://example.com/hooks -replace
  ~ update  POST https://example.com/hooks/sms (events, template, headers.X-Team)
-/+ replace POST https://example.com/hooks/reports?… (events, template, read_timeout, retries, retry_delay)
  + create  POST https://example.com/hooks/mms
  - delete  POST https://example.com/hooks/2024
Plan: 1 to create, 1 to update, 1 to replace, 1 to delete, 0 unchanged.

$ go run . -file webhooks.yaml -prune https://example.com/hooks -replace -apply
  ~ update  POST https://example.com/hooks/sms (events, template, headers.X-Team): applied
-/+ replace POST https://example.com/hooks/reports?… (events, template, read_timeout, retries, retry_delay): applied
  + create  POST https://example.com/hooks/mms: applied
  - delete  POST https://example.com/hooks/2024: applied
Sync: 1 created, 1 updated, 1 replaced, 1 deleted, 0 unchanged, 0 not applied, 0 unknown.

$ go run . -file webhooks.yaml -prune https://example.com/hooks -replace -check
Plan: 0 to create, 0 to update, 0 to replace, 0 to delete, 3 unchanged.
`, out.String())
}

// TestWithCredentials plans, applies and checks. It then changes the account and checks for
// drift.
func TestWithCredentials(t *testing.T) {
	for _, auth := range []string{"", "basic", "hmac"} {
		t.Run(auth, func(t *testing.T) {
			api := messagemediatest.NewServer(t)
			setEnvironment(t, api, auth)
			command := func(args ...string) (string, error) {
				var out bytes.Buffer
				err := run(t.Context(), args, &out)
				return out.String(), err
			}
			out, err := command()
			require.NoError(t, err)
			assert.Contains(t, out, "Plan: 3 to create")
			assert.Empty(t, api.Webhooks(""))

			_, err = command("-check")
			require.ErrorIs(t, err, errDrift)
			assert.Empty(t, api.Webhooks(""))

			out, err = command("-apply")
			require.NoError(t, err)
			assert.Contains(t, out, "Sync: 3 created")
			assert.Len(t, api.Webhooks(""), 3)

			out, err = command("-check")
			require.NoError(t, err)
			assert.Contains(t, out, "3 unchanged.")

			require.NoError(t, api.Client().DeleteWebhook(t.Context(), api.Webhooks("")[0].ID))
			_, err = command("-check")
			assert.ErrorIs(t, err, errDrift)
		})
	}
}

func TestPruneAndReplaceNeedTheirFlags(t *testing.T) {
	api := messagemediatest.NewServer(t)
	setEnvironment(t, api, "")
	for _, url := range []string{"https://example.com/hooks/old", "https://example.com/hooks/reports?token=an-example"} {
		_, err := api.Client().CreateWebhook(t.Context(), messagemedia.CreateWebhookRequest{
			URL: url, Method: http.MethodPost, Encoding: messagemedia.EncodingJSON, Events: []messagemedia.EventType{messagemedia.EventFailedDR},
		})
		require.NoError(t, err)
	}
	var out bytes.Buffer
	err := run(t.Context(), []string{"-check"}, &out)
	require.ErrorIs(t, err, errDrift)
	require.ErrorContains(t, err, "AllowReplace")
	require.ErrorIs(t, run(t.Context(), []string{"-apply"}, &out), messagemedia.ErrInvalidRequest)
	assert.Len(t, api.Webhooks(""), 2)

	require.NoError(t, run(t.Context(), []string{"-apply", "-replace"}, &out))
	assert.Len(t, api.Webhooks(""), 4)
	require.NoError(t, run(t.Context(), []string{"-apply", "-prune", "https://example.com/hooks/"}, &out))
	assert.Len(t, api.Webhooks(""), 3)
}

// TestExitCodes runs the command as a program.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	for _, c := range []struct {
		args []string
		code int
		text string
	}{
		{[]string{"-check"}, 2, "sync: the account differs from the file\n"},
		{[]string{"-apply"}, 0, "Sync: 3 created"},
		{[]string{"-check"}, 0, "3 unchanged."},
		{[]string{"-h"}, 0, "-prune prefix"},
		{[]string{"-file", "missing.yaml"}, 1, "sync: open missing.yaml: "},
		{[]string{"-aply"}, 1, "sync: flag provided but not defined: -aply\n"},
	} {
		command := exec.CommandContext(t.Context(), os.Args[0], c.args...)
		command.Env = append(os.Environ(), "RUN_THE_COMMAND=1", "MESSAGEMEDIA_API_KEY="+api.Key, "MESSAGEMEDIA_API_SECRET="+api.Secret, "MESSAGEMEDIA_BASE_URL="+api.URL)
		out, err := command.CombinedOutput()
		code := 0
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			code = exit.ExitCode()
		} else {
			require.NoError(t, err)
		}
		assert.Equal(t, c.code, code, "%v: %s", c.args, out)
		assert.Contains(t, string(out), c.text)
	}
}

func TestInvalidArguments(t *testing.T) {
	for name, c := range map[string]struct {
		args        []string
		credentials bool
		auth        string
		text        string
	}{
		"two that exclude each other": {[]string{"-apply", "-check"}, true, "", "-apply and -check exclude each other"},
		"an argument without a flag":  {[]string{"webhooks.yaml"}, true, "", `unexpected argument "webhooks.yaml"`},
		"an unknown authentication":   {nil, true, "HMAC256", "MESSAGEMEDIA_AUTH must be"},
		"no credentials":              {[]string{"-check"}, false, "", "without them, only -file is supported"},
		"a prefix that is not a URL":  {[]string{"-apply", "-prune", "hooks"}, true, "", "PruneURLPrefix: Not the beginning of a URL"},
		"help":                        {[]string{"-h"}, true, "", flag.ErrHelp.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			api := messagemediatest.NewServer(t)
			setEnvironment(t, nil, "")
			if c.credentials {
				setEnvironment(t, api, c.auth)
			}
			assert.ErrorContains(t, run(t.Context(), c.args, t.Output()), c.text)
			assert.Empty(t, api.Requests())
		})
	}
}

// TestInvalidFiles checks that the error names the file and, where possible, line and field.
func TestInvalidFiles(t *testing.T) {
	t.Parallel()
	const first = "webhooks:\n  - url: https://example.com/a\n    method: POST\n    encoding: JSON\n    events: [RECEIVED_SMS]\n"
	for name, c := range map[string]struct{ content, text string }{
		"a misspelled field":     {first + "    retrys: 5\n", "line 6: field retrys not found in type main.webhook"},
		"a repeated field":       {first + "    url: https://example.com/b\n", `line 6: mapping key "url" already defined at line 2`},
		"a delay without a unit": {first + "    retry_delay: 60\n", "line 6: cannot unmarshal !!int `60` into time.Duration"},
		"invalid YAML":           {"webhooks: [", "line 1: did not find expected node content"},
		"an empty file":          {"", `no list of webhooks: the file must have "webhooks:" (an empty list is "webhooks: []")`},
		"another list":           {"hooks: []", "line 1: field hooks not found"},
		"no list":                {"webhooks:", "no list of webhooks"},
		"two documents":          {first + "---\n" + first, "more than one YAML document"},
		"an invalid webhook": {first + "  - url: https://example.com/b\n    method: POST\n    encoding: JSON\n",
			"line 6: messagemedia: CreateWebhook: invalid request: /events: Events cannot be empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "hooks.yaml")
			require.NoError(t, os.WriteFile(file, []byte(c.content), 0o600))
			_, err := read(file)
			require.ErrorContains(t, err, c.text)
			assert.True(t, strings.HasPrefix(err.Error(), file+": "), "%v", err)
		})
	}
	file := filepath.Join(t.TempDir(), "hooks.yaml")
	require.NoError(t, os.WriteFile(file, []byte("webhooks: []"), 0o600))
	requests, err := read(file)
	require.NoError(t, err)
	assert.Empty(t, requests)
}

// setEnvironment sets the credentials of an account of the in-memory platform. If api is nil,
// it unsets them.
func setEnvironment(t *testing.T, api *messagemediatest.Server, auth string) {
	if api == nil {
		api = new(messagemediatest.Server)
	}
	t.Setenv("MESSAGEMEDIA_API_KEY", api.Key)
	t.Setenv("MESSAGEMEDIA_API_SECRET", api.Secret)
	t.Setenv("MESSAGEMEDIA_BASE_URL", api.URL)
	t.Setenv("MESSAGEMEDIA_AUTH", auth)
}

func TestJSONTemplateByName(t *testing.T) {
	t.Parallel()
	requests, err := read("webhooks.yaml")
	require.NoError(t, err)
	for _, request := range requests[1:] {
		assert.Equal(t, messagemedia.JSONTemplate, request.Template)
	}
	assert.Contains(t, requests[0].Template, "$!esc.json($moContent)", "another template is unchanged")
}
