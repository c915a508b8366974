package main

import "encoding/json"

const sampleToken = "a-token-of-the-sample"

// sampleEvent is an event of a function URL, shortened.
const sampleEvent = `{
  "version": "2.0",
  "rawPath": "/hooks/sms",
  "rawQueryString": "",
  "headers": {
    "content-type": "application/json",
    "x-webhook-token": "a-token-of-the-sample"
  },
  "requestContext": {
    "domainName": "abcdefghij.lambda-url.eu-west-1.on.aws",
    "http": {"method": "POST", "path": "/hooks/sms", "protocol": "HTTP/1.1"}
  },
  "body": "eyJldmVudCI6IlJFQ0VJVkVEX1NNUyIsInJlcGx5X2lkIjoiZDNjMiIsImNvbnRlbnQiOiJIZWxsbyJ9",
  "isBase64Encoded": true
}`

func asJSON(v any) []byte {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err) // a struct of strings and numbers
	}
	return text
}
