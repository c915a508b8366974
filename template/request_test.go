package template_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
)

func validRequest() messagemedia.CreateWebhookRequest {
	return messagemedia.CreateWebhookRequest{
		URL:      "https://example.com/hooks/sms",
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{sms, report},
		Template: messagemedia.JSONTemplate,
		Retries:  5,
	}
}

func TestCheckRequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*messagemedia.CreateWebhookRequest)
		want   []string
	}{
		"a request without a problem": {func(*messagemedia.CreateWebhookRequest) {}, nil},
		"no retries": {
			func(r *messagemedia.CreateWebhookRequest) { r.Retries = 0 },
			[]string{`retries: warning: no retries: a message whose delivery fails once is lost; set Retries, 5 at best`},
		},
		"what the API would refuse": {
			func(r *messagemedia.CreateWebhookRequest) { r.Method, r.Retries = "", 6 },
			[]string{"method: error: Method cannot be null", "retries: error: Retries must be between 0 and 5, got 6"},
		},
		"an event type that the API would refuse": {
			func(r *messagemedia.CreateWebhookRequest) { r.Events = append(r.Events, "") },
			[]string{`events: warning: undocumented event type ""`, "events/2: error: [] is invalid"},
		},
		"nothing at all": {
			func(r *messagemedia.CreateWebhookRequest) { *r = messagemedia.CreateWebhookRequest{} },
			[]string{
				"encoding: error: Encoding cannot be null", "events: error: Events cannot be empty", "method: error: Method cannot be null",
				"retries: warning: no retries", "template: warning: no template", "url: error: Url cannot be null",
			},
		},
		"a template without a dedupe key": {
			func(r *messagemedia.CreateWebhookRequest) { r.Template = `{"at":"$receivedTimestamp"}` },
			[]string{
				"template: warning: in RECEIVED_SMS: no dedupe key", "template: warning: in DELIVERED_DR: no dedupe key",
			},
		},
		"a template that can't be read, of whose dedupe key nothing is known": {
			func(r *messagemedia.CreateWebhookRequest) { r.Template = `{"id":"$moId"}#end` },
			[]string{"template:1:15: error: "},
		},
		"a problem of the template": {
			func(r *messagemedia.CreateWebhookRequest) { r.Template += "$type" },
			[]string{"template:", "template:"},
		},
		"a typing error in the URL": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?id=$!accountID" },
			[]string{"url:1:34: warning: undocumented variable $accountID renders literally unless your account defines it; did you mean $accountId?"},
		},
		"a variable in the URL that an event does not have": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?id=$moId" },
			[]string{"url:1:34: error: in DELIVERED_DR: $moId is undefined, and renders literally"},
		},
		"a text in the URL": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?text=$!moContent" },
			[]string{"url:1:36: warning: in RECEIVED_SMS: $!moContent puts a text into the URL, and whether the platform percent-encodes it is not documented; put it into the payload"},
		},
		"a number in the URL's path": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "/$sourceAddress" },
			[]string{"url:1:31: warning: $sourceAddress puts a text into the URL"},
		},
		"a text with an = alone in the URL": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?text=$!moContent.replace('&','')" },
			[]string{"url:1:36: warning: in RECEIVED_SMS: $!moContent.replace('&','') puts a text into the URL"},
		},
		"an ID in the URL alone, which is a dedupe key": {
			func(r *messagemedia.CreateWebhookRequest) {
				r.URL += "?id=$!moId$!drId"
				r.Template = `{"at":"$receivedTimestamp"}`
			}, nil,
		},
		"a syntax error in the URL": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?id=${moId" },
			[]string{"url:1:"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := validRequest()
			c.change(&request)
			problems := template.CheckRequest(t.Context(), request, template.Suppress(template.CodeUnknownName))
			require.Len(t, problems, len(c.want), "%v", problems)
			for i, want := range c.want {
				assert.True(t, strings.HasPrefix(problems[i].String(), want), problems[i])
			}
		})
	}
}
