package velocity_test

import (
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// stepsOf returns the number of steps of a rendering.
func stepsOf(tb testing.TB, template string, given *velocity.Map) int {
	tb.Helper()
	parsed := mustParse(tb, template)
	const most = 1 << 20
	steps := 1 + sort.Search(most, func(below int) bool {
		_, err := parsed.Render(tb.Context(), given, velocity.Options{Limits: velocity.Limits{Steps: below + 1}})
		return err == nil
	})
	require.LessOrEqual(tb, steps, most, template)
	return steps
}

// TestStepsCorrespondToTime checks the numbers of steps. A step takes about 0.1 µs.
func TestStepsCorrespondToTime(t *testing.T) {
	t.Parallel()
	const kib = 1 << 10
	given := mapOf(
		"ascii", velocity.String(strings.Repeat("a", 64*kib)), "letters", velocity.String(strings.Repeat("é", 32*kib)),
		"some", velocity.String(strings.Repeat("a", kib)), "few", velocity.String(strings.Repeat("a", 12)),
		"long", velocity.String(strings.Repeat("a", 990)), "nested", velocity.String(strings.Repeat("[^", 300)+"b"+strings.Repeat("]", 300)),
		"properties", velocity.String(strings.Repeat(`\p{L}`, 30)), "l", velocity.NewList(velocity.Integer(1), velocity.Integer(2)),
	)
	for _, c := range []struct {
		template    string
		least, most int
	}{
		{"$!u", 1, 10},
		{"#foreach($i in [1..1000])#end", 1000, 3000},
		{"$ascii.length()", 1000, 1100},
		{"#set($x = $ascii.concat($ascii))", 3000, 5000},
		{"#set($x = $ascii.toUpperCase())", 2000, 2200},
		{"#set($x = $letters.toUpperCase())", 5000, 6000},
		{"#set($x = $letters.equalsIgnoreCase($letters))", 2000, 2200},
		{"#set($x = $esc.json($ascii))", 1000, 2200},
		{"#set($x = $ascii.contains($ascii.substring(32768)))", 100_000, 140_000},
		{"$few.matches('(a+)+b')", 500, 3000},            // exponential: 2^12 ways
		{"#set($x = $few.replaceAll('a', 'b'))", 20, 80}, // linear
		{"#set($x = $ascii.replaceAll('a', ''))", 60_000, 150_000},
		{"#set($x = $some.replaceAll('a*b', ''))", 20_000, 100_000}, // quadratic
		{"$u.x$few.matches($long)", 1900, 2500},                     // 990 bytes and instructions
		{"$u.x$few.matches('((a|b){50}){20}')", 6000, 9000},         // 6,000 instructions
		{"#set($x = $some.replaceAll($nested, ''))", 9000, 20_000},
		{"$some.matches('[abcdefghijklmnop]*')", 200, 800},
		{"$some.matches('a*')", 20, 200},
	} {
		steps := stepsOf(t, c.template, given)
		assert.True(t, c.least <= steps && steps <= c.most, "%s takes %d steps", c.template, steps)
	}
}

// TestConversionsStopAtTheLimit converts a text far beyond the limit.
func TestConversionsStopAtTheLimit(t *testing.T) {
	t.Parallel()
	given := mapOf("long", velocity.String(strings.Repeat("a", 1<<20)))
	for _, template := range []string{"$esc.url($long)", "$long.toUpperCase()"} {
		_, err := mustParse(t, template).Render(t.Context(), given, velocity.Options{Limits: velocity.Limits{Steps: 18_000 + 2000, ValueBytes: 1000}})
		assert.Contains(t, failureOf(t, err).Message, "a value of more than 1000 bytes", template)
	}
}
