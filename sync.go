package messagemedia

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// maxPlans is the maximum number of plans of one SyncWebhooks.
const maxPlans = 3

// SyncWebhooks reconciles the account's webhooks with the desired ones. Call it at every
// start of a program. If nothing differs, it only lists the webhooks. Otherwise it makes one
// request for each change, and two for a replacement.
//
// A webhook is identified by its method and URL. Two URLs are equal even if they differ in
// the case of the host, a default port, escapes, dot segments, a slash for an empty path, or
// a fragment. The order of events, the case of header names and the line ends of a template
// make no difference. If the platform spells a URL or a template
// differently, the change in the result has Differences.
//
// Zero ReadTimeout means 20 seconds, zero Retries means none, and zero RetryDelay matches
// any delay. Nil Headers and an empty Template mean none. A field that the API returns as
// null makes no difference.
//
// SyncWebhooks updates a webhook with a desired URL and method, whoever created it. It
// deletes only webhooks that [Prune] or [PruneURLPrefix] selects, and replaces webhooks only
// with [AllowReplace]. It changes no others.
//
// SyncWebhooks changes nothing and returns a [*ValidationError] in these cases:
//
//   - A request or an option is invalid.
//   - Two requests have the same URL and method.
//   - A webhook must be replaced, but AllowReplace is not given.
//   - A webhook must be created, but the account would then have more than 150 webhooks.
//   - No webhook is desired and pruning is requested, but [AllowEmpty] is not given.
//
// Programs with the same desired webhooks may call SyncWebhooks concurrently. If a change
// fails because the account has changed since it was listed, or if its outcome is unknown,
// SyncWebhooks pauses, then lists and plans again. It makes at most three plans. So all
// these programs succeed, and each webhook exists once.
//
// If a change fails, SyncWebhooks continues with the next one, except in these cases:
//
//   - Deletions that are not needed to stay under the limit come last. They are skipped
//     unless every desired webhook exists.
//   - It sends nothing more if ctx has ended, if the API responded 401 or 403, or if the API
//     asked to wait.
//   - It sends nothing more if the API is down: all attempts of a change failed, and the
//     look-up afterwards failed as well.
//
// If a replacement has deleted its webhook and ctx ends, SyncWebhooks still recreates the
// webhook, within the time of one attempt ([WithAttemptTimeout]).
//
// The result contains every change that was made, even with an error, and is never nil. The
// error joins the errors of all changes, each with the method and URL of its webhook, so it
// can match several sentinel errors. Err of a [ChangeResult] is the error of one change. If
// the outcome of a change is unknown, or if the response to it shows another state than the
// request, the error matches [ErrOutcomeUnknown]. If a replacement deleted a webhook and
// could not recreate it, the error contains a [*ReplaceError]. Call SyncWebhooks again to
// complete the work.
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

	earlierResults []changeRecord // changes of earlier plans that were or may have been made
	planResults    []changeRecord // of the latest plan

	// retriedUnknown has the errors of changes in the latest plan whose outcome is unknown
	// since an earlier plan attempted them.
	retriedUnknown map[changeKey]error

	// notRecreated has the webhooks that a replacement deleted and that no later list
	// contained.
	notRecreated map[webhookKey]*Webhook
}

func (s *syncRun) run(ctx context.Context) error {
	for plans := 0; ; plans++ {
		webhooks, err := s.list(ctx)
		if err != nil {
			return errors.Join(s.err(), err)
		}
		s.resolveUnknowns(webhooks)
		if plans == maxPlans {
			return s.err()
		}
		plan, refusal := s.target.plan(webhooks)
		s.startPlan(plan)
		if refusal != nil {
			s.markSkipped(plan.Changes)
			return errors.Join(refusal, s.err())
		}
		again := s.apply(ctx, plan.Changes)
		if !again || plans+1 == maxPlans && !s.hasUnknowns() {
			return s.err()
		}
		if err := s.client.pause(ctx, plans+1); err != nil { // the list may lag behind a change
			return errors.Join(s.err(), err)
		}
	}
}

// list reads the account's webhooks. If an unknown outcome depends on the absence of a
// webhook, it reads the list until the absence is proven.
func (s *syncRun) list(ctx context.Context) ([]*Webhook, error) {
	pages := s.client.webhookPages(ctx, "SyncWebhooks")
	if s.hasUnknowns() {
		return pages.settled()
	}
	listing, err := pages.read(nil)
	return listing.items, err
}

// apply makes the changes of a plan. It reports whether another plan may complete them.
func (s *syncRun) apply(ctx context.Context, changes []Change) (again bool) {
	complete := true // every desired webhook exists
	for i, change := range changes {
		if change.Action == ActionDelete && !complete {
			s.markSkipped(changes[i : i+1])
			continue
		}
		err := s.applyChange(ctx, change)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || abortsSync(err) || mayBeDown(err) && !s.isUp(ctx, err) {
			s.markSkipped(changes[i+1:])
			return false
		}
		if change.Action != ActionReplace && s.planResults[len(s.planResults)-1].Outcome == OutcomeApplied {
			continue // isUp has found the change applied
		}
		complete = complete && change.Action == ActionDelete
		again = again || needsReplan(err)
	}
	return again
}

// isUp lists the webhooks after a change whose attempts all failed, and reports whether the
// API responds. If the outcome of CreateWebhook is unknown, it has already tried that.
func (s *syncRun) isUp(ctx context.Context, err error) bool {
	if _, looked := errors.AsType[*lookUpError](err); looked {
		return false
	}
	webhooks, err := s.list(ctx)
	if err == nil {
		s.resolveUnknowns(webhooks)
	}
	return err == nil
}

// applyChange makes a change and records its outcome.
func (s *syncRun) applyChange(ctx context.Context, change Change) error {
	var after *Webhook
	var err error
	switch change.Action {
	case ActionNone:
		s.recordSuccess(change, change.Before)
		return nil
	case ActionCreate:
		after, err = s.client.CreateWebhook(ctx, *change.Desired)
	case ActionUpdate:
		after, err = s.client.UpdateWebhook(ctx, change.Before.ID, change.update())
	case ActionReplace:
		return s.replace(ctx, change)
	case ActionDelete:
		err = s.client.DeleteWebhook(ctx, change.Before.ID)
		if errors.Is(err, ErrNotFound) {
			return s.recordNotFound(change, err)
		}
	}
	if err != nil {
		return s.recordFailure(change, err)
	}
	return s.recordResponse(change, after)
}

// replace deletes a webhook and recreates it. If only the deletion succeeds, it records a
// deletion and a failed creation.
func (s *syncRun) replace(ctx context.Context, change Change) error {
	if err := s.client.DeleteWebhook(ctx, change.Before.ID); err != nil {
		return s.recordFailure(change, err)
	}
	s.notRecreated[change.webhookKey()] = change.Before
	creating, cancel := s.client.outlasting(ctx)
	defer cancel()
	after, err := s.client.CreateWebhook(creating, *change.Desired)
	if err == nil && len(after.otherState(*change.Desired)) == 0 {
		delete(s.notRecreated, change.webhookKey())
		return s.recordResponse(change, after)
	}
	s.recordSuccess(Change{Action: ActionDelete, Before: change.Before}, nil)
	creation := Change{Action: ActionCreate, Desired: change.Desired}
	if err == nil {
		delete(s.notRecreated, change.webhookKey())
		return s.recordResponse(creation, after)
	}
	return s.recordFailure(creation, err)
}

// outlasting returns a context that ends one attempt timeout later than ctx, to complete a
// replacement.
func (c *Client) outlasting(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(c.attemptTimeout):
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); cancel() }
}

// abortsSync reports whether all other changes would fail with the same error.
func abortsSync(err error) bool {
	return askedToWait(err) > 0 || errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrRateLimited)
}

// mayBeDown reports whether a change failed with a server or transport error.
func mayBeDown(err error) bool {
	_, transport := errors.AsType[*transportError](err)
	return transport || errors.Is(err, ErrServer)
}

// needsReplan reports whether the account may differ from its list, because of another
// program or of a change with an unknown outcome. A 400 without details means that the
// account has reached its limit of webhooks.
func needsReplan(err error) bool {
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrOutcomeUnknown) {
		return true
	}
	apiErr, ok := errors.AsType[*APIError](err)
	return ok && apiErr.StatusCode == http.StatusBadRequest && len(apiErr.Details) == 0
}
