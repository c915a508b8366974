package template

import (
	"context"
	"fmt"

	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// Render returns the payload that the platform would send for an event. A zero field of
// the event is undefined in the template: an event without a ReplyID renders $replyId
// literally.
//
// The error says where and why a template can't be parsed, or why its rendering fails; on
// the platform, that loses the message. If ctx ends, the error matches its error.
func Render(ctx context.Context, template string, event webhook.Event) (string, error) {
	variables := platform.Variables(event, 0)
	if variables == nil {
		return "", fmt.Errorf("template: Render: %T is not an event, want a *webhook.DeliveryReport, ReceivedSMS, ReceivedMMS or OptOut", event)
	}
	parsed, err := velocity.Parse(template)
	if err != nil {
		return "", fmt.Errorf("template: Render: %w", err)
	}
	payload, err := parsed.Render(ctx, variables, velocity.Options{})
	if err != nil {
		return "", fmt.Errorf("template: Render: %w", err)
	}
	return payload, nil
}
