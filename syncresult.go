package messagemedia

import "fmt"

// Outcome is the outcome of a change.
type Outcome string

// The outcomes of a change.
const (
	OutcomeApplied    Outcome = "applied"     // the change took effect
	OutcomeNotApplied Outcome = "not applied" // rejected or not attempted
	OutcomeUnknown    Outcome = "unknown"     // the change may have taken effect
)

// SyncResult is the result of [Client.SyncWebhooks]. Printed, it has a line for each change
// and a summary. Like a [Plan], it shows no tokens.
type SyncResult struct {
	// Changes begins with the changes of earlier plans that took or may have taken effect,
	// in the order in which they were attempted. All changes of the latest plan follow, in
	// the order of the plan. If a later list shows that another program deleted a webhook
	// first, that deletion is omitted.
	Changes []ChangeResult `json:"changes"`
}

// ChangeResult is a change with its outcome. A replacement that deleted the webhook and did
// not recreate it has two results, a deletion and a creation.
type ChangeResult struct {
	Change

	// Outcome is the outcome of the change. For [ActionNone] it is OutcomeApplied. It is
	// OutcomeUnknown if and only if Err matches ErrOutcomeUnknown. If a later list shows
	// the effect of the change, Outcome is OutcomeApplied, even though another program may
	// have made the same change.
	Outcome Outcome

	// After is the webhook as the platform returned it. It is nil after a deletion, and if
	// the change is not applied.
	After *Webhook

	// Err is why the outcome is not OutcomeApplied. It is nil if the change was not
	// attempted because of an error elsewhere. If the response to the change differs from
	// the request, Err names the fields.
	Err error
}

// ReplaceError is a replacement that deleted its webhook and did not recreate it. Call
// [Client.SyncWebhooks] again to recreate it. ReplaceError wraps the cause. Its JSON does
// not contain the webhook.
type ReplaceError struct {
	// Webhook is the deleted webhook, including the values of its headers.
	Webhook *Webhook `json:"-"`

	// Err is why the webhook was not recreated.
	Err error `json:"-"`
}

// Error returns the method and URL of the webhook, without tokens, and the cause.
func (e *ReplaceError) Error() string {
	return fmt.Sprintf("messagemedia: SyncWebhooks: replace %v: deleted but not recreated; call SyncWebhooks again: %v", e.Webhook.key(), e.Err)
}

// Unwrap returns the cause.
func (e *ReplaceError) Unwrap() error { return e.Err }
