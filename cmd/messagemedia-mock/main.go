// Command messagemedia-mock is a mock server of the platform for curl and for programs in
// any language. It shows API calls and deliveries as they happen.
//
//	go run github.com/messagemedia/webhooks-go-sdk/cmd/messagemedia-mock -addr 127.0.0.1:8080
//
// It prints each API call and each attempt of a delivery. It also prints the URL of a web
// page that shows both, simulates events, and checks templates. An interrupt or SIGTERM
// stops it. Its state is not saved.
//
// The flag -forward sends every delivery to another address, with the path and query of
// its webhook. With -forward http://127.0.0.1:9000, a receiver under development gets the
// deliveries for https://example.com/hooks.
//
// A POST to /mock/events, which is not a path of the API, simulates an event. It calls the
// subscribed webhooks, and the response lists every attempt. The body is an event in the
// format of messagemedia.JSONTemplate. The header Account selects a sub-account:
//
//	curl -d '{"event":"RECEIVED_SMS","reply_id":"1","content":"Hello"}' http://127.0.0.1:8080/mock/events
//
// messagemedia-mock -help prints all flags and a curl command for every call.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/cmd/messagemedia-mock/internal/page"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run serves until ctx ends, and returns the exit code: 2 if a flag is invalid, 1 if the
// server can't start, otherwise 0.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	settings, err := parse(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "messagemedia-mock:", err)
		return 2
	}
	listener, err := net.Listen("tcp", settings.address)
	if err != nil {
		fmt.Fprintf(stderr, "messagemedia-mock: %v\nChoose another address with -addr.\n", err)
		return 1
	}
	terminal, traffic := newTerminal(stdout, settings.verbose, settings.showTokens), page.NewTraffic()
	var api *messagemediatest.Server
	api, err = messagemediatest.Start(
		messagemediatest.WithInMemoryNetwork(), // this program listens itself
		messagemediatest.WithCredentials(settings.key, settings.secret),
		messagemediatest.WithObserver(func(e messagemediatest.Exchange) {
			terminal.call(e)
			traffic.AddCall(e)
		}),
		messagemediatest.WithDeliveryObserver(func(p messagemediatest.DeliveryProgress) {
			terminal.delivery(p)
			traffic.AddDelivery(p, api.Signer(p.Delivery.Account))
		}),
	)
	if err != nil {
		listener.Close()
		fmt.Fprintln(stderr, "messagemedia-mock:", err)
		return 1
	}
	defer api.Close()
	url, token := "http://"+reachable(listener.Addr()), rand.Text()
	welcome(stdout, settings, url, token)
	serve(ctx, listener, page.New(page.Config{
		API: api, Traffic: traffic, Token: token, Host: settings.host(), SendOptions: settings.sendOptions(),
	}))
	fmt.Fprintln(stdout, "Stopped.")
	return 0
}

func welcome(stdout io.Writer, settings *settings, url, token string) {
	fmt.Fprintf(stdout, `The mock server is at %[1]s
The page is at %[1]s/?token=%[2]s
API key %[3]s, API secret %[4]s. It accepts Basic and HMAC.
Try: curl -u '%[3]s:%[4]s' %[1]s/v1/webhooks/messages
and: curl -d '{"event":"RECEIVED_SMS","reply_id":"1","content":"Hello"}' %[1]s/mock/events
`, url, token, settings.key, settings.secret)
	if settings.forward != nil {
		fmt.Fprintf(stdout, "Deliveries go to %s with the path and query of their webhook.\n", settings.forward)
	}
	if !settings.isLoopback() {
		fmt.Fprintln(stdout, "Warning: other hosts on the network can reach the server, over HTTP without TLS.")
	}
	fmt.Fprintln(stdout)
}

// reachable returns an address that clients on this host can use.
func reachable(address net.Addr) string {
	listening, err := netip.ParseAddrPort(address.String())
	if err == nil && listening.Addr().IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", listening.Port())
	}
	return address.String()
}

// serve serves until ctx ends. It does not wait for open connections.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	server.Serve(listener)
}
