// Command messagemedia-mock serves the webhooks platform in memory on an
// address, for people who work with curl or another language than Go.
//
//	go run github.com/messagemedia/webhooks-go-sdk/cmd/messagemedia-mock -addr 127.0.0.1:8080 -key k -secret s
//
// It prints its URL and credentials, and each request with its response. It ends,
// and forgets everything, on an interrupt.
//
// A POST to /mock/events, a path that the API does not have, makes an event happen:
// the webhooks that are subscribed to it are called, and the response tells every
// attempt. The event is written as messagemedia.JSONTemplate would render it, the
// header Account names a sub-account, and no credentials are needed:
//
//	curl -d '{"event":"RECEIVED_SMS","reply_id":"1","content":"Hello"}' 127.0.0.1:8080/mock/events
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run serves until the context ends, and returns the exit code: 2 for wrong
// flags, 1 for an address that can't be had.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("messagemedia-mock", flag.ContinueOnError)
	flags.SetOutput(stderr)
	address := flags.String("addr", "127.0.0.1:8080", "the `address` to listen on")
	key := flags.String("key", "test-key", "the API `key` that is accepted")
	secret := flags.String("secret", "test-secret", "the API `secret` that is accepted")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 || *key == "" || *secret == "" {
		fmt.Fprintln(stderr, "messagemedia-mock: it takes -addr, -key and -secret, none of them empty, and nothing else")
		return 2
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		fmt.Fprintf(stderr, "messagemedia-mock: %v\nChoose another address with -addr.\n", err)
		return 1
	}
	api, err := messagemediatest.Start(
		messagemediatest.WithInMemoryNetwork(), // this program has an address of its own
		messagemediatest.WithCredentials(*key, *secret),
		messagemediatest.WithObserver(func(e messagemediatest.Exchange) { fmt.Fprintln(stdout, line(e)) }),
	)
	if err != nil {
		fmt.Fprintln(stderr, "messagemedia-mock:", err)
		return 1
	}
	defer api.Close()
	fmt.Fprintf(stdout, `The platform in memory is at http://%[1]s
API key %[2]s, API secret %[3]s. It accepts Basic and HMAC.
Try: curl -u '%[2]s:%[3]s' http://%[1]s/v1/webhooks/messages
and: curl -d '{"event":"RECEIVED_SMS","reply_id":"1","content":"Hello"}' http://%[1]s/mock/events

`, listener.Addr(), api.Key, api.Secret)
	serve(ctx, listener, newHandler(api))
	fmt.Fprintln(stdout, "Stopped.")
	return 0
}

// serve ends with the context, without waiting for anyone.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	server.Serve(listener)
}

// line is an exchange for a person to read, without bodies and headers.
func line(e messagemediatest.Exchange) string {
	response := fmt.Sprint(e.Status)
	if e.Status == 0 {
		response = "no response"
	}
	var failure struct {
		Message string
		Details []string
	}
	_ = json.Unmarshal([]byte(e.ResponseBody), &failure) // a success has neither
	text := fmt.Sprintf("%-6s %s → %s in %v", e.Method, e.Target, response, e.Duration.Round(time.Microsecond))
	if e.Account != "" {
		text += fmt.Sprintf(" for account %s", e.Account)
	}
	if failure.Message != "" {
		text += ": " + failure.Message
	}
	for _, detail := range failure.Details {
		text += "\n       " + detail
	}
	return text
}
