package messagemediatest_test

import (
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   messagemediatest.Fault
		status  int
		body    string
		fails   error // the error of reading the response
		changed bool
	}{
		"a replaced response":                   {fault: messagemediatest.Fault{Status: 503, Body: "<html>", Header: http.Header{"Retry-After": {"7"}}}, status: 503, body: "<html>"},
		"a response after the change":           {fault: messagemediatest.Fault{Status: 500, AfterCommit: true}, status: 500, changed: true},
		"a reset":                               {fault: messagemediatest.Fault{ResetConnection: true}, fails: syscall.ECONNRESET},
		"a reset after the change":              {fault: messagemediatest.Fault{ResetConnection: true, AfterCommit: true}, fails: syscall.ECONNRESET, changed: true},
		"a truncated body of the real response": {fault: messagemediatest.Fault{TruncateBody: true}, status: 201, fails: io.ErrUnexpectedEOF, changed: true},
		"a truncated body of the fault":         {fault: messagemediatest.Fault{Status: 200, Body: "123456", TruncateBody: true}, status: 200, fails: io.ErrUnexpectedEOF},
		"a fault for other requests":            {fault: messagemediatest.Fault{Status: 500, Match: func(r *http.Request) bool { return r.Method == "GET" }}, status: 201, changed: true},
		"a delay":                               {fault: messagemediatest.Fault{Delay: time.Millisecond}, status: 201, changed: true},
		"a slow body":                           {fault: messagemediatest.Fault{ByteDelay: time.Microsecond}, status: 201, changed: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t)
			api.Fail(c.fault)
			request, err := http.NewRequestWithContext(t.Context(), "POST", api.URL+path, strings.NewReader(valid))
			require.NoError(t, err)
			request.SetBasicAuth(api.Key, api.Secret)
			request.Header.Set("Content-Type", "application/json")
			response, err := api.HTTPClient().Do(request)
			var body []byte
			if err == nil {
				defer response.Body.Close()
				assert.Equal(t, c.status, response.StatusCode)
				body, err = io.ReadAll(response.Body)
			}
			switch {
			case c.fails == io.ErrUnexpectedEOF:
				assert.Error(t, err, "the body ends early or with a reset")
			case c.fails != nil:
				assert.ErrorIs(t, err, c.fails)
			default:
				require.NoError(t, err)
			}
			if c.body != "" {
				assert.Equal(t, c.body, string(body))
				assert.Equal(t, "7", response.Header.Get("Retry-After"))
			}
			assert.Equal(t, c.changed, len(api.Webhooks("")) == 1)
			require.Len(t, api.Requests(), 1)
			assert.Equal(t, c.changed, api.Requests()[0].Committed)
			assert.Equal(t, c.status, api.Requests()[0].Status)

			if c.fault.Match == nil {
				status, _ := send(t, api, "GET", path, "")
				assert.Equal(t, 200, status, "a fault without Times affects one request")
			}
		})
	}
}

func TestTimesIsTheNumberOfFailedRequests(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	api.Fail(messagemediatest.Fault{Status: 500, Times: 2}, messagemediatest.Fault{Status: 429})
	var statuses []int
	for range 4 {
		status, _ := send(t, api, "GET", path, "")
		statuses = append(statuses, status)
	}
	assert.Equal(t, []int{500, 500, 429, 200}, statuses)
}

// TestFaultsAreTakenInOrder injects two replaced responses, then a lost one.
func TestFaultsAreTakenInOrder(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	api.Fail(messagemediatest.Fault{Status: 503, Times: 2})
	api.Fail(messagemediatest.Fault{ResetConnection: true, AfterCommit: true})
	_, err := api.Client(messagemedia.WithMaxRetryWait(0)).CreateWebhook(t.Context(), request)
	require.NoError(t, err, "the client looks the webhook up")
	var statuses []int
	for _, exchange := range api.Requests() {
		statuses = append(statuses, exchange.Status)
	}
	assert.Equal(t, []int{503, 503, 0}, statuses[:3])
	assert.Len(t, api.Webhooks(""), 1)
}

// requestsByOperation has a request for each valid Operation of a fault.
var requestsByOperation = []struct{ operation, method, target, body string }{
	{"CreateWebhook", "POST", path, valid},
	{"ListWebhooks", "GET", path, ""},
	{"ListWebhooks", "GET", path + "/?page=0", ""},
	{"UpdateWebhook", "PATCH", path + "/1", `{"method":"PUT"}`},
	{"DeleteWebhook", "DELETE", path + "/a%2Fb", ""},
	{"CreateSignatureKey", "POST", keysPath, `{"digest":"SHA256","cipher":"RSA"}`},
	{"ListSignatureKeys", "GET", keysPath + "?page=1&page_size=20", ""},
	{"GetSignatureKey", "GET", keysPath + "/1", ""},
	{"DeleteSignatureKey", "DELETE", keysPath + "/1", ""},
	{"GetEnabledSignatureKey", "GET", keysPath + "/enabled", ""},
	{"EnableSignatureKey", "PATCH", keysPath + "/enabled", `{"key_id":"1"}`},
	{"DisableSignatureKey", "DELETE", keysPath + "/enabled", ""},
	{"", "GET", "/v1/messages", ""},
	{"", "PUT", path, ""},
}

func TestFaultsSelectByOperation(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	for _, fault := range requestsByOperation {
		api.ClearFaults()
		require.NoError(t, api.Fail(messagemediatest.Fault{Operation: fault.operation, Status: 555, Times: 100}))
		for _, request := range requestsByOperation {
			status, _ := send(t, api, request.method, request.target, request.body)
			assert.Equal(t, fault.operation == "" || fault.operation == request.operation, status == 555, "%v for %v", fault, request)
			exchanges := api.Requests()
			assert.Equal(t, request.operation, exchanges[len(exchanges)-1].Operation)
		}
	}
}

func TestFaultsSelectBySubAccount(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	for name, c := range map[string]struct {
		account *string
		want    []int // the statuses for the account of the credentials and for "branch"
	}{
		"any account":                    {nil, []int{555, 555}},
		"the account of the credentials": {new(""), []int{555, 200}},
		"a sub-account":                  {new("branch"), []int{200, 555}},
	} {
		api.ClearFaults()
		require.NoError(t, api.Fail(messagemediatest.Fault{Account: c.account, Status: 555, Times: 2}))
		own, _ := send(t, api, "GET", path, "")
		branch, _ := send(t, api, "GET", path, "", "Account", "branch")
		assert.Equal(t, c.want, []int{own, branch}, name)
	}
}

// TestMatchMayUseTheServer also has other requests that wait for Match.
func TestMatchMayUseTheServer(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	calls := 0 // without a lock, so that the race detector finds concurrent calls
	require.NoError(t, api.Fail(messagemediatest.Fault{Status: 503, Times: 1000, Match: func(r *http.Request) bool {
		calls++
		api.Requests()
		api.Faults()
		return len(api.Webhooks("")) > 0
	}}))
	status, _ := send(t, api, "POST", path, valid)
	assert.Equal(t, 201, status)
	done := make(chan int)
	for range 20 {
		go func() {
			status, _ := send(t, api, "GET", path, "")
			done <- status
		}()
	}
	for range 20 {
		assert.Equal(t, 503, <-done)
	}
	assert.Equal(t, 21, calls)
}

// TestMatchMaySendRequests sends a request that the fault does not select, and one that
// waits for Match until its client times out.
func TestMatchMaySendRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
		defer api.Close()
		client := api.Client(messagemedia.WithMaxAttempts(1), messagemedia.WithAttemptTimeout(time.Minute))
		calls := 0
		require.NoError(t, api.Fail(messagemediatest.Fault{Operation: "DeleteWebhook", Status: 503, Match: func(*http.Request) bool {
			calls++
			_, err := client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
			assert.NoError(t, err)
			assert.ErrorContains(t, client.DeleteWebhook(t.Context(), "1"), "1m0s", "the request waited for Match until its client timed out")
			return true
		}}))
		start := time.Now()
		status, _ := send(t, api, "DELETE", path+"/1", "")
		assert.Equal(t, 503, status)
		assert.Equal(t, 1, calls)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

// TestMatchReceivesACopyOfTheRequest changes the request that Match receives.
func TestMatchReceivesACopyOfTheRequest(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	require.NoError(t, api.Fail(messagemediatest.Fault{Status: 500, Match: func(r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Empty(t, body)
		r.Header.Del("Authorization")
		r.URL.Path = "/elsewhere"
		return false
	}}))
	status, _ := send(t, api, "POST", path, valid)
	assert.Equal(t, 201, status)
}

func TestNoFaultIsTakenIfMatchClearsThem(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	require.NoError(t, api.Fail(messagemediatest.Fault{Status: 503, Match: func(*http.Request) bool {
		api.ClearFaults()
		return true
	}}))
	status, _ := send(t, api, "GET", path, "")
	assert.Equal(t, 200, status)
}

func TestFaultsAreListedUntilTakenOrCleared(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	assert.Empty(t, api.Faults())
	require.NoError(t, api.Fail(messagemediatest.Fault{Status: 500, Times: 2}, messagemediatest.Fault{Operation: "DeleteWebhook", Status: 404}))
	send(t, api, "GET", path, "")
	assert.Equal(t, []messagemediatest.Fault{{Status: 500, Times: 1}, {Operation: "DeleteWebhook", Status: 404, Times: 1}}, api.Faults())
	send(t, api, "GET", path, "")
	assert.Equal(t, []messagemediatest.Fault{{Operation: "DeleteWebhook", Status: 404, Times: 1}}, api.Faults())
	api.ClearFaults()
	assert.Empty(t, api.Faults())
	status, _ := send(t, api, "DELETE", path+"/1", "")
	assert.Equal(t, 404, status)
}

func TestInvalidFaultsAreNotQueued(t *testing.T) {
	t.Parallel()
	api, err := messagemediatest.Start() // NewServer would fail this test
	require.NoError(t, err)
	defer api.Close()
	for want, fault := range map[string]messagemediatest.Fault{
		`Operation must be one of ["CreateWebhook" "ListWebhooks" "UpdateWebhook" "DeleteWebhook" "CreateSignatureKey" "ListSignatureKeys" "GetEnabledSignatureKey" "EnableSignatureKey" "DisableSignatureKey" "GetSignatureKey" "DeleteSignatureKey"], got "GetWebhook"`: {Operation: "GetWebhook"},
		"the fault has no effect; set Delay, ResetConnection, Status, TruncateBody, ByteDelay or Lag": {Operation: "CreateWebhook", AfterCommit: true},
		"Times must not be negative, got -1":                                                            {Times: -1},
		"Delay must not be negative, got -1ns":                                                          {Delay: -1},
		"ByteDelay must not be negative, got -1ns":                                                      {ByteDelay: -1},
		"Status must be 101 or from 200 to 999, got 100":                                                {Status: 100},
		"Status must be 101 or from 200 to 999, got 1000":                                               {Status: 1000},
		"Header and Body need a Status":                                                                 {Body: "x"},
		"Lag must be from 0 to 100, got -1":                                                             {Lag: -1, Operation: "ListWebhooks"},
		"Lag must be from 0 to 100, got 101":                                                            {Lag: 101, Operation: "ListWebhooks"},
		`Operation must be one of ["ListWebhooks" "ListSignatureKeys"] with a Lag, got "CreateWebhook"`: {Lag: 1, Operation: "CreateWebhook"},
	} {
		err := api.Fail(messagemediatest.Fault{Status: 503}, fault)
		assert.EqualError(t, err, "messagemediatest: Fail: "+want)
	}
	for _, fault := range []messagemediatest.Fault{{Operation: "CreateWebhook"}, {Account: new("branch")}, {AfterCommit: true}} {
		assert.ErrorContains(t, api.Fail(fault), "the fault has no effect")
	}
	assert.Empty(t, api.Faults())
}

// TestAListLagsBehindChanges lists with lags from 0 to more than the number of changes.
func TestAListLagsBehindChanges(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	id := create(t, api, valid)
	send(t, api, "PATCH", path+"/"+id, `{"method":"PUT"}`)
	send(t, api, "POST", path, `not a change`)
	send(t, api, "DELETE", path+"/"+id, "")
	for lag, want := range []string{"", "PUT", "POST", "", ""} {
		if lag > 0 {
			require.NoError(t, api.Fail(messagemediatest.Fault{Operation: "ListWebhooks", Lag: lag}))
		}
		_, response := send(t, api, "GET", path, "")
		got := ""
		for _, webhook := range decode[fields](t, response)["pageData"].([]any) {
			got += webhook.(fields)["method"].(string)
		}
		assert.Equal(t, want, got, "lag %d", lag)
	}
	_, response := send(t, api, "GET", path, "", "Account", "branch")
	assert.Empty(t, decode[fields](t, response)["pageData"])
}

func TestAListOfKeysLagsBehindChanges(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	_, response := send(t, api, "POST", keysPath, `{"digest":"SHA256","cipher":"RSA"}`)
	id := decode[fields](t, response)["key_id"].(string)
	send(t, api, "PATCH", keysPath+"/enabled", `{"key_id":"`+id+`"}`)
	for lag, want := range []string{`"enabled":true`, `"enabled":false`, `[]`} {
		if lag > 0 {
			require.NoError(t, api.Fail(messagemediatest.Fault{Operation: "ListSignatureKeys", Lag: lag}))
		}
		_, response := send(t, api, "GET", keysPath, "")
		assert.Contains(t, response, want, "lag %d", lag)
	}
	_, response = send(t, api, "GET", keysPath+"/enabled", "")
	assert.Contains(t, response, id, "only lists lag")
}

func TestAListLagsBehindAHundredChanges(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	for range 130 {
		api.AddWebhook("", messagemedia.Webhook{})
	}
	for lag, want := range map[int]int{0: 130, 99: 31, 100: 30} {
		if lag > 0 {
			require.NoError(t, api.Fail(messagemediatest.Fault{Operation: "ListWebhooks", Lag: lag}))
		}
		_, response := send(t, api, "GET", path+"?page_size=200", "")
		assert.Len(t, decode[fields](t, response)["pageData"], want, "lag %d", lag)
	}
}

// TestA404ThatIsNotTheAPIs checks the client's errors for a 404 of a proxy.
func TestA404ThatIsNotTheAPIs(t *testing.T) {
	t.Parallel()
	for body, contentType := range map[string]string{
		"<html>No such host":                               "text/html; charset=utf-8",
		"default backend - 404":                            "text/plain; charset=utf-8",
		`{"message":"no Route matched with those values"}`: "application/json",
	} {
		api := messagemediatest.NewServer(t)
		id := create(t, api, valid)
		require.NoError(t, api.Fail(messagemediatest.Fault{Operation: "DeleteWebhook", Status: 404, Body: body, Header: http.Header{"Content-Type": {contentType}}}))
		response, got := exchange(t, api, "DELETE", path+"/"+id, "")
		assert.Equal(t, 404, response.StatusCode)
		assert.Equal(t, body, got)
		assert.Equal(t, contentType, response.Header.Get("Content-Type"))
		assert.Len(t, api.Webhooks(""), 1)
	}
}
