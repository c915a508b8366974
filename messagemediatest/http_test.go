package messagemediatest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

const (
	path     = "/v1/webhooks/messages"
	keysPath = "/v1/iam/signature_keys"
)

// valid is the body of a request to create a webhook.
const valid = `{"url":"https://example.com/hook","method":"POST","encoding":"JSON","events":["RECEIVED_SMS"]}`

// with returns valid with added or replaced fields.
func with(fields string) string {
	all, changed := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for text, into := range map[string]*map[string]json.RawMessage{valid: &all, "{" + fields + "}": &changed} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			panic(err)
		}
	}
	var kept []string
	for _, name := range []string{"url", "method", "encoding", "events"} {
		if _, found := changed[name]; !found {
			kept = append(kept, `"`+name+`":`+string(all[name]))
		}
	}
	return "{" + strings.Join(append(kept, fields), ",") + "}"
}

// exchange sends a plain HTTP request to the server. The headers are pairs of names and
// values. An empty value removes a default header.
func exchange(t *testing.T, api *messagemediatest.Server, method, target, requestBody string, headers ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, api.URL+target, strings.NewReader(requestBody))
	require.NoError(t, err)
	request.SetBasicAuth(api.Key, api.Secret)
	if requestBody != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			request.Header.Del(headers[i])
		}
	}
	response, err := api.HTTPClient().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(data)
}

// send is exchange without the response's header.
func send(t *testing.T, api *messagemediatest.Server, method, target, requestBody string, headers ...string) (status int, body string) {
	t.Helper()
	response, body := exchange(t, api, method, target, requestBody, headers...)
	return response.StatusCode, body
}

type fields = map[string]any

func decode[T any](t *testing.T, text string) (value T) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &value), text)
	return value
}

// create creates a webhook and returns its ID.
func create(t *testing.T, api *messagemediatest.Server, body string) string {
	t.Helper()
	status, response := send(t, api, "POST", path, body)
	require.Equal(t, 201, status, response)
	return decode[fields](t, response)["id"].(string)
}
