package main

import (
	"context"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// Attributes in addition to those of otelhttp. Each has few values, so they are also suitable
// for metrics.
const (
	operationKey = attribute.Key("messagemedia.operation") // "CreateWebhook"
	eventKey     = attribute.Key("messagemedia.event")     // "RECEIVED_SMS"
	reasonKey    = attribute.Key("messagemedia.reason")    // "handled", "bad_signature"
	schemeKey    = attribute.Key("messagemedia.scheme")    // "signature"
)

// telemetry has the destinations of spans and metrics.
type telemetry struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
}

// middleware is an argument of messagemedia.WithMiddleware. Each attempt of a call is a span
// with the name of the call, including the lookups of CreateWebhook.
//
// otelhttp records the URL on the span, with the webhook's ID and the page. The URL contains
// no secret: NewClient rejects a base URL with credentials or a query. otelhttp does not
// record headers. Metrics have the operation instead of the URL.
func (t *telemetry) middleware(next http.RoundTripper) http.RoundTripper {
	return otelhttp.NewTransport(labeling{next},
		otelhttp.WithTracerProvider(t.tracers),
		otelhttp.WithMeterProvider(t.meters),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
			return "messagemedia." + messagemedia.OperationFromContext(r.Context())
		}),
	)
}

// labeling adds the operation to the metrics of otelhttp.
type labeling struct{ next http.RoundTripper }

func (l labeling) RoundTrip(r *http.Request) (*http.Response, error) {
	labeler, _ := otelhttp.ClientLabelerFromContext(r.Context())
	labeler.Add(operationKey.String(messagemedia.OperationFromContext(r.Context())))
	return l.next.RoundTrip(r)
}

// handler returns a handler that receives each delivery in a span. Anybody can call it, so
// the trace of the caller becomes a link, not the parent.
//
// otelhttp records the path of the request target, but not the query, which can contain a
// token. It records the caller's address, and prefers X-Forwarded-For, which anybody can
// send.
func (t *telemetry) handler(verifier *webhook.Verifier, callback func(context.Context, *webhook.Delivery) error) (http.Handler, error) {
	deliveries, err := webhook.NewHandler(verifier, callback, webhook.WithObserver(observe))
	if err != nil {
		return nil, err
	}
	return otelhttp.NewHandler(deliveries, "messagemedia.Delivery",
		otelhttp.WithTracerProvider(t.tracers),
		otelhttp.WithMeterProvider(t.meters),
		otelhttp.WithSpanNameFormatter(func(operation string, _ *http.Request) string { return operation }),
		otelhttp.WithPublicEndpointFn(func(*http.Request) bool { return true }),
	), nil
}

// observe adds the outcome of a delivery to its span and metrics. It omits the error, since
// the error of a callback can contain anything.
func observe(ctx context.Context, outcome webhook.DeliveryOutcome) {
	attributes := []attribute.KeyValue{reasonKey.String(string(outcome.Reason))}
	if outcome.Scheme != "" {
		attributes = append(attributes, schemeKey.String(outcome.Scheme))
	}
	if outcome.EventKind != "" {
		attributes = append(attributes, eventKey.String(outcome.EventKind))
	}
	trace.SpanFromContext(ctx).SetAttributes(attributes...)
	labeler, _ := otelhttp.LabelerFromContext(ctx)
	labeler.Add(attributes...)
}
