package proof

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// RetryDelay is for the webhook of a proof: the shortest that there is.
const RetryDelay = 5 * time.Second

// Load is what a receiver has to bear.
type Load struct {
	Deliveries int // how many to send
	Kills      int // how often to kill the receiver
	AtATime    int // how many deliveries are under way at a time
}

// Check reports what is wrong with the load, by the names of the flags that set it.
func (l Load) Check() error {
	least := 10 * (l.Kills + 1)
	return errors.Join(
		check.That(l.Kills >= 0, "-kills must be at least 0, got %d", l.Kills),
		check.That(l.Deliveries >= least, "-deliveries must be at least %d for %d kills, got %d", least, l.Kills, l.Deliveries),
		check.That(l.AtATime > 0, "-at-a-time must be positive, got %d", l.AtATime),
	)
}

// Send has the platform send the deliveries, while it kills the receiver each time that
// a share of them is through.
func (l Load) Send(ctx context.Context, platform *messagemediatest.Server, receiver *Process) ([]*messagemediatest.SendResult, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		senders sync.WaitGroup
		next    atomic.Int64
		through = make(chan struct{}, l.Deliveries)
		results = make([]*messagemediatest.SendResult, l.Deliveries)
	)
	for range l.AtATime {
		senders.Go(func() {
			for n := next.Add(1) - 1; n < int64(l.Deliveries); n = next.Add(1) - 1 {
				result, err := platform.Send(ctx, event(n), messagemediatest.WithRetryDelays())
				if err != nil {
					cancel(err)
					return
				}
				results[n] = result
				through <- struct{}{}
			}
		})
	}
	if err := l.killWhileSending(ctx, through, receiver); err != nil {
		cancel(err)
	}
	senders.Wait()
	return results, context.Cause(ctx)
}

func (l Load) killWhileSending(ctx context.Context, through <-chan struct{}, receiver *Process) error {
	for done := 1; done <= l.Deliveries; done++ {
		select {
		case <-through:
		case <-ctx.Done():
			return nil // of which the sender says why
		case err := <-receiver.ended:
			return fmt.Errorf("the receiver ended by itself: %v", err)
		}
		if due := (receiver.Kills + 1) * l.Deliveries / (l.Kills + 1); receiver.Kills < l.Kills && done >= due {
			if err := receiver.Kill(); err != nil {
				return err
			}
		}
	}
	return nil
}

// event is the n-th of a proof: text messages and delivery reports in turn, each with
// an ID and a text that no other has.
func event(n int64) webhook.Event {
	if n%2 == 0 {
		return &webhook.ReceivedSMS{
			ReplyID: fmt.Sprintf("reply-%d", n), SourceNumber: "+61491570156", DestinationNumber: "+61491570157",
			Content: fmt.Sprintf("Text %d, with \"quotes\" and 😀", n), ReceivedAt: time.Now(),
		}
	}
	return &webhook.DeliveryReport{
		DeliveryReportID: fmt.Sprintf("report-%d", n), MessageID: fmt.Sprintf("message-%d", n),
		Status: webhook.StatusDelivered, StatusCode: 220, SubmittedAt: time.Now(), ReceivedAt: time.Now(),
	}
}
