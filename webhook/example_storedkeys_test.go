package webhook_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// Rotate keys without losing a delivery, in every instance that uses the store.
func ExampleStoredKeys() {
	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()
	ctx, client := context.Background(), api.Client()
	store := messagemediatest.NewKeyStore() // in production: messagemedia.NewFileKeyStore, or a database table

	if _, err := client.SyncSignatureKey(ctx, store); err != nil {
		log.Fatal(err)
	}
	verifier, err := webhook.NewVerifier(webhook.Signed(webhook.StoredKeys(store)))
	if err != nil {
		log.Fatal(err)
	}
	old := api.Signer("")
	if _, err := client.RotateSignatureKey(ctx, store); err != nil { // in a scheduled job
		log.Fatal(err)
	}

	for _, signer := range []*messagemediatest.Signer{old, api.Signer("")} {
		r := httptest.NewRequest("POST", "/hooks/sms", strings.NewReader("payload"))
		if err := signer.Sign(r); err != nil {
			log.Fatal(err)
		}
		_, err = verifier.Verify(r)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// <nil>
}
