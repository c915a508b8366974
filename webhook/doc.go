// Package webhook receives the deliveries of webhooks: it authenticates them, parses them
// into typed events, calls your callback, and responds.
//
//	verifier, err := webhook.NewVerifier(webhook.HeaderToken("X-Webhook-Token", token))
//
// The platform sends the token if the webhook's Headers contain it. The handler calls the
// callback with each delivery that the verifier accepts:
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
//		return nil // only once the event is stored: the platform will not send it again
//	})
//
// [Handler.HandleRaw] does the same without net/http, for functions as a service and
// queues. [Verifier.Verify] only authenticates and parses, for a framework that has an
// *http.Request and responds itself.
//
// # Authentication
//
// A [Scheme] defines how a delivery proves that the platform sent it. Every delivery needs
// a proof. No option turns that off.
//
//   - [HeaderToken] accepts a secret in a header, which the webhook's Headers set. Every
//     account can use it.
//   - [QueryToken] accepts a secret in the query of the URL. It is for deliveries without
//     headers of your own, such as those to a message's callback_url. URLs appear in access
//     logs, traces and error reports: remove the token there, or keep them secret.
//   - [Signed] accepts the platform's RSA signature. The account needs secure callbacks, a
//     paid feature that most accounts lack, and an enabled signature key.
//   - [AllOf] requires the proof of every one of several schemes, as defense in depth.
//   - [AnyOf] requires the proof of one of several schemes, while one replaces another. It
//     is only as strong as the weakest.
//
// Create a token with [crypto/rand.Text]. To tell tenants apart, give each its own token or
// key and its own handler, or compare [Delivery.KeyID]. The payload proves nothing about
// the tenant.
//
// A token proves that the caller knows it. It proves nothing about the body or its age.
// Anyone who sees a delivery, for example in a proxy's log of headers, can change it and
// replay it. Use HTTPS only.
//
// A signature proves that the platform sent this method, target, Date and body, at the time
// of the Date, for the account of the key. It has these limits:
//
//   - Except for the Date, headers are not signed. The handler compares the digest that a
//     header names with the key's digest. It never selects an algorithm by a header.
//   - The query is signed, but the host is not: a delivery to one of your hosts is also valid
//     at another host with the same path and key.
//   - Anyone who sees a signed delivery can replay it until its Date is too old. With
//     [WithDeduplicator], the callback runs only once, if the payload contains the
//     platform's ID of the event.
//
// No scheme proves who wrote the payload. Anyone who can change the webhook's template can
// send any payload, including another account's account_id. The sender of an inbound message
// chooses its text and the names and types of its attachments: treat them as untrusted
// input. Keep variables that a sender controls, such as $moContent, out of a webhook's URL.
// The platform does not document whether it escapes them there, and this package rejects a
// target that contains a space.
//
// # Rotating a token, and moving to signatures
//
// To lose no delivery, accept both credentials during the change:
//
//  1. Deploy a receiver that accepts both: HeaderToken(name, new, old), or
//     AnyOf(Signed(keys), HeaderToken(name, token)).
//  2. Change the platform by one call: UpdateWebhook with the new Headers, or with the new
//     URL of a QueryToken; SyncSignatureKey for signatures. Signed deliveries still have the
//     webhook's Headers, so an instance that only knows the token accepts them.
//  3. Watch the observer until no delivery uses the old credential. The Scheme of a
//     [DeliveryOutcome] names the credential, such as "header:X-Webhook-Token#2" for the
//     second token. A retry can arrive 10 minutes after the first attempt, possibly with its
//     URL and headers. SignatureErr is set if a delivery has a signature that was not
//     accepted.
//  4. Deploy a receiver that accepts only the new credential. Then remove an old token from
//     the webhook.
//
// To return from signatures to a token, accept both, update the webhook's Headers, and
// disable the signature key once every delivery has the token.
//
// # Rotating keys
//
// At its start, every instance ensures that a key is enabled. It verifies deliveries with
// the keys of a store that all instances share:
//
//	store, err := messagemedia.NewFileKeyStore("signature-keys")
//
//	result, err := client.SyncSignatureKey(ctx, store)
//
//	verifier, err := webhook.NewVerifier(webhook.Signed(webhook.StoredKeys(store)))
//
// A scheduled job calls client.RotateSignatureKey(ctx, store). During a rotation, the
// verifier accepts every delivery that the platform signs, and no instance needs a restart.
//
// With a [KeySet], you rotate keys yourself. Add the new key in every instance before you
// enable it. Remove the old key half an hour later: a delivery is retried for at most 11
// minutes (5 delays and 6 timeouts of at most a minute each), and the verifier accepts a
// Date that is at most 15 minutes old.
//
// # Targets and proxies
//
// The verifier authenticates every byte of the target as received: r.RequestURI, not the URL
// that http.StripPrefix or a router changed. It ignores the HTTP version and forwarded
// headers. If a proxy rewrites the path, use [WithPublicURL], [WithStrippedPrefix] or
// [WithTarget] to restore the target that the platform called. If a gateway replaces the
// Date, use [WithDateHeader] to read the platform's Date from another header. An
// http.ServeMux redirects a path with double slashes or dots, or without the trailing slash of
// its pattern, before any handler sees it. The platform's reaction to a redirect is not
// documented. To debug a bad signature, [WithSignedText] gives the observer the text that was verified.
//
// # Time and memory
//
// A delivery may take 15 seconds from its header to the response ([WithTimeout]). Your
// functions get a context that ends then, and must return when it ends. The KeySource, the
// body and the wait for a turn may use the first 5 seconds; the deduplicator and the callback
// have the rest. At most 64 callbacks run at once ([WithMaxConcurrent]). A body has at most
// 8 MiB ([WithMaxBodyBytes]). Its first 64 KiB are always available; beyond them, all bodies
// share 64 MiB. If all turns or all memory are in use, a delivery waits, because by default
// the platform does not retry a delivery that was not acknowledged.
//
// # Duplicates
//
// If the response to an attempt does not reach the platform, the platform may retry a
// delivery that you have handled. So every receiver gets duplicates. [Delivery.DedupeKey]
// identifies them, and a [Deduplicator] handles each delivery once. [MemoryDeduplicator]
// works within one process.
//
// The following deduplicator works for all instances that share an SQL database. If the
// callback writes its effect in the transaction of its context, the effect happens exactly
// once. A concurrent duplicate waits for the row. If a process crashes, the database rolls
// back its transaction:
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
// With Redis, here through github.com/redis/go-redis, the effect itself must be idempotent:
// if a process crashes after the callback, its claim expires and a retry is handled again. A
// claim lasts until the deadline of its delivery. So two callbacks for one key never run at
// once, provided that each returns when its context ends:
//
//	// RedisDeduplicator keeps each handled key for the window, and the claim of a process
//	// that crashed until the deadline of its delivery.
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
//	// release deletes a claim, unless it expired and another call has claimed the key.
//	var release = redis.NewScript(`if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end`)
//
// # Lost deliveries
//
// The platform makes at most 6 attempts, depending on the webhook's Retries. By default it
// makes one. If a receiver is down for longer, fetch the events that it missed from the
// Messages API, which keeps replies and delivery reports for 45 days until they are
// confirmed. Compare their IDs with those that you stored.
//
// # Assumptions
//
// This package has not received deliveries of the real platform. The root package lists the
// [assumptions] about signatures, dates and retries, and what examples/probe checks.
//
// [assumptions]: https://pkg.go.dev/github.com/messagemedia/webhooks-go-sdk#hdr-Assumptions
package webhook
