// Command templates renders a webhook's template for each event, and checks it.
//
//	go run ./examples/templates -encoding JSON -events RECEIVED_SMS,OPT_OUT_SMS < my.vm
//
// With -id it checks a webhook of the account instead, including its URL, headers and
// retries. It reads the credentials from the environment, see
// messagemedia.NewClientFromEnv:
//
//	go run ./examples/templates -id 0b4e6c3d-4b0c-4bb4-8c1b-d4cbb6e7b1f5
//
// The flag -suppress omits intended problems, by their codes.
//
// The exit status is 0 if there are no problems, and 1 if there are errors or warnings. It
// is 2 if the flags are invalid, or if the template or the webhook can't be read.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/template"
)

const (
	exitNoProblems = 0
	exitProblems   = 1
	exitUsage      = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	newClient := func() (*messagemedia.Client, error) { return messagemedia.NewClientFromEnv() }
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, newClient)
	stop()
	os.Exit(code)
}

// settings are the values of the flags.
type settings struct {
	id       string
	encoding messagemedia.Encoding
	events   []messagemedia.EventType
	suppress template.Option
}

// run returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, newClient func() (*messagemedia.Client, error)) int {
	s, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitNoProblems
	case err == nil && s.id == "":
		return s.checkTemplate(ctx, stdin, stdout, stderr)
	case err == nil:
		return s.checkWebhook(ctx, stdout, stderr, newClient)
	}
	return fail(stderr, err)
}

func fail(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, "templates:", err)
	return exitUsage
}

func parse(args []string, stderr io.Writer) (*settings, error) {
	flags := flag.NewFlagSet("templates", flag.ContinueOnError)
	flags.SetOutput(stderr)
	id := flags.String("id", "", "check the webhook with this `ID` instead of a template on standard input")
	encoding := flags.String("encoding", "JSON", "the `encoding` of the webhook: JSON, FORM_ENCODED or XML")
	events := flags.String("events", "RECEIVED_SMS,RECEIVED_MMS,OPT_OUT_SMS,DELIVERED_DR", "the `event types` that the webhook is subscribed to")
	suppress := flags.String("suppress", "", "the `codes` of intended problems to omit, such as unknown_name")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	s := &settings{id: *id, encoding: messagemedia.Encoding(*encoding), suppress: template.Suppress(codes(*suppress)...)}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q: the template is read from standard input", flags.Arg(0))
	}
	if s.id != "" {
		return s, nil // the webhook has its encoding and events
	}
	var err error
	if s.events, err = eventTypes(*events); err == nil {
		err = checkEncoding(s.encoding)
	}
	return s, err
}

func codes(list string) []template.Code {
	var codes []template.Code
	for code := range strings.SplitSeq(list, ",") {
		codes = append(codes, template.Code(strings.TrimSpace(code)))
	}
	return codes
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

func checkEncoding(encoding messagemedia.Encoding) error {
	switch encoding {
	case messagemedia.EncodingJSON, messagemedia.EncodingForm, messagemedia.EncodingXML:
		return nil
	}
	return fmt.Errorf("encoding must be JSON, FORM_ENCODED or XML, got %q", encoding)
}

// checkTemplate checks the template on standard input.
func (s *settings) checkTemplate(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) int {
	text, err := io.ReadAll(stdin)
	if err != nil {
		return fail(stderr, fmt.Errorf("standard input: %w", err))
	}
	problems := template.Check(ctx, string(text), s.encoding, s.events, s.suppress)
	return report(ctx, stdout, s.events, string(text), problems)
}

// checkWebhook checks a webhook of the account.
func (s *settings) checkWebhook(ctx context.Context, stdout, stderr io.Writer, newClient func() (*messagemedia.Client, error)) int {
	client, err := newClient()
	if err != nil {
		return fail(stderr, err)
	}
	hook, err := client.GetWebhook(ctx, s.id)
	if err != nil {
		return fail(stderr, err)
	}
	problems := template.CheckRequest(ctx, messagemedia.CreateWebhookRequest{
		URL: hook.URL, Method: hook.Method, Encoding: hook.Encoding, Events: hook.Events, Headers: hook.Headers,
		Template: hook.Template, ReadTimeout: hook.ReadTimeout, Retries: hook.Retries, RetryDelay: hook.RetryDelay,
	}, s.suppress)
	return report(ctx, stdout, hook.Events, hook.Template, problems)
}

// report prints the payload for each event, and the problems.
func report(ctx context.Context, stdout io.Writer, events []messagemedia.EventType, text string, problems []template.Problem) int {
	for _, eventType := range events {
		show(ctx, stdout, text, eventType)
	}
	list(stdout, text, problems)
	if len(problems) > 0 {
		return exitProblems
	}
	return exitNoProblems
}
