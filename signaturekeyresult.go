package messagemedia

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// SignatureKeyAction is the action of a [SignatureKeyStep].
type SignatureKeyAction string

// The actions of [Client.SyncSignatureKey] and [Client.RotateSignatureKey].
const (
	KeyActionCreate  SignatureKeyAction = "create"  // at the API
	KeyActionStore   SignatureKeyAction = "store"   // in the store
	KeyActionEnable  SignatureKeyAction = "enable"  // at the API
	KeyActionReplace SignatureKeyAction = "replace" // at the API, by enabling another key
	KeyActionDelete  SignatureKeyAction = "delete"  // at the API
	KeyActionRemove  SignatureKeyAction = "remove"  // from the store
)

// SignatureKeyStep is an attempted step with its outcome.
type SignatureKeyStep struct {
	Action SignatureKeyAction `json:"action"`

	// KeyID is the ID of the key. If a creation returned none, it is empty.
	KeyID string `json:"key_id,omitzero"`

	// Outcome is the outcome of the step. After a lost response or an error of the store,
	// it is OutcomeUnknown.
	Outcome Outcome `json:"outcome"`
}

// SignatureKeyResult is the result of [Client.SyncSignatureKey] or
// [Client.RotateSignatureKey]. Printed, it has a line for each step and for each remaining
// key, and a line with the enabled key.
type SignatureKeyResult struct {
	// EnabledID is the ID of the enabled key, as the API returned it last. If no key is
	// enabled, or if that is unknown, it is empty.
	EnabledID string `json:"enabled_id,omitzero"`

	// Steps are the attempted steps, in order. There are none if nothing had to be done, or
	// if an error came first.
	Steps []SignatureKeyStep `json:"steps,omitzero"`

	// Kept are the stored keys other than EnabledID. Deliveries that were signed with them
	// may still arrive. Rotations delete them.
	Kept []StoredKey `json:"kept,omitzero"`

	// LeftBehind are the keys of the account other than EnabledID that the store lacks.
	// Another instance may be about to store a recently created one.
	LeftBehind []*SignatureKey `json:"left_behind,omitzero"`
}

func (r *SignatureKeyResult) add(action SignatureKeyAction, id string, outcome Outcome) {
	r.Steps = append(r.Steps, SignatureKeyStep{Action: action, KeyID: id, Outcome: outcome})
}

// applied reports whether a step was applied to a key.
func (r *SignatureKeyResult) applied(action SignatureKeyAction, id string) bool {
	return slices.Contains(r.Steps, SignatureKeyStep{Action: action, KeyID: id, Outcome: OutcomeApplied})
}

// report adds the remaining keys to the result.
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

// String returns a line for each step and for each remaining key, and a line with the
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

// String returns the step's line in a result. It contains the outcome unless that is
// OutcomeApplied.
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
