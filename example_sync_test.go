package messagemedia_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// hooks are the webhooks that the program needs.
var hooks = []messagemedia.CreateWebhookRequest{
	{
		URL:      "https://example.com/hooks/sms",
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS, messagemedia.EventOptOutSMS},
		Template: messagemedia.JSONTemplate,
		Retries:  5,
	},
}

// syncHooks reconciles the account with hooks and deletes webhooks of earlier versions. It can
// run at every start, in any number of instances.
func syncHooks(ctx context.Context, client *messagemedia.Client) error {
	result, err := client.SyncWebhooks(ctx, hooks, messagemedia.PruneURLPrefix("https://example.com/hooks"))
	fmt.Println(result) // if there is an error, the result has the changes made so far
	return err
}

func ExampleClient_SyncWebhooks() {
	api, client := platform("https://example.com/hooks/old", "https://example.com/hooks-of-a-colleague")
	defer api.Close()
	ctx := context.Background()

	for range 2 { // the second run changes nothing
		if err := syncHooks(ctx, client); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	//   + create  POST https://example.com/hooks/sms: applied
	//   - delete  POST https://example.com/hooks/old: applied
	// Sync: 1 created, 0 updated, 0 replaced, 1 deleted, 0 unchanged, 0 not applied, 0 unknown.
	// Sync: 0 created, 0 updated, 0 replaced, 0 deleted, 1 unchanged, 0 not applied, 0 unknown.
}

// The number of retries can be set only at creation. The webhook must be replaced, which
// requires AllowReplace.
func ExampleClient_PlanWebhooks() {
	api, client := platform("https://example.com/hooks/sms")
	defer api.Close()

	plan, err := client.PlanWebhooks(context.Background(), hooks)
	fmt.Println(plan)
	fmt.Println(errors.Is(err, messagemedia.ErrInvalidRequest))

	plan, err = client.PlanWebhooks(context.Background(), hooks, messagemedia.AllowReplace())
	fmt.Println(plan.HasChanges(), err)
	// Output:
	// -/+ replace POST https://example.com/hooks/sms (events, template, retries)
	// Plan: 0 to create, 0 to update, 1 to replace, 0 to delete, 0 unchanged.
	// true
	// true <nil>
}

// Prune takes any function. This one recognizes the program's webhooks by a header.
func ExamplePrune() {
	api, client := platform("https://example.com/not-ours")
	defer api.Close()
	ctx := context.Background()
	mine := example("https://example.net/ours")
	mine.Headers = map[string]string{"X-Owner": "billing"}
	if _, err := client.CreateWebhook(ctx, mine); err != nil {
		log.Fatal(err)
	}

	plan, err := client.PlanWebhooks(ctx, nil, messagemedia.Prune(func(webhook *messagemedia.Webhook) bool {
		return webhook.Headers["X-Owner"] == "billing"
	}), messagemedia.AllowEmpty()) // required, since no webhook is desired
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(plan)
	// Output:
	//   - delete  POST https://example.net/ours
	// Plan: 0 to create, 0 to update, 0 to replace, 1 to delete, 0 unchanged.
}

// A replacement that fails halfway leaves the account without the webhook. The error contains
// the complete webhook.
func ExampleReplaceError() {
	webhook := &messagemedia.Webhook{URL: "https://example.com/hooks/sms?token=s3cret", Method: http.MethodPost}
	err := errors.Join(&messagemedia.ReplaceError{Webhook: webhook, Err: messagemedia.ErrServer}) // as SyncWebhooks returns it

	if lost, ok := errors.AsType[*messagemedia.ReplaceError](err); ok {
		fmt.Println("no events until the next run:", lost.Webhook.Method, lost.Webhook.URL)
	}
	fmt.Println(err)
	// Output:
	// no events until the next run: POST https://example.com/hooks/sms?token=s3cret
	// messagemedia: SyncWebhooks: replace POST https://example.com/hooks/sms?…: deleted but not recreated; call SyncWebhooks again: server error
}
