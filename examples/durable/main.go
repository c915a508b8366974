// Command durable is a receiver that responds 204 only when a delivery is on disk: in a queue
// of NATS JetStream, which runs in this process, or as a cluster at NATS_URL.
//
// From there each delivery is handled, with an effect that happens once. Use it if your
// services exchange messages by a broker; if they share a SQL database, the example inbox is
// less to operate.
//
//	go -C examples/durable run . serve
//	go -C examples/durable run . prove -deliveries 1000 -kills 5
//
// The first receives, until an interrupt. The second kills a receiver again and again, while
// the in-memory platform sends to it, and counts what was lost and what was handled twice.
// README.md says what is promised, and what is not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends a shutdown that hangs
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

const usage = `durable receives webhooks, and never loses one that it acknowledged.

	durable serve   receive, until an interrupt
	durable prove   kill a receiver while it receives, and count

Each has -help.
`

// errUsage is an error of the command line, whose text was printed already.
var errUsage = errors.New("usage")

// run returns the exit status: 2 for a wrong command line, 1 for a failure, and for
// a proof that failed.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	commands := map[string]func(context.Context, []string, func(string) string, io.Writer, io.Writer) error{
		"serve": runServe, "prove": runProve,
	}
	if len(args) == 0 || commands[args[0]] == nil {
		fmt.Fprint(stderr, usage)
		return 2
	}
	err := commands[args[0]](ctx, args[1:], getenv, stdout, stderr)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	fmt.Fprintf(stderr, "durable %s: %v\n", args[0], err)
	return 1
}

func runServe(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	s := defaults()
	s.natsURL, s.token = getenv("NATS_URL"), getenv("WEBHOOK_TOKEN")
	s.credentials = getenv("MESSAGEMEDIA_API_KEY") != "" || getenv("MESSAGEMEDIA_API_SECRET") != ""
	flags := newFlags("serve", stderr)
	flags.StringVar(&s.address, "addr", s.address, "the `address` to listen on")
	flags.StringVar(&s.publicURL, "url", s.publicURL, "the `URL` that the platform calls (default: this machine's own)")
	flags.StringVar(&s.keys, "keys", "", "the `directory` of the signature keys, for an account that has signatures (default: none)")
	flags.StringVar(&s.directory, "dir", s.directory, "the `directory` of the embedded NATS server")
	flags.StringVar(&s.clientAddress, "client-addr", "", "an `address` for the nats tool to reach the embedded server (default: none)")
	flags.StringVar(&s.stream, "stream", s.stream, "the `name` of the queue's stream; the other streams are named after it")
	flags.IntVar(&s.replicas, "replicas", s.replicas, "how many servers of a cluster keep each delivery: 1, 3 or 5")
	flags.Int64Var(&s.maxBytes, "max-bytes", s.maxBytes, "how many `bytes` the queue may have, and the dead letters, and what was handled; past that the response is 503")
	flags.DurationVar(&s.keep, "keep", s.keep, "how long to remember what was handled")
	flags.IntVar(&s.workers, "workers", s.workers, "how many deliveries are handled at once")
	flags.DurationVar(&s.ackWait, "ack-wait", s.ackWait, "how long a worker may be silent before another gets its delivery")
	flags.IntVar(&s.tries, "tries", s.tries, "how often a delivery is tried before it is a dead letter")
	if err := parse(flags, args, s.check); err != nil {
		return err
	}
	return receive(ctx, s, stdout, slog.New(slog.NewTextHandler(stderr, nil)))
}

func runProve(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	p := proving{natsURL: getenv("NATS_URL"), out: stdout, ackWait: 5 * time.Second}
	flags := newFlags("prove", stderr)
	flags.IntVar(&p.Deliveries, "deliveries", 1000, "how `many` deliveries to send")
	flags.IntVar(&p.Kills, "kills", 5, "how `often` to kill the receiver")
	flags.IntVar(&p.AtATime, "at-a-time", 16, "how `many` deliveries are under way at a time")
	flags.IntVar(&p.replicas, "replicas", 1, "how many servers of a cluster keep each delivery")
	if err := parse(flags, args, p.check); err != nil {
		return err
	}
	return p.run(ctx)
}

func newFlags(command string, stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet("durable "+command, flag.ContinueOnError)
	flags.SetOutput(stderr)
	return flags
}

// parse reads the flags, and checks what they set.
func parse(flags *flag.FlagSet, args []string, check func() error) error {
	if err := flags.Parse(args); err != nil {
		return errors.Join(errUsage, err)
	}
	err := check()
	if flags.NArg() > 0 {
		err = errors.Join(fmt.Errorf("%q is not a flag", flags.Arg(0)), err)
	}
	if err != nil {
		fmt.Fprintf(flags.Output(), "%s: %v\n", flags.Name(), err)
		return errUsage
	}
	return nil
}
