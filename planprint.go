package messagemedia

import (
	"fmt"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/internal/redact"
)

// This file prints plans and results, without header values and without the parts of a URL
// that may be tokens.

// String returns a line for each change and a summary. An unchanged webhook has a line only
// if the platform spells it differently than the request.
func (p Plan) String() string {
	var s strings.Builder
	for _, change := range p.Changes {
		if change.Action != ActionNone || len(change.Differences) > 0 {
			s.WriteString(change.String() + "\n")
		}
	}
	fmt.Fprintf(&s, "Plan: %d to create, %d to update, %d to replace, %d to delete, %d unchanged.",
		count(p.Changes, ActionCreate), count(p.Changes, ActionUpdate), count(p.Changes, ActionReplace), count(p.Changes, ActionDelete), count(p.Changes, ActionNone))
	return s.String()
}

// MarshalJSON returns {"changes": […]}, including unchanged webhooks.
func (p Plan) MarshalJSON() ([]byte, error) {
	type plan Plan
	if p.Changes == nil {
		p.Changes = []Change{}
	}
	return encodeJSON(plan(p))
}

// String returns the change's line in a plan.
func (c Change) String() string {
	symbol, verb := c.Action.label()
	s := fmt.Sprintf("%3s %-7s %v", symbol, verb, c.webhookKey())
	if len(c.Fields) > 0 {
		s += " (" + strings.Join(c.Fields, ", ") + ")"
	}
	if len(c.Differences) > 0 {
		s += " [spelled otherwise: " + strings.Join(c.Differences, ", ") + "]"
	}
	return s
}

// Format prints the plan for every verb, without tokens.
func (p Plan) Format(state fmt.State, verb rune) { redact.Format(state, verb, p.String()) }

// Format prints the change for every verb, without tokens.
func (c Change) Format(state fmt.State, verb rune) { redact.Format(state, verb, c.String()) }

// label returns the symbol and the verb of an action in a plan.
func (a Action) label() (symbol, verb string) {
	switch a {
	case ActionCreate:
		return "+", "create"
	case ActionUpdate:
		return "~", "update"
	case ActionReplace:
		return "-/+", "replace"
	case ActionDelete:
		return "-", "delete"
	case ActionNone:
		return "=", "unchanged"
	}
	return "?", string(a)
}

// changeJSON is a change without header values and tokens of the URL.
type changeJSON struct {
	Action Action   `json:"action"`
	Method string   `json:"method"`
	URL    string   `json:"url"`
	ID     string   `json:"id,omitzero"`
	Fields []string `json:"fields,omitempty"`

	Differences []string `json:"differences,omitempty"`
}

func (c Change) json() changeJSON {
	key := c.key()
	return changeJSON{c.Action, key.identity.method, redact.URL(key.identity.url), key.id, c.Fields, c.Differences}
}

// MarshalJSON returns an object with the action, method, URL, ID, fields and differences.
func (c Change) MarshalJSON() ([]byte, error) { return encodeJSON(c.json()) }

// String returns the method and the URL without tokens.
func (k webhookKey) String() string {
	return redact.Line(k.method+" "+redact.URL(k.url), maxKeyText)
}

// maxKeyText is longer than the longest method and URL.
const maxKeyText = 8 << 10

// String returns a line for each change and a summary. An unchanged webhook has a line only
// if the platform spells it differently than the request.
func (r SyncResult) String() string {
	var s strings.Builder
	var done []Change
	outcomes := make(map[Outcome]int)
	for _, change := range r.Changes {
		outcomes[change.Outcome]++
		if change.Outcome == OutcomeApplied {
			done = append(done, change.Change)
		}
		if change.Action != ActionNone || len(change.Differences) > 0 {
			s.WriteString(change.String() + "\n")
		}
	}
	fmt.Fprintf(&s, "Sync: %d created, %d updated, %d replaced, %d deleted, %d unchanged, %d not applied, %d unknown.",
		count(done, ActionCreate), count(done, ActionUpdate), count(done, ActionReplace), count(done, ActionDelete), count(done, ActionNone),
		outcomes[OutcomeNotApplied], outcomes[OutcomeUnknown])
	return s.String()
}

// MarshalJSON returns {"changes": […]}, including unchanged webhooks.
func (r SyncResult) MarshalJSON() ([]byte, error) {
	type result SyncResult
	if r.Changes == nil {
		r.Changes = []ChangeResult{}
	}
	return encodeJSON(result(r))
}

// String returns the change's line in a result.
func (r ChangeResult) String() string {
	return fmt.Sprintf("%v: %s", r.Change, r.Outcome)
}

// Format prints the result for every verb, without tokens.
func (r SyncResult) Format(state fmt.State, verb rune) { redact.Format(state, verb, r.String()) }

// Format prints the change for every verb, without tokens.
func (r ChangeResult) Format(state fmt.State, verb rune) { redact.Format(state, verb, r.String()) }

// Format prints the text of Error for every verb.
func (e ReplaceError) Format(state fmt.State, verb rune) { redact.Format(state, verb, e.Error()) }

// MarshalJSON returns an object with the action, method, URL, ID, fields, differences,
// outcome and error.
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
