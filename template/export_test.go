package template

import (
	"context"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// MaxSteps is how many steps a check has.
const MaxSteps = maxSteps

// CheckSteps does what Check does, and returns the steps that it took.
func CheckSteps(ctx context.Context, template string, encoding messagemedia.Encoding, events []messagemedia.EventType) ([]Problem, int) {
	c := newChecker(ctx, events, nil)
	c.checkTemplate(template, encoding)
	c.checkReceiving(encoding)
	return c.problems(), maxSteps - c.steps
}
