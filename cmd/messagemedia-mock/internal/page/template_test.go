package page_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

type trialResult struct {
	Problems []struct {
		Line, Column                  int
		Severity, Message, Suggestion string
	}
	Rendered []struct {
		EventType                       string `json:"event_type"`
		Payload, Error, Invalid, Parsed string
	}
}

func try(s *site, template, encoding string, text *string, events ...string) trialResult {
	s.t.Helper()
	request, err := json.Marshal(map[string]any{"template": template, "encoding": encoding, "events": events, "text": text})
	require.NoError(s.t, err)
	return call[trialResult](s, "POST", "/mock/template", string(request))
}

func TestATemplateIsCheckedAndRendered(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	tried := try(s, "{\n\"reply_id\": \"$!moId\", \"content\": \"$moContnt\"}", "JSON", nil, "RECEIVED_SMS", "OPT_OUT_SMS")
	require.NotEmpty(t, tried.Problems)
	var found bool
	for _, p := range tried.Problems {
		if p.Line == 2 && p.Column == 35 {
			found = true
			assert.Contains(t, p.Message, "moContnt")
			assert.NotEmpty(t, p.Suggestion)
		}
	}
	assert.True(t, found, "%+v", tried.Problems)
	require.Len(t, tried.Rendered, 2)
	assert.Equal(t, "RECEIVED_SMS", tried.Rendered[0].EventType)
	assert.Contains(t, tried.Rendered[0].Payload, `"content": "$moContnt"`)
	assert.Equal(t, "ReceivedSMS", tried.Rendered[0].Parsed)
	assert.Contains(t, tried.Rendered[1].Parsed, "UnparsedEvent: ")
}

func TestRenderedPayloadsAreValidated(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	quote := `"`
	for name, c := range map[string]struct {
		template, encoding string
		text               *string
		invalid            bool
	}{
		"JSON":                       {`{"a":"$moContent"}`, "JSON", nil, false},
		"JSON with a hostile text":   {`{"a":"$moContent"}`, "JSON", &quote, true},
		"escaped for a hostile text": {`{"a":"$esc.json($moContent)"}`, "JSON", &quote, false},
		"XML":                        {`<a>$moContent</a>`, "XML", nil, false},
		"XML without an end tag":     {`<a>$moContent`, "XML", nil, true},
		"form encoding":              {`a=$esc.url($moContent)`, "FORM_ENCODED", nil, false},
		"a bad escape in a form":     {`a=%zz`, "FORM_ENCODED", nil, true},
		"an unknown encoding":        {`{`, "YAML", nil, false},
	} {
		rendered := try(s, c.template, c.encoding, c.text, "RECEIVED_SMS").Rendered
		require.Len(t, rendered, 1, name)
		assert.Equal(t, c.invalid, rendered[0].Invalid != "", "%s: %+v", name, rendered[0])
	}
	broken := try(s, "#if(", "JSON", nil)
	require.Len(t, broken.Rendered, 9, "all event types, where none is named")
	assert.NotEmpty(t, broken.Rendered[0].Error)
	assert.NotEmpty(t, try(s, "x", "JSON", nil, "NEW_EVENT").Rendered[0].Error)

	response := s.do("POST", "/mock/template", "{")
	assert.Equal(t, 400, response.StatusCode)
	assert.Equal(t, "read the request: unexpected EOF", message(t, response))
}

func TestSamplesAreEventsThatCanBeSimulated(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	samples := get[struct {
		Samples []struct {
			EventType string `json:"event_type"`
			Event     json.RawMessage
		}
		HostileTexts []struct{ Name, Text string } `json:"hostile_texts"`
		Template     string
		FirstCall    string `json:"first_call"`
	}](s, "/mock/samples")
	require.Len(t, samples.Samples, 9)
	assert.Greater(t, len(samples.HostileTexts), 5)
	assert.Equal(t, messagemedia.JSONTemplate, samples.Template)
	for _, sample := range samples.Samples {
		_, unparsed := webhook.Parse(sample.Event).(*webhook.UnparsedEvent)
		assert.False(t, unparsed, "%s", sample.Event)
		assert.Equal(t, sample.EventType, call[sendResult](s, "POST", "/mock/events", string(sample.Event)).EventType)
	}
	assert.Contains(t, shellWords(t, samples.FirstCall), "test-key:test-secret")
	for _, hostile := range samples.HostileTexts {
		for _, rendered := range try(s, messagemedia.JSONTemplate, "JSON", &hostile.Text).Rendered {
			assert.Empty(t, rendered.Error+rendered.Invalid, "JSONTemplate with %q in %s", hostile.Text, rendered.EventType)
		}
	}
}

func TestATemplateIsLoadedAndSaved(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	hook := s.subscribe("http://h.test/", nil)
	branch, err := s.api.Client().ForAccount("branch").CreateWebhook(t.Context(), messagemedia.CreateWebhookRequest{
		URL: "http://b.test/", Method: "POST", Encoding: "XML", Events: []messagemedia.EventType{messagemedia.EventReceivedSMS}, Template: "old",
	})
	require.NoError(t, err)
	webhooks := get[[]struct {
		Account string
		Webhook messagemedia.Webhook
	}](s, "/mock/webhooks")
	require.Len(t, webhooks, 2)
	assert.Equal(t, *hook, webhooks[0].Webhook)
	assert.Equal(t, "branch", webhooks[1].Account)
	assert.Equal(t, "old", webhooks[1].Webhook.Template)

	saved := s.do("PUT", "/mock/webhooks/"+branch.ID+"/template", `{"account":"branch","template":"new"}`)
	assert.Equal(t, 204, saved.StatusCode)
	assert.Equal(t, "new", s.api.Webhooks("branch")[0].Template)
	assert.Equal(t, messagemedia.JSONTemplate, s.api.Webhooks("")[0].Template)
	assert.Equal(t, "PATCH", get[exchange](s, "/mock/traffic/3").Method, "it is seen in the traffic")

	response := s.do("PUT", "/mock/webhooks/"+branch.ID+"/template", `{"template":"x"}`)
	assert.Equal(t, 404, response.StatusCode, "the account has no such webhook")
	assert.Contains(t, message(t, response), "UpdateWebhook")
}
