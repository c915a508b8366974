// Package messagemedia is a client for the MessageMedia (now Sinch Engage)
// Webhooks API. A webhook is a subscription: when a message or a delivery report
// arrives, the platform calls a URL with a payload rendered from the webhook's template.
//
//	client, err := messagemedia.NewClientFromEnv() // MESSAGEMEDIA_API_KEY, MESSAGEMEDIA_API_SECRET
//	if err != nil {
//		log.Fatal(err)
//	}
//	token := os.Getenv("WEBHOOK_TOKEN") // for example the output of: openssl rand -hex 24
//	if token == "" {
//		log.Fatal("WEBHOOK_TOKEN is not set")
//	}
//	created, err := client.CreateWebhook(context.Background(), messagemedia.CreateWebhookRequest{
//		URL:        "https://example.com/hooks/sms",
//		Method:     http.MethodPost,
//		Encoding:   messagemedia.EncodingJSON,
//		Events:     []messagemedia.EventType{messagemedia.EventReceivedSMS, messagemedia.EventDeliveredDR},
//		Headers:    map[string]string{"X-Webhook-Token": token},
//		Template:   messagemedia.JSONTemplate,
//		Retries:    5, // at 0, the platform's default, a delivery that fails once is lost
//		RetryDelay: time.Minute,
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	fmt.Println("created", created.ID)
//
// The repository contains complete programs: see [which example for what].
//
// # Clients
//
// [NewClient] takes an [Authenticator] and options. [BasicAuth] and [HMACAuth] return an
// Authenticator. [NewClientFromEnv] reads the credentials from the environment. A client is
// immutable and safe for concurrent use. Create one and reuse it, since it holds the
// connections. [Client.ForAccount] returns a client that acts for a sub-account.
//
// An account belongs to one region, and its credentials are valid only there.
// [WithBaseURL] sets the region's base URL.
//
// [WithHTTPClient] sets the transport. [WithMiddleware] wraps it, to trace or count
// requests. Neither may retry, since the client retries.
//
// # Calls
//
// Every call takes a context first. When ctx ends, the call returns at once, even while it
// waits to retry, reads a body or looks something up. Only [Client.SyncWebhooks] may complete
// a replacement first. Requests are validated before they are sent. Undocumented event types, methods, encodings, digests and ciphers are accepted
// and returned unchanged, since the platform may add some.
//
// The API has no call that returns a single webhook. [Client.GetWebhook] searches the list.
//
// # Deliveries
//
// [JSONTemplate] is a template for all events. Package webhook authenticates deliveries,
// and parses those of JSONTemplate into typed events. Package template checks your own
// templates.
//
// # Signature keys
//
// In accounts with the feature, the platform signs deliveries once a signature key is
// enabled. Every instance of a receiver ensures at its start that a key is enabled, and
// verifies deliveries with the public keys of a store that all instances share:
//
//	store, err := messagemedia.NewFileKeyStore("signature-keys")
//
//	result, err := client.SyncSignatureKey(ctx, store)
//
//	keys := webhook.StoredKeys(store)
//
// A [SignatureKeyStore] of your own can be a database table. A scheduled job calls
// [Client.RotateSignatureKey]. It replaces the key while deliveries arrive, and no instance
// needs a restart. In accounts without the feature, a webhook's header or the query of its
// URL can contain a token.
//
// # Desired state
//
// [Client.SyncWebhooks] reconciles an account's webhooks with those declared in code. It
// can run at every start, in any number of programs at once. It deletes only webhooks that
// [Prune] or [PruneURLPrefix] selects. [Client.PlanWebhooks] returns the plan and changes
// nothing.
//
// # Errors
//
// Calls of the API return four kinds of errors:
//
//   - A non-2xx response is an [*APIError] with its status, even if the body is unreadable.
//   - An invalid request is a [*ValidationError] with every problem. Nothing was sent.
//   - A 2xx response that cannot be decoded is a [*DecodeError].
//   - Any other error is a transport error or an error of the [Authenticator], and wraps
//     its cause.
//
// If [Client.GetWebhook] does not find the webhook in the list, its error is none of these; it
// matches [ErrNotFound]. Most programs only need errors.Is with [ErrNotFound], [ErrConflict], [ErrUnauthorized]
// and the other sentinel errors of this package.
//
// An error matches context.Canceled or context.DeadlineExceeded only if the caller's
// context ended. It then also matches the result of [context.Cause]. An attempt that timed
// out is a net.Error whose Timeout method returns true.
//
// Redirects are not followed: net/http would turn PATCH into GET and forward the
// credentials. A 3xx response is an [*APIError].
//
// # Retries
//
// A call makes up to three attempts ([WithMaxAttempts]) of at most 30 seconds each
// ([WithAttemptTimeout]). It retries after 429, 500, 502, 503 and 504, and after a
// transport error that may be temporary. Each attempt is built and authenticated again.
//
// Between attempts, the call waits with exponential backoff and full jitter: at most
// 500 ms, then at most 1 s, doubling up to 30 s ([WithMaxRetryWait]). If the API sends
// Retry-After, the call waits that long and adds the jitter. If that is longer than the
// maximum wait or the time that ctx has left, the call returns the error at once, with the
// wait in it, and sends nothing more.
//
// These errors are never retried: an invalid certificate, TLS to a port without it, a proxy
// that rejects the credentials, an error of the Authenticator, and a request that net/http
// rejects.
//
// The outcome of an attempt is unknown if its request may have been sent and its response
// was lost, could not be decoded, or was a 5xx. A request counts as not sent only if an
// [http.Transport] reports that it could not connect or did not try to. If a change ends
// with an unknown outcome that no later attempt resolved, the error matches
// [ErrOutcomeUnknown] and its cause:
//
//   - An update is idempotent, so it is repeated.
//   - A deletion is idempotent, too. If the API responds 404 after an attempt with an
//     unknown outcome, the deletion succeeds once the list lacks the item.
//   - [Client.CreateWebhook] looks the webhook up by its URL and method, which are unique
//     in an account. A call creates at most one webhook.
//   - [Client.CreateSignatureKey] is retried only after 429, or if the request was not sent.
//
// # Limits
//
// A 2xx response over 10 MiB is an error; it is never truncated silently. An error keeps
// the first 64 KiB of its body. A list can have 1,000 pages. An account can have 150
// webhooks.
//
// # Secrets
//
// The API key and secret appear in no error and in no log record. They also do not appear
// when a client is printed, or compared in a test.
//
// A webhook's header values, and the user info, query and fragment of its URL, often contain
// tokens of the receiver. fmt and log/slog print webhooks, requests, plans and results
// without them. If the API repeats such a value in an error, it is redacted if it has 8
// bytes or more. The JSON of [Webhook] and of the requests is the API's own and contains
// the tokens. A [slog.JSONHandler] prints a slice of them, or a struct with one, by that
// JSON. Header and Body of an [APIError], and the fields that a test's diff prints, also
// contain the tokens. [WithLogger] logs a fixed set of attributes.
//
// # FIPS 140-3
//
// Under GODEBUG=fips140=only, [NewClient] returns an error if calls could not work; see
// [HMACAuth].
//
// # Tests
//
// Package messagemediatest is an in-memory platform for tests without a network. It accepts
// a client's calls, and calls webhooks when a test simulates an event. A RoundTripper given
// to [WithHTTPClient] also works as a mock. The client looks up http.DefaultTransport at
// each call, so a test may replace that as well.
//
// # Migrating
//
// The repository has a page on [migrating from the vendor's other SDKs].
//
// # Assumptions
//
// This module follows the vendor's public reference, at
// https://github.com/messagemedia/sinchengage-developer, and its older SDKs. It has not
// been run against the real platform. Where these sources disagree or are silent, it
// assumes the following, which the program in examples/probe checks with your account:
//
//   - The size of a page is set by the query parameter page_size. The older SDKs send
//     pageSize.
//   - HMAC requests are signed with SHA-256, over the date, the MD5 of the body and the
//     request line.
//   - The platform may spell a URL or a template differently than the request, but
//     only in the ways that [Client.SyncWebhooks] ignores. [Client.CreateWebhook] ignores
//     the same differences when it looks its webhook up after a lost response.
//   - An update does not change the read timeout, the retries and the retry delay.
//   - The calls for signature keys accept the header Account.
//   - A signature is RSA with PKCS #1 v1.5 padding, as in the vendor's samples.
//   - Each retry of a delivery has its own Date.
//   - Before the tenth of a month, the day in the Date of a delivery may have one digit or
//     two.
//   - The platform may percent-encode the values of variables in a URL, or insert them
//     unchanged.
//
// The probe cannot check these assumptions: in a template, $esc escapes quotation marks,
// backslashes and control characters; a POST, PUT or PATCH with an empty body announces its
// length. What the platform does under a rate limit is unknown.
//
// [which example for what]: https://github.com/messagemedia/webhooks-go-sdk#which-example-for-what
// [migrating from the vendor's other SDKs]: https://github.com/messagemedia/webhooks-go-sdk/blob/main/docs/migrating.md
package messagemedia
