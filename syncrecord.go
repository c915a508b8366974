package messagemedia

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// This file records the outcome of each change of SyncWebhooks, as shown by its response and
// by later lists.

// changeRecord is a change with its recorded outcome.
type changeRecord struct {
	ChangeResult

	// notFound is the API's 404 for a deletion. If a later list lacks the webhook, another
	// program deleted it, unless maybeOwn is set.
	notFound error
	// maybeOwn reports whether an earlier attempt of this call may have deleted the webhook.
	maybeOwn bool
}

// recordSuccess records an applied change.
func (s *syncRun) recordSuccess(change Change, after *Webhook) {
	s.planResults = append(s.planResults, changeRecord{ChangeResult: ChangeResult{Change: change, Outcome: OutcomeApplied, After: after}})
}

// recordResponse records a change that the API accepted. If the webhook in the response is
// spelled differently than the request, the change has Differences. If its state differs, the
// outcome is unknown.
func (s *syncRun) recordResponse(change Change, after *Webhook) error {
	if change.Action == ActionDelete {
		s.recordSuccess(change, nil)
		return nil
	}
	if fields := after.otherState(*change.Desired); len(fields) > 0 {
		return s.recordFailure(change, fmt.Errorf("the response differs from the request (%s); %w", strings.Join(fields, ", "), ErrOutcomeUnknown))
	}
	change.Differences = after.respelled(*change.Desired)
	s.recordSuccess(change, after)
	return nil
}

// recordFailure records a change that was not applied, and returns its error with the method
// and URL of the webhook. If err is nil, the change was not attempted. That is an error only
// if a replacement deleted the webhook or if an earlier plan attempted the change.
func (s *syncRun) recordFailure(change Change, err error) error {
	result := ChangeResult{Change: change, Outcome: OutcomeNotApplied}
	earlier := s.retriedUnknown[change.key()]
	if earlier != nil && !errors.Is(err, ErrOutcomeUnknown) {
		if err == nil {
			err = errNotTriedAgain
		}
		err = fmt.Errorf("%w; an earlier attempt: %w", err, earlier)
	}
	if errors.Is(err, ErrOutcomeUnknown) {
		result.Outcome = OutcomeUnknown
	}
	switch lost := s.notRecreated[change.webhookKey()]; {
	case lost != nil && err == nil:
		result.Err = &ReplaceError{Webhook: lost, Err: errCreateSkipped}
	case lost != nil:
		result.Err = &ReplaceError{Webhook: lost, Err: err}
	case err != nil:
		result.Err = changeError(change, err)
	}
	s.planResults = append(s.planResults, changeRecord{ChangeResult: result})
	return result.Err
}

var (
	errCreateSkipped = errors.New("creation not attempted")
	errNotTriedAgain = errors.New("not attempted again")
)

func changeError(change Change, err error) error {
	return fmt.Errorf("messagemedia: SyncWebhooks: %s %v: %w", change.Action, change.webhookKey(), err)
}

// recordNotFound records a deletion to which the API responded 404. Its outcome is unknown
// until a list confirms that the webhook does not exist.
func (s *syncRun) recordNotFound(deletion Change, err error) error {
	earlier := s.retriedUnknown[deletion.key()]
	record := changeRecord{notFound: err, maybeOwn: earlier != nil || errors.Is(err, ErrOutcomeUnknown)}
	if !errors.Is(err, ErrOutcomeUnknown) {
		err = fmt.Errorf("%w; no later list of webhooks shows whether another program deleted it: %w", err, ErrOutcomeUnknown)
	}
	record.ChangeResult = ChangeResult{Change: deletion, Outcome: OutcomeUnknown, Err: changeError(deletion, err)}
	s.planResults = append(s.planResults, record)
	return record.Err
}

// markSkipped records changes that are not attempted, so that the result is complete.
func (s *syncRun) markSkipped(changes []Change) {
	for _, change := range changes {
		if change.Action == ActionNone {
			s.recordSuccess(change, change.Before)
			continue
		}
		s.recordFailure(change, nil)
	}
}

// startPlan makes plan the latest plan. If it repeats a change whose outcome is still
// unknown, the change is reported once.
func (s *syncRun) startPlan(plan *Plan) {
	for _, record := range s.planResults {
		if record.Action != ActionNone && record.Outcome != OutcomeNotApplied {
			s.earlierResults = append(s.earlierResults, record)
		}
	}
	s.planResults, s.retriedUnknown = nil, make(map[changeKey]error)
	planned := make(map[changeKey]bool)
	for _, change := range plan.Changes {
		planned[change.key()] = true
	}
	s.earlierResults = slices.DeleteFunc(s.earlierResults, func(record changeRecord) bool {
		again := record.Outcome == OutcomeUnknown && planned[record.key()]
		if again {
			s.retriedUnknown[record.key()] = record.Err
		}
		return again
	})
}

// hasUnknowns reports whether the outcome of a change is unknown.
func (s *syncRun) hasUnknowns() bool {
	isUnknown := func(record changeRecord) bool { return record.Outcome == OutcomeUnknown }
	return slices.ContainsFunc(s.earlierResults, isUnknown) || slices.ContainsFunc(s.planResults, isUnknown)
}

// resolveUnknowns updates the outcomes of the changes so far from a list of the webhooks.
func (s *syncRun) resolveUnknowns(webhooks []*Webhook) {
	index := indexOf(webhooks)
	for _, records := range []*[]changeRecord{&s.earlierResults, &s.planResults} {
		*records = slices.DeleteFunc(*records, func(record changeRecord) bool {
			return record.notFound != nil && !record.maybeOwn && index.byID[record.Before.ID] == nil
		})
		for i := range *records {
			if (*records)[i].Outcome == OutcomeUnknown {
				s.resolveUnknown(&(*records)[i], index)
			}
		}
	}
	maps.DeleteFunc(s.notRecreated, func(key webhookKey, _ *Webhook) bool { return index.normal[key.normal()] != nil })
}

// resolveUnknown records that a change is applied if the list shows its effect. If not, the
// outcome stays unknown, since the platform may apply the change later. Of a replacement
// with an unknown outcome, only the deletion was attempted.
func (s *syncRun) resolveUnknown(record *changeRecord, index webhookIndex) {
	switch record.Action {
	case ActionCreate, ActionUpdate:
		webhook := index.find(*record.Desired, nil)
		same := record.Before == nil || webhook != nil && webhook.ID == record.Before.ID
		if webhook != nil && same && webhook.matches(*record.Desired) {
			record.Outcome, record.After, record.Err = OutcomeApplied, webhook, nil
			record.Differences = webhook.respelled(*record.Desired)
		}
	case ActionReplace, ActionDelete:
		switch {
		case index.byID[record.Before.ID] == nil:
			if record.Action == ActionReplace {
				s.notRecreated[record.webhookKey()] = record.Before
			}
			*record = changeRecord{ChangeResult: ChangeResult{Change: Change{Action: ActionDelete, Before: record.Before}, Outcome: OutcomeApplied}}
		case record.notFound != nil && !record.maybeOwn:
			record.Outcome = OutcomeNotApplied
			record.Err = changeError(record.Change, fmt.Errorf("%w; the list of webhooks contains the webhook", record.notFound))
		}
	}
}

// err joins the errors of the latest plan, and of earlier changes with an unknown outcome.
func (s *syncRun) err() error {
	var errs []error
	for _, record := range s.earlierResults {
		if record.Outcome == OutcomeUnknown {
			errs = append(errs, record.Err)
		}
	}
	for _, record := range s.planResults {
		errs = append(errs, record.Err)
	}
	return errors.Join(errs...)
}

// result returns the changes so far. If an earlier plan created or changed a webhook that
// the latest plan found unchanged, the result contains it once.
func (s *syncRun) result() *SyncResult {
	changed := make(map[string]bool)
	for _, record := range s.earlierResults {
		if record.After != nil {
			changed[record.After.ID] = true
		}
	}
	var result SyncResult
	for _, record := range s.earlierResults {
		result.Changes = append(result.Changes, record.ChangeResult)
	}
	for _, record := range s.planResults {
		if record.Action != ActionNone || !changed[record.After.ID] {
			result.Changes = append(result.Changes, record.ChangeResult)
		}
	}
	return &result
}
