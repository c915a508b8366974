package messagemediatest_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func TestResponsesToSignatureKeyRequests(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithKeyBits(1024))
	const unknownID = "00000000-0000-4000-8000-000000000000"
	for name, c := range map[string]struct {
		method, target, body string
		status               int
		response             string
	}{
		"a key without digest and cipher":            {"POST", keysPath, `{"digest":null}`, 400, `{"message":"Bad Request","details":["/digest: Digest cannot be null","/cipher: Cipher cannot be null"]}`},
		"a key of an unknown kind":                   {"POST", keysPath, `{"digest":"MD5","cipher":"RA"}`, 400, `{"message":"Bad Request","details":["/digest: [MD5] is invalid","/cipher: [RA] is invalid"]}`},
		"a body that is not JSON":                    {"POST", keysPath, `{`, 400, `{"message":"Bad Request","details":["Failed to parse message body."]}`},
		"a key with empty names":                     {"POST", keysPath, `{"digest":"","cipher":""}`, 400, badRequest("/digest: [] is invalid", "/cipher: [] is invalid")},
		"a key of kinds in another case":             {"POST", keysPath, `{"digest":"sha256","cipher":"rsa"}`, 400, badRequest("/digest: [sha256] is invalid", "/cipher: [rsa] is invalid")},
		"a digest with a hyphen":                     {"POST", keysPath, `{"digest":"SHA-256","cipher":"RSA"}`, 400, badRequest("/digest: [SHA-256] is invalid")},
		"names in another case":                      {"POST", keysPath, `{"Digest":"SHA256","cipher":"RSA"}`, 400, badRequest("/Digest: Unknown field", "/digest: Digest cannot be null")},
		"a name twice":                               {"POST", keysPath, `{"digest":"SHA256","digest":"SHA512","cipher":"RSA"}`, 400, badRequest(unparsable, "/digest: Duplicate field")},
		"an unknown name":                            {"POST", keysPath, `{"digest":"SHA256","cipher":"RSA","bits":1024}`, 400, badRequest("/bits: Unknown field")},
		"a number for the digest":                    {"POST", keysPath, `{"digest":256,"cipher":"RSA"}`, 400, badRequest(unparsable, "/digest: Not a string")},
		"an unknown parameter":                       {"GET", keysPath + "?size=1", ``, 400, badRequest("size is not a known property")},
		"a list":                                     {"GET", keysPath, ``, 200, `[]`},
		"the list's page 0":                          {"GET", keysPath + "?page=0", ``, 400, `{"message":"Bad Request","details":["page property value is invalid"]}`},
		"a page that is not a number":                {"GET", keysPath + "?page=x", ``, 400, `{"message":"Bad Request","details":["page property value is invalid"]}`},
		"a negative size":                            {"GET", keysPath + "?page_size=-1", ``, 400, `{"message":"Bad Request","details":["page property value is invalid"]}`},
		"getting an unknown key":                     {"GET", keysPath + "/" + unknownID, ``, 404, `{"message":"Entity not found"}`},
		"getting an ID that is not a UUID":           {"GET", keysPath + "/x", ``, 400, `{"message":"Bad Request","details":["key_id property value is invalid"]}`},
		"deleting an unknown key":                    {"DELETE", keysPath + "/" + unknownID, ``, 404, `{"message":"Entity not found"}`},
		"deleting an ID that is not a UUID":          {"DELETE", keysPath + "/x", ``, 404, `{"message":"Entity not found"}`},
		"getting the enabled key if none is enabled": {"GET", keysPath + "/enabled", ``, 404, `{"message":"Currently no key is enabled"}`},
		"enabling nothing":                           {"PATCH", keysPath + "/enabled", `{"key_id":null}`, 400, `{"message":"Bad Request","details":["/key_id: Key id cannot be null"]}`},
		"enabling the empty ID":                      {"PATCH", keysPath + "/enabled", `{"key_id":""}`, 400, badRequest("/key_id: Key id cannot be null")},
		"enabling by a name in another case":         {"PATCH", keysPath + "/enabled", `{"KEY_ID":"x"}`, 400, badRequest("/KEY_ID: Unknown field", "/key_id: Key id cannot be null")},
		"enabling a number":                          {"PATCH", keysPath + "/enabled", `{"key_id":1}`, 400, badRequest(unparsable, "/key_id: Not a string")},
		"enabling an ID that is not a UUID":          {"PATCH", keysPath + "/enabled", `{"key_id":"x"}`, 404, `{"message":"Entity not found"}`},
		"enabling with invalid JSON":                 {"PATCH", keysPath + "/enabled", `x`, 400, `{"message":"Bad Request","details":["Failed to parse message body."]}`},
		"disabling if no key is enabled":             {"DELETE", keysPath + "/enabled", ``, 204, ``},
		"a method that keys don't have":              {"PUT", keysPath, ``, 405, ``},
		"a path that begins with a known one":        {"GET", keysPath + "x", ``, 404, ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, response := send(t, api, c.method, c.target, c.body)
			assert.Equal(t, c.status, status)
			assert.Equal(t, c.response, response)
		})
	}
}

// TestTheLifeOfASignatureKey compares whole responses.
func TestTheLifeOfASignatureKey(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	check := func(wantStatus int, want, method, target, body string) {
		t.Helper()
		status, response := send(t, api, method, target, body)
		assert.Equal(t, wantStatus, status)
		assert.Equal(t, want, response)
	}
	status, created := send(t, api, "POST", keysPath, `{"digest":"SHA224","cipher":"RSA"}`)
	assert.Equal(t, 201, status)
	assert.Regexp(t, `^\{"key_id":"[0-9a-f-]{36}","public_key":"[A-Za-z0-9+/]+={0,2}","cipher":"RSA","digest":"SHA224","created":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","enabled":false\}$`, created)
	first := decode[map[string]any](t, created)["key_id"].(string)
	second, _ := publicKeys(t, api, 1)

	key := regexp.MustCompile(`"public_key":"[^"]*",`).ReplaceAllString(created, "")
	enabled := strings.Replace(key, "false", "true", 1)
	check(200, key, "GET", keysPath+"/"+first, "")
	check(200, enabled, "PATCH", keysPath+"/enabled", `{"key_id":"`+first+`"}`)
	check(200, enabled, "GET", keysPath+"/enabled", "")
	check(200, enabled, "GET", keysPath+"/"+first, "")
	check(200, "["+enabled+"]", "GET", keysPath+"?page=1&page_size=1", "")

	status, _ = send(t, api, "PATCH", keysPath+"/enabled", `{"key_id":"`+second[0]+`"}`)
	assert.Equal(t, 200, status)
	check(200, key, "GET", keysPath+"/"+first, "")
	check(204, "", "DELETE", keysPath+"/enabled", "")
	check(204, "", "DELETE", keysPath+"/enabled", "")
	check(404, `{"message":"Currently no key is enabled"}`, "GET", keysPath+"/enabled", "")
	check(200, "", "DELETE", keysPath+"/"+first, "")
	check(404, `{"message":"Entity not found"}`, "DELETE", keysPath+"/"+first, "")
	check(404, `{"message":"Entity not found"}`, "GET", keysPath+"/"+first, "")
}

func TestDeletingTheEnabledKeyEndsSigning(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	key := enableKey(t, api, api.Client())
	require.NotNil(t, api.Signer(""))
	status, _ := send(t, api, "DELETE", keysPath+"/"+key.ID(), "")
	assert.Equal(t, 200, status)
	assert.Nil(t, api.Signer(""))
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
	assert.Empty(t, keys, "sub-accounts have separate keys")
}

// publicKeys creates keys in a server and returns their public keys.
func publicKeys(t *testing.T, api *messagemediatest.Server, count int) (ids, keys []string) {
	t.Helper()
	for range count {
		_, response := send(t, api, "POST", keysPath, `{"digest":"SHA256","cipher":"RSA"}`)
		key := decode[map[string]any](t, response)
		ids, keys = append(ids, key["key_id"].(string)), append(keys, key["public_key"].(string))
	}
	return ids, keys
}

func TestServersShareRSAKeysUnlessWithUniqueKeys(t *testing.T) {
	t.Parallel()
	bits := messagemediatest.WithKeyBits(1024)
	ids1, keys1 := publicKeys(t, messagemediatest.NewServer(t, bits), 3)
	ids2, keys2 := publicKeys(t, messagemediatest.NewServer(t, bits), 3)
	assert.Equal(t, keys1, keys2)
	assert.NotEqual(t, ids1, ids2)
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(keys1))), 3, "the keys of one server differ")

	_, own := publicKeys(t, messagemediatest.NewServer(t, bits, messagemediatest.WithUniqueKeys()), 2)
	for _, key := range own {
		assert.NotContains(t, keys1, key)
	}
	server := messagemediatest.NewServer(t)
	enableKey(t, server, server.Client())
	r := httptest.NewRequest("POST", "/", nil)
	require.NoError(t, messagemediatest.NewSigner(t).Sign(r))
	signed := recorded{method: "POST", target: "/", header: r.Header}
	signed.header.Set("X-MessageMedia-Key-Id", server.Signer("").Key().ID())
	assert.False(t, signed.verifies(t, server.Signer("")), "each signer has its own key")
}

func TestConcurrentlyCreatedKeysOfOneServerDiffer(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithKeyBits(1024))
	var mu sync.Mutex
	var all []string
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, keys := publicKeys(t, api, 1)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, keys...)
		})
	}
	group.Wait()
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(all))), 8)
}

func TestKeysHaveTheConfiguredSize(t *testing.T) {
	t.Parallel()
	for bits, options := range map[int][]messagemediatest.Option{2048: nil, 1024: {messagemediatest.WithKeyBits(1024)}, 3072: {messagemediatest.WithKeyBits(3072)}} {
		_, keys := publicKeys(t, messagemediatest.NewServer(t, options...), 1)
		der, err := base64.StdEncoding.DecodeString(keys[0])
		require.NoError(t, err)
		public, err := x509.ParsePKIXPublicKey(der)
		require.NoError(t, err)
		assert.Equal(t, bits, public.(*rsa.PublicKey).N.BitLen())
	}
}

// TestSignedRequestsVerify signs outgoing and received requests with keys of each digest.
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
		verifier, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(parsed)))
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
		_, err = verifier.VerifyRaw(t.Context(), webhook.RawRequest{Method: "GET", Target: "/hooks?b=2&a=%31", Header: out.Header})
		require.NoError(t, err)
	}
}

func TestSignRejectsInvalidArguments(t *testing.T) {
	t.Parallel()
	signer := messagemediatest.NewSigner(t)
	for name, sign := range map[string]func() error{
		"request must not be nil":                      func() error { return signer.Sign(nil) },
		"request must not be nil, and must have a URL": func() error { return signer.Sign(&http.Request{Method: "POST"}) },
		"signer must not be nil; no key is enabled": func() error {
			return messagemediatest.NewServer(t).Signer("").Sign(httptest.NewRequest("POST", "/", nil))
		},
	} {
		assert.ErrorContains(t, sign(), "messagemediatest: sign: "+name)
	}
	r := &http.Request{Method: "POST", RequestURI: "/"}
	require.NoError(t, signer.Sign(r), "Sign creates a missing header")
	assert.NotEmpty(t, r.Header.Get("X-MessageMedia-Signature"))
	assert.Nil(t, messagemediatest.NewServer(t).Signer("").Key())
}

func TestSignKeepsADateAndTheBody(t *testing.T) {
	t.Parallel()
	signer := messagemediatest.NewSigner(t)
	verifier, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(signer.Key())))
	require.NoError(t, err)
	r := httptest.NewRequest("POST", "/hooks", strings.NewReader("payload"))
	r.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
	require.NoError(t, signer.Sign(r))
	_, err = verifier.Verify(r)
	require.ErrorIs(t, err, webhook.ErrDateOutOfRange)

	r = httptest.NewRequest("POST", "/hooks", io.NopCloser(&failing{}))
	assert.ErrorContains(t, signer.Sign(r), "messagemediatest: sign: io: read")
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
