package messagemedia

// JSONTemplate is a [CreateWebhookRequest] Template for webhooks with
// [EncodingJSON] and any set of events: one JSON object, which package webhook
// parses back into the event. It says in "event" which kind that is,
// DELIVERY_REPORT, RECEIVED_SMS, RECEIVED_MMS or OPT_OUT, and has every
// documented variable of it but $retryCount, so that a delivery that is tried
// again is the same, byte for byte. What is missing is an empty string, list or
// object. Whatever a phone's owner types, the JSON stays valid.
//
// What may be a number or a time to the platform is made a text before it is
// escaped. The kind is told by the variables that the platform documents for one kind
// alone: $drId, $status and $statusCode, $notificationId, $attachments, and a $format of MMS.
const JSONTemplate = `{
#if($drId || $status || $statusCode)
  "event": "DELIVERY_REPORT",
  "delivery_report_id": "$!esc.json($drId)",
  "status": "$!esc.json($status)",
  "error_code": "$!esc.json("$!statusCode")",
  "billing_units": "$!esc.json("$!billingUnits")",
#else
#if($notificationId)
  "event": "OPT_OUT",
  "notification_id": "$!esc.json($notificationId)",
#else
#if($attachments || $format == "MMS")
  "event": "RECEIVED_MMS",
  "attachments": [
#foreach($attachment in $attachments)
    {
      "content_type": "$!esc.json($attachment.contentType)",
      "original_name": "$!esc.json($attachment.originalName)",
      "content": "$!attachment.base64"
    }#if($foreach.hasNext),#end

#end
  ],
#else
  "event": "RECEIVED_SMS",
#end
  "reply_id": "$!esc.json($moId)",
#end
  "destination_number": "$!esc.json($destinationAddress)",
  "content": "$!esc.json($moContent)",
#end
  "message_id": "$!esc.json($mtId)",
  "account_id": "$!esc.json($accountId)",
  "vendor_id": "$!esc.json($vendorId)",
  "format": "$!esc.json($format)",
  "source_number": "$!esc.json($sourceAddress)",
  "original_text": "$!esc.json($mtContent)",
  "submitted_date": "$!esc.json("$!submittedTimestamp")",
  "date_received": "$!esc.json("$!receivedTimestamp")",
  "metadata": {
#foreach($entry in $metadata.entrySet())
    "$!esc.json($entry.key)": "$!esc.json($entry.value)"#if($foreach.hasNext),#end

#end
  }
}`
