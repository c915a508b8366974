package messagemediatest

import (
	"maps"
	"slices"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// account holds the latest states of an account, the current one last. States are
// immutable: each change appends a new one.
type account struct{ states []state }

// maxLag is the largest number of changes that a list can lag behind.
const maxLag = 100

// state holds webhooks and keys in the order of creation.
type state struct {
	webhooks []messagemedia.Webhook
	keys     []signatureKey
}

// state returns an account's state before its latest changesAgo changes.
func (s *Server) state(name string, changesAgo int) state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.account(name).before(changesAgo)
}

// change calls f with a copy of an account's state. If f's response is committed, the
// copy becomes the current state.
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

// account returns an account by name, and creates it if needed. The caller must hold
// s.mu.
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

// Webhooks returns copies of an account's webhooks, in the order of creation. If account
// is empty, it is the account that the credentials belong to.
func (s *Server) Webhooks(account string) []messagemedia.Webhook {
	webhooks := slices.Clone(s.state(account, 0).webhooks)
	for i := range webhooks {
		webhooks[i] = cloneWebhook(webhooks[i])
	}
	return webhooks
}

// AddWebhook adds a webhook to an account without validating it, and returns the webhook.
// If its ID is empty, AddWebhook assigns one. If account is empty, it is the account that
// the credentials belong to.
//
// AddWebhook can create states that the API prevents: two webhooks with the same URL and
// method, more than 150 webhooks, undocumented events and encodings.
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
