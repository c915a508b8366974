package messagemedia

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The argument that no delivery is signed with a key that the store lacks, in any number
// of runs, whichever of them crashes where:
//
// Enabling. A key is enabled only by the run that created it, only after its
// PutSignatureKey has returned, and only within enableWithin of the start of the run. So
// every enabled key of ours was stored before a delivery was signed with it, and a key
// that is old and not enabled stays so.
//
// Deleting. A delivery may be verified until half an hour after it was signed, so a key
// may be deleted only if it was not enabled in that time. Replaced is the evidence. A run
// writes it to the enabled key before it enables its own; if no key is enabled, or one
// that is not stored, to all stored keys, since any of them may have been enabled a moment
// ago. Two runs that enable at once can miss each other's key, which then is a few
// minutes old and has no Replaced. So a rotation leaves keys alone that were created
// within keyGracePeriod, sets Replaced where an older key has none, and deletes keys
// whose Replaced is older than keyGracePeriod. Of that hour, up to 10 minutes are for the
// run and 30 for deliveries on their way. The rest is for clocks that differ and for
// requests that arrive late.
//
// Reading. A run lists the API's keys first and reads the store second. What the list
// shows as enabled was stored before, and what it shows as replaced has its Replaced.
//
// Crashing. After the creation, the key is in the list only: left behind. After its Put,
// it is stored and not enabled: a rotation sets Replaced, and a later one deletes it. After
// Replaced was written, its key is still enabled: the next run clears it. After the
// deletion at the API, the key is in the store only: the next rotation removes it.
const (
	enableWithin   = 5 * time.Minute
	keyGracePeriod = time.Hour
)

// ErrForeignSignatureKey is matched by the error of [Client.SyncSignatureKey] and
// [Client.RotateSignatureKey] if a signature key is enabled that the store does not have.
var ErrForeignSignatureKey = errors.New("a signature key is enabled that the store does not have")

// SyncSignatureKey ensures that a signature key is enabled whose public key is in the
// store. Call it when a receiver starts, in every instance:
//
//	result, err := client.SyncSignatureKey(ctx, store)
//
// If an enabled key is in the store, it changes nothing. If no key is enabled, it creates
// one, stores it, and then enables it. It works for any number of instances at once. A
// crash or an error after any step leaves deliveries verifiable, and a later call
// completes the work.
//
// An enabled key that the store does not have belongs to another program, or the store
// has lost it. If there is one, the error matches [ErrForeignSignatureKey] and nothing
// is changed, unless [TakeOverSignatureKey] is given.
//
// It deletes no key that was ever enabled; [Client.RotateSignatureKey] does. Keys of the
// account that are neither enabled nor in the store are reported in the result, and
// deleted if [DeleteKeysLeftBehind] is given.
//
// A receiver whose store has keys already need not fail if this does: it logs the error
// and starts. If the account does not have the feature, the error matches
// [ErrForbidden]. Deliveries can then be authenticated by a token: see
// webhook.HeaderToken.
//
// The result says what was done, also with an error, and is never nil.
func (c *Client) SyncSignatureKey(ctx context.Context, store SignatureKeyStore, options ...SignatureKeyOption) (*SignatureKeyResult, error) {
	return c.runKeys(ctx, "SyncSignatureKey", false, store, options)
}

// RotateSignatureKey does what [Client.SyncSignatureKey] does, and replaces the enabled
// key by a new one even if the store has it. Call it from a scheduled job, or by hand;
// no instance needs a restart:
//
//	result, err := client.RotateSignatureKey(ctx, store)
//
// The replaced key stays in the store, so that deliveries on their way can be verified.
// The next rotation deletes it, at the API and then in the store, if it was replaced
// more than an hour ago. If several rotations run at once, usually one of them is made,
// and the others return its key.
func (c *Client) RotateSignatureKey(ctx context.Context, store SignatureKeyStore, options ...SignatureKeyOption) (*SignatureKeyResult, error) {
	return c.runKeys(ctx, "RotateSignatureKey", true, store, options)
}

// keyRun is one call of SyncSignatureKey or RotateSignatureKey.
type keyRun struct {
	client *Client
	store  SignatureKeyStore
	rotate bool
	keySettings

	started time.Time // without the monotonic clock, which may stop while the machine is suspended
	state   *keyState // as read last
	own     string    // the ID of the key that this run created
	result  SignatureKeyResult
}

func (c *Client) runKeys(ctx context.Context, operation string, rotate bool, store SignatureKeyStore, options []SignatureKeyOption) (*SignatureKeyResult, error) {
	settings, err := newKeySettings(operation, store, options)
	if err != nil {
		return &SignatureKeyResult{}, err
	}
	r := &keyRun{client: c, store: store, rotate: rotate, keySettings: settings, started: time.Now().Round(0), state: &keyState{}}
	err = r.run(ctx)
	r.report()
	if errors.Is(err, ErrForbidden) {
		err = fmt.Errorf("%w; signature keys are a feature that most accounts do not have: without it, authenticate deliveries by a token, see webhook.HeaderToken", err)
	}
	if err != nil {
		err = fmt.Errorf("messagemedia: %s: %w", operation, err)
	}
	return &r.result, err
}

func (r *keyRun) run(ctx context.Context) error {
	if err := r.read(ctx); err != nil {
		return err
	}
	if err := r.checkForeign(); err != nil {
		return err
	}
	if !r.rotate && r.state.enabledIsStored() {
		return errors.Join(r.clearReplaced(ctx), r.deleteLeftBehind(ctx))
	}
	if err := r.replace(ctx); err != nil {
		return err
	}
	if r.rotate {
		if err := r.deleteReplaced(ctx); err != nil {
			return err
		}
	}
	return r.deleteLeftBehind(ctx)
}

// read takes a new look at the account and then at the store, in this order.
func (r *keyRun) read(ctx context.Context) error {
	state := &keyState{stored: make(map[string]StoredKey)}
	for key, err := range r.client.SignatureKeys(ctx) {
		if err != nil {
			return err
		}
		state.keys = append(state.keys, key)
		if key.Enabled {
			state.enabled = key
		}
	}
	stored, err := r.store.SignatureKeys(ctx)
	if err != nil {
		return fmt.Errorf("read the store: %w", err)
	}
	for _, key := range stored {
		state.stored[key.ID] = key
	}
	r.state, r.result.EnabledID = state, ""
	if state.enabled != nil {
		r.result.EnabledID = state.enabled.ID
	}
	return nil
}

func (r *keyRun) checkForeign() error {
	if r.takeOver || r.state.enabled == nil || r.state.enabledIsStored() {
		return nil
	}
	return fmt.Errorf("%w: %s; another program uses it, or the store has lost it; pass TakeOverSignatureKey to replace it",
		ErrForeignSignatureKey, r.state.enabled.ID)
}

// replace enables a new key. Between its creation and that, it looks once more whether
// another run was faster, so that several instances that start at once rarely enable
// more than one.
func (r *keyRun) replace(ctx context.Context) error {
	before := r.state.enabled
	key, err := r.create(ctx)
	if err != nil {
		return err
	}
	if err := r.put(ctx, key); err != nil {
		return r.discard(ctx, key, err)
	}
	if err := r.read(ctx); err != nil {
		return r.discard(ctx, key, err)
	}
	if r.state.enabledIsStored() && !sameKey(r.state.enabled, before) {
		return r.discard(ctx, key, nil)
	}
	if err := r.checkForeign(); err != nil {
		return r.discard(ctx, key, err)
	}
	if err := r.markReplaced(ctx); err != nil {
		return r.discard(ctx, key, err)
	}
	if err := r.enable(ctx, key); err != nil {
		return r.discard(ctx, key, err)
	}
	return nil
}

// create creates a key that can verify signatures.
func (r *keyRun) create(ctx context.Context) (StoredKey, error) {
	created, err := r.client.CreateSignatureKey(ctx, CreateSignatureKeyRequest{Digest: r.digest})
	if err != nil {
		r.record(KeyActionCreate, "", err)
		return StoredKey{}, err
	}
	r.own = created.ID
	r.record(KeyActionCreate, created.ID, nil)
	key := StoredKey{ID: created.ID, Digest: created.Digest, PublicKey: created.PublicKey, Created: time.Now().UTC().Truncate(time.Millisecond)}
	if err := checkPublicKey(key.PublicKey); err != nil {
		return StoredKey{}, r.discard(ctx, key, fmt.Errorf("created key %s: %w", key.ID, err))
	}
	return key, nil
}

func (r *keyRun) put(ctx context.Context, key StoredKey) error {
	if err := r.store.PutSignatureKey(ctx, key); err != nil {
		r.result.add(KeyActionStore, key.ID, OutcomeUnknown)
		return fmt.Errorf("store key %s: %w", key.ID, err)
	}
	r.result.add(KeyActionStore, key.ID, OutcomeApplied)
	return nil
}

// markReplaced writes down when the keys that may be enabled now are replaced.
func (r *keyRun) markReplaced(ctx context.Context) error {
	for _, id := range r.state.storedIDs() {
		if id != r.own && (!r.state.enabledIsStored() || id == r.state.enabled.ID) {
			if err := r.setReplaced(ctx, id, time.Now().UTC().Truncate(time.Millisecond)); err != nil {
				return err
			}
		}
	}
	return nil
}

// clearReplaced heals what a rotation left that did not come to enabling its key. A time
// that is recent may be that of a rotation at work.
func (r *keyRun) clearReplaced(ctx context.Context) error {
	key := r.state.stored[r.state.enabled.ID]
	if key.Replaced.IsZero() || time.Since(key.Replaced) < enableWithin {
		return nil
	}
	return r.setReplaced(ctx, key.ID, time.Time{})
}

func (r *keyRun) setReplaced(ctx context.Context, id string, at time.Time) error {
	key := r.state.stored[id]
	key.Replaced = at
	if err := r.store.PutSignatureKey(ctx, key); err != nil {
		return fmt.Errorf("store when key %s was replaced: %w", id, err)
	}
	r.state.stored[id] = key
	return nil
}

// enable enables the key, if the run has not taken so long that other runs may take the
// key for one of a run that crashed.
func (r *keyRun) enable(ctx context.Context, key StoredKey) error {
	if took := time.Now().Round(0).Sub(r.started); took > enableWithin {
		return fmt.Errorf("enable key %s: must begin within %v of the start of the call, got %v; call again", key.ID, enableWithin, took)
	}
	enabled, err := r.client.EnableSignatureKey(ctx, key.ID)
	if err == nil && enabled.ID != key.ID {
		err = fmt.Errorf("enable key %s: the response is about key %s: %w", key.ID, enabled.ID, ErrOutcomeUnknown)
	}
	r.record(KeyActionEnable, key.ID, err)
	if r.state.enabled != nil {
		r.record(KeyActionReplace, r.state.enabled.ID, err)
	}
	switch {
	case err == nil:
		r.result.EnabledID = key.ID
	case errors.Is(err, ErrOutcomeUnknown):
		r.result.EnabledID = ""
	}
	return err
}

// discard deletes the run's own key again, which no other run enables, so that a program
// that restarts does not create keys without end. It leaves the key if it may be enabled,
// or if the API is down, and returns the error that led to it.
func (r *keyRun) discard(ctx context.Context, key StoredKey, cause error) error {
	_, failed := errors.AsType[*transportError](cause)
	if failed || ctx.Err() != nil || errors.Is(cause, ErrServer) || errors.Is(cause, ErrRateLimited) || errors.Is(cause, ErrOutcomeUnknown) {
		return cause
	}
	if _, rejected := errors.AsType[*APIError](cause); rejected { // by the API, or by a proxy that knows nothing
		if err := r.read(ctx); err != nil || r.state.isEnabled(key.ID) {
			return errors.Join(cause, err)
		}
	}
	return errors.Join(cause, r.delete(ctx, key.ID))
}

// deleteReplaced deletes keys that were replaced more than an hour ago. A key of unknown
// history gets its hour from now on.
func (r *keyRun) deleteReplaced(ctx context.Context) error {
	for _, id := range r.state.storedIDs() {
		key := r.state.stored[id]
		if id == r.own || r.state.isEnabled(id) || time.Since(key.Created) < keyGracePeriod {
			continue
		}
		var err error
		switch {
		case key.Replaced.IsZero():
			err = r.setReplaced(ctx, id, time.Now().UTC().Truncate(time.Millisecond))
		case time.Since(key.Replaced) >= keyGracePeriod:
			err = r.delete(ctx, id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteLeftBehind deletes keys that the store does not have. A key that was created less
// than an hour ago, or at an unknown time, may be that of a run that is about to store it.
func (r *keyRun) deleteLeftBehind(ctx context.Context) error {
	if !r.leftBehind {
		return nil
	}
	for _, key := range r.state.keys {
		if r.state.isStored(key.ID) || key.Enabled || key.ID == r.own || key.Created.IsZero() || time.Since(key.Created) < keyGracePeriod {
			continue
		}
		if err := r.delete(ctx, key.ID); err != nil {
			return err
		}
	}
	return nil
}

// delete deletes a key at the API and then in the store. A 404 is no proof that the key
// is gone: it stays in the store until a list lacks it.
func (r *keyRun) delete(ctx context.Context, id string) error {
	if id == r.own || r.state.has(id) {
		err := r.client.DeleteSignatureKey(ctx, id)
		if errors.Is(err, ErrNotFound) && !errors.Is(err, ErrOutcomeUnknown) {
			return nil
		}
		r.record(KeyActionDelete, id, err)
		if err != nil {
			return err
		}
	}
	if !r.state.isStored(id) && id != r.own {
		return nil
	}
	if err := r.store.DeleteSignatureKey(ctx, id); err != nil {
		r.result.add(KeyActionRemove, id, OutcomeUnknown)
		return fmt.Errorf("remove key %s from the store: %w", id, err)
	}
	r.result.add(KeyActionRemove, id, OutcomeApplied)
	return nil
}

// record adds a step at the API to the result.
func (r *keyRun) record(action SignatureKeyAction, id string, err error) {
	switch {
	case err == nil:
		r.result.add(action, id, OutcomeApplied)
	case errors.Is(err, ErrOutcomeUnknown):
		r.result.add(action, id, OutcomeUnknown)
	default:
		r.result.add(action, id, OutcomeNotApplied)
	}
}
