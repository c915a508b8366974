package deduplicators

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// RedisDeduplicator keeps each handled key for the window, and the claim of a process
// that crashed until the deadline of its delivery.
type RedisDeduplicator struct {
	Client *redis.Client
	Window time.Duration // longer than the platform retries, such as 30 minutes
}

func (d *RedisDeduplicator) Do(ctx context.Context, key string, handle func(context.Context) error) (bool, error) {
	claim := rand.Text()
	if duplicate, err := d.claim(ctx, key, claim); duplicate || err != nil {
		return duplicate, err
	}
	handleErr := handle(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // the client may have disconnected
	defer cancel()
	if handleErr != nil {
		release.Run(ctx, d.Client, []string{key}, claim) // otherwise the claim expires
		return false, handleErr
	}
	return false, d.Client.Set(ctx, key, "done", d.Window).Err()
}

func (d *RedisDeduplicator) claim(ctx context.Context, key, claim string) (duplicate bool, err error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return false, fmt.Errorf("a claim of %s needs a deadline", key)
	}
	for time.Until(deadline) > time.Second {
		claimed, err := d.Client.SetNX(ctx, key, claim, time.Until(deadline)).Result()
		if claimed || err != nil {
			return false, err
		}
		switch value, err := d.Client.Get(ctx, key).Result(); {
		case value == "done":
			return true, nil
		case err != nil && err != redis.Nil:
			return false, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return false, webhook.ErrInProgress
}

// release deletes a claim, unless it expired and another call has claimed the key.
var release = redis.NewScript(`if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end`)
