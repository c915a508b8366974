package messagemediatest_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func TestSignatureKeysAnswers(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithKeyBits(1024))
	const nobody = "00000000-0000-4000-8000-000000000000"
	for name, c := range map[string]struct {
		method, target, body string
		status               int
		response             string
	}{
		"a key without digest and cipher":  {"POST", keysPath, `{"digest":null}`, 400, `{"message":"Bad Request","details":["/digest: Digest cannot be null","/cipher: Cipher cannot be null"]}`},
		"a key of an unknown kind":         {"POST", keysPath, `{"digest":"MD5","cipher":"RA"}`, 400, `{"message":"Bad Request","details":["/digest: [MD5] is invalid","/cipher: [RA] is invalid"]}`},
		"a body that is not JSON":          {"POST", keysPath, `{`, 400, `{"message":"Bad Request","details":["Failed to parse message body."]}`},
		"a list":                           {"GET", keysPath, ``, 200, `[]`},
		"the list's page 0":                {"GET", keysPath + "?page=0", ``, 400, `{"message":"Bad Request","details":["page property value is invalid"]}`},
		"a page that is no number":         {"GET", keysPath + "?page=x", ``, 400, `{"message":"Bad Request","details":["page property value is invalid"]}`},
		"a negative size":                  {"GET", keysPath + "?page_size=-1", ``, 400, `{"message":"Bad Request","details":["page property value is invalid"]}`},
		"getting a key that is not there":  {"GET", keysPath + "/" + nobody, ``, 404, `{"message":"Entity not found"}`},
		"getting what is no UUID":          {"GET", keysPath + "/x", ``, 400, `{"message":"Bad Request","details":["key_id property value is invalid"]}`},
		"deleting a key that is not there": {"DELETE", keysPath + "/" + nobody, ``, 404, `{"message":"Entity not found"}`},
		"deleting what is no UUID":         {"DELETE", keysPath + "/x", ``, 404, `{"message":"Entity not found"}`},
		"none is enabled":                  {"GET", keysPath + "/enabled", ``, 404, `{"message":"Currently no key is enabled"}`},
		"enabling nothing":                 {"PATCH", keysPath + "/enabled", `{"key_id":null}`, 400, `{"message":"Bad Request","details":["/key_id: Key id cannot be null"]}`},
		"enabling what is no UUID":         {"PATCH", keysPath + "/enabled", `{"key_id":"x"}`, 404, `{"message":"Entity not found"}`},
		"enabling what is not JSON":        {"PATCH", keysPath + "/enabled", `x`, 400, `{"message":"Bad Request","details":["Failed to parse message body."]}`},
		"disabling none":                   {"DELETE", keysPath + "/enabled", ``, 204, ``},
		"a method that keys don't have":    {"PUT", keysPath, ``, 405, ``},
		"a path that only begins so":       {"GET", keysPath + "x", ``, 404, ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, response := send(t, api, c.method, c.target, c.body)
			assert.Equal(t, c.status, status)
			assert.Equal(t, c.response, response)
		})
	}
}

func TestSignatureKeysArePaged(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithKeyBits(1024))
	client := api.Client()
	for range 3 {
		_, err := client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
		require.NoError(t, err)
	}
	for page, want := range map[int]int{1: 2, 2: 1, 3: 0} {
		keys, err := client.ListSignatureKeys(t.Context(), messagemedia.ListSignatureKeysRequest{Page: page, PageSize: 2})
		require.NoError(t, err)
		assert.Len(t, keys, want)
	}
	assert.Nil(t, api.Signer(""))
	keys, err := client.ForAccount("sub").ListSignatureKeys(t.Context(), messagemedia.ListSignatureKeysRequest{})
	require.NoError(t, err)
	assert.Empty(t, keys, "sub-accounts are apart")
}

func TestKeysAreRSAKeysOfTheSizeAskedFor(t *testing.T) {
	t.Parallel()
	for bits, options := range map[int][]messagemediatest.Option{2048: nil, 3072: {messagemediatest.WithKeyBits(3072)}} {
		client := messagemediatest.NewServer(t, options...).Client()
		key, err := client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
		require.NoError(t, err)
		der, err := base64.StdEncoding.DecodeString(key.PublicKey)
		require.NoError(t, err)
		public, err := x509.ParsePKIXPublicKey(der)
		require.NoError(t, err)
		assert.Equal(t, bits, public.(*rsa.PublicKey).N.BitLen())
	}
}

// TestSignedRequestsVerify signs with keys of each digest, as a client and as a
// server sees requests.
func TestSignedRequestsVerify(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client()
	for _, digest := range []messagemedia.Digest{messagemedia.DigestSHA224, messagemedia.DigestSHA256, messagemedia.DigestSHA512} {
		key, err := client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: digest})
		require.NoError(t, err)
		_, err = client.EnableSignatureKey(t.Context(), key.ID)
		require.NoError(t, err)
		parsed, err := webhook.ParseKey(key.ID, key.Digest, key.PublicKey)
		require.NoError(t, err)
		verifier, err := webhook.NewVerifier(webhook.NewKeySet(parsed))
		require.NoError(t, err)

		signer := api.Signer("")
		assert.Equal(t, parsed, signer.Key())
		r := httptest.NewRequest("POST", "/hooks?b=2&a=%31", strings.NewReader(`{"reply_id":"7"}`))
		require.NoError(t, signer.Sign(r))
		delivery, err := verifier.Verify(r)
		require.NoError(t, err)
		assert.Equal(t, &webhook.ReceivedSMS{ReplyID: "7"}, delivery.Event)

		out, err := http.NewRequest("GET", "https://example.com/hooks?b=2&a=%31", nil)
		require.NoError(t, err)
		require.NoError(t, signer.Sign(out))
		_, err = verifier.VerifyMessage(t.Context(), webhook.Message{Method: "GET", Target: "/hooks?b=2&a=%31", Header: out.Header})
		require.NoError(t, err)
	}
}

func TestSignKeepsADateAndTheBody(t *testing.T) {
	t.Parallel()
	signer := messagemediatest.NewSigner(t)
	verifier, err := webhook.NewVerifier(webhook.NewKeySet(signer.Key()))
	require.NoError(t, err)
	r := httptest.NewRequest("POST", "/hooks", strings.NewReader("payload"))
	r.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
	require.NoError(t, signer.Sign(r))
	_, err = verifier.Verify(r)
	require.ErrorIs(t, err, webhook.ErrStale)

	r = httptest.NewRequest("POST", "/hooks", io.NopCloser(&failing{}))
	assert.ErrorContains(t, signer.Sign(r), "messagemediatest: sign: io: read")
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
