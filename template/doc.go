// Package template checks a webhook's template before the platform renders it, and
// shows what would arrive.
//
//	for _, problem := range template.Check(mine, messagemedia.EncodingJSON, []messagemedia.EventType{messagemedia.EventReceivedSMS}) {
//		fmt.Println(problem)
//	}
//
// Most programs need none of this: messagemedia.JSONTemplate serves every event, and
// package webhook reads what it renders. This package is for templates of your own.
//
// # What the platform renders
//
// Templates are Apache Velocity. A variable that an event does not have renders as it
// is written, $replyId and all; $!replyId renders nothing then. What people typed
// arrives as they typed it, and a quotation mark ends a JSON string: escape it, as in
// "$!esc.json($moContent)".
//
// These are the variables that are documented. Two on one line are the same.
//
//	$format ($type is deprecated)    "SMS" or "MMS"
//	$mtId, $messageId                of the message that was sent
//	$mtContent, $messageContent      its text
//	$submittedTimestamp              when it was sent
//	$metadata                        its metadata, by name, as in $!metadata.order
//	$accountId                       the account
//	$vendorId                        its vendor
//	$sourceAddress                   where the message came from
//	$receivedTimestamp               when the event happened
//	$retryCount                      how often the delivery was tried before
//	$drId, $reportId                 of a delivery report, alone
//	$status                          of a delivery report, alone
//	$statusCode                      of a delivery report, alone
//	$billingUnits                    of a delivery report, if the account has it
//	$moId, $replyId                  of a message that came in
//	$moContent, $replyContent        of a message that came in, or an opt-out
//	$destinationAddress              of a message that came in, or an opt-out
//	$attachments                     of an MMS that has some: contentType, originalName, base64
//	$notificationId                  of an opt-out, alone
//
// # What Check looks for
//
//   - What the platform can't read: every message is lost then.
//   - Variables that are not documented, with the nearest one that is; those that an
//     event type does not have; those that may be missing; $type, which is deprecated.
//   - Texts that reach the payload as they were typed. It renders events whose texts
//     have in them whatever breaks JSON, XML or form encoding.
//   - Traps of the language: $esc.json($!x), which writes itself out when x is missing,
//     $a-$b, which reads a variable named "a-", $mtId.json, which reads a property, and
//     methods that there are not, which render as they are written, or as nothing.
//   - Output that is not valid JSON, XML or form encoding.
//   - Deliveries without the platform's ID of the event, which alone tells a second try
//     from another event.
//
// A [Problem] is an [SeverityError] when deliveries are lost, can't be read or let somebody's
// text change other fields, and a [SeverityWarning] when it is probably a mistake. A variable
// that is not documented is a warning, since an account can have more than that.
//
// # What it can't know
//
// The templates are rendered here, by an engine of this module that was written after
// Velocity 1.7 and compared with its output, not by the platform. The platform's own
// $esc is not public: that it escapes quotation marks, backslashes and control
// characters is an assumption. #macro, #define, #evaluate, #include and #parse are
// not supported here, and refused by name. What stands behind a condition that no
// event meets which Check renders is read, and not rendered.
package template
