package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// demonstrate runs the command three times on an in-memory platform that has the webhooks of
// an earlier version of the file.
func demonstrate(ctx context.Context, file string, desired []messagemedia.CreateWebhookRequest, out io.Writer) error {
	server, err := messagemediatest.Start()
	if err != nil {
		return err
	}
	defer server.Close()
	fmt.Fprintln(out, "MESSAGEMEDIA_API_KEY is not set: using the in-memory platform.")
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
