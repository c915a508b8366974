package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

const token = "a-token-of-the-tests"

type object = map[string]any

// gateway converts a request to an event as AWS documents it, and the function's response to an
// HTTP response.
type gateway struct {
	t        *testing.T
	function *function
	event    func(r *http.Request, body string, isBase64 bool) object
	isBase64 bool
}

func (g gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	assert.NoError(g.t, err)
	body := string(data)
	if g.isBase64 {
		body = base64.StdEncoding.EncodeToString(data)
	}
	event, err := json.Marshal(g.event(r, body, g.isBase64))
	assert.NoError(g.t, err)
	result, err := g.function.invoke(r.Context(), event)
	assert.NoError(g.t, err)
	data, err = json.Marshal(result)
	assert.NoError(g.t, err)
	var response struct {
		StatusCode        int
		Headers           map[string]string
		MultiValueHeaders map[string][]string
	}
	assert.NoError(g.t, json.Unmarshal(data, &response))
	for name, value := range response.Headers {
		w.Header().Set(name, value)
	}
	for name, values := range response.MultiValueHeaders {
		w.Header()[name] = values
	}
	w.WriteHeader(response.StatusCode)
}

// lower returns a header with names in lower case and joined values.
func lower(header http.Header) object {
	joined := make(object)
	for name, values := range header {
		joined[strings.ToLower(name)] = strings.Join(values, ",")
	}
	return joined
}

func one(values map[string][]string) object {
	last := make(object)
	for name, list := range values {
		last[name] = list[len(list)-1]
	}
	return last
}

// raw returns the values of a query by name, still encoded.
func raw(query string) map[string][]string {
	values := make(map[string][]string)
	for part := range strings.SplitSeq(query, "&") {
		if name, value, ok := strings.Cut(part, "="); ok {
			values[name] = append(values[name], value)
		}
	}
	return values
}

// shapes builds an event of each kind and form.
var shapes = map[string]func(r *http.Request, body string, isBase64 bool) object{
	"REST API": func(r *http.Request, body string, isBase64 bool) object {
		return object{
			"resource": "/{proxy+}", "path": strings.TrimPrefix(r.URL.Path, "/prod"), "httpMethod": r.Method,
			"headers": one(r.Header), "multiValueHeaders": r.Header,
			"queryStringParameters": one(r.URL.Query()), "multiValueQueryStringParameters": r.URL.Query(),
			"requestContext": object{"path": r.URL.Path, "stage": "prod"}, "body": body, "isBase64Encoded": isBase64,
		}
	},
	"REST API, header map only": func(r *http.Request, body string, isBase64 bool) object {
		return object{
			"version": "1.0", "path": strings.TrimPrefix(r.URL.Path, "/prod"), "httpMethod": r.Method, "headers": one(r.Header),
			"queryStringParameters": one(r.URL.Query()), "requestContext": object{"path": r.URL.Path}, "body": body, "isBase64Encoded": isBase64,
		}
	},
	"HTTP API": func(r *http.Request, body string, isBase64 bool) object {
		return object{
			"version": "2.0", "rawPath": r.URL.EscapedPath(), "rawQueryString": r.URL.RawQuery, "headers": lower(r.Header),
			"requestContext": object{"domainName": "id.execute-api.eu-west-1.amazonaws.com", "stage": "prod", "http": object{"method": r.Method, "path": r.URL.Path}},
			"body":           body, "isBase64Encoded": isBase64,
		}
	},
	"function URL": func(r *http.Request, body string, isBase64 bool) object {
		return object{
			"version": "2.0", "rawPath": r.URL.EscapedPath(), "rawQueryString": r.URL.RawQuery, "headers": lower(r.Header),
			"requestContext": object{"domainName": "id.lambda-url.eu-west-1.on.aws", "http": object{"method": r.Method, "path": r.URL.Path}},
			"body":           body, "isBase64Encoded": isBase64,
		}
	},
	"load balancer": func(r *http.Request, body string, isBase64 bool) object {
		return object{
			"httpMethod": r.Method, "path": r.URL.EscapedPath(), "headers": lower(r.Header), "queryStringParameters": one(raw(r.URL.RawQuery)),
			"requestContext": object{"elb": object{"targetGroupArn": "arn"}}, "body": body, "isBase64Encoded": isBase64,
		}
	},
	"load balancer, multi-value headers": func(r *http.Request, body string, isBase64 bool) object {
		several := make(map[string][]string)
		for name, values := range r.Header {
			several[strings.ToLower(name)] = values
		}
		return object{
			"httpMethod": r.Method, "path": r.URL.EscapedPath(), "multiValueHeaders": several, "multiValueQueryStringParameters": raw(r.URL.RawQuery),
			"requestContext": object{"elb": object{"targetGroupArn": "arn"}}, "body": body, "isBase64Encoded": isBase64,
		}
	},
}

func hasRawQuery(shape string) bool { return shape == "HTTP API" || shape == "function URL" }

// forEachShape runs a test for each shape, with a plain body and with one in base64.
func forEachShape(t *testing.T, test func(t *testing.T, shape string, g gateway)) {
	for shape, event := range shapes {
		for name, isBase64 := range map[string]bool{"plain": false, "base64": true} {
			t.Run(shape+", "+name, func(t *testing.T) {
				t.Parallel()
				test(t, shape, gateway{t: t, event: event, isBase64: isBase64})
			})
		}
	}
}

// newFunctionWith returns a function with an environment, and its log.
func newFunctionWith(t *testing.T, environment map[string]string) (*function, *bytes.Buffer) {
	var log bytes.Buffer
	f, err := newFunction(func(name string) string { return environment[name] }, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	return f, &log
}

// platform returns an in-memory platform with one webhook.
func platform(t *testing.T, url string, header map[string]string) *messagemediatest.Server {
	api := messagemediatest.NewServer(t)
	_, err := api.Client().CreateWebhook(t.Context(), messagemedia.CreateWebhookRequest{
		URL: url, Method: http.MethodPost, Encoding: messagemedia.EncodingJSON, Headers: header,
		Events: []messagemedia.EventType{messagemedia.EventReceivedSMS}, Template: messagemedia.JSONTemplate,
	})
	require.NoError(t, err)
	return api
}

// enableKey enables a signature key, and returns the environment to verify its deliveries.
func enableKey(t *testing.T, api *messagemediatest.Server) map[string]string {
	key, err := api.Client().CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	require.NoError(t, err)
	_, err = api.Client().EnableSignatureKey(t.Context(), key.ID)
	require.NoError(t, err)
	return map[string]string{"SIGNATURE_KEY_ID": key.ID, "SIGNATURE_DIGEST": string(key.Digest), "SIGNATURE_PUBLIC_KEY": key.PublicKey}
}

func send(t *testing.T, api *messagemediatest.Server, handler http.Handler) messagemediatest.Attempt {
	result, err := api.Send(t.Context(), &webhook.ReceivedSMS{ReplyID: "1", Content: "Hello, é 😀 \x00 \" \\"}, messagemediatest.ToHandler(handler))
	require.NoError(t, err)
	require.NoError(t, result.Deliveries[0].Attempts[0].Err)
	return result.Deliveries[0].Attempts[0]
}

func TestByToken(t *testing.T) {
	t.Parallel()
	forEachShape(t, func(t *testing.T, _ string, g gateway) {
		api := platform(t, "https://example.com/prod/hooks/sms?a=b%20c&d=e", map[string]string{"X-Webhook-Token": token})
		f, log := newFunctionWith(t, map[string]string{"WEBHOOK_TOKEN": token})
		g.function = f
		assert.Equal(t, http.StatusNoContent, send(t, api, g).Status)
		assert.Contains(t, log.String(), "dedupe_key=1-")
		assert.Contains(t, log.String(), "RECEIVED_SMS")
		assert.NotContains(t, log.String(), token)

		wrong, _ := newFunctionWith(t, map[string]string{"WEBHOOK_TOKEN": "another-token-of-the-tests"})
		g.function = wrong
		assert.Equal(t, http.StatusUnauthorized, send(t, api, g).Status)
	})
}

// TestBySignature adds a query if the shape has it unchanged.
func TestBySignature(t *testing.T) {
	t.Parallel()
	forEachShape(t, func(t *testing.T, shape string, g gateway) {
		query := ""
		if hasRawQuery(shape) {
			query = "?z=b%20c&a=e%2Fé"
		}
		api := platform(t, "https://example.com/prod/hooks/sms"+query, nil)
		environment := enableKey(t, api)
		g.function, _ = newFunctionWith(t, environment)
		assert.Equal(t, http.StatusNoContent, send(t, api, g).Status)

		environment["PUBLIC_URL"] = "https://example.com/another/path"
		g.function, _ = newFunctionWith(t, environment)
		assert.Equal(t, http.StatusUnauthorized, send(t, api, g).Status, "the signature has another path")
	})
}

// TestPublicURL simulates a custom domain whose mapping changes the path.
func TestPublicURL(t *testing.T) {
	t.Parallel()
	forEachShape(t, func(t *testing.T, _ string, g gateway) {
		api := platform(t, "https://example.com/mapped/hooks/sms", nil)
		environment := enableKey(t, api)
		rewrite := func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.URL.Path = "/prod/hooks/sms"
				h.ServeHTTP(w, r)
			})
		}
		g.function, _ = newFunctionWith(t, environment)
		assert.Equal(t, http.StatusUnauthorized, send(t, api, rewrite(g)).Status)
		environment["PUBLIC_URL"] = "https://example.com/mapped/hooks/sms"
		g.function, _ = newFunctionWith(t, environment)
		assert.Equal(t, http.StatusNoContent, send(t, api, rewrite(g)).Status)
	})
}

// TestEitherSchemeIsAccepted has both the token and the key in the environment.
func TestEitherSchemeIsAccepted(t *testing.T) {
	t.Parallel()
	forEachShape(t, func(t *testing.T, _ string, g gateway) {
		api := platform(t, "https://example.com/hooks", map[string]string{"X-Webhook-Token": token})
		environment := enableKey(t, api)
		environment["WEBHOOK_TOKEN"] = token
		g.function, _ = newFunctionWith(t, environment)
		assert.Equal(t, http.StatusNoContent, send(t, api, g).Status)
		require.NoError(t, api.Client().DisableSignatureKey(t.Context()))
		assert.Equal(t, http.StatusNoContent, send(t, api, g).Status)
	})
}

// TestARetryHasTheSameDedupeKey needs a sorted query, because maps have no order.
func TestARetryHasTheSameDedupeKey(t *testing.T) {
	t.Parallel()
	forEachShape(t, func(t *testing.T, _ string, g gateway) {
		api := platform(t, "https://example.com/hooks?e=1&d=2&c=3&b=4&a=5", map[string]string{"X-Webhook-Token": token})
		f, log := newFunctionWith(t, map[string]string{"WEBHOOK_TOKEN": token})
		g.function = f
		for range 20 {
			assert.Equal(t, http.StatusNoContent, send(t, api, g).Status)
		}
		keys := make(map[string]bool)
		for line := range strings.Lines(log.String()) {
			_, key, found := strings.Cut(line, "dedupe_key=")
			require.True(t, found, line)
			keys[key] = true
		}
		assert.Len(t, keys, 1)
	})
}

func TestABodyThatIsNotBase64Gets400(t *testing.T) {
	t.Parallel()
	f, _ := newFunctionWith(t, map[string]string{"WEBHOOK_TOKEN": token})
	response, err := f.invoke(t.Context(), []byte(strings.Replace(sampleEvent, "eyJ", "!", 1)))
	require.NoError(t, err)
	assert.Contains(t, string(asJSON(response)), `"statusCode": 400`)
}

func TestUnsupportedEventsAreRejected(t *testing.T) {
	t.Parallel()
	f, _ := newFunctionWith(t, map[string]string{"WEBHOOK_TOKEN": token})
	for _, event := range []string{`{}`, `{"Records":[]}`, `[]`, `"text"`, `null`} {
		_, err := f.invoke(t.Context(), []byte(event))
		assert.Error(t, err, event)
	}
}

func TestInvalidEnvironmentsAreRejected(t *testing.T) {
	t.Parallel()
	for want, environment := range map[string]map[string]string{
		"set WEBHOOK_TOKEN": {},
		"16":                {"WEBHOOK_TOKEN": "short"},
		"digest":            {"SIGNATURE_KEY_ID": "1", "SIGNATURE_PUBLIC_KEY": "2"},
		"WithPublicURL":     {"WEBHOOK_TOKEN": token, "PUBLIC_URL": "example.com"},
	} {
		_, err := newFunction(func(name string) string { return environment[name] }, slog.New(slog.DiscardHandler))
		assert.ErrorContains(t, err, want)
	}
}

func TestDemonstration(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, demonstrate(t.Context(), &out))
	assert.Contains(t, out.String(), `"statusCode": 204`)
}
