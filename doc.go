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
// own) and options. A client can't be changed once it is made, and is safe for
// concurrent use. [Client.ForAccount] returns one that acts for a sub-account.
//
// An account lives in a region. [WithBaseURL] says in which; credentials are
// unknown everywhere else.
//
// # Calls
//
// Every call takes a context first, and its end stops everything at once, a wait
// between two attempts included. A request is checked before it is sent, for what
// can never be right; what only the platform can know, such as an event type that
// is newer than this package, passes through in both directions.
//
// The API has no way to get one webhook. [Client.GetWebhook] lists until it finds
// it.
//
// # Deliveries
//
// [JSONTemplate] is a template for all events, which package webhook verifies,
// parses and handles on the receiving side; package template checks templates of
// your own. Deliveries are signed once a signature key is enabled: see
// [Client.CreateSignatureKey].
//
// # Desired state
//
// [Client.SyncWebhooks] makes an account's webhooks those that are declared in
// code. It can run at every start, in any number of programs at once, and deletes
// only what [Prune] or [PruneURLPrefix] says. [Client.PlanWebhooks] only looks.
//
// # Errors
//
// A response other than 2xx is an [*APIError], which keeps the status whatever the
// body is. A request that was refused before it was sent is a [*ValidationError]
// with all that is wrong with it. A 2xx that can't be read is a [*DecodeError].
// What is left failed on the way, and wraps its cause: such an error matches
// context.Canceled or context.DeadlineExceeded only when the caller's own context
// ended; an attempt that took too long is a net.Error whose Timeout is true.
//
// Most programs need errors.Is alone, with [ErrNotFound], [ErrConflict],
// [ErrUnauthorized] and the other variables of this package.
//
// Redirects are not followed: net/http would turn PATCH into GET, and send the
// credentials on. A response 3xx is an [*APIError].
//
// # Retries
//
// A call is sent up to three times ([WithMaxAttempts]), 30 seconds each
// ([WithAttemptTimeout]), after 429, 500, 502, 503 and 504, and after a failure of the
// network. It waits a random time in between: at most 500 ms, then at most 1 s,
// doubling up to 30 s ([WithMaxRetryWait]). When the API says in Retry-After how
// long to wait, it waits that long; when that is longer than the longest wait, or
// than the context lasts, the error comes back at once with the wait in it. Each
// attempt is authenticated again.
//
// An attempt's outcome is unknown when its request may have been sent and its
// response was lost, could not be read, or was a 5xx. A change that ends so, without
// a later attempt that tells more, matches [ErrOutcomeUnknown] beside its cause:
//
//   - An update is safe to repeat, since the same change twice has the same result.
//   - A deletion is, too. A 404 after an attempt whose outcome is unknown is success.
//   - [Client.CreateWebhook] looks the webhook up by its URL and method, which are
//     unique in an account. Whatever breaks, one call makes one webhook at most.
//
// # Limits
//
// A response may have 10 MiB; passing that is an error, never a silent cut. Of the
// body of an error, 64 KiB are kept. An account has at most 150 webhooks.
//
// # Secrets
//
// Neither key nor secret shows when a client is printed, logged or compared in a
// test, nor does any error contain them. [WithLogger] logs a fixed set of
// attributes: no header, no body, no ID, no query. A webhook's headers and its
// URL's query often hold tokens of the receiver; errors name them, and do not show
// their values.
//
// # Tests
//
// Package messagemediatest is the platform in memory, for tests without a
// network: it takes the calls of a client, and calls webhooks when something
// happens. Any RoundTripper works as a mock, too, given to [WithHTTPClient].
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
