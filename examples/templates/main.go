// Command templates shows what a webhook's template makes of each event, and what
// is wrong with it.
//
//	go run ./examples/templates -encoding JSON -events RECEIVED_SMS,OPT_OUT_SMS < my.vm
//
// It exits 1 when a problem is an error, so that a pipeline can hold templates to it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run returns the exit code: 1 for a template with errors, 2 for wrong flags and a
// template that can't be had.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("templates", flag.ContinueOnError)
	flags.SetOutput(stderr)
	encoding := flags.String("encoding", "JSON", "the webhook's `encoding`: JSON, FORM_ENCODED or XML")
	events := flags.String("events", "RECEIVED_SMS,RECEIVED_MMS,OPT_OUT_SMS,DELIVERED_DR", "the `event types` that the webhook is subscribed to")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	types, err := eventTypes(*events)
	if err == nil {
		err = checkEncoding(*encoding)
	}
	if err != nil {
		fmt.Fprintln(stderr, "templates:", err)
		return 2
	}
	text, err := io.ReadAll(stdin)
	if err != nil {
		fmt.Fprintln(stderr, "templates: standard input:", err)
		return 2
	}
	for _, eventType := range types {
		show(stdout, string(text), eventType)
	}
	problems := template.Check(string(text), messagemedia.Encoding(*encoding), types)
	list(stdout, string(text), problems)
	if slices.ContainsFunc(problems, func(p template.Problem) bool { return p.Severity == template.SeverityError }) {
		return 1
	}
	return 0
}

func eventTypes(list string) ([]messagemedia.EventType, error) {
	var types []messagemedia.EventType
	var errs []error
	for name := range strings.SplitSeq(list, ",") {
		eventType := messagemedia.EventType(strings.TrimSpace(name))
		_, err := template.Sample(eventType)
		types, errs = append(types, eventType), append(errs, err)
	}
	return types, errors.Join(errs...)
}

func checkEncoding(name string) error {
	switch messagemedia.Encoding(name) {
	case messagemedia.EncodingJSON, messagemedia.EncodingForm, messagemedia.EncodingXML:
		return nil
	}
	return fmt.Errorf("encoding %q, want JSON, FORM_ENCODED or XML", name)
}

// show prints what would arrive for a sample of an event.
func show(out io.Writer, text string, eventType messagemedia.EventType) {
	event, err := template.Sample(eventType)
	if err != nil {
		panic(err) // eventTypes has refused it
	}
	payload, err := template.Render(context.Background(), text, event)
	if err != nil {
		payload = "nothing: " + err.Error()
	}
	fmt.Fprintf(out, "%s\n%s\n\n", eventType, indent(payload))
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ")
}

// list prints problems, each with the line that it is in and a mark at its place.
func list(out io.Writer, text string, problems []template.Problem) {
	if len(problems) == 0 {
		fmt.Fprintln(out, "No problems.")
		return
	}
	lines := strings.Split(text, "\n")
	for _, p := range problems {
		fmt.Fprintf(out, "%s: %s\n", p.Severity, p.Message)
		if p.Suggestion != "" {
			fmt.Fprintf(out, "    %s\n", p.Suggestion)
		}
		if p.Line > 0 {
			line := lines[p.Line-1]
			fmt.Fprintf(out, "%4d | %s\n     | %s^\n", p.Line, strings.TrimRight(line, "\r"), blanks(line, p.Column-1))
		}
	}
}

// blanks is as wide as the first characters of a line are on most terminals.
func blanks(line string, characters int) string {
	var blanks strings.Builder
	for i, character := range []rune(line) {
		switch {
		case i >= characters:
			return blanks.String()
		case character == '\t':
			blanks.WriteByte('\t')
		case unicode.In(character, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul), character >= 0x1f300:
			blanks.WriteString("  ") // an emoji, or a letter that is as wide
		case !unicode.In(character, unicode.Mn, unicode.Me, unicode.Cf):
			blanks.WriteByte(' ')
		}
	}
	return blanks.String()
}
