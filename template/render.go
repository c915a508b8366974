package template

import (
	"context"
	"fmt"

	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// Render shows what would arrive: what the platform makes of a template when an
// event happens. What a field of the event does not say is not there for the
// template, either: an event without a ReplyID renders $replyId as it is written.
//
// The error says where and why a template can't be read, or why its rendering
// fails; on the platform that loses the message. It wraps the context's error when
// that ended.
func Render(ctx context.Context, template string, event webhook.Event) (string, error) {
	variables := platform.Variables(event, 0)
	if variables == nil {
		return "", fmt.Errorf("template: %T is no event, want a *webhook.DeliveryReport, ReceivedSMS, ReceivedMMS or OptOut", event)
	}
	parsed, err := velocity.Parse(template)
	if err != nil {
		return "", fmt.Errorf("template: %w", err)
	}
	payload, err := parsed.Render(ctx, variables, velocity.Options{})
	if err != nil {
		return "", fmt.Errorf("template: %w", err)
	}
	return payload, nil
}
