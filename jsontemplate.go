package messagemedia

// JSONTemplate is a Template of [CreateWebhookRequest] for webhooks with [EncodingJSON] and
// any events. It renders one JSON object, which package webhook parses into a typed event.
// The object has every documented variable of the event except $retryCount, so that the
// retries of a delivery are identical. Missing values are an empty string, list or object.
// All text is escaped, so the JSON is valid for any input of a sender.
//
// The member "event" is the event kind: DELIVERY_REPORT, RECEIVED_SMS, RECEIVED_MMS or
// OPT_OUT. The template derives it from variables that are documented for one kind only:
// $drId, $status and $statusCode, $notificationId, $attachments, and a $format of MMS. It
// converts values that may be numbers or times to strings before it escapes them.
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
