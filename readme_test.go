package messagemedia_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
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
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestSnippetsStandInCodeThatRuns checks that each snippet of the README and of doc comments
// also occurs in a Go file of the module, which is compiled and tested.
func TestSnippetsStandInCodeThatRuns(t *testing.T) {
	t.Parallel()
	code, documentation := goFiles(t)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	snippets := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	require.GreaterOrEqual(t, len(snippets), 5)
	for _, snippet := range snippets {
		assert.True(t, strings.Contains(code, withoutIndent(snippet[1])), "no Go file has\n%s", snippet[1])
	}

	// In comments, code is indented by a tab. A block with neither a call nor an assignment is a
	// table or an output.
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

// TestOperationsOfOtherSDKsHaveTheirMethods checks the table in docs/migrating.md.
func TestOperationsOfOtherSDKsHaveTheirMethods(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/migrating.md")
	require.NoError(t, err)
	rows := regexp.MustCompile("(?m)^\\| `[a-z]\\w+` \\| (.+) \\|$").FindAllStringSubmatch(string(page), -1)
	require.Len(t, rows, 11)
	for _, row := range rows {
		for method := range strings.SplitSeq(row[1], ", ") {
			_, exists := reflect.TypeFor[*messagemedia.Client]().MethodByName(strings.Trim(method, "`"))
			assert.True(t, exists, method)
		}
	}
}

// goFiles returns the text of all Go files without indentation, and that of the files other than
// tests unchanged.
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

// The functions below must equal those in the README.

// subscribe creates a webhook for inbound messages and delivery reports.
func subscribe(ctx context.Context, client *messagemedia.Client, token string) error {
	_, err := client.CreateWebhook(ctx, messagemedia.CreateWebhookRequest{
		URL:      "https://example.com/hooks/sms",
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS, messagemedia.EventDeliveredDR},
		Template: messagemedia.JSONTemplate,                   // one template for every event
		Headers:  map[string]string{"X-Webhook-Token": token}, // how your receiver recognizes the platform
		Retries:  5,                                           // the default is 0: a failed delivery is lost
	})
	return err
}

// newReceiver returns the handler for a webhook's URL.
func newReceiver(token string, store func(context.Context, *webhook.Delivery) error) (http.Handler, error) {
	verifier, err := webhook.NewVerifier(webhook.HeaderToken("X-Webhook-Token", token))
	if err != nil {
		return nil, err
	}
	return webhook.NewHandler(verifier, func(ctx context.Context, d *webhook.Delivery) error {
		switch event := d.Event.(type) {
		case *webhook.ReceivedSMS:
			fmt.Println(event.SourceNumber, "says", event.Content)
		case *webhook.DeliveryReport:
			fmt.Println("message", event.MessageID, "to", event.RecipientNumber, "is", event.Status)
		case *webhook.UnparsedEvent:
			fmt.Println("not an event:", event.Err)
		}
		return store(ctx, d) // return nil only once the delivery is stored
	})
}

func TestAnSMSArrives(t *testing.T) {
	api := messagemediatest.NewServer(t)
	api.Fail(messagemediatest.Fault{Operation: "CreateWebhook", ResetConnection: true, AfterCommit: true}) // lose the response
	token := rand.Text()
	if err := subscribe(t.Context(), api.Client(), token); err != nil {
		t.Fatal(err)
	}
	var stored []*webhook.Delivery
	receiver, err := newReceiver(token, func(_ context.Context, d *webhook.Delivery) error {
		stored = append(stored, d)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	sms := &webhook.ReceivedSMS{ReplyID: "7", SourceNumber: "+61491570156", Content: `"Yes", please`}
	result, err := api.Send(t.Context(), sms, messagemediatest.ToHandler(receiver))
	if err != nil || !result.Acknowledged() || len(stored) != 1 {
		t.Errorf("stored %d deliveries: %v, %v", len(stored), result, err)
	}
}

// TestTheReceiverOfTheREADME checks the statuses of its responses.
func TestTheReceiverOfTheREADME(t *testing.T) {
	t.Parallel()
	token := rand.Text()
	for name, test := range map[string]struct {
		token  string
		fails  error
		status int
	}{
		"a delivery that is stored":     {token, nil, 204},
		"a delivery that is not stored": {token, errors.New("the database is down"), 503},
		"a request without the token":   {"", nil, 401},
		"a request with another token":  {rand.Text(), nil, 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			receiver, err := newReceiver(token, func(context.Context, *webhook.Delivery) error { return test.fails })
			require.NoError(t, err)
			request := httptest.NewRequest("POST", "/hooks/sms", strings.NewReader(`{"event":"RECEIVED_SMS","reply_id":"7"}`))
			if test.token != "" {
				request.Header.Set("X-Webhook-Token", test.token)
			}
			response := httptest.NewRecorder()
			receiver.ServeHTTP(response, request)
			assert.Equal(t, test.status, response.Code)
		})
	}
}

// TestTheClientOfTheREADME checks that a client created with only key and secret uses the global
// host.
func TestTheClientOfTheREADME(t *testing.T) {
	t.Parallel()
	apiKey, apiSecret := "key", "secret"
	client, err := messagemedia.NewClient(messagemedia.BasicAuth(apiKey, apiSecret))
	require.NoError(t, err)
	assert.NotNil(t, client)
}

func TestTheMockOfTheREADME(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("POST", "https://api.messagemedia.com/v1/webhooks/messages",
		httpmock.NewStringResponder(403, `{"message":"This feature has not been enabled in your account."}`))
	client, err := messagemedia.NewClient(messagemedia.BasicAuth("key", "secret"),
		messagemedia.WithHTTPClient(&http.Client{Transport: mock}))
	require.NoError(t, err)
	assert.ErrorIs(t, subscribe(t.Context(), client, rand.Text()), messagemedia.ErrForbidden)
}

// TestTheREADMEIsShort keeps the README within a length that a newcomer reads.
func TestTheREADMEIsShort(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	assert.LessOrEqual(t, strings.Count(string(readme), "\n"), 190)
}
