package messagemedia_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

var keySeeds = flag.Uint64("keyseeds", 300, "the number of random histories of signature keys")

// TestKeysMaintainThemselves runs instances that sync and rotate signature keys concurrently
// and in random order. Requests and store operations fail, take effect late, or crash the
// instance. Meanwhile instances verify deliveries and reject forged ones with the keys of the
// store. To run more seeds:
//
//	go test -run TestKeysMaintainThemselves -keyseeds 5000 .
func TestKeysMaintainThemselves(t *testing.T) {
	t.Parallel()
	seen, seeds := new(keyEvents), *keySeeds
	if testing.Short() {
		seeds = min(seeds, 60)
	}
	t.Run("seeds", func(t *testing.T) {
		for worker := range uint64(2) {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for seed := worker; seed < seeds; seed += 2 {
					synctest.Test(t, func(t *testing.T) { newKeyWorld(t, seed, seen).run() })
					if t.Failed() {
						return
					}
				}
			})
		}
	})
	for _, event := range []string{"create applied", "create unknown", "store applied", "store unknown", "enable applied", "enable unknown", "enable not applied",
		"replace applied", "delete applied", "delete unknown", "remove applied", "crash", "late request", "late write", "discarded", "left behind", "left behind, deleted",
		"foreign key enabled", "foreign key taken over", "disabled by hand", "verified", "verified late", "verified with a replaced key", "store down", "forged"} {
		assert.NotZero(t, seen.counts[event], "%d seeds without the event: %s", seeds, event)
	}
	t.Log(seen.counts)
}

// keyEvents counts the events that occurred. The test requires each.
type keyEvents struct {
	mu     sync.Mutex
	counts map[string]int
}

func (e *keyEvents) saw(event string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.counts == nil {
		e.counts = make(map[string]int)
	}
	e.counts[event]++
}

// keyWorld is a platform, a store, and the instances that use them.
type keyWorld struct {
	*testing.T
	seed uint64
	*keyEvents
	api   *messagemediatest.Server
	store *messagemediatest.KeyStore
	quiet bool // no more faults

	foreign  map[string]bool
	takeOver bool

	mu       sync.Mutex
	created  map[string]bool      // the keys, and whether an instance created them
	enabled  string               // ID of the enabled key
	until    map[string]time.Time // the last time at which a key was enabled
	commits  map[string]bool      // user agent, action and key of each effect
	late     sync.WaitGroup       // requests and writes that take effect after they failed
	finished chan struct{}

	logging sync.Mutex
	history []string
}

func newKeyWorld(t *testing.T, seed uint64, seen *keyEvents) *keyWorld {
	w := &keyWorld{T: t, seed: seed, keyEvents: seen, store: messagemediatest.NewKeyStore(), foreign: map[string]bool{}, created: map[string]bool{},
		until: map[string]time.Time{}, commits: map[string]bool{}, finished: make(chan struct{})}
	w.api = messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork(), messagemediatest.WithKeyBits(1024), messagemediatest.WithObserver(w.observe))
	random := rand.New(rand.NewPCG(seed, 0))
	operator := w.api.Client()
	for range random.IntN(3) - 1 + random.IntN(2) {
		key, err := operator.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA512})
		require.NoError(t, err)
		w.foreign[key.ID] = true
		if random.IntN(3) == 0 {
			_, err := operator.EnableSignatureKey(t.Context(), key.ID)
			require.NoError(t, err)
			w.takeOver = random.IntN(3) > 0
		}
	}
	time.Sleep(time.Duration(random.IntN(3)) * time.Hour)
	return w
}

// run lets the instances work for some hours and then checks the final state.
func (w *keyWorld) run() {
	random := rand.New(rand.NewPCG(w.seed, 1))
	var instances, background sync.WaitGroup
	all := make([]*instance, 1+random.IntN(5))
	faultOdds := []int{0, 20, 8, 4}[random.IntN(4)]
	for i := range all {
		all[i] = &instance{keyWorld: w, name: fmt.Sprint("instance-", i), random: rand.New(rand.NewPCG(w.seed, uint64(10+i))), faultOdds: faultOdds}
		all[i].keys = webhook.StoredKeys(&readStore{instance: all[i], random: rand.New(rand.NewPCG(w.seed, uint64(100+i)))})
	}
	simultaneous := random.IntN(2) == 0
	for _, instance := range all {
		instances.Go(func() { instance.work(simultaneous) })
	}
	background.Go(func() { w.deliver(all) })
	background.Go(func() { w.forge(all) })
	if random.IntN(2) == 0 {
		background.Go(w.disableByHand)
	}
	instances.Wait()
	time.Sleep(20 * time.Minute) // for deliveries in transit
	close(w.finished)
	background.Wait()
	w.late.Wait()
	w.checkEnd(all)
	w.api.Close()
}

// observe records and checks each change at the API when it takes effect.
func (w *keyWorld) observe(e messagemediatest.Exchange) {
	if !e.Committed {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	agent := e.Header.Get("User-Agent")
	byInstance := strings.Contains(agent, "instance-")
	agent, _, _ = strings.Cut(agent, " ")
	var key struct {
		ID string `json:"key_id"`
	}
	_ = json.Unmarshal([]byte(e.ResponseBody), &key)
	switch {
	case e.Method == http.MethodPost:
		w.created[key.ID] = byInstance
		w.commit(agent, "create", key.ID)
	case e.Method == http.MethodPatch:
		if byInstance && !w.isStored(key.ID) {
			w.fail("%s was enabled but is not in the store", key.ID)
		}
		w.setEnabled(key.ID)
		w.commit(agent, "enable", key.ID)
	case strings.HasSuffix(e.Target, "/enabled"):
		w.setEnabled("")
		w.commit(agent, "disable", "")
	case e.Method == http.MethodDelete:
		id := path.Base(e.Target)
		w.commit(agent, "delete", id)
		switch {
		case !w.created[id]:
			w.fail("%s was deleted although no instance created it", id)
		case id == w.enabled:
			w.fail("%s was deleted while it was enabled", id)
		case !w.until[id].IsZero() && time.Since(w.until[id]) < inFlight:
			w.fail("%s was deleted %v after it was enabled", id, time.Since(w.until[id]))
		}
	}
}

// inFlight is the maximum time between the signing of a delivery and its verification.
const inFlight = 30 * time.Minute

func (w *keyWorld) setEnabled(id string) {
	if w.enabled != "" {
		w.until[w.enabled] = time.Now()
	}
	w.enabled = id
	if id != "" {
		w.until[id] = time.Now()
	}
}

func (w *keyWorld) commit(agent, action, id string) {
	w.commits[agent+" "+action+" "+id] = true
	w.log("%s %s %s", agent, action, id)
}

func (w *keyWorld) log(format string, args ...any) {
	w.logging.Lock()
	defer w.logging.Unlock()
	w.history = append(w.history, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

func (w *keyWorld) isStored(id string) bool {
	keys, _ := w.store.SignatureKeys(context.Background())
	return slices.ContainsFunc(keys, func(k messagemedia.StoredKey) bool { return k.ID == id })
}

func (w *keyWorld) fail(format string, args ...any) {
	w.Helper()
	w.logging.Lock()
	defer w.logging.Unlock()
	w.Errorf("seed %d: %s %s\n%s", w.seed, time.Now().Format("15:04:05.000"), fmt.Sprintf(format, args...), strings.Join(w.history, "\n"))
	w.history = nil
}

// disableByHand disables keys at random times, as an operator may.
func (w *keyWorld) disableByHand() {
	random := rand.New(rand.NewPCG(w.seed, 4))
	for w.sleep(randomTime(random, 0, 4*time.Hour)) {
		if signer := w.api.Signer(""); signer != nil && !w.foreign[signer.Key().ID()] {
			require.NoError(w, w.api.Client(messagemedia.WithUserAgent("operator")).DisableSignatureKey(w.Context()))
			w.saw("disabled by hand")
		}
	}
}

// checkEnd lets the instances work without faults and checks the final state.
func (w *keyWorld) checkEnd(all []*instance) {
	w.quiet = true
	time.Sleep(70 * time.Minute)
	if signer := w.api.Signer(""); signer != nil && w.foreign[signer.Key().ID()] && !w.takeOver {
		_, err := all[0].once(false)
		keys, _ := w.store.SignatureKeys(w.Context())
		if !errors.Is(err, messagemedia.ErrForeignSignatureKey) || len(keys) > 0 || len(w.keysAtAPI()) != len(w.foreign) {
			w.fail("with a foreign key enabled: %v", err)
		}
		return
	}
	for round := range 2 {
		for _, instance := range all {
			result, err := instance.once(false)
			if err != nil || round == 1 && len(result.Steps) > 0 {
				w.fail("final round %d: %v\n%v", round, err, result)
			}
			w.checkComplete(result)
		}
	}
	var options []messagemedia.SignatureKeyOption
	if len(w.foreign) == 0 {
		options = append(options, messagemedia.DeleteKeysLeftBehind())
	}
	var result *messagemedia.SignatureKeyResult
	for range 4 {
		time.Sleep(61 * time.Minute)
		var err error
		if result, err = all[0].once(true, options...); err != nil {
			w.fail("final rotation: %v", err)
		}
		w.checkComplete(result)
	}
	keys, _ := w.store.SignatureKeys(w.Context())
	if len(keys) != 2 || len(w.foreign) == 0 && len(w.keysAtAPI()) != 2 {
		w.fail("after the final rotations, the store has %v and the API %v", keys, w.keysAtAPI())
	}
}

// checkComplete checks that one key is enabled, that the store has it, and that the result lists
// every other key.
func (w *keyWorld) checkComplete(result *messagemedia.SignatureKeyResult) {
	named := map[string]bool{}
	for _, key := range result.LeftBehind {
		named[key.ID] = true
	}
	for _, key := range result.Kept {
		named[key.ID] = true
	}
	enabled := 0
	for id, on := range w.keysAtAPI() {
		if on {
			enabled++
		}
		switch {
		case on && (id != result.EnabledID || !w.isStored(id)):
			w.fail("%s is enabled (stored: %t), but the result is\n%v", id, w.isStored(id), result)
		case !on && !named[id]:
			w.fail("%s is not in the result\n%v", id, result)
		}
	}
	if enabled != 1 {
		w.fail("%d keys are enabled", enabled)
	}
}

// keysAtAPI returns all keys, and whether each is enabled.
func (w *keyWorld) keysAtAPI() map[string]bool {
	keys := map[string]bool{}
	for key, err := range w.api.Client().SignatureKeys(w.Context()) {
		require.NoError(w, err)
		keys[key.ID] = key.Enabled
	}
	return keys
}
