// Command probe finds out which of this SDK's assumptions hold for the real API.
//
// It creates webhooks of its own, lists, updates and deletes them, over Basic and over
// HMAC, and prints a table of what the SDK assumes and what the API does. Use it when you
// have an account, and put its report into a bug report: it has no credentials, tokens,
// numbers or texts in it.
//
//	go run ./examples/probe
//
// Without credentials it runs against the in-memory platform. With
// MESSAGEMEDIA_API_KEY and MESSAGEMEDIA_API_SECRET in the environment it talks to
// the API at MESSAGEMEDIA_BASE_URL (default: the global host), after it has asked.
//
// The flag -keys adds signature keys. With -url, which must lead to -addr, it also
// receives: send a text message to one of the account's numbers when it says so.
//
// It deletes what it created, also when it fails or is interrupted, and changes
// nothing else. The exit status is 0 if all that was seen is as assumed, 1 if
// something differs, and 2 if the probe failed or could not delete something.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	var s settings
	flag.BoolVar(&s.yes, "yes", false, "do not ask before the probe starts")
	flag.BoolVar(&s.keys, "keys", false, "create, enable and delete a signature key, too")
	flag.StringVar(&s.account, "account", "", "compare with the sub-account of this `ID`")
	flag.StringVar(&s.publicURL, "url", "", "receive deliveries at this public `URL`")
	flag.StringVar(&s.address, "addr", "127.0.0.1:8080", "the `address` to listen on, with -url")
	flag.DurationVar(&s.wait, "wait", 2*time.Minute, "how long to wait for a text message, with -url")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the probe at once
	os.Exit(run(ctx, s, os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

type settings struct {
	yes, keys          bool
	account            string
	publicURL, address string
	wait               time.Duration
}

// The exit statuses are those of diff.
const (
	exitAsAssumed = iota
	exitDiffers
	exitFailed
)

func run(ctx context.Context, s settings, getenv func(string) string, in io.Reader, out, log io.Writer) int {
	api, err := connect(getenv)
	if err != nil {
		fmt.Fprintln(log, "probe:", err)
		return exitFailed
	}
	defer api.close()
	return api.probe(ctx, s, in, out, log)
}

func (api *api) probe(ctx context.Context, s settings, in io.Reader, out, log io.Writer) int {
	p, err := newProbe(api, s, log)
	if err != nil {
		fmt.Fprintln(log, "probe:", err)
		return exitFailed
	}
	if err := p.confirm(in); err != nil {
		fmt.Fprintln(log, "probe:", err)
		return exitFailed
	}
	err = p.run(ctx)
	if ctx.Err() != nil {
		fmt.Fprintln(log, "probe: interrupted, deleting what it created")
	}
	err = errors.Join(err, p.cleanUp(context.WithoutCancel(ctx)))
	if len(p.rows) > 0 {
		fmt.Fprint(out, p.report())
	}
	switch {
	case err != nil:
		fmt.Fprintln(log, "probe:", p.redact(err.Error()))
		return exitFailed
	case p.count(differs) > 0:
		return exitDiffers
	}
	return exitAsAssumed
}

var errDeclined = errors.New("not started; -yes skips the question")

// confirm says what the probe will do to a real account, and asks.
func (p *probe) confirm(in io.Reader) error {
	if p.api.memory != nil || p.yes {
		return nil
	}
	fmt.Fprintf(p.log, "This uses the account of MESSAGEMEDIA_API_KEY at %s. The probe\n", p.api.baseURL)
	fmt.Fprintf(p.log, "  - reads the lists of webhooks and signature keys,\n")
	fmt.Fprintf(p.log, "  - creates webhooks at %s/…, a few at a time, and deletes them,\n", p.urlPrefix())
	if p.keys {
		fmt.Fprintf(p.log, "  - creates a signature key, enables it if none is enabled, and deletes it: while it is\n    enabled, all deliveries of the account are signed with it,\n")
	}
	if p.publicURL != "" {
		fmt.Fprintf(p.log, "  - has a copy of each inbound message sent to that URL for up to %v,\n", p.wait)
	}
	fmt.Fprintf(p.log, "and changes nothing else. Continue? [y/N] ")
	line, _ := bufio.NewReader(in).ReadString('\n')
	if reply := strings.ToLower(strings.TrimSpace(line)); reply != "y" && reply != "yes" {
		return errDeclined
	}
	return nil
}
