// Command quickstart creates, lists, updates and deletes a webhook.
//
// Without credentials it runs against the platform in memory. With
// MESSAGEMEDIA_API_KEY and MESSAGEMEDIA_API_SECRET in the environment it talks
// to the API at MESSAGEMEDIA_BASE_URL (default: the global host), over Basic, or
// over HMAC with MESSAGEMEDIA_AUTH=hmac.
package main

import (
	"cmp"
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
	if err := run(ctx, os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "\nThe quick start failed:", err)
		fmt.Fprintln(os.Stderr, advice(err))
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, getenv func(string) string, out io.Writer) error {
	client, closeServer, err := connect(getenv, out)
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

// connect makes a client for the API that the environment names, or for one in
// memory.
func connect(getenv func(string) string, out io.Writer) (client *messagemedia.Client, closeServer func(), err error) {
	key, secret := getenv("MESSAGEMEDIA_API_KEY"), getenv("MESSAGEMEDIA_API_SECRET")
	if key == "" && secret == "" {
		server, err := messagemediatest.Start()
		if err != nil {
			return nil, nil, err
		}
		fmt.Fprintln(out, "No MESSAGEMEDIA_API_KEY is set: this runs against the platform in memory.")
		return server.Client(), server.Close, nil
	}
	var auth messagemedia.Authenticator
	switch method := cmp.Or(getenv("MESSAGEMEDIA_AUTH"), "basic"); method {
	case "basic":
		auth = messagemedia.BasicAuth(key, secret)
	case "hmac":
		auth = messagemedia.HMACAuth(key, secret)
	default:
		return nil, nil, fmt.Errorf("MESSAGEMEDIA_AUTH is %q; it can be basic or hmac", method)
	}
	var options []messagemedia.Option
	if baseURL := getenv("MESSAGEMEDIA_BASE_URL"); baseURL != "" {
		options = append(options, messagemedia.WithBaseURL(baseURL))
	}
	client, err = messagemedia.NewClient(auth, options...)
	return client, func() {}, err
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
