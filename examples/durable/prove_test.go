package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestProve kills a receiver, which is this test binary.
func TestProve(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"prove", "-deliveries", "50", "-kills", "1"}, nothing, &stdout, &stderr)
	require.Equal(t, 0, code, stderr.String())
	lines := strings.Fields(stdout.String())
	assert.Contains(t, stdout.String(), "Every acknowledged delivery was handled exactly once.")
	assert.Subset(t, lines, []string{"sent", "50", "kills", "1"})
}
