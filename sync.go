package messagemedia

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// maxPlans is how often SyncWebhooks plans at most.
const maxPlans = 3

// SyncWebhooks makes the account's webhooks those that are desired. They are
// recognized by URL, byte for byte, and method; what differs in no more than the
// order of events, the case of header names or a default of the platform is the
// same. A read timeout and a number of retries that are not set stand for the
// platform's defaults, 20 seconds and 0, a retry delay for any; headers and a
// template that are not set, for none. So it can run at every start of a program:
// once everything is as desired, it lists the webhooks and does no more. Otherwise
// it makes one request for each change, and two for a replacement.
//
// It deletes nothing unless [Prune] or [PruneURLPrefix] says so, and never touches
// a webhook that is neither desired nor theirs; one that has a desired URL and
// method is updated, whoever made it. It replaces nothing without [AllowReplace].
// What is refused is refused before anything is changed, with a [*ValidationError]:
// requests that can't be right, two for the same URL and method, a replacement
// that is not allowed, a plan that goes beyond 150 webhooks.
//
// Any number of programs may call it at once. When a change fails because the
// account is not as it was listed, or when its outcome is unknown, it lists and
// plans anew, three times at most in all. So the callers that desire the same all
// succeed, and each webhook exists once.
//
// A change that fails does not keep it from the next one, with two exceptions.
// What need not make room under the limit is deleted last, and only when all that
// is desired is there. And nothing more is sent when ctx has ended, when the
// credentials or the account were refused (401, 403) or when the API asked to wait.
//
// The result says what was done, also beside an error, and is never nil. The error
// joins those of all changes, each with the method and URL of its webhook, so it
// can match several values at once: Err of a [ChangeResult] is that of one change.
// It matches [ErrOutcomeUnknown] when nothing tells whether one of them was made.
// Where a replacement deleted a webhook and could not create it anew, there is a
// [*ReplaceError] among them. A further call does what is left.
func (c *Client) SyncWebhooks(ctx context.Context, desired []CreateWebhookRequest, options ...SyncOption) (*SyncResult, error) {
	target, err := newTarget("SyncWebhooks", desired, options)
	if err != nil {
		return &SyncResult{}, err
	}
	s := &syncing{client: c, target: target, lost: make(map[identity]*Webhook)}
	err = s.run(ctx)
	return s.result(), err
}

// syncing is one call of SyncWebhooks.
type syncing struct {
	client *Client
	target *target

	past    []ChangeResult // of earlier plans: what was done, or may have been
	current []ChangeResult // of the latest plan

	// unsure are changes of the latest plan that an earlier one tried, too, with an
	// outcome that is still unknown.
	unsure map[changeKey]bool

	// lost are webhooks that were deleted to be created anew, and that no listing
	// has had since.
	lost map[identity]*Webhook
}

func (s *syncing) run(ctx context.Context) error {
	for plans := 1; ; plans++ {
		webhooks, err := s.client.allWebhooks(ctx)
		if err != nil {
			return errors.Join(s.err(), err)
		}
		s.learn(webhooks)
		plan, refusal := s.target.plan(webhooks)
		s.begin(plan)
		if refusal != nil {
			s.leave(plan.Changes)
			return errors.Join(refusal, s.err())
		}
		if again := s.apply(ctx, plan.Changes); !again || plans == maxPlans {
			return s.err()
		}
	}
}

// learn takes from a listing what became of the changes so far.
func (s *syncing) learn(webhooks []*Webhook) {
	byID, byIdentity := make(map[string]*Webhook), make(map[identity]*Webhook)
	for _, webhook := range webhooks {
		byID[webhook.ID], byIdentity[webhook.identity()] = webhook, webhook
	}
	for _, result := range s.current {
		if result.Action != ActionKeep && result.Outcome != OutcomeNotDone {
			s.past = append(s.past, result)
		}
	}
	for i := range s.past {
		if s.past[i].Outcome == OutcomeUnknown {
			s.settle(&s.past[i], byID, byIdentity)
		}
	}
	maps.DeleteFunc(s.lost, func(identity identity, _ *Webhook) bool { return byIdentity[identity] != nil })
}

// settle says that a change whose outcome was unknown is done, when a listing has
// what it was to bring about. When it does not, the change may still be on its
// way. Of a replacement whose outcome is unknown only the deletion was tried.
func (s *syncing) settle(result *ChangeResult, byID map[string]*Webhook, byIdentity map[identity]*Webhook) {
	switch result.Action {
	case ActionCreate, ActionUpdate:
		webhook := byIdentity[result.identity()]
		same := result.Before == nil || webhook != nil && webhook.ID == result.Before.ID
		if webhook != nil && same && webhook.is(*result.Desired) {
			result.Outcome, result.After, result.Err = OutcomeDone, webhook, nil
		}
	case ActionReplace, ActionDelete:
		if byID[result.Before.ID] != nil {
			return
		}
		if result.Action == ActionReplace {
			s.lost[result.identity()] = result.Before
		}
		*result = ChangeResult{Change: Change{Action: ActionDelete, Before: result.Before}, Outcome: OutcomeDone}
	}
}

// begin makes a plan the latest. A change of it that was tried before, with an
// outcome that is still unknown, is reported once.
func (s *syncing) begin(plan *Plan) {
	s.current, s.unsure = nil, make(map[changeKey]bool)
	planned := make(map[changeKey]bool)
	for _, change := range plan.Changes {
		planned[change.key()] = true
	}
	s.past = slices.DeleteFunc(s.past, func(result ChangeResult) bool {
		again := result.Outcome == OutcomeUnknown && planned[result.key()]
		if again {
			s.unsure[result.key()] = true
		}
		return again
	})
}

// apply makes the changes of a plan. It tells whether a further plan may do what
// this one did not.
func (s *syncing) apply(ctx context.Context, changes []Change) (again bool) {
	complete := true // what is desired is there
	for i, change := range changes {
		if change.Action == ActionDelete && !complete {
			s.leave(changes[i : i+1])
			continue
		}
		err := s.try(ctx, change)
		if err != nil && (ctx.Err() != nil || meetsAll(err)) {
			s.leave(changes[i+1:])
			return false
		}
		complete = complete && (err == nil || change.Action == ActionDelete)
		again = again || err != nil && isOutdated(err)
	}
	return again
}

// leave records changes that are not tried.
func (s *syncing) leave(changes []Change) {
	for _, change := range changes {
		if change.Action == ActionKeep {
			s.done(change, change.Before)
			continue
		}
		s.failed(change, nil)
	}
}

// try makes a change, and records what came of it.
func (s *syncing) try(ctx context.Context, change Change) error {
	if change.Action == ActionKeep {
		s.done(change, change.Before)
		return nil
	}
	var after *Webhook
	var err error
	switch change.Action {
	case ActionCreate:
		after, err = s.client.CreateWebhook(ctx, *change.Desired)
	case ActionUpdate:
		after, err = s.client.UpdateWebhook(ctx, change.Before.ID, change.update())
	case ActionReplace:
		return s.replace(ctx, change)
	case ActionDelete:
		err = s.client.DeleteWebhook(ctx, change.Before.ID)
		if errors.Is(err, ErrNotFound) {
			s.gone(change)
			return err
		}
	}
	if err != nil {
		return s.failed(change, err)
	}
	s.done(change, after)
	return nil
}

// gone records the deletion of a webhook that is not there. Another program was
// faster, and there is nothing to report, unless this one may have deleted it.
func (s *syncing) gone(deletion Change) {
	if s.unsure[deletion.key()] {
		s.done(deletion, nil)
	}
}

// replace deletes a webhook and creates it anew. When it comes no further than the
// deletion, that is recorded as one, and the creation as another.
func (s *syncing) replace(ctx context.Context, change Change) error {
	if err := s.client.DeleteWebhook(ctx, change.Before.ID); err != nil {
		return s.failed(change, err)
	}
	after, err := s.client.CreateWebhook(ctx, *change.Desired)
	if err != nil {
		s.lost[change.identity()] = change.Before
		s.done(Change{Action: ActionDelete, Before: change.Before}, nil)
		return s.failed(Change{Action: ActionCreate, Desired: change.Desired}, err)
	}
	s.done(change, after)
	return nil
}

func (s *syncing) done(change Change, after *Webhook) {
	s.current = append(s.current, ChangeResult{Change: change, Outcome: OutcomeDone, After: after})
}

// failed records a change that an error kept from being done, and returns that
// error with the webhook's name. An error that is nil stands for one that was not
// tried; that is worth an error of its own only when a webhook is missing.
func (s *syncing) failed(change Change, err error) error {
	result := ChangeResult{Change: change, Outcome: OutcomeNotDone}
	if s.unsure[change.key()] || errors.Is(err, ErrOutcomeUnknown) {
		result.Outcome = OutcomeUnknown
	}
	switch lost := s.lost[change.identity()]; {
	case lost != nil && err == nil:
		result.Err = &ReplaceError{Webhook: lost, Err: errNotTried}
	case lost != nil:
		result.Err = &ReplaceError{Webhook: lost, Err: err}
	case err != nil:
		result.Err = fmt.Errorf("messagemedia: SyncWebhooks: %s %v: %w", change.Action, change.identity(), err)
	}
	s.current = append(s.current, result)
	return result.Err
}

var errNotTried = errors.New("the creation was not tried")

// meetsAll tells whether an error would meet all other changes, too.
func meetsAll(err error) bool {
	apiErr, ok := errors.AsType[*APIError](err)
	return ok && apiErr.RetryAfter > 0 ||
		errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrRateLimited)
}

// isOutdated tells whether the account may be another than the one that was
// listed: someone else changed it, or a change whose outcome is unknown did. A 400
// that gives no details is the one of the limit of webhooks.
func isOutdated(err error) bool {
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrOutcomeUnknown) {
		return true
	}
	apiErr, ok := errors.AsType[*APIError](err)
	return ok && apiErr.StatusCode == http.StatusBadRequest && len(apiErr.Details) == 0
}

func (s *syncing) err() error {
	var errs []error
	for _, result := range s.current {
		errs = append(errs, result.Err)
	}
	return errors.Join(errs...)
}

// result is what was done so far. A webhook that an earlier plan made or changed,
// and the latest found as desired, is in it once.
func (s *syncing) result() *SyncResult {
	changed := make(map[string]bool)
	for _, result := range s.past {
		if result.After != nil {
			changed[result.After.ID] = true
		}
	}
	current := slices.DeleteFunc(slices.Clone(s.current), func(result ChangeResult) bool {
		return result.Action == ActionKeep && changed[result.After.ID]
	})
	return &SyncResult{slices.Concat(s.past, current)}
}
