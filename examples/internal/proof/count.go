package proof

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// Count is the result of a proof.
type Count struct {
	Sent, Acknowledged, Handled int

	Lost    int // acknowledged but not handled
	Twice   int // handled more than once
	Altered int // handled, but never sent with these bytes
	Parked  int // given up by the receiver

	Kills, Restarts int
	ResponsesLost   int // attempts without a response
	Refused         int // attempts while the receiver was down
}

// NewCount compares the bodies that the platform sent with the payloads that were handled, byte
// by byte. The platform sends the same body in each attempt.
func NewCount(sent []*messagemediatest.SendResult, handled [][]byte, parked int, receiver *Process) *Count {
	c := &Count{Sent: len(sent), Handled: len(handled), Parked: parked, Kills: receiver.Kills, Restarts: receiver.Restarts}
	times := make(map[string]int)
	for _, body := range handled {
		times[string(body)]++
	}
	for _, result := range sent {
		for _, delivery := range result.Deliveries {
			c.add(delivery, times)
		}
	}
	c.Altered = len(times)
	return c
}

// add counts a delivery, and removes its body from times.
func (c *Count) add(delivery messagemediatest.DeliveryResult, times map[string]int) {
	body := string(delivery.Attempts[0].RequestBody)
	handled := times[body]
	delete(times, body)
	if delivery.Acknowledged() {
		c.Acknowledged++
	}
	if delivery.Acknowledged() && handled == 0 {
		c.Lost++
	}
	if handled > 1 {
		c.Twice++
	}
	for _, attempt := range delivery.Attempts {
		switch {
		case errors.Is(attempt.Err, syscall.ECONNREFUSED):
			c.Refused++
		case attempt.Err != nil:
			c.ResponsesLost++
		}
	}
}

// String returns a line for each number.
func (c *Count) String() string {
	var text strings.Builder
	for _, line := range []struct {
		name  string
		value int
		note  string
	}{
		{"sent", c.Sent, ""},
		{"acknowledged", c.Acknowledged, ""},
		{"handled", c.Handled, ""},
		{"lost", c.Lost, "acknowledged but not handled"},
		{"twice", c.Twice, "handled more than once"},
		{"altered", c.Altered, "handled, but never sent with these bytes"},
		{"parked", c.Parked, "given up by the receiver"},
		{"kills", c.Kills, ""},
		{"restarts", c.Restarts, ""},
		{"responses lost", c.ResponsesLost, "attempts without a response"},
		{"refused", c.Refused, "attempts while the receiver was down"},
	} {
		fmt.Fprintln(&text, strings.TrimRight(fmt.Sprintf("%-14s %-5d %s", line.name, line.value, line.note), " "))
	}
	return text.String()
}

// Verdict returns an error if a guarantee was broken, or if the proof is invalid: fewer kills
// than given, or none that interrupted a delivery.
func (c *Count) Verdict(kills int) error {
	return errors.Join(
		check.That(c.Lost == 0, "%d deliveries were acknowledged but lost", c.Lost),
		check.That(c.Twice == 0, "%d deliveries were handled more than once", c.Twice),
		check.That(c.Altered == 0, "%d deliveries were altered", c.Altered),
		check.That(c.Parked == 0, "%d deliveries were parked", c.Parked),
		check.That(c.Acknowledged > 0, "no delivery was acknowledged"),
		check.That(c.Kills >= kills, "kills must be at least %d, got %d", kills, c.Kills),
		check.That(kills == 0 || c.ResponsesLost > 0, "no kill interrupted a delivery, so the proof is invalid; send more deliveries"),
	)
}
