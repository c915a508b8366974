package messagemedia_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/jarcoal/httpmock"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// The examples use the in-memory platform. In your program, the client of ExampleNewClient
// replaces their first lines.

func Example() {
	api, client := platform()
	defer api.Close()
	ctx := context.Background()

	webhook, err := client.CreateWebhook(ctx, messagemedia.CreateWebhookRequest{
		URL:      "https://example.com/hooks/sms",
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS},
		Template: `{"id":"$moId","text":"$!esc.json($moContent)"}`,
		Retries:  5,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(webhook.Method, webhook.URL, webhook.Events)

	if err := client.DeleteWebhook(ctx, webhook.ID); err != nil {
		log.Fatal(err)
	}
	// Output: POST https://example.com/hooks/sms [RECEIVED_SMS]
}

func ExampleNewClient() {
	client, err := messagemedia.NewClient(
		messagemedia.BasicAuth("API key", "API secret"),
		messagemedia.WithBaseURL(messagemedia.BaseURLEU),
		messagemedia.WithAttemptTimeout(10*time.Second),
		messagemedia.WithUserAgent("billing/2.1"),
		messagemedia.WithLogger(slog.Default()),
	)
	fmt.Println(client != nil, err)
	// Output: true <nil>
}

func ExampleNewClient_invalidArguments() {
	_, err := messagemedia.NewClient(messagemedia.BasicAuth("", "secret"), messagemedia.WithAttemptTimeout(-1))
	fmt.Println(err)
	// Output:
	// messagemedia: NewClient: the API key is empty
	// WithAttemptTimeout: must be positive, got -1ns
}

func ExampleHMACAuth() {
	api, _ := platform()
	defer api.Close()

	client, err := messagemedia.NewClient(
		messagemedia.HMACAuth(api.Key, api.Secret),
		messagemedia.WithBaseURL(api.URL),
	)
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.ListWebhooks(context.Background(), messagemedia.ListWebhooksRequest{})
	fmt.Println(err)
	// Output: <nil>
}

// vault signs with credentials that can change while the program runs. It wraps HMACAuth, so it
// needs the method RequiresHTTP1.
type vault struct {
	read func(context.Context) (key, secret string, err error)
}

func (v vault) Authenticate(r *http.Request) error {
	key, secret, err := v.read(r.Context())
	if err != nil {
		return err
	}
	return messagemedia.HMACAuth(key, secret).Authenticate(r)
}

func (v vault) RequiresHTTP1() bool { return true }

func ExampleAuthenticator() {
	api, _ := platform()
	defer api.Close()

	credentials := vault{read: func(context.Context) (key, secret string, err error) {
		return api.Key, api.Secret, nil
	}}
	client, err := messagemedia.NewClient(credentials, messagemedia.WithBaseURL(api.URL))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.ListWebhooks(context.Background(), messagemedia.ListWebhooksRequest{})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleClient_ForAccount() {
	api, client := platform()
	defer api.Close()

	_, err := client.ForAccount("branch-7").CreateWebhook(context.Background(), example("https://example.com/"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(api.Webhooks("branch-7")), len(api.Webhooks("")))
	// Output: 1 0
}

func ExampleClient_CreateWebhook() {
	api, client := platform()
	defer api.Close()
	ctx := context.Background()
	request := example("https://example.com/hooks/sms")

	// The platform creates the webhook and the response is lost. The call still returns it.
	api.Fail(messagemediatest.Fault{ResetConnection: true, AfterCommit: true})
	webhook, err := client.CreateWebhook(ctx, request)
	fmt.Println(webhook.URL, err)

	// URL and method are unique in an account.
	_, err = client.CreateWebhook(ctx, request)
	fmt.Println(errors.Is(err, messagemedia.ErrConflict))
	// Output:
	// https://example.com/hooks/sms <nil>
	// true
}

func ExampleCreateWebhookRequest_Validate() {
	err := messagemedia.CreateWebhookRequest{
		URL:        "example.com/hooks",
		Method:     http.MethodPost,
		Encoding:   messagemedia.EncodingJSON,
		RetryDelay: time.Second,
	}.Validate()

	var invalid *messagemedia.ValidationError
	if errors.As(err, &invalid) {
		for _, detail := range invalid.Details {
			fmt.Println(detail)
		}
	}
	// Output:
	// /url: Not a valid http url: the URL does not begin with http:// or https://
	// /events: Events cannot be empty
	// /retry_delay: Retry delay must be between 5s and 1m0s, got 1s
}

func ExampleClient_ListWebhooks() {
	api, client := platform("https://example.com/a", "https://example.com/b", "https://example.com/c")
	defer api.Close()

	page, err := client.ListWebhooks(context.Background(), messagemedia.ListWebhooksRequest{Page: 1, PageSize: 2})
	if err != nil {
		log.Fatal(err)
	}
	for _, webhook := range page.Webhooks {
		fmt.Println(webhook.URL)
	}
	// Output: https://example.com/c
}

// The loop may delete webhooks, since all pages are read before it begins.
func ExampleClient_Webhooks() {
	api, client := platform("https://example.com/a", "https://old.example.com/b", "https://old.example.com/c")
	defer api.Close()

	ctx := context.Background()
	for webhook, err := range client.Webhooks(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if strings.HasPrefix(webhook.URL, "https://old.example.com/") {
			if err := client.DeleteWebhook(ctx, webhook.ID); err != nil {
				log.Fatal(err)
			}
		}
	}
	for _, webhook := range api.Webhooks("") {
		fmt.Println(webhook.URL)
	}
	// Output: https://example.com/a
}

func ExampleClient_GetWebhook() {
	api, client := platform("https://example.com/a")
	defer api.Close()
	ctx := context.Background()

	webhook, err := client.GetWebhook(ctx, api.Webhooks("")[0].ID)
	fmt.Println(webhook.URL, err)

	_, err = client.GetWebhook(ctx, "00000000-0000-4000-8000-000000000000")
	fmt.Println(errors.Is(err, messagemedia.ErrNotFound))
	// Output:
	// https://example.com/a <nil>
	// true
}

// Only the fields that are set are sent. Here the events change and the template is cleared.
func ExampleClient_UpdateWebhook() {
	api, client := platform("https://example.com/a")
	defer api.Close()

	webhook, err := client.UpdateWebhook(context.Background(), api.Webhooks("")[0].ID, messagemedia.UpdateWebhookRequest{
		Events:   []messagemedia.EventType{messagemedia.EventDeliveredDR, messagemedia.EventFailedDR},
		Template: new(""),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(webhook.URL, webhook.Events)
	// Output: https://example.com/a [DELIVERED_DR FAILED_DR]
}

func ExampleClient_DeleteWebhook() {
	api, client := platform("https://example.com/a")
	defer api.Close()
	ctx, id := context.Background(), api.Webhooks("")[0].ID

	fmt.Println(client.DeleteWebhook(ctx, id))
	fmt.Println(errors.Is(client.DeleteWebhook(ctx, id), messagemedia.ErrNotFound))
	// Output:
	// <nil>
	// true
}

// The API returns the public key only once. Store it before the platform signs deliveries with
// the key.
func ExampleClient_CreateSignatureKey() {
	api, client := platform()
	defer api.Close()
	ctx := context.Background()

	key, err := client.CreateSignatureKey(ctx, messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	if err != nil {
		log.Fatal(err)
	}
	stored := map[string]string{key.ID: key.PublicKey} // in your program: a database

	enabled, err := client.EnableSignatureKey(ctx, key.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(enabled.Enabled, stored[enabled.ID] != "", enabled.PublicKey == "")
	// Output: true true true
}

// The loop deletes the keys that are not enabled.
func ExampleClient_SignatureKeys() {
	api, client := platform()
	defer api.Close()
	ctx := context.Background()
	for range 3 {
		if _, err := client.CreateSignatureKey(ctx, messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256}); err != nil {
			log.Fatal(err)
		}
	}

	deleted := 0
	for key, err := range client.SignatureKeys(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if key.Enabled {
			continue
		}
		if err := client.DeleteSignatureKey(ctx, key.ID); err != nil {
			log.Fatal(err)
		}
		deleted++
	}
	fmt.Println(deleted)
	// Output: 3
}

func ExampleClient_GetEnabledSignatureKey() {
	api, client := platform()
	defer api.Close()

	_, err := client.GetEnabledSignatureKey(context.Background())
	fmt.Println(errors.Is(err, messagemedia.ErrNotFound)) // deliveries are not signed
	// Output: true
}

func ExampleAPIError() {
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder(http.MethodDelete, "=~/v1/webhooks/messages/.+",
		httpmock.NewStringResponder(403, `{"message":"This feature has not been enabled in your account."}`).
			HeaderSet(http.Header{"X-Request-Id": {"1-5f0e"}}))
	client, err := messagemedia.NewClient(messagemedia.BasicAuth("key", "secret"),
		messagemedia.WithHTTPClient(&http.Client{Transport: mock}))
	if err != nil {
		log.Fatal(err)
	}

	err = client.DeleteWebhook(context.Background(), "76fa7010-8c1f-4a24-917a-4d62a54e744d")
	var apiErr *messagemedia.APIError
	if errors.As(err, &apiErr) {
		fmt.Println(apiErr.StatusCode, apiErr.RequestID)
	}
	fmt.Println(err)
	// Output:
	// 403 1-5f0e
	// messagemedia: DeleteWebhook: 403 Forbidden: This feature has not been enabled in your account. (request id 1-5f0e)
}

// counting is a RoundTripper that distinguishes requests by the Client's method that sends them.
type counting struct{ next http.RoundTripper }

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	fmt.Println(messagemedia.OperationFromContext(r.Context()))
	return c.next.RoundTrip(r)
}

func ExampleOperationFromContext() {
	api, _ := platform("https://example.com/a")
	defer api.Close()

	client := api.Client(messagemedia.WithHTTPClient(&http.Client{Transport: counting{http.DefaultTransport}}))
	if err := client.DeleteWebhook(context.Background(), api.Webhooks("")[0].ID); err != nil {
		log.Fatal(err)
	}
	// Output: DeleteWebhook
}

// platform returns an in-memory platform with webhooks for the URLs, and a client for it.
func platform(urls ...string) (*messagemediatest.Server, *messagemedia.Client) {
	api, err := messagemediatest.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	client := api.Client(messagemedia.WithMaxRetryWait(0))
	for _, url := range urls {
		if _, err := client.CreateWebhook(context.Background(), example(url)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	return api, client
}

// example returns a request with the required fields only.
func example(url string) messagemedia.CreateWebhookRequest {
	request := validRequest()
	request.URL = url
	return request
}
