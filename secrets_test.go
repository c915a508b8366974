package messagemedia_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// mark is part of each secret below, so that the tests find any of them.
const mark = "s3cret-0f-a-receiver"

// marked returns a request with the mark in every token: in user info, query, fragment and
// headers, with characters that JSON and URLs escape.
func marked() messagemedia.CreateWebhookRequest {
	request := validRequest()
	request.URL = "https://user-" + mark + ":pass%2F" + mark + "@example.com/hooks?token=" + mark + "%3C&other=\"" + mark + "\"#" + mark
	request.Headers = map[string]string{"Authorization": "Bearer " + mark + "<&>", "X-Token": mark + "\"\\/ü"}
	request.Template = "$mtId"
	return request
}

func markedUpdate() messagemedia.UpdateWebhookRequest {
	return messagemedia.UpdateWebhookRequest{URL: marked().URL, Headers: marked().Headers}
}

// withMarks has the operations, with marked requests.
var withMarks = map[string]func(context.Context, *messagemedia.Client) (any, error){
	"CreateWebhook": func(ctx context.Context, c *messagemedia.Client) (any, error) { return c.CreateWebhook(ctx, marked()) },
	"UpdateWebhook": func(ctx context.Context, c *messagemedia.Client) (any, error) {
		return c.UpdateWebhook(ctx, "id", markedUpdate())
	},
	"DeleteWebhook": func(ctx context.Context, c *messagemedia.Client) (any, error) { return nil, c.DeleteWebhook(ctx, "id") },
	"ListWebhooks": func(ctx context.Context, c *messagemedia.Client) (any, error) {
		return c.ListWebhooks(ctx, messagemedia.ListWebhooksRequest{})
	},
	"GetWebhook": func(ctx context.Context, c *messagemedia.Client) (any, error) { return c.GetWebhook(ctx, "id") },
	"PlanWebhooks": func(ctx context.Context, c *messagemedia.Client) (any, error) {
		return c.PlanWebhooks(ctx, []messagemedia.CreateWebhookRequest{marked()}, everything, messagemedia.AllowReplace())
	},
	"SyncWebhooks": func(ctx context.Context, c *messagemedia.Client) (any, error) {
		return c.SyncWebhooks(ctx, []messagemedia.CreateWebhookRequest{marked()}, everything, messagemedia.AllowReplace())
	},
	"CreateSignatureKey": func(ctx context.Context, c *messagemedia.Client) (any, error) { return nil, createKey(ctx, c) },
}

var everything = messagemedia.Prune(func(*messagemedia.Webhook) bool { return true })

// echoes returns every part of a request that a server, a proxy or a RoundTripper may repeat.
func echoes(r *http.Request) string {
	var body []byte
	if r.GetBody != nil {
		reader, _ := r.GetBody()
		body, _ = io.ReadAll(reader)
	}
	var sent struct {
		URL     string
		Headers map[string]string
	}
	_ = json.Unmarshal(body, &sent)
	parts := []string{string(body), fmt.Sprint(r.Header), sent.URL, url.QueryEscape(sent.URL), url.PathEscape(sent.URL)}
	if u, err := url.Parse(sent.URL); err == nil {
		parts = append(parts, u.RawQuery, u.Fragment, u.User.String(), fmt.Sprint(u.Query()))
	}
	parts = append(parts, strings.Split(r.Header.Get("Authorization"), `"`)...) // the API key of HMACAuth
	for _, value := range sent.Headers {
		parts = append(parts, value, url.QueryEscape(value), strings.TrimPrefix(value, "Bearer "))
	}
	return strings.Join(parts, " | ")
}

// markedFailures has the ways in which a call can fail, each with the echoes of the request.
var markedFailures = map[string]func(*http.Request) (*http.Response, error){
	"a RoundTripper's error": func(r *http.Request) (*http.Response, error) { return nil, errors.New("lost: " + echoes(r)) },
	"a RoundTripper's url.Error": func(r *http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: "Post", URL: "https://" + echoes(r), Err: errors.New(echoes(r))}
	},
	"an HTML page": func(r *http.Request) (*http.Response, error) {
		return echoing(200, "<html>"+echoes(r), echoes(r)), nil
	},
	"a webhook without an ID": func(r *http.Request) (*http.Response, error) {
		return echoing(200, `{"url":`+quoted(echoes(r))+`}`, "application/json"), nil
	},
	"a string in place of a number": func(r *http.Request) (*http.Response, error) {
		return echoing(200, `{"id":"1","retries":`+quoted(echoes(r))+`,"pageData":[{"id":"1","retries":`+quoted(echoes(r))+`}]}`, "application/json"), nil
	},
	"a page of webhooks with tokens": func(r *http.Request) (*http.Response, error) {
		webhook, err := json.Marshal(messagemedia.Webhook{ID: "id", URL: marked().URL, Method: "POST", Headers: map[string]string{"X-Other": mark}, Retries: 1})
		if r.Method != http.MethodGet {
			return echoing(400, `{"message":`+quoted(echoes(r))+`}`, "application/json"), nil
		}
		return echoing(200, `{"page":0,"pageSize":100,"pageData":[`+string(webhook)+`]}`, "application/json"), err
	},
}

func init() {
	for _, status := range []int{302, 400, 401, 403, 404, 409, 418, 429, 500, 501, 503} {
		markedFailures[fmt.Sprint(status, " with details")] = func(r *http.Request) (*http.Response, error) {
			return echoing(status, `{"message":`+quoted(echoes(r))+`,"details":[`+quoted("/url: ["+echoes(r)+"] is invalid")+`,{"a":`+quoted(echoes(r))+`}]}`, "application/json"), nil
		}
		markedFailures[fmt.Sprint(status, " in the newer form")] = func(r *http.Request) (*http.Response, error) {
			return echoing(status, `{"uuid":`+quoted(echoes(r))+`,"title":`+quoted(echoes(r))+`,"detail":`+quoted(echoes(r))+`,"invalidFields":{"url":`+quoted(echoes(r))+`}}`, ""), nil
		}
	}
}

func quoted(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

// echoing returns a response whose headers repeat the body.
func echoing(status int, body, contentType string) *http.Response {
	header := http.Header{"Content-Type": {contentType}, "Location": {"https://" + mark + ".example/"}, "X-Echo": {body}}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

// TestNoSecretShows runs every operation with marked requests and credentials under every
// failure. It prints the results, errors and logs in every way.
func TestNoSecretShows(t *testing.T) {
	long(t)
	t.Parallel()
	shown := 0
	for operation, call := range withMarks {
		for failure, respond := range markedFailures {
			for scheme, auth := range map[string]messagemedia.Authenticator{
				"Basic": messagemedia.BasicAuth("key-"+mark, mark), "HMAC": messagemedia.HMACAuth("key-"+mark, mark),
				"a custom Authenticator": authenticatorFunc(func(r *http.Request) error { r.Header.Set("X-Api-Token", "token "+mark); return nil }),
			} {
				name := operation + ", " + failure + ", " + scheme
				lists := 0
				var log bytes.Buffer
				client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
					if strings.HasPrefix(operation, "Sync") && r.Method == http.MethodGet {
						if lists++; lists == 1 { // the plan needs a list before a change
							return respondingWith(200, emptyPage)(r)
						}
					}
					response, err := respond(r)
					if err == nil {
						response.Header.Set("X-Request-Id", echoes(r))
					}
					return response, err
				}), auth, messagemedia.WithMaxRetryWait(0), messagemedia.WithMaxAttempts(2), messagemedia.WithLogger(jsonLogger(&log)))
				result, err := call(t.Context(), client)
				assertUnmarked(t, name+", log", log.String())
				if err != nil {
					shown++
					for how, text := range allPrints(err) {
						assertUnmarked(t, name+", error as "+how, text)
					}
					if apiErr, ok := errors.AsType[*messagemedia.APIError](err); ok {
						assertUnmarked(t, name+", message", apiErr.Message)
						assertUnmarked(t, name+", details", fmt.Sprint(apiErr.Details))
						for how, text := range allPrints(apiErr, *apiErr) {
							assertUnmarked(t, name+", APIError as "+how, text)
						}
					}
				}
				for how, text := range allPrints(result) {
					if isWire := strings.Contains(how, "JSON") && !strings.HasPrefix(operation, "Sync") && !strings.HasPrefix(operation, "Plan"); isWire {
						continue // a webhook's JSON is that of the API, with its tokens
					}
					assertUnmarked(t, name+", result as "+how, text)
				}
			}
		}
	}
	assert.Greater(t, shown, 500, "errors were printed")
}

// TestNoSecretShowsOfAnyType prints a value of each type that contains tokens.
func TestNoSecretShowsOfAnyType(t *testing.T) {
	t.Parallel()
	create, update := marked(), markedUpdate()
	webhook := messagemedia.Webhook{ID: "7", URL: create.URL, Method: "POST", Encoding: "JSON", Headers: create.Headers, Events: create.Events, Template: "t", Retries: 5}
	page := messagemedia.WebhookPage{Webhooks: []*messagemedia.Webhook{&webhook}}
	change := messagemedia.Change{Action: messagemedia.ActionReplace, Before: &webhook, Desired: &create, Fields: []string{"retries"}, Differences: []string{"url"}}
	plan := messagemedia.Plan{Changes: []messagemedia.Change{change}}
	lost := &messagemedia.ReplaceError{Webhook: &webhook, Err: messagemedia.ErrServer}
	changed := messagemedia.ChangeResult{Change: change, Outcome: messagemedia.OutcomeUnknown, After: &webhook, Err: lost}
	result := messagemedia.SyncResult{Changes: []messagemedia.ChangeResult{changed}}

	for _, value := range []any{webhook, &webhook, create, &create, update, &update, page, &page,
		[]messagemedia.Webhook{webhook}, []*messagemedia.Webhook{&webhook}, []messagemedia.CreateWebhookRequest{create}, map[string]any{"a": &webhook},
		struct{ Webhook *messagemedia.Webhook }{&webhook}, struct {
			Request messagemedia.CreateWebhookRequest
		}{create}} {
		for how, text := range allPrints(value) {
			if strings.Contains(how, "JSON") {
				continue // its JSON is that of the API, with its tokens
			}
			assertUnmarked(t, fmt.Sprintf("%T as %s", value, how), text)
		}
	}
	for _, value := range []any{webhook, create, update, page} { // a log of JSON uses LogValue, not MarshalJSON
		var log bytes.Buffer
		jsonLogger(&log).Info("x", "value", value)
		assertUnmarked(t, fmt.Sprintf("%T in a log of JSON", value), log.String())
		assert.Contains(t, log.String(), "example.com/hooks?…")
	}
	for _, value := range []any{change, &change, plan, &plan, plan.Changes, changed, &changed, result, &result, result.Changes, lost, struct{ Plan messagemedia.Plan }{plan}} {
		for how, text := range allPrints(value) {
			assertUnmarked(t, fmt.Sprintf("%T as %s", value, how), text)
		}
	}
	assert.Equal(t, "webhook 7: POST https://…@example.com/hooks?…, JSON, events [RECEIVED_SMS], headers [Authorization X-Token], template of 1 bytes, 5 retries", webhook.String())
	assert.Equal(t, webhook.String(), fmt.Sprintf("%v", webhook))
	assert.Equal(t, "create POST https://…@example.com/hooks?…, JSON, events [RECEIVED_SMS], headers [Authorization X-Token], template of 5 bytes", create.String())
	assert.Equal(t, "update https://…@example.com/hooks?…, headers [Authorization X-Token]", update.String())
	assert.Equal(t, `"`+update.String()+`"`, fmt.Sprintf("%q", update))
	assert.Equal(t, strings.Repeat(" ", 3)+update.String(), fmt.Sprintf("%*v", len([]rune(update.String()))+3, update))

	webhook.Retries, create.Retries = 0, 1
	assert.True(t, strings.HasSuffix(webhook.String(), ", template of 1 bytes"), "%v", webhook)
	assert.True(t, strings.HasSuffix(create.String(), ", template of 5 bytes, 1 retries"), "%v", create)

	wire, err := json.Marshal(create)
	require.NoError(t, err)
	assert.Contains(t, string(wire), mark, "the JSON of a request is the body that is sent")
}

// TestARequestIDOfTheCallerIsKept, although the response repeats a header of the request.
func TestARequestIDOfTheCallerIsKept(t *testing.T) {
	t.Parallel()
	const id = "5f3c9c1e-7a53-4b51-a6d6-0d2b0d6b1c11"
	for _, name := range []string{"X-Request-Id", "X-Correlation-Id", "X-Amzn-Requestid", "Request-Id"} {
		for status, body := range map[int]string{200: emptyPage, 403: "{}"} {
			var log bytes.Buffer
			auth := authenticatorFunc(func(r *http.Request) error { r.Header.Set(name, id); return nil })
			client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{name: {r.Header.Get(name)}}, Body: io.NopCloser(strings.NewReader(body))}, nil
			}), auth, messagemedia.WithLogger(jsonLogger(&log)))
			_, err := client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
			assert.Contains(t, log.String(), `"request_id":"`+id+`"`)
			if apiErr, ok := errors.AsType[*messagemedia.APIError](err); ok {
				assert.Equal(t, id, apiErr.RequestID)
			}
		}
	}
}

// TestRedactionKeepsShortAndHarmlessText checks that error messages stay readable.
func TestRedactionKeepsShortAndHarmlessText(t *testing.T) {
	t.Parallel()
	request := validRequest()
	request.URL = "https://example.com/a?type=short&token=" + mark
	request.Headers = map[string]string{"X-A": "short"}
	client := newClient(t, responding(respondingWith(400, `{"message":"short: the type short of https://example.com/a?type=short&token=`+mark+` is too short","details":["/url: [`+mark+`] is wrong"]}`)), basic)
	_, err := client.CreateWebhook(t.Context(), request)
	assert.EqualError(t, err, "messagemedia: CreateWebhook: 400 Bad Request: short: the type short of https://example.com/a?… is too short: /url: […] is wrong")
	apiErr, ok := errors.AsType[*messagemedia.APIError](err)
	require.True(t, ok)
	assert.Contains(t, string(apiErr.Body), mark, "the body is not redacted")
}

// allPrints formats values with fmt, log/slog and encoding/json. It omits %p, which prints the
// fields of a non-pointer whatever its methods are, and %t, which does so for an error that
// wraps one. go vet reports both.
func allPrints(values ...any) map[string]string {
	prints := make(map[string]string)
	for i, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%o", "%5.3v"} {
			prints[fmt.Sprint(i, verb)] = fmt.Sprintf(verb, value)
		}
		var text, structured bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("x", "value", value)
		slog.New(slog.NewJSONHandler(&structured, nil)).Info("x", "value", value)
		prints[fmt.Sprint(i, "slog text")], prints[fmt.Sprint(i, "slog JSON")] = text.String(), structured.String()
		marshalled, _ := json.Marshal(value)
		prints[fmt.Sprint(i, "JSON")] = string(marshalled)
	}
	return prints
}

func assertUnmarked(t *testing.T, what, text string) {
	t.Helper()
	for _, spelling := range []string{mark, hex.EncodeToString([]byte(mark)), strings.ToUpper(hex.EncodeToString([]byte(mark))),
		base64.StdEncoding.EncodeToString([]byte("key-" + mark))[:20], strings.Trim(fmt.Sprint([]byte(mark)), "[]")} {
		if strings.Contains(text, spelling) {
			t.Errorf("%s shows a secret: %.300s", what, text)
			return
		}
	}
}
