package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// tokenHeader is the header in which a delivery carries the token.
const tokenHeader = "X-Webhook-Token"

// openKeys opens the directory of the signature keys. If -keys is not set, it returns nil.
func (s *settings) openKeys() (messagemedia.SignatureKeyStore, error) {
	if s.keys == "" {
		return nil, nil
	}
	return messagemedia.NewFileKeyStore(s.keys)
}

// scheme returns the scheme by which deliveries are authenticated: the token, a signature or,
// while the webhook migrates between them, either.
func (s *settings) scheme(keys messagemedia.SignatureKeyStore) webhook.Scheme {
	switch {
	case keys == nil:
		return webhook.HeaderToken(tokenHeader, s.token)
	case s.token == "":
		return webhook.Signed(webhook.StoredKeys(keys))
	}
	return webhook.AnyOf(webhook.Signed(webhook.StoredKeys(keys)), webhook.HeaderToken(tokenHeader, s.token))
}

// webhook returns the webhook to subscribe.
func (s *settings) webhook(retryDelay time.Duration) messagemedia.CreateWebhookRequest {
	request := messagemedia.CreateWebhookRequest{
		URL:      s.publicURL,
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events: []messagemedia.EventType{
			messagemedia.EventReceivedSMS, messagemedia.EventReceivedMMS, messagemedia.EventOptOutSMS,
			messagemedia.EventDeliveredDR, messagemedia.EventFailedDR, messagemedia.EventRejectedDR, messagemedia.EventExpiredDR,
		},
		Template:   messagemedia.JSONTemplate,
		Retries:    5, // at 0, the platform's default, a delivery that fails once is lost
		RetryDelay: retryDelay,
	}
	if s.token != "" {
		request.Headers = map[string]string{tokenHeader: s.token}
	}
	return request
}

// subscribe creates or updates the webhook. If there is a key store, subscribe first ensures
// that a signature key is enabled.
func subscribe(ctx context.Context, s settings, keys messagemedia.SignatureKeyStore, logger *slog.Logger) error {
	client, err := messagemedia.NewClientFromEnv(messagemedia.WithLogger(logger))
	if err != nil {
		return err
	}
	if keys != nil {
		result, err := client.SyncSignatureKey(ctx, keys)
		if err != nil {
			return err
		}
		logger.Info("durable: signature key synced", "result", result)
	}
	result, err := client.SyncWebhooks(ctx, []messagemedia.CreateWebhookRequest{s.webhook(time.Minute)})
	if err != nil {
		return err
	}
	logger.Info("durable: webhook synced", "result", result)
	return nil
}

// start subscribes. If deliveries can already be authenticated, it does so in the background:
// if the API does not respond, the deliveries of an earlier webhook still arrive.
func start(ctx context.Context, s settings, keys messagemedia.SignatureKeyStore, logger *slog.Logger) error {
	if s.token == "" {
		stored, err := keys.SignatureKeys(ctx)
		if err != nil {
			return err
		}
		if len(stored) == 0 {
			return subscribe(ctx, s, keys, logger)
		}
	}
	go func() {
		if err := subscribe(ctx, s, keys, logger); err != nil {
			logger.Error("durable: subscribe failed", "error", err)
		}
	}()
	return nil
}

// demonstrate simulates an inbound message at the in-memory platform.
func demonstrate(ctx context.Context, s settings, out io.Writer) {
	fmt.Fprintln(out, "MESSAGEMEDIA_API_KEY is not set: the in-memory platform sends a text message.")
	acknowledged, err := send(ctx, s)
	if err != nil {
		fmt.Fprintln(out, "Sending failed:", err)
		return
	}
	fmt.Fprintln(out, "Acknowledged:", acknowledged)
}

func send(ctx context.Context, s settings) (acknowledged bool, err error) {
	api, err := messagemediatest.Start()
	if err != nil {
		return false, err
	}
	defer api.Close()
	if _, err := api.Client().CreateWebhook(ctx, s.webhook(time.Minute)); err != nil {
		return false, err
	}
	result, err := api.Send(ctx, &webhook.ReceivedSMS{ReplyID: rand.Text(), SourceNumber: "+61491570156", Content: "Hello from a phone"})
	if err != nil {
		return false, err
	}
	return result.Acknowledged(), nil
}
