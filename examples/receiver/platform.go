package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

const tokenHeader = "X-Webhook-Token"

// platform is the real API or the in-memory platform.
type platform struct {
	client *messagemedia.Client
	token  string                         // the value of the webhook's header
	keys   messagemedia.SignatureKeyStore // used with -signed
	memory *messagemediatest.Server       // nil for the real API
}

func connect(keys string) (*platform, error) {
	if os.Getenv("MESSAGEMEDIA_API_KEY") == "" && os.Getenv("MESSAGEMEDIA_API_SECRET") == "" {
		memory, err := messagemediatest.Start()
		if err != nil {
			return nil, err
		}
		return &platform{client: memory.Client(), token: rand.Text(), keys: messagemediatest.NewKeyStore(), memory: memory}, nil
	}
	client, err := messagemedia.NewClientFromEnv()
	if err != nil {
		return nil, err
	}
	store, err := messagemedia.NewFileKeyStore(keys)
	if err != nil {
		return nil, err
	}
	return &platform{client: client, token: os.Getenv("WEBHOOK_TOKEN"), keys: store}, nil
}

func (p *platform) close() {
	if p.memory != nil {
		p.memory.Close()
	}
}

// authentication returns the scheme of the receiver, and the headers that the webhook needs
// for it. If the API does not respond, the receiver uses the stored keys.
func (p *platform) authentication(ctx context.Context, signed bool, out *log.Logger) (webhook.Scheme, map[string]string, error) {
	if !signed {
		return webhook.HeaderToken(tokenHeader, p.token), map[string]string{tokenHeader: p.token}, nil
	}
	scheme := webhook.Signed(webhook.StoredKeys(p.keys))
	_, err := p.client.SyncSignatureKey(ctx, p.keys)
	if err == nil {
		return scheme, nil, nil
	}
	stored, storeErr := p.keys.SignatureKeys(ctx)
	if !isDown(err) || storeErr != nil || len(stored) == 0 {
		return nil, nil, errors.Join(err, storeErr)
	}
	out.Println("Signature keys not synced, using the stored keys:", err)
	return scheme, nil, nil
}

// isDown reports whether the API did not respond, or responded 5xx. A receiver that was set
// up before can work without it.
func isDown(err error) bool {
	apiErr, responded := errors.AsType[*messagemedia.APIError](err)
	return err != nil && !errors.Is(err, messagemedia.ErrInvalidRequest) && (!responded || apiErr.StatusCode >= 500)
}

// demonstrate sends a forged delivery, which the receiver rejects, and then simulates a text
// message at the in-memory platform, which delivers it.
func (p *platform) demonstrate(ctx context.Context, url string, out *log.Logger) error {
	if p.memory == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx) // with -once, ctx ends before the last response
	if err := p.forge(ctx, url, out); err != nil {
		return err
	}
	report, err := p.memory.Send(ctx, &webhook.ReceivedSMS{
		ReplyID:      "a175e797-2b54-468b-9850-41a3eab32f74",
		SourceNumber: "+61491570156",
		Content:      "Hello from a phone",
	})
	if err != nil {
		return err
	}
	for _, attempt := range report.Deliveries[0].Attempts {
		out.Printf("The delivery got %d", attempt.Status)
	}
	if !report.Acknowledged() {
		return errors.New("the receiver did not acknowledge the delivery")
	}
	return nil
}

// forge sends a delivery with a wrong token, or one that was tampered with after signing.
func (p *platform) forge(ctx context.Context, url string, out *log.Logger) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{"reply_id":"1","content":"Hello"}`))
	if err != nil {
		return err
	}
	request.Header.Set(tokenHeader, rand.Text())
	delivery := "A delivery with a wrong token"
	if signer := p.memory.Signer(""); signer != nil {
		if err := signer.Sign(request); err != nil {
			return err
		}
		request.Body = io.NopCloser(strings.NewReader(`{"reply_id":"1","content":"Adieu"}`))
		delivery = "A tampered delivery"
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	out.Printf("%s got %d", delivery, response.StatusCode)
	if response.StatusCode != http.StatusUnauthorized {
		return fmt.Errorf("status must be 401, got %d", response.StatusCode)
	}
	return nil
}
