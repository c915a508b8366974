package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// ended is a finished run of the probe in a shared account.
type ended struct {
	api      *messagemediatest.Server
	others   others
	status   int
	out, log string
	requests int
}

// runWithFault runs the probe and injects a fault into the requests that hits selects by their
// number, starting at 1. The function hits can also cancel the run. The time is fake, because the
// client waits before retries.
func runWithFault(t *testing.T, fault messagemediatest.Fault, hits func(n int, cancel func()) bool, check func(*testing.T, ended)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		server := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())
		e := ended{api: server, others: addOthers(t, server)}
		var requests atomic.Int64
		fault.Match = func(*http.Request) bool { return hits(int(requests.Add(1)), cancel) }
		server.Fail(fault)
		api := &api{baseURL: server.URL, key: server.Key, secret: server.Secret, transport: server.HTTPClient().Transport.(*http.Transport)}
		defer api.close()
		before := len(server.Requests())
		var out, log bytes.Buffer
		e.status = api.probe(ctx, settings{yes: true, keys: true}, strings.NewReader(""), &out, &log)
		e.out, e.log, e.requests = out.String(), log.String(), len(server.Requests())-before
		check(t, e)
	})
}

// requestsOfARun returns the number of requests of a run without faults.
func requestsOfARun(t *testing.T) (n int) {
	runWithFault(t, messagemediatest.Fault{}, func(int, func()) bool { return false }, func(t *testing.T, e ended) {
		require.NotEqual(t, exitFailed, e.status, e.log)
		n = e.requests
	})
	require.Greater(t, n, 100)
	return n
}

// everyNth runs a test for every step-th request of a run, and with -short for fewer of them.
func everyNth(t *testing.T, step int, test func(t *testing.T, n int)) {
	if testing.Short() {
		step *= 13
	}
	last := requestsOfARun(t)
	for n := 1; n <= last; n += step {
		t.Run(fmt.Sprint("request ", n), func(t *testing.T) {
			t.Parallel()
			test(t, n)
		})
	}
}

// TestTheProbeCleansUpAfterAFailure runs the probe once for each request, which it lets fail.
func TestTheProbeCleansUpAfterAFailure(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]messagemediatest.Fault{
		"503 before the change":  {Status: http.StatusServiceUnavailable},
		"reset after the change": {ResetConnection: true, AfterCommit: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everyNth(t, 1, func(t *testing.T, n int) {
				runWithFault(t, fault, func(i int, _ func()) bool { return i == n }, func(t *testing.T, e ended) {
					// A key whose creation's response was lost can't be told from another program's.
					if added := e.others.keys(t, e.api); len(added) == 2 && fault.AfterCommit {
						assert.Equal(t, exitFailed, e.status)
						assert.Contains(t, e.log, "a signature key was created during this run; unless another program created it, delete it: "+added[1].ID)
						require.NoError(t, e.api.Client().DeleteSignatureKey(t.Context(), added[1].ID))
					}
					e.others.requireUnchanged(t, e.api)
				})
			})
		})
	}
}

func TestTheProbeCleansUpAfterAnInterrupt(t *testing.T) {
	t.Parallel()
	everyNth(t, 4, func(t *testing.T, n int) {
		interrupt := func(i int, cancel func()) bool {
			if i == n {
				cancel()
			}
			return false
		}
		runWithFault(t, messagemediatest.Fault{}, interrupt, func(t *testing.T, e ended) {
			if keys := e.others.keys(t, e.api); len(keys) == 2 {
				assert.Contains(t, e.log, keys[1].ID)
				require.NoError(t, e.api.Client().DeleteSignatureKey(t.Context(), keys[1].ID))
			}
			e.others.requireUnchanged(t, e.api)
		})
	})
}

// TestTheProbeReportsWhatRemains lets the API fail from the n-th request on.
func TestTheProbeReportsWhatRemains(t *testing.T) {
	t.Parallel()
	down := messagemediatest.Fault{Status: http.StatusServiceUnavailable, Times: 1 << 30}
	everyNth(t, 4, func(t *testing.T, n int) {
		runWithFault(t, down, func(i int, _ func()) bool { return i >= n }, func(t *testing.T, e ended) {
			assert.Equal(t, exitFailed, e.status)
			for _, webhook := range e.api.Webhooks("") {
				if webhook.ID != e.others.webhook.ID {
					marker := strings.Split(webhook.URL, "/")[4]
					assert.Contains(t, e.log, "webhooks whose URL contains "+marker+" may remain, delete them")
				}
			}
			assert.Contains(t, e.log, "503")
		})
	})
}
