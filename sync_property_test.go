package messagemedia_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// seeds is the number of random states of TestSyncReachesWhatIsDesired. To run more:
//
//	go test -run TestSyncReachesWhatIsDesired . -seeds 5000
var seeds = flag.Uint64("seeds", 500, "the number of random states to sync")

// TestSyncReachesWhatIsDesired syncs random states to random desired states until no call
// fails, by one program or two at once. Requests fail at random, 404s and other responses are
// false, the API goes down between requests, and contexts end at any request. Each result must
// be consistent and agree with its error and with the platform's record. Only owned webhooks
// may be deleted.
func TestSyncReachesWhatIsDesired(t *testing.T) {
	long(t)
	t.Parallel()
	states := *seeds
	var seen sync.Map // the events that occurred; the test requires each
	t.Run("states", func(t *testing.T) {
		for worker := range 2 {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for seed := uint64(worker); seed < states; seed += 2 {
					syncUntilQuiet(t, seed, &seen)
				}
			})
		}
	})
	for _, event := range []string{"create applied", "update applied", "replace applied", "delete applied", "create not applied", "update not applied", "replace not applied",
		"delete not applied", "create unknown", "update unknown", "replace unknown", "delete unknown", "a replacement in two steps", "a deletion by the other program", "full",
		"a false 404", "a false state", "down", "an ended context", "a replacement after the context ended"} {
		_, ok := seen.Load(event)
		require.True(t, ok, "%d states without the event: %s", states, event)
	}
}

// TestSyncFromSeveralProgramsAtOnce has no faults, so every program succeeds in its first call.
func TestSyncFromSeveralProgramsAtOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		w := newWorld(t, seed, 2+int(seed%3), rand.New(rand.NewPCG(seed, 1)), new(sync.Map))
		if !w.syncAll() {
			w.fail("a program failed")
		}
		w.checkState()
		w.api.Close()
	}
}

const owned, foreign = "https://example.com/hooks", "https://example.com/hooks-of-a-colleague"

// world is a platform with a random state, and programs with one desired state.
type world struct {
	*testing.T
	seed     uint64
	api      *messagemediatest.Server
	programs []*program
	desired  []messagemedia.CreateWebhookRequest
	initial  []messagemedia.Webhook
	seen     *sync.Map
}

// program is a program that syncs. It records the effects of requests whose response did not
// show the outcome. The platform may not have received these requests.
type program struct {
	name   string
	client *messagemedia.Client
	seen   *sync.Map

	transport       http.RoundTripper
	mu              sync.Mutex
	withoutResponse map[effect]bool
	lies            lies
}

// lies has the false responses to a program and the ends of its contexts. SyncWebhooks sends its
// requests one after the other, so a seed determines the run if there is only one program.
type lies struct {
	random *rand.Rand
	left   int // number of lies left
	odds   int // one request in odds gets a false response

	// In the current run: the number of requests, the request at which the context ends, and
	// the first request at which the API is down. If zero, there is none.
	sent, endAt, downAt int
	end                 context.CancelFunc
}

// begin begins a run, in which the context may end or the API may go down.
func (l *lies) begin(ctx context.Context) context.Context {
	ctx, l.end = context.WithCancel(ctx)
	l.sent, l.endAt, l.downAt = 0, 0, 0
	if l.left <= 0 {
		return ctx
	}
	l.left--
	switch l.random.IntN(6) {
	case 0:
		l.endAt = 1 + l.random.IntN(12)
	case 1:
		l.downAt = 1 + l.random.IntN(12)
	}
	return ctx
}

func (p *program) RoundTrip(r *http.Request) (*http.Response, error) {
	response, truthful, err := p.respond(r)
	if err != nil || !truthful || response.StatusCode == http.StatusNotFound || response.StatusCode >= 500 || strings.HasPrefix(response.Header.Get("Content-Type"), "text/") {
		p.mu.Lock()
		p.withoutResponse[effectOf(r.Method, r.URL.Path, []byte(bodyAgain(r)))] = true
		p.mu.Unlock()
	}
	return response, err
}

func bodyAgain(r *http.Request) string {
	if r.GetBody == nil {
		return ""
	}
	sent, _ := r.GetBody()
	body, _ := io.ReadAll(sent)
	return string(body)
}

// respond returns the platform's response or a false one.
func (p *program) respond(r *http.Request) (response *http.Response, truthful bool, err error) {
	l := &p.lies
	if l.sent++; l.sent == l.endAt {
		p.seen.Store("an ended context", true)
		if l.random.IntN(2) == 0 {
			l.end()
		} else {
			defer l.end() // after the response
		}
	} else if l.endAt > 0 && l.sent > l.endAt && r.Method == http.MethodPost {
		p.seen.Store("a replacement after the context ended", true)
	}
	if l.downAt > 0 && l.sent >= l.downAt {
		p.seen.Store("down", true)
		return httpmock.NewStringResponse(503, "<html>"), true, nil
	}
	if l.left <= 0 || l.random.IntN(l.odds) != 0 {
		response, err = p.transport.RoundTrip(r)
		return response, true, err
	}
	l.left--
	if r.Method != http.MethodPost && r.Method != http.MethodPatch || l.random.IntN(2) == 0 {
		p.seen.Store("a false 404", true)
		return httpmock.NewStringResponse(404, []string{"", `{"message":"no Route matched"}`, "<html>"}[l.random.IntN(3)]), false, nil
	}
	response, err = p.transport.RoundTrip(r)
	if err != nil || response.StatusCode > 299 {
		return response, true, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, false, err
	}
	var webhook messagemedia.Webhook
	if json.Unmarshal(body, &webhook) == nil && webhook.ID != "" {
		p.seen.Store("a false state", true)
		webhook.Template += "?"
		body, _ = json.Marshal(webhook)
	}
	return httpmock.NewStringResponse(response.StatusCode, string(body)), false, nil
}

func newWorld(t *testing.T, seed uint64, programs int, random *rand.Rand, seen *sync.Map) *world {
	w := &world{T: t, seed: seed, seen: seen, api: messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork())}
	w.populate(random)
	w.initial = w.api.Webhooks("")
	for i := range programs {
		w.add(fmt.Sprint("program-", i), 1+random.IntN(3))
	}
	return w
}

func syncUntilQuiet(t *testing.T, seed uint64, seen *sync.Map) {
	random := rand.New(rand.NewPCG(seed, 0))
	w := newWorld(t, seed, 1+int(seed)%2, random, seen)
	defer w.api.Close()
	w.breakRequests(random)
	for i, program := range w.programs {
		program.lies = lies{random: rand.New(rand.NewPCG(seed, uint64(2+i))), left: random.IntN(12), odds: 1 + random.IntN(8)}
	}
	const maxRuns = 200 // more than the number of faults
	for range maxRuns {
		if w.syncAll() {
			w.checkState()
			return
		}
	}
	w.fail("no run of %d succeeded", maxRuns)
}

func (w *world) add(name string, attempts int) {
	through := w.api.HTTPClient()
	program := &program{name: name, seen: w.seen, transport: through.Transport, withoutResponse: map[effect]bool{}}
	through.Transport = program
	program.client = w.api.Client(messagemedia.WithHTTPClient(through), messagemedia.WithUserAgent(name),
		messagemedia.WithMaxRetryWait(0), messagemedia.WithMaxAttempts(attempts))
	w.programs = append(w.programs, program)
}

// populate draws the state and the desired state from a few webhooks, so that they often have
// the same ones. Every eighth account is full.
func (w *world) populate(random *rand.Rand) {
	client := w.api.Client()
	add := func(request messagemedia.CreateWebhookRequest) {
		_, err := client.CreateWebhook(w.Context(), request)
		require.NoError(w, err)
	}
	for _, url := range []string{owned, owned + "/a", owned + "/b?token=t", foreign, foreign + "/c"} {
		for _, method := range []string{"POST", "PUT"} {
			if random.IntN(2) == 0 {
				add(variant(random, url, method))
			}
			if random.IntN(2) == 0 {
				w.desired = append(w.desired, variant(random, url, method))
			}
		}
	}
	random.Shuffle(len(w.desired), func(i, j int) { w.desired[i], w.desired[j] = w.desired[j], w.desired[i] })
	if w.seed%16 < 2 {
		for i := range 150 - len(w.api.Webhooks("")) {
			add(variant(random, fmt.Sprintf("%s/filler/%d", []string{owned, foreign}[min(i%8, 1)], i), "POST"))
		}
		w.seen.Store("full", true)
	}
}

func variant(random *rand.Rand, url, method string) messagemedia.CreateWebhookRequest {
	request := messagemedia.CreateWebhookRequest{
		URL: url, Method: method, Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS, messagemedia.EventOptOutSMS}[:1+random.IntN(2)],
		Template: []string{"", "$mtId"}[random.IntN(2)],
		Headers:  []map[string]string{nil, {}, {"X-Token": "1"}, {"x-token": "1"}, {"X-Token": "2"}}[random.IntN(5)],
	}
	if random.IntN(4) == 0 {
		request.Retries, request.RetryDelay = 5, 10*time.Second
	}
	return request
}

// breakRequests injects faults into some of the next requests. The platform does not call Match
// concurrently.
func (w *world) breakRequests(random *rand.Rand) {
	odds := []int{100, 10, 4, 2}[random.IntN(4)]
	for range random.IntN(30) {
		fault := []messagemediatest.Fault{
			{ResetConnection: true},
			{ResetConnection: true, AfterCommit: true},
			{Status: 503},
			{Status: 503, AfterCommit: true},
			{Status: 501, AfterCommit: true},
			{Status: 429},
			{TruncateBody: true},
			{Status: 200, Body: "<html>", AfterCommit: true},
		}[random.IntN(8)]
		fault.Times = 1 + random.IntN(4)
		fault.Match = func(r *http.Request) bool {
			// The client may not take this response to a deletion for a failure.
			lie := r.Method == http.MethodDelete && fault.Status == http.StatusOK
			return !lie && strings.Contains(r.UserAgent(), "program-") && random.IntN(odds) == 0
		}
		w.api.Fail(fault)
	}
}

// syncAll runs the programs concurrently and reports whether all succeeded.
func (w *world) syncAll() bool {
	before := len(w.api.Requests())
	results, errs := make([]*messagemedia.SyncResult, len(w.programs)), make([]error, len(w.programs))
	var running sync.WaitGroup
	for i, program := range w.programs {
		running.Go(func() {
			ctx := program.lies.begin(w.Context())
			defer program.lies.end()
			results[i], errs[i] = program.client.SyncWebhooks(ctx, w.desired,
				messagemedia.PruneURLPrefix(owned), messagemedia.AllowReplace(), messagemedia.AllowEmpty())
		})
	}
	running.Wait()
	record := w.api.Requests()
	for i, program := range w.programs {
		w.checkAgreement(program, results[i], errs[i])
		w.checkRecord(program, results[i], record[before:])
	}
	w.checkDeletions(record)
	return errors.Join(errs...) == nil
}

// effect is the intended effect of a request: a webhook created, updated or deleted.
type effect struct{ method, webhook string }

func effectOf(method, target string, body []byte) effect {
	if method == http.MethodPost {
		var request messagemedia.CreateWebhookRequest
		_ = json.Unmarshal(body, &request)
		return effect{method, request.Method + " " + request.URL}
	}
	return effect{method, path.Base(target)}
}

// effectsOf returns the effects of a change. If the outcome of a replacement is unknown, only
// the deletion was sent.
func effectsOf(change messagemedia.ChangeResult) []effect {
	switch change.Action {
	case messagemedia.ActionCreate:
		return []effect{{http.MethodPost, change.Desired.Method + " " + change.Desired.URL}}
	case messagemedia.ActionUpdate:
		return []effect{{http.MethodPatch, change.Before.ID}}
	case messagemedia.ActionDelete:
		return []effect{{http.MethodDelete, change.Before.ID}}
	case messagemedia.ActionReplace:
		if change.Outcome == messagemedia.OutcomeUnknown {
			return []effect{{http.MethodDelete, change.Before.ID}}
		}
		return []effect{{http.MethodDelete, change.Before.ID}, {http.MethodPost, change.Desired.Method + " " + change.Desired.URL}}
	}
	return nil
}

// checkAgreement compares the outcomes that a program reports with its errors.
func (w *world) checkAgreement(program *program, result *messagemedia.SyncResult, err error) {
	anyUnknown := false
	for _, change := range result.Changes {
		unknown := change.Outcome == messagemedia.OutcomeUnknown
		anyUnknown = anyUnknown || unknown
		if unknown != errors.Is(change.Err, messagemedia.ErrOutcomeUnknown) || change.Outcome == messagemedia.OutcomeApplied && change.Err != nil {
			w.fail("%s reports %v with the error %v", program.name, change, change.Err)
		}
	}
	if anyUnknown != errors.Is(err, messagemedia.ErrOutcomeUnknown) && (anyUnknown || err != nil) {
		w.fail("%s has the result %v and the error %v", program.name, result, err)
	}
}

// checkRecord compares the outcomes that a program reports with the effects of its requests. A
// change that took effect must be applied or unknown, and an applied one must have taken effect.
func (w *world) checkRecord(program *program, result *messagemedia.SyncResult, record []messagemediatest.Exchange) {
	took, tookByAnyone := map[effect]int{}, map[effect]int{}
	for _, exchange := range record {
		if effect := effectOf(exchange.Method, exchange.Target, []byte(exchange.RequestBody)); exchange.Committed {
			tookByAnyone[effect]++
			if strings.Contains(exchange.Header.Get("User-Agent"), program.name) {
				took[effect]++
			}
		}
	}
	reported := map[effect]int{}
	for _, change := range result.Changes {
		w.seen.Store(string(change.Action)+" "+string(change.Outcome), true)
		for _, effect := range effectsOf(change) {
			switch change.Outcome {
			case messagemedia.OutcomeApplied:
				reported[effect]++
				if took[effect] == 0 && !(program.withoutResponse[effect] && tookByAnyone[effect] > 0) {
					w.fail("%s reports as applied without an effect: %v", program.name, change)
				}
			case messagemedia.OutcomeUnknown:
				reported[effect]++
				if !program.withoutResponse[effect] && took[effect] == 0 {
					w.fail("%s reports as unknown although it received every response: %v", program.name, change)
				}
			}
		}
	}
	for effect, times := range took {
		if reported[effect] == 0 || effect.method == http.MethodPost && times > reported[effect] {
			w.fail("%s does not report an effect, which occurred %d times: %v", program.name, times, effect)
		}
	}
	w.note(result, took)
	clear(program.withoutResponse)
}

// note records rare events.
func (w *world) note(result *messagemedia.SyncResult, took map[effect]int) {
	deleted := map[string]bool{}
	for _, change := range result.Changes {
		switch {
		case change.Action == messagemedia.ActionDelete && change.Outcome == messagemedia.OutcomeApplied:
			deleted[change.Before.Method+" "+change.Before.URL] = true
			if took[effectsOf(change)[0]] == 0 {
				w.seen.Store("a deletion by the other program", true)
			}
		case change.Action == messagemedia.ActionCreate && deleted[change.Desired.Method+" "+change.Desired.URL]:
			w.seen.Store("a replacement in two steps", true)
		}
	}
}

// checkDeletions checks each deletion that took effect since the beginning.
func (w *world) checkDeletions(record []messagemediatest.Exchange) {
	byID := map[string]messagemedia.Webhook{}
	for _, webhook := range w.initial {
		byID[webhook.ID] = webhook
	}
	for _, exchange := range record {
		if exchange.Method != http.MethodDelete || !exchange.Committed {
			continue
		}
		webhook, existed := byID[path.Base(exchange.Target)]
		if !existed {
			w.fail("a program deleted a webhook that a program had created")
		}
		if !isOwned(webhook.URL) && w.wanted(webhook) == nil {
			w.fail("%s was deleted, which is neither owned nor desired", webhook.URL)
		}
	}
}

func isOwned(url string) bool {
	return url == owned || strings.HasPrefix(url, owned+"/") || strings.HasPrefix(url, owned+"?")
}

func (w *world) wanted(webhook messagemedia.Webhook) *messagemedia.CreateWebhookRequest {
	for i := range w.desired {
		if w.desired[i].URL == webhook.URL && w.desired[i].Method == webhook.Method {
			return &w.desired[i]
		}
	}
	return nil
}

// checkState compares the account with the expected state: every desired webhook, and every
// other webhook that is not owned, unchanged.
func (w *world) checkState() {
	want := map[string]string{}
	for _, request := range w.desired {
		want[request.Method+" "+request.URL] = meaning(messagemedia.Webhook{
			Encoding: request.Encoding, Events: request.Events, Headers: request.Headers, Template: request.Template,
			Retries: request.Retries, RetryDelay: request.RetryDelay,
		})
	}
	for _, webhook := range w.initial {
		if !isOwned(webhook.URL) && w.wanted(webhook) == nil {
			want[webhook.Method+" "+webhook.URL] = webhook.ID + meaning(webhook)
		}
	}
	is := map[string]string{}
	for _, webhook := range w.api.Webhooks("") {
		is[webhook.Method+" "+webhook.URL] = meaning(webhook)
		if w.wanted(webhook) == nil {
			is[webhook.Method+" "+webhook.URL] = webhook.ID + meaning(webhook)
		}
	}
	if !maps.Equal(want, is) || len(is) != len(w.api.Webhooks("")) {
		w.fail("the account has\n%v\nwant\n%v", is, want)
	}
}

// meaning returns the same text for equivalent webhooks. It does not use the code under test.
func meaning(webhook messagemedia.Webhook) string {
	var headers []string
	for name, value := range webhook.Headers {
		headers = append(headers, strings.ToLower(name)+"="+value)
	}
	return fmt.Sprint(webhook.Encoding, slices.Sorted(slices.Values(webhook.Events)), slices.Sorted(slices.Values(headers)),
		webhook.Template, webhook.ReadTimeout, webhook.Retries, webhook.RetryDelay)
}

func (w *world) fail(format string, args ...any) {
	w.Helper()
	var record strings.Builder
	for _, exchange := range w.api.Requests() {
		if strings.Contains(exchange.Header.Get("User-Agent"), "program-") {
			fmt.Fprintf(&record, "%.9s %s %s %s: %d, changed %t\n", exchange.Header.Get("User-Agent"), exchange.Method, exchange.Target, exchange.RequestBody, exchange.Status, exchange.Committed)
		}
	}
	w.Fatalf("seed %d: %s\n%s", w.seed, fmt.Sprintf(format, args...), &record)
}
