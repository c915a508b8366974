package template_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestEveryDocumentedVariable renders each under all of its names. One that an event
// does not have renders as it is written.
func TestEveryDocumentedVariable(t *testing.T) {
	t.Parallel()
	const (
		message = "877c19ef-fa2e-4cec-827a-e1df9b5509f7"
		reply   = "a175e797-2b54-468b-9850-41a3eab32f74"
		number  = "+61491593156"
		phone   = "+61491570156"
		text    = "Your table is ready. Reply YES to keep it."
	)
	for variables, want := range map[string]map[messagemedia.EventType]string{
		"$format $type":                     {sms: "SMS SMS", mms: "MMS MMS", optOut: "SMS SMS", report: "SMS SMS"},
		"$mtId $messageId":                  {sms: message + " " + message, mms: message + " " + message, optOut: message + " " + message, report: message + " " + message},
		"$accountId $vendorId":              {sms: "DeveloperPortal7000 MessageMedia", mms: "DeveloperPortal7000 MessageMedia", optOut: "DeveloperPortal7000 MessageMedia", report: "DeveloperPortal7000 MessageMedia"},
		"$submittedTimestamp":               {sms: "2026-09-30T08:43:00.850Z", mms: "2026-09-30T08:43:00.850Z", optOut: "2026-09-30T08:43:00.850Z", report: "2026-09-30T08:43:00.850Z"},
		"$receivedTimestamp":                {sms: "2026-09-30T08:44:00.850Z", mms: "2026-09-30T08:44:00.850Z", optOut: "2026-09-30T08:44:00.850Z", report: "2026-09-30T08:44:00.850Z"},
		"$metadata.get('booking')":          {sms: "4711", mms: "4711", optOut: "4711", report: "4711"},
		"$sourceAddress":                    {sms: phone, mms: phone, optOut: phone, report: number},
		"$destinationAddress":               {sms: number, mms: number, optOut: number},
		"$mtContent":                        {sms: text, mms: text, optOut: text, report: text},
		"$messageContent":                   {sms: text, mms: text, optOut: text, report: text},
		"$retryCount":                       {sms: "0", mms: "0", optOut: "0", report: "0"},
		"$moId $replyId":                    {sms: reply + " " + reply, mms: reply + " " + reply},
		"$moContent $replyContent":          {sms: "YES please YES please", mms: "We are here We are here", optOut: "STOP STOP"},
		"$drId $reportId":                   {report: "01e1fa0a-6e27-4945-9cdb-18644b4de043 01e1fa0a-6e27-4945-9cdb-18644b4de043"},
		"$status $statusCode $billingUnits": {report: "delivered 220 1"},
		"$notificationId":                   {optOut: "3e6e6b1a-6c1d-4b1a-9c1e-6f1a6b1a6c1d"},
		"$attachments[0].contentType $attachments[0].originalName $attachments[0].base64": {mms: "image/png table.png iVBORw=="},
	} {
		for _, eventType := range []messagemedia.EventType{sms, mms, optOut, report} {
			event, err := template.Sample(eventType)
			require.NoError(t, err)
			got, err := template.Render(t.Context(), variables, event)
			require.NoError(t, err)
			if want[eventType] == "" {
				want[eventType] = variables
			}
			assert.Equal(t, want[eventType], got, eventType)
		}
	}
}

func TestRenderSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx      context.Context
		template string
		event    webhook.Event
		want     string
	}{
		"what is no event":     {t.Context(), "", &webhook.Unknown{}, "template: *webhook.Unknown is no event, want a *webhook.DeliveryReport,"},
		"no event at all":      {t.Context(), "", nil, "template: <nil> is no event"},
		"a syntax error":       {t.Context(), "\n #end", &webhook.OptOut{}, "line 2, column 2"},
		"a failing rendering":  {t.Context(), "a $moContent.substring(9)", &webhook.OptOut{Content: "STOP"}, "line 1, column"},
		"a context that ended": {ended, strings.Repeat("$moContent", 10), &webhook.OptOut{Content: "STOP"}, "context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := template.Render(c.ctx, c.template, c.event)
			assert.ErrorContains(t, err, c.want)
		})
	}
	_, err := template.Render(ended, "x", &webhook.OptOut{})
	assert.ErrorIs(t, err, context.Canceled)
}
