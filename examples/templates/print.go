package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
)

// show prints the payload for a sample event.
func show(ctx context.Context, out io.Writer, text string, eventType messagemedia.EventType) {
	payload := ""
	event, err := template.Sample(eventType)
	if err == nil {
		payload, err = template.Render(ctx, text, event)
	}
	if err != nil {
		payload = "error: " + err.Error()
	}
	fmt.Fprintf(out, "%s\n%s\n\n", eventType, indent(payload))
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ")
}

// list prints problems. For a problem with a position in the template, it prints the line and
// marks the column. It does not print the URL, which can contain a token.
func list(out io.Writer, text string, problems []template.Problem) {
	if len(problems) == 0 {
		fmt.Fprintln(out, "No problems.")
		return
	}
	lines := strings.Split(text, "\n")
	for _, p := range problems {
		fmt.Fprintf(out, "%s: %s: %s [%s]\n", p.Severity, p.Field, p.Message, p.Code)
		if p.Suggestion != "" {
			fmt.Fprintf(out, "    %s\n", p.Suggestion)
		}
		if p.Field == "template" && p.Line > 0 {
			line := lines[p.Line-1]
			fmt.Fprintf(out, "%4d | %s\n     | %s^\n", p.Line, strings.TrimRight(line, "\r"), blanks(line, p.Column-1))
		}
	}
}

// blanks returns white space as wide as the first characters of a line on most terminals.
func blanks(line string, characters int) string {
	var blanks strings.Builder
	for i, character := range []rune(line) {
		switch {
		case i >= characters:
			return blanks.String()
		case character == '\t':
			blanks.WriteByte('\t')
		case unicode.In(character, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul), character >= 0x1f300:
			blanks.WriteString("  ") // emoji and East Asian characters are two columns wide
		case !unicode.In(character, unicode.Mn, unicode.Me, unicode.Cf):
			blanks.WriteByte(' ')
		}
	}
	return blanks.String()
}
