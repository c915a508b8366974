package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"os"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// template is written for this example: see the package webhook for the names.
const template = `{
  #if($drId)"delivery_report_id": "$drId", "status": "$status", "error_code": "$statusCode",#end
  #if($moId)"reply_id": "$moId", "content": "$!esc.json($moContent)",#end
  "message_id": "$!mtId", "source_number": "$!sourceAddress", "date_received": "$!receivedTimestamp"
}`

// platform is the API, real or in memory.
type platform struct {
	client  *messagemedia.Client
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
		return &platform{client: memory.Client(), memory: memory}, nil
	}
	client, err := messagemedia.NewClient(messagemedia.BasicAuth(key, secret),
		messagemedia.WithBaseURL(cmp.Or(getenv("MESSAGEMEDIA_BASE_URL"), "https://api.messagemedia.com")))
	return &platform{client: client, keyFile: keyFile}, err
}

func (p *platform) close() {
	if p.memory != nil {
		p.memory.Close()
	}
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

// createKey stores the key before it is used: its public half never comes again.
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

// demonstrate has the platform in memory send a text message: a tampered copy
// first, which is refused, and then the message itself.
func (p *platform) demonstrate(ctx context.Context, url string, out *log.Logger) error {
	if p.memory == nil {
		return nil
	}
	const payload = `{"reply_id":"d3c2","content":"Hello from a phone","source_number":"+61491570156"}`
	delivery, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, url, bytes.NewReader([]byte(payload)))
	if err != nil {
		return err
	}
	delivery.Header.Set("Content-Type", "application/json")
	if err := p.memory.Signer("").Sign(delivery); err != nil {
		return err
	}
	tampered := delivery.Clone(delivery.Context())
	tampered.Body = io.NopCloser(bytes.NewReader(bytes.Replace([]byte(payload), []byte("Hello"), []byte("Adieu"), 1)))
	for _, sent := range []struct {
		what    string
		request *http.Request
		want    int
	}{{"A tampered copy", tampered, http.StatusUnauthorized}, {"The delivery", delivery, http.StatusNoContent}} {
		answer, err := http.DefaultClient.Do(sent.request)
		if err != nil {
			return err
		}
		answer.Body.Close()
		out.Printf("%s was answered %s", sent.what, answer.Status)
		if answer.StatusCode != sent.want {
			return fmt.Errorf("it should have been %d", sent.want)
		}
	}
	return nil
}
