package webhook_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestWithApprovedAlgorithmsOnly repeats tests of tokens, signatures and dedupe keys under
// fips140=only, where an algorithm that is not approved panics or fails, and where a key of
// 1024 bits is an error.
func TestWithApprovedAlgorithmsOnly(t *testing.T) {
	t.Parallel()
	if os.Getenv("GODEBUG") == "fips140=only" {
		t.Skip("this is the inner run")
	}
	executable, err := os.Executable()
	require.NoError(t, err)
	run := exec.CommandContext(t.Context(), executable, "-test.v", "-test.run",
		"^(TestHeaderToken|TestQueryToken|TestVerifyReturnsTheDelivery|TestCombinations|TestTheKeyDependsOnEachPart|TestASmallKeyIsAnErrorUnderFIPS)$")
	run.Env = append(os.Environ(), "GODEBUG=fips140=only")
	output, err := run.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Equal(t, 6, strings.Count(string(output), "\n--- PASS: Test")+strings.Count(string(output), "\n--- SKIP: Test"), "%s", output)
	assert.NotContains(t, string(output), "SKIP")
}

func TestASmallKeyIsAnErrorUnderFIPS(t *testing.T) {
	t.Parallel()
	if os.Getenv("GODEBUG") != "fips140=only" {
		t.Skip("runs only within TestWithApprovedAlgorithmsOnly")
	}
	const der1024 = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCqGKukO1De7zhZj6+H0qtjTkVxwTCpvKe4eCZ0FPqri0cb2JZfXJ/DgYSF6vUpwmJG8wVQZKjeGcjDOL5UlsuusFncCzWBQ7RKNUSesmQRMSGkVb1/3j+skZ6UtW+5u09lHNsj6tQ51s1SPrCBkedbNf0Tp0GbMJDyR4e9T04ZZwIDAQAB"
	_, err := webhook.ParseKey("id", webhook.SHA256, der1024)
	require.ErrorContains(t, err, "webhook: ParseKey: public key: can't verify signatures")
}
