// Package messagemediatest provides an in-memory webhooks platform for tests and
// experiments. It is a real HTTP server that accepts the requests that the MessageMedia
// API accepts, and sends the same responses, including errors and their wording.
//
//	api := messagemediatest.NewServer(t)
//	client := api.Client()
//
// # Imitated behavior
//
// The server checks credentials like the platform's gateway. It accepts Basic
// authentication and HMAC. An HMAC signature covers the request as received, including
// its HTTP version. Its Date may differ from the server's clock by at most 300 seconds.
// If the request has a body, the signature must cover a digest of it.
//
// The server validates requests by rules of its own, independent of the client's. The
// content type must be application/json. Each field may occur once, its name in the
// exact case, its value of the documented type and within the documented limits.
//
// Pages of webhooks count from 0. A second webhook with the same URL and method is
// rejected with 409, and the 151st webhook of an account with 400. The header Account
// selects a sub-account. Any name is valid, and each sub-account has its own webhooks
// and signature keys.
//
// # Undocumented requests
//
// Real clients send some requests that the API's documentation does not define. The
// server accepts the following ones and no other undocumented request:
//
//	a slash at the end of the path, to list webhooks      the slash is ignored
//	pageSize for page_size, to list webhooks              the same parameter
//	a page size of 0, or none                             100 webhooks, 20 keys
//	no page                                               the first page: 0 of webhooks, 1 of keys
//	null for a field, to create or update a webhook       the field is unset
//	an event twice                                        kept as given
//	read_timeout, retries or retry_delay in an update     ignored if another field is updated
//	an update to another webhook's URL and method         409
//	HMAC with SHA-1, and x-Content-MD5 for Content-MD5    accepted like SHA-256 and Content-MD5
//	a key ID that is not a UUID, to delete or enable      404
//	a key ID that is not a UUID, to get                   400
//
// # Simulating events
//
// [Server.Send] simulates an event. It calls the subscribed webhooks like the platform,
// with rendered templates, signatures, timeouts and retries. The result lists every
// attempt. One test can cover the path from the event to the receiver:
//
//	report, err := api.Send(t.Context(), sms, messagemediatest.ToHandler(endpoint))
//
// [Server.SendToCallbackURL] simulates an event of a message that was sent with a
// callback_url. [Server.SendReports] simulates the delivery reports of one message, in
// any order. [WithDuplicate] and [Server.Resend] send duplicate deliveries.
// [WithDeliveryObserver] reports the progress of deliveries.
//
// Send signs deliveries if the account has an enabled signature key. [SignedBy] and
// [Unsigned] override this. With [WithoutSignatureKeys], no account has the feature, like
// most real accounts. [Signer] signs single requests.
//
// If a webhook has no template, its deliveries have an empty body. The real platform has
// been observed to do the same.
//
// # Injecting faults
//
// [Server.Fail] makes requests fail before or after they take effect, selected by
// operation, sub-account or a function. It can also return outdated lists.
// [Server.AddWebhook] adds webhooks that the API would reject. [WithNormalization]
// changes the spelling of stored webhooks. [Server.Requests] returns the requests so
// far, with their responses, and reports which took effect.
//
// [KeyStore] is a store of signature keys in memory, which fails by [KeyStore.Fail].
//
// # Fake time
//
// A bubble of testing/synctest hangs on sockets. With [WithInMemoryNetwork], the server
// and its clients use the same HTTP over connections in memory. With [ToHandler],
// deliveries do so, too.
//
// # Undocumented behavior
//
// The server follows the platform's documentation, and the module's [assumptions] where that
// is silent. The server's behavior in these cases is its own choice, and the platform may
// differ:
//
//   - rate limits: the server has none
//   - the wording of most validation errors: this package's own
//   - the order of a list: the order of creation
//   - responses to some mistakes: 415 for a body that is not application/json; 400 for an
//     unknown field or parameter, for a body or query that the operation does not take,
//     and for an empty header Account
//   - whether values of variables are percent-encoded in a URL: they are, unless
//     [WithUnescapedURLValues] is given
//   - the time between attempts if the webhook's RetryDelay is unset: 5 seconds
//   - how many attempts a callback_url gets: one
//
// [assumptions]: https://pkg.go.dev/github.com/messagemedia/webhooks-go-sdk#hdr-Assumptions
package messagemediatest
