// Command durable is a receiver that responds 204 only after it has stored the delivery on
// disk, in a NATS JetStream queue. NATS runs in this process or, if NATS_URL is set, as a
// cluster.
//
// A worker handles each delivery from the queue, with an idempotent effect. Use this example if
// your services communicate through a message broker. If they share a SQL database, the
// example inbox is easier to operate.
//
//	go -C examples/durable run . serve
//	go -C examples/durable run . prove -deliveries 1000 -kills 5
//
// The command serve receives until it is interrupted. The command prove kills a receiver
// repeatedly while the in-memory platform sends deliveries to it, and counts those that were
// lost or handled twice. README.md describes the guarantees and their limits.
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
	context.AfterFunc(ctx, stop) // a second signal ends a shutdown that hangs
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

const usage = `durable receives webhook deliveries and loses none that it acknowledged.

	durable serve   receive until interrupted
	durable prove   kill a receiver while it receives, and count losses and duplicates

For the flags of a command, pass -help to it.
`

// errUsage reports an invalid command line. Its text is already printed.
var errUsage = errors.New("usage")

// run returns the exit status: 2 for an invalid command line, and 1 for any other failure,
// including a failed proof.
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
	flags.StringVar(&s.clientAddress, "client-addr", "", "the `address` at which the nats tool reaches the embedded server (default: none)")
	flags.StringVar(&s.stream, "stream", s.stream, "the `name` of the queue; the other streams' names begin with it")
	flags.IntVar(&s.replicas, "replicas", s.replicas, "how many servers of a cluster store each delivery: 1, 3 or 5")
	flags.Int64Var(&s.maxBytes, "max-bytes", s.maxBytes, "the limit in `bytes` of the queue, of the dead letters and of the handled deliveries, each; if the queue is full, the response is 503")
	flags.DurationVar(&s.keep, "keep", s.keep, "how long to remember handled deliveries")
	flags.IntVar(&s.workers, "workers", s.workers, "how many deliveries to handle concurrently")
	flags.DurationVar(&s.ackWait, "ack-wait", s.ackWait, "the time without an acknowledgement after which another worker gets the delivery")
	flags.IntVar(&s.tries, "tries", s.tries, "how many attempts a delivery gets before it becomes a dead letter")
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
	flags.IntVar(&p.AtATime, "at-a-time", 16, "how `many` deliveries to send concurrently")
	flags.IntVar(&p.replicas, "replicas", 1, "how many servers of a cluster store each delivery: 1, 3 or 5")
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

// parse parses the flags and checks their values.
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
