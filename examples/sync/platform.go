package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func connect(getenv func(string) string) (*messagemedia.Client, error) {
	key, secret := getenv("MESSAGEMEDIA_API_KEY"), getenv("MESSAGEMEDIA_API_SECRET")
	auth := messagemedia.BasicAuth(key, secret)
	switch method := getenv("MESSAGEMEDIA_AUTH"); method {
	case "", "basic":
	case "hmac":
		auth = messagemedia.HMACAuth(key, secret)
	default:
		return nil, fmt.Errorf("MESSAGEMEDIA_AUTH is %q; it can be basic or hmac", method)
	}
	var options []messagemedia.Option
	if baseURL := getenv("MESSAGEMEDIA_BASE_URL"); baseURL != "" {
		options = append(options, messagemedia.WithBaseURL(baseURL))
	}
	return messagemedia.NewClient(auth, options...)
}

// demonstrate runs the command three times, against a platform in memory that an
// earlier version of the file left its webhooks on.
func demonstrate(ctx context.Context, file string, desired []messagemedia.CreateWebhookRequest, out io.Writer) error {
	server, err := messagemediatest.Start()
	if err != nil {
		return err
	}
	defer server.Close()
	fmt.Fprintln(out, "No MESSAGEMEDIA_API_KEY is set: this runs against the platform in memory.")
	client := server.Client()
	for _, url := range []string{
		"https://example.com/hooks/sms",
		"https://example.com/hooks/reports?token=an-example",
		"https://example.com/hooks/2024",
		"https://example.com/hooks-of-a-colleague",
	} {
		_, err := client.CreateWebhook(ctx, messagemedia.CreateWebhookRequest{
			URL:      url,
			Method:   http.MethodPost,
			Encoding: messagemedia.EncodingJSON,
			Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS},
		})
		if err != nil {
			return err
		}
	}
	plan := settings{file: file, prune: "https://example.com/hooks", replace: true}
	apply, check := plan, plan
	apply.apply, check.check = true, true
	for _, s := range []settings{plan, apply, check} {
		fmt.Fprintf(out, "\n$ %v\n", s)
		if err := s.sync(ctx, client, desired, out); err != nil {
			return err
		}
	}
	return nil
}
