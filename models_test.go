package messagemedia_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// TestWebhookJSON decodes the API's JSON and encodes the result.
func TestWebhookJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wire  string
		model messagemedia.Webhook
	}{
		"every field": {
			`{"id":"7","url":"https://example.com/?a=b&c=d","method":"POST","events":["RECEIVED_SMS","NEW_KIND"],"headers":{"X-A":"<b>"},"template":"{\"id\":\"$mtId\"}","retries":3,"read_timeout":1500,"retry_delay":30,"encoding":"JSON"}`,
			messagemedia.Webhook{
				ID: "7", URL: "https://example.com/?a=b&c=d", Method: "POST", Encoding: messagemedia.EncodingJSON,
				Events:  []messagemedia.EventType{messagemedia.EventReceivedSMS, "NEW_KIND"},
				Headers: map[string]string{"X-A": "<b>"}, Template: `{"id":"$mtId"}`,
				ReadTimeout: 1500 * time.Millisecond, Retries: 3, RetryDelay: 30 * time.Second,
			},
		},
		"only required fields, and a null encoding": {
			`{"id":"7","url":"https://example.com/","method":"GET","events":[],"headers":{},"retries":0,"encoding":null}`,
			messagemedia.Webhook{ID: "7", URL: "https://example.com/", Method: "GET", Events: []messagemedia.EventType{}, Headers: map[string]string{}},
		},
		"an unlisted encoding": {
			`{"id":"7","url":"https://example.com/","method":"QUERY","events":[],"headers":{},"retries":0,"encoding":"CBOR"}`,
			messagemedia.Webhook{ID: "7", URL: "https://example.com/", Method: "QUERY", Encoding: "CBOR", Events: []messagemedia.EventType{}, Headers: map[string]string{}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var model messagemedia.Webhook
			require.NoError(t, json.Unmarshal([]byte(c.wire), &model))
			assert.Equal(t, c.model, model)
			wire, err := c.model.MarshalJSON()
			require.NoError(t, err)
			assert.Equal(t, c.wire, string(wire))
		})
	}
}

func TestWebhookJSONIgnoresUnknownFields(t *testing.T) {
	t.Parallel()
	var model messagemedia.Webhook
	require.NoError(t, json.Unmarshal([]byte(`{"id":"7","new":{"a":[1]},"headers":null,"template":null,"read_timeout":null}`), &model))
	assert.Equal(t, "7", model.ID)
	assert.Empty(t, model.Template)
	assert.Nil(t, model.Headers)
	assert.Zero(t, model.ReadTimeout)
	assert.Error(t, json.Unmarshal([]byte(`{"id":7}`), &model))
	wire, err := model.MarshalJSON()
	require.NoError(t, err)
	assert.Equal(t, `{"id":"7","url":"","method":"","events":[],"headers":{},"retries":0,"encoding":null}`, string(wire))
}

func TestCreateWebhookRequestJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wire    string
		request messagemedia.CreateWebhookRequest
	}{
		"every field": {
			`{"url":"https://example.com/","method":"POST","encoding":"XML","events":["OPT_OUT_SMS"],"headers":{"X-A":"b"},"template":"<a>$mtId</a>","retries":5,"read_timeout":1,"retry_delay":5}`,
			messagemedia.CreateWebhookRequest{
				URL: "https://example.com/", Method: "POST", Encoding: messagemedia.EncodingXML,
				Events:  []messagemedia.EventType{messagemedia.EventOptOutSMS},
				Headers: map[string]string{"X-A": "b"}, Template: "<a>$mtId</a>",
				ReadTimeout: time.Millisecond, Retries: 5, RetryDelay: 5 * time.Second,
			},
		},
		"only required fields": {
			`{"url":"https://example.com/","method":"POST","encoding":"FORM_ENCODED","events":["RECEIVED_MMS"]}`,
			messagemedia.CreateWebhookRequest{
				URL: "https://example.com/", Method: "POST", Encoding: messagemedia.EncodingForm,
				Events: []messagemedia.EventType{messagemedia.EventReceivedMMS},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var request messagemedia.CreateWebhookRequest
			require.NoError(t, json.Unmarshal([]byte(c.wire), &request))
			assert.Equal(t, c.request, request)
			wire, err := c.request.MarshalJSON()
			require.NoError(t, err)
			assert.Equal(t, c.wire, string(wire))
		})
	}
	assert.Error(t, new(messagemedia.CreateWebhookRequest).UnmarshalJSON([]byte(`{"retries":"5"}`)))
}

func TestDurationsThatTheAPICantExpressAreErrors(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]any{
		"a webhook's read timeout":   messagemedia.Webhook{ReadTimeout: time.Microsecond},
		"a webhook's retry delay":    messagemedia.Webhook{RetryDelay: time.Millisecond},
		"a request's read timeout":   messagemedia.CreateWebhookRequest{ReadTimeout: 1500 * time.Microsecond},
		"a request's retry delay":    messagemedia.CreateWebhookRequest{RetryDelay: 5500 * time.Millisecond},
		"a page with such a webhook": messagemedia.WebhookPage{Webhooks: []*messagemedia.Webhook{{RetryDelay: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := json.Marshal(value)
			assert.ErrorContains(t, err, "is not a whole number of")
		})
	}
}

func TestUpdatesContainOnlySetFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		request messagemedia.UpdateWebhookRequest
		want    string
	}{
		"the URL":               {messagemedia.UpdateWebhookRequest{URL: "https://example.com/"}, `{"url":"https://example.com/"}`},
		"the method":            {messagemedia.UpdateWebhookRequest{Method: "PUT"}, `{"method":"PUT"}`},
		"the encoding":          {messagemedia.UpdateWebhookRequest{Encoding: "CBOR"}, `{"encoding":"CBOR"}`},
		"the events":            {messagemedia.UpdateWebhookRequest{Events: []messagemedia.EventType{"NEW_KIND"}}, `{"events":["NEW_KIND"]}`},
		"the headers":           {messagemedia.UpdateWebhookRequest{Headers: map[string]string{"X-A": "b"}}, `{"headers":{"X-A":"b"}}`},
		"the headers, cleared":  {messagemedia.UpdateWebhookRequest{Headers: map[string]string{}}, `{"headers":{}}`},
		"the template":          {messagemedia.UpdateWebhookRequest{Template: new("$mtId")}, `{"template":"$mtId"}`},
		"the template, cleared": {messagemedia.UpdateWebhookRequest{Template: new("")}, `{"template":""}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent string
			client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
				sent = bodyOf(t, r)
				return httpmock.NewStringResponse(200, aWebhook), nil
			}), basic)
			_, err := client.UpdateWebhook(t.Context(), "id", c.request)
			require.NoError(t, err)
			assert.Equal(t, c.want, sent)
		})
	}
}

// TestTemplatesAreSentUnchanged compares bytes, since encoding/json escapes some of these
// characters by default.
func TestTemplatesAreSentUnchanged(t *testing.T) {
	t.Parallel()
	const template = `<a href="?x=1&y=2">#if($a < 3 && $b > 4)'é 😀'#end</a>`
	const onTheWire = `"template":"<a href=\"?x=1&y=2\">#if($a < 3 && $b > 4)'é 😀'#end</a>"`
	var sent []string
	client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
		sent = append(sent, bodyOf(t, r))
		return httpmock.NewStringResponse(200, aWebhook), nil
	}), basic)
	request := validRequest()
	request.Template = template
	_, err := client.CreateWebhook(t.Context(), request)
	require.NoError(t, err)
	_, err = client.UpdateWebhook(t.Context(), "id", messagemedia.UpdateWebhookRequest{Template: new(template)})
	require.NoError(t, err)
	require.Len(t, sent, 2)
	for _, body := range sent {
		assert.Contains(t, body, onTheWire)
	}
}

func TestWebhookPageJSON(t *testing.T) {
	t.Parallel()
	const wire = `{"page":2,"pageSize":20,"pageData":[{"id":"7","url":"","method":"","events":[],"headers":{},"retries":0,"retry_delay":5,"encoding":null}]}`
	var page messagemedia.WebhookPage
	require.NoError(t, json.Unmarshal([]byte(wire), &page))
	assert.Equal(t, messagemedia.WebhookPage{Page: 2, PageSize: 20, Webhooks: []*messagemedia.Webhook{
		{ID: "7", Events: []messagemedia.EventType{}, Headers: map[string]string{}, RetryDelay: 5 * time.Second},
	}}, page)
	again, err := page.MarshalJSON()
	require.NoError(t, err)
	assert.Equal(t, wire, string(again))

	none, err := messagemedia.WebhookPage{PageSize: 100}.MarshalJSON()
	require.NoError(t, err)
	assert.Equal(t, emptyPage, string(none))
}

func TestInvalidPages(t *testing.T) {
	t.Parallel()
	for wire, want := range map[string]string{
		`{}`:                              "pageData is missing",
		`{"page":0,"pageData":null}`:      "pageData is missing",
		`{"pageData":[{"id":"7"},null]}`:  "pageData/1 has no id",
		`{"pageData":[{}]}`:               "pageData/0 has no id",
		`{"pageData":{}}`:                 "cannot unmarshal object",
		`null`:                            "pageData is missing",
		`{"pageData":[],"pageSize":"20"}`: "cannot unmarshal string",
	} {
		t.Run(wire, func(t *testing.T) {
			t.Parallel()
			page := messagemedia.WebhookPage{Page: 7}
			require.ErrorContains(t, page.UnmarshalJSON([]byte(wire)), want)
			assert.Equal(t, messagemedia.WebhookPage{Page: 7}, page)

			client := newClient(t, responding(httpmock.NewStringResponder(200, wire)), basic)
			for webhook, err := range client.Webhooks(t.Context()) {
				assert.Nil(t, webhook)
				assert.ErrorContains(t, err, want, "an unreadable page is not an empty account")
			}
		})
	}
}
