package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// recorder collects the exported spans and metrics.
type recorder struct {
	telemetry
	spans   *tracetest.InMemoryExporter
	metrics *metric.ManualReader
}

func newRecorder() *recorder {
	r := &recorder{spans: tracetest.NewInMemoryExporter(), metrics: metric.NewManualReader()}
	r.tracers = trace.NewTracerProvider(trace.WithSyncer(r.spans))
	r.meters = metric.NewMeterProvider(metric.WithReader(r.metrics))
	return r
}

// durations returns the attributes of each series of a histogram.
func (r *recorder) durations(t *testing.T, name string) []attribute.Set {
	var sets []attribute.Set
	for _, scope := range r.collect(t).ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name != name {
				continue
			}
			for _, point := range m.Data.(metricdata.Histogram[float64]).DataPoints {
				sets = append(sets, point.Attributes)
			}
		}
	}
	return sets
}

func (r *recorder) collect(t *testing.T) metricdata.ResourceMetrics {
	var collected metricdata.ResourceMetrics
	require.NoError(t, r.metrics.Collect(t.Context(), &collected))
	return collected
}

func TestSpans(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	require.NoError(t, demonstrate(t.Context(), messagemediatest.NewServer(t), &r.telemetry))
	var got []string
	for _, span := range r.spans.GetSpans() {
		got = append(got, strings.TrimSpace(fmt.Sprintln(span.Name, value(span.Attributes, "http.response.status_code"),
			value(span.Attributes, reasonKey), value(span.Attributes, eventKey), value(span.Attributes, schemeKey))))
	}
	assert.Equal(t, []string{
		"messagemedia.SignatureKeys 200",
		"messagemedia.CreateSignatureKey 201",
		"messagemedia.SignatureKeys 200",
		"messagemedia.SignatureKeys 200",
		"messagemedia.EnableSignatureKey 200",
		"example.SyncKey",
		"messagemedia.CreateWebhook", // its response was lost
		"messagemedia.CreateWebhook 409",
		"messagemedia.CreateWebhook 200", // the lookup found the created webhook
		"messagemedia.UpdateWebhook 200",
		"example.Subscribe",
		"messagemedia.Delivery 204 handled RECEIVED_SMS signature",
		"messagemedia.Delivery 401 bad_signature",
	}, got)
	assert.Equal(t, codes.Error, r.spans.GetSpans()[6].Status.Code)
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	require.NoError(t, demonstrate(t.Context(), messagemediatest.NewServer(t), &r.telemetry))
	var calls, deliveries []string
	for _, set := range r.durations(t, "http.client.request.duration") {
		calls = append(calls, value(set.ToSlice(), operationKey))
	}
	assert.ElementsMatch(t, []string{
		"SignatureKeys", "CreateSignatureKey", "EnableSignatureKey", "CreateWebhook", "CreateWebhook", "CreateWebhook", "UpdateWebhook",
	}, calls)
	for _, set := range r.durations(t, "http.server.request.duration") {
		deliveries = append(deliveries, value(set.ToSlice(), eventKey)+" "+value(set.ToSlice(), reasonKey))
	}
	assert.ElementsMatch(t, []string{"RECEIVED_SMS handled", " bad_signature"}, deliveries)
}

// TestNoSecretIsExported first requires output, then searches it for secrets.
func TestNoSecretIsExported(t *testing.T) {
	t.Parallel()
	r, api := newRecorder(), messagemediatest.NewServer(t)
	require.NoError(t, demonstrate(t.Context(), api, &r.telemetry))
	spans, err := json.Marshal(r.spans.GetSpans())
	require.NoError(t, err)
	metrics, err := json.Marshal(r.collect(t))
	require.NoError(t, err)
	require.Contains(t, string(spans), "/v1/webhooks/messages?page=0")
	require.Contains(t, string(spans), "/hooks/sms")
	require.Contains(t, string(metrics), "UpdateWebhook")

	for name, secret := range map[string]string{
		"the API secret":                    api.Secret,
		"the header Authorization":          base64.StdEncoding.EncodeToString([]byte(api.Key + ":" + api.Secret)),
		"the token in the receiver's query": "7f3a",
		"a signature's header":              "X-Messagemedia",
		"a payload":                         "Hello",
	} {
		assert.NotContains(t, string(spans), secret, name)
		assert.NotContains(t, string(metrics), secret, name)
	}
	id := api.Webhooks("")[0].ID
	assert.NotContains(t, string(metrics), id)
	assert.NotContains(t, string(metrics), "/v1/webhooks")
	for _, span := range r.spans.GetSpans() {
		assert.NotContains(t, span.Name, id)
		for _, a := range span.Attributes {
			assert.Equal(t, a.Key == "url.full" && span.Name == "messagemedia.UpdateWebhook", strings.Contains(a.Value.String(), id), a.Key)
		}
	}
}

// TestUnsentRequestsHaveAKnownOutcome checks that the client knows, through otelhttp, that it
// sent nothing.
func TestUnsentRequestsHaveAKnownOutcome(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client(messagemedia.WithMiddleware(newRecorder().middleware), messagemedia.WithMaxRetryWait(0))
	api.Close()
	err := client.DeleteWebhook(t.Context(), "id")
	require.Error(t, err)
	assert.NotErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
}

// TestHMACStaysOnHTTP1 uses a server that prefers HTTP/2.
func TestHMACStaysOnHTTP1(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithTLS())
	client, err := messagemedia.NewClient(messagemedia.HMACAuth(api.Key, api.Secret), messagemedia.WithBaseURL(api.URL),
		messagemedia.WithHTTPClient(api.HTTPClient()), messagemedia.WithMiddleware(newRecorder().middleware))
	require.NoError(t, err)
	_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1", api.Requests()[0].Proto)
}

// TestTheErrorOfACallbackIsNotExported checks that an error of a callback, which can contain
// anything, is neither in spans nor attributes.
func TestTheErrorOfACallbackIsNotExported(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	const token = "a-token-of-the-test"
	verifier, err := webhook.NewVerifier(webhook.HeaderToken("X-Webhook-Token", token))
	require.NoError(t, err)
	handler, err := r.handler(verifier, func(context.Context, *webhook.Delivery) error { return errors.New("no connection to 10.0.0.7") })
	require.NoError(t, err)
	request := httptest.NewRequest(http.MethodPost, "/hooks/sms", strings.NewReader("{}"))
	request.Header.Set("X-Webhook-Token", token)
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, request)
	require.Equal(t, http.StatusServiceUnavailable, response.Code)
	spans, err := json.Marshal(r.spans.GetSpans())
	require.NoError(t, err)
	require.Contains(t, string(spans), `"callback"`)
	assert.NotContains(t, string(spans), "10.0.0.7")
	assert.NotContains(t, string(spans), token)
}

func TestPrintTree(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, printTree(t.Context(), &out))
	durations := regexp.MustCompile(`\s+[0-9.]+(µs|ms|s)\b\s*`).ReplaceAllString(out.String(), " in a moment ")
	resets := regexp.MustCompile(`(?m)read tcp .*$`).ReplaceAllString(durations, "reset")
	assert.Equal(t, strings.Join([]string{
		"example.SyncKey in a moment ├─ messagemedia.SignatureKeys in a moment 200",
		"├─ messagemedia.CreateSignatureKey in a moment 201",
		"├─ messagemedia.SignatureKeys in a moment 200",
		"├─ messagemedia.SignatureKeys in a moment 200",
		"└─ messagemedia.EnableSignatureKey in a moment 200",
		"example.Subscribe in a moment ├─ messagemedia.CreateWebhook in a moment reset",
		"├─ messagemedia.CreateWebhook in a moment 409",
		"├─ messagemedia.CreateWebhook in a moment 200",
		"└─ messagemedia.UpdateWebhook in a moment 200",
		"messagemedia.Delivery in a moment 204 handled RECEIVED_SMS signature",
		"messagemedia.Delivery in a moment 401 bad_signature",
		"",
	}, "\n"), resets)
}

func TestPrintRaw(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, printRaw(t.Context(), &out))
	assert.Contains(t, out.String(), `"Name":"messagemedia.CreateWebhook"`)
	assert.Contains(t, out.String(), `"Name":"http.server.request.duration"`)
}
