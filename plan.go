package messagemedia

import (
	"cmp"
	"context"
	"slices"
	"strings"
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
	// webhook is there before the one that it takes over from goes. Deletions are in
	// the order of their URLs, whatever the list's is.
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

	// Differences are the fields, "url" and "template", that the platform spells otherwise
	// than the request and that mean the same: a URL with a slash for an empty path, in
	// another case of the host, with a default port or with other escapes; a template with
	// other line ends. They are no reason for a change.
	Differences []string
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
	listing, err := c.webhookPages(ctx, "PlanWebhooks").read(nil)
	if err != nil {
		return nil, err
	}
	return target.plan(listing.items)
}

// HasChanges reports whether the plan contains a change.
func (p Plan) HasChanges() bool {
	return count(p.Changes, ActionNone) < len(p.Changes)
}

// plan compares the account's webhooks with the desired ones. The error says why
// the plan can't be carried out, or must not be.
func (t *desiredState) plan(webhooks []*Webhook) (*Plan, error) {
	taken := t.assign(webhooks)
	var changes []Change
	for i := range t.desired {
		changes = append(changes, newChange(taken[i], &t.desired[i]))
	}
	var deletions []Change
	for _, webhook := range webhooks {
		if !slices.Contains(taken, webhook) && t.owns(webhook) {
			deletions = append(deletions, Change{Action: ActionDelete, Before: webhook})
		}
	}
	slices.SortFunc(deletions, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Before.URL, b.Before.URL), cmp.Compare(a.Before.Method, b.Before.Method), cmp.Compare(a.Before.ID, b.Before.ID))
	})
	excess := len(webhooks) + count(changes, ActionCreate) - maxWebhooks
	first := min(max(excess, 0), len(deletions))
	plan := &Plan{slices.Concat(deletions[:first], changes, deletions[first:])}
	return plan, t.check(plan, len(webhooks))
}

// assign returns the webhook of each request, nil where there is none. One with the URL as
// it is written comes before one with another spelling of it, which another request may
// have as it is written.
func (t *desiredState) assign(webhooks []*Webhook) []*Webhook {
	index := indexOf(webhooks)
	assigned := make([]*Webhook, len(t.desired))
	taken := func(webhook *Webhook) bool { return slices.Contains(assigned, webhook) }
	for i, request := range t.desired {
		if webhook := index.find(request, taken); webhook != nil && webhook.URL == request.URL {
			assigned[i] = webhook
		}
	}
	for i, request := range t.desired {
		if assigned[i] == nil {
			assigned[i] = index.find(request, taken)
		}
	}
	return assigned
}

func newChange(before *Webhook, desired *CreateWebhookRequest) Change {
	change := Change{Action: ActionNone, Before: before, Desired: desired}
	if before == nil {
		change.Action = ActionCreate
		return change
	}
	change.Fields, change.Differences = before.diff(*desired), before.respelled(*desired)
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
