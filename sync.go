package messagemedia

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// maxPlans is how often SyncWebhooks plans at most.
const maxPlans = 3

// SyncWebhooks reconciles the account's webhooks with the desired ones. They are recognized
// by method and URL, also where the platform spells the URL otherwise (a slash for an empty
// path, the case of the host, a default port, escapes, dots, no fragment). What differs in
// no more than that, the order of events, the case of header names, a template's line ends
// or a default of the platform is the same; the result names such a spelling as a
// difference. If a read timeout or a number of retries is zero, it means the platform's
// default, 20 seconds and 0; if a retry delay is, any; if headers or a template are, none.
// What the API does not tell, with a null, is no difference. So SyncWebhooks can run at
// every start of a program: once everything is as desired, it lists the webhooks and does
// no more. Otherwise it makes one request for each change, and two for a replacement.
//
// It deletes nothing unless [Prune] or [PruneURLPrefix] says so, and never touches
// a webhook that is neither desired nor theirs; one that has a desired URL and
// method is updated, whoever made it. It replaces nothing without [AllowReplace].
// It rejects, with a [*ValidationError] and before it changes anything, requests that are
// invalid, two for the same URL and method, a replacement that is not allowed, a plan that
// goes beyond 150 webhooks, and pruning for no desired webhook at all without [AllowEmpty].
//
// Any number of programs that desire the same may call it at once. If a change fails because
// the account is not as it was listed, or if its outcome is unknown, SyncWebhooks pauses,
// lists and plans again, three times at most in all. So these callers all succeed, and each
// webhook exists once.
//
// A change that fails does not keep it from the next one, with these exceptions. Deletions
// that need not make room under the limit come last, and only if all that is desired is
// there. And nothing more is sent if ctx has ended, if the credentials or the account were
// refused (401, 403), if the API asked to wait, or if it is down: a change failed in all its
// attempts, and so did the look-up after it. A replacement that has deleted its webhook
// finishes its creation even if ctx has ended, for at most the time of one attempt
// ([WithAttemptTimeout]).
//
// The result says what was done, also beside an error, and is never nil. The error
// joins those of all changes, each with the method and URL of its webhook, so it
// can match several values at once: Err of a [ChangeResult] is that of one change.
// If the outcome of any change is unknown, the error matches [ErrOutcomeUnknown]; the
// response to a change that shows another state than was asked for makes it so.
// If a replacement deleted a webhook and could not recreate it, there is a
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

	earlierResults []changeRecord // of earlier plans: what was done, or may have been
	planResults    []changeRecord // of the latest plan

	// retriedUnknown are the errors of changes of the latest plan that an earlier plan
	// tried, too, with an outcome that is still unknown.
	retriedUnknown map[changeKey]error

	// notRecreated are webhooks that a replacement deleted, and that no listing has
	// had since.
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

// list reads the account's webhooks. If something depends on what the list lacks, it is
// read until that is proven.
func (s *syncRun) list(ctx context.Context) ([]*Webhook, error) {
	pages := s.client.webhookPages(ctx, "SyncWebhooks")
	if s.hasUnknowns() {
		return pages.settled()
	}
	listing, err := pages.read(nil)
	return listing.items, err
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
		if err == nil {
			continue
		}
		if ctx.Err() != nil || abortsSync(err) || mayBeDown(err) && !s.isUp(ctx, err) {
			s.markSkipped(changes[i+1:])
			return false
		}
		if change.Action != ActionReplace && s.planResults[len(s.planResults)-1].Outcome == OutcomeApplied {
			continue // the look-up has shown it
		}
		complete = complete && change.Action == ActionDelete
		again = again || needsReplan(err)
	}
	return again
}

// isUp looks up what became of a change whose attempts all failed, and reports whether the
// API responds to that. CreateWebhook has looked already if its outcome is unknown.
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

// applyChange makes a change, and records its outcome.
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

// replace deletes a webhook and recreates it. If it comes no further than the
// deletion, that is recorded as one, and the creation as another.
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

// outlasting returns a context that ends later than ctx by what an attempt may take, for
// what must not be left half done.
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

// abortsSync reports whether all other changes would fail with this error, too.
func abortsSync(err error) bool {
	return askedToWait(err) > 0 || errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrRateLimited)
}

// mayBeDown reports whether a change failed with a server or transport error.
func mayBeDown(err error) bool {
	_, transport := errors.AsType[*transportError](err)
	return transport || errors.Is(err, ErrServer)
}

// needsReplan reports whether the account may differ from what was listed: someone else
// changed it, or a change whose outcome is unknown did. A 400 that gives no details is the
// one of the limit of webhooks.
func needsReplan(err error) bool {
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrOutcomeUnknown) {
		return true
	}
	apiErr, ok := errors.AsType[*APIError](err)
	return ok && apiErr.StatusCode == http.StatusBadRequest && len(apiErr.Details) == 0
}
