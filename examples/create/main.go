// Command create creates one webhook with the credentials in the environment. It is the
// first program of the README. Copy it, and replace the URL by yours.
//
// Your receiver recognizes the platform by WEBHOOK_TOKEN, as the example receiver shows. A
// service that owns its webhooks calls SyncWebhooks instead, as the example sync shows.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

func main() {
	client, err := messagemedia.NewClientFromEnv() // MESSAGEMEDIA_API_KEY, MESSAGEMEDIA_API_SECRET
	if err != nil {
		log.Fatal(err)
	}
	token := os.Getenv("WEBHOOK_TOKEN") // for example the output of: openssl rand -hex 24
	if token == "" {
		log.Fatal("WEBHOOK_TOKEN is not set")
	}
	created, err := client.CreateWebhook(context.Background(), messagemedia.CreateWebhookRequest{
		URL:        "https://example.com/hooks/sms",
		Method:     http.MethodPost,
		Encoding:   messagemedia.EncodingJSON,
		Events:     []messagemedia.EventType{messagemedia.EventReceivedSMS, messagemedia.EventDeliveredDR},
		Headers:    map[string]string{"X-Webhook-Token": token},
		Template:   messagemedia.JSONTemplate,
		Retries:    5, // at 0, the platform's default, a delivery that fails once is lost
		RetryDelay: time.Minute,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("created", created.ID)
}
