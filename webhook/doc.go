// Package webhook is the receiving side of a webhook: it verifies that a delivery
// was signed by the platform, parses it into a typed event, and responds.
//
//	handler := webhook.NewHandler(verifier, func(ctx context.Context, d *webhook.Delivery) error {
//		switch event := d.Event.(type) {
//		case *webhook.ReceivedSMS:
//			fmt.Printf("%s texted %q\n", event.SourceNumber, event.Content)
//		case *webhook.DeliveryReport:
//			fmt.Printf("message %s: %s\n", event.MessageID, event.Status)
//		case *webhook.UnparsedEvent:
//			fmt.Println(event.Err)
//		}
//		return nil // only when it is stored: the platform does not send it again
//	})
//
// The keys come from messagemedia.Client: CreateSignatureKey returns the public
// half, once, and EnableSignatureKey has the platform sign with it.
//
// # Verifying
//
// [NewHandler] is all that most programs need. [Verifier.Verify] takes a request in
// any framework that has an *http.Request, and [Verifier.VerifyMessage] takes its
// parts, for functions-as-a-service and queues. There is no way to accept a
// delivery without a key.
//
// The platform signs the request line, the Date and the body, with nothing in
// between. So a byte could be moved from one to the next with the signature still
// right, if each part could not have one form only. The checks are, in order:
//
//  1. The method is a token; the target is not empty, and has no space and no
//     control character, which over HTTP/2 it can: [ErrMalformed].
//  2. There is exactly one of each signature header and of Date. The signature is
//     strict base64, the key is known and large enough, and the Date is an
//     IMF-fixdate in its one spelling: [ErrMissingHeader], [ErrMalformed],
//     [ErrUnknownKey] or [ErrKeySource], [ErrWeakKey].
//  3. The body is read, up to a limit: [ErrBodyTooLarge], [ErrBodyRead], [ErrBodyConsumed].
//  4. The signature is right, for a request line that says HTTP/1.1, and with the
//     digest that the key was made with; a header that names another is refused:
//     [ErrDigestMismatch], [ErrBadSignature].
//  5. The Date is at most 15 minutes back and 5 ahead: [ErrStale].
//
// The target is verified as it came, every byte. Where a proxy rewrites the path,
// [WithPublicURL] says what the platform calls; where a gateway renames Date,
// [WithDateHeader] says to what. The HTTP version that a proxy speaks makes no
// difference. An http.ServeMux responds a path with double slashes or dots by a
// redirect, before any handler sees it: don't have such paths in a webhook's URL.
//
// # What a valid signature proves
//
// That the platform sent this method, target, Date and body, for the account that
// the key belongs to, at the time that the Date says. It does not prove more:
//
//   - The payload is written by the webhook's template, and whoever can change that
//     writes what they like into it, an account_id of somebody else included. To
//     tell tenants apart, go by [Delivery.KeyID]: one key for each account.
//   - The headers are not signed, the Date excepted. The digest that a header names
//     is only compared with the key's own, never used to choose an algorithm.
//   - The query is signed. The host is not: a delivery to one host of yours verifies
//     at another that has the same path and key.
//   - A signed delivery can be sent again by whoever saw it, until its Date is too
//     old. [WithDeduplicator] handles it once, if its payload has the platform's ID.
//   - A [Delivery.DedupeKey] is made from the payload, too. Accounts that don't trust
//     each other get a path each: on one path, who knows the ID of another's event
//     could deliver it first, and the true one would pass for a copy.
//   - A webhook's URL is signed as it was called. Don't have variables in it that a
//     phone's owner writes, such as $moContent: whether the platform escapes them
//     there is not documented, and a space in one would make the signed text ambiguous.
//     Such a delivery is refused.
//   - The text of a message, the names of attachments and their types come from
//     whoever holds the phone.
//
// # Rotating keys
//
// One key of an account is enabled at a time, and a [KeySet] can hold several, so
// nothing is refused while keys change:
//
//  1. Create a key with CreateSignatureKey, and store its public half.
//  2. Add it to the KeySet of every instance, beside the old one.
//  3. Enable it with EnableSignatureKey. Deliveries are signed with it from now on.
//  4. Wait half an hour, so that no delivery of the old key can be on its way: the
//     platform tries 6 times within some 11 minutes at most (5 delays and 6 timeouts
//     of a minute each), and the verifier accepts what is 15 minutes old.
//  5. Remove the old key from each KeySet, and delete it with DeleteSignatureKey.
//
// # Duplicates, and deliveries that are lost
//
// The platform sends a delivery again when no response reached it, so every
// receiver sees duplicates; see [Delivery.DedupeKey] and [WithDeduplicator].
//
// It gives up after the webhook's Retries: 6 attempts at most, and at the default
// of 0 there is one. What happened while a receiver was down for longer has to be
// fetched by the platform's messaging API, whose replies and delivery reports wait
// until they are confirmed: compare the IDs with what you stored.
//
// # What was not checked
//
// This package was written after the vendor's public documentation and has not
// received deliveries of the real platform. In particular, the signature's padding
// (PKCS #1 v1.5) is that of the vendor's samples, and that a retry carries a Date of its
// own is an assumption.
package webhook
