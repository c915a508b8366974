package messagemedia

import "fmt"

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
	// latest plan that were not. A deletion that another program made first, by the word
	// of a later listing, is not among them.
	Changes []ChangeResult `json:"changes"`
}

// ChangeResult is a change, and what became of it. A replacement that came no
// further than its deletion is two: a deletion, and a creation.
type ChangeResult struct {
	Change

	// Outcome is what became of the change. A webhook that is kept is done.
	//
	// It is OutcomeUnknown exactly if Err matches ErrOutcomeUnknown. If a later listing
	// has what the change was to bring about, it is OutcomeApplied; another program that
	// wanted the same may have done it in that case.
	Outcome Outcome

	// After is the webhook as the platform returned it, nil when it was deleted or
	// when the change is not known to be done.
	After *Webhook

	// Err is why the change was not done, or is not known to be. It is nil if the change
	// was not tried, because of an error elsewhere. If the response to the change shows
	// another state than was asked for, Err names the fields.
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
