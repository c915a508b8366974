package messagemedia_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/template"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestSnippetsStandInCodeThatRuns looks for each snippet of the README, and of the
// documentation of the packages, in the module's Go files, which are compiled and tested.
func TestSnippetsStandInCodeThatRuns(t *testing.T) {
	t.Parallel()
	code, documentation := goFiles(t)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	snippets := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	require.Greater(t, len(snippets), 10)
	for _, snippet := range snippets {
		assert.True(t, strings.Contains(code, withoutIndent(snippet[1])), "no Go file has\n%s", snippet[1])
	}

	// In comments, code is indented by a tab. What has neither a call nor an assignment
	// is a table or an output.
	blocks := regexp.MustCompile(`(?m)(^//\t.*\n)+`).FindAllString(documentation, -1)
	checked := 0
	for _, block := range blocks {
		block = strings.ReplaceAll(block, "//\t", "")
		if regexp.MustCompile(`:=|\w\.\w+\(`).MatchString(block) {
			assert.True(t, strings.Contains(code, withoutIndent(block)), "no Go file has\n%s", block)
			checked++
		}
	}
	assert.Greater(t, checked, 5)
}

// TestOperationsOfOtherSDKsHaveTheirMethods reads the table in the package's documentation.
func TestOperationsOfOtherSDKsHaveTheirMethods(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^//\t[a-z]\w+ {4,}(.+)$`).FindAllStringSubmatch(string(page), -1)
	require.Len(t, rows, 11)
	for _, row := range rows {
		for method := range strings.SplitSeq(row[1], ", ") {
			_, exists := reflect.TypeFor[*messagemedia.Client]().MethodByName(method)
			assert.True(t, exists, method)
		}
	}
}

// goFiles are the module's Go files without their indentation, and those of them
// that are no tests as they are.
func goFiles(t *testing.T) (code, documentation string) {
	t.Helper()
	var all, documented strings.Builder
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		file, err := os.ReadFile(path)
		all.WriteString(withoutIndent(string(file)))
		if !strings.HasSuffix(path, "_test.go") {
			documented.Write(file)
		}
		return err
	}))
	return all.String(), documented.String()
}

func withoutIndent(code string) string {
	return regexp.MustCompile(`(?m)^[ \t]+`).ReplaceAllString(code, "")
}

// The functions below stand in the README as they are here.

// cleanUp deletes the webhooks of a host that is no longer there.
func cleanUp(ctx context.Context, client *messagemedia.Client) error {
	for webhook, err := range client.Webhooks(ctx) {
		if err != nil {
			return err
		}
		if strings.HasPrefix(webhook.URL, "https://old.example.com/") {
			if err := client.DeleteWebhook(ctx, webhook.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// pause keeps a webhook, and clears its template and its headers.
func pause(ctx context.Context, client *messagemedia.Client, id string) error {
	_, err := client.UpdateWebhook(ctx, id, messagemedia.UpdateWebhookRequest{
		Events:   []messagemedia.EventType{messagemedia.EventOptOutSMS},
		Template: new(""),             // nil would leave it as it is
		Headers:  map[string]string{}, // so would nil here
	})
	return err
}

// explain says what a program can do about an error.
func explain(err error) string {
	var apiErr *messagemedia.APIError
	switch {
	case errors.Is(err, messagemedia.ErrOutcomeUnknown):
		return "nobody can say whether it took effect: look before you try again"
	case errors.Is(err, messagemedia.ErrConflict):
		return "another webhook has this URL and method"
	case errors.Is(err, messagemedia.ErrRateLimited) && errors.As(err, &apiErr):
		return fmt.Sprintf("too many requests, wait %v", apiErr.RetryAfter)
	case errors.As(err, &apiErr):
		return fmt.Sprintf("status %d: %s %q, request %s", apiErr.StatusCode, apiErr.Message, apiErr.Details, apiErr.RequestID)
	default:
		return err.Error() // refused before it was sent, or the network failed
	}
}

// newKey makes the platform sign this account's deliveries. Call it once for an account,
// before its webhooks are made: a second call would disable the first key. The public
// half comes only now: store the ID and it where every instance of the endpoint finds them.
func newKey(ctx context.Context, client *messagemedia.Client, store func(id, publicKey string) error) error {
	key, err := client.CreateSignatureKey(ctx, messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	if err != nil {
		return err
	}
	if err := store(key.ID, key.PublicKey); err != nil {
		return err
	}
	_, err = client.EnableSignatureKey(ctx, key.ID)
	return err
}

// newEndpoint is what the platform calls, for the URL of the webhook.
func newEndpoint(keyID, publicKey string, store func(context.Context, webhook.Event) error) (http.Handler, error) {
	key, err := webhook.ParseKey(keyID, webhook.SHA256, publicKey)
	if err != nil {
		return nil, err
	}
	verifier, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(key)))
	if err != nil {
		return nil, err
	}
	return webhook.NewHandler(verifier, func(ctx context.Context, d *webhook.Delivery) error {
		switch event := d.Event.(type) {
		case *webhook.ReceivedSMS:
			fmt.Println(event.SourceNumber, "says", event.Content)
		case *webhook.DeliveryReport:
			fmt.Println("message", event.MessageID, "is", event.Status)
		case *webhook.UnparsedEvent:
			fmt.Println("a payload that is no event:", event.Err)
		}
		return store(ctx, d.Event) // nil acknowledges for good; after an error the platform tries again
	}, webhook.WithDeduplicator(new(webhook.MemoryDeduplicator)))
}

// subscribe is the code that the tests below test.
func subscribe(ctx context.Context, client *messagemedia.Client) error {
	_, err := client.CreateWebhook(ctx, messagemedia.CreateWebhookRequest{
		URL:      "https://example.com/hooks/sms",
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS},
		Template: messagemedia.JSONTemplate,
		Retries:  5,
	})
	return err
}

func TestSubscribe(t *testing.T) {
	api := messagemediatest.NewServer(t)
	api.Fail(messagemediatest.Fault{ResetConnection: true, AfterCommit: true}) // lose the first response

	if err := subscribe(t.Context(), api.Client()); err != nil {
		t.Fatal(err)
	}
	if webhooks := api.Webhooks(""); len(webhooks) != 1 {
		t.Errorf("there are %d webhooks, want 1", len(webhooks))
	}
}

func TestSubscribeWhenForbidden(t *testing.T) {
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("POST", "https://api.messagemedia.com/v1/webhooks/messages",
		httpmock.NewStringResponder(403, `{"message":"This feature has not been enabled in your account."}`))

	client, err := messagemedia.NewClient(messagemedia.HMACAuth("key", "secret"),
		messagemedia.WithHTTPClient(&http.Client{Transport: mock}))
	if err != nil {
		t.Fatal(err)
	}
	if err := subscribe(t.Context(), client); !errors.Is(err, messagemedia.ErrForbidden) {
		t.Errorf("got %v, want ErrForbidden", err)
	}
}

// TestAnSMSArrives goes the whole way: the database is down at first.
func TestAnSMSArrives(t *testing.T) {
	api := messagemediatest.NewServer(t)
	if err := subscribe(t.Context(), api.Client()); err != nil {
		t.Fatal(err)
	}
	var id, public string
	err := newKey(t.Context(), api.Client(), func(keyID, publicKey string) error { id, public = keyID, publicKey; return nil })
	if err != nil {
		t.Fatal(err)
	}
	var database []webhook.Event
	calls := 0
	endpoint, err := newEndpoint(id, public, func(_ context.Context, event webhook.Event) error {
		if calls++; calls == 1 {
			return errors.New("the database is down")
		}
		database = append(database, event)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	sms := &webhook.ReceivedSMS{ReplyID: "7", SourceNumber: "+61491570156", Content: `"Yes", please`, Metadata: map[string]string{"table": "12"}}
	report, err := api.Send(t.Context(), sms, messagemediatest.ToHandler(endpoint))
	if err != nil || !report.Acknowledged() || len(report.Deliveries[0].Attempts) != 2 {
		t.Errorf("%v, %v", report, err)
	}
	if len(database) != 1 || !reflect.DeepEqual(database[0], sms) {
		t.Errorf("the database has %v", database)
	}
}

// TestHooks holds what is declared to the rules, a typing error in a template included.
func TestHooks(t *testing.T) {
	for _, hook := range hooks {
		for _, problem := range template.CheckRequest(t.Context(), hook) {
			t.Error(hook.URL, problem)
		}
	}
}

func TestFunctionsOfTheREADME(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client(messagemedia.WithMaxRetryWait(0))
	request := validRequest()
	request.Template, request.Headers = "$mtId", map[string]string{"X-A": "b"}
	kept, err := client.CreateWebhook(t.Context(), request)
	require.NoError(t, err)
	request.URL = "https://old.example.com/"
	_, err = client.CreateWebhook(t.Context(), request)
	require.NoError(t, err)

	require.NoError(t, cleanUp(t.Context(), client))
	require.NoError(t, pause(t.Context(), client, kept.ID))
	require.Len(t, api.Webhooks(""), 1)
	assert.Empty(t, api.Webhooks("")[0].Template)
	assert.Empty(t, api.Webhooks("")[0].Headers)

	request.URL = kept.URL
	_, err = client.CreateWebhook(t.Context(), request)
	assert.Equal(t, "another webhook has this URL and method", explain(err))
	_, err = client.GetWebhook(t.Context(), "")
	assert.Equal(t, "messagemedia: GetWebhook: invalid request: /id: [] is not an ID", explain(err))
	api.Fail(messagemediatest.Fault{Status: 429, Header: http.Header{"Retry-After": {"60"}}})
	assert.Equal(t, "too many requests, wait 1m0s", explain(client.DeleteWebhook(t.Context(), "id")))
	api.Fail(messagemediatest.Fault{Status: 502, Times: 3})
	assert.Contains(t, explain(client.DeleteWebhook(t.Context(), "id")), "look before you try again")
	assert.Contains(t, explain(client.DeleteWebhook(t.Context(), "id")), "status 404")
}
