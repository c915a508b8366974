// Package messagemediatest is the webhooks platform in memory, for tests and for
// trying things out: a real HTTP server that takes what the MessageMedia API
// takes, and responds as it does, errors and their wording included.
//
//	api := messagemediatest.NewServer(t)
//	client := api.Client()
//
// # What it imitates
//
// Credentials are checked as the gateway does: Basic, and HMAC over the request
// as it came, with its real HTTP version and a Date at most 300 seconds off. A
// request is validated, pages are counted from 0, a second webhook with the same
// URL and method is a 409, and the 151st of an account is a 400. The header
// Account selects a sub-account; any name is one, and each has its own webhooks.
//
// Clients other than this SDK work with it, too: it takes a slash at the end of
// the list's path, pageSize for page_size, null for a field that is not set, and
// HMAC with SHA-1 and x-Content-MD5, as the vendor's older SDKs send them.
//
// # Having things happen
//
// [Server.Send] has an event happen: the webhooks that are subscribed to it are
// called as the platform would, with templates rendered, signatures, timeouts and
// retries, and the report tells every attempt. So one test can go the whole way:
//
//	report, err := api.Send(t.Context(), sms, messagemediatest.ToHandler(endpoint))
//
// [Signer] signs single requests, for tests of what comes before or after.
//
// # Failing on purpose
//
// [Server.Fail] makes the next requests fail, before or after the change that
// they ask for took effect. [Server.Requests] tells what came, what the response was
// and what changed.
//
// # Fake time
//
// A bubble of testing/synctest hangs on sockets. With [WithInMemoryNetwork] the server and
// its clients speak the same HTTP over a connection in memory, and with [ToHandler]
// so do deliveries.
//
// # What it can't know
//
// The platform is imitated after its documentation. Rate limits, the wording of
// most validation errors and the order of a list are not documented: there are
// no rate limits here, the words are this package's, and lists are in the order
// of creation. Of deliveries it is not documented whether values of variables are
// percent-encoded in a URL, how long the platform waits between attempts when a
// webhook does not say, and what it sends when a webhook has no template: here
// they are, 5 seconds, and an empty body.
package messagemediatest
