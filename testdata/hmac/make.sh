#!/usr/bin/env bash
# Makes golden.json: HMAC signatures by the openssl command line, so that the
# tests don't check the SDK's signer against itself. The date is the moment at
# which fake time starts in a testing/synctest bubble.
set -euo pipefail
cd "$(dirname "$0")"

key='my-key' secret='s3cret/ü+='
date='Sat, 01 Jan 2000 00:00:00 GMT'

# sign NAME METHOD TARGET BODY ALGORITHM DIGEST_HEADER
sign() {
	local name=$1 method=$2 target=$3 body=$4 algorithm=$5 digest_header=$6
	local names='Date' text="Date: $date" md5=''
	if [ -n "$body" ]; then
		md5=$(printf '%s' "$body" | openssl dgst -md5 -r | cut -d' ' -f1)
		names+=" $digest_header"
		text+=$'\n'"$digest_header: $md5"
	fi
	text+=$'\n'"$method $target HTTP/1.1"
	local signature
	signature=$(printf '%s' "$text" | openssl dgst "-$algorithm" -hmac "$secret" -binary | openssl base64 -A)
	local authorization="hmac username=\\\"$key\\\", algorithm=\\\"hmac-$algorithm\\\", headers=\\\"$names request-line\\\", signature=\\\"$signature\\\""
	printf '  {"name": "%s", "method": "%s", "target": "%s", "body": "%s",\n   "algorithm": "%s", "digest_header": "%s", "digest": "%s",\n   "authorization": "%s"}' \
		"$name" "$method" "$target" "${body//\"/\\\"}" "$algorithm" "$digest_header" "$md5" "$authorization"
}

{
	printf '[\n'
	sign 'a GET with a query' GET '/v1/webhooks/messages?page=0&page_size=100' '' sha256 Content-MD5
	printf ',\n'
	sign 'a POST with a body' POST '/v1/webhooks/messages' '{"url":"https://example.com/hük","method":"POST"}' sha256 Content-MD5
	printf ',\n'
	sign 'a PATCH with an escaped path behind a prefix' PATCH '/proxy/v1/webhooks/messages/a%2Fb' '{"template":""}' sha256 Content-MD5
	printf ',\n'
	sign 'a DELETE without a body' DELETE '/v1/webhooks/messages/76fa7010-8c1f-4a24-917a-4d62a54e744d' '' sha256 Content-MD5
	printf ',\n'
	sign 'SHA-1 with the digest header of the older SDKs' POST '/v1/webhooks/messages' '{"events":["RECEIVED_SMS"]}' sha1 x-Content-MD5
	printf ',\n'
	sign 'SHA-1 without a body' GET '/v1/webhooks/messages?page=1' '' sha1 x-Content-MD5
	printf '\n]\n'
} >golden.json
