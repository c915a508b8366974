package messagemedia

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// SyncOption configures [Client.SyncWebhooks] and [Client.PlanWebhooks], which return
// an error if a value is invalid.
type SyncOption func(*desiredState)

// Prune deletes webhooks that are not desired and that the function says yes to.
// Without this option and [PruneURLPrefix] none are deleted; with several, each
// adds some.
//
// Pruning is for one declaration. While two versions of a program run side by side, as in
// a rolling deployment, and both prune, each deletes what the other one created, at each
// start of an instance, until the last instance of the old version is gone; an instance of
// the old version that starts again deletes the new version's webhooks. So sync without
// pruning from every instance, and prune once from the deployment, after the old version is
// gone. For the same reason, two programs that share an account must own different URLs.
func Prune(owned func(*Webhook) bool) SyncOption {
	return func(t *desiredState) {
		if owned == nil {
			t.violations.add("Prune", "The function is nil; leave the option out to delete nothing")
			return
		}
		t.owned = append(t.owned, owned)
	}
}

// PruneURLPrefix deletes webhooks that are not desired and whose URL is the prefix
// or lies below it: "https://example.com/hooks" stands for itself, for
// "https://example.com/hooks/sms" and for "https://example.com/hooks?a=b", and not
// for "https://example.com/hooks-of-a-colleague". It is compared byte for byte.
//
// A prefix has a scheme and a host, so that it can't stand for every webhook, and
// neither a query nor a fragment.
func PruneURLPrefix(prefix string) SyncOption {
	return func(t *desiredState) {
		if problem := urlProblem(prefix); problem != "" {
			t.violations.add("PruneURLPrefix", "Not the beginning of a URL such as https://example.com/hooks/: %s", problem)
		}
		if strings.ContainsAny(prefix, "?#") {
			t.violations.add("PruneURLPrefix", "The prefix has a query or a fragment; use Prune with a function to choose by those")
		}
		t.owned = append(t.owned, func(webhook *Webhook) bool {
			rest, ok := strings.CutPrefix(webhook.URL, prefix)
			return ok && (rest == "" || strings.HasSuffix(prefix, "/") || strings.ContainsRune("/?#", rune(rest[0])))
		})
	}
}

// AllowReplace permits deleting and recreating a webhook if a field differs that can be set
// at creation only: the read timeout, the number of retries and the delay between them. In
// the moment between the two, events reach nobody. Without this option such a difference is
// an error, and nothing is changed.
func AllowReplace() SyncOption {
	return func(t *desiredState) { t.allowReplace = true }
}

// AllowEmpty permits [Prune] and [PruneURLPrefix] if no webhook is desired at all, so that
// all that they select is deleted. Without this option that is an error, since an empty
// declaration is more often a file that was not read than a wish.
func AllowEmpty() SyncOption {
	return func(t *desiredState) { t.allowEmpty = true }
}

// desiredState is what an account should have, and what may be done to get there.
type desiredState struct {
	operation    string
	desired      []CreateWebhookRequest
	owned        []func(*Webhook) bool
	allowReplace bool
	allowEmpty   bool
	violations   violations
}

// newDesiredState reports everything that can never be right about what is desired.
func newDesiredState(operation string, desired []CreateWebhookRequest, options []SyncOption) (*desiredState, error) {
	t := &desiredState{operation: operation, desired: slices.Clone(desired)}
	first := make(map[webhookKey]int)
	for i, request := range desired {
		pointer := "/" + strconv.Itoa(i)
		if invalid, ok := errors.AsType[*ValidationError](request.Validate()); ok {
			for _, detail := range invalid.Details {
				t.violations = append(t.violations, pointer+detail)
			}
		}
		if earlier, ok := first[request.key()]; ok {
			t.violations.add(pointer, "Has the URL and method of /%d", earlier)
			continue
		}
		first[request.key()] = i
	}
	for i, option := range options {
		if option == nil {
			t.violations.add(fmt.Sprint("option ", i+1), "It is nil")
			continue
		}
		option(t)
	}
	if len(desired) == 0 && len(t.owned) > 0 && !t.allowEmpty {
		t.violations.add("/", "No webhook is desired, so pruning would delete all that it selects; pass AllowEmpty if that is meant")
	}
	return t, t.violations.err(operation)
}

func (t *desiredState) owns(webhook *Webhook) bool {
	return slices.ContainsFunc(t.owned, func(owned func(*Webhook) bool) bool { return owned(webhook) })
}
