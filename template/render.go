package template

import (
	"context"
	"fmt"

	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// Render returns the payload of a template for an event, rendered by the engine of this
// module. A zero field of the event is undefined in the template: if ReplyID is empty,
// $replyId renders literally.
//
// Render returns an error if the template can't be parsed, if the rendering fails or if
// event is not an event. On the platform, the first two lose the message. If ctx ends, the
// error matches context.Canceled or context.DeadlineExceeded.
func Render(ctx context.Context, template string, event webhook.Event) (string, error) {
	variables := platform.Variables(event, 0)
	if variables == nil {
		return "", fmt.Errorf("template: Render: event must be a *webhook.DeliveryReport, *webhook.ReceivedSMS, *webhook.ReceivedMMS or *webhook.OptOut, got %T", event)
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
