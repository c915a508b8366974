package main

import (
	"bytes"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestProve kills a receiver: this test's binary, started as one.
func TestProve(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"prove", "-deliveries", "50", "-kills", "1"}, nothing, &stdout, &stderr)
	require.Equal(t, 0, code, stderr.String())
	lines := strings.Fields(stdout.String())
	assert.Contains(t, stdout.String(), "Every delivery that was acknowledged was handled, once.")
	assert.Subset(t, lines, []string{"sent", "50", "kills", "1"})
}

// sent is a report of attempts with these statuses, where 0 is no answer.
func sent(statuses ...int) *messagemediatest.Report {
	var attempts []messagemediatest.Attempt
	for _, status := range statuses {
		attempt := messagemediatest.Attempt{Status: status}
		if status == 0 {
			attempt.Err = errors.New("EOF")
		}
		attempts = append(attempts, attempt)
	}
	return &messagemediatest.Report{Deliveries: []messagemediatest.Delivery{{Attempts: attempts}}}
}

func TestTheCountFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	altered := &webhook.ReceivedSMS{ReplyID: "reply-0", Content: "something else"}
	for name, c := range map[string]struct {
		reports []*messagemediatest.Report
		effects []webhook.Event
		dead    uint64
		kills   int
		want    string
	}{
		"all is well":                         {[]*messagemediatest.Report{sent(0, 204), sent(204)}, []webhook.Event{event(0), event(1)}, 0, 1, ""},
		"handled, and the answer lost":        {[]*messagemediatest.Report{sent(0, 204), sent(0, 0)}, []webhook.Event{event(0), event(1)}, 0, 1, ""},
		"not acknowledged, and not handled":   {[]*messagemediatest.Report{sent(0, 204), sent(0, 503)}, []webhook.Event{event(0)}, 0, 1, ""},
		"acknowledged and lost":               {[]*messagemediatest.Report{sent(0, 204), sent(204)}, []webhook.Event{event(0)}, 0, 1, "1 deliveries were acknowledged, and lost"},
		"handled twice":                       {[]*messagemediatest.Report{sent(0, 204)}, []webhook.Event{event(0), event(0)}, 0, 1, "1 deliveries were handled more than once"},
		"handled twice, and not acknowledged": {[]*messagemediatest.Report{sent(204), sent(0)}, []webhook.Event{event(0), event(1), event(1)}, 0, 1, "1 deliveries were handled more than once"},
		"altered":                             {[]*messagemediatest.Report{sent(0)}, []webhook.Event{altered}, 0, 1, "1 deliveries were altered"},
		"a dead letter":                       {[]*messagemediatest.Report{sent(0, 204)}, []webhook.Event{event(0)}, 1, 1, "1 deliveries became dead letters"},
		"nothing acknowledged":                {[]*messagemediatest.Report{sent(0)}, nil, 0, 1, "no delivery was acknowledged"},
		"too few kills":                       {[]*messagemediatest.Report{sent(0, 204)}, []webhook.Event{event(0)}, 0, 0, "the receiver was killed 0 times, want 1"},
		"a kill that hit nothing":             {[]*messagemediatest.Report{sent(204)}, []webhook.Event{event(0)}, 0, 1, "no kill hit a delivery under way"},
	} {
		err := newCount(c.reports, c.effects, c.dead, &victim{kills: c.kills}).verdict(1)
		if c.want == "" {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorContains(t, err, c.want, name)
		}
	}
}

func TestTheCountTellsLostAnswersFromRefusedConnections(t *testing.T) {
	t.Parallel()
	report := sent(0, 0, 503, 204)
	report.Deliveries[0].Attempts[1].Err = syscall.ECONNREFUSED
	count := newCount([]*messagemediatest.Report{report}, []webhook.Event{event(0)}, 0, new(victim))
	assert.Equal(t, 1, count.answersLost)
	assert.Equal(t, 1, count.refused)
}

// TestEventsOfTheProofAreDistinct is what the count relies on.
func TestEventsOfTheProofAreDistinct(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for n := range 100 {
		seen[describe(event(n))] = true
	}
	assert.Len(t, seen, 100)
}

// TestAVictimThatEndsByItselfIsNoVictim has a receiver that can't start.
func TestAVictimThatEndsByItselfIsNoVictim(t *testing.T) {
	t.Parallel()
	v := &victim{args: []string{"serve", "-tries", "0"}}
	require.NoError(t, v.start())
	v.ended <- <-v.ended // when it has
	assert.ErrorContains(t, v.kill(), "process already finished")
	assert.Zero(t, v.kills)
}
