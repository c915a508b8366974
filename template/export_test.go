package template

import (
	"context"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// MaxSteps is the number of steps of a check.
const MaxSteps = maxSteps

// CheckSteps is like Check and also returns the number of steps.
func CheckSteps(ctx context.Context, template string, encoding messagemedia.Encoding, events []messagemedia.EventType) ([]Problem, int) {
	c := newChecker(ctx, events, nil)
	c.checkTemplate(template, encoding)
	c.checkReceiving(encoding)
	return c.problems(), maxSteps - c.steps
}
