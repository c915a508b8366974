package messagemedia_test

import (
	"encoding/json"
	"errors"
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

	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// TestSyncReachesWhatIsDesired syncs random states to random desired states, with
// requests that fail at random, and with one program or two at once, again and
// again until no call fails. Each result has to agree with the platform's own
// record, and nothing may be deleted that is not owned.
func TestSyncReachesWhatIsDesired(t *testing.T) {
	t.Parallel()
	const states = 300
	var seen sync.Map // what happened at all: a test of nothing would pass as well
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
		"delete not applied", "create unknown", "update unknown", "replace unknown", "delete unknown", "a replacement in two", "a deletion by the other program", "full"} {
		_, ok := seen.Load(event)
		require.True(t, ok, "in %d states there was never: %s", states, event)
	}
}

// TestSyncFromSeveralProgramsAtOnce has no failures: all succeed at once.
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

// world is a platform with a random state, and one or two programs with one
// desired state.
type world struct {
	*testing.T
	seed     uint64
	api      *messagemediatest.Server
	programs []*program
	desired  []messagemedia.CreateWebhookRequest
	initial  []messagemedia.Webhook
	seen     *sync.Map
}

// program is one that syncs. It keeps what it sent without a response, which the
// platform may never have seen, or with a 404, which says nothing of who deleted a webhook.
type program struct {
	name   string
	client *messagemedia.Client

	transport       http.RoundTripper
	mu              sync.Mutex
	withoutResponse map[effect]bool
}

func (p *program) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := p.transport.RoundTrip(r)
	if err != nil || response.StatusCode == http.StatusNotFound || response.StatusCode >= 500 || strings.HasPrefix(response.Header.Get("Content-Type"), "text/") {
		var body []byte
		if r.GetBody != nil {
			sent, _ := r.GetBody()
			body, _ = io.ReadAll(sent)
		}
		p.mu.Lock()
		p.withoutResponse[effectOf(r.Method, r.URL.Path, body)] = true
		p.mu.Unlock()
	}
	return response, err
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
	const patience = 200 // more runs than there are failures
	for range patience {
		if w.syncAll() {
			w.checkState()
			return
		}
	}
	w.fail("%d runs were not enough", patience)
}

func (w *world) add(name string, attempts int) {
	through := w.api.HTTPClient()
	program := &program{name: name, transport: through.Transport, withoutResponse: map[effect]bool{}}
	through.Transport = program
	program.client = w.api.Client(messagemedia.WithHTTPClient(through), messagemedia.WithUserAgent(name),
		messagemedia.WithMaxRetryWait(0), messagemedia.WithMaxAttempts(attempts))
	w.programs = append(w.programs, program)
}

// populate makes the state and what is desired out of few webhooks, so that they
// often meet. Every eighth account is full.
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

// breakRequests makes some of the next requests fail, each in its own way. The
// platform calls Match one at a time.
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
			lie := r.Method == http.MethodDelete && fault.Status == http.StatusOK // of a deletion no more is read than the status
			return !lie && strings.Contains(r.UserAgent(), "program-") && random.IntN(odds) == 0
		}
		w.api.Fail(fault)
	}
}

// syncAll runs the programs at once, and reports whether all succeeded.
func (w *world) syncAll() bool {
	before := len(w.api.Requests())
	results, errs := make([]*messagemedia.SyncResult, len(w.programs)), make([]error, len(w.programs))
	var running sync.WaitGroup
	for i, program := range w.programs {
		running.Go(func() {
			results[i], errs[i] = program.client.SyncWebhooks(w.Context(), w.desired,
				messagemedia.PruneURLPrefix(owned), messagemedia.AllowReplace(), messagemedia.AllowEmpty())
		})
	}
	running.Wait()
	record := w.api.Requests()
	for i, program := range w.programs {
		w.checkRecord(program, results[i], record[before:])
	}
	w.checkDeletions(record)
	return errors.Join(errs...) == nil
}

// effect is what a request was to bring about: a webhook made, changed or gone.
type effect struct{ method, webhook string }

func effectOf(method, target string, body []byte) effect {
	if method == http.MethodPost {
		var request messagemedia.CreateWebhookRequest
		_ = json.Unmarshal(body, &request)
		return effect{method, request.Method + " " + request.URL}
	}
	return effect{method, path.Base(target)}
}

// effectsOf are those that a change consists of. Of a replacement whose outcome is
// unknown, no more than the deletion was sent.
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

// checkRecord compares what a program says of its changes with what its requests
// did: what took effect is done or unknown, and what is done took effect.
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
					w.fail("%s says that this is done: %v", program.name, change)
				}
			case messagemedia.OutcomeUnknown:
				reported[effect]++
				if !program.withoutResponse[effect] && took[effect] == 0 {
					w.fail("%s says that this is unknown, and every response came: %v", program.name, change)
				}
			}
		}
	}
	for effect, times := range took {
		if reported[effect] == 0 || effect.method == http.MethodPost && times > reported[effect] {
			w.fail("%s says nothing of this, which took effect %d times: %v", program.name, times, effect)
		}
	}
	w.note(result, took)
	clear(program.withoutResponse)
}

// note keeps what is rare, so that the test can tell that it happened.
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
			w.seen.Store("a replacement in two", true)
		}
	}
}

// checkDeletions looks at each deletion that ever took effect.
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
			w.fail("a webhook was deleted that a program had made")
		}
		if !isOwned(webhook.URL) && w.wanted(webhook) == nil {
			w.fail("%s was deleted", webhook.URL)
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

// checkState compares the account with what it has to be: what is desired, and
// of the rest all that is not owned, as it was.
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
		w.fail("the account has\n%v\nand has to have\n%v", is, want)
	}
}

// meaning is the same for webhooks that mean the same: written here once more,
// so that the test does not believe the code that it tests.
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
