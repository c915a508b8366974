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
// plans again, three times at most in all. So the callers that desire the same all
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
// Where a replacement deleted a webhook and could not recreate it, there is a
// [*ReplaceError] among them. A further call does what is left.
func (c *Client) SyncWebhooks(ctx context.Context, desired []CreateWebhookRequest, options ...SyncOption) (*SyncResult, error) {
	target, err := newDesiredState("SyncWebhooks", desired, options)
	if err != nil {
		return &SyncResult{}, err
	}
	s := &syncRun{client: c, target: target, notRecreated: make(map[webhookKey]*Webhook)}
	err = s.run(ctx)
	return s.result(), err
}

// syncRun is one call of SyncWebhooks.
type syncRun struct {
	client *Client
	target *desiredState

	earlierResults []ChangeResult // of earlier plans: what was done, or may have been
	planResults    []ChangeResult // of the latest plan

	// retriedUnknown are changes of the latest plan that an earlier plan tried, too,
	// with an outcome that is still unknown.
	retriedUnknown map[changeKey]bool

	// notRecreated are webhooks that a replacement deleted, and that no listing has
	// had since.
	notRecreated map[webhookKey]*Webhook
}

func (s *syncRun) run(ctx context.Context) error {
	for plans := 1; ; plans++ {
		webhooks, err := s.client.allWebhooks(ctx)
		if err != nil {
			return errors.Join(s.err(), err)
		}
		s.resolveUnknowns(webhooks)
		plan, refusal := s.target.plan(webhooks)
		s.startPlan(plan)
		if refusal != nil {
			s.markSkipped(plan.Changes)
			return errors.Join(refusal, s.err())
		}
		if again := s.apply(ctx, plan.Changes); !again || plans == maxPlans {
			return s.err()
		}
	}
}

// resolveUnknowns takes from a listing what became of the changes so far.
func (s *syncRun) resolveUnknowns(webhooks []*Webhook) {
	byID, byIdentity := make(map[string]*Webhook), make(map[webhookKey]*Webhook)
	for _, webhook := range webhooks {
		byID[webhook.ID], byIdentity[webhook.key()] = webhook, webhook
	}
	for _, result := range s.planResults {
		if result.Action != ActionNone && result.Outcome != OutcomeNotApplied {
			s.earlierResults = append(s.earlierResults, result)
		}
	}
	for i := range s.earlierResults {
		if s.earlierResults[i].Outcome == OutcomeUnknown {
			s.resolveUnknown(&s.earlierResults[i], byID, byIdentity)
		}
	}
	maps.DeleteFunc(s.notRecreated, func(identity webhookKey, _ *Webhook) bool { return byIdentity[identity] != nil })
}

// resolveUnknown records that a change whose outcome was unknown is applied, if a
// listing shows its effect. If not, the change may still be on its way. Of a replacement whose outcome is unknown only the deletion was tried.
func (s *syncRun) resolveUnknown(result *ChangeResult, byID map[string]*Webhook, byIdentity map[webhookKey]*Webhook) {
	switch result.Action {
	case ActionCreate, ActionUpdate:
		webhook := byIdentity[result.webhookKey()]
		same := result.Before == nil || webhook != nil && webhook.ID == result.Before.ID
		if webhook != nil && same && webhook.matches(*result.Desired) {
			result.Outcome, result.After, result.Err = OutcomeApplied, webhook, nil
		}
	case ActionReplace, ActionDelete:
		if byID[result.Before.ID] != nil {
			return
		}
		if result.Action == ActionReplace {
			s.notRecreated[result.webhookKey()] = result.Before
		}
		*result = ChangeResult{Change: Change{Action: ActionDelete, Before: result.Before}, Outcome: OutcomeApplied}
	}
}

// startPlan makes a plan the latest. A change of it that was tried before, with an
// outcome that is still unknown, is reported once.
func (s *syncRun) startPlan(plan *Plan) {
	s.planResults, s.retriedUnknown = nil, make(map[changeKey]bool)
	planned := make(map[changeKey]bool)
	for _, change := range plan.Changes {
		planned[change.key()] = true
	}
	s.earlierResults = slices.DeleteFunc(s.earlierResults, func(result ChangeResult) bool {
		again := result.Outcome == OutcomeUnknown && planned[result.key()]
		if again {
			s.retriedUnknown[result.key()] = true
		}
		return again
	})
}

// apply makes the changes of a plan. It reports whether a further plan may do what
// this one did not.
func (s *syncRun) apply(ctx context.Context, changes []Change) (again bool) {
	complete := true // what is desired is there
	for i, change := range changes {
		if change.Action == ActionDelete && !complete {
			s.markSkipped(changes[i : i+1])
			continue
		}
		err := s.applyChange(ctx, change)
		if err != nil && (ctx.Err() != nil || abortsSync(err)) {
			s.markSkipped(changes[i+1:])
			return false
		}
		complete = complete && (err == nil || change.Action == ActionDelete)
		again = again || err != nil && needsReplan(err)
	}
	return again
}

// markSkipped records changes that are not tried, so that the result is complete.
func (s *syncRun) markSkipped(changes []Change) {
	for _, change := range changes {
		if change.Action == ActionNone {
			s.recordSuccess(change, change.Before)
			continue
		}
		s.recordFailure(change, nil)
	}
}

// applyChange makes a change, and records its outcome.
func (s *syncRun) applyChange(ctx context.Context, change Change) error {
	if change.Action == ActionNone {
		s.recordSuccess(change, change.Before)
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
			s.recordAlreadyDeleted(change)
			return err
		}
	}
	if err != nil {
		return s.recordFailure(change, err)
	}
	s.recordSuccess(change, after)
	return nil
}

// recordAlreadyDeleted records the deletion of a webhook that does not exist. Another program was
// faster, and there is nothing to report, unless this one may have deleted it.
func (s *syncRun) recordAlreadyDeleted(deletion Change) {
	if s.retriedUnknown[deletion.key()] {
		s.recordSuccess(deletion, nil)
	}
}

// replace deletes a webhook and recreates it. When it comes no further than the
// deletion, that is recorded as one, and the creation as another.
func (s *syncRun) replace(ctx context.Context, change Change) error {
	if err := s.client.DeleteWebhook(ctx, change.Before.ID); err != nil {
		return s.recordFailure(change, err)
	}
	after, err := s.client.CreateWebhook(ctx, *change.Desired)
	if err != nil {
		s.notRecreated[change.webhookKey()] = change.Before
		s.recordSuccess(Change{Action: ActionDelete, Before: change.Before}, nil)
		return s.recordFailure(Change{Action: ActionCreate, Desired: change.Desired}, err)
	}
	s.recordSuccess(change, after)
	return nil
}

func (s *syncRun) recordSuccess(change Change, after *Webhook) {
	s.planResults = append(s.planResults, ChangeResult{Change: change, Outcome: OutcomeApplied, After: after})
}

// recordFailure records a change that was not applied, and returns the error with the
// webhook's name. A nil error means that the change was not tried; that is an error
// of its own only if a webhook is missing.
func (s *syncRun) recordFailure(change Change, err error) error {
	result := ChangeResult{Change: change, Outcome: OutcomeNotApplied}
	if s.retriedUnknown[change.key()] || errors.Is(err, ErrOutcomeUnknown) {
		result.Outcome = OutcomeUnknown
	}
	switch lost := s.notRecreated[change.webhookKey()]; {
	case lost != nil && err == nil:
		result.Err = &ReplaceError{Webhook: lost, Err: errCreateSkipped}
	case lost != nil:
		result.Err = &ReplaceError{Webhook: lost, Err: err}
	case err != nil:
		result.Err = fmt.Errorf("messagemedia: SyncWebhooks: %s %v: %w", change.Action, change.webhookKey(), err)
	}
	s.planResults = append(s.planResults, result)
	return result.Err
}

var errCreateSkipped = errors.New("the creation was not tried")

// abortsSync reports whether all other changes would fail with this error, too.
func abortsSync(err error) bool {
	apiErr, ok := errors.AsType[*APIError](err)
	return ok && apiErr.RetryAfter > 0 ||
		errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrRateLimited)
}

// needsReplan reports whether the account may differ from what was listed: someone else changed it, or a change whose outcome is unknown did. A 400
// that gives no details is the one of the limit of webhooks.
func needsReplan(err error) bool {
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrOutcomeUnknown) {
		return true
	}
	apiErr, ok := errors.AsType[*APIError](err)
	return ok && apiErr.StatusCode == http.StatusBadRequest && len(apiErr.Details) == 0
}

func (s *syncRun) err() error {
	var errs []error
	for _, result := range s.planResults {
		errs = append(errs, result.Err)
	}
	return errors.Join(errs...)
}

// result is what was done so far. A webhook that an earlier plan made or changed,
// and the latest found as desired, is in it once.
func (s *syncRun) result() *SyncResult {
	changed := make(map[string]bool)
	for _, result := range s.earlierResults {
		if result.After != nil {
			changed[result.After.ID] = true
		}
	}
	current := slices.DeleteFunc(slices.Clone(s.planResults), func(result ChangeResult) bool {
		return result.Action == ActionNone && changed[result.After.ID]
	})
	return &SyncResult{slices.Concat(s.earlierResults, current)}
}
