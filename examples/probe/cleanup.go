package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// cleanUp deletes everything that this run created, even if the response was lost. Its error
// names what may remain. It returns nil only if a list confirms that nothing remains.
func (p *probe) cleanUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	p.stopReceiving()
	return errors.Join(p.deleteWebhooks(ctx), p.deleteKeys(ctx))
}

func (p *probe) deleteWebhooks(ctx context.Context) error {
	remaining, err := p.remaining(ctx)
	if err != nil {
		remaining = p.webhooks // delete at least the known ones
	}
	for _, id := range remaining {
		if err := p.basic.DeleteWebhook(ctx, id); err != nil && !errors.Is(err, messagemedia.ErrNotFound) {
			fmt.Fprintln(p.log, "probe:", p.redact(err.Error()))
		}
	}
	remaining, err = p.remaining(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("webhooks whose URL contains %s may remain, delete them: %w", p.marker, err)
	case len(remaining) > 0:
		return fmt.Errorf("webhooks of this run remain, delete them: %s", strings.Join(remaining, ", "))
	}
	return nil
}

// remaining returns the IDs of this run's webhooks in the account: those with its marker, and
// those that it created.
func (p *probe) remaining(ctx context.Context) (ids []string, err error) {
	for webhook, err := range p.basic.Webhooks(ctx) {
		if err != nil {
			return nil, err
		}
		if strings.Contains(webhook.URL, p.marker) || slices.Contains(p.webhooks, webhook.ID) {
			ids = append(ids, webhook.ID)
		}
	}
	return ids, nil
}

// deleteKeys deletes the keys that this run created. If the response to a creation was lost, the
// key can't be told from another program's, because keys have no names. Then deleteKeys reports
// it instead.
func (p *probe) deleteKeys(ctx context.Context) error {
	k := &p.keyRun
	for _, id := range k.created {
		if err := p.deleteKey(ctx, id); err != nil && !errors.Is(err, messagemedia.ErrNotFound) {
			return fmt.Errorf("the signature key %s of this run remains, delete it: %w", id, err)
		}
	}
	if !k.lost {
		return nil
	}
	keys, err := p.allKeys(ctx)
	if err != nil {
		return fmt.Errorf("a signature key may remain, because the response to its creation was lost: %w", err)
	}
	var added []string
	for _, key := range keys {
		if !slices.Contains(k.before, key.ID) && !slices.Contains(k.created, key.ID) {
			added = append(added, fmt.Sprintf("%s of %s", key.ID, key.Created.Format(time.RFC3339)))
		}
	}
	if len(added) > 0 {
		return fmt.Errorf("a signature key was created during this run; unless another program created it, delete it: %s", strings.Join(added, ", "))
	}
	return nil
}

// deleteKey disables the key only if the API does not delete it otherwise. It first checks that
// the key is the enabled one, because the API disables whichever key is enabled.
func (p *probe) deleteKey(ctx context.Context, id string) error {
	err := p.basic.DeleteSignatureKey(ctx, id)
	if err == nil || errors.Is(err, messagemedia.ErrNotFound) {
		return err
	}
	enabled, lookUpErr := p.basic.GetEnabledSignatureKey(ctx)
	if lookUpErr != nil || enabled.ID != id {
		return err
	}
	if err := p.basic.DisableSignatureKey(ctx); err != nil {
		return err
	}
	return p.basic.DeleteSignatureKey(ctx, id)
}
