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

// Prune deletes webhooks that are not desired and for which owned returns true. Without
// Prune or [PruneURLPrefix], no webhook is deleted. If several are given, a webhook that any
// of them selects is deleted.
//
// Prune from one place only. In a rolling deployment, two versions of a program run at the
// same time. If both prune, each starting instance deletes the webhooks that only the other
// version declares. Therefore call [Client.SyncWebhooks] without pruning from every
// instance, and prune once, after the last instance of the old version has stopped. For the
// same reason, two programs that share an account must own different URLs.
func Prune(owned func(*Webhook) bool) SyncOption {
	return func(t *desiredState) {
		if owned == nil {
			t.violations.add("Prune", "The function is nil; omit the option to delete nothing")
			return
		}
		t.owned = append(t.owned, owned)
	}
}

// PruneURLPrefix deletes webhooks that are not desired and whose URL is the prefix or below
// it. The prefix "https://example.com/hooks" selects itself,
// "https://example.com/hooks/sms" and "https://example.com/hooks?a=b", but not
// "https://example.com/hooks-of-a-colleague". URLs are equal by the rules of
// [Client.SyncWebhooks].
//
// Prune from one place only, as [Prune] explains.
//
// The prefix must have a scheme and a host, so that it cannot select every webhook. It must
// have no query, no fragment and no dot segment.
func PruneURLPrefix(prefix string) SyncOption {
	return func(t *desiredState) {
		if problem := urlProblem(prefix); problem != "" {
			t.violations.add("PruneURLPrefix", "Not the beginning of a URL such as https://example.com/hooks/: %s", problem)
		}
		if strings.ContainsAny(prefix, "?#") {
			t.violations.add("PruneURLPrefix", "The prefix has a query or a fragment; use Prune with a function to choose by those")
		}
		if path := normalEscapes(prefix) + "/"; strings.Contains(path, "/./") || strings.Contains(path, "/../") {
			t.violations.add("PruneURLPrefix", "The prefix has . or .. as a segment of its path")
		}
		normal := normalURL(prefix)
		t.owned = append(t.owned, func(webhook *Webhook) bool {
			rest, ok := strings.CutPrefix(normalURL(webhook.URL), normal)
			return ok && (rest == "" || strings.HasSuffix(normal, "/") || strings.ContainsRune("/?", rune(rest[0])))
		})
	}
}

// AllowReplace permits deleting and recreating a webhook to change its read timeout, retries
// or retry delay, which can be set only at creation. Events between the deletion and the
// creation are lost. Without this option, such a difference is an error and nothing is
// changed.
func AllowReplace() SyncOption {
	return func(t *desiredState) { t.allowReplace = true }
}

// AllowEmpty permits [Prune] and [PruneURLPrefix] if no webhook is desired, so that every
// selected webhook is deleted. Without this option, that is an error, since an empty
// declaration is usually a mistake.
func AllowEmpty() SyncOption {
	return func(t *desiredState) { t.allowEmpty = true }
}

// desiredState is the desired state of an account, with the options.
type desiredState struct {
	operation    string
	desired      []CreateWebhookRequest
	owned        []func(*Webhook) bool
	allowReplace bool
	allowEmpty   bool
	violations   violations
}

// newDesiredState validates the requests and the options.
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
			t.violations.add(pointer, "The URL and method are the same as in /%d", earlier)
			continue
		}
		first[request.key()] = i
	}
	for i, option := range options {
		if option == nil {
			t.violations.add(fmt.Sprint("option ", i+1), "The option is nil")
			continue
		}
		option(t)
	}
	if len(desired) == 0 && len(t.owned) > 0 && !t.allowEmpty {
		t.violations.add("/", "No webhook is desired, so pruning would delete every selected webhook; pass AllowEmpty to permit that")
	}
	return t, t.violations.err(operation)
}

func (t *desiredState) owns(webhook *Webhook) bool {
	return slices.ContainsFunc(t.owned, func(owned func(*Webhook) bool) bool { return owned(webhook) })
}
