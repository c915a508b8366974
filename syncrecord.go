package messagemedia

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// How SyncWebhooks keeps its books: what became of each change, by the word of the response
// to it and of later listings.

// changeRecord is a change as it is recorded.
type changeRecord struct {
	ChangeResult

	// notFound is the API's 404 for a deletion, until a listing tells whether another
	// program was faster. Then the deletion is none of this call's.
	notFound error
	// maybeOwn reports whether an earlier attempt of this call may have made the deletion.
	maybeOwn bool
}

// recordSuccess records a change that is applied.
func (s *syncRun) recordSuccess(change Change, after *Webhook) {
	s.planResults = append(s.planResults, changeRecord{ChangeResult: ChangeResult{Change: change, Outcome: OutcomeApplied, After: after}})
}

// recordResponse records a change that the API responded to with success. If the webhook in
// the response has another spelling of what was asked for, that is a difference; if it has
// another state, nobody knows what the platform will do.
func (s *syncRun) recordResponse(change Change, after *Webhook) error {
	if change.Action == ActionDelete {
		s.recordSuccess(change, nil)
		return nil
	}
	if fields := after.otherState(*change.Desired); len(fields) > 0 {
		return s.recordFailure(change, fmt.Errorf("the response shows another state than was asked for (%s); %w", strings.Join(fields, ", "), ErrOutcomeUnknown))
	}
	change.Differences = after.respelled(*change.Desired)
	s.recordSuccess(change, after)
	return nil
}

// recordFailure records a change that was not applied, and returns the error with the
// webhook's name. A nil error means that the change was not tried; that is an error
// of its own only if a webhook is missing, or if an earlier plan tried the change.
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
	errCreateSkipped = errors.New("the creation was not tried")
	errNotTriedAgain = errors.New("not tried again")
)

func changeError(change Change, err error) error {
	return fmt.Errorf("messagemedia: SyncWebhooks: %s %v: %w", change.Action, change.webhookKey(), err)
}

// recordNotFound records the deletion of a webhook that the API says does not exist: until
// a listing agrees, its outcome is unknown.
func (s *syncRun) recordNotFound(deletion Change, err error) error {
	earlier := s.retriedUnknown[deletion.key()]
	record := changeRecord{notFound: err, maybeOwn: earlier != nil || errors.Is(err, ErrOutcomeUnknown)}
	if !errors.Is(err, ErrOutcomeUnknown) {
		err = fmt.Errorf("%w; no later list of webhooks tells whether another program deleted it: %w", err, ErrOutcomeUnknown)
	}
	record.ChangeResult = ChangeResult{Change: deletion, Outcome: OutcomeUnknown, Err: changeError(deletion, err)}
	s.planResults = append(s.planResults, record)
	return record.Err
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

// startPlan makes a plan the latest. A change of it that was tried before, with an
// outcome that is still unknown, is reported once.
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

// hasUnknowns reports whether a listing may tell more of a change.
func (s *syncRun) hasUnknowns() bool {
	isUnknown := func(record changeRecord) bool { return record.Outcome == OutcomeUnknown }
	return slices.ContainsFunc(s.earlierResults, isUnknown) || slices.ContainsFunc(s.planResults, isUnknown)
}

// resolveUnknowns takes from a listing what became of the changes so far.
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

// resolveUnknown records that a change whose outcome was unknown is applied, if a
// listing shows its effect. If not, the change may still be on its way. Of a replacement
// whose outcome is unknown only the deletion was tried.
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
			record.Err = changeError(record.Change, fmt.Errorf("%w; the list of webhooks has it", record.notFound))
		}
	}
}

// err joins the errors of the latest plan, and of earlier changes that may have been made.
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

// result is what was done so far. A webhook that an earlier plan made or changed,
// and the latest found as desired, is in it once.
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
