package template_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func ExampleCheck() {
	const mine = `{
  "re": "$replyID",
  "id": "$moId",
  "text": "$moContent"
}`
	ctx := context.Background()
	problems := template.Check(ctx, mine, messagemedia.EncodingJSON, []messagemedia.EventType{messagemedia.EventReceivedSMS})
	for _, problem := range problems {
		fmt.Println(problem)
	}
	// Output:
	// template: warning: package webhook finds no dedupe key in the delivery, although the delivery has the ID of the event; name the ID "reply_id", or give the handler webhook.WithDedupeKey [unknown_name]
	// template:2:10: warning: undocumented variable $replyID renders literally unless your account defines it; did you mean $replyId? [undocumented_variable]
	// template:4:12: error: $moContent inserts "\"" unescaped, which breaks the JSON or changes its meaning; write $!esc.json($moContent) [unescaped_input]
}

// Check your requests in a test of your service.
func ExampleCheckRequest() {
	problems := template.CheckRequest(context.Background(), messagemedia.CreateWebhookRequest{
		URL:      "https://example.com/hooks/sms",
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS},
		Template: messagemedia.JSONTemplate,
	})
	for _, problem := range problems {
		fmt.Println(problem)
	}
	// Output: retries: warning: no retries: a message whose delivery fails once is lost; set Retries, preferably to 5 [no_retries]
}

// A template that names the ID differently intentionally needs webhook.WithDedupeKey.
func ExampleSuppress() {
	ctx := context.Background()
	const mine = `{"id": "$moId", "text": "$!esc.json($moContent)"}`
	inbound := []messagemedia.EventType{messagemedia.EventReceivedSMS}
	for _, problem := range template.Check(ctx, mine, messagemedia.EncodingJSON, inbound) {
		fmt.Println(problem.Code)
	}
	fmt.Println(len(template.Check(ctx, mine, messagemedia.EncodingJSON, inbound, template.Suppress(template.CodeUnknownName))))
	// Output:
	// unknown_name
	// 0
}

func ExampleRender() {
	event := &webhook.ReceivedSMS{
		ReplyID:      "a175e797-2b54-468b-9850-41a3eab32f74",
		SourceNumber: "+61491570156",
		Content:      `"Yes", I'll be there`,
		ReceivedAt:   time.Date(2026, 9, 30, 8, 44, 0, 0, time.UTC),
	}
	payload, err := template.Render(context.Background(),
		`{"id":"$moId","from":"$sourceAddress","text":"$!esc.json($moContent)","re":"$!mtId"}`, event)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(payload)
	// Output: {"id":"a175e797-2b54-468b-9850-41a3eab32f74","from":"+61491570156","text":"\"Yes\", I'll be there","re":""}
}

func ExampleSample() {
	event, err := template.Sample(messagemedia.EventOptOutSMS)
	if err != nil {
		log.Fatal(err)
	}
	payload, err := template.Render(context.Background(), `$replyId $notificationId`, event)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(payload)
	// Output: $replyId 3e6e6b1a-6c1d-4b1a-9c1e-6f1a6b1a6c1d
}
