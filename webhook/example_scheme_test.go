package webhook_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// Rotate keys without losing a delivery. Complete each step in every instance before the
// next one.
func ExampleKeySet() {
	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()
	ctx, client := context.Background(), api.Client()

	keys := webhook.NewKeySet()
	verifier, err := webhook.NewVerifier(webhook.Signed(keys))
	if err != nil {
		log.Fatal(err)
	}
	var old string
	for range 2 {
		created, err := client.CreateSignatureKey(ctx, messagemedia.CreateSignatureKeyRequest{Digest: webhook.SHA256})
		if err != nil {
			log.Fatal(err)
		}
		// Store created here: the API never returns its PublicKey again.
		key, err := webhook.ParseKey(created.ID, created.Digest, created.PublicKey)
		if err != nil {
			log.Fatal(err)
		}
		if err := keys.Add(key); err != nil { // keep the old key: the platform retries deliveries that it signed
			log.Fatal(err)
		}
		if _, err := client.EnableSignatureKey(ctx, key.ID()); err != nil {
			log.Fatal(err)
		}

		r := httptest.NewRequest("POST", "/hooks/sms", strings.NewReader("payload"))
		if err := api.Signer("").Sign(r); err != nil {
			log.Fatal(err)
		}
		_, err = verifier.Verify(r)
		fmt.Println(err)

		if old != "" { // half an hour later
			keys.Remove(old)
			if err := client.DeleteSignatureKey(ctx, old); err != nil {
				log.Fatal(err)
			}
		}
		old = key.ID()
	}
	// Output:
	// <nil>
	// <nil>
}

// database is a KeySource that reads a table. It caches the keys, since it is called for each
// signed delivery.
type database struct {
	query func(ctx context.Context, id string) (digest messagemedia.Digest, publicKey string, err error)
	cache sync.Map // of *webhook.Key, by ID
}

func (d *database) Key(ctx context.Context, id string) (*webhook.Key, error) {
	if key, ok := d.cache.Load(id); ok {
		return key.(*webhook.Key), nil
	}
	digest, publicKey, err := d.query(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, webhook.ErrUnknownKey // rejects the delivery; any other error lets the platform retry
	}
	if err != nil {
		return nil, err
	}
	key, err := webhook.ParseKey(id, digest, publicKey)
	if err == nil {
		d.cache.Store(id, key)
	}
	return key, err
}

func ExampleKeySource() {
	verifier, err := webhook.NewVerifier(webhook.Signed(&database{query: func(_ context.Context, id string) (messagemedia.Digest, string, error) {
		if id != platformKey.ID {
			return "", "", sql.ErrNoRows
		}
		return platformKey.Digest, platformKey.PublicKey, nil
	}}))
	if err != nil {
		log.Fatal(err)
	}
	handler := exampleHandler(verifier, func(context.Context, *webhook.Delivery) error { return nil })
	fmt.Println(deliver(handler, "payload"))
	// Output: 204
}

// Authenticate by a token in the webhook's Headers, which every account can use.
func ExampleHeaderToken() {
	token := rand.Text() // store it where the receiver and the program that creates the webhook can read it

	verifier, err := webhook.NewVerifier(webhook.HeaderToken("X-Webhook-Token", token))
	if err != nil {
		log.Fatal(err)
	}
	handler, err := webhook.NewHandler(verifier, func(_ context.Context, d *webhook.Delivery) error {
		fmt.Println(d.Scheme)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}

	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()
	if _, err := api.Client().CreateWebhook(context.Background(), messagemedia.CreateWebhookRequest{
		URL:      "https://example.com/hooks/sms",
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS},
		Template: messagemedia.JSONTemplate,
		Headers:  map[string]string{"X-Webhook-Token": token},
		Retries:  5,
	}); err != nil {
		log.Fatal(err)
	}
	sent, err := api.Send(context.Background(), &webhook.ReceivedSMS{ReplyID: "d3c2"}, messagemediatest.ToHandler(handler))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sent.Acknowledged())
	// Output:
	// header:X-Webhook-Token
	// true
}

// Authenticate deliveries to a message's callback_url, which have no headers of your own.
func ExampleQueryToken() {
	const token = "9Zq1vJ0cLxkR5sXw2BtUdA"
	verifier, err := webhook.NewVerifier(webhook.QueryToken("token", token))
	if err != nil {
		log.Fatal(err)
	}
	for _, target := range []string{"/hooks?token=" + token, "/hooks?token=guess", "/hooks"} {
		delivery, err := verifier.Verify(httptest.NewRequest("POST", target, strings.NewReader(`{"reply_id":"d3c2"}`)))
		fmt.Println(delivery, err)
	}
	// Output:
	// POST /hooks?… (query:token, RECEIVED_SMS, 19 bytes) <nil>
	// <nil> webhook: bad token
	// <nil> webhook: bad token
}

// Move from a token to signatures without losing a delivery: accept both until the observer
// no longer sees the token.
func ExampleAnyOf() {
	const token = "9Zq1vJ0cLxkR5sXw2BtUdA"
	verifier, err := webhook.NewVerifier(webhook.AnyOf(
		webhook.Signed(webhook.NewKeySet(signer.Key())),
		webhook.HeaderToken("X-Webhook-Token", token),
	))
	if err != nil {
		log.Fatal(err)
	}
	signed := signedHeader("POST", "/hooks", "payload")
	for _, header := range []http.Header{signed, {"X-Webhook-Token": {token}}, {}} {
		delivery, err := verifier.VerifyRaw(context.Background(), webhook.RawRequest{Method: "POST", Target: "/hooks", Header: header, Body: []byte("payload")})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(delivery.Scheme)
	}
	// Output:
	// signature
	// header:X-Webhook-Token
	// webhook: missing header: not signed; webhook: bad token
}

// Require both a signature and a token.
func ExampleAllOf() {
	const token = "9Zq1vJ0cLxkR5sXw2BtUdA"
	verifier, err := webhook.NewVerifier(webhook.AllOf(
		webhook.Signed(webhook.NewKeySet(signer.Key())),
		webhook.QueryToken("token", token),
	))
	if err != nil {
		log.Fatal(err)
	}
	raw := webhook.RawRequest{Method: "POST", Target: "/hooks?token=" + token, Body: []byte("payload")}
	raw.Header = signedHeader(raw.Method, raw.Target, "payload")
	delivery, err := verifier.VerifyRaw(context.Background(), raw)
	fmt.Println(delivery.Scheme, err)
	raw.Header = nil
	_, err = verifier.VerifyRaw(context.Background(), raw)
	fmt.Println(err)
	// Output:
	// query:token+signature <nil>
	// webhook: missing header: not signed
}
