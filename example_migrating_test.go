package messagemedia_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// Each operation of the vendor's other SDKs, with its name there and the equivalent call of
// this SDK.
func Example_migrating() {
	api, err := messagemediatest.Start() // in place of the platform
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()
	ctx := context.Background()

	// new MessageMediaWebhooksClient(basicAuthUserName, basicAuthPassword)
	client, err := messagemedia.NewClient(
		messagemedia.BasicAuth(api.Key, api.Secret),
		messagemedia.WithBaseURL(api.URL), // omit for the global host
	)
	if err != nil {
		log.Fatal(err)
	}
	if err := migratedWebhooks(ctx, client); err != nil {
		log.Fatal(err)
	}
	if err := migratedSignatureKeys(ctx, client); err != nil {
		log.Fatal(err)
	}
	// Output:
	// created for [ENROUTE_DR]
	// listed 1
	// updated to PUT
	// deleted
	// created for SHA256
	// listed 1 for SHA256
	// enabled: true
	// disabled and deleted
}

func migratedWebhooks(ctx context.Context, client *messagemedia.Client) error {
	// createWebhook(body), create_webhook(body)
	created, err := client.CreateWebhook(ctx, messagemedia.CreateWebhookRequest{
		URL:      "https://example.com/hooks/sms",
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventEnrouteDR},
		Template: `{"id":"$mtId","status":"$statusCode"}`,
	})
	if err != nil {
		return err
	}
	fmt.Println("created for", created.Events)

	// retrieveWebhook(page, pageSize), 0 and 0 select the first page with the default size
	page, err := client.ListWebhooks(ctx, messagemedia.ListWebhooksRequest{Page: 0, PageSize: 0})
	if err != nil {
		return err
	}
	fmt.Println("listed", len(page.Webhooks))

	// updateWebhook(webhookId, body)
	updated, err := client.UpdateWebhook(ctx, created.ID, messagemedia.UpdateWebhookRequest{Method: http.MethodPut})
	if err != nil {
		return err
	}
	fmt.Println("updated to", updated.Method)

	// deleteWebhook(webhookId)
	if err := client.DeleteWebhook(ctx, created.ID); err != nil {
		return err
	}
	fmt.Println("deleted")
	return nil
}

// The vendor has separate SDKs for signature keys. This SDK uses the same client.
func migratedSignatureKeys(ctx context.Context, client *messagemedia.Client) error {
	// createSignatureKey(body)
	created, err := client.CreateSignatureKey(ctx, messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	if err != nil {
		return err
	}
	fmt.Println("created for", created.Digest)

	// getSignatureKeyList(page, pageSize)
	keys, err := client.ListSignatureKeys(ctx, messagemedia.ListSignatureKeysRequest{})
	if err != nil {
		return err
	}
	// getSignatureKeyDetail(keyId)
	key, err := client.GetSignatureKey(ctx, created.ID)
	if err != nil {
		return err
	}
	fmt.Printf("listed %d for %s\n", len(keys), key.Digest)

	// enableSignatureKey(body), in PHP updateEnableSignatureKey(body)
	if _, err := client.EnableSignatureKey(ctx, created.ID); err != nil {
		return err
	}
	// getEnabledSignatureKey()
	enabled, err := client.GetEnabledSignatureKey(ctx)
	if err != nil {
		return err
	}
	fmt.Println("enabled:", enabled.Enabled)

	// disableTheCurrentEnabledSignatureKey(), in PHP deleteDisableTheCurrentEnabledSignatureKey()
	if err := client.DisableSignatureKey(ctx); err != nil {
		return err
	}
	// deleteSignatureKey(keyId)
	if err := client.DeleteSignatureKey(ctx, created.ID); err != nil {
		return err
	}
	fmt.Println("disabled and deleted")
	return nil
}
