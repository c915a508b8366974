package velocity_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// seeds adds the templates of all cases.
func seeds(f *testing.F) {
	for _, file := range []string{"testdata/cases.jsonl", "testdata/further.jsonl", "testdata/objects.jsonl"} {
		for _, c := range readCases(f, file) {
			f.Add(c.Template)
		}
	}
}

// FuzzParse checks that parsing never panics, and that positions are within the template
// at the beginning of a character.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		check := func(at velocity.Position) {
			require.LessOrEqual(t, at.Offset, len(text))
			if !utf8.ValidString(text) || strings.Contains(text, `\u`) {
				return
			}
			before := text[:at.Offset]
			require.True(t, at.Offset == len(text) || utf8.RuneStart(text[at.Offset]))
			require.Equal(t, strings.Count(before, "\n")+1, at.Line)
			require.Equal(t, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])+1, at.Column)
		}
		template, err := velocity.Parse(text)
		if err != nil {
			check(failureOf(t, err).Position)
			return
		}
		template.Walk(func(node velocity.Node) bool {
			check(node.Pos())
			return true
		})
	})
}

// FuzzRender checks that rendering never panics and stays within its limits.
func FuzzRender(f *testing.F) {
	seeds(f)
	context, err := os.ReadFile("testdata/further_context.json")
	require.NoError(f, err)
	limits := velocity.Limits{Steps: 20_000, OutputBytes: 5_000, ValueBytes: 2_000, Depth: 20, RangeLength: 1_000}
	f.Fuzz(func(t *testing.T, text string) {
		template, err := velocity.Parse(text)
		if err != nil {
			return
		}
		given := variables(t, context)
		first, err := template.Render(t.Context(), given, velocity.Options{Limits: limits})
		if err != nil {
			require.NotEmpty(t, failureOf(t, err).Message)
			require.NotEqual(t, velocity.Interrupted, failureOf(t, err).Kind)
		}
		require.LessOrEqual(t, len(first), limits.OutputBytes)
		second, again := template.Render(t.Context(), given, velocity.Options{Limits: limits})
		require.Equal(t, first, second, "rendering leaves no traces")
		require.Equal(t, errors.Unwrap(err), errors.Unwrap(again))
	})
}
