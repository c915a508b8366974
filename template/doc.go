// Package template checks the template of a webhook before the platform renders it, and
// renders it for sample events.
//
//	problems := template.Check(ctx, mine, messagemedia.EncodingJSON, []messagemedia.EventType{messagemedia.EventReceivedSMS})
//
// Most programs don't need this package: messagemedia.JSONTemplate serves every event, and
// package webhook parses its payloads. Use this package if you write your own template.
//
// # Templates
//
// Templates are Apache Velocity. A variable that an event does not have is undefined. The
// reference $replyId then renders literally, as the text "$replyId". The quiet reference
// $!replyId renders nothing.
//
// The platform documents these variables. Two on one line have the same value.
//
//	$format ($type is deprecated)    "SMS" or "MMS"
//	$mtId, $messageId                the ID of the sent message
//	$mtContent, $messageContent      its text
//	$submittedTimestamp              the time it was sent
//	$metadata                        its metadata, by name, as in $!metadata.order
//	$accountId                       the account
//	$vendorId                        the account's vendor
//	$sourceAddress                   the sender; in a delivery report, the recipient of the message
//	$receivedTimestamp               the time of the event
//	$retryCount                      the number of earlier attempts
//	$drId, $reportId                 delivery reports only
//	$status                          delivery reports only
//	$statusCode                      delivery reports only
//	$billingUnits                    delivery reports, if the account has billing units
//	$moId, $replyId                  inbound messages only; an opt-out has none
//	$moContent, $replyContent        inbound messages and opt-outs
//	$destinationAddress              inbound messages and opt-outs
//	$attachments                     MMS with attachments: contentType, originalName, base64
//	$notificationId                  opt-outs only
//
// # Untrusted input
//
// The sender of an inbound message writes $moContent and the names and types of
// $attachments. In place of a number, $sourceAddress can have a name of up to 11 characters
// that the sender chose: enough for `","x":"1`. Whoever sends messages through the account
// writes $mtContent and the names and values of $metadata. None of these may reach a payload
// unescaped. The platform generates all other variables, and the recipient's number in a
// delivery report. Check reports an undocumented variable, and treats its value as trusted.
//
// Check follows untrusted input through #set, loops, lists, maps, strings and methods. It
// follows every branch, even if no sample event reaches it. It computes which characters and
// escapes a text can consist of, so it accepts unusual templates that are safe: a complete
// escape made by hand, words split at everything but letters, a text behind a condition that
// allows digits only. JSON within a form or within a JSON string needs one escape for each
// layer, the innermost first: $esc.json($esc.json($moContent)).
//
// # Errors in the vendor's guide
//
//   - $esc.json($!mtContent) protects nothing: if $mtContent is undefined, the call renders
//     literally. The ! belongs outside: $!esc.json($mtContent).
//   - The sample template for MMS does not escape metadata or the attachments' contentType
//     and originalName. A quotation mark in one of them breaks the payload.
//   - $esc.xml writes an emoji as two references that are not valid in XML. It also leaves
//     control characters, which XML does not allow. Use JSON, or replace these characters
//     first.
//
// # Checks
//
// Check reports:
//
//   - Untrusted input that is unescaped, escaped for another format, cut or changed after the
//     escape, or outside quotes.
//   - Invalid payloads: JSON by RFC 8259; XML by XML 1.0, including its characters and
//     references; forms that receivers read differently. It renders events without their
//     optional values, with several metadata entries and attachments, and with texts made to
//     break payloads.
//   - Valid payloads that differ from the event: changed values, fields that a text added,
//     repeated names.
//   - References that render literally, and pitfalls of the language: $a-$b, which reads a
//     variable named "a-"; $mtId.json, which reads a property; methods that do not exist.
//   - Payloads from which package webhook gets no dedupe key, or another event.
//   - With [CheckRequest], problems in the other fields of a request.
//
// Each [Problem] has a [Code] that stays the same from version to version. Its severity is
// [SeverityError] if deliveries are lost, can't be read, or let a stranger change other
// fields. Its severity is [SeverityWarning] if the template is probably a mistake.
//
// # Limits
//
// An engine of this module renders the templates, not the platform. It was written after
// Velocity 1.7, and its output was compared with that of Velocity. The platform's $esc is not
// public: what the engine assumes of it is one of the module's [assumptions]. The engine does
// not support #macro, #define, #evaluate, #include and #parse, and rejects them by name.
// Check does not compare conditions that depend on each other: it reports a template that
// opens a string in one #if and closes it in another. It treats a text as JSON within a text
// only if it begins with {", [" or the like.
//
// [assumptions]: https://pkg.go.dev/github.com/messagemedia/webhooks-go-sdk#hdr-Assumptions
package template
