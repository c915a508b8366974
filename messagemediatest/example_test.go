package messagemediatest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
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

// The first response gets lost after the webhook was made: the client finds it.
func ExampleServer_Fail() {
	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()

	api.Fail(messagemediatest.Fault{ResetConnection: true, AfterCommit: true})
	_, err = api.Client().CreateWebhook(context.Background(), request)
	fmt.Println(err, len(api.Webhooks("")))

	for _, exchange := range api.Requests() {
		fmt.Println(exchange.Method, exchange.Status, exchange.Committed)
	}
	// Output:
	// <nil> 1
	// POST 0 true
	// POST 409 false
	// GET 200 false
}

// A client of your own, over HMAC.
func ExampleServer_HTTPClient() {
	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()

	client, err := messagemedia.NewClient(messagemedia.HMACAuth(api.Key, api.Secret),
		messagemedia.WithBaseURL(api.URL),
		messagemedia.WithHTTPClient(api.HTTPClient()),
	)
	if err != nil {
		log.Fatal(err)
	}
	page, err := client.ListWebhooks(context.Background(), messagemedia.ListWebhooksRequest{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Webhooks), api.Requests()[0].Header.Get("Authorization")[:4])
	// Output: 0 hmac
}

// The whole way: a webhook is created, a text message arrives, the platform renders
// and signs it, the first delivery fails, the second one is handled.
func ExampleServer_Send() {
	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()
	ctx, client := context.Background(), api.Client()

	// What your service does when it starts.
	key, err := client.CreateSignatureKey(ctx, messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.EnableSignatureKey(ctx, key.ID); err != nil {
		log.Fatal(err)
	}
	_, err = client.CreateWebhook(ctx, messagemedia.CreateWebhookRequest{
		URL:      "https://example.com/hooks/sms",
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS, messagemedia.EventOptOutSMS},
		Template: messagemedia.JSONTemplate,
		Retries:  5,
	})
	if err != nil {
		log.Fatal(err)
	}

	// The endpoint, whose database is down at first.
	parsed, err := webhook.ParseKey(key.ID, key.Digest, key.PublicKey)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := webhook.NewVerifier(webhook.NewKeySet(parsed))
	if err != nil {
		log.Fatal(err)
	}
	var database []string
	down := true
	endpoint := webhook.NewHandler(verifier, func(_ context.Context, d *webhook.Delivery) error {
		if down {
			down = false
			return errors.New("the database is down")
		}
		switch event := d.Event.(type) {
		case *webhook.ReceivedSMS:
			database = append(database, event.SourceNumber+" says "+event.Content)
		default:
			return fmt.Errorf("unhandled %T", event)
		}
		return nil
	})

	// What happens then.
	report, err := api.Send(ctx, &webhook.ReceivedSMS{
		ReplyID:      "a175e797-2b54-468b-9850-41a3eab32f74",
		SourceNumber: "+61491570156",
		Content:      `"Yes", I'll be there`,
	}, messagemediatest.ToHandler(endpoint))
	if err != nil {
		log.Fatal(err)
	}
	for _, attempt := range report.Deliveries[0].Attempts {
		fmt.Println(attempt.Method, attempt.URL, attempt.Status, attempt.Wait)
	}
	fmt.Println(report.Acknowledged(), database)
	// Output:
	// POST https://example.com/hooks/sms 503 5s
	// POST https://example.com/hooks/sms 204 0s
	// true [+61491570156 says "Yes", I'll be there]
}
