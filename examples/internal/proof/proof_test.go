package proof

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// TestMain is also the receiver of these tests. It ends at once, or waits until it is stopped.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "end":
			os.Exit(3)
		case "wait":
			time.Sleep(time.Hour)
		}
	}
	os.Exit(m.Run())
}

func start(t *testing.T, args ...string) *Process {
	p, err := Start(filepath.Join(t.TempDir(), "log"), nil, args...)
	require.NoError(t, err)
	t.Cleanup(func() { p.command.Process.Kill() })
	return p
}

func TestKill(t *testing.T) {
	t.Parallel()
	p := start(t, "wait")
	first := p.command.Process.Pid
	require.NoError(t, p.Kill())
	assert.NotEqual(t, first, p.command.Process.Pid)
	assert.Equal(t, 1, p.Kills)
	assert.Equal(t, 1, p.Restarts)
}

func TestAReceiverThatEndsByItself(t *testing.T) {
	t.Parallel()
	p := start(t, "end")
	assert.EqualError(t, Load{Deliveries: 10, Kills: 1}.killWhileSending(t.Context(), nil, p), "the receiver ended by itself: exit status 3")
	assert.ErrorContains(t, p.Kill(), "process already finished")
	assert.Zero(t, p.Kills)
}

func TestStopReportsHowTheReceiverEnded(t *testing.T) {
	t.Parallel()
	assert.EqualError(t, start(t, "wait").Stop(), "the receiver stopped with an error: signal: terminated")
}

func TestLoadCheck(t *testing.T) {
	t.Parallel()
	assert.NoError(t, Load{Deliveries: 60, Kills: 5, AtATime: 1}.Check())
	assert.EqualError(t, Load{Deliveries: 59, Kills: 5, AtATime: 1}.Check(), "-deliveries must be at least 60 for 5 kills, got 59")
	assert.EqualError(t, Load{Deliveries: 60, Kills: -1, AtATime: 1}.Check(), "-kills must be at least 0, got -1")
	assert.EqualError(t, Load{Deliveries: 60, Kills: 5}.Check(), "-at-a-time must be positive, got 0")
}

// sent returns a delivery whose attempts got these statuses. Status 0 means no response.
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

func TestVerdict(t *testing.T) {
	t.Parallel()
	type results = []*messagemediatest.SendResult
	for name, c := range map[string]struct {
		sent    results
		handled string // bodies
		parked  int
		kills   int
		want    string
	}{
		"everything is handled":               {results{sent("a", 0, 204), sent("b", 204)}, "a b", 0, 1, ""},
		"handled, but the response lost":      {results{sent("a", 0, 204), sent("b", 0, 0)}, "a b", 0, 1, ""},
		"neither acknowledged nor handled":    {results{sent("a", 0, 204), sent("b", 0, 503)}, "a", 0, 1, ""},
		"acknowledged and lost":               {results{sent("a", 0, 204), sent("b", 204)}, "a", 0, 1, "1 deliveries were acknowledged but lost"},
		"handled twice":                       {results{sent("a", 0, 204)}, "a a", 0, 1, "1 deliveries were handled more than once"},
		"handled twice, but not acknowledged": {results{sent("a", 204), sent("b", 0)}, "a b b", 0, 1, "1 deliveries were handled more than once"},
		"altered":                             {results{sent("a", 0, 204)}, "a A", 0, 1, "1 deliveries were altered"},
		"parked":                              {results{sent("a", 0, 204)}, "a", 1, 1, "1 deliveries were parked"},
		"nothing acknowledged":                {results{sent("a", 0)}, "", 0, 1, "no delivery was acknowledged"},
		"too few kills":                       {results{sent("a", 0, 204)}, "a", 0, 0, "kills must be at least 1, got 0"},
		"a kill that interrupted nothing":     {results{sent("a", 204)}, "a", 0, 1, "no kill interrupted a delivery"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := NewCount(c.sent, bytes.Fields([]byte(c.handled)), c.parked, &Process{Kills: c.kills}).Verdict(1)
			if c.want == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, c.want)
			}
		})
	}
}

func TestTheCountDistinguishesLostResponsesFromRefusedConnections(t *testing.T) {
	t.Parallel()
	result := sent("a", 0, 0, 503, 204)
	result.Deliveries[0].Attempts[1].Err = syscall.ECONNREFUSED
	count := NewCount([]*messagemediatest.SendResult{result}, [][]byte{[]byte("a")}, 0, new(Process))
	assert.Equal(t, 1, count.ResponsesLost)
	assert.Equal(t, 1, count.Refused)
	assert.Contains(t, count.String(), "responses lost 1     attempts without a response\nrefused        1     attempts while the receiver was down\n")
}
