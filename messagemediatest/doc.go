// Package messagemediatest is the in-memory webhooks platform, for tests and for trying
// things out: a real HTTP server that accepts what the MessageMedia API accepts, and
// responds as it does, errors and their wording included.
//
//	api := messagemediatest.NewServer(t)
//	client := api.Client()
//
// # What it imitates
//
// Credentials are checked as the gateway does: Basic, and HMAC over the request
// as it arrived, with its real HTTP version, a Date at most 300 seconds off, and a
// digest of the body if there is one. Requests are checked by rules of this package,
// not by those of the client: names of fields in their exact case and once, values of
// the documented types and within the documented limits, application/json. Pages count
// from 0, a second webhook with the same URL and method is a 409, and the 151st of an
// account is a 400. The header Account selects a sub-account; any name is one, and each
// has its own webhooks and signature keys.
//
// # What it accepts besides
//
// The API's documentation leaves some requests open that real clients send. The server
// accepts these, and nothing else that is not documented:
//
//	a slash at the end of the path, to list webhooks      the same as without
//	pageSize for page_size, to list webhooks              the same
//	a page size of 0, or none                             100 webhooks, 20 keys
//	no page                                               the first: 0 of webhooks, 1 of keys
//	null for a field, to create or update a webhook       the field is unset
//	an event twice                                        kept as given
//	read_timeout, retries or retry_delay in an update     ignored beside a field that can change
//	an update to another webhook's URL and method         409
//	HMAC with SHA-1, and x-Content-MD5 for Content-MD5    the same as SHA-256 and Content-MD5
//	a key ID that is not a UUID, to delete or enable      404
//	a key ID that is not a UUID, to get                   400
//
// # Simulating events
//
// [Server.Send] simulates an event: the webhooks that are subscribed to it are called as
// the platform would, with templates rendered, signatures, timeouts and retries, and the
// result has every attempt. So one test can go the whole way:
//
//	report, err := api.Send(t.Context(), sms, messagemediatest.ToHandler(endpoint))
//
// [Server.SendToCallbackURL] does the same for a message that was sent with a
// callback_url, and [Server.SendReports] for the reports of one message, in any order.
// [WithDuplicate] sends a delivery again, although it was acknowledged. Deliveries are
// signed once a signature key is enabled; [SignedBy] and [Unsigned] decide otherwise, and
// with [WithoutSignatureKeys] the account lacks the feature, as most do. [Signer] signs
// single requests. Without a template, deliveries have an empty body, as has been seen of
// the platform.
//
// [Server.Resend] makes a duplicate of a delivery from before, and [WithDeliveryObserver]
// shows deliveries as they proceed.
//
// # Injecting faults
//
// [Server.Fail] makes the next requests fail, before or after they took effect, by
// operation and sub-account. A list can lag behind. [Server.AddWebhook] puts into an
// account what no call creates, and [WithNormalization] spells what is stored otherwise.
// [Server.Requests] returns what came, what the response was and what took effect.
//
// [KeyStore] is a store of signature keys in memory, which fails by [KeyStore.Fail].
//
// # Fake time
//
// A bubble of testing/synctest hangs on sockets. With [WithInMemoryNetwork] the server and
// its clients speak the same HTTP over a connection in memory, and with [ToHandler]
// so do deliveries.
//
// # What it can't know
//
// The platform is imitated after its documentation. Not documented are:
//
//   - rate limits: there are none here
//   - the wording of most validation errors: here it is this package's
//   - the order of a list: here that of creation
//   - responses to some mistakes: here a body that is not application/json is a 415, and
//     an unknown field or parameter, a body or query where none belongs, and an empty
//     header Account are a 400
//   - whether values of variables are percent-encoded in a URL: here they are, unless
//     [WithUnescapedURLValues] is given
//   - the time between attempts if a webhook does not say: here 5 seconds
//   - how often a callback_url is tried: here once
package messagemediatest
