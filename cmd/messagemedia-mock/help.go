package main

// helpOnCalls has a curl command for every call. A test runs each command.
const helpOnCalls = `
Paths under /mock/ are not part of the API. TOKEN is the token in the URL of the page;
only calls that read need it. ID, KEY_ID and N are IDs from earlier responses.

Webhooks, like the API:

  curl -u test-key:test-secret -H 'Content-Type: application/json' -d '{"url":"http://127.0.0.1:9000/hooks","method":"POST","encoding":"JSON","events":["RECEIVED_SMS","RECEIVED_MMS","OPT_OUT_SMS","DELIVERED_DR"],"template":"{\"reply_id\":\"$!moId\",\"content\":\"$!esc.json($moContent)\"}"}' http://127.0.0.1:8080/v1/webhooks/messages
  curl -u test-key:test-secret 'http://127.0.0.1:8080/v1/webhooks/messages?page_size=20'
  curl -u test-key:test-secret -X PATCH -H 'Content-Type: application/json' -d '{"events":["RECEIVED_SMS","RECEIVED_MMS"]}' http://127.0.0.1:8080/v1/webhooks/messages/$ID

Signature keys, like the API; deliveries are signed if a key is enabled:

  curl -u test-key:test-secret -H 'Content-Type: application/json' -d '{"digest":"SHA256","cipher":"RSA"}' http://127.0.0.1:8080/v1/iam/signature_keys
  curl -u test-key:test-secret http://127.0.0.1:8080/v1/iam/signature_keys
  curl -u test-key:test-secret http://127.0.0.1:8080/v1/iam/signature_keys/$KEY_ID
  curl -u test-key:test-secret -X PATCH -H 'Content-Type: application/json' -d "{\"key_id\":\"$KEY_ID\"}" http://127.0.0.1:8080/v1/iam/signature_keys/enabled
  curl -u test-key:test-secret http://127.0.0.1:8080/v1/iam/signature_keys/enabled
  curl -u test-key:test-secret -X DELETE http://127.0.0.1:8080/v1/iam/signature_keys/enabled
  curl -u test-key:test-secret -X DELETE http://127.0.0.1:8080/v1/iam/signature_keys/$KEY_ID

Simulate an event; the last command waits between attempts like the platform:

  curl -d '{"event":"RECEIVED_SMS","reply_id":"1","source_number":"+61491570156","content":"Hello"}' http://127.0.0.1:8080/mock/events
  curl -d '{"event":"RECEIVED_MMS","reply_id":"2","attachments":[{"content_type":"text/plain","original_name":"a.txt","content":"SGVsbG8="}]}' http://127.0.0.1:8080/mock/events
  curl -d '{"event":"OPT_OUT_SMS","notification_id":"3","content":"STOP"}' http://127.0.0.1:8080/mock/events
  curl -d '{"event":"DELIVERY_REPORT","delivery_report_id":"4","status":"delivered","error_code":"220"}' http://127.0.0.1:8080/mock/events
  curl -H 'Account: branch' -d '{"event":"RECEIVED_SMS","reply_id":"5","content":"For a sub-account"}' http://127.0.0.1:8080/mock/events
  curl -d '{"event":"RECEIVED_SMS","reply_id":"6","content":"Hello"}' 'http://127.0.0.1:8080/mock/events?retry_delays=true'

Show all exchanges, a stream of changes, one exchange, or a file of an MMS; send a
duplicate of a delivery; delete all exchanges:

  curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/mock/traffic
  curl -N -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/mock/traffic/stream
  curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/mock/traffic/$N
  curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/mock/traffic/$N/attachments/0
  curl -X POST http://127.0.0.1:8080/mock/traffic/$N/resend
  curl -X DELETE http://127.0.0.1:8080/mock/traffic

Templates: show sample events, check and render a template, list webhooks, save a template:

  curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/mock/samples
  curl -d '{"template":"{\"text\":\"$!esc.json($moContent)\"}","encoding":"JSON","events":["RECEIVED_SMS"],"text":"Yes"}' http://127.0.0.1:8080/mock/template
  curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/mock/webhooks
  curl -X PUT -d '{"account":"","template":"$moContent"}' http://127.0.0.1:8080/mock/webhooks/$ID/template

Delete a webhook, like the API:

  curl -u test-key:test-secret -X DELETE http://127.0.0.1:8080/v1/webhooks/messages/$ID
`
