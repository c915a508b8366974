package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// count is what became of the deliveries of a proof.
type count struct {
	sent, acknowledged, handled int
	lost, twice, altered        int
	deadLetters                 uint64
	kills, restarts             int
	responsesLost, refused      int
}

// newCount compares what the platform sent with the effects in the store, every
// byte. The platform sends the same body each time that it tries.
func newCount(reports []*messagemediatest.SendResult, effects [][]byte, dead uint64, victim *receiverProcess) *count {
	c := &count{sent: len(reports), handled: len(effects), deadLetters: dead, kills: victim.kills, restarts: victim.restarts}
	times := make(map[string]int)
	for _, body := range effects {
		times[string(body)]++
	}
	for _, report := range reports {
		for _, delivery := range report.Deliveries {
			c.add(delivery, times)
		}
	}
	c.altered = len(times)
	return c
}

// add counts a delivery, and takes it out of what was handled.
func (c *count) add(delivery messagemediatest.DeliveryResult, times map[string]int) {
	body := string(delivery.Attempts[0].RequestBody)
	handled := times[body]
	delete(times, body)
	if delivery.Acknowledged() {
		c.acknowledged++
	}
	if delivery.Acknowledged() && handled == 0 {
		c.lost++
	}
	if handled > 1 {
		c.twice++
	}
	c.addAttempts(delivery.Attempts)
}

// addAttempts tells attempts that found no receiver from those whose response a kill
// cut off: of these the platform can't know whether the delivery was stored.
func (c *count) addAttempts(attempts []messagemediatest.Attempt) {
	for _, attempt := range attempts {
		switch {
		case errors.Is(attempt.Err, syscall.ECONNREFUSED):
			c.refused++
		case attempt.Err != nil:
			c.responsesLost++
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
		{"responses lost", c.responsesLost, "a kill cut them off"},
		{"refused", c.refused, "attempts while the receiver was down"},
	} {
		fmt.Fprintln(&text, strings.TrimRight(fmt.Sprintf("%-13s %-5v %s", line.name, line.value, line.note), " "))
	}
	return text.String()
}

// verdict is an error unless the promise was kept, and was put to the test.
func (c *count) verdict(kills int) error {
	return errors.Join(
		checkf(c.lost == 0, "%d deliveries were acknowledged, and lost", c.lost),
		checkf(c.twice == 0, "%d deliveries were handled more than once", c.twice),
		checkf(c.altered == 0, "%d deliveries were altered", c.altered),
		checkf(c.deadLetters == 0, "%d deliveries became dead letters", c.deadLetters),
		checkf(c.acknowledged > 0, "no delivery was acknowledged"),
		checkf(c.kills >= kills, "the receiver was killed %d times, want %d", c.kills, kills),
		checkf(kills == 0 || c.responsesLost > 0, "no kill hit a delivery under way, so nothing was proved: send more of them"),
	)
}
