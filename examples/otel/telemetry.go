package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// What this adds to the attributes of otelhttp. All of them have few values, so
// that they are good for metrics, too.
const (
	operationKey = attribute.Key("messagemedia.operation") // "CreateWebhook"
	eventKey     = attribute.Key("messagemedia.event")     // "ReceivedSMS"
	refusalKey   = attribute.Key("messagemedia.refusal")   // "bad_signature"
)

// telemetry is where spans and metrics go.
type telemetry struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
}

// middleware is for messagemedia.WithMiddleware. Each attempt of a call is a span
// with the name of the call, and so is a look-up that CreateWebhook makes. It wraps a
// transport that is kept to HTTP/1.1 already, if HMACAuth needs that.
//
// On the span, otelhttp records the URL with the webhook's ID and the page. That is
// no secret: NewClient takes no base URL with credentials or a query, and headers
// are not recorded. Metrics have the operation in place of the URL.
func (t *telemetry) middleware(next http.RoundTripper) http.RoundTripper {
	return otelhttp.NewTransport(labelling{next},
		otelhttp.WithTracerProvider(t.tracers),
		otelhttp.WithMeterProvider(t.meters),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
			return "messagemedia." + messagemedia.OperationFromContext(r.Context())
		}),
	)
}

// labelling adds the operation to what otelhttp measures around it.
type labelling struct{ next http.RoundTripper }

func (l labelling) RoundTrip(r *http.Request) (*http.Response, error) {
	labeler, _ := otelhttp.ClientLabelerFromContext(r.Context())
	labeler.Add(operationKey.String(messagemedia.OperationFromContext(r.Context())))
	return l.next.RoundTrip(r)
}

// handler receives deliveries, each of which is a span. Anybody can call it, so a
// caller's own trace becomes a link, and not the parent.
//
// Of the target, otelhttp records the path alone: tokens of yours that stand in the
// query don't show. It does record the caller's address, and takes X-Forwarded-For
// for it, which anybody can send.
func (t *telemetry) handler(verifier *webhook.Verifier, callback func(context.Context, *webhook.Delivery) error) (http.Handler, error) {
	traced := func(ctx context.Context, d *webhook.Delivery) error {
		explain(ctx, eventKey.String(strings.TrimPrefix(fmt.Sprintf("%T", d.Event), "*webhook.")))
		return callback(ctx, d)
	}
	observe := func(ctx context.Context, o webhook.DeliveryOutcome) {
		if o.Err != nil {
			explain(ctx, refusalKey.String(string(o.Reason)))
		}
	}
	handler, err := webhook.NewHandler(verifier, traced, webhook.WithObserver(observe))
	if err != nil {
		return nil, err
	}
	return otelhttp.NewHandler(handler, "messagemedia.Delivery",
		otelhttp.WithTracerProvider(t.tracers),
		otelhttp.WithMeterProvider(t.meters),
		otelhttp.WithSpanNameFormatter(func(operation string, _ *http.Request) string { return operation }),
		otelhttp.WithPublicEndpointFn(func(*http.Request) bool { return true }),
	), nil
}

// explain adds an attribute to the span and to the metrics of a request.
func explain(ctx context.Context, attribute attribute.KeyValue) {
	trace.SpanFromContext(ctx).SetAttributes(attribute)
	labeler, _ := otelhttp.LabelerFromContext(ctx)
	labeler.Add(attribute)
}
