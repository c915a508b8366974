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

// RetryDelay is the retry delay of a proof's webhook: the shortest that the API accepts.
const RetryDelay = 5 * time.Second

// Load is the load on the receiver.
type Load struct {
	Deliveries int // how many to send
	Kills      int // how often to kill the receiver
	AtATime    int // how many deliveries to send concurrently
}

// Check reports invalid fields, by the names of their flags.
func (l Load) Check() error {
	least := 10 * (l.Kills + 1)
	return errors.Join(
		check.That(l.Kills >= 0, "-kills must be at least 0, got %d", l.Kills),
		check.That(l.Deliveries >= least, "-deliveries must be at least %d for %d kills, got %d", least, l.Kills, l.Deliveries),
		check.That(l.AtATime > 0, "-at-a-time must be positive, got %d", l.AtATime),
	)
}

// Send has the platform send the deliveries. Meanwhile it kills the receiver l.Kills times,
// evenly spread over the deliveries.
func (l Load) Send(ctx context.Context, platform *messagemediatest.Server, receiver *Process) ([]*messagemediatest.SendResult, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		senders sync.WaitGroup
		next    atomic.Int64
		sent    = make(chan struct{}, l.Deliveries)
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
				sent <- struct{}{}
			}
		})
	}
	if err := l.killWhileSending(ctx, sent, receiver); err != nil {
		cancel(err)
	}
	senders.Wait()
	return results, context.Cause(ctx)
}

func (l Load) killWhileSending(ctx context.Context, sent <-chan struct{}, receiver *Process) error {
	for done := 1; done <= l.Deliveries; done++ {
		select {
		case <-sent:
		case <-ctx.Done():
			return nil // Send returns the cause
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

// event returns the n-th event: alternately a text message and a delivery report, each with
// a unique ID.
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
