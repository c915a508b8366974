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

// tokenHeader is where a delivery carries the token.
const tokenHeader = "X-Webhook-Token"

// openKeys opens the directory of the signature keys. It is nil if none is set.
func (s *settings) openKeys() (messagemedia.SignatureKeyStore, error) {
	if s.keys == "" {
		return nil, nil
	}
	return messagemedia.NewFileKeyStore(s.keys)
}

// scheme says what a delivery must carry: the token, a signature, or one of them while
// one replaces the other.
func (s *settings) scheme(keys messagemedia.SignatureKeyStore) webhook.Scheme {
	switch {
	case keys == nil:
		return webhook.HeaderToken(tokenHeader, s.token)
	case s.token == "":
		return webhook.Signed(webhook.StoredKeys(keys))
	}
	return webhook.AnyOf(webhook.Signed(webhook.StoredKeys(keys)), webhook.HeaderToken(tokenHeader, s.token))
}

// webhook is what the platform is asked to send.
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

// subscribe ensures that a signature key is enabled, if there is a store for it, and that the
// webhook is as this program has it.
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

// start subscribes, in the background if deliveries can be authenticated already: what an
// earlier run subscribed to goes on to arrive if the API does not respond.
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
			logger.Error("durable: not subscribed", "error", err)
		}
	}()
	return nil
}

// demonstrate has the in-memory platform send a text message.
func demonstrate(ctx context.Context, s settings, out io.Writer) {
	fmt.Fprintln(out, "No MESSAGEMEDIA_API_KEY is set: the in-memory platform sends a text message.")
	acknowledged, err := send(ctx, s)
	if err != nil {
		fmt.Fprintln(out, "It failed:", err)
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
