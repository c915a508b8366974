package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
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
)

// recorder keeps what is exported.
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

// durations are the attributes of each series of a histogram.
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

// value is that of an attribute, empty when there is none.
func value(attributes []attribute.KeyValue, key attribute.Key) string {
	set := attribute.NewSet(attributes...)
	value, _ := set.Value(key)
	return value.String()
}

func TestSpans(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	require.NoError(t, demonstrate(t.Context(), messagemediatest.NewServer(t), &r.telemetry))
	var got []string
	for _, span := range r.spans.GetSpans() {
		got = append(got, strings.TrimSpace(fmt.Sprintln(span.Name, value(span.Attributes, "http.response.status_code"),
			value(span.Attributes, eventKey), value(span.Attributes, refusalKey))))
	}
	assert.Equal(t, []string{
		"messagemedia.CreateSignatureKey 201",
		"messagemedia.EnableSignatureKey 200",
		"messagemedia.CreateWebhook", // its response got lost
		"messagemedia.CreateWebhook 409",
		"messagemedia.CreateWebhook 200", // and it found what it had made
		"messagemedia.UpdateWebhook 200",
		"messagemedia.Delivery 204 ReceivedSMS",
		"messagemedia.Delivery 401  bad_signature",
	}, got)
	assert.Equal(t, codes.Error, r.spans.GetSpans()[2].Status.Code)
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
		"CreateSignatureKey", "EnableSignatureKey", "CreateWebhook", "CreateWebhook", "CreateWebhook", "UpdateWebhook",
	}, calls)
	for _, set := range r.durations(t, "http.server.request.duration") {
		deliveries = append(deliveries, value(set.ToSlice(), eventKey)+value(set.ToSlice(), refusalKey))
	}
	assert.ElementsMatch(t, []string{"ReceivedSMS", "bad_signature"}, deliveries)
}

// TestNoSecretIsExported looks through all of it, once it is there.
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

	for what, secret := range map[string]string{
		"the API secret":                    api.Secret,
		"the header Authorization":          base64.StdEncoding.EncodeToString([]byte(api.Key + ":" + api.Secret)),
		"the token in the receiver's query": "7f3a",
		"a signature's header":              "X-Messagemedia",
		"a payload":                         "Hello",
	} {
		assert.NotContains(t, string(spans), secret, what)
		assert.NotContains(t, string(metrics), secret, what)
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

// TestWhatTheSDKSeesThroughOtelhttp: it still knows that nothing was sent.
func TestWhatTheSDKSeesThroughOtelhttp(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client(messagemedia.WithMiddleware(newRecorder().middleware), messagemedia.WithMaxRetryWait(0))
	api.Close()
	err := client.DeleteWebhook(t.Context(), "id")
	require.Error(t, err)
	assert.NotErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
}

// TestHMACOverTLSThatOffersHTTP2 has a server that would choose HTTP/2, which a signature is
// not for: the middleware wraps a transport that is kept to HTTP/1.1.
func TestHMACOverTLSThatOffersHTTP2(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		auth  func(key, secret string) messagemedia.Authenticator
		proto string
	}{
		"Basic": {messagemedia.BasicAuth, "HTTP/2.0"},
		"HMAC":  {func(key, secret string) messagemedia.Authenticator { return messagemedia.HMACAuth(key, secret) }, "HTTP/1.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, r := messagemediatest.NewServer(t, messagemediatest.WithTLS()), newRecorder()
			client, err := messagemedia.NewClient(c.auth(api.Key, api.Secret), messagemedia.WithBaseURL(api.URL),
				messagemedia.WithHTTPClient(api.HTTPClient()), messagemedia.WithMiddleware(r.middleware))
			require.NoError(t, err)
			_, err = client.ListWebhooks(t.Context(), messagemedia.ListWebhooksRequest{})
			require.NoError(t, err)
			assert.Equal(t, c.proto, api.Requests()[0].Proto)
			require.Len(t, r.spans.GetSpans(), 1)
			assert.Equal(t, "messagemedia.ListWebhooks", r.spans.GetSpans()[0].Name)
		})
	}
}

func TestRunPrintsSpansAndMetrics(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	assert.Contains(t, out.String(), `"Name":"messagemedia.CreateWebhook"`)
	assert.Contains(t, out.String(), `"Name":"http.server.request.duration"`)
}
