// Command sync reconciles an account's webhooks with a YAML file.
//
// It shows PlanWebhooks and SyncWebhooks: the plan, its changes, and a drift check for a
// pipeline. Use it as a tool, or copy the calls into the start of the service that owns the
// webhooks.
//
//	go -C examples/sync run .
//
// Without credentials it runs a demonstration on the in-memory platform: the plan, its
// changes, and a second run without changes. If MESSAGEMEDIA_API_KEY and
// MESSAGEMEDIA_API_SECRET are set, it calls the API at MESSAGEMEDIA_BASE_URL (default: the
// global host). It authenticates by Basic, or by HMAC if MESSAGEMEDIA_AUTH is hmac. It prints
// the plan, and changes nothing unless -apply is given.
//
// With -check the exit status is 2 if the account differs from the file. Build the program
// for that: "go run" exits with status 1 for every failure.
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
)

// errDrift is the result of -check if there are changes. It has its own exit status.
var errDrift = errors.New("the account differs from the file")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "sync:", err)
		stop()
		os.Exit(exitCode(err))
	}
}

func exitCode(err error) int {
	if errors.Is(err, errDrift) {
		return 2
	}
	return 1
}

type settings struct {
	file, prune           string
	apply, check, replace bool
}

func run(ctx context.Context, args []string, out io.Writer) error {
	s, err := parse(args, out)
	if err != nil {
		return err
	}
	desired, err := read(s.file)
	if err != nil {
		return err
	}
	if os.Getenv("MESSAGEMEDIA_API_KEY") == "" && os.Getenv("MESSAGEMEDIA_API_SECRET") == "" {
		if s != (settings{file: s.file}) {
			return errors.New("MESSAGEMEDIA_API_KEY and MESSAGEMEDIA_API_SECRET are not set; without them, only -file is supported")
		}
		return demonstrate(ctx, s.file, desired, out)
	}
	client, err := messagemedia.NewClientFromEnv()
	if err != nil {
		return err
	}
	return s.sync(ctx, client, desired, out)
}

func parse(args []string, out io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("sync", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&s.file, "file", "webhooks.yaml", "the `file` with the webhooks")
	flags.BoolVar(&s.apply, "apply", false, "make the changes")
	flags.BoolVar(&s.check, "check", false, "exit 2 if there are changes to make")
	flags.StringVar(&s.prune, "prune", "", "delete webhooks that are not in the file and whose URL is below this `prefix`, as in https://example.com/hooks")
	flags.BoolVar(&s.replace, "replace", false, "delete and recreate webhooks to change a field that can't be updated; events in between are lost")
	err := flags.Parse(args)
	switch {
	case err != nil:
		return s, err
	case flags.NArg() > 0:
		return s, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case s.apply && s.check:
		return s, errors.New("-apply and -check exclude each other")
	}
	return s, nil
}

// sync prints the plan, or makes the changes.
func (s settings) sync(ctx context.Context, client *messagemedia.Client, desired []messagemedia.CreateWebhookRequest, out io.Writer) error {
	if s.apply {
		result, err := client.SyncWebhooks(ctx, desired, s.options()...)
		fmt.Fprintln(out, result)
		return err
	}
	plan, err := client.PlanWebhooks(ctx, desired, s.options()...)
	if plan == nil {
		return err
	}
	fmt.Fprintln(out, plan)
	if s.check && plan.HasChanges() {
		return errors.Join(errDrift, err)
	}
	return err
}

func (s settings) options() []messagemedia.SyncOption {
	var options []messagemedia.SyncOption
	if s.prune != "" {
		options = append(options, messagemedia.PruneURLPrefix(s.prune))
	}
	if s.replace {
		options = append(options, messagemedia.AllowReplace())
	}
	return options
}

// String returns the command line for the settings.
func (s settings) String() string {
	words := []string{"go run . -file", s.file}
	if s.prune != "" {
		words = append(words, "-prune", s.prune)
	}
	for _, flag := range []struct {
		name string
		set  bool
	}{{"-replace", s.replace}, {"-apply", s.apply}, {"-check", s.check}} {
		if flag.set {
			words = append(words, flag.name)
		}
	}
	return strings.Join(words, " ")
}
