// Command inbox is a receiver with a transactional inbox. Use it if you have a SQL database and
// no message broker, as most teams do.
//
// The receiver stores a delivery, its dedupe key and its effect on the database in one
// transaction, and responds 204 only after the commit. So it loses no acknowledged delivery,
// and a duplicate changes nothing. A worker then performs the effects outside the database,
// with retries.
//
//	go -C examples/inbox run . serve
//	go -C examples/inbox run . prove
//
// The command serve receives until it is interrupted. The command prove kills a receiver
// (SIGKILL) while deliveries arrive, and counts those that were lost or stored twice. The
// database is an SQLite file or, if DATABASE_URL is set, PostgreSQL. README.md describes the
// guarantees and their limits.
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
	"strconv"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends a shutdown that hangs
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

const usage = `inbox receives webhook deliveries into a SQL database.

	inbox serve           receive until interrupted
	inbox prove           kill a receiver while it receives, and count losses and duplicates
	inbox parked          list the parked deliveries
	inbox requeue ID...   retry parked deliveries

For the flags of a command, pass -help to it.
`

// errUsage reports an invalid command line. Its text is already printed.
var errUsage = errors.New("usage")

// run returns the exit status: 2 for an invalid command line, and 1 for any other failure,
// including a failed proof.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	c := command{ctx, getenv, stdout, stderr}
	commands := map[string]func([]string) error{
		"serve": c.serve, "prove": c.prove, "parked": c.parked, "requeue": c.requeue,
	}
	if len(args) == 0 || commands[args[0]] == nil {
		fmt.Fprint(stderr, usage)
		return 2
	}
	err := commands[args[0]](args[1:])
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	fmt.Fprintf(stderr, "inbox %s: %v\n", args[0], err)
	return 1
}

// command has the environment and the outputs of a command.
type command struct {
	ctx            context.Context
	getenv         func(string) string
	stdout, stderr io.Writer
}

func (c command) serve(args []string) error {
	s := defaults()
	s.databaseURL, s.token = c.getenv("DATABASE_URL"), c.getenv("WEBHOOK_TOKEN")
	s.credentials = c.getenv("MESSAGEMEDIA_API_KEY") != "" || c.getenv("MESSAGEMEDIA_API_SECRET") != ""
	flags := c.newFlags("serve", &s.file)
	flags.StringVar(&s.address, "addr", s.address, "the `address` to listen on")
	flags.StringVar(&s.publicURL, "url", "", "the `URL` that the platform calls (default: this machine's own)")
	flags.StringVar(&s.forward, "forward", "", "a `URL` to post each payload to (default: print it)")
	flags.IntVar(&s.workers, "workers", s.workers, "how many deliveries to handle concurrently")
	flags.IntVar(&s.tries, "tries", s.tries, "how many attempts a delivery gets before it is parked")
	flags.DurationVar(&s.lease, "lease", s.lease, "the time after which an unfinished delivery is due again")
	flags.DurationVar(&s.keep, "keep", s.keep, "how long to keep dedupe keys and handled deliveries")
	if err := parse(flags, args, 0, s.check); err != nil {
		return err
	}
	return receive(c.ctx, s, c.stdout, slog.New(slog.NewTextHandler(c.stderr, nil)))
}

func (c command) prove(args []string) error {
	p := proving{out: c.stdout}
	flags := c.newFlags("prove", nil)
	flags.IntVar(&p.Deliveries, "deliveries", 1000, "how `many` deliveries to send")
	flags.IntVar(&p.Kills, "kills", 5, "how `often` to kill the receiver")
	flags.IntVar(&p.AtATime, "at-a-time", 16, "how `many` deliveries to send concurrently")
	if err := parse(flags, args, 0, func() error { return p.Check() }); err != nil {
		return err
	}
	return p.run(c.ctx)
}

func (c command) parked(args []string) error {
	s := defaults()
	flags := c.newFlags("parked", &s.file)
	if err := parse(flags, args, 0, func() error { return nil }); err != nil {
		return err
	}
	return c.withStore(s, func(store *store) error {
		list, err := store.parked(c.ctx)
		for _, d := range list {
			fmt.Fprintf(c.stdout, "%d\treceived %s\tparked %s\t%d attempts\t%d bytes\t%q\n",
				d.id, d.receivedAt.UTC().Format(time.RFC3339), d.parkedAt.UTC().Format(time.RFC3339), d.attempts, len(d.payload), d.lastError)
		}
		return err
	})
}

func (c command) requeue(args []string) error {
	s := defaults()
	flags := c.newFlags("requeue", &s.file)
	var ids []int64
	parseIDs := func() (err error) {
		for _, arg := range flags.Args() {
			id, idErr := strconv.ParseInt(arg, 10, 64)
			if idErr != nil {
				err = errors.Join(err, fmt.Errorf("%q is not the ID of a delivery", arg))
			}
			ids = append(ids, id)
		}
		if len(ids) == 0 {
			err = errors.New("no ID given; to list the IDs, run: inbox parked")
		}
		return err
	}
	if err := parse(flags, args, len(args), parseIDs); err != nil {
		return err
	}
	return c.withStore(s, func(store *store) (err error) {
		for _, id := range ids {
			found, requeueErr := store.requeue(c.ctx, id)
			if requeueErr == nil && !found {
				requeueErr = fmt.Errorf("delivery %d is not parked", id)
			}
			err = errors.Join(err, requeueErr)
		}
		return err
	})
}

func (c command) withStore(s settings, do func(*store) error) error {
	db, err := openDatabase(c.ctx, c.getenv("DATABASE_URL"), s.file)
	if err != nil {
		return err
	}
	defer db.Close()
	return do(newStore(db))
}

// newFlags returns the flags of a command. If file is not nil, -db sets it.
func (c command) newFlags(name string, file *string) *flag.FlagSet {
	flags := flag.NewFlagSet("inbox "+name, flag.ContinueOnError)
	flags.SetOutput(c.stderr)
	if file != nil {
		flags.StringVar(file, "db", *file, "the SQLite `file`, if DATABASE_URL is not set")
	}
	return flags
}

// parse parses the flags and up to maxArgs arguments, and checks their values.
func parse(flags *flag.FlagSet, args []string, maxArgs int, check func() error) error {
	if err := flags.Parse(args); err != nil {
		return errors.Join(errUsage, err)
	}
	err := check()
	if flags.NArg() > maxArgs {
		err = errors.Join(fmt.Errorf("%q is not a flag", flags.Arg(0)), err)
	}
	if err != nil {
		fmt.Fprintf(flags.Output(), "%s: %v\n", flags.Name(), err)
		return errUsage
	}
	return nil
}
