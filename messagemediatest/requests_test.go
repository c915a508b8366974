package messagemediatest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// The tests of this file, lists_test.go, routes_test.go and gateway_test.go send raw HTTP
// requests without the client, and compare the responses with the API's documentation.

const unparsable = "Failed to parse message body."

// badRequest returns the body of a 400 with these details.
func badRequest(details ...string) string {
	return `{"message":"Bad Request","details":["` + strings.Join(details, `","`) + `"]}`
}

// longURL returns a URL with a number of characters of two bytes each.
func longURL(characters int) string {
	const start = "https://example.com/"
	return start + strings.Repeat("é", characters-len(start))
}

func TestCreateWebhookAcceptsValidRequests(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"the required fields alone":       valid,
		"white space":                     " \r\n\t" + strings.ReplaceAll(valid, ",", " ,\n ") + "\n",
		"every field":                     with(`"headers":{"X-A":"b"},"template":"$mtId","read_timeout":5000,"retries":3,"retry_delay":30`),
		"null in each optional field":     with(`"headers":null,"template":null,"read_timeout":null,"retries":null,"retry_delay":null`),
		"http":                            with(`"url":"http://example.com"`),
		"a scheme in capitals":            with(`"url":"HTTPS://example.com/"`),
		"1000 characters of URL":          with(`"url":"` + longURL(1000) + `"`),
		"a port":                          with(`"url":"https://example.com:65535/"`),
		"an IPv4 address":                 with(`"url":"https://127.0.0.1/"`),
		"user info":                       with(`"url":"https://user:password@example.com/"`),
		"a fragment":                      with(`"url":"https://example.com/#a"`),
		"a host with a dot at its end":    with(`"url":"https://example.com./"`),
		"a host that begins with a digit": with(`"url":"https://1and1.example/"`),
		"a label of 63 characters":        with(`"url":"https://` + strings.Repeat("a", 63) + `.example/"`),
		"variables in the path and query": with(`"url":"https://example.com/$mtId/${moId}?text=$!moContent&to=$esc.url($a)"`),
		"white space in the query":        with(`"url":"https://example.com/?a=b c"`),
		"each method":                     with(`"method":"GET"`),
		"PATCH":                           with(`"method":"PATCH"`),
		"PUT":                             with(`"method":"PUT"`),
		"DELETE":                          with(`"method":"DELETE"`),
		"a form":                          with(`"encoding":"FORM_ENCODED"`),
		"XML":                             with(`"encoding":"XML"`),
		"every event":                     with(`"events":["RECEIVED_SMS","OPT_OUT_SMS","RECEIVED_MMS","ENROUTE_DR","EXPIRED_DR","REJECTED_DR","FAILED_DR","DELIVERED_DR","SUBMITTED_DR"]`),
		"an event twice":                  with(`"events":["RECEIVED_SMS","RECEIVED_SMS"]`),
		"no headers":                      with(`"headers":{}`),
		"an empty header":                 with(`"headers":{"X-A":""}`),
		"200 characters of header name":   with(`"headers":{"` + strings.Repeat("a", 200) + `":"b"}`),
		"1000 characters of header value": with(`"headers":{"X-A":"` + strings.Repeat("é", 1000) + `"}`),
		"an empty template":               with(`"template":""`),
		"a template with escapes":         with(`"template":"\u0024mtId \"\\\ud83d\ude00"`),
		"a replacement character":         with(`"template":"\ufffd � \\ufffd"`),
		"the minimum of each number":      with(`"read_timeout":1,"retries":0,"retry_delay":5`),
		"the maximum of each number":      with(`"read_timeout":60000,"retries":5,"retry_delay":60`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, response := send(t, messagemediatest.NewServer(t), "POST", path, body)
			assert.Equal(t, 201, status, response)
		})
	}
}

func TestCreateWebhookRejectsInvalidRequests(t *testing.T) {
	t.Parallel()
	const notAURL = "/url: Not a valid http url: "
	for name, c := range map[string]struct {
		body    string
		details []string
	}{
		// The JSON.
		"nothing":                          {" ", []string{unparsable}},
		"invalid JSON":                     {`{`, []string{unparsable}},
		"null":                             {`null`, []string{unparsable}},
		"an array":                         {`[` + valid + `]`, []string{unparsable}},
		"a string":                         {`"a"`, []string{unparsable}},
		"data after the object":            {valid + `{}`, []string{unparsable}},
		"a trailing comma":                 {strings.Replace(valid, "}", ",}", 1), []string{unparsable}},
		"invalid UTF-8":                    {strings.Replace(valid, "hook", "hook\xff", 1), []string{unparsable}},
		"more than a megabyte":             {valid + strings.Repeat(" ", 1<<20), []string{unparsable}},
		"a name twice":                     {strings.Replace(valid, "{", `{"url":"https://example.com/2",`, 1), []string{unparsable, "/url: Duplicate field"}},
		"a header twice":                   {with(`"headers":{"A":"1","A":"2"}`), []string{unparsable, "/headers/A: Duplicate field"}},
		"a name in another case":           {strings.Replace(valid, `"url"`, `"URL"`, 1), []string{"/URL: Unknown field", "/url: Url cannot be null"}},
		"an optional name in another case": {with(`"Read_Timeout":5000`), []string{"/Read_Timeout: Unknown field"}},
		"an unknown name":                  {with(`"callback":"a"`), []string{"/callback: Unknown field"}},
		"an ID":                            {with(`"id":"a"`), []string{"/id: Unknown field"}},

		// Types.
		"a number for the URL":       {with(`"url":7`), []string{unparsable, "/url: Not a string"}},
		"an object for the method":   {with(`"method":{}`), []string{unparsable, "/method: Not a string"}},
		"an array for the encoding":  {with(`"encoding":[]`), []string{unparsable, "/encoding: Not a string"}},
		"a boolean for the template": {with(`"template":false`), []string{unparsable, "/template: Not a string"}},
		"half of a surrogate pair":   {with(`"template":"\ud83d"`), []string{unparsable, "/template: Not a string"}},
		"a string for the events":    {with(`"events":"RECEIVED_SMS"`), []string{unparsable, "/events: Not an array"}},
		"a null among the events":    {with(`"events":[null]`), []string{unparsable, "/events/0: Not a string"}},
		"a number among the events":  {with(`"events":["RECEIVED_SMS",1]`), []string{unparsable, "/events/1: Not a string"}},
		"an array for the headers":   {with(`"headers":[]`), []string{unparsable, "/headers: Not an object"}},
		"a null header":              {with(`"headers":{"A":null}`), []string{unparsable, "/headers/A: Not a string"}},
		"a number for a header":      {with(`"headers":{"A":1}`), []string{unparsable, "/headers/A: Not a string"}},
		"an array for a header":      {with(`"headers":{"A":["1"]}`), []string{unparsable, "/headers/A: Not a string"}},
		"a string for a number":      {with(`"read_timeout":"5000"`), []string{unparsable, "/read_timeout: Not a number"}},
		"a boolean for a number":     {with(`"retries":true`), []string{unparsable, "/retries: Not a number"}},
		"all violations together":    {with(`"url":7,"method":8`), []string{unparsable, "/url: Not a string", "/method: Not a string"}},

		// Values.
		"no field":                                    {`{}`, []string{"/url: Url cannot be null", "/method: Method cannot be null", "/encoding: Encoding cannot be null", "/events: Events cannot be null"}},
		"null in each required field":                 {`{"url":null,"method":null,"encoding":null,"events":null}`, []string{"/url: Url cannot be null", "/method: Method cannot be null", "/encoding: Encoding cannot be null", "/events: Events cannot be null"}},
		"an empty URL":                                {with(`"url":""`), []string{notAURL + "does not begin with http:// or https://"}},
		"another scheme":                              {with(`"url":"ftp://example.com/"`), []string{notAURL + "does not begin with http:// or https://"}},
		"no scheme":                                   {with(`"url":"example.com/"`), []string{notAURL + "does not begin with http:// or https://"}},
		"a scheme without an authority":               {with(`"url":"https:/example.com/"`), []string{notAURL + "does not begin with http:// or https://"}},
		"no host":                                     {with(`"url":"https:///a"`), []string{notAURL + `\"\" is not a host name`}},
		"a host with an underscore":                   {with(`"url":"https://a_b.example/"`), []string{notAURL + `\"a_b.example\" is not a host name`}},
		"a host with a variable":                      {with(`"url":"https://$accountId.example/"`), []string{notAURL + `\"$accountId.example\" is not a host name`}},
		"a host with an accent":                       {with(`"url":"https://é.example/"`), []string{notAURL + `\"é.example\" is not a host name`}},
		"a host with two dots":                        {with(`"url":"https://a..example/"`), []string{notAURL + `\"a..example\" is not a host name`}},
		"a label that begins with -":                  {with(`"url":"https://-a.example/"`), []string{notAURL + `\"-a.example\" is not a host name`}},
		"a label that ends with -":                    {with(`"url":"https://a-.example/"`), []string{notAURL + `\"a-.example\" is not a host name`}},
		"a label of 64 characters":                    {with(`"url":"https://` + strings.Repeat("a", 64) + `/"`), []string{notAURL + `\"` + strings.Repeat("a", 64) + `\" is not a host name`}},
		"a host of 255 characters":                    {with(`"url":"https://` + strings.Repeat("a.", 127) + `a/"`), []string{notAURL + `\"` + strings.Repeat("a.", 127) + `a\" is not a host name`}},
		"an IPv6 address":                             {with(`"url":"https://[::1]/"`), []string{notAURL + `port must be from 1 to 65535, got \":1]\"`}},
		"port 0":                                      {with(`"url":"https://example.com:0/"`), []string{notAURL + `port must be from 1 to 65535, got \"0\"`}},
		"an empty port":                               {with(`"url":"https://example.com:/"`), []string{notAURL + `port must be from 1 to 65535, got \"\"`}},
		"a blank in the path":                         {with(`"url":"https://example.com/a b"`), []string{notAURL + "path has white space or a control character"}},
		"a line break in the path":                    {with(`"url":"https://example.com/a\nb"`), []string{notAURL + "path has white space or a control character"}},
		"a control character in the path":             {with(`"url":"https://example.com/a\u0000"`), []string{notAURL + "path has white space or a control character"}},
		"1001 characters of URL":                      {with(`"url":"` + longURL(1001) + `"`), []string{"/url: has 1001 characters, at most 1000 are allowed"}},
		"an unknown method":                           {with(`"method":"HEAD"`), []string{"/method: [HEAD] is invalid"}},
		"a method in another case":                    {with(`"method":"post"`), []string{"/method: [post] is invalid"}},
		"an empty method":                             {with(`"method":""`), []string{"/method: [] is invalid"}},
		"an unknown encoding":                         {with(`"encoding":"YAML"`), []string{"/encoding: [YAML] is invalid"}},
		"an encoding in another case":                 {with(`"encoding":"json"`), []string{"/encoding: [json] is invalid"}},
		"an empty encoding":                           {with(`"encoding":""`), []string{"/encoding: [] is invalid"}},
		"no events":                                   {with(`"events":[]`), []string{"/events: Events cannot be empty"}},
		"an unknown event":                            {with(`"events":["RECEIVED_SMS","RECEIVED_123"]`), []string{"/events/1: [RECEIVED_123] is invalid"}},
		"an event in another case":                    {with(`"events":["received_sms"]`), []string{"/events/0: [received_sms] is invalid"}},
		"an empty event":                              {with(`"events":[""]`), []string{"/events/0: [] is invalid"}},
		"a Content-Type":                              {with(`"headers":{"content-TYPE":"a"}`), []string{"/headers/content-TYPE: Content-Type is not allowed"}},
		"headers that differ in case":                 {with(`"headers":{"X-A":"1","x-a":"2"}`), []string{"/headers/x-a: is the same header as X-A"}},
		"a header name with a blank":                  {with(`"headers":{"X A":"1"}`), []string{`/headers: \"X A\" is not a header name`}},
		"an empty header name":                        {with(`"headers":{"":"1"}`), []string{`/headers: \"\" is not a header name`}},
		"a header name that is too long":              {with(`"headers":{"` + strings.Repeat("a", 201) + `":"b"}`), []string{"/headers/" + strings.Repeat("a", 201) + ": the name has more than 200 characters"}},
		"a header value that is too long":             {with(`"headers":{"A":"` + strings.Repeat("é", 1001) + `"}`), []string{"/headers/A: the value has more than 1000 characters"}},
		"a header with a line break":                  {with(`"headers":{"A":"b\r\nC: d"}`), []string{"/headers/A: the value has a control character"}},
		"a read timeout of 0":                         {with(`"read_timeout":0`), []string{"/read_timeout: must be a whole number between 1 and 60000, got 0"}},
		"a read timeout that is too long":             {with(`"read_timeout":60001`), []string{"/read_timeout: must be a whole number between 1 and 60000, got 60001"}},
		"a fraction":                                  {with(`"read_timeout":1.5`), []string{"/read_timeout: must be a whole number between 1 and 60000, got 1.5"}},
		"an exponent":                                 {with(`"read_timeout":5e3`), []string{"/read_timeout: must be a whole number between 1 and 60000, got 5e3"}},
		"milliseconds beyond an int64 of nanoseconds": {with(`"read_timeout":288230376151731744`), []string{"/read_timeout: must be a whole number between 1 and 60000, got 288230376151731744"}},
		"seconds beyond an int64 of nanoseconds":      {with(`"retries":1,"retry_delay":36028797018963973`), []string{"/retry_delay: must be a whole number between 5 and 60, got 36028797018963973"}},
		"a number beyond an int64":                    {with(`"retries":18446744073709551617`), []string{"/retries: must be a whole number between 0 and 5, got 18446744073709551617"}},
		"6 retries":                                   {with(`"retries":6`), []string{"/retries: must be a whole number between 0 and 5, got 6"}},
		"a negative number":                           {with(`"retries":-1`), []string{"/retries: must be a whole number between 0 and 5, got -1"}},
		"a retry delay of 0":                          {with(`"retry_delay":0`), []string{"/retry_delay: must be a whole number between 5 and 60, got 0"}},
		"a retry delay that is too short":             {with(`"retry_delay":4`), []string{"/retry_delay: must be a whole number between 5 and 60, got 4"}},
		"a retry delay that is too long":              {with(`"retry_delay":61`), []string{"/retry_delay: must be a whole number between 5 and 60, got 61"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			status, response := send(t, api, "POST", path, c.body)
			assert.Equal(t, 400, status)
			assert.Equal(t, badRequest(c.details...), response)
			assert.Empty(t, api.Webhooks(""))
		})
	}
}

// updatable has all fields of a webhook that can be updated, in the format of a response.
const updatable = `"url":"https://example.com/hook","method":"POST","encoding":"JSON","headers":{"X-A":"1"},"events":["RECEIVED_SMS"],"template":"$mtId","read_timeout":1500,"retries":2,"retry_delay":30`

func TestUpdateWebhookAcceptsValidRequests(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, old, new string }{
		"a URL":                         {`{"url":"http://example.org"}`, "https://example.com/hook", "http://example.org"},
		"a method":                      {`{"method":"DELETE"}`, `"POST"`, `"DELETE"`},
		"the same method":               {`{"method":"POST"}`, "", ""},
		"an encoding":                   {`{"encoding":"XML"}`, `"JSON"`, `"XML"`},
		"events":                        {`{"events":["OPT_OUT_SMS"]}`, "RECEIVED_SMS", "OPT_OUT_SMS"},
		"headers, all of them":          {`{"headers":{"X-B":"2"}}`, `"X-A":"1"`, `"X-B":"2"`},
		"no headers, which clears them": {`{"headers":{}}`, `"X-A":"1"`, ""},
		"a template":                    {`{"template":"<$moId>"}`, "$mtId", "<$moId>"},
		"no template, which clears it":  {`{"template":""}`, `"template":"$mtId",`, ""},
		"null for the unset fields":     {`{"url":null,"method":"PUT","encoding":null,"events":null,"headers":null,"template":null}`, `"POST"`, `"PUT"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			id := create(t, api, "{"+updatable+"}")
			status, response := send(t, api, "PATCH", path+"/"+id, c.body)
			assert.Equal(t, 200, status)
			want := `{"id":"` + id + `",` + strings.Replace(updatable, c.old, c.new, 1) + `}`
			assert.Equal(t, want, response)
			_, listed := send(t, api, "GET", path, "")
			assert.Contains(t, listed, want)
		})
	}
}

func TestUpdateWebhookRejectsInvalidRequests(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body    string
		details []string
	}{
		"no body":                   {"", nil}, // also without a Content-Type
		"white space":               {" ", []string{unparsable}},
		"no field":                  {`{}`, []string{"/: At least one field must be set"}},
		"null in every field":       {`{"url":null,"method":null,"encoding":null,"events":null,"headers":null,"template":null}`, []string{"/: At least one field must be set"}},
		"ignored fields alone":      {`{"retries":3,"read_timeout":1,"retry_delay":5}`, []string{"/: At least one field must be set"}},
		"an empty URL":              {`{"url":"","method":"PUT"}`, []string{"/url: Not a valid http url: does not begin with http:// or https://"}},
		"an empty method":           {`{"url":"https://example.com/2","method":""}`, []string{"/method: [] is invalid"}},
		"an empty encoding":         {`{"url":"https://example.com/2","encoding":""}`, []string{"/encoding: [] is invalid"}},
		"no events":                 {`{"events":[]}`, []string{"/events: Events cannot be empty"}},
		"an unknown event":          {`{"events":["A"]}`, []string{"/events/0: [A] is invalid"}},
		"a Content-Type":            {`{"headers":{"Content-Type":"a"}}`, []string{"/headers/Content-Type: Content-Type is not allowed"}},
		"a null header":             {`{"headers":{"A":null}}`, []string{unparsable, "/headers/A: Not a string"}},
		"a name in another case":    {`{"Method":"PUT"}`, []string{"/Method: Unknown field", "/: At least one field must be set"}},
		"a name twice":              {`{"method":"PUT","method":"GET"}`, []string{unparsable, "/method: Duplicate field"}},
		"a number for the template": {`{"template":1}`, []string{unparsable, "/template: Not a string"}},
		"an ID":                     {`{"id":"a","method":"PUT"}`, []string{"/id: Unknown field"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			before := create(t, api, "{"+updatable+"}")
			want := api.Webhooks("")
			status, response := send(t, api, "PATCH", path+"/"+before, c.body)
			if c.details == nil {
				assert.Equal(t, 415, status)
			} else {
				assert.Equal(t, 400, status)
				assert.Equal(t, badRequest(c.details...), response)
			}
			assert.Equal(t, want, api.Webhooks(""))
		})
	}
}

const conflict = `{"message":"A webhook with the given url and method already exists."}`

func TestURLAndMethodAreUnique(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	create(t, api, valid)
	status, response := send(t, api, "POST", path, valid)
	assert.Equal(t, 409, status)
	assert.Equal(t, conflict, response)

	id := create(t, api, with(`"method":"PUT"`))
	status, response = send(t, api, "PATCH", path+"/"+id, `{"method":"POST"}`)
	assert.Equal(t, 409, status)
	assert.Equal(t, conflict, response)
	status, _ = send(t, api, "PATCH", path+"/"+id, `{"method":"PUT"}`)
	assert.Equal(t, 200, status, "a webhook does not conflict with itself")
}

func TestAWebhookIsDeletedOnce(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	id := create(t, api, valid)
	for _, want := range []int{204, 404} {
		status, response := send(t, api, "DELETE", path+"/"+id, "")
		assert.Equal(t, want, status)
		assert.Empty(t, response)
	}
	status, response := send(t, api, "PATCH", path+"/"+id, `{"method":"PUT"}`)
	assert.Equal(t, 404, status)
	assert.Empty(t, response)
}

func TestResponsesHaveTheFieldsThatAreSet(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		valid:                    `"url":"https://example.com/hook","method":"POST","encoding":"JSON","headers":{},"events":["RECEIVED_SMS"],"retries":0`,
		with(`"retry_delay":30`): `"url":"https://example.com/hook","method":"POST","encoding":"JSON","headers":{},"events":["RECEIVED_SMS"],"retries":0`,
		with(`"retries":1,"template":"<&>","read_timeout":1`):  `"url":"https://example.com/hook","method":"POST","encoding":"JSON","headers":{},"events":["RECEIVED_SMS"],"template":"<&>","read_timeout":1,"retries":1`,
		with(`"retries":1,"retry_delay":5,"headers":{"a":""}`): `"url":"https://example.com/hook","method":"POST","encoding":"JSON","headers":{"a":""},"events":["RECEIVED_SMS"],"retries":1,"retry_delay":5`,
	} {
		response, created := exchange(t, messagemediatest.NewServer(t), "POST", path, body)
		assert.Equal(t, "application/json", response.Header.Get("Content-Type"))
		id := decode[fields](t, created)["id"].(string)
		assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, id)
		assert.Equal(t, `{"id":"`+id+`",`+want+`}`, created)
	}
}
