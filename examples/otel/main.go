// Command otel traces and measures the SDK with OpenTelemetry. Each attempt of a call has a
// span and a duration, named by its operation. Each delivery has them too, with the reason of
// its response.
//
// The command uses the in-memory platform and prints a tree of the spans. Copy telemetry.go
// to trace your service.
//
//	go -C examples/otel run .
//
// With -raw it prints the exported data: a line of JSON for each span, and one for the metrics.
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
	raw := flag.Bool("raw", false, "print the exported data as JSON")
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

// printTree collects the spans in memory and prints them at the end.
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

// printRaw exports to a writer. A service replaces the two exporters by those of its
// collector.
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

// demonstrate creates a webhook whose first response is lost. It then receives a delivery,
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

// newVerifier returns a verifier for a new signature key. The spans of the calls are children
// of a span of the service, which is named "example" here.
func (t *telemetry) newVerifier(ctx context.Context, client *messagemedia.Client) (*webhook.Verifier, error) {
	ctx, span := t.tracers.Tracer("example").Start(ctx, "example.SyncKey")
	defer span.End()
	store := messagemediatest.NewKeyStore()
	if _, err := client.SyncSignatureKey(ctx, store); err != nil {
		return nil, err
	}
	return webhook.NewVerifier(webhook.Signed(webhook.StoredKeys(store)))
}

// subscribe creates a webhook and updates it.
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

// deliver signs a payload that says Hello, and sends payload with that signature. Any other
// payload is a tampered delivery.
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
