// Command quickstart creates a webhook, lists the account's webhooks, and updates and
// deletes the one that it created.
//
// It shows the four calls and how to handle their errors. Use it first, to check your
// credentials. It deletes the webhook that it creates.
//
//	go run ./examples/quickstart
//
// Without credentials it uses the in-memory platform. If MESSAGEMEDIA_API_KEY and
// MESSAGEMEDIA_API_SECRET are set, it calls the API at MESSAGEMEDIA_BASE_URL (default: the
// global host). It authenticates by Basic, or by HMAC if MESSAGEMEDIA_AUTH is hmac.
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
		URL:        fmt.Sprintf("https://example.com/quickstart/%d", time.Now().UnixNano()), // unique
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
		return fmt.Errorf("webhook %s may remain, delete it: %w", webhook.ID, err)
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
	fmt.Fprintln(out, "Deleted  the webhook")
	return nil
}

// connect returns a client for the API if the environment has credentials, or else for the
// in-memory platform.
func connect(out io.Writer) (client *messagemedia.Client, closeServer func(), err error) {
	if os.Getenv("MESSAGEMEDIA_API_KEY") != "" || os.Getenv("MESSAGEMEDIA_API_SECRET") != "" {
		client, err = messagemedia.NewClientFromEnv()
		return client, func() {}, err
	}
	server, err := messagemediatest.Start()
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintln(out, "MESSAGEMEDIA_API_KEY is not set: using the in-memory platform.")
	return server.Client(), server.Close, nil
}

// advice suggests what to do about an error.
func advice(err error) string {
	switch {
	case errors.Is(err, messagemedia.ErrUnauthorized):
		return "Check that MESSAGEMEDIA_API_KEY and MESSAGEMEDIA_API_SECRET belong together, and that MESSAGEMEDIA_BASE_URL is their region. For HMAC credentials, set MESSAGEMEDIA_AUTH=hmac."
	case errors.Is(err, messagemedia.ErrForbidden):
		return "Webhooks are not enabled for the account. The vendor's support can enable them."
	case errors.Is(err, messagemedia.ErrInvalidRequest):
		return "The account may have reached its limit of 150 webhooks."
	}
	return "Check that this machine can reach the API. MESSAGEMEDIA_BASE_URL is its base URL."
}

func join(events []messagemedia.EventType) string {
	var names []string
	for _, event := range events {
		names = append(names, string(event))
	}
	return strings.Join(names, ", ")
}
