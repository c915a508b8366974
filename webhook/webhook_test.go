package webhook_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// platformKey and signer are shared by all tests, because it takes time to generate a key. They
// are created before the fake time of any test begins.
var platformKey, signer = newPlatformKey()

func newPlatformKey() (*messagemedia.SignatureKey, *messagemediatest.Signer) {
	api, err := messagemediatest.Start()
	if err != nil {
		panic(err)
	}
	defer api.Close()
	key, err := enableKey(context.Background(), api, webhook.SHA256)
	if err != nil {
		panic(err)
	}
	return key, api.Signer("")
}

// enableKey makes a platform sign with a new key.
func enableKey(ctx context.Context, api *messagemediatest.Server, digest messagemedia.Digest) (*messagemedia.SignatureKey, error) {
	key, err := api.Client().CreateSignatureKey(ctx, messagemedia.CreateSignatureKeyRequest{Digest: digest})
	if err != nil {
		return nil, err
	}
	_, err = api.Client().EnableSignatureKey(ctx, key.ID)
	return key, err
}

// newSigner returns a signer with a new key of 1024 bits.
func newSigner(tb testing.TB, digest messagemedia.Digest) (*messagemedia.SignatureKey, *messagemediatest.Signer) {
	tb.Helper()
	api := messagemediatest.NewServer(tb, messagemediatest.WithKeyBits(1024))
	key, err := enableKey(tb.Context(), api, digest)
	require.NoError(tb, err)
	return key, api.Signer("")
}

// newVerifier calls NewVerifier with valid arguments.
func newVerifier(tb testing.TB, scheme webhook.Scheme, options ...webhook.VerifierOption) *webhook.Verifier {
	tb.Helper()
	verifier, err := webhook.NewVerifier(scheme, options...)
	require.NoError(tb, err)
	return verifier
}

// signedBySigner returns a scheme that accepts the signatures of signer.
func signedBySigner(options ...webhook.SignedOption) webhook.Scheme {
	return webhook.Signed(webhook.NewKeySet(signer.Key()), options...)
}

// verifier returns a verifier that accepts the signatures of signer.
func verifier(tb testing.TB, options ...webhook.VerifierOption) *webhook.Verifier {
	tb.Helper()
	return newVerifier(tb, signedBySigner(), options...)
}

// newHandler calls NewHandler with valid arguments.
func newHandler(tb testing.TB, verifier *webhook.Verifier, callback callback, options ...webhook.HandlerOption) *webhook.Handler {
	tb.Helper()
	handler, err := webhook.NewHandler(verifier, callback, options...)
	require.NoError(tb, err)
	return handler
}

type callback = func(context.Context, *webhook.Delivery) error

func accept(context.Context, *webhook.Delivery) error { return nil }

// received returns a request as a handler receives it. It may contain parts that net/http would
// neither send nor accept.
func received(method, target, body string) *http.Request {
	return &http.Request{
		Method: method, RequestURI: target, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// signedRequest returns a received request with a signature of signer.
func signedRequest(tb testing.TB, method, target, body string) *http.Request {
	tb.Helper()
	r := received(method, target, body)
	require.NoError(tb, signer.Sign(r))
	return r
}
