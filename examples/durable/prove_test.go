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

// sent is a report on a body, with the statuses of the attempts, where 0 is no response.
func sent(body string, statuses ...int) *messagemediatest.SendResult {
	var attempts []messagemediatest.Attempt
	for _, status := range statuses {
		attempt := messagemediatest.Attempt{RequestBody: []byte(body), Status: status}
		if status == 0 {
			attempt.Err = errors.New("EOF")
		}
		attempts = append(attempts, attempt)
	}
	return &messagemediatest.SendResult{Deliveries: []messagemediatest.DeliveryResult{{Attempts: attempts}}}
}

func TestTheCountFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	type reports = []*messagemediatest.SendResult
	for name, c := range map[string]struct {
		reports reports
		effects string // bodies
		dead    uint64
		kills   int
		want    string
	}{
		"all is well":                         {reports{sent("a", 0, 204), sent("b", 204)}, "a b", 0, 1, ""},
		"handled, and the response lost":      {reports{sent("a", 0, 204), sent("b", 0, 0)}, "a b", 0, 1, ""},
		"not acknowledged, and not handled":   {reports{sent("a", 0, 204), sent("b", 0, 503)}, "a", 0, 1, ""},
		"acknowledged and lost":               {reports{sent("a", 0, 204), sent("b", 204)}, "a", 0, 1, "1 deliveries were acknowledged, and lost"},
		"handled twice":                       {reports{sent("a", 0, 204)}, "a a", 0, 1, "1 deliveries were handled more than once"},
		"handled twice, and not acknowledged": {reports{sent("a", 204), sent("b", 0)}, "a b b", 0, 1, "1 deliveries were handled more than once"},
		"altered":                             {reports{sent("a", 0, 204)}, "a A", 0, 1, "1 deliveries were altered"},
		"a dead letter":                       {reports{sent("a", 0, 204)}, "a", 1, 1, "1 deliveries became dead letters"},
		"nothing acknowledged":                {reports{sent("a", 0)}, "", 0, 1, "no delivery was acknowledged"},
		"too few kills":                       {reports{sent("a", 0, 204)}, "a", 0, 0, "the receiver was killed 0 times, want 1"},
		"a kill that hit nothing":             {reports{sent("a", 204)}, "a", 0, 1, "no kill hit a delivery under way"},
	} {
		err := newCount(c.reports, bytes.Fields([]byte(c.effects)), c.dead, &receiverProcess{kills: c.kills}).verdict(1)
		if c.want == "" {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorContains(t, err, c.want, name)
		}
	}
}

func TestTheCountTellsLostResponsesFromRefusedConnections(t *testing.T) {
	t.Parallel()
	report := sent("a", 0, 0, 503, 204)
	report.Deliveries[0].Attempts[1].Err = syscall.ECONNREFUSED
	count := newCount([]*messagemediatest.SendResult{report}, [][]byte{[]byte("a")}, 0, new(receiverProcess))
	assert.Equal(t, 1, count.responsesLost)
	assert.Equal(t, 1, count.refused)
}

// TestAVictimThatEndsByItselfIsNoVictim has a receiver that can't start.
func TestAVictimThatEndsByItselfIsNoVictim(t *testing.T) {
	t.Parallel()
	v := &receiverProcess{args: []string{"serve", "-tries", "0"}}
	require.NoError(t, v.start())
	p := &proof{deliveries: 10, kills: 1}
	assert.EqualError(t, p.killWhileSending(t.Context(), nil, v), "the receiver ended by itself: exit status 2")
	assert.ErrorContains(t, v.kill(), "process already finished")
	assert.Zero(t, v.kills)
}
