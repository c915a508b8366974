package pattern_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity/pattern"
)

// testCase is an expression with the recorded result of java.util.regex of Java 17.
type testCase struct {
	Pattern string      `json:"pattern"`
	Text    string      `json:"text"`
	Invalid bool        `json:"invalid"`
	Matches bool        `json:"matches"`
	Found   [][]*string `json:"found"` // each match with its groups
}

func readCases(tb testing.TB) []testCase {
	tb.Helper()
	f, err := os.Open("testdata/java.jsonl")
	require.NoError(tb, err)
	defer f.Close()
	var cases []testCase
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var c testCase
		require.NoError(tb, json.Unmarshal(lines.Bytes(), &c))
		cases = append(cases, c)
	}
	require.NotEmpty(tb, cases)
	return cases
}

func unmetered(int) error { return nil }

func TestExpressionsMatchAsInJava(t *testing.T) {
	t.Parallel()
	for _, c := range readCases(t) {
		t.Run(fmt.Sprintf("%s in %q", c.Pattern, c.Text), func(t *testing.T) {
			t.Parallel()
			expression, err := pattern.Compile(c.Pattern)
			if c.Invalid {
				failed, ok := errors.AsType[*pattern.Error](err)
				require.True(t, ok, "%v", err)
				assert.False(t, failed.Unsupported)
				assert.NotEmpty(t, failed.Message)
				return
			}
			require.NoError(t, err)
			matches, err := expression.Matches(c.Text, unmetered)
			require.NoError(t, err)
			assert.Equal(t, c.Matches, matches)
			assert.Equal(t, c.Found, findAll(t, expression, c.Text))
		})
	}
}

// findAll returns the matches with their groups. A group that did not match is nil.
func findAll(tb testing.TB, expression *pattern.Pattern, text string) [][]*string {
	tb.Helper()
	var found [][]*string
	for from := 0; from <= len(text); {
		match, err := expression.Find(text, from, unmetered)
		require.NoError(tb, err)
		if match == nil {
			break
		}
		var groups []*string
		for i := 0; i < len(match); i += 2 {
			if match[i] < 0 {
				groups = append(groups, nil)
			} else {
				groups = append(groups, new(text[match[i]:match[i+1]]))
			}
		}
		found = append(found, groups)
		if from = match[1]; match[0] == match[1] {
			_, size := utf8.DecodeRuneInString(text[from:])
			from += max(1, size)
		}
	}
	return found
}

func TestUnsupportedExpressionsAreNamed(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{
		"(?x)a", "(?U)a", `\p{InGreek}`, `\p{block=Greek}`, `\X`, `\G`, `\N{SPACE}`, `\b{g}`, `(?<=a+)b`,
	} {
		_, err := pattern.Compile(expression)
		failed, ok := errors.AsType[*pattern.Error](err)
		require.True(t, ok, expression)
		assert.True(t, failed.Unsupported, expression)
		assert.Contains(t, failed.Error(), "is not supported")
	}
}

func TestGroupsHaveNamesAndNumbers(t *testing.T) {
	t.Parallel()
	expression, err := pattern.Compile("(a)(?:b)(?<last>c)")
	require.NoError(t, err)
	assert.Equal(t, 2, expression.Groups())
	assert.Equal(t, 2, expression.Group("last"))
	assert.Zero(t, expression.Group("first"))
}

func TestTheSizeOfAnExpressionIsBounded(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{
		"((a|b){1000}){1000}", "((a|b){1000000000}){1000000000}", "(?:){1000000000}", "(?:(?:){0,1000000000}){0,1000000000}",
		strings.Repeat("(", 100) + "a|b" + strings.Repeat("){9}", 100),
	} {
		_, err := pattern.Compile(expression)
		require.ErrorIs(t, err, pattern.ErrTooLarge, expression)
	}
	expression, err := pattern.Compile(".{0,1000000000}")
	require.NoError(t, err, "a character is not repeated")
	assert.Equal(t, 2, expression.Size())
}

// work returns the work of finding all matches.
func work(tb testing.TB, expression, text string) int {
	tb.Helper()
	compiled, err := pattern.Compile(expression)
	require.NoError(tb, err)
	total := 0
	for from := 0; from <= len(text); {
		match, err := compiled.Find(text, from, func(work int) error {
			total += work
			return nil
		})
		require.NoError(tb, err)
		if match == nil {
			break
		}
		from = max(match[1], match[0]+1)
	}
	return total
}

func TestWorkIsProportionalToTheCostOfMatching(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		expression, unit string
		power            float64 // the work is the length to this power
	}{
		{"[ab]", "a", 1},
		{"a", "b", 1},
		{`(\w+) (\w+)`, "ab cd ", 1},
		{"a*b", "a", 2},
		{"a*?b", "a", 2},
		{"(?=a*)b?", "a", 2},
		{"(?<=a{0,100000})b", "a", 2},
		{`\b`, "\u0301", 2},
		{`(?i)(a)*\1b`, "a", 2},
	} {
		short, long := work(t, c.expression, strings.Repeat(c.unit, 500)), work(t, c.expression, strings.Repeat(c.unit, 2000))
		growth := float64(long) / float64(short)
		want := 4.0
		if c.power == 2 {
			want = 16
		}
		assert.InEpsilon(t, want, growth, 0.25, "%s: %d, then %d", c.expression, short, long)
	}
}

func TestTheMeterEndsMatching(t *testing.T) {
	t.Parallel()
	expression, err := pattern.Compile("(?:(a+)+b|(?=(a*)*c)d|(?>(a+)+b))")
	require.NoError(t, err)
	errEnough := errors.New("enough")
	for limit := range 50 {
		calls, last := 0, 0
		_, err = expression.Find(strings.Repeat("a", 40), 0, func(work int) error {
			last = work
			if calls++; calls > limit {
				return errEnough
			}
			return nil
		})
		require.ErrorIs(t, err, errEnough)
		assert.Equal(t, limit+1, calls)
		assert.Less(t, last, 2*1024, "the meter is called often")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	expression, err := pattern.Compile("(a|b)*")
	require.NoError(t, err)
	_, err = expression.Matches(strings.Repeat("ab", 10_000), unmetered)
	require.NoError(t, err)
	_, err = expression.Matches(strings.Repeat("ab", 100_000), unmetered)
	require.ErrorIs(t, err, pattern.ErrTooDeep)
}

// FuzzFind checks that matching never panics, stays within the permitted work, and finds
// only matches within the text.
func FuzzFind(f *testing.F) {
	for _, c := range readCases(f) {
		f.Add(c.Pattern, c.Text)
	}
	f.Fuzz(func(t *testing.T, expression, text string) {
		compiled, err := pattern.Compile(expression[:min(len(expression), 1000)])
		if err != nil {
			return
		}
		const limit = 100_000
		total, errEnough := 0, errors.New("enough")
		match, err := compiled.Find(text, 0, func(work int) error {
			if total += work; total > limit {
				return errEnough
			}
			return nil
		})
		if err != nil {
			require.True(t, errors.Is(err, errEnough) || errors.Is(err, pattern.ErrTooDeep))
			return
		}
		require.Less(t, total, 2*limit)
		for i := 0; i < len(match); i += 2 {
			if match[i] >= 0 && match[i+1] >= 0 {
				require.LessOrEqual(t, match[i], match[i+1])
				require.LessOrEqual(t, match[i+1], len(text))
			}
		}
	})
}
