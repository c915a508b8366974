package template_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/template"
)

// mostSteps is the maximum number of steps of a check: the last rendering may begin with one
// step left, and decoding its output takes more.
const mostSteps = template.MaxSteps + template.MaxSteps/3

// TestCheckIsBoundedForEveryTemplate checks templates that would run for a long time.
func TestCheckIsBoundedForEveryTemplate(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a loop in a loop in a loop": strings.Repeat("#foreach($i in [1..100000])", 20) + "x" + strings.Repeat("#end", 20),
		"a string that doubles":      `#set($s = "x")#foreach($i in [1..1000])#set($s = "$s$s")#end$s`,
		"deep nesting":               strings.Repeat("#if(true)", 100_000),
		"a loop for each event":      `#foreach($i in [1..90000])#set($x = $i)#end{"id":"$!drId$!moId$!notificationId"}`,
		"a regular expression":       `#set($s = "a")#foreach($i in [1..15])#set($s = $s + $s)#end#foreach($i in [1..250])#set($x = $s.replaceAll("[ab]", ""))#end{"id":"$!drId$!moId$!notificationId"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems, steps := template.CheckSteps(t.Context(), text, "JSON", nil)
			require.NotEmpty(t, problems)
			assert.Equal(t, template.SeverityError, problems[0].Severity)
			assert.Equal(t, template.CodeTooComplex, problems[0].Code)
			assert.LessOrEqual(t, steps, mostSteps)
		})
	}
}

// TestStepsOfCostlyTemplates checks that steps grow with the length of a template, up to the
// limit.
func TestStepsOfCostlyTemplates(t *testing.T) {
	t.Parallel()
	for name := range costly {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, small := template.CheckSteps(t.Context(), costlyTemplate(name, 1<<10), "JSON", sms1)
			_, large := template.CheckSteps(t.Context(), costlyTemplate(name, 4<<10), "JSON", sms1)
			assert.LessOrEqual(t, large, min(mostSteps, 8*small+100_000), "of %d", small)
		})
	}
}

// TestTheContextEndsACheck checks that Suppress does not hide an incomplete check.
func TestTheContextEndsACheck(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	problems := template.Check(ctx, `{"reply_id":"$moId"}`, "JSON", sms1, template.Suppress(template.CodeInterrupted))
	require.Len(t, problems, 1)
	assert.Equal(t, "template: error: the check is not complete: context canceled [interrupted]", problems[0].String())
	problems = template.CheckRequest(ctx, validRequest())
	assert.Contains(t, codesOf(problems), template.CodeInterrupted)
}

// TestTheContextEndsARunningCheck cancels the context after some calls of its Err.
func TestTheContextEndsARunningCheck(t *testing.T) {
	t.Parallel()
	for _, looks := range []int{1, 10, 100, 1000} {
		ctx := &endingContext{Context: t.Context(), looks: looks}
		_, steps := template.CheckSteps(ctx, costlyTemplate("escaped values", 32<<10), "JSON", nil)
		assert.Less(t, steps, looks*10_000+10_000, "%d looks", looks)
	}
}

// endingContext ends after some calls of Err.
type endingContext struct {
	context.Context
	looks int
}

func (c *endingContext) Err() error {
	if c.looks--; c.looks < 0 {
		return context.Canceled
	}
	return nil
}

// TestSuppress checks that Suppress omits the problems of its codes only.
func TestSuppress(t *testing.T) {
	t.Parallel()
	const text = `{"id":"$moId","x":"$type","y":"$moContent"}`
	all := codesOf(template.Check(t.Context(), text, "JSON", sms1))
	assert.ElementsMatch(t, []template.Code{template.CodeUnknownName, template.CodeDeprecatedVariable, template.CodeUnescapedInput}, all)
	rest := codesOf(template.Check(t.Context(), text, "JSON", sms1, template.Suppress(template.CodeUnknownName), template.Suppress(template.CodeUnescapedInput), nil))
	assert.Equal(t, []template.Code{template.CodeDeprecatedVariable}, rest)
	request := validRequest()
	request.Retries = 0
	assert.Empty(t, template.CheckRequest(t.Context(), request, template.Suppress(template.CodeNoRetries)))
	problems := template.Check(t.Context(), strings.Repeat("#if(true)", 10_000), "JSON", sms1, template.Suppress(template.CodeTooComplex))
	assert.Equal(t, []template.Code{template.CodeTooComplex}, codesOf(problems), "can't be suppressed")
}
