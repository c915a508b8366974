package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"os"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

const tokenHeader = "X-Webhook-Token"

// platform is the API, real or in memory.
type platform struct {
	client  *messagemedia.Client
	token   string                   // that the webhook's header carries
	keyFile string                   // empty for the one in memory
	memory  *messagemediatest.Server // nil for the real one
}

func connect(getenv func(string) string, keyFile string) (*platform, error) {
	key, secret := getenv("MESSAGEMEDIA_API_KEY"), getenv("MESSAGEMEDIA_API_SECRET")
	if key == "" && secret == "" {
		memory, err := messagemediatest.Start()
		if err != nil {
			return nil, err
		}
		return &platform{client: memory.Client(), token: rand.Text(), memory: memory}, nil
	}
	client, err := messagemedia.NewClient(messagemedia.BasicAuth(key, secret),
		messagemedia.WithBaseURL(cmp.Or(getenv("MESSAGEMEDIA_BASE_URL"), "https://api.messagemedia.com")))
	return &platform{client: client, token: getenv("WEBHOOK_TOKEN"), keyFile: keyFile}, err
}

func (p *platform) close() {
	if p.memory != nil {
		p.memory.Close()
	}
}

// authentication says how deliveries are recognized, and which headers the webhook needs
// for that.
func (p *platform) authentication(ctx context.Context, signed bool) (webhook.Scheme, map[string]string, error) {
	if !signed {
		return webhook.HeaderToken(tokenHeader, p.token), map[string]string{tokenHeader: p.token}, nil
	}
	key, err := p.signatureKey(ctx)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := webhook.ParseKey(key.ID, key.Digest, key.PublicKey)
	if err != nil {
		return nil, nil, err
	}
	return webhook.Signed(webhook.NewKeySet(parsed)), nil, nil
}

// signatureKey returns the key that deliveries are signed with from now on: the
// one that an earlier run stored, or a new one.
func (p *platform) signatureKey(ctx context.Context) (*messagemedia.SignatureKey, error) {
	key, err := p.load()
	if errors.Is(err, fs.ErrNotExist) {
		key, err = p.createKey(ctx)
	}
	if err != nil {
		return nil, err
	}
	_, err = p.client.EnableSignatureKey(ctx, key.ID)
	return key, err
}

// createKey stores the key before it is used: the API returns the public key only once.
func (p *platform) createKey(ctx context.Context) (*messagemedia.SignatureKey, error) {
	key, err := p.client.CreateSignatureKey(ctx, messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	if err != nil || p.keyFile == "" {
		return key, err
	}
	stored, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(p.keyFile, stored, 0o600)
}

func (p *platform) load() (*messagemedia.SignatureKey, error) {
	if p.keyFile == "" {
		return nil, fs.ErrNotExist
	}
	stored, err := os.ReadFile(p.keyFile)
	if err != nil {
		return nil, err
	}
	var key messagemedia.SignatureKey
	if err := json.Unmarshal(stored, &key); err != nil {
		return nil, fmt.Errorf("%s: %w", p.keyFile, err)
	}
	return &key, nil
}

// demonstrate simulates a text message at the in-memory platform, which delivers it. A
// forged delivery comes first, and is refused.
func (p *platform) demonstrate(ctx context.Context, url string, out *log.Logger) error {
	if p.memory == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx) // the response to the last delivery comes after the end
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
		return errors.New("it should have been acknowledged")
	}
	return nil
}

// forge sends a delivery with a wrong token, or one that was changed after it was signed.
func (p *platform) forge(ctx context.Context, url string, out *log.Logger) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{"reply_id":"1","content":"Hello"}`))
	if err != nil {
		return err
	}
	request.Header.Set(tokenHeader, rand.Text())
	what := "A delivery with a wrong token"
	if signer := p.memory.Signer(""); signer != nil {
		if err := signer.Sign(request); err != nil {
			return err
		}
		request.Body = io.NopCloser(strings.NewReader(`{"reply_id":"1","content":"Adieu"}`))
		what = "A tampered delivery"
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	out.Printf("%s got %d", what, response.StatusCode)
	if response.StatusCode != http.StatusUnauthorized {
		return errors.New("it should have been 401")
	}
	return nil
}
