package messagemediatest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"time"

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

// A program must close the server.
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

// The response to the creation is lost, and the client finds the created webhook.
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

// Use your own client with HMAC authentication.
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

// Each request takes the first fault that selects it.
func ExampleServer_Faults() {
	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()

	api.Fail(messagemediatest.Fault{Status: 503, Times: 2})
	api.Fail(messagemediatest.Fault{Operation: "CreateWebhook", ResetConnection: true, AfterCommit: true})
	api.Fail(messagemediatest.Fault{Operation: "ListWebhooks", Lag: 1})
	api.Fail(messagemediatest.Fault{Operation: "DeleteWebhook", Status: 404, Body: "<html>No such host"}) // of a proxy

	client := api.Client(messagemedia.WithMaxAttempts(1))
	_, err = client.ListWebhooks(context.Background(), messagemedia.ListWebhooksRequest{})
	fmt.Println(err)
	for _, fault := range api.Faults() {
		fmt.Println(fault.Operation, fault.Status, fault.Times)
	}

	api.ClearFaults()
	_, err = client.ListWebhooks(context.Background(), messagemedia.ListWebhooksRequest{})
	fmt.Println(err)
	// Output:
	// messagemedia: ListWebhooks: 503 Service Unavailable
	//  503 1
	// CreateWebhook 0 1
	// ListWebhooks 0 1
	// DeleteWebhook 404 1
	// <nil>
}

// Add two webhooks with the same URL and method, which the API would reject.
func ExampleServer_AddWebhook() {
	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()

	for range 2 {
		api.AddWebhook("", messagemedia.Webhook{URL: "https://example.com/hooks/sms", Method: http.MethodPost})
	}
	page, err := api.Client().ListWebhooks(context.Background(), messagemedia.ListWebhooksRequest{})
	if err != nil {
		log.Fatal(err)
	}
	for _, webhook := range page.Webhooks {
		fmt.Println(webhook.Method, webhook.URL)
	}
	// Output:
	// POST https://example.com/hooks/sms
	// POST https://example.com/hooks/sms
}

// The platform may store a URL in another spelling.
func ExampleWithNormalization() {
	api, err := messagemediatest.Start(messagemediatest.WithNormalization(messagemediatest.Normalize))
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()

	request := request
	request.URL = "https://EXAMPLE.com:443/a/../%7esms#1"
	created, err := api.Client().CreateWebhook(context.Background(), request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(created.URL)
	// Output: https://example.com/~sms
}

// The recipient of a message that was sent with a callback_url replies.
func ExampleServer_SendToCallbackURL() {
	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()

	result, err := api.SendToCallbackURL(context.Background(), "https://example.com/callback?token=t",
		&webhook.ReceivedSMS{ReplyID: "a175e797", Content: "Yes"},
		messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			fmt.Println(r.Method, r.RequestURI, string(body))
		})))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Acknowledged())
	// Output:
	// POST /callback?token=t {"callback_url":"https://example.com/callback?token=t","reply_id":"a175e797","content":"Yes","metadata":{}}
	// true
}

// The final report arrives before the earlier ones.
func ExampleServer_SendReports() {
	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()
	ctx := context.Background()

	api.AddWebhook("", messagemedia.Webhook{
		URL: "https://example.com/reports", Method: http.MethodPost, Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventEnrouteDR, messagemedia.EventSubmittedDR, messagemedia.EventDeliveredDR},
		Template: "$receivedTimestamp $status $statusCode",
	})
	handler := messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(string(body))
	}))

	report := &webhook.DeliveryReport{MessageID: "877c19ef", ReceivedAt: time.Date(2026, 9, 30, 8, 0, 0, 0, time.UTC)}
	_, err = api.SendReports(ctx, report, []webhook.Status{webhook.StatusDelivered, webhook.StatusEnroute, webhook.StatusSubmitted}, handler)
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2026-09-30T08:00:02.000Z delivered 220
	// 2026-09-30T08:00:00.000Z enroute 101
	// 2026-09-30T08:00:01.000Z submitted 200
}

// The platform sends an acknowledged delivery again, as after a lost response.
func ExampleWithDuplicate() {
	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()

	api.AddWebhook("", messagemedia.Webhook{
		URL: "https://example.com/hooks/sms", Method: http.MethodPost,
		Events: []messagemedia.EventType{messagemedia.EventReceivedSMS}, Template: "$moContent",
	})
	result, err := api.Send(context.Background(), &webhook.ReceivedSMS{Content: "Yes"},
		messagemediatest.WithDuplicate(0),
		messagemediatest.ToHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			fmt.Println(string(body))
		})))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(result.Deliveries[0].Attempts), result.Acknowledged())
	// Output:
	// Yes
	// Yes
	// 2 true
}

// A service creates a webhook, and a text message arrives. The platform renders and signs
// it. The first attempt fails, and the second one is acknowledged.
func ExampleServer_Send() {
	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()
	ctx, client := context.Background(), api.Client()

	// The service enables a signature key and creates a webhook when it starts.
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

	// The endpoint's database is down during the first attempt.
	parsed, err := webhook.ParseKey(key.ID, key.Digest, key.PublicKey)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(parsed)))
	if err != nil {
		log.Fatal(err)
	}
	var database []string
	down := true
	endpoint, err := webhook.NewHandler(verifier, func(_ context.Context, d *webhook.Delivery) error {
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
	if err != nil {
		log.Fatal(err)
	}

	// A text message arrives.
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

// Send a duplicate of a delivery, which a receiver must recognize.
func ExampleServer_Resend() {
	api, err := messagemediatest.Start(messagemediatest.WithDeliveryObserver(func(p messagemediatest.DeliveryProgress) {
		if p.Done {
			fmt.Printf("%s: %s\n", p.Delivery.EventType, p.Delivery.Attempts[0].RequestBody)
		}
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()

	subscription := request
	subscription.Template = `{"reply_id": "$moId"}`
	if _, err := api.Client().CreateWebhook(context.Background(), subscription); err != nil {
		log.Fatal(err)
	}
	receiver := messagemediatest.ToHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	result, err := api.Send(context.Background(), &webhook.ReceivedSMS{ReplyID: "7"}, receiver)
	if err != nil {
		log.Fatal(err)
	}
	duplicate, err := api.Resend(context.Background(), result.Deliveries[0], receiver)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(duplicate.Acknowledged())
	// Output:
	// RECEIVED_SMS: {"reply_id": "7"}
	// RECEIVED_SMS: {"reply_id": "7"}
	// true
}
