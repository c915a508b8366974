package messagemedia

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// SignatureKeyAction is what a [SignatureKeyStep] does with a signature key.
type SignatureKeyAction string

// The actions of [Client.SyncSignatureKey] and [Client.RotateSignatureKey].
const (
	KeyActionCreate  SignatureKeyAction = "create"  // at the API
	KeyActionStore   SignatureKeyAction = "store"   // put into the store
	KeyActionEnable  SignatureKeyAction = "enable"  // have deliveries signed with it
	KeyActionReplace SignatureKeyAction = "replace" // have deliveries signed with another
	KeyActionDelete  SignatureKeyAction = "delete"  // at the API
	KeyActionRemove  SignatureKeyAction = "remove"  // from the store
)

// SignatureKeyStep is one step that was tried, and what became of it.
type SignatureKeyStep struct {
	Action SignatureKeyAction `json:"action"`

	// KeyID is the ID of the key. It is empty for a creation that did not return one.
	KeyID string `json:"key_id,omitzero"`

	// Outcome is what became of the step. It is unknown after a lost response, and
	// after an error of the store.
	Outcome Outcome `json:"outcome"`
}

// SignatureKeyResult is what [Client.SyncSignatureKey] or [Client.RotateSignatureKey]
// did. Printed, it has a line for each step and each key that remains, and one that
// names the enabled key.
type SignatureKeyResult struct {
	// EnabledID is the ID of the enabled key, as the API said last. It is empty if none
	// is, or if that is not known.
	EnabledID string `json:"enabled_id,omitzero"`

	// Steps are in the order in which they were tried. A result without steps means that
	// nothing was to be done, or could be.
	Steps []SignatureKeyStep `json:"steps,omitzero"`

	// Kept are stored keys other than EnabledID, for deliveries that are on their way.
	// Rotations delete them.
	Kept []StoredKey `json:"kept,omitzero"`

	// LeftBehind are keys of the account other than EnabledID that the store does not have.
	// One that was created a moment ago can be another instance's that is about to store it.
	LeftBehind []*SignatureKey `json:"left_behind,omitzero"`
}

func (r *SignatureKeyResult) add(action SignatureKeyAction, id string, outcome Outcome) {
	r.Steps = append(r.Steps, SignatureKeyStep{Action: action, KeyID: id, Outcome: outcome})
}

// applied reports whether a step was applied to a key.
func (r *SignatureKeyResult) applied(action SignatureKeyAction, id string) bool {
	return slices.Contains(r.Steps, SignatureKeyStep{Action: action, KeyID: id, Outcome: OutcomeApplied})
}

// report completes the result with the keys that remain.
func (r *keyRun) report() {
	for id, key := range r.state.stored {
		if id != r.result.EnabledID && !r.result.applied(KeyActionRemove, id) {
			r.result.Kept = append(r.result.Kept, key)
		}
	}
	slices.SortFunc(r.result.Kept, func(a, b StoredKey) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	for _, key := range r.state.keys {
		if !r.state.isStored(key.ID) && key.ID != r.own && key.ID != r.result.EnabledID && !r.result.applied(KeyActionDelete, key.ID) {
			r.result.LeftBehind = append(r.result.LeftBehind, key)
		}
	}
}

// String has a line for each step and each key that remains, and one that names the
// enabled key.
func (r SignatureKeyResult) String() string {
	var s strings.Builder
	for _, step := range r.Steps {
		s.WriteString(step.String() + "\n")
	}
	for _, key := range r.Kept {
		fmt.Fprintf(&s, "    kept in the store: %s%s%s\n", key.ID, on(", created ", key.Created), on(", replaced ", key.Replaced))
	}
	for _, key := range r.LeftBehind {
		fmt.Fprintf(&s, "  ! left behind: %s%s, not in the store\n", key.ID, on(", created ", key.Created))
	}
	if r.EnabledID == "" {
		s.WriteString("Signature key: none is known to be enabled.")
	} else {
		fmt.Fprintf(&s, "Signature key: %s is enabled.", r.EnabledID)
	}
	return s.String()
}

// String is the step's line in a result, with its outcome unless it is applied.
func (s SignatureKeyStep) String() string {
	sign := map[SignatureKeyAction]string{KeyActionCreate: "+", KeyActionStore: "+", KeyActionDelete: "-", KeyActionRemove: "-"}[s.Action]
	line := fmt.Sprintf("  %s %-7s %s", cmp.Or(sign, "~"), s.Action, cmp.Or(s.KeyID, "a key"))
	if s.Outcome != OutcomeApplied {
		line += ": " + string(s.Outcome)
	}
	return line
}

func on(label string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return label + at.UTC().Format(time.RFC3339)
}
