// Command create makes one webhook: the first program of the README.
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
	client, err := messagemedia.NewClient(
		messagemedia.BasicAuth(os.Getenv("MESSAGEMEDIA_API_KEY"), os.Getenv("MESSAGEMEDIA_API_SECRET")),
		// messagemedia.WithBaseURL(messagemedia.BaseURLEU), if the account lives there
	)
	if err != nil {
		log.Fatal(err)
	}
	webhook, err := client.CreateWebhook(context.Background(), messagemedia.CreateWebhookRequest{
		URL:        "https://example.com/hooks/sms",
		Method:     http.MethodPost,
		Encoding:   messagemedia.EncodingJSON,
		Events:     []messagemedia.EventType{messagemedia.EventReceivedSMS, messagemedia.EventDeliveredDR},
		Template:   messagemedia.JSONTemplate,
		Retries:    5, // at 0, the platform's default, a delivery that fails once is lost
		RetryDelay: time.Minute,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("created", webhook.ID)
}
