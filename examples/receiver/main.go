// Command receiver creates a webhook, serves its endpoint and prints each delivery.
//
// It recognizes the platform by a token in a header, which works for every account. With
// -signed it verifies signatures instead, if the account has them. Use it to see deliveries
// arrive, or to start a receiver of your own. If the receiver must not lose a delivery, start
// with the example inbox.
//
//	go run ./examples/receiver -once
//
// Without credentials it uses the in-memory platform, which sends it a text message. If
// MESSAGEMEDIA_API_KEY and MESSAGEMEDIA_API_SECRET are set, it calls the API at
// MESSAGEMEDIA_BASE_URL. Then set the token in WEBHOOK_TOKEN, and pass -url, the URL at which
// the platform reaches this machine, as in https://example.com/hooks/sms.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var s settings
	flag.StringVar(&s.address, "addr", "127.0.0.1:0", "the `address` to listen on")
	flag.StringVar(&s.publicURL, "url", "", "the `URL` that the platform calls (default: the address of this machine)")
	flag.StringVar(&s.keys, "keys", "receiver-keys", "the `directory` that stores the signature keys of the real API")
	flag.BoolVar(&s.signed, "signed", false, "verify signatures instead of a token")
	flag.BoolVar(&s.once, "once", false, "exit after one delivery")
	flag.Parse()
	if err := run(ctx, s, log.New(os.Stdout, "", 0)); err != nil {
		fmt.Fprintln(os.Stderr, "receiver:", err)
		os.Exit(1)
	}
}

type settings struct {
	address, publicURL, keys string
	signed, once             bool
}

// run serves until ctx ends or, with -once, until the first delivery.
func run(ctx context.Context, s settings, out *log.Logger) error {
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	defer listener.Close()
	if s.publicURL == "" {
		s.publicURL = "http://" + listener.Addr().String() + "/hooks/sms"
	}
	public, err := url.Parse(s.publicURL)
	if err != nil || public.Host == "" || public.Path == "" {
		return errors.New("-url must be an absolute URL with a path, as in https://example.com/hooks/sms")
	}

	platform, err := connect(s.keys)
	if err != nil {
		return err
	}
	defer platform.close()
	scheme, headers, err := platform.authentication(ctx, s.signed, out)
	if err != nil {
		return err
	}
	ctx, done := context.WithCancel(ctx)
	defer done()
	handler, err := newHandler(scheme, printer(out, func() {
		if s.once {
			done()
		}
	}))
	if err != nil {
		return err
	}
	// The listener is open, so deliveries wait there until serve accepts them.
	if err := subscribe(ctx, platform.client, s.publicURL, headers); isDown(err) {
		out.Println("Webhook not synced, receiving deliveries of an earlier webhook:", err)
	} else if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("POST "+public.EscapedPath(), handler)
	out.Println("Receiving at", s.publicURL)

	demonstration := make(chan error, 1)
	go func() { demonstration <- platform.demonstrate(ctx, s.publicURL, out) }()
	if err := serve(ctx, listener, mux); err != nil {
		return err
	}
	return <-demonstration
}

// subscribe creates the webhook, or updates the one of an earlier run.
func subscribe(ctx context.Context, client *messagemedia.Client, url string, headers map[string]string) error {
	_, err := client.SyncWebhooks(ctx, []messagemedia.CreateWebhookRequest{{
		URL:      url,
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events: []messagemedia.EventType{
			messagemedia.EventReceivedSMS, messagemedia.EventDeliveredDR, messagemedia.EventFailedDR,
		},
		Template:   messagemedia.JSONTemplate,
		Headers:    headers,
		Retries:    5, // at 0, the platform's default, a delivery that fails once is lost
		RetryDelay: 30 * time.Second,
	}})
	return err
}

// newHandler returns a handler for deliveries that the scheme accepts. It skips duplicates.
func newHandler(scheme webhook.Scheme, callback func(context.Context, *webhook.Delivery) error) (http.Handler, error) {
	verifier, err := webhook.NewVerifier(scheme)
	if err != nil {
		return nil, err
	}
	return webhook.NewHandler(verifier, callback, webhook.WithDeduplicator(new(webhook.MemoryDeduplicator)))
}

// printer returns the callback. A service would store the delivery here, and return nil only
// once it is stored.
func printer(out *log.Logger, printed func()) func(context.Context, *webhook.Delivery) error {
	return func(_ context.Context, d *webhook.Delivery) error {
		out.Println(describe(d.Event))
		printed()
		return nil
	}
}

func describe(event webhook.Event) string {
	switch e := event.(type) {
	case *webhook.ReceivedSMS:
		return fmt.Sprintf("%s texted %q", e.SourceNumber, e.Content)
	case *webhook.DeliveryReport:
		return fmt.Sprintf("message %s: %s (%s)", e.MessageID, e.Status, e.StatusCode.Description())
	case *webhook.UnparsedEvent:
		return fmt.Sprintf("%d bytes that are not an event: %v", len(e.Raw), e.Err)
	default:
		return fmt.Sprintf("%T", e)
	}
}

// serve serves HTTP with timeouts, so that slow clients can't hold connections forever. When
// ctx ends, it waits up to 20 seconds for deliveries in progress.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second, // longer than the handler's 15 seconds for a callback
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}
