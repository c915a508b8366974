package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// platform is what a receiver gets its keys from: a file of an earlier run, or
// else the API, or without credentials the platform in memory.
type platform struct {
	client *messagemedia.Client     // nil when there is a file
	memory *messagemediatest.Server // nil unless it is that
}

func connectPlatform(s settings, getenv func(string) string) (*platform, error) {
	if _, err := os.Stat(s.keyFile); !errors.Is(err, fs.ErrNotExist) {
		return new(platform), err
	}
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
	return &platform{client: client}, err
}

func (p *platform) close() {
	if p.memory != nil {
		p.memory.Close()
	}
}

// signatureKeys are what deliveries are verified with. A new key is stored before
// it is used, since its public half never comes again. The file gets its name at
// the end, so that the next run does not take half of a subscription for one.
func (p *platform) signatureKeys(ctx context.Context, s settings) (*webhook.KeySet, error) {
	if p.client == nil {
		return loadKeys(s.keyFile)
	}
	key, err := createKey(ctx, p.client)
	if err != nil {
		return nil, err
	}
	if p.memory == nil {
		if err := saveKeys(s.keyFile+".new", key); err != nil {
			return nil, err
		}
	}
	if err := subscribe(ctx, p.client, key.ID, s.publicURL, time.Minute); err != nil {
		return nil, err
	}
	if p.memory == nil {
		if err := os.Rename(s.keyFile+".new", s.keyFile); err != nil {
			return nil, err
		}
	}
	return keySet(key)
}

// createKey makes a signature key, unless the account has one in use: enabling
// another would end the deliveries of whoever verifies with that one.
func createKey(ctx context.Context, client *messagemedia.Client) (*messagemedia.SignatureKey, error) {
	enabled, err := client.GetEnabledSignatureKey(ctx)
	switch {
	case err == nil:
		return nil, fmt.Errorf("the account signs with the key %s already: write its public half into the file that -keys names", enabled.ID)
	case !errors.Is(err, messagemedia.ErrNotFound):
		return nil, err
	}
	return client.CreateSignatureKey(ctx, messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
}

// subscribe makes the webhook, and has deliveries signed with a key.
func subscribe(ctx context.Context, client *messagemedia.Client, keyID, url string, retryDelay time.Duration) error {
	_, err := client.CreateWebhook(ctx, messagemedia.CreateWebhookRequest{
		URL:      url,
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events: []messagemedia.EventType{
			messagemedia.EventReceivedSMS, messagemedia.EventReceivedMMS, messagemedia.EventOptOutSMS,
			messagemedia.EventDeliveredDR, messagemedia.EventFailedDR, messagemedia.EventRejectedDR, messagemedia.EventExpiredDR,
		},
		Template:   messagemedia.JSONTemplate,
		Retries:    5, // at 0, the platform's default, a delivery that fails once is lost
		RetryDelay: retryDelay,
	})
	if err != nil && !errors.Is(err, messagemedia.ErrConflict) {
		return err
	}
	_, err = client.EnableSignatureKey(ctx, keyID)
	return err
}

// saveKeys writes a file of keys: a JSON array, so that a new key can be put
// beside the old one.
func saveKeys(file string, keys ...*messagemedia.SignatureKey) error {
	data, err := json.MarshalIndent(keys, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}

func loadKeys(file string) (*webhook.KeySet, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var keys []*messagemedia.SignatureKey
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, fmt.Errorf("%s is no array of signature keys: %w", file, err)
	}
	set, err := keySet(keys...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return set, nil
}

func keySet(keys ...*messagemedia.SignatureKey) (*webhook.KeySet, error) {
	set := webhook.NewKeySet()
	for _, key := range keys {
		parsed, err := webhook.ParseKey(key.ID, key.Digest, key.PublicKey)
		if err != nil {
			return nil, err
		}
		set.Add(parsed)
	}
	return set, nil
}

// demonstrate has the platform in memory send a text message.
func (p *platform) demonstrate(ctx context.Context, out io.Writer) {
	if p.memory == nil {
		return
	}
	fmt.Fprintln(out, "No MESSAGEMEDIA_API_KEY is set: the platform in memory sends a text message.")
	report, err := p.memory.Send(ctx, &webhook.ReceivedSMS{ReplyID: "d3c2", SourceNumber: "+61491570156", Content: "Hello from a phone"})
	if err != nil {
		fmt.Fprintln(out, "It failed:", err)
		return
	}
	fmt.Fprintln(out, "Acknowledged:", report.Acknowledged())
}
