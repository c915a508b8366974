package messagemediatest

import (
	"maps"
	"slices"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// account is the state of an account after each of its last changes, the current one
// last. A state is never changed: a change makes another.
type account struct{ states []state }

// maxLag is how many changes a list can lag behind.
const maxLag = 100

// state holds webhooks and keys in the order of creation.
type state struct {
	webhooks []messagemedia.Webhook
	keys     []signatureKey
}

// state returns an account's state as it was before its last changes.
func (s *Server) state(name string, changesAgo int) state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.account(name).before(changesAgo)
}

// change has f change a copy of an account's state, which becomes the account's state
// if the response is that of a change.
func (s *Server) change(name string, f func(*state) response) response {
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.account(name)
	current := account.before(0)
	next := state{slices.Clone(current.webhooks), slices.Clone(current.keys)}
	response := f(&next)
	if response.committed {
		account.push(next)
	}
	return response
}

// account returns an account by its name. It exists once it is named. The server's
// mutex guards it.
func (s *Server) account(name string) *account {
	if s.accounts[name] == nil {
		s.accounts[name] = &account{states: make([]state, 1)}
	}
	return s.accounts[name]
}

func (a *account) before(changes int) state {
	return a.states[max(0, len(a.states)-1-changes)]
}

func (a *account) push(next state) {
	a.states = append(a.states, next)
	if surplus := len(a.states) - 1 - maxLag; surplus > 0 {
		a.states = slices.Delete(a.states, 0, surplus)
	}
}

// Webhooks returns copies of an account's webhooks, in the order of creation. The
// empty name stands for the account that the credentials belong to.
func (s *Server) Webhooks(account string) []messagemedia.Webhook {
	webhooks := slices.Clone(s.state(account, 0).webhooks)
	for i := range webhooks {
		webhooks[i] = cloneWebhook(webhooks[i])
	}
	return webhooks
}

// AddWebhook puts a webhook into an account as it is, without any of the API's checks,
// and returns it, with an ID if it had none. So an account can hold what no call creates:
// two webhooks with one URL and method, more than 150, events and encodings that are
// not documented.
func (s *Server) AddWebhook(account string, webhook messagemedia.Webhook) messagemedia.Webhook {
	webhook = cloneWebhook(webhook)
	if webhook.ID == "" {
		webhook.ID = newUUID()
	}
	s.change(account, func(state *state) response {
		state.webhooks = append(state.webhooks, webhook)
		return response{committed: true}
	})
	return cloneWebhook(webhook)
}

func cloneWebhook(webhook messagemedia.Webhook) messagemedia.Webhook {
	webhook.Events = slices.Clone(webhook.Events)
	webhook.Headers = maps.Clone(webhook.Headers)
	return webhook
}
