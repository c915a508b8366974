#!/usr/bin/env bash
# Makes golden.json: deliveries signed by the openssl command line, so that the
# tests don't check the verifier against a signer of this project. The keys are new
# each time, and their private halves are not kept. The date is the moment at which
# fake time starts in a testing/synctest bubble.
set -euo pipefail
cd "$(dirname "$0")"

date='Sat, 01 Jan 2000 00:00:00 GMT'
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT

# sign BITS DIGEST METHOD TARGET BODY
sign() {
	local bits=$1 digest=$2 method=$3 target=$4 body=$5 signature der pem
	signature=$(printf '%s %s HTTP/1.1%s%s' "$method" "$target" "$date" "$body" |
		openssl dgst "-$digest" -sign "$keys/$bits.pem" -sigopt rsa_padding_mode:pkcs1 | openssl base64 -A)
	der=$(openssl pkey -in "$keys/$bits.pem" -pubout -outform DER | openssl base64 -A)
	pem=$(openssl pkey -in "$keys/$bits.pem" -pubout)
	printf '  {"bits": %s, "digest": "%s", "method": "%s", "target": "%s", "body": "%s", "date": "%s",\n   "der": "%s",\n   "pem": "%s",\n   "signature": "%s"}' \
		"$bits" "${digest^^}" "$method" "$target" "${body//\"/\\\"}" "$date" "$der" "${pem//$'\n'/\\n}" "$signature"
}

{
	printf '['
	separator='\n'
	for bits in 1024 2048 4096; do
		openssl genpkey -quiet -algorithm RSA -pkeyopt "rsa_keygen_bits:$bits" -out "$keys/$bits.pem"
		for digest in sha224 sha256 sha512; do
			printf "$separator"
			sign "$bits" "$digest" GET '/hooks/a%2fb?text=Hi%20%C3%BC;x&id=%31' ''
			printf ',\n'
			sign "$bits" "$digest" POST '/hooks/sms' '{"reply_id":"d3c2","content":"Grüße 😀"}'
			separator=',\n'
		done
	done
	printf '\n]\n'
} >golden.json
