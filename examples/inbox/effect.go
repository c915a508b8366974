package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// effect returns the function that the worker calls for each delivery. Replace it with your own.
// If the process ends before the result is stored, the function is called again for the same
// delivery. So it passes the key on, by which the other system can recognize the repetition.
func (s settings) effect(out io.Writer) func(context.Context, string, webhook.Event, []byte) error {
	if s.forward == "" {
		return func(_ context.Context, _ string, event webhook.Event, _ []byte) error {
			_, err := fmt.Fprintf(out, "Handled: %s\n", describe(event))
			return err
		}
	}
	client := &http.Client{Timeout: 10 * time.Second}
	return func(ctx context.Context, key string, _ webhook.Event, payload []byte) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.forward, bytes.NewReader(payload))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", key)
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // allows the connection to be reused
		if response.StatusCode < 200 || response.StatusCode > 299 {
			return fmt.Errorf("forward: %s", response.Status)
		}
		return nil
	}
}

func describe(event webhook.Event) string {
	switch e := event.(type) {
	case *webhook.ReceivedSMS:
		return fmt.Sprintf("%s texted %q", e.SourceNumber, e.Content)
	case *webhook.ReceivedMMS:
		return fmt.Sprintf("%s sent %d attachments", e.SourceNumber, len(e.Attachments))
	case *webhook.OptOut:
		return fmt.Sprintf("%s opted out", e.SourceNumber)
	case *webhook.DeliveryReport:
		return fmt.Sprintf("message %s is %s", e.MessageID, e.Status)
	}
	return fmt.Sprintf("%T", event)
}
