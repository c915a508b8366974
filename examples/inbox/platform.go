package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// subscribe creates or updates the webhook. If it fails, it logs the error, because the
// deliveries of an earlier webhook still arrive.
func subscribe(ctx context.Context, s settings, logger *slog.Logger) {
	client, err := messagemedia.NewClientFromEnv(messagemedia.WithLogger(logger))
	if err != nil {
		logger.Error("inbox: not subscribed", "error", err)
		return
	}
	result, err := client.SyncWebhooks(ctx, []messagemedia.CreateWebhookRequest{s.webhook()})
	if err != nil {
		logger.Error("inbox: not subscribed", "error", err)
		return
	}
	logger.Info("inbox: subscribed", "result", result)
}

// demonstrate simulates an inbound message at the in-memory platform, and a duplicate delivery.
func demonstrate(ctx context.Context, s settings, out io.Writer) {
	fmt.Fprintln(out, "MESSAGEMEDIA_API_KEY is not set: the in-memory platform sends a text message, and then a duplicate.")
	if err := send(ctx, s, out); err != nil {
		fmt.Fprintln(out, "Sending failed:", err)
		return
	}
	fmt.Fprintln(out, "Receiving until interrupted.")
}

func send(ctx context.Context, s settings, out io.Writer) error {
	api, err := messagemediatest.Start()
	if err != nil {
		return err
	}
	defer api.Close()
	if _, err := api.Client().CreateWebhook(ctx, s.webhook()); err != nil {
		return err
	}
	sms := &webhook.ReceivedSMS{ReplyID: rand.Text(), SourceNumber: "+61491570156", Content: "Hello from a phone"}
	for _, name := range []string{"delivery", "duplicate"} {
		result, err := api.Send(ctx, sms)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "The %s got %d\n", name, result.Deliveries[0].Attempts[0].Status)
	}
	return nil
}
