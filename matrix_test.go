package messagemedia_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// The matrix runs every operation of a client under every fault, over the in-memory network and
// with fake time. The function expect derives the expected outcome of a cell from properties of
// the operation and of the fault. To print the matrix:
//
//	go test -v -run Matrix .
//
// Each cell checks which errors the call's error matches, and the number of attempts. A change
// that was reported done took effect once, and a failed one did not. No goroutine and no
// connection is left.

// kind is the effect of sending an operation's request again.
type kind int

const (
	reads   kind = iota // none, the request changes nothing
	changes             // none, the request is idempotent
	creates             // an error, and a look-up finds what the first request created
	adds                // a second resource
)

// operation is a method of Client.
type operation struct {
	name  string
	kind  kind
	empty bool // the response has no body
	pages int  // number of requests without a fault, if more than one

	// given prepares the platform and returns the ID for the call.
	given func(*testing.T, *messagemedia.Client) string
	call  func(ctx context.Context, c *messagemedia.Client, id string) error

	// done reports whether the change took effect once.
	done func(state) bool
}

// state is the state of the platform.
type state struct {
	webhooks []messagemedia.Webhook
	keys     []*messagemedia.SignatureKey
}

var webhookOperations = []operation{
	{name: "CreateWebhook", kind: creates, given: givenNothing,
		call: func(ctx context.Context, c *messagemedia.Client, _ string) error {
			return errorOf(c.CreateWebhook(ctx, validRequest()))
		},
		done: func(s state) bool { return len(s.webhooks) == 1 && s.webhooks[0].URL == validRequest().URL }},
	{name: "ListWebhooks", kind: reads, given: givenWebhook,
		call: func(ctx context.Context, c *messagemedia.Client, _ string) error {
			return errorOf(c.ListWebhooks(ctx, messagemedia.ListWebhooksRequest{}))
		}},
	{name: "Webhooks", kind: reads, given: givenWebhook,
		call: func(ctx context.Context, c *messagemedia.Client, _ string) error {
			return errorOf(collect(c.Webhooks(ctx)))
		}},
	{name: "GetWebhook", kind: reads, given: givenWebhook,
		call: func(ctx context.Context, c *messagemedia.Client, id string) error {
			return errorOf(c.GetWebhook(ctx, id))
		}},
	{name: "UpdateWebhook", kind: changes, given: givenWebhook,
		call: func(ctx context.Context, c *messagemedia.Client, id string) error {
			return errorOf(c.UpdateWebhook(ctx, id, messagemedia.UpdateWebhookRequest{Template: new("$mtId")}))
		},
		done: func(s state) bool { return len(s.webhooks) == 1 && s.webhooks[0].Template == "$mtId" }},
	{name: "DeleteWebhook", kind: changes, empty: true, given: givenWebhook,
		call: func(ctx context.Context, c *messagemedia.Client, id string) error { return c.DeleteWebhook(ctx, id) },
		done: func(s state) bool { return len(s.webhooks) == 0 }},
}

var signatureKeyOperations = []operation{
	{name: "CreateSignatureKey", kind: adds, given: givenNothing,
		call: func(ctx context.Context, c *messagemedia.Client, _ string) error {
			return errorOf(c.CreateSignatureKey(ctx, messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256}))
		},
		done: func(s state) bool { return len(s.keys) == 1 }},
	{name: "ListSignatureKeys", kind: reads, given: givenKey,
		call: func(ctx context.Context, c *messagemedia.Client, _ string) error {
			return errorOf(c.ListSignatureKeys(ctx, messagemedia.ListSignatureKeysRequest{}))
		}},
	{name: "SignatureKeys", kind: reads, pages: 2, given: givenKey,
		call: func(ctx context.Context, c *messagemedia.Client, _ string) error {
			return errorOf(collect(c.SignatureKeys(ctx)))
		}},
	{name: "GetSignatureKey", kind: reads, given: givenKey,
		call: func(ctx context.Context, c *messagemedia.Client, id string) error {
			return errorOf(c.GetSignatureKey(ctx, id))
		}},
	{name: "DeleteSignatureKey", kind: changes, empty: true, given: givenKey,
		call: func(ctx context.Context, c *messagemedia.Client, id string) error {
			return c.DeleteSignatureKey(ctx, id)
		},
		done: func(s state) bool { return len(s.keys) == 0 }},
	{name: "EnableSignatureKey", kind: changes, given: givenKey,
		call: func(ctx context.Context, c *messagemedia.Client, id string) error {
			return errorOf(c.EnableSignatureKey(ctx, id))
		},
		done: func(s state) bool { return len(s.keys) == 1 && s.keys[0].Enabled }},
	{name: "GetEnabledSignatureKey", kind: reads, given: givenEnabledKey,
		call: func(ctx context.Context, c *messagemedia.Client, _ string) error {
			return errorOf(c.GetEnabledSignatureKey(ctx))
		}},
	{name: "DisableSignatureKey", kind: changes, empty: true, given: givenEnabledKey,
		call: func(ctx context.Context, c *messagemedia.Client, _ string) error { return c.DisableSignatureKey(ctx) },
		done: func(s state) bool { return len(s.keys) == 1 && !s.keys[0].Enabled }},
}

// knowledge is what a client knows about the effect of a request after a fault.
type knowledge int

const (
	unsent  knowledge = iota // none, it was not sent
	refused                  // none, the platform rejected it
	unknown                  // it may have taken effect
)

// stage is the stage of a call at which the caller's context ends.
type stage int

const (
	never stage = iota
	beforeTheCall
	inAnAttempt
	inAWait // between two attempts
)

// fault is a failure of a request.
type fault struct {
	name     string
	leaves   knowledge
	effect   bool          // the request takes effect
	inBody   bool          // the fault affects only the response's body, if any
	repeated bool          // a retry may succeed
	lasts    time.Duration // duration of an attempt, or of the wait after it
	matches  []string      // the probes that the error matches

	permanent bool // a retry cannot succeed, although the request was not sent

	// The causes, of which some are set.
	platform messagemediatest.Fault
	connect  func() (net.Conn, error)
	through  func(*link, *http.Transport) http.RoundTripper // in place of the transport
	auth     func(*link, *messagemediatest.Server) messagemedia.Authenticator
	proxy    func(*http.Request) (*url.URL, error)
	ends     stage
	how      error // context.Canceled or context.DeadlineExceeded
}

var faults = [][]fault{connectionFaults, evidenceFaults, slowResponses, overloads, wrongResponses,
	contextEnds("canceled", context.Canceled), contextEnds("past its deadline", context.DeadlineExceeded)}

var connectionFaults = []fault{
	{name: "connection refused", leaves: unsent, repeated: true, matches: []string{"net.Error"},
		connect: connectionRefused},
	{name: "reset before the request is read", leaves: unknown, repeated: true, matches: []string{"net.Error"},
		connect: closedConnection},
	{name: "reset after the header is read", leaves: unknown, repeated: true, matches: []string{"net.Error"},
		platform: messagemediatest.Fault{ResetConnection: true}},
	{name: "reset after the request takes effect", leaves: unknown, effect: true, repeated: true, matches: []string{"net.Error"},
		platform: messagemediatest.Fault{ResetConnection: true, AfterCommit: true}},
	{name: "reset during the response's body", leaves: unknown, effect: true, inBody: true, repeated: true, matches: []string{"DecodeError", "net.Error"},
		platform: messagemediatest.Fault{TruncateBody: true}},
}

// evidenceFaults make it hard to know what was sent: other code makes requests with the same
// context, or nothing reports connections.
var evidenceFaults = []fault{
	{name: "connection refused after the Authenticator's own request succeeded", leaves: unsent, repeated: true, matches: []string{"net.Error"},
		connect: connectionRefused, auth: fetching(true)},
	{name: "connection refused after the Authenticator's own request was refused", leaves: unsent, repeated: true, matches: []string{"net.Error"},
		connect: connectionRefused, auth: fetching(false)},
	{name: "lost by a RoundTripper after the Authenticator's own request succeeded", leaves: unknown, repeated: true, matches: []string{"net.Error"},
		through: losing, auth: fetching(true)},
	{name: "lost by a RoundTripper after the Authenticator's own request was refused", leaves: unknown, repeated: true, matches: []string{"net.Error"},
		through: losing, auth: fetching(false)},
	{name: "lost by a RoundTripper without connection traces", leaves: unknown, repeated: true, matches: []string{"net.Error"},
		through: losing},
	{name: "lost by the second of two transports", leaves: unknown, repeated: true, matches: []string{"net.Error"},
		connect: connectionRefused, through: tryingTwo},
	{name: "a header that net/http rejects", leaves: unsent, permanent: true, matches: []string{"net.Error"},
		auth: func(*link, *messagemediatest.Server) messagemedia.Authenticator {
			return authenticatorFunc(func(r *http.Request) error { r.Header.Set("Authorization", "Bearer token\n"); return nil })
		}},
	{name: "a URL that net/http rejects", leaves: unsent, permanent: true, matches: []string{"net.Error"},
		auth: func(*link, *messagemediatest.Server) messagemedia.Authenticator {
			return authenticatorFunc(func(r *http.Request) error { r.URL.Opaque = "//host/a b"; return nil })
		}},
	{name: "a proxy function that fails", leaves: unsent, repeated: true, matches: []string{"net.Error"},
		proxy: func(*http.Request) (*url.URL, error) { return nil, errors.New("no proxy found") }},
}

func connectionRefused() (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
}

// losing returns a RoundTripper that loses requests while the fault lasts, without connection
// traces.
func losing(link *link, transport *http.Transport) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if link.broken > 0 {
			link.broken--
			return nil, errors.New("connection lost after the request was sent")
		}
		return transport.RoundTrip(r)
	})
}

// tryingTwo returns a RoundTripper that falls back from the transport, which could not
// connect, to another one, which loses the request.
func tryingTwo(_ *link, transport *http.Transport) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		response, err := transport.RoundTrip(r)
		if err != nil {
			return nil, errors.New("connection lost after the request was sent")
		}
		return response, nil
	})
}

// fetching returns Authenticators that make a request of their own with the same context.
func fetching(succeeds bool) func(*link, *messagemediatest.Server) messagemedia.Authenticator {
	return func(_ *link, api *messagemediatest.Server) messagemedia.Authenticator {
		transport := api.HTTPClient().Transport.(*http.Transport).Clone()
		if !succeeds {
			transport.DialContext = func(context.Context, string, string) (net.Conn, error) { return connectionRefused() }
		}
		return authenticatorFunc(func(r *http.Request) error {
			defer transport.CloseIdleConnections()
			request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, api.URL, nil)
			if err != nil {
				return err
			}
			if response, err := transport.RoundTrip(request); err == nil {
				response.Body.Close()
			}
			r.SetBasicAuth(api.Key, api.Secret) // the token is still valid
			return nil
		})
	}
}

var slowResponses = []fault{
	{name: "no response in time", leaves: unknown, repeated: true, lasts: 30 * time.Second, matches: []string{"net.Error", "Timeout"},
		platform: messagemediatest.Fault{Delay: time.Hour}},
	{name: "no response in time, but the request took effect", leaves: unknown, effect: true, repeated: true, lasts: 30 * time.Second, matches: []string{"net.Error", "Timeout"},
		platform: messagemediatest.Fault{Delay: time.Hour, AfterCommit: true}},
	{name: "a throttled response", leaves: unknown, effect: true, inBody: true, repeated: true, lasts: 30 * time.Second, matches: []string{"DecodeError", "net.Error", "Timeout"},
		platform: messagemediatest.Fault{ByteDelay: time.Second}},
}

var overloads = []fault{
	{name: "429, wait 7 s", leaves: refused, repeated: true, lasts: 7 * time.Second, matches: []string{"APIError", "ErrRateLimited"},
		platform: messagemediatest.Fault{Status: 429, Header: http.Header{"Retry-After": {"7"}}}},
	{name: "429, wait an hour", leaves: refused, matches: []string{"APIError", "ErrRateLimited"},
		platform: messagemediatest.Fault{Status: 429, Header: http.Header{"Retry-After": {"3600"}}}},
	{name: "503", leaves: unknown, repeated: true, matches: []string{"APIError", "ErrServer"},
		platform: messagemediatest.Fault{Status: 503, Body: "<html>Busy"}},
	{name: "502, but the request took effect", leaves: unknown, effect: true, repeated: true, matches: []string{"APIError", "ErrServer"},
		platform: messagemediatest.Fault{Status: 502, AfterCommit: true}},
	{name: "501", leaves: unknown, matches: []string{"APIError", "ErrServer"},
		platform: messagemediatest.Fault{Status: 501}},
}

var wrongResponses = []fault{
	{name: "302", leaves: refused, matches: []string{"APIError"},
		platform: messagemediatest.Fault{Status: 302, Header: http.Header{"Location": {"/elsewhere"}}}},
	{name: "200 with HTML", leaves: unknown, matches: []string{"DecodeError"},
		platform: messagemediatest.Fault{Status: 200, Body: "<html>Please log in"}},
	{name: "200 with HTML, but the request took effect", leaves: unknown, effect: true, matches: []string{"DecodeError"},
		platform: messagemediatest.Fault{Status: 200, Body: "<html>Done", AfterCommit: true}},
	{name: "200 with truncated JSON", leaves: unknown, effect: true, matches: []string{"DecodeError"},
		platform: messagemediatest.Fault{Status: 200, Body: `{"id":"76fa7010-8c1f`, AfterCommit: true,
			Header: http.Header{"Content-Type": {"application/json"}}}},
	{name: "200 without a body", leaves: unknown, effect: true, inBody: true, matches: []string{"DecodeError"},
		platform: messagemediatest.Fault{Status: 200, AfterCommit: true}},
}

func contextEnds(name string, how error) []fault {
	return []fault{
		{name: name + " before the call", leaves: unsent, ends: beforeTheCall, how: how},
		{name: name + " before a response", leaves: unknown, effect: true, ends: inAnAttempt, how: how,
			platform: messagemediatest.Fault{Delay: time.Hour, AfterCommit: true}},
		{name: name + " during a response", leaves: unknown, effect: true, inBody: true, matches: []string{"DecodeError"}, ends: inAnAttempt, how: how,
			platform: messagemediatest.Fault{ByteDelay: time.Second}},
		{name: name + " during the wait after 429", leaves: refused, repeated: true, matches: []string{"APIError", "ErrRateLimited"}, ends: inAWait, how: how,
			platform: messagemediatest.Fault{Status: 429}},
		{name: name + " during the wait after 503", leaves: unknown, repeated: true, matches: []string{"APIError", "ErrServer"}, ends: inAWait, how: how,
			platform: messagemediatest.Fault{Status: 503, Body: "<html>Busy"}},
	}
}

// endsAfter returns the time until the context ends: during an attempt, or during the wait
// after a response that took no time.
func (f *fault) endsAfter() time.Duration {
	return map[stage]time.Duration{inAnAttempt: 5 * time.Second, inAWait: time.Nanosecond}[f.ends]
}

// outcome is the outcome of a call.
type outcome struct {
	done     bool
	attempts int
	matches  []string // the probes that the error matches
}

// expect derives the outcome of an operation under a fault of its first request, or of all
// requests.
func expect(o *operation, f *fault, all bool) outcome {
	success := max(1, o.pages)
	if f.permanent {
		return expectFailure(o, f, false, false)
	}
	if f.inBody && o.empty {
		return outcome{done: true, attempts: success} // the status suffices
	}
	unclear := f.leaves == unknown && o.kind != reads
	repeated := f.repeated && !(unclear && o.kind == adds)
	passes := !all && f.ends == never
	switch {
	case passes && repeated:
		return outcome{done: true, attempts: success + 1}
	case passes && unclear && f.effect && o.kind == creates:
		return outcome{done: true, attempts: success} // by a look-up
	}
	return expectFailure(o, f, repeated, unclear)
}

func expectFailure(o *operation, f *fault, repeated, unclear bool) outcome {
	failed := outcome{attempts: 1, matches: slices.Clone(f.matches)}
	switch {
	case f.ends == beforeTheCall || f.permanent:
		failed.attempts = 0
	case repeated && f.inBody && o.kind == creates: // the first attempt created the webhook
		failed = outcome{attempts: 2, matches: []string{"APIError", "ErrConflict"}}
	case repeated && f.ends == never:
		failed.attempts = 3
	}
	if f.ends != never && (f.ends != inAWait || repeated) {
		failed.matches = append(failed.matches, ends[f.how]...)
	}
	if unclear {
		failed.matches = append(failed.matches, "ErrOutcomeUnknown")
	}
	slices.Sort(failed.matches)
	return failed
}

// ends has the probes that the context's error matches. Package context makes that of a
// deadline a net.Error.
var ends = map[error][]string{
	context.Canceled:         {"context.Canceled"},
	context.DeadlineExceeded: {"context.DeadlineExceeded", "net.Error", "Timeout"},
}

// probes has the checks that a program can make of an error.
var probes = map[string]func(error) bool{
	"APIError":                 has[*messagemedia.APIError],
	"DecodeError":              has[*messagemedia.DecodeError],
	"ValidationError":          has[*messagemedia.ValidationError],
	"ErrInvalidRequest":        is(messagemedia.ErrInvalidRequest),
	"ErrUnauthorized":          is(messagemedia.ErrUnauthorized),
	"ErrForbidden":             is(messagemedia.ErrForbidden),
	"ErrNotFound":              is(messagemedia.ErrNotFound),
	"ErrConflict":              is(messagemedia.ErrConflict),
	"ErrRateLimited":           is(messagemedia.ErrRateLimited),
	"ErrServer":                is(messagemedia.ErrServer),
	"ErrOutcomeUnknown":        is(messagemedia.ErrOutcomeUnknown),
	"context.Canceled":         is(context.Canceled),
	"context.DeadlineExceeded": is(context.DeadlineExceeded),
	"net.Error":                has[net.Error],
	"Timeout": func(err error) bool {
		failure, ok := errors.AsType[net.Error](err)
		return ok && failure.Timeout()
	},
}

func is(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }

func has[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func matches(err error) []string {
	var names []string
	for name, probe := range probes {
		if err != nil && probe(err) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestMatrixOfWebhooks(t *testing.T) {
	makesKeysInABubble(t)
	t.Parallel()
	runMatrix(t, webhookOperations)
}

func TestMatrixOfSignatureKeys(t *testing.T) {
	long(t)
	makesKeysInABubble(t)
	t.Parallel()
	runMatrix(t, signatureKeyOperations)
}

// runMatrix runs each cell and prints the outcomes.
func runMatrix(t *testing.T, operations []operation) {
	grid := newGrid(t, operations)
	defer grid.print() // even if a cell ends the test
	cell := func(f *fault, all bool) func(*operation) outcome {
		return func(o *operation) (got outcome) {
			synctest.Test(t, func(t *testing.T) { got = runCell(t, o, f, all) })
			return got
		}
	}
	for _, group := range faults {
		grid.space()
		for _, f := range group {
			grid.row(f.name+"\tonce", cell(&f, false))
			if f.ends == never {
				grid.row("\talways", cell(&f, true))
			}
		}
	}
}

// grid is a table of outcomes, with a column for each operation and a row for each fault.
type grid struct {
	*tabwriter.Writer
	operations []operation
	print      func()
}

func newGrid(t *testing.T, operations []operation) *grid {
	var text strings.Builder
	g := &grid{tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0), operations, nil}
	g.print = func() {
		g.Flush()
		t.Log("\n" + text.String() + legend)
	}
	fmt.Fprint(g, "\t")
	for _, o := range operations {
		fmt.Fprint(g, "\t", o.name)
	}
	return g
}

func (g *grid) space() { fmt.Fprint(g, "\n", strings.Repeat("\t", len(g.operations)+1)) }

func (g *grid) row(name string, cell func(*operation) outcome) {
	fmt.Fprint(g, "\n", name)
	for _, o := range g.operations {
		fmt.Fprint(g, "\t", cell(&o))
	}
}

const legend = `

done     no error, and the change took effect
failed   an error, and nothing changed
unknown  an error that matches ErrOutcomeUnknown
(n)      number of attempts`

func (o outcome) String() string {
	word := "failed"
	switch {
	case o.done:
		word = "done"
	case slices.Contains(o.matches, "ErrOutcomeUnknown"):
		word = "unknown"
	}
	return fmt.Sprintf("%s (%d)", word, o.attempts)
}

// runCell calls an operation under a fault and checks the result. The bubble checks that no
// goroutine is left, since it does not end before.
func runCell(t *testing.T, o *operation, f *fault, all bool) outcome {
	api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork(), messagemediatest.WithKeyBits(1024))
	defer api.Close()
	id := o.given(t, api.Client())
	before := stateOf(t, api)

	link, client := newLink(t, api, f, all)
	ctx, cancel := f.context(t.Context())
	defer cancel()
	start := time.Now()
	err := o.call(ctx, client, id)
	took := time.Since(start)

	cell := fmt.Sprintf("%s, %s, all %t: %v", o.name, f.name, all, err)
	got := outcome{err == nil, link.attempts(), matches(err)}
	assert.Equal(t, expect(o, f, all), got, cell)
	if err != nil {
		assert.Regexp(t, "^messagemedia: [A-Z]", err.Error(), cell)
	}
	if got.attempts > 1 {
		assert.GreaterOrEqual(t, took, f.lasts, cell)
	}
	if f.how != nil && errors.Is(err, f.how) {
		assert.Equal(t, f.endsAfter(), took, "the end of the context ends the call: %s", cell)
	}
	after := stateOf(t, api)
	if o.kind != reads && (err == nil || f.effect) {
		assert.True(t, o.done(after), "the state is %+v after %s", after, cell)
	} else {
		assert.Equal(t, before, after, cell)
	}

	api.Close()
	synctest.Wait()
	assert.Zero(t, link.open.Load(), "connections were left open after %s", cell)
	return got
}

// context returns the caller's context, which ends as the fault requires.
func (f *fault) context(parent context.Context) (context.Context, context.CancelFunc) {
	if f.how == context.DeadlineExceeded {
		return context.WithTimeout(parent, f.endsAfter())
	}
	ctx, cancel := context.WithCancel(parent)
	switch {
	case f.ends == beforeTheCall:
		cancel()
	case f.how != nil:
		time.AfterFunc(f.endsAfter(), cancel)
	}
	return ctx, cancel
}

// link is the connection of one client to the platform, which can have a fault.
type link struct {
	transport *http.Transport
	connect   func() (net.Conn, error) // replaces the next connections, as many as broken
	broken    int
	sent      []string     // the operation and the method of each attempt
	open      atomic.Int32 // connections
}

// newLink returns a new client and its link, which has the fault. Other clients have none.
func newLink(t *testing.T, api *messagemediatest.Server, f *fault, all bool) (*link, *messagemedia.Client) {
	times := 1
	if all {
		times = math.MaxInt
	}
	const name = "matrix/1"
	if f.platform.Status+int(f.platform.Delay+f.platform.ByteDelay) != 0 || f.platform.ResetConnection || f.platform.TruncateBody {
		hit := f.platform
		hit.Times = times
		hit.Match = func(r *http.Request) bool { return strings.HasPrefix(r.UserAgent(), name) }
		api.Fail(hit)
	}
	link := linkOver(api.HTTPClient().Transport.(*http.Transport))
	link.connect, link.broken = f.connect, times
	if f.proxy != nil {
		link.transport.Proxy = func(r *http.Request) (*url.URL, error) {
			if link.broken > 0 {
				link.broken--
				return f.proxy(r)
			}
			return nil, nil
		}
	}
	var roundTripper http.RoundTripper = link.transport
	if f.through != nil {
		roundTripper = f.through(link, link.transport)
	}
	auth := messagemedia.BasicAuth(api.Key, api.Secret)
	if f.auth != nil {
		auth = f.auth(link, api)
	}
	client, err := messagemedia.NewClient(auth, messagemedia.WithBaseURL(api.URL), messagemedia.WithInsecureHTTP(), messagemedia.WithUserAgent(name),
		messagemedia.WithHTTPClient(&http.Client{Transport: roundTripper}), messagemedia.WithMiddleware(link.count))
	require.NoError(t, err)
	return link, client
}

// linkOver returns a link that uses a copy of the transport.
func linkOver(transport *http.Transport) *link {
	link := &link{transport: transport.Clone()}
	dial := transport.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	link.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if link.connect != nil && link.broken > 0 {
			link.broken--
			return link.connect()
		}
		connection, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		link.open.Add(1)
		return &countedConn{Conn: connection, closed: sync.OnceFunc(func() { link.open.Add(-1) })}, nil
	}
	return link
}

// count is a middleware that records the operation of each attempt.
func (r *link) count(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		r.sent = append(r.sent, messagemedia.OperationFromContext(request.Context())+" "+request.Method)
		return next.RoundTrip(request)
	})
}

// attempts counts the attempts of the call, without those of a look-up.
func (r *link) attempts() int {
	count := 0
	for _, attempt := range r.sent {
		if attempt == r.sent[0] {
			count++
		}
	}
	return count
}

type countedConn struct {
	net.Conn
	closed func()
}

func (c *countedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}

// closedConnection returns a connection that the other side has closed.
func closedConnection() (net.Conn, error) {
	client, platform := net.Pipe()
	return client, platform.Close()
}

func stateOf(t *testing.T, api *messagemediatest.Server) state {
	keys, err := collect(api.Client().SignatureKeys(t.Context()))
	require.NoError(t, err)
	return state{api.Webhooks(""), keys}
}

func collect[T any](items iter.Seq2[*T, error]) (all []*T, err error) {
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}

// errorOf returns the error of a call, or an error if the call returned neither error nor
// result.
func errorOf[T any](result T, err error) error {
	if err == nil && reflect.ValueOf(result).IsZero() {
		return errors.New("the call returned neither a result nor an error")
	}
	return err
}

func givenNothing(*testing.T, *messagemedia.Client) string { return "" }

func givenWebhook(t *testing.T, c *messagemedia.Client) string {
	webhook, err := c.CreateWebhook(t.Context(), validRequest())
	require.NoError(t, err)
	return webhook.ID
}

func givenKey(t *testing.T, c *messagemedia.Client) string {
	key, err := c.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	require.NoError(t, err)
	return key.ID
}

func givenEnabledKey(t *testing.T, c *messagemedia.Client) string {
	id := givenKey(t, c)
	require.NoError(t, errorOf(c.EnableSignatureKey(t.Context(), id)))
	return id
}
