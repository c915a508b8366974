package messagemediatest_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

var request = messagemedia.CreateWebhookRequest{
	URL:      "https://example.com/hooks/sms",
	Method:   http.MethodPost,
	Encoding: messagemedia.EncodingJSON,
	Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS},
}

// In a program, Close ends the server.
func ExampleStart() {
	api, err := messagemediatest.Start(messagemediatest.WithCredentials("key", "secret"))
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()

	webhook, err := api.Client().CreateWebhook(context.Background(), request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(webhook.URL)
	// Output: https://example.com/hooks/sms
}

// The first answer gets lost after the webhook was made: the client finds it.
func ExampleServer_Fail() {
	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()

	api.Fail(messagemediatest.Fault{Reset: true, AfterChange: true})
	_, err = api.Client().CreateWebhook(context.Background(), request)
	fmt.Println(err, len(api.Webhooks("")))

	for _, exchange := range api.Requests() {
		fmt.Println(exchange.Method, exchange.Status, exchange.Changed)
	}
	// Output:
	// <nil> 1
	// POST 0 true
	// POST 409 false
	// GET 200 false
}
