package webhook_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestAllocations limits the allocations of a delivery. Each limit leaves room for other
// releases of Go.
func TestAllocations(t *testing.T) { // not parallel, since testing.AllocsPerRun panics in parallel tests
	report := []byte(sampleReport)
	tokens := newVerifier(t, headerToken(aToken))
	token := webhook.RawRequest{Method: "POST", Target: "/hooks", Header: http.Header{"X-Webhook-Token": {aToken}}, Body: report}
	signed := webhook.RawRequest{Method: "POST", Target: "/hooks", Header: signedRequest(t, "POST", "/hooks", sampleReport).Header, Body: report}
	signatures, parse := verifier(t), testing.AllocsPerRun(100, func() { webhook.Parse(report) })
	assert.LessOrEqual(t, parse, 60.0, "Parse")

	verify := func(v *webhook.Verifier, raw webhook.RawRequest) float64 {
		return testing.AllocsPerRun(100, func() {
			if _, err := v.VerifyRaw(t.Context(), raw); err != nil {
				panic(err)
			}
		})
	}
	assert.LessOrEqual(t, verify(tokens, token)-parse, 6.0, "a token, beyond parsing")
	assert.LessOrEqual(t, verify(signatures, signed)-parse, 20.0, "a signature, beyond parsing; RSA itself has 10")

	handler := newHandler(t, tokens, accept, inMemory(), webhook.WithObserver(func(context.Context, webhook.DeliveryOutcome) {}))
	r := received("POST", "/hooks", "")
	r.Header, r.ContentLength = token.Header, int64(len(report))
	body := bytes.NewReader(report)
	r.Body = io.NopCloser(body)
	handle := testing.AllocsPerRun(100, func() {
		body.Reset(report)
		w := &statusOnly{header: http.Header{}}
		if handler.ServeHTTP(w, r); w.status != 204 {
			panic(w.status)
		}
	})
	require.Positive(t, handle)
	assert.LessOrEqual(t, handle-verify(tokens, token), 40.0, "the handler, a deduplicator and an observer, beyond verifying")
}

type statusOnly struct {
	header http.Header
	status int
}

func (w *statusOnly) Header() http.Header         { return w.header }
func (w *statusOnly) Write(p []byte) (int, error) { return len(p), nil }
func (w *statusOnly) WriteHeader(status int)      { w.status = status }
