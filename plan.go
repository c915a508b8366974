package messagemedia

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/redact"
)

const maxWebhooks = 150 // of an account

// createOnlyFields are the fields that an update cannot change.
var createOnlyFields = []string{"read_timeout", "retries", "retry_delay"}

// Action is what a [Change] does. ActionNone prints as "unchanged".
type Action string

// The actions of a plan.
const (
	ActionCreate  Action = "create"
	ActionUpdate  Action = "update"
	ActionReplace Action = "replace" // delete, then create
	ActionDelete  Action = "delete"
	ActionNone    Action = "none" // nothing to do
)

// Plan is what [Client.SyncWebhooks] would change. Printed, it has a line for each
// change and one that counts them:
//
//	  ~ update  POST https://example.com/hooks/sms?… (events, headers.X-Token)
//	-/+ replace POST https://example.com/hooks/mms (retries)
//	  + create  POST https://example.com/hooks/new
//	  - delete  POST https://example.com/hooks/old
//	Plan: 1 to create, 1 to update, 1 to replace, 1 to delete, 3 unchanged.
//
// Neither that nor its JSON shows a header's value, nor what of a URL may be a
// token: user name and password, query and fragment.
type Plan struct {
	// Changes are in the order in which they are made. First come deletions, as many
	// as must make room under the limit of 150 webhooks. Then comes what is desired,
	// in the order in which it was given. All other deletions are last, so that a
	// webhook is there before the one that it takes over from goes.
	Changes []Change `json:"changes"`
}

// Change is one step of a plan, about one webhook. Its JSON has the action, method,
// URL, and ID and fields where there are any.
type Change struct {
	// Action is what is to be done.
	Action Action

	// Before is the webhook as it is, nil when there is none.
	Before *Webhook

	// Desired is the webhook as it should be, nil when it is to be deleted.
	Desired *CreateWebhookRequest

	// Fields are those that differ, when the action is to update or to replace:
	// "encoding", "events", "template", "read_timeout", "retries", "retry_delay", and
	// "headers." with the header's name.
	Fields []string
}

// PlanWebhooks returns what [Client.SyncWebhooks] would change, given the same
// arguments, and changes nothing. It makes as many requests as the list has pages.
//
// A plan that SyncWebhooks would refuse is returned beside the error that says
// why; with any other error the plan is nil.
func (c *Client) PlanWebhooks(ctx context.Context, desired []CreateWebhookRequest, options ...SyncOption) (*Plan, error) {
	target, err := newDesiredState("PlanWebhooks", desired, options)
	if err != nil {
		return nil, err
	}
	webhooks, err := c.allWebhooks(ctx)
	if err != nil {
		return nil, err
	}
	return target.plan(webhooks)
}

// HasChanges reports whether the plan contains a change.
func (p Plan) HasChanges() bool {
	return count(p.Changes, ActionNone) < len(p.Changes)
}

// plan compares the account's webhooks with the desired ones. The error says why
// the plan can't be carried out, or must not be.
func (t *desiredState) plan(webhooks []*Webhook) (*Plan, error) {
	present := make(map[webhookKey]*Webhook, len(webhooks))
	for _, webhook := range webhooks {
		present[webhook.key()] = webhook
	}
	var changes []Change
	for i := range t.desired {
		request := &t.desired[i]
		changes = append(changes, newChange(present[request.key()], request))
		delete(present, request.key())
	}
	var deletions []Change
	for _, webhook := range webhooks {
		if present[webhook.key()] == webhook && t.owns(webhook) {
			deletions = append(deletions, Change{Action: ActionDelete, Before: webhook})
		}
	}
	excess := len(webhooks) + count(changes, ActionCreate) - maxWebhooks
	first := min(max(excess, 0), len(deletions))
	plan := &Plan{slices.Concat(deletions[:first], changes, deletions[first:])}
	return plan, t.check(plan, len(webhooks))
}

func newChange(before *Webhook, desired *CreateWebhookRequest) Change {
	change := Change{Action: ActionNone, Before: before, Desired: desired}
	if before == nil {
		change.Action = ActionCreate
		return change
	}
	change.Fields = before.diff(*desired)
	switch {
	case slices.ContainsFunc(change.Fields, isCreateOnly):
		change.Action = ActionReplace
	case len(change.Fields) > 0:
		change.Action = ActionUpdate
	}
	return change
}

func isCreateOnly(field string) bool { return slices.Contains(createOnlyFields, field) }

// check rejects replacements that need an opt-in, and a plan that exceeds the limit.
func (t *desiredState) check(plan *Plan, present int) error {
	var v violations
	for _, change := range plan.Changes {
		if change.Action == ActionReplace && !t.allowReplace {
			fixed := slices.DeleteFunc(slices.Clone(change.Fields), func(field string) bool { return !isCreateOnly(field) })
			v.add(change.webhookKey().String(), "%s can be set only at creation; pass AllowReplace to delete and recreate the webhook", strings.Join(fixed, ", "))
		}
	}
	creations, deletions := count(plan.Changes, ActionCreate), count(plan.Changes, ActionDelete)
	if after := present - deletions + creations; creations > 0 && after > maxWebhooks {
		v.add("/", "The account has %d webhooks; with %d deleted and %d created it would have %d, and at most %d are allowed",
			present, deletions, creations, after, maxWebhooks)
	}
	return v.err(t.operation)
}

// update is the request that sets the fields that differ.
func (c Change) update() UpdateWebhookRequest {
	var request UpdateWebhookRequest
	for _, field := range c.Fields {
		switch field {
		case "encoding":
			request.Encoding = c.Desired.Encoding
		case "events":
			request.Events = c.Desired.Events
		case "template":
			request.Template = &c.Desired.Template
		default: // headers are set all at once
			request.Headers = c.Desired.Headers
			if request.Headers == nil {
				request.Headers = map[string]string{}
			}
		}
	}
	return request
}

func (c Change) webhookKey() webhookKey {
	switch {
	case c.Desired != nil:
		return c.Desired.key()
	case c.Before != nil:
		return c.Before.key()
	}
	return webhookKey{}
}

// changeKey tells changes apart.
type changeKey struct {
	action   Action
	identity webhookKey
	id       string
}

func (c Change) key() changeKey {
	key := changeKey{action: c.Action, identity: c.webhookKey()}
	if c.Before != nil {
		key.id = c.Before.ID
	}
	return key
}

func count(changes []Change, action Action) int {
	count := 0
	for _, change := range changes {
		if change.Action == action {
			count++
		}
	}
	return count
}

// String has a line for each change, and one that counts them. Webhooks that are
// as desired are only counted.
func (p Plan) String() string {
	var s strings.Builder
	for _, change := range p.Changes {
		if change.Action != ActionNone {
			s.WriteString(change.String() + "\n")
		}
	}
	fmt.Fprintf(&s, "Plan: %d to create, %d to update, %d to replace, %d to delete, %d unchanged.",
		count(p.Changes, ActionCreate), count(p.Changes, ActionUpdate), count(p.Changes, ActionReplace), count(p.Changes, ActionDelete), count(p.Changes, ActionNone))
	return s.String()
}

// MarshalJSON writes {"changes": […]}, webhooks that are as desired among them.
func (p Plan) MarshalJSON() ([]byte, error) {
	type plan Plan
	if p.Changes == nil {
		p.Changes = []Change{}
	}
	return encodeJSON(plan(p))
}

// String is the change's line in a plan.
func (c Change) String() string {
	symbol, verb := c.Action.label()
	s := fmt.Sprintf("%3s %-7s %v", symbol, verb, c.webhookKey())
	if len(c.Fields) > 0 {
		s += " (" + strings.Join(c.Fields, ", ") + ")"
	}
	return s
}

// label returns how a plan shows an action.
func (a Action) label() (symbol, verb string) {
	switch a {
	case ActionCreate:
		return "+", "create"
	case ActionUpdate:
		return "~", "update"
	case ActionReplace:
		return "-/+", "replace"
	case ActionDelete:
		return "-", "delete"
	case ActionNone:
		return "=", "unchanged"
	}
	return "?", string(a)
}

// changeJSON is a change without what may be a token.
type changeJSON struct {
	Action Action   `json:"action"`
	Method string   `json:"method"`
	URL    string   `json:"url"`
	ID     string   `json:"id,omitzero"`
	Fields []string `json:"fields,omitempty"`
}

func (c Change) json() changeJSON {
	key := c.key()
	return changeJSON{c.Action, key.identity.method, redact.URL(key.identity.url), key.id, c.Fields}
}

// MarshalJSON writes the action, method, URL, ID and fields.
func (c Change) MarshalJSON() ([]byte, error) { return encodeJSON(c.json()) }

// String names a webhook to people.
func (i webhookKey) String() string { return i.method + " " + redact.URL(i.url) }
