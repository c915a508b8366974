// Command probe checks this SDK's assumptions about the API against an account.
//
// It creates, lists, updates and deletes webhooks, with Basic and with HMAC authentication. Then
// it prints a table of what the SDK assumes and what the API does. Run it with your account, and
// paste its report into a bug report: the report contains no credentials, tokens, phone numbers
// or message text.
//
//	go run ./examples/probe
//
// Without credentials it uses the in-memory platform. If MESSAGEMEDIA_API_KEY and
// MESSAGEMEDIA_API_SECRET are set, it calls the API at MESSAGEMEDIA_BASE_URL (default: the
// global host), after you have confirmed that.
//
// With -keys it also checks signature keys. With -url it also receives deliveries: that URL must
// lead to -addr, and you send a text message to one of the account's numbers when the probe asks
// for it.
//
// The probe deletes everything that it created, even if it fails or is interrupted, and changes
// nothing else. The exit status is 0 if every observation is as assumed, 1 if one differs, and 2
// if the probe failed or could not delete something.
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
	flag.BoolVar(&s.yes, "yes", false, "start without asking")
	flag.BoolVar(&s.keys, "keys", false, "also create, enable and delete a signature key")
	flag.StringVar(&s.account, "account", "", "compare the lists with those of the sub-account with this `ID`")
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
		fmt.Fprintln(log, "probe: interrupted; deleting everything that it created")
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

var errDeclined = errors.New("not started; to start without asking, pass -yes")

// confirm describes what the probe will do to a real account, and asks for confirmation.
func (p *probe) confirm(in io.Reader) error {
	if p.api.memory != nil || p.yes {
		return nil
	}
	fmt.Fprintf(p.log, "The probe uses the account of MESSAGEMEDIA_API_KEY at %s. It\n", p.api.baseURL)
	fmt.Fprintf(p.log, "  - lists webhooks and signature keys,\n")
	fmt.Fprintf(p.log, "  - creates a few webhooks at a time at %s/…, and deletes them,\n", p.urlPrefix())
	if p.keys {
		fmt.Fprintf(p.log, "  - creates a signature key, enables it if no key is enabled, and deletes it; while it is\n    enabled, the platform signs all deliveries of the account with it,\n")
	}
	if p.publicURL != "" {
		fmt.Fprintf(p.log, "  - receives every inbound message of the account at that URL for up to %v,\n", p.wait)
	}
	fmt.Fprintf(p.log, "and changes nothing else. Continue? [y/N] ")
	line, _ := bufio.NewReader(in).ReadString('\n')
	if reply := strings.ToLower(strings.TrimSpace(line)); reply != "y" && reply != "yes" {
		return errDeclined
	}
	return nil
}
