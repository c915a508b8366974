// Package webhook is the receiving side of a webhook: it authenticates deliveries, parses
// them into typed events, calls a function of yours, and responds.
//
//	verifier, err := webhook.NewVerifier(webhook.HeaderToken("X-Webhook-Token", token))
//
// The platform sends the token if the webhook's Headers have it. The handler calls back
// with each delivery that the verifier accepts:
//
//	handler, err := webhook.NewHandler(verifier, func(ctx context.Context, d *webhook.Delivery) error {
//		switch event := d.Event.(type) {
//		case *webhook.ReceivedSMS:
//			fmt.Printf("%s texted %q\n", event.SourceNumber, event.Content)
//		case *webhook.DeliveryReport:
//			fmt.Printf("message %s: %s\n", event.MessageID, event.Status)
//		case *webhook.UnparsedEvent:
//			fmt.Println(event.Err)
//		}
//		return nil // only once it is stored: the platform will not send it again
//	})
//
// [Handler.HandleRaw] does the same without net/http, for functions-as-a-service and
// queues. [Verifier.Verify] only authenticates and parses, in any framework that has an
// *http.Request.
//
// # Authentication
//
// A [Scheme] says what a delivery must carry. Nothing is accepted without proof, and no
// option skips it.
//
//   - [HeaderToken]: a secret in a header, which the webhook's Headers set. It works for
//     every account.
//   - [QueryToken]: a secret in the URL. It is for what can't carry headers, such as a
//     message's own callback_url. URLs end up in access logs, traces and error reports:
//     keep them out, or treat those as secret.
//   - [Signed]: the platform's RSA signature. The account needs secure callbacks, which most
//     don't have, and an enabled signature key.
//   - [AllOf] those that you have, as defense in depth.
//   - [AnyOf] two of them, while one replaces the other: it is as strong as its weakest.
//
// Make a token with [crypto/rand.Text], and use one, or one key, for each account, each
// with a handler of its own: to tell tenants apart, go by the handler or by
// [Delivery.KeyID], never by the payload.
//
// A token proves that the caller knows it, and nothing about the body or its age. Who
// sees a delivery, such as a proxy that logs headers, can change it, and can send it
// again. The copy is handled once the deduplicator has forgotten the first. So don't serve
// it over plain HTTP.
//
// A signature proves that the platform sent this method, target, Date and body, for the
// account that the key belongs to, at the time of the Date. It does not prove more:
//
//   - The headers are not signed, the Date excepted. The digest that a header names is only
//     compared with the key's own, never used to choose an algorithm.
//   - The query is signed. The host is not: a delivery to one host of yours verifies at
//     another that has the same path and key.
//   - A signed delivery can be sent again by whoever saw it, until its Date is too old.
//     [WithDeduplicator] handles it once, if its payload has the platform's ID.
//
// Neither says who wrote the payload. The webhook's template does, and whoever can change
// that writes what they like, an account_id of somebody else included. The text of a
// message, the names of attachments and their types come from the sender: untrusted
// input. A webhook's URL should not have a variable that a sender types, such as
// $moContent: whether the platform escapes it there is not documented, and a target with
// a space is refused.
//
// # Rotating a token, and moving to signatures
//
// No delivery is lost if both ways are accepted in between:
//
//  1. Deploy a receiver that accepts both: HeaderToken(name, new, old), or
//     AnyOf(Signed(keys), HeaderToken(name, token)).
//  2. Change the platform's side by one call: UpdateWebhook with the new Headers, or with
//     the new URL of a QueryToken; SyncSignatureKey for signatures.
//  3. Watch the observer until the old way is no longer seen: [DeliveryOutcome] has the
//     Scheme of each delivery, "header:X-Webhook-Token#2" for the second token. A retry can
//     come 11 minutes later, with the URL and the headers of the first attempt perhaps.
//     A SignatureErr says that a delivery has a signature that was not accepted.
//  4. Deploy a receiver without the old way, and then remove the token from the webhook.
//
// The way back from signatures to a token is the same: accept both, update the webhook's
// Headers, and disable the signature key once all deliveries have the token.
//
// # Rotating keys
//
// Every instance ensures at its start that a key is enabled, and verifies with a store that
// all instances share:
//
//	store, err := messagemedia.NewFileKeyStore("signature-keys")
//
//	result, err := client.SyncSignatureKey(ctx, store)
//
//	verifier, err := webhook.NewVerifier(webhook.Signed(webhook.StoredKeys(store)))
//
// A scheduled job calls client.RotateSignatureKey(ctx, store). No delivery is refused
// meanwhile, and no instance needs a restart. With a [KeySet] instead, add the new key in
// every instance before you enable it, and remove the old one half an hour later, when
// no delivery that it signed can be on its way: the platform tries 6 times within some 11
// minutes at most (5 delays and 6 timeouts of a minute each), and the verifier accepts
// what is 15 minutes old.
//
// # Targets and proxies
//
// The target is authenticated as it arrived, every byte: r.RequestURI, whatever
// http.StripPrefix or a router made of the URL since. The HTTP version makes no
// difference, and forwarded headers are never read. If a proxy rewrites the path,
// [WithPublicURL], [WithStrippedPrefix] or [WithTarget] says what the platform called. If a
// gateway sets Date itself, [WithDateHeader] says where the platform's is. An
// http.ServeMux redirects paths with double slashes or dots before any handler sees them.
// [WithSignedText] shows the observer what was verified, to find out why a signature is
// wrong.
//
// # Time and memory
//
// Each delivery has 15 seconds, [WithTimeout], from its header to the response. One context
// goes to all functions of yours: they must return when it ends. Up to 5 seconds of it are
// for the KeySource, the body and waiting for a turn; the deduplicator and the callback
// have the rest. At most 64 callbacks run at once, and bodies share 64 MiB, beyond 64 KiB
// of each. A delivery waits for either, since the platform by default never retries what is
// rejected.
//
// # Duplicates
//
// The platform sends a delivery again if no response reached it, so every receiver sees
// duplicates. [Delivery.DedupeKey] identifies them, and a [Deduplicator] handles each
// delivery once. [MemoryDeduplicator] is for one process. This one is for all instances
// over one SQL database. A callback that writes its effect with [database/sql.Tx] of its
// context has it exactly once; a concurrent duplicate waits for the row; a process that
// dies leaves nothing:
//
//	// SQLDeduplicator keeps the keys in a table:
//	//
//	//	CREATE TABLE handled_deliveries (dedupe_key VARCHAR(66) PRIMARY KEY)
//	type SQLDeduplicator struct{ DB *sql.DB }
//
//	func (d *SQLDeduplicator) Do(ctx context.Context, key string, handle func(context.Context) error) (bool, error) {
//		tx, err := d.DB.BeginTx(ctx, nil)
//		if err != nil {
//			return false, err
//		}
//		defer tx.Rollback() // no effect after Commit
//		inserted, err := tx.ExecContext(ctx, "INSERT INTO handled_deliveries (dedupe_key) VALUES ($1) ON CONFLICT DO NOTHING", key)
//		if err != nil {
//			return false, err
//		}
//		if rows, err := inserted.RowsAffected(); err != nil || rows == 0 {
//			return err == nil, err
//		}
//		if err := handle(context.WithValue(ctx, txKey{}, tx)); err != nil {
//			return false, err
//		}
//		return false, tx.Commit()
//	}
//
//	type txKey struct{}
//
//	// TxFrom returns the transaction in which the callback writes its effect.
//	func TxFrom(ctx context.Context) *sql.Tx {
//		tx, _ := ctx.Value(txKey{}).(*sql.Tx)
//		return tx
//	}
//
// Over Redis, here with github.com/redis/go-redis, the effect itself must be idempotent: a
// process that dies after the callback leaves a claim that expires, and a retry is handled
// again. A claim lasts until the deadline of its delivery, so a callback that obeys its
// context never runs beside another:
//
//	// RedisDeduplicator keeps each key for the window, and the claim of a process that died
//	// until the deadline of its delivery.
//	type RedisDeduplicator struct {
//		Client *redis.Client
//		Window time.Duration // longer than the platform retries, such as 30 minutes
//	}
//
//	func (d *RedisDeduplicator) Do(ctx context.Context, key string, handle func(context.Context) error) (bool, error) {
//		claim := rand.Text()
//		if duplicate, err := d.claim(ctx, key, claim); duplicate || err != nil {
//			return duplicate, err
//		}
//		handleErr := handle(ctx)
//		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // the client may have disconnected
//		defer cancel()
//		if handleErr != nil {
//			release.Run(ctx, d.Client, []string{key}, claim) // otherwise the claim expires
//			return false, handleErr
//		}
//		return false, d.Client.Set(ctx, key, "done", d.Window).Err()
//	}
//
//	func (d *RedisDeduplicator) claim(ctx context.Context, key, claim string) (duplicate bool, err error) {
//		deadline, ok := ctx.Deadline()
//		if !ok {
//			return false, fmt.Errorf("a claim of %s needs a deadline", key)
//		}
//		for time.Until(deadline) > time.Second {
//			claimed, err := d.Client.SetNX(ctx, key, claim, time.Until(deadline)).Result()
//			if claimed || err != nil {
//				return false, err
//			}
//			switch value, err := d.Client.Get(ctx, key).Result(); {
//			case value == "done":
//				return true, nil
//			case err != nil && err != redis.Nil:
//				return false, err
//			}
//			select {
//			case <-time.After(50 * time.Millisecond):
//			case <-ctx.Done():
//			}
//		}
//		return false, webhook.ErrInProgress
//	}
//
//	// release deletes a claim, unless it expired and the key is another's.
//	var release = redis.NewScript(`if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end`)
//
// # What is lost
//
// The platform gives up after the webhook's Retries: 6 attempts at most, and at the default
// of 0 there is one. What happened while a receiver was down for longer has to be fetched
// from the Messages API, whose replies and delivery reports wait until they are confirmed:
// compare the IDs with what you stored.
//
// # What was not checked
//
// This package was written after the vendor's public documentation, and has not received
// deliveries of the real platform. In particular, the signature's padding (PKCS #1 v1.5)
// is that of the vendor's samples, and that a retry carries a Date of its own is an
// assumption. On which days the Date has a day of one digit is not known; both forms are
// accepted.
package webhook
