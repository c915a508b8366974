// Command otel shows the SDK in OpenTelemetry: a span and a duration for each attempt of a
// call, named by operation, and for each delivery, with the reason of its response.
//
// It runs against the in-memory platform, and prints a tree of the spans. Use it when you
// trace your services; the lines to copy are in telemetry.go.
//
//	go -C examples/otel run .
//
// With -raw it prints what it would export: a line of JSON for each span, and one for the
// metrics.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func main() {
	raw := flag.Bool("raw", false, "print what would be exported, as JSON")
	flag.Parse()
	print := printTree
	if *raw {
		print = printRaw
	}
	if err := print(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "otel:", err)
		os.Exit(1)
	}
}

// printTree keeps the spans, and prints them in the end.
func printTree(ctx context.Context, out io.Writer) (err error) {
	spans := tracetest.NewInMemoryExporter()
	tracers := trace.NewTracerProvider(trace.WithSyncer(spans))
	meters := metric.NewMeterProvider()
	defer func() { err = errors.Join(err, tracers.Shutdown(ctx), meters.Shutdown(ctx)) }()
	if err := run(ctx, &telemetry{tracers, meters}); err != nil {
		return err
	}
	return tree(spans.GetSpans()).print(out)
}

// printRaw exports to a writer. A service has an exporter for its collector in place of
// these two, and the rest as it is here.
func printRaw(ctx context.Context, out io.Writer) (err error) {
	spans, err := stdouttrace.New(stdouttrace.WithWriter(out))
	if err != nil {
		return err
	}
	metrics, err := stdoutmetric.New(stdoutmetric.WithWriter(out))
	if err != nil {
		return err
	}
	tracers := trace.NewTracerProvider(trace.WithBatcher(spans))
	meters := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(metrics)))
	defer func() { err = errors.Join(err, tracers.Shutdown(ctx), meters.Shutdown(ctx)) }()
	return run(ctx, &telemetry{tracers, meters})
}

func run(ctx context.Context, t *telemetry) error {
	api, err := messagemediatest.Start()
	if err != nil {
		return err
	}
	defer api.Close()
	return demonstrate(ctx, api, t)
}

// demonstrate creates a webhook whose first response is lost, and receives a delivery
// and one that was tampered with.
func demonstrate(ctx context.Context, api *messagemediatest.Server, t *telemetry) error {
	client := api.Client(messagemedia.WithMiddleware(t.middleware), messagemedia.WithMaxRetryWait(0))
	verifier, err := t.newVerifier(ctx, client)
	if err != nil {
		return err
	}
	handler, err := t.handler(verifier, func(context.Context, *webhook.Delivery) error { return nil })
	if err != nil {
		return err
	}
	receiver := httptest.NewServer(handler)
	defer receiver.Close()

	api.Fail(messagemediatest.Fault{ResetConnection: true, AfterCommit: true})
	if err := t.subscribe(ctx, client, receiver.URL+"/hooks/sms?token=7f3a"); err != nil {
		return err
	}
	for _, payload := range []string{`{"reply_id":"d3c2","content":"Hello"}`, `{"reply_id":"d3c2","content":"Adieu"}`} {
		if err := deliver(ctx, api, receiver.URL+"/hooks/sms?token=7f3a", payload); err != nil {
			return err
		}
	}
	return nil
}

// newVerifier accepts what the platform signs from now on. A service has a span around
// what it does, which the calls are children of: here those of the name "example".
func (t *telemetry) newVerifier(ctx context.Context, client *messagemedia.Client) (*webhook.Verifier, error) {
	ctx, span := t.tracers.Tracer("example").Start(ctx, "example.SyncKey")
	defer span.End()
	store := messagemediatest.NewKeyStore()
	if _, err := client.SyncSignatureKey(ctx, store); err != nil {
		return nil, err
	}
	return webhook.NewVerifier(webhook.Signed(webhook.StoredKeys(store)))
}

// subscribe creates a webhook, and changes it.
func (t *telemetry) subscribe(ctx context.Context, client *messagemedia.Client, url string) error {
	ctx, span := t.tracers.Tracer("example").Start(ctx, "example.Subscribe")
	defer span.End()
	created, err := client.CreateWebhook(ctx, messagemedia.CreateWebhookRequest{
		URL:      url,
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS},
		Retries:  5,
	})
	if err != nil {
		return err
	}
	_, err = client.UpdateWebhook(ctx, created.ID, messagemedia.UpdateWebhookRequest{Template: new("$mtId")})
	return err
}

// deliver sends what the platform signed: a payload that says Hello. Any other is
// a forgery.
func deliver(ctx context.Context, api *messagemediatest.Server, url, payload string) error {
	signed := strings.Replace(payload, "Adieu", "Hello", 1)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(signed))
	if err != nil {
		return err
	}
	if err := api.Signer("").Sign(r); err != nil {
		return err
	}
	r.Body = io.NopCloser(strings.NewReader(payload))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
