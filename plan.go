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

// Action is the action of a [Change]. ActionNone prints as "unchanged".
type Action string

// The actions of a plan.
const (
	ActionCreate  Action = "create"
	ActionUpdate  Action = "update"
	ActionReplace Action = "replace" // delete, then create
	ActionDelete  Action = "delete"
	ActionNone    Action = "none" // nothing to do
)

// Plan contains the changes that [Client.SyncWebhooks] would make. Printed, it has a line
// for each change and a summary:
//
//	  ~ update  POST https://example.com/hooks/sms?… (events, headers.X-Token)
//	-/+ replace POST https://example.com/hooks/mms (retries)
//	  + create  POST https://example.com/hooks/new
//	  - delete  POST https://example.com/hooks/old
//	Plan: 1 to create, 1 to update, 1 to replace, 1 to delete, 3 unchanged.
//
// Neither the printed plan nor its JSON contains header values, or the user info, query and
// fragment of a URL.
type Plan struct {
	// Changes are in the order in which they are made. The first deletions are those
	// needed to stay under the limit of 150 webhooks. Then come the desired webhooks, in
	// the given order. All other deletions come last, so that a new webhook exists before
	// an old one is deleted. Deletions are sorted by URL.
	Changes []Change `json:"changes"`
}

// Change is one step of a plan, for one webhook. Its JSON has the action, method and URL,
// and the ID, fields and differences if there are any.
type Change struct {
	// Action is the action to take.
	Action Action

	// Before is the existing webhook. If there is none, it is nil.
	Before *Webhook

	// Desired is the desired webhook. For a deletion, it is nil.
	Desired *CreateWebhookRequest

	// Fields are the fields that differ, for an update or a replacement: "encoding",
	// "events", "template", "read_timeout", "retries", "retry_delay", and "headers."
	// followed by the name of a header.
	Fields []string

	// Differences are the fields, "url" or "template", that the platform spells
	// differently than the request, but with the same meaning (see
	// [Client.SyncWebhooks]). They do not cause a change.
	Differences []string
}

// PlanWebhooks returns the plan of [Client.SyncWebhooks] for the same arguments, and changes
// nothing. It makes one request for each page of the list.
//
// If a webhook must be replaced without [AllowReplace], or the account would exceed its
// limit, PlanWebhooks returns the plan and a [*ValidationError]. With any other error, the
// plan is nil.
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

// plan compares the account's webhooks with the desired ones. It returns an error if the
// plan exceeds the limit of webhooks or needs an opt-in.
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

// assign returns the webhook of each request, or nil if there is none. It assigns webhooks
// with the exact URL of a request first, so that no other request takes them for another
// spelling of its URL.
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

// update returns the request that sets the fields that differ.
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
		default: // an update replaces all headers
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

// changeKey identifies a change.
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
