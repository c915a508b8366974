package messagemedia_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// instance is a program that syncs, rotates, verifies, crashes and restarts.
type instance struct {
	*keyWorld
	name      string
	random    *rand.Rand
	faultOdds int
	runs      int
	keys      webhook.KeySource

	crashed context.CancelFunc // ends the current call
}

// work makes calls at random times for some hours.
func (i *instance) work(simultaneous bool) {
	if !simultaneous {
		time.Sleep(randomTime(i.random, 0, time.Hour))
	}
	for range 4 + i.random.IntN(9) {
		i.once(i.random.IntN(3) == 0)
		time.Sleep(randomTime(i.random, 0, []time.Duration{time.Second, 10 * time.Minute, 2 * time.Hour}[i.random.IntN(3)]))
	}
}

// once makes one call, as a process of its own would.
func (i *instance) once(rotate bool, options ...messagemedia.SignatureKeyOption) (*messagemedia.SignatureKeyResult, error) {
	ctx, cancel := context.WithCancel(i.Context())
	defer cancel()
	i.crashed = cancel
	i.runs++
	agent := fmt.Sprintf("%s-%d", i.name, i.runs)
	through := i.api.HTTPClient()
	through.Transport = &faultyTransport{i, through.Transport}
	client := i.api.Client(messagemedia.WithHTTPClient(through), messagemedia.WithUserAgent(agent), messagemedia.WithMaxAttempts(1+i.random.IntN(3)))
	if i.takeOver {
		options = append(options, messagemedia.TakeOverSignatureKey())
	}
	if len(i.foreign) == 0 && !i.quiet && i.random.IntN(2) == 0 {
		options = append(options, messagemedia.DeleteKeysLeftBehind())
	}
	call := client.SyncSignatureKey
	if rotate {
		call = client.RotateSignatureKey
	}
	result, err := call(ctx, &faultyStore{i}, options...)
	if ctx.Err() == nil {
		i.check(agent, result, err)
	} else {
		i.saw("crash")
	}
	return result, err
}

// check compares a result with the changes that took effect.
func (i *instance) check(agent string, result *messagemedia.SignatureKeyResult, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.log("%s: %v\n%v", agent, err, result)
	if errors.Is(err, messagemedia.ErrForeignSignatureKey) {
		i.saw("foreign key enabled")
		if len(i.foreign) == 0 {
			i.fail("%s reports a foreign key without one", agent)
		}
	}
	reported := map[string]bool{}
	for _, step := range result.Steps {
		i.saw(string(step.Action) + " " + string(step.Outcome))
		effect := fmt.Sprintf("%s %s %s", agent, step.Action, step.KeyID)
		reported[effect] = true
		switch step.Action {
		case messagemedia.KeyActionCreate, messagemedia.KeyActionEnable, messagemedia.KeyActionDelete:
			if applied := i.commits[effect]; step.Outcome == messagemedia.OutcomeApplied && !applied && step.Action != messagemedia.KeyActionDelete ||
				step.Outcome == messagemedia.OutcomeNotApplied && applied {
				i.fail("%s reports a wrong outcome: %v", agent, step)
			}
			if step.Action == messagemedia.KeyActionDelete && !slices.ContainsFunc(result.Steps, func(s messagemedia.SignatureKeyStep) bool {
				return s.Action == messagemedia.KeyActionRemove && s.KeyID == step.KeyID
			}) {
				i.saw("left behind, deleted")
			}
		case messagemedia.KeyActionReplace:
			if i.foreign[step.KeyID] {
				i.saw("foreign key taken over")
			}
		}
	}
	for effect := range i.commits {
		if strings.HasPrefix(effect, agent+" ") && !reported[effect] && !reported[agent+" create "] {
			i.fail("%s does not report: %s", agent, effect)
		}
	}
	if err == nil && result.EnabledID == "" {
		i.fail("%s succeeded without an enabled key", agent)
	}
	if err == nil && len(result.Steps) > 0 && !slices.ContainsFunc(result.Steps, func(s messagemedia.SignatureKeyStep) bool { return s.Action == messagemedia.KeyActionEnable }) &&
		result.Steps[0].Action == messagemedia.KeyActionCreate {
		i.saw("discarded")
	}
	if len(result.LeftBehind) > 0 {
		i.saw("left behind")
	}
}

// deliver signs deliveries at random times. An instance verifies each at once or up to half an
// hour later.
func (w *keyWorld) deliver(all []*instance) {
	random := rand.New(rand.NewPCG(w.seed, 2))
	var arriving sync.WaitGroup
	defer arriving.Wait()
	for w.sleep(randomTime(random, 0, 2*time.Minute)) {
		signer := w.api.Signer("")
		if signer == nil || w.foreign[signer.Key().ID()] {
			continue
		}
		instance, delay := all[random.IntN(len(all))], time.Duration(0)
		if random.IntN(2) == 0 {
			delay = randomTime(random, 0, inFlight)
		}
		arriving.Go(func() {
			time.Sleep(delay)
			instance.verify(signer)
			if delay > 0 {
				w.saw("verified late")
			}
		})
	}
}

// sleep sleeps and reports whether the instances are still running.
func (w *keyWorld) sleep(d time.Duration) bool {
	select {
	case <-w.finished:
		return false
	case <-time.After(d):
		return true
	}
}

// verify looks up the key of a delivery that the platform signed.
func (i *instance) verify(signer *messagemediatest.Signer) {
	want := signer.Key()
	wasDown := i.storeDown()
	got, err := i.keys.Key(i.Context(), want.ID())
	switch {
	case errors.Is(err, webhook.ErrUnknownKey), err != nil && !wasDown && !i.storeDown():
		i.fail("%s rejects a delivery signed with %s: %v", i.name, want.ID(), err)
	case err == nil && !reflect.DeepEqual(want, got):
		i.fail("%s has another key with the ID %s", i.name, want.ID())
	case err == nil:
		i.saw("verified")
		if now := i.api.Signer(""); now != nil && now != signer {
			i.saw("verified with a replaced key")
		}
	}
}

// forge floods an instance with forged key IDs, with one genuine delivery among them.
func (w *keyWorld) forge(all []*instance) {
	random := rand.New(rand.NewPCG(w.seed, 3))
	for w.sleep(randomTime(random, 0, 2*time.Hour)) {
		instance := all[random.IntN(len(all))]
		var flood sync.WaitGroup
		for n := range 100 {
			id, delay := fmt.Sprint("forged-", random.Uint64()), randomTime(random, 0, 2*time.Second)
			flood.Go(func() {
				time.Sleep(delay)
				if n == 50 {
					if signer := w.api.Signer(""); signer != nil && !w.foreign[signer.Key().ID()] {
						instance.verify(signer)
					}
					return
				}
				wasDown := instance.storeDown()
				if _, err := instance.keys.Key(w.Context(), id); !errors.Is(err, webhook.ErrUnknownKey) && !wasDown && !instance.storeDown() {
					w.fail("%s: wrong error for a forged key ID: %v", instance.name, err)
				}
			})
		}
		flood.Wait()
		w.saw("forged")
	}
}
