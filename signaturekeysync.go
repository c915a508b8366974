package messagemedia

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// This is the argument that the store has the key of every signed delivery, even if several
// runs are concurrent and any of them crashes at any point.
//
// Enabling. Only the run that created a key enables it. It does so only after
// PutSignatureKey has returned, and within enableWithin of the start of the run. Therefore
// every enabled key was stored before a delivery was signed with it, and an older key that
// is not enabled is never enabled later.
//
// Deleting. A delivery may be verified for half an hour after it was signed. A key may be
// deleted only if it was not enabled during that time, which Replaced shows. A run sets
// Replaced of the enabled key before it enables its own. If no key is enabled, or one that
// is not stored, it sets Replaced of all stored keys, since any of them may have been
// enabled a moment ago. Two concurrent runs can miss each other's key, which then is a few
// minutes old and has no Replaced. Therefore a rotation keeps keys that were created within
// keyGracePeriod, sets Replaced of an older key that has none, and deletes keys whose
// Replaced is older than keyGracePeriod. Of that hour, up to 10 minutes are for the run and
// 30 for the deliveries. The rest is for clock skew and late requests.
//
// Reading. A run lists the API's keys first and reads the store second. A key that the list
// shows as enabled was stored before. A key that was replaced before has its Replaced.
//
// Crashing. After the creation, the key is only at the API: it is left behind. After its
// Put, it is stored and not enabled: a rotation sets Replaced and a later one deletes it.
// After Replaced was set, the key is still enabled: the next run clears Replaced. After the
// deletion at the API, the key is only in the store: the next rotation removes it.
const (
	enableWithin   = 5 * time.Minute
	keyGracePeriod = time.Hour
)

// ErrForeignSignatureKey means that the enabled signature key is not in the store.
// [Client.SyncSignatureKey] and [Client.RotateSignatureKey] return errors that match it.
var ErrForeignSignatureKey = errors.New("a signature key is enabled that the store does not have")

// SyncSignatureKey ensures that a signature key is enabled whose public key is in the
// store. Call it when a receiver starts, in every instance:
//
//	result, err := client.SyncSignatureKey(ctx, store)
//
// If the enabled key is in the store, the key stays enabled. If no key is enabled, the call
// creates a key, stores it, and then enables it. Any number of instances may call it
// concurrently. After a crash or an error at any step, deliveries can still be verified, and
// a later call completes the work.
//
// If the store lacks the enabled key, another program uses it or the store has lost it. The
// error then matches [ErrForeignSignatureKey] and nothing is changed, unless
// [TakeOverSignatureKey] is given.
//
// SyncSignatureKey deletes no key that was ever enabled; [Client.RotateSignatureKey] does.
// The result reports keys of the account that are neither enabled nor in the store. If
// [DeleteKeysLeftBehind] is given, old ones are deleted.
//
// If the call fails and the store already has keys, a receiver can log the error and start.
// If the store has none, a receiver that accepts only signatures must not start, since it
// would reject every delivery. If the account does not have the feature, the error matches [ErrForbidden]. Authenticate
// deliveries by a token in that case: see webhook.HeaderToken.
//
// The result contains every attempted step, even with an error, and is never nil.
func (c *Client) SyncSignatureKey(ctx context.Context, store SignatureKeyStore, options ...SignatureKeyOption) (*SignatureKeyResult, error) {
	return c.runKeys(ctx, "SyncSignatureKey", false, store, options)
}

// RotateSignatureKey does the same as [Client.SyncSignatureKey], but replaces the enabled
// key by a new one even if the store has it. Call it from a scheduled job or by hand. No
// instance needs a restart:
//
//	result, err := client.RotateSignatureKey(ctx, store)
//
// The replaced key stays in the store, so that deliveries signed with it can be verified.
// The next rotation deletes it, at the API and then in the store, if it was replaced more
// than an hour ago. If several rotations run concurrently, usually only one of them replaces
// the key, and the others return the new key.
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
	state   *keyState // as last read
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
		err = fmt.Errorf("%w; most accounts do not have the feature of signature keys; authenticate deliveries by a token, see webhook.HeaderToken", err)
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

// read lists the keys of the account and then reads the store, in this order.
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

// replace creates and enables a new key. In between, it checks whether another run has
// enabled a key, so that several instances that start at once rarely enable more than one.
func (r *keyRun) replace(ctx context.Context) error {
	before := r.state
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
	if r.state.enabledIsStored() && !before.isEnabled(r.state.enabled.ID) {
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

// create creates a key, and discards it if its public key cannot verify signatures.
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

// markReplaced sets Replaced of the stored keys that may be enabled now.
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

// clearReplaced clears Replaced of the enabled key, which is set if a rotation did not
// enable its own key. A recent time may belong to a rotation in progress.
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

// enable enables the key within enableWithin of the start of the run. Later, other runs may
// assume that this run has crashed.
func (r *keyRun) enable(ctx context.Context, key StoredKey) error {
	if took := time.Now().Round(0).Sub(r.started); took > enableWithin {
		return fmt.Errorf("enable key %s: must begin within %v of the start of the call, got %v; call again", key.ID, enableWithin, took)
	}
	enabled, err := r.client.EnableSignatureKey(ctx, key.ID)
	if err == nil && enabled.ID != key.ID {
		err = fmt.Errorf("enable key %s: the response contains key %s: %w", key.ID, enabled.ID, ErrOutcomeUnknown)
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

// discard deletes the run's own key, which no other run enables. Otherwise a program that
// keeps restarting would create ever more keys. It keeps the key if that may be enabled or
// if the API is down. It returns cause, joined with its own error.
func (r *keyRun) discard(ctx context.Context, key StoredKey, cause error) error {
	_, failed := errors.AsType[*transportError](cause)
	if failed || ctx.Err() != nil || errors.Is(cause, ErrServer) || errors.Is(cause, ErrRateLimited) || errors.Is(cause, ErrOutcomeUnknown) {
		return cause
	}
	if _, rejected := errors.AsType[*APIError](cause); rejected { // by the API or by a proxy
		if err := r.read(ctx); err != nil || r.state.isEnabled(key.ID) {
			return errors.Join(cause, err)
		}
	}
	return errors.Join(cause, r.delete(ctx, key.ID))
}

// deleteReplaced deletes keys that were replaced more than an hour ago. For a key without
// Replaced, the hour starts now.
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

// deleteLeftBehind deletes keys that the store lacks. It keeps a key that was created less
// than an hour ago or at an unknown time, since another run may be about to store it.
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

// delete deletes a key at the API and then in the store. A 404 does not prove that the key
// is deleted, so it stays in the store until a list lacks it.
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
