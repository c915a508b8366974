// Package template checks a webhook's template before the platform renders it, and renders
// it to show what would arrive.
//
//	problems := template.Check(ctx, mine, messagemedia.EncodingJSON, []messagemedia.EventType{messagemedia.EventReceivedSMS})
//
// Most programs need none of this: messagemedia.JSONTemplate serves every event, and
// package webhook parses what it renders. This package is for templates of your own.
//
// # What the platform renders
//
// Templates are Apache Velocity. A variable that an event does not have renders literally,
// $replyId and all; $!replyId renders nothing then.
//
// These are the documented variables. Two on one line are the same.
//
//	$format ($type is deprecated)    "SMS" or "MMS"
//	$mtId, $messageId                of the message that was sent
//	$mtContent, $messageContent      its text
//	$submittedTimestamp              when it was sent
//	$metadata                        its metadata, by name, as in $!metadata.order
//	$accountId                       the account
//	$vendorId                        its vendor
//	$sourceAddress                   the sender; in a delivery report, the recipient of the message
//	$receivedTimestamp               when the event happened
//	$retryCount                      how many attempts there were before
//	$drId, $reportId                 of a delivery report only
//	$status                          of a delivery report only
//	$statusCode                      of a delivery report only
//	$billingUnits                    of a delivery report, if the account has it
//	$moId, $replyId                  of an inbound message only; an opt-out has none
//	$moContent, $replyContent        of an inbound message or an opt-out
//	$destinationAddress              of an inbound message or an opt-out
//	$attachments                     of an MMS that has some: contentType, originalName, base64
//	$notificationId                  of an opt-out only
//
// # Untrusted input
//
// Whoever holds a phone writes $moContent and the names and types of $attachments, and can
// have a name of up to 11 characters in place of a number in $sourceAddress: enough for
// `","x":"1`. Whoever has a message sent through the account writes $mtContent and the names
// and values of $metadata. None of it may reach a payload unescaped. The platform makes all
// other variables, and the recipient's number in a delivery report. What a variable holds
// that is not documented is not known, and counts as trusted; it is a problem of its own.
//
// Check follows these texts through #set, loops, lists, maps, strings and methods, in every
// branch, whether an event that it renders gets there or not. It knows which characters
// and escapes a text can consist of, so what is safe passes, however unusual: an escape made
// by hand that is complete, words split at all but letters, a text behind a condition that
// allows digits only. In JSON within a form, or within a string of JSON, each layer needs
// its escape, the innermost first: $esc.json($esc.json($moContent)).
//
// # The vendor's advice
//
//   - $esc.json($!mtContent) protects nothing: without $mtContent the call renders literally.
//     The ! belongs outside: $!esc.json($mtContent).
//   - The sample template for MMS escapes neither metadata nor the attachments' contentType
//     and originalName: a quotation mark in one of them breaks the payload.
//   - $esc.xml writes an emoji as two references that are not XML, and leaves control
//     characters, which are not XML either. Use JSON, or replace such characters first.
//
// # What Check looks for
//
//   - Untrusted input that is not escaped, escaped for another format, cut or changed after
//     it was escaped, or outside quotes.
//   - Payloads that are not valid: JSON by RFC 8259, XML by XML 1.0, its characters and
//     references included, forms that receivers read differently. It renders events without
//     what may be missing, with several of what can be more, and with texts that are made
//     to break payloads.
//   - Payloads that are valid and say something else than the event: values that arrive
//     changed, fields that a text added, names that are there twice.
//   - References that render literally, and traps of the language: $a-$b, which reads a
//     variable named "a-", $mtId.json, which reads a property, and methods that there are not.
//   - What package webhook makes of the payload: no dedupe key, another event.
//   - With [CheckRequest], the rest of a request.
//
// A [Problem] has a [Code], which stays the same from version to version. It is a
// [SeverityError] if deliveries are lost, can't be read or let a stranger change other
// fields, and a [SeverityWarning] if it is probably a mistake.
//
// # What it can't know
//
// The templates are rendered here, by an engine of this module that was written after
// Velocity 1.7 and compared with its output, not by the platform. The platform's own $esc is
// not public: that it escapes quotation marks, backslashes and control characters is an
// assumption. #macro, #define, #evaluate, #include and #parse are not supported, and
// rejected by name. Conditions that depend on each other are not compared: a template that
// opens a string behind one #if and closes it behind another is reported. Only texts that
// begin with {", [" and the like are taken for JSON within a text.
package template
