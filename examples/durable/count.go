package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// count is what became of the deliveries of a proof.
type count struct {
	sent, acknowledged, handled int
	lost, twice, altered        int
	deadLetters                 uint64
	kills, restarts             int
	answersLost, refused        int
}

// newCount compares the platform's reports with the effects in the store.
func newCount(reports []*messagemediatest.Report, effects []webhook.Event, dead uint64, victim *victim) *count {
	c := &count{sent: len(reports), handled: len(effects), deadLetters: dead, kills: victim.kills, restarts: victim.restarts}
	times := make(map[string]int)
	for _, effect := range effects {
		times[describe(effect)]++
	}
	for n, report := range reports {
		c.countAttempts(report)
		done := times[describe(event(n))]
		delete(times, describe(event(n)))
		if report.Acknowledged() {
			c.acknowledged++
		}
		if report.Acknowledged() && done == 0 {
			c.lost++
		}
		if done > 1 {
			c.twice++
		}
	}
	for range times {
		c.altered++
	}
	return c
}

// describe names an event by all that its payload must have kept.
func describe(event webhook.Event) string {
	switch e := event.(type) {
	case *webhook.ReceivedSMS:
		return fmt.Sprintf("%s from %s: %s", e.ReplyID, e.SourceNumber, e.Content)
	case *webhook.DeliveryReport:
		return fmt.Sprintf("%s on %s: %d", e.DeliveryReportID, e.MessageID, e.StatusCode)
	}
	return fmt.Sprintf("%T", event)
}

// countAttempts tells attempts that found no receiver from those whose answer a
// kill cut off: of these nobody knows whether the delivery was stored.
func (c *count) countAttempts(report *messagemediatest.Report) {
	for _, delivery := range report.Deliveries {
		for _, attempt := range delivery.Attempts {
			switch {
			case errors.Is(attempt.Err, syscall.ECONNREFUSED):
				c.refused++
			case attempt.Err != nil:
				c.answersLost++
			}
		}
	}
}

func (c *count) String() string {
	var text strings.Builder
	for _, line := range []struct {
		name  string
		value any
		note  string
	}{
		{"sent", c.sent, ""},
		{"acknowledged", c.acknowledged, ""},
		{"handled", c.handled, ""},
		{"lost", c.lost, "acknowledged, and not handled"},
		{"twice", c.twice, "handled more than once"},
		{"altered", c.altered, "handled, and never sent like that"},
		{"dead letters", c.deadLetters, ""},
		{"kills", c.kills, ""},
		{"restarts", c.restarts, ""},
		{"answers lost", c.answersLost, "a kill cut them off"},
		{"refused", c.refused, "attempts while the receiver was down"},
	} {
		fmt.Fprintln(&text, strings.TrimRight(fmt.Sprintf("%-13s %-5v %s", line.name, line.value, line.note), " "))
	}
	return text.String()
}

// verdict is an error unless the promise was kept, and was put to the test.
func (c *count) verdict(kills int) error {
	return errors.Join(
		refuseIf(c.lost > 0, "%d deliveries were acknowledged, and lost", c.lost),
		refuseIf(c.twice > 0, "%d deliveries were handled more than once", c.twice),
		refuseIf(c.altered > 0, "%d deliveries were altered", c.altered),
		refuseIf(c.deadLetters > 0, "%d deliveries became dead letters", c.deadLetters),
		refuseIf(c.acknowledged == 0, "no delivery was acknowledged"),
		refuseIf(c.kills < kills, "the receiver was killed %d times, want %d", c.kills, kills),
		refuseIf(kills > 0 && c.answersLost == 0, "no kill hit a delivery under way, so nothing was proved: send more of them"),
	)
}
