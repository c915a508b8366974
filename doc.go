// Package messagemedia is a client for the MessageMedia (now Sinch Engage)
// Webhooks API. A webhook is a subscription: when a message arrives, or a
// delivery report, the platform calls a URL with a payload that it renders from
// the webhook's template.
//
//	client, err := messagemedia.NewClientFromEnv() // MESSAGEMEDIA_API_KEY, MESSAGEMEDIA_API_SECRET
//	if err != nil {
//		log.Fatal(err)
//	}
//	token := os.Getenv("WEBHOOK_TOKEN") // for example the output of: openssl rand -hex 24
//	if token == "" {
//		log.Fatal("WEBHOOK_TOKEN is not set")
//	}
//	webhook, err := client.CreateWebhook(context.Background(), messagemedia.CreateWebhookRequest{
//		URL:        "https://example.com/hooks/sms",
//		Method:     http.MethodPost,
//		Encoding:   messagemedia.EncodingJSON,
//		Events:     []messagemedia.EventType{messagemedia.EventReceivedSMS, messagemedia.EventDeliveredDR},
//		Headers:    map[string]string{"X-Webhook-Token": token},
//		Template:   messagemedia.JSONTemplate,
//		Retries:    5, // at 0, the platform's default, a delivery that fails once is lost
//		RetryDelay: time.Minute,
//	})
//
// Programs to copy are in the repository: see [which example for what].
//
// # Clients
//
// [NewClient] takes an [Authenticator] ([BasicAuth], [HMACAuth] or one of your
// own) and options; [NewClientFromEnv] reads credentials from the environment. A client
// can't be changed once it is made, and is safe for concurrent use. Make one and keep it:
// it holds the connections. [Client.ForAccount] returns one that acts for a sub-account.
//
// An account lives in a region. [WithBaseURL] says in which; credentials are
// unknown everywhere else.
//
// [WithHTTPClient] sets the transport, and [WithMiddleware] wraps it, to trace or count
// requests. Neither may retry, since the client does.
//
// # Calls
//
// Every call takes a context first. When ctx ends, the call returns at once, even while it
// waits to retry, reads a body or looks something up. Requests are validated before they are
// sent, for what can never be right; what only the platform can know, such as an event type
// that is newer than this package, passes through in both directions.
//
// The API has no way to get one webhook. [Client.GetWebhook] lists until it finds it.
//
// # Deliveries
//
// [JSONTemplate] is a template for all events, which package webhook authenticates,
// parses and handles on the receiving side; package template checks templates of
// your own.
//
// # Signature keys
//
// Deliveries are signed, in accounts that have the feature, once a signature key is
// enabled. Every instance of a receiver ensures at its start that there is one, and
// verifies with the keys of a store that all instances share:
//
//	store, err := messagemedia.NewFileKeyStore("signature-keys")
//
//	result, err := client.SyncSignatureKey(ctx, store)
//
//	keys := webhook.StoredKeys(store)
//
// A [SignatureKeyStore] of your own can be a database table. A scheduled job calls
// [Client.RotateSignatureKey]: the key is replaced while deliveries arrive, and no instance
// needs a restart. In accounts without that feature, a header or the URL's query can hold a
// token.
//
// # Desired state
//
// [Client.SyncWebhooks] reconciles an account's webhooks with those that are declared in
// code. It can run at every start, in any number of programs at once, and deletes
// only what [Prune] or [PruneURLPrefix] says. [Client.PlanWebhooks] returns the plan and
// changes nothing.
//
// # Errors
//
// A non-2xx response becomes an [*APIError] with its status, even if the body is unreadable.
// A request that was rejected before it was sent is a [*ValidationError] with all that is
// wrong with it. A 2xx that can't be decoded is a [*DecodeError]. Any other error is a
// transport error and wraps its cause, or that of an Authenticator. An error matches
// context.Canceled or context.DeadlineExceeded only if the caller's own context ended, and
// then also the cause of that ([context.Cause]); an attempt that took too long is a
// net.Error whose Timeout is true.
//
// Most programs need errors.Is alone, with [ErrNotFound], [ErrConflict],
// [ErrUnauthorized] and the other variables of this package.
//
// Redirects are not followed: net/http would turn PATCH into GET, and send the
// credentials on. A 3xx response is an [*APIError].
//
// # Retries
//
// A call is sent up to three times ([WithMaxAttempts]), 30 seconds each
// ([WithAttemptTimeout]), after 429, 500, 502, 503 and 504, and after a transport error that
// may pass. It waits a random time in between: at most 500 ms, then at most 1 s,
// doubling up to 30 s ([WithMaxRetryWait]). If the API says in Retry-After how
// long to wait, it waits that long, and a random time on top; if that is longer than the
// longest wait, or than the context lasts, the error is returned at once with the wait in it,
// and nothing more is sent for the call. Each attempt is built and authenticated again.
//
// These are never retried: a certificate that is not valid, TLS to a port without it, a proxy
// that refuses the credentials, an Authenticator's error, and a request that net/http refuses
// to send.
//
// An attempt's outcome is unknown if its request may have been sent and its response was
// lost, could not be decoded, or was a 5xx. That nothing was sent is claimed only if an
// [http.Transport] says so: it could not connect, or did not try. A change that ends with an
// unknown outcome, without a later attempt that tells more, matches [ErrOutcomeUnknown] and
// its cause:
//
//   - An update is safe to repeat, since the same change twice has the same result.
//   - A deletion is, too. A 404 of the API after an attempt whose outcome is unknown is
//     success once the list lacks what was deleted.
//   - [Client.CreateWebhook] looks the webhook up by its URL and method, which are
//     unique in an account. A call creates at most one webhook.
//
// # Limits
//
// A 2xx response over 10 MiB is an error; it is never truncated silently. Of the
// body of an error, 64 KiB are kept. A list may have 1,000 pages. An account has at most 150
// webhooks.
//
// # Secrets
//
// Neither key nor secret shows when a client is printed, logged or compared in a
// test, nor does any error contain them. A webhook's header values and its URL's user info,
// query and fragment often hold tokens of the receiver: fmt and log/slog print webhooks,
// requests, plans and results without them, and an error does not repeat what the API
// repeats of them, if it has 8 bytes or more. The JSON of [Webhook] and of the requests is
// the API's, and has everything; so have Header and Body of an [APIError], and the fields
// that a test's diff prints. [WithLogger] logs a fixed set of attributes.
//
// # FIPS 140-3
//
// Under GODEBUG=fips140=only everything works or is an error of [NewClient]; see [HMACAuth].
//
// # Tests
//
// Package messagemediatest is an in-memory platform, for tests without a
// network: it takes the calls of a client, and calls webhooks when something
// happens. Any RoundTripper works as a mock, too, given to [WithHTTPClient]; the client
// looks http.DefaultTransport up at each call, so a test may also replace that.
//
// # Coming from the vendor's other SDKs
//
// The operations of the SDKs for Node.js, Python, Java, C#, PHP and Ruby, in the
// spelling of each, and what stands for them here:
//
//	createWebhook                           CreateWebhook, SyncWebhooks
//	retrieveWebhook                         ListWebhooks, Webhooks
//	updateWebhook                           UpdateWebhook
//	deleteWebhook                           DeleteWebhook
//	createSignatureKey                      CreateSignatureKey
//	getSignatureKeyList                     ListSignatureKeys, SignatureKeys
//	getSignatureKeyDetail                   GetSignatureKey
//	deleteSignatureKey                      DeleteSignatureKey
//	enableSignatureKey                      EnableSignatureKey
//	getEnabledSignatureKey                  GetEnabledSignatureKey
//	disableTheCurrentEnabledSignatureKey    DisableSignatureKey
//
// The example "Migrating" calls each of them. Credentials are an argument of
// [NewClient], for each client, and not a global configuration; the header Account is
// [Client.ForAccount]. Calls return their result and an error; there are no
// callbacks, and no bodies to parse. Fields that are not set are left out, where some
// of those SDKs send null. A page size of 0 is the default here, too. Durations are
// of type time.Duration, whatever unit the API has. What those SDKs leave to you is
// here: retries, HMAC, all pages, checks before sending, and with package webhook the
// receiving side.
//
// # What was not checked
//
// This package was written after the vendor's public reference, at
// https://github.com/messagemedia/sinchengage-developer, and its older SDKs. It has
// not been run against the real platform. Where those disagree or are silent, the
// fields and functions say what was decided:
// the name of the query parameter page_size, HMAC with SHA-256 over the request
// line, and the equality by which a lost response to CreateWebhook is recognized.
//
// [which example for what]: https://github.com/messagemedia/webhooks-go-sdk#which-example-for-what
package messagemedia
