package messagemediatest_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func TestSubAccountsAreSeparate(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	for _, account := range []string{"", "one", "two"} {
		status, _ := send(t, api, "POST", path, valid, "Account", account)
		assert.Equal(t, 201, status, account)
		assert.Len(t, api.Webhooks(account), 1)
	}
	id := api.Webhooks("one")[0].ID
	status, _ := send(t, api, "DELETE", path+"/"+id, "", "Account", "two")
	assert.Equal(t, 404, status)
	status, _ = send(t, api, "DELETE", path+"/"+id, "", "Account", "one")
	assert.Equal(t, 204, status)
}

// TestFakeTime has long waits on both sides of an in-memory connection.
func TestFakeTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
		defer api.Close() // before the bubble ends, which is before the test's cleanup
		api.Fail(messagemediatest.Fault{Delay: time.Hour}, messagemediatest.Fault{Delay: time.Hour})
		start := time.Now()

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		client := api.Client(messagemedia.WithAttemptTimeout(2 * time.Hour))
		_, err := client.ListWebhooks(ctx, messagemedia.ListWebhooksRequest{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(start))

		_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
		require.NoError(t, err)
		assert.Equal(t, time.Minute+time.Hour, time.Since(start))
	})
}

func TestCloseEndsDelays(t *testing.T) {
	t.Parallel()
	api, err := messagemediatest.Start()
	require.NoError(t, err)
	arrived := make(chan struct{})
	api.Fail(messagemediatest.Fault{Delay: time.Hour, Match: func(*http.Request) bool { close(arrived); return true }})
	failed := make(chan error)
	go func() {
		_, err := api.Client(messagemedia.WithMaxAttempts(1)).ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
		failed <- err
	}()
	<-arrived
	api.Close()
	assert.Error(t, <-failed)
}

func TestStartReportsAnAddressInUse(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	_, err := messagemediatest.Start(messagemediatest.WithAddr(strings.TrimPrefix(api.URL, "http://")))
	assert.ErrorIs(t, err, syscall.EADDRINUSE)
}

func TestExchanges(t *testing.T) {
	t.Parallel()
	var observed []messagemediatest.Exchange
	api := messagemediatest.NewServer(t, messagemediatest.WithObserver(func(e messagemediatest.Exchange) { observed = append(observed, e) }))
	send(t, api, "POST", path, valid, "Account", "sub")
	send(t, api, "GET", path+"?page=x", "")
	assert.Equal(t, api.Requests(), observed)
	require.Len(t, observed, 2)
	created := observed[0]
	assert.Equal(t, []any{"POST", path, "HTTP/1.1", "sub", valid, 201, true}, []any{created.Method, created.Target, created.Proto, created.Account, created.RequestBody, created.Status, created.Committed})
	assert.Contains(t, created.ResponseBody, `"id":`)
	assert.Positive(t, created.Duration)
	assert.Equal(t, 400, observed[1].Status)
	assert.False(t, observed[1].Committed)
}

func TestInvalidOptionsAreErrors(t *testing.T) {
	t.Parallel()
	for want, options := range map[string][]messagemediatest.Option{
		"an Option is nil": {nil},
		"WithCredentials: key must not be empty, and must not contain a colon, a quote or a control character, got \"\"\nWithCredentials: secret must not be empty": {messagemediatest.WithCredentials("", "")},
		"WithCredentials: key must not be empty, and must not contain a colon, a quote or a control character, got \"a:b\"":                                         {messagemediatest.WithCredentials("a:b", "c")},
		`WithCredentials: key must not be empty, and must not contain a colon, a quote or a control character, got "a\"b"`:                                          {messagemediatest.WithCredentials(`a"b`, "c")},
		`WithCredentials: key must not be empty, and must not contain a colon, a quote or a control character, got "a\nb"`:                                          {messagemediatest.WithCredentials("a\nb", "c")},
		"WithAddr: address must not be empty":              {messagemediatest.WithAddr("")},
		"WithAddr: the in-memory network has no addresses": {messagemediatest.WithAddr("127.0.0.1:0"), messagemediatest.WithInMemoryNetwork()},
		"WithObserver: observe must not be nil":            {messagemediatest.WithObserver(nil)},
		"WithKeyBits: must be from 1024 to 8192, got 1023": {messagemediatest.WithKeyBits(1023)},
		"WithKeyBits: must be from 1024 to 8192, got 8193": {messagemediatest.WithKeyBits(8193)},
		"WithNormalization: normalize must not be nil":     {messagemediatest.WithNormalization(nil)},
	} {
		_, err := messagemediatest.Start(options...)
		assert.EqualError(t, err, "messagemediatest: Start: "+want)
	}
}

// failingTest is a testing.TB that records failures without failing the running test.
type failingTest struct {
	testing.TB
	errors []error
}

func (f *failingTest) Helper()           {}
func (f *failingTest) Cleanup(func())    {}
func (f *failingTest) Error(args ...any) { f.errors = append(f.errors, args[0].(error)) }
func (f *failingTest) Fatal(args ...any) { f.Error(args...); panic(f) }

func TestInvalidArgumentsFailTheTest(t *testing.T) {
	t.Parallel()
	tb := new(failingTest)
	assert.PanicsWithValue(t, tb, func() { messagemediatest.NewServer(tb, nil) })
	api := messagemediatest.NewServer(tb)
	defer api.Close()
	assert.PanicsWithValue(t, tb, func() { api.Client(messagemedia.WithMaxAttempts(0)) })
	err := api.Fail(messagemediatest.Fault{Operation: "createWebhook"})
	require.Len(t, tb.errors, 3)
	assert.EqualError(t, tb.errors[0], "messagemediatest: Start: an Option is nil")
	assert.ErrorContains(t, tb.errors[1], "WithMaxAttempts")
	assert.Equal(t, err, tb.errors[2])
}

func TestInAProgramInvalidClientOptionsAreErrorsOfCalls(t *testing.T) {
	t.Parallel()
	api, err := messagemediatest.Start()
	require.NoError(t, err)
	defer api.Close()
	_, err = api.Client(messagemedia.WithMaxAttempts(0)).ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
	assert.ErrorContains(t, err, "WithMaxAttempts")
	assert.Empty(t, api.Requests())
}

// TestTheInMemoryNetworkWorksWithTLS has a delay in fake time, for both versions of HTTP.
func TestTheInMemoryNetworkWorksWithTLS(t *testing.T) {
	t.Parallel()
	for name, proto := range map[string]string{"Basic": "HTTP/2.0", "HMAC": "HTTP/1.1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork(), messagemediatest.WithTLS())
				defer api.Close()
				auth := messagemedia.BasicAuth(api.Key, api.Secret)
				if name == "HMAC" {
					auth = messagemedia.HMACAuth(api.Key, api.Secret)
				}
				client, err := messagemedia.NewClient(auth, messagemedia.WithBaseURL(api.URL), messagemedia.WithHTTPClient(api.HTTPClient()))
				require.NoError(t, err)
				require.NoError(t, api.Fail(messagemediatest.Fault{Delay: 10 * time.Second}))
				start := time.Now()
				_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
				require.NoError(t, err)
				assert.Equal(t, 10*time.Second, time.Since(start))
				assert.Equal(t, proto, api.Requests()[0].Proto)
			})
		})
	}
}

func TestCallsOfTheObserverAreSerializedAndMayUseTheServer(t *testing.T) {
	t.Parallel()
	var api *messagemediatest.Server
	var observed []string
	var running atomic.Int32
	observe := func(e messagemediatest.Exchange) {
		assert.EqualValues(t, 1, running.Add(1))
		defer running.Add(-1)
		observed = append(observed, e.Operation)
		api.Webhooks("")
		assert.NotEmpty(t, api.Requests())
		e.Header.Set("Authorization", "changed")
		if e.Operation == "CreateWebhook" { // send a request, which is observed later
			_, err := api.Client().ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
			assert.NoError(t, err)
		}
	}
	api, err := messagemediatest.Start(messagemediatest.WithObserver(observe))
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() { send(t, api, "POST", path, valid) })
	}
	group.Wait()
	api.Close()
	require.Len(t, observed, 40)
	for i, exchange := range api.Requests() {
		assert.Equal(t, exchange.Operation, observed[i], "in the order of Requests")
		assert.NotEqual(t, "changed", exchange.Header.Get("Authorization"))
	}
}

func TestAnObserverThatPanicsIsCalledForTheNextRequest(t *testing.T) {
	t.Parallel()
	calls := 0
	api := messagemediatest.NewServer(t, messagemediatest.WithObserver(func(messagemediatest.Exchange) {
		if calls++; calls == 1 {
			panic(http.ErrAbortHandler)
		}
	}))
	_, err := http.Get(api.URL + path)
	require.Error(t, err)
	send(t, api, "GET", path, "")
	assert.Equal(t, 2, calls)
}

// TestCloseDoesNotWaitForClients has clients that send half a request, send half a
// header, or do not read.
func TestCloseDoesNotWaitForClients(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"half a body":           "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{",
		"half a header":         "POST " + path + " HTTP/1.1\r\nHost",
		"half a second request": "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET",
		"an unread response":    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
				connection, err := api.HTTPClient().Transport.(*http.Transport).DialContext(t.Context(), "tcp", "")
				require.NoError(t, err)
				defer connection.Close()
				go connection.Write([]byte(text))
				synctest.Wait()
				start := time.Now()
				api.Close()
				assert.LessOrEqual(t, time.Since(start), 2*time.Second) // net/http itself may linger on a connection
			})
		})
	}
}

func TestCloseCanBeCalledAgain(t *testing.T) {
	t.Parallel()
	api, err := messagemediatest.Start()
	require.NoError(t, err)
	api.Close()
	api.Close()
	_, err = net.Dial("tcp", strings.TrimPrefix(api.URL, "http://"))
	assert.True(t, errors.Is(err, syscall.ECONNREFUSED), "%v", err)
}
