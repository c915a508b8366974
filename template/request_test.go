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

// host changes the host of the URL.
func host(name string) func(*messagemedia.CreateWebhookRequest) {
	return func(r *messagemedia.CreateWebhookRequest) { r.URL = "https://" + name + "/hooks" }
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
			[]string{`retries: warning: no retries: a message whose delivery fails once is lost; set Retries, preferably to 5`},
		},
		"fields that the API rejects": {
			func(r *messagemedia.CreateWebhookRequest) { r.Method, r.Retries = "", 6 },
			[]string{"method: error: Method cannot be null", "retries: error: Retries must be between 0 and 5, got 6"},
		},
		"an event type that the API rejects": {
			func(r *messagemedia.CreateWebhookRequest) { r.Events = append(r.Events, "") },
			[]string{`events: warning: undocumented event type ""`, "events/2: error: [] is invalid"},
		},
		"an empty request": {
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
		"a template with a syntax error has no dedupe key problem": {
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
			[]string{"url:1:36: warning: in RECEIVED_SMS: $!moContent inserts untrusted input into the URL, and the platform does not document whether it percent-encodes the value; insert it into the payload"},
		},
		"a number in the URL's path": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "/$sourceAddress" },
			[]string{"url:1:31: warning: $sourceAddress inserts untrusted input into the URL"},
		},
		"a text without & in the URL": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?text=$!moContent.replace('&','')" },
			[]string{"url:1:36: warning: in RECEIVED_SMS: $!moContent.replace('&','') inserts untrusted input into the URL"},
		},
		"an ID only in the URL is a dedupe key": {
			func(r *messagemedia.CreateWebhookRequest) {
				r.URL += "?id=$!moId$!drId"
				r.Template = `{"at":"$receivedTimestamp"}`
			}, nil,
		},
		"a GET with a body": {
			func(r *messagemedia.CreateWebhookRequest) { r.Method = "GET" },
			[]string{"template: warning: the method is GET: receivers and proxies ignore or reject its body; use POST [unused_body]"},
		},
		"a GET without a body": {
			func(r *messagemedia.CreateWebhookRequest) {
				r.Method, r.Template, r.URL = "GET", "", r.URL+"?id=$!moId$!drId"
			},
			nil,
		},
		"a GET without an ID": {
			func(r *messagemedia.CreateWebhookRequest) { r.Method, r.Template = "GET", "" },
			[]string{"template: warning: in RECEIVED_SMS: no dedupe key", "template: warning: in DELIVERED_DR: no dedupe key"},
		},
		"a POST without a template": {
			func(r *messagemedia.CreateWebhookRequest) { r.Template, r.URL = "", r.URL+"?id=$!moId$!drId" },
			[]string{"template: warning: no template: the platform sends an empty body; set messagemedia.JSONTemplate [empty_body]"},
		},
		"retries in the URL": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += "?n=$retryCount" },
			[]string{"url:1:33: warning: $retryCount makes each retry differ from the first attempt"},
		},
		"a method in lower case": {
			func(r *messagemedia.CreateWebhookRequest) { r.Method = "post" },
			[]string{`method: warning: method "post" is not in upper case, and HTTP methods are case-sensitive; write POST [undocumented_value]`},
		},
		"an undocumented method": {
			func(r *messagemedia.CreateWebhookRequest) { r.Method = "TRACE" },
			[]string{`method: warning: undocumented method "TRACE"; use one of GET, POST, PATCH, PUT, DELETE [undocumented_value]`},
		},
		"reserved headers": {
			func(r *messagemedia.CreateWebhookRequest) {
				r.Headers = map[string]string{"content-length": "1", "Host": "a", "Transfer-Encoding": "chunked", "Expect": "100-continue", "X-MessageMedia-Signature": "a", "X-Own": "b"}
			},
			[]string{
				"headers/Expect: warning: the platform or HTTP sets this header itself", "headers/Host: warning: the platform or HTTP", "headers/Transfer-Encoding: warning: the platform or HTTP",
				"headers/X-MessageMedia-Signature: warning: the platform or HTTP", "headers/content-length: warning: the platform or HTTP",
			},
		},
		"a header with an accent": {
			func(r *messagemedia.CreateWebhookRequest) { r.Headers = map[string]string{"X-Shop": "Caf\u00e9"} },
			[]string{"headers/X-Shop: warning: the value has non-ASCII characters"},
		},
		"a URL of localhost":            {host("localhost:8080"), []string{"url: error: the platform can't reach localhost: the name belongs to a local network; use a public host name [unreachable_url]"}},
		"a URL of the loopback address": {host("127.0.0.1"), []string{"url: error: the platform can't reach 127.0.0.1: the address is the platform's own machine"}},
		"a URL of an IPv6 loopback":     {host("[::1]:8080"), []string{"url: error: the platform can't reach ::1"}},
		"a URL of a private address":    {host("user:secret@192.168.1.20"), []string{"url: error: the platform can't reach 192.168.1.20: the address is private"}},
		"a URL of a shared address":     {host("100.64.0.1"), []string{"url: error: the platform can't reach 100.64.0.1: the address is private"}},
		"a link-local URL":              {host("169.254.169.254"), []string{"url: error: the platform can't reach 169.254.169.254: the address is link-local or multicast"}},
		"a URL of a local network":      {host("printer.local"), []string{"url: error: the platform can't reach printer.local"}},
		"a URL without a domain":        {host("intranet"), []string{"url: error: the platform can't reach intranet: the name has no domain"}},
		"a public address":              {host("203.0.113.7"), nil},
		"white space at the end": {
			func(r *messagemedia.CreateWebhookRequest) { r.URL += " " },
			[]string{"url: error: Not a valid http url"},
		},
		"an invisible character": {
			func(r *messagemedia.CreateWebhookRequest) {
				r.Template = strings.Replace(r.Template, "content", "cont\u200bent", 1)
			},
			[]string{"template:18:12: warning: invisible character U+200B"},
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
