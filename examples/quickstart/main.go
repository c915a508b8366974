// Command quickstart creates a webhook, lists the account's, updates it and deletes it.
//
// It shows the four calls, and what an error means to a newcomer. Use it first, to see
// that your credentials work; it leaves nothing behind.
//
//	go run ./examples/quickstart
//
// Without credentials it runs against the in-memory platform. With
// MESSAGEMEDIA_API_KEY and MESSAGEMEDIA_API_SECRET in the environment it talks to the API at
// MESSAGEMEDIA_BASE_URL (default: the global host), over Basic, or over HMAC with
// MESSAGEMEDIA_AUTH=hmac.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "\nThe quick start failed:", err)
		fmt.Fprintln(os.Stderr, advice(err))
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	client, closeServer, err := connect(out)
	if err != nil {
		return err
	}
	defer closeServer()

	webhook, err := client.CreateWebhook(ctx, messagemedia.CreateWebhookRequest{
		URL:        fmt.Sprintf("https://example.com/quickstart/%d", time.Now().UnixNano()), // one that is not in use
		Method:     http.MethodPost,
		Encoding:   messagemedia.EncodingJSON,
		Events:     []messagemedia.EventType{messagemedia.EventReceivedSMS},
		Template:   messagemedia.JSONTemplate,
		Retries:    5, // at 0, the default, a delivery that fails once is lost
		RetryDelay: time.Minute,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Created  %s\n         %s %s\n         for %s, %d retries\n",
		webhook.ID, webhook.Method, webhook.URL, join(webhook.Events), webhook.Retries)

	if err := listUpdateDelete(ctx, client, webhook.ID, out); err != nil {
		return fmt.Errorf("the webhook %s remains, delete it: %w", webhook.ID, err)
	}
	return nil
}

func listUpdateDelete(ctx context.Context, client *messagemedia.Client, id string, out io.Writer) error {
	count := 0
	for _, err := range client.Webhooks(ctx) {
		if err != nil {
			return err
		}
		count++
	}
	fmt.Fprintf(out, "Listed   %d in the account\n", count)

	updated, err := client.UpdateWebhook(ctx, id, messagemedia.UpdateWebhookRequest{
		Events: []messagemedia.EventType{messagemedia.EventReceivedSMS, messagemedia.EventOptOutSMS},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Updated  for %s\n", join(updated.Events))

	if err := client.DeleteWebhook(ctx, id); err != nil {
		return err
	}
	fmt.Fprintln(out, "Deleted  and nothing is left behind")
	return nil
}

// connect returns a client for the API that the environment names, or for the in-memory
// platform.
func connect(out io.Writer) (client *messagemedia.Client, closeServer func(), err error) {
	if os.Getenv("MESSAGEMEDIA_API_KEY") != "" || os.Getenv("MESSAGEMEDIA_API_SECRET") != "" {
		client, err = messagemedia.NewClientFromEnv()
		return client, func() {}, err
	}
	server, err := messagemediatest.Start()
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintln(out, "No MESSAGEMEDIA_API_KEY is set: this runs against the in-memory platform.")
	return server.Client(), server.Close, nil
}

// advice says what a newcomer can do about an error.
func advice(err error) string {
	switch {
	case errors.Is(err, messagemedia.ErrUnauthorized):
		return "Are MESSAGEMEDIA_API_KEY and MESSAGEMEDIA_API_SECRET a pair, and is MESSAGEMEDIA_BASE_URL their region? HMAC needs MESSAGEMEDIA_AUTH=hmac."
	case errors.Is(err, messagemedia.ErrForbidden):
		return "The account does not have webhooks. The vendor's support can enable them."
	case errors.Is(err, messagemedia.ErrInvalidRequest):
		return "The account may hold 150 webhooks already, which is the most."
	}
	return "Is the API reachable from here? MESSAGEMEDIA_BASE_URL says where it is looked for."
}

func join(events []messagemedia.EventType) string {
	var names []string
	for _, event := range events {
		names = append(names, string(event))
	}
	return strings.Join(names, ", ")
}
