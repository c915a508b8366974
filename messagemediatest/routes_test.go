package messagemediatest_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// TestUnknownPathsAndMethodsAreRejected varies each known path and method.
func TestUnknownPathsAndMethodsAreRejected(t *testing.T) {
	t.Parallel()
	const key = `{"digest":"SHA256","cipher":"RSA"}`
	for _, c := range []struct {
		method, target, body string
		status               int
		allow                string
	}{
		{"POST", path + "/", valid, 404, ""},
		{"PATCH", path + "/1/", `{"method":"PUT"}`, 404, ""},
		{"DELETE", path + "/1/", "", 404, ""},
		{"DELETE", path + "/", "", 404, ""},
		{"GET", path + "//", "", 404, ""},
		{"GET", "/" + path, "", 404, ""},
		{"GET", path + "x", "", 404, ""},
		{"GET", "/v1/webhooks", "", 404, ""},
		{"GET", "/v1/messages", "", 404, ""},
		{"GET", "/v2/webhooks/messages", "", 404, ""},
		{"GET", "/V1/webhooks/messages", "", 404, ""},
		{"POST", keysPath + "/", key, 404, ""},
		{"GET", keysPath + "/", "", 404, ""},
		{"GET", keysPath + "/enabled/", "", 404, ""},
		{"DELETE", keysPath + "/enabled/", "", 404, ""},
		{"GET", keysPath + "x", "", 404, ""},
		{"PUT", path, valid, 405, "POST, GET"},
		{"HEAD", path, "", 405, "POST, GET"},
		{"DELETE", path, "", 405, "POST, GET"},
		{"GET", path + "/1", "", 405, "PATCH, DELETE"},
		{"PUT", path + "/1", valid, 405, "PATCH, DELETE"},
		{"PUT", keysPath, key, 405, "POST, GET"},
		{"PATCH", keysPath + "/1", "{}", 405, "GET, DELETE"},
		{"POST", keysPath + "/enabled", "{}", 405, "GET, PATCH, DELETE"},
	} {
		response, body := exchange(t, messagemediatest.NewServer(t), c.method, c.target, c.body)
		assert.Equal(t, c.status, response.StatusCode, "%s %s", c.method, c.target)
		assert.Equal(t, c.allow, response.Header.Get("Allow"), "%s %s", c.method, c.target)
		assert.Empty(t, body)
	}
}

func TestBodiesNeedAJSONContentType(t *testing.T) {
	t.Parallel()
	for contentType, status := range map[string]int{
		"application/json":                  201,
		"application/json; charset=utf-8":   201,
		"application/json;charset=UTF-8":    201,
		"Application/JSON":                  201,
		"":                                  415,
		"text/plain":                        415,
		"text/json":                         415,
		"application/x-www-form-urlencoded": 415,
		"application/json; charset=latin1":  415,
		"application/jsonp":                 415,
		"application/json, text/plain":      415,
		"application/json;":                 201,
	} {
		api := messagemediatest.NewServer(t)
		got, response := send(t, api, "POST", path, valid, "Content-Type", contentType)
		assert.Equal(t, status, got, contentType)
		if status == 415 {
			assert.Equal(t, fmt.Sprintf(`{"message":"Content-Type must be application/json, got \"%s\""}`, contentType), response)
			status, _ := send(t, api, "POST", keysPath, `{"digest":"SHA256","cipher":"RSA"}`, "Content-Type", contentType)
			assert.Equal(t, 415, status, contentType)
		}
	}
}

func TestUnexpectedQueriesAndBodiesAreRejected(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithKeyBits(1024))
	for _, request := range requestsByOperation {
		if request.operation == "" || request.operation == "ListWebhooks" || request.operation == "ListSignatureKeys" {
			continue
		}
		status, response := send(t, api, request.method, request.target+"?a=b", request.body)
		assert.Equal(t, 400, status, request.operation)
		assert.Equal(t, badRequest("a is not a known property"), response)
	}
	for _, request := range requestsByOperation {
		if request.operation == "" || request.body != "" {
			continue
		}
		status, response := send(t, api, request.method, request.target, "{}")
		assert.Equal(t, 400, status, request.operation)
		assert.Equal(t, badRequest(unparsable), response)
	}
}

// TestTheAccountHeaderMustBeSingleAndNotEmpty ensures that a client with an unset variable
// for the sub-account does not use the parent account.
func TestTheAccountHeaderMustBeSingleAndNotEmpty(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	for got, accounts := range map[string][]string{`[\"\"]`: {""}, `[\"a\" \"b\"]`: {"a", "b"}} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", api.URL+path, nil)
		require.NoError(t, err)
		request.SetBasicAuth(api.Key, api.Secret)
		request.Header["Account"] = accounts
		response, err := api.HTTPClient().Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		assert.Equal(t, 400, response.StatusCode)
		assert.Equal(t, `{"message":"Account must be one sub-account, got `+got+`"}`, string(body))
	}
}
