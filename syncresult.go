package messagemedia

import (
	"fmt"
	"strings"
)

// Outcome is what became of a change.
type Outcome string

// The outcomes of a change.
const (
	OutcomeApplied    Outcome = "applied"     // the platform has it
	OutcomeNotApplied Outcome = "not applied" // rejected, or not tried
	OutcomeUnknown    Outcome = "unknown"     // sent; it may have taken effect
)

// SyncResult is what [Client.SyncWebhooks] did, and what it left. Printed, it has a
// line for each change and one that counts them; like a [Plan], it shows no tokens.
type SyncResult struct {
	// Changes are all that were done or may have been, in this order, and those of the
	// latest plan that were not. A deletion that another program made first is not
	// among them.
	Changes []ChangeResult `json:"changes"`
}

// ChangeResult is a change, and what became of it. A replacement that came no
// further than its deletion is two: a deletion, and a creation.
type ChangeResult struct {
	Change

	// Outcome is what became of the change. A webhook that is kept is done.
	//
	// It is OutcomeUnknown beside an error that matches ErrOutcomeUnknown. Where the
	// next listing has what the change was to bring about, it is OutcomeApplied;
	// another program that wanted the same may have done it in that case. Where
	// another change was made in place of it, the unknown outcome is no error.
	Outcome Outcome

	// After is the webhook as the platform returned it, nil when it was deleted or
	// when the change is not known to be done.
	After *Webhook

	// Err is why the change was not done, or is not known to be. It is nil when
	// the change was not tried, because of an error elsewhere.
	Err error
}

// ReplaceError is a replacement whose old webhook was deleted, and whose new one
// was not created. A further call of [Client.SyncWebhooks] creates it. It wraps the
// cause, and marshals to no JSON that has the webhook.
type ReplaceError struct {
	// Webhook is the one that was deleted, whole, with the values of its headers.
	Webhook *Webhook `json:"-"`

	// Err is why it was not recreated.
	Err error `json:"-"`
}

// Error names the webhook by its method and URL, without what may be a token.
func (e *ReplaceError) Error() string {
	return fmt.Sprintf("messagemedia: SyncWebhooks: replace %v: deleted but not recreated; call SyncWebhooks again: %v", e.Webhook.key(), e.Err)
}

// Unwrap returns the cause.
func (e *ReplaceError) Unwrap() error { return e.Err }

// String has a line for each change, and one that counts them. Webhooks that were
// as desired are only counted.
func (r SyncResult) String() string {
	var s strings.Builder
	var done []Change
	outcomes := make(map[Outcome]int)
	for _, change := range r.Changes {
		outcomes[change.Outcome]++
		if change.Outcome == OutcomeApplied {
			done = append(done, change.Change)
		}
		if change.Action != ActionNone {
			s.WriteString(change.String() + "\n")
		}
	}
	fmt.Fprintf(&s, "Sync: %d created, %d updated, %d replaced, %d deleted, %d unchanged, %d not applied, %d unknown.",
		count(done, ActionCreate), count(done, ActionUpdate), count(done, ActionReplace), count(done, ActionDelete), count(done, ActionNone),
		outcomes[OutcomeNotApplied], outcomes[OutcomeUnknown])
	return s.String()
}

// MarshalJSON writes {"changes": […]}, webhooks that were as desired among them.
func (r SyncResult) MarshalJSON() ([]byte, error) {
	type result SyncResult
	if r.Changes == nil {
		r.Changes = []ChangeResult{}
	}
	return encodeJSON(result(r))
}

// String is the change's line in a result.
func (r ChangeResult) String() string {
	return fmt.Sprintf("%v: %s", r.Change, r.Outcome)
}

// MarshalJSON writes the action, method, URL, ID, fields, outcome and error.
func (r ChangeResult) MarshalJSON() ([]byte, error) {
	result := struct {
		changeJSON
		Outcome Outcome `json:"outcome"`
		Error   string  `json:"error,omitzero"`
	}{changeJSON: r.json(), Outcome: r.Outcome}
	if r.After != nil {
		result.ID = r.After.ID
	}
	if r.Err != nil {
		result.Error = r.Err.Error()
	}
	return encodeJSON(result)
}
