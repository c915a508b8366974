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

// What this adds to the attributes of otelhttp. All of them have few values, so
// that they are good for metrics, too.
const (
	operationKey = attribute.Key("messagemedia.operation") // "CreateWebhook"
	eventKey     = attribute.Key("messagemedia.event")     // "RECEIVED_SMS"
	reasonKey    = attribute.Key("messagemedia.reason")    // "handled", "bad_signature"
	schemeKey    = attribute.Key("messagemedia.scheme")    // "signature"
)

// telemetry is where spans and metrics go.
type telemetry struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
}

// middleware is for messagemedia.WithMiddleware. Each attempt of a call is a span
// with the name of the call, and so is a look-up that CreateWebhook makes.
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

// observe adds what became of a delivery to its span and metrics. The error is not among
// it: there can be anything in that of a callback.
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
