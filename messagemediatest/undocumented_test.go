package messagemediatest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// undocumentedRequests has a test for each row of the package documentation's table of undocumented
// requests.
var undocumentedRequests = map[string]func(*testing.T, *messagemediatest.Server){
	"a slash at the end of the path, to list webhooks: the slash is ignored": func(t *testing.T, api *messagemediatest.Server) {
		create(t, api, valid)
		_, want := send(t, api, "GET", path+"?page=0", "")
		status, response := send(t, api, "GET", path+"/?page=0", "")
		assert.Equal(t, 200, status)
		assert.Equal(t, want, response)
	},
	"pageSize for page_size, to list webhooks: the same parameter": func(t *testing.T, api *messagemediatest.Server) {
		create(t, api, valid)
		create(t, api, with(`"method":"PUT"`))
		_, want := send(t, api, "GET", path+"?page=1&page_size=1", "")
		status, response := send(t, api, "GET", path+"/?page=1&pageSize=1", "")
		assert.Equal(t, 200, status)
		assert.Equal(t, want, response)
		status, _ = send(t, api, "GET", keysPath+"?page=1&pageSize=1", "")
		assert.Equal(t, 400, status, "keys have no parameter pageSize")
	},
	"a page size of 0, or none: 100 webhooks, 20 keys": func(t *testing.T, api *messagemediatest.Server) {
		for _, query := range []string{"?page_size=0", "?pageSize=0", ""} {
			_, response := send(t, api, "GET", path+query, "")
			assert.Equal(t, `{"page":0,"pageSize":100,"pageData":[]}`, response)
		}
		for range 21 {
			send(t, api, "POST", keysPath, `{"digest":"SHA256","cipher":"RSA"}`)
		}
		for _, query := range []string{"?page=1&page_size=0", "?page=1"} {
			_, response := send(t, api, "GET", keysPath+query, "")
			assert.Len(t, decode[[]any](t, response), 20)
		}
	},
	"no page: the first page: 0 of webhooks, 1 of keys": func(t *testing.T, api *messagemediatest.Server) {
		create(t, api, valid)
		send(t, api, "POST", keysPath, `{"digest":"SHA256","cipher":"RSA"}`)
		for target, first := range map[string]string{path: "?page=0", keysPath: "?page=1"} {
			_, want := send(t, api, "GET", target+first, "")
			status, response := send(t, api, "GET", target, "")
			assert.Equal(t, 200, status)
			assert.Equal(t, want, response)
		}
	},
	"null for a field, to create or update a webhook: the field is unset": func(t *testing.T, api *messagemediatest.Server) {
		id := create(t, api, with(`"headers":null,"template":null,"read_timeout":null,"retries":null,"retry_delay":null`))
		status, response := send(t, api, "PATCH", path+"/"+id, `{"url":null,"method":"PUT","encoding":null,"events":null,"headers":null,"template":null}`)
		assert.Equal(t, 200, status)
		assert.Equal(t, `{"id":"`+id+`","url":"https://example.com/hook","method":"PUT","encoding":"JSON","headers":{},"events":["RECEIVED_SMS"],"retries":0}`, response)
	},
	"an event twice: kept as given": func(t *testing.T, api *messagemediatest.Server) {
		_, response := send(t, api, "POST", path, with(`"events":["RECEIVED_SMS","RECEIVED_SMS"]`))
		assert.Contains(t, response, `"events":["RECEIVED_SMS","RECEIVED_SMS"]`)
	},
	"read_timeout, retries or retry_delay in an update: ignored if another field is updated": func(t *testing.T, api *messagemediatest.Server) {
		id := create(t, api, "{"+updatable+"}")
		status, response := send(t, api, "PATCH", path+"/"+id, `{"method":"PUT","read_timeout":1,"retries":"x","retry_delay":-1}`)
		assert.Equal(t, 200, status)
		assert.Equal(t, `{"id":"`+id+`",`+strings.Replace(updatable, "POST", "PUT", 1)+`}`, response)
		status, _ = send(t, api, "PATCH", path+"/"+id, `{"read_timeout":1,"retries":1,"retry_delay":5}`)
		assert.Equal(t, 400, status, "no field can be updated")
	},
	"an update to another webhook's URL and method: 409": func(t *testing.T, api *messagemediatest.Server) {
		create(t, api, valid)
		id := create(t, api, with(`"url":"https://example.com/2"`))
		status, response := send(t, api, "PATCH", path+"/"+id, `{"url":"https://example.com/hook"}`)
		assert.Equal(t, 409, status)
		assert.Equal(t, conflict, response)
	},
	"HMAC with SHA-1, and x-Content-MD5 for Content-MD5: accepted like SHA-256 and Content-MD5": func(t *testing.T, api *messagemediatest.Server) {
		for _, algorithm := range []string{"sha1", "sha256"} {
			for _, names := range []string{"date x-Content-MD5 request-line", "Date Content-MD5 request-line"} {
				headers := hmacOf(time.Now().UTC(), algorithm, names, "{}", "POST "+path+" HTTP/1.1")
				status, _ := send(t, api, "POST", path, "{}", headers...)
				assert.Equal(t, 400, status, "the request is authorized, but its body is empty")
			}
		}
	},
	"a key ID that is not a UUID, to delete or enable: 404": func(t *testing.T, api *messagemediatest.Server) {
		for _, c := range [][3]string{{"DELETE", keysPath + "/x", ""}, {"PATCH", keysPath + "/enabled", `{"key_id":"x"}`}} {
			status, response := send(t, api, c[0], c[1], c[2])
			assert.Equal(t, 404, status)
			assert.Equal(t, `{"message":"Entity not found"}`, response)
		}
	},
	"a key ID that is not a UUID, to get: 400": func(t *testing.T, api *messagemediatest.Server) {
		status, response := send(t, api, "GET", keysPath+"/x", "")
		assert.Equal(t, 400, status)
		assert.Equal(t, badRequest("key_id property value is invalid"), response)
	},
}

func TestRequestsInTheDocumentationHaveTheDocumentedResponse(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^//\t(\S.*?) {2,}(.+)$`).FindAllStringSubmatch(string(page), -1)
	require.Len(t, rows, len(undocumentedRequests))
	for _, row := range rows {
		name := row[1] + ": " + row[2]
		require.Contains(t, undocumentedRequests, name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			undocumentedRequests[name](t, messagemediatest.NewServer(t, messagemediatest.WithCredentials("key", "secret"), messagemediatest.WithKeyBits(1024)))
		})
	}
}

// TestRequestsOfTheVendorsSDKsAreAccepted sends their requests, including all headers.
func TestRequestsOfTheVendorsSDKsAreAccepted(t *testing.T) {
	t.Parallel()
	const (
		nodeBody   = `{"url":"http://webhook.com","method":"POST","encoding":"JSON","events":["RECEIVED_SMS"],"template":"{\"id\":\"$mtId\",\"status\":\"$statusCode\"}"}`
		pythonBody = `{"url": "http://webhook.com", "method": "POST", "encoding": "JSON", "events": ["RECEIVED_SMS"], "headers": null, "template": null}`
		sample     = `{"url":"http://webhook.com","method":"POST","encoding":"JSON","headers":{},"events":["ENROUTE_DR","DELIVERED_DR"],"template":"{\"id\":\"$mtId\",\"status\":\"$statusCode\"}","read_timeout":5000,"retries":3,"retry_delay":30}`
	)
	for name, body := range map[string]string{"Node": nodeBody, "Python, PHP and Ruby": pythonBody, "the reference": sample} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			headers := []string{"Content-Type", "application/json; charset=utf-8", "Accept", "application/json", "User-Agent", "messagesmedia-webhooks"}
			status, response := send(t, api, "POST", path, body, headers...)
			require.Equal(t, 201, status, response)
			id := decode[fields](t, response)["id"].(string)
			status, response = send(t, api, "GET", path+"/?page=0&pageSize=0", "", headers[2:]...)
			assert.Equal(t, 200, status)
			assert.Contains(t, response, id)
			status, response = send(t, api, "PATCH", path+"/"+id, `{"url": "https://myurl.com", "method": "POST", "encoding": "FORM_ENCODED", "events": ["ENROUTE_DR"], "headers": null, "template": "{\"id\":\"$mtId\", \"status\":\"$statusCode\"}"}`, headers...)
			assert.Equal(t, 200, status, response)
			status, response = send(t, api, "DELETE", path+"/"+id, "")
			assert.Equal(t, 204, status)
			assert.Empty(t, response)
		})
	}
}
