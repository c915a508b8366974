package messagemedia_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

const aKey = `{"key_id":"7ca628a8-08b0-4e42-aeb8-960b37049c31","public_key":"MIGf","cipher":"RSA","digest":"SHA224","created":"2018-01-18T10:16:12.360Z","enabled":false}`

// keyOperations has the calls for signature keys, each with its request and response.
var keyOperations = map[string]struct {
	request  string
	status   int
	response string
	operate  func(context.Context, *messagemedia.Client) error
}{
	"CreateSignatureKey": {`POST /v1/iam/signature_keys {"digest":"SHA224","cipher":"RSA"}`, 201, aKey,
		func(ctx context.Context, c *messagemedia.Client) error {
			_, err := c.CreateSignatureKey(ctx, messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA224})
			return err
		}},
	"ListSignatureKeys": {`GET /v1/iam/signature_keys?page=1&page_size=20 `, 200, `[` + aKey + `]`,
		func(ctx context.Context, c *messagemedia.Client) error {
			_, err := c.ListSignatureKeys(ctx, messagemedia.ListSignatureKeysRequest{})
			return err
		}},
	"GetSignatureKey": {`GET /v1/iam/signature_keys/a%2Fb `, 200, aKey,
		func(ctx context.Context, c *messagemedia.Client) error {
			_, err := c.GetSignatureKey(ctx, "a/b")
			return err
		}},
	"DeleteSignatureKey": {`DELETE /v1/iam/signature_keys/a%2Fb `, 200, ``,
		func(ctx context.Context, c *messagemedia.Client) error { return c.DeleteSignatureKey(ctx, "a/b") }},
	"EnableSignatureKey": {`PATCH /v1/iam/signature_keys/enabled {"key_id":"a/b"}`, 200, aKey,
		func(ctx context.Context, c *messagemedia.Client) error {
			_, err := c.EnableSignatureKey(ctx, "a/b")
			return err
		}},
	"GetEnabledSignatureKey": {`GET /v1/iam/signature_keys/enabled `, 200, aKey,
		func(ctx context.Context, c *messagemedia.Client) error {
			_, err := c.GetEnabledSignatureKey(ctx)
			return err
		}},
	"DisableSignatureKey": {`DELETE /v1/iam/signature_keys/enabled `, 204, ``,
		func(ctx context.Context, c *messagemedia.Client) error { return c.DisableSignatureKey(ctx) }},
}

func TestSignatureKeyRequests(t *testing.T) {
	t.Parallel()
	for name, c := range keyOperations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var request, operation string
			client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
				request = r.Method + " " + r.URL.RequestURI() + " " + bodyOf(t, r)
				operation = messagemedia.OperationFromContext(r.Context())
				return httpmock.NewStringResponse(c.status, c.response), nil
			}), basic)
			require.NoError(t, c.operate(t.Context(), client))
			assert.Equal(t, c.request, request)
			assert.Equal(t, name, operation)
		})
	}
}

// TestRetriesOfSignatureKeys counts attempts. A retry of CreateSignatureKey could create a
// second key, so it is retried only if the platform did not act on the request.
func TestRetriesOfSignatureKeys(t *testing.T) {
	t.Parallel()
	for name, c := range keyOperations {
		for status, retried := range map[int]bool{429: true, 500: true, 502: true, 503: true, 504: true, 0: true, 400: false, 403: false, 409: false} {
			t.Run(fmt.Sprintf("%s after %d", name, status), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					attempts := 0
					client := newClient(t, responding(func(*http.Request) (*http.Response, error) {
						attempts++
						if status == 0 {
							return nil, errors.New("connection lost")
						}
						return httpmock.NewStringResponse(status, ""), nil
					}), basic)
					err := c.operate(t.Context(), client)
					require.ErrorContains(t, err, name)
					want := 1
					if retried && (name != "CreateSignatureKey" || status == 429) {
						want = 3
					}
					assert.Equal(t, want, attempts)
					isChange := c.request[:3] != "GET"
					assert.Equal(t, isChange && (status == 0 || status >= 500), errors.Is(err, messagemedia.ErrOutcomeUnknown))
				})
			})
		}
	}
}

func TestCreateSignatureKeyIsRetriedWhenNothingWasSent(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	refused := 0
	transport := api.HTTPClient().Transport.(*http.Transport).Clone()
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if refused++; refused < 3 {
			return nil, errors.New("no route to host")
		}
		return dial(ctx, network, address)
	}
	client := api.Client(messagemedia.WithHTTPClient(&http.Client{Transport: transport}), messagemedia.WithMaxRetryWait(0))
	_, err := client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	require.NoError(t, err)
	assert.Equal(t, 3, refused)
	assert.Len(t, api.Requests(), 1)
}

func TestSignatureKeyLifecycle(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client()

	_, err := client.GetEnabledSignatureKey(t.Context())
	require.ErrorIs(t, err, messagemedia.ErrNotFound)
	assert.ErrorContains(t, err, "Currently no key is enabled")

	first, err := client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	require.NoError(t, err)
	assert.NotEmpty(t, first.PublicKey)
	assert.False(t, first.Enabled)
	assert.WithinDuration(t, time.Now(), first.Created, time.Minute)
	second, err := client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA512, Cipher: messagemedia.CipherRSA})
	require.NoError(t, err)

	for _, key := range []*messagemedia.SignatureKey{first, second} {
		enabled, err := client.EnableSignatureKey(t.Context(), key.ID)
		require.NoError(t, err)
		assert.True(t, enabled.Enabled)
		assert.Empty(t, enabled.PublicKey, "only CreateSignatureKey returns it")
	}
	enabled, err := client.GetEnabledSignatureKey(t.Context())
	require.NoError(t, err)
	assert.Equal(t, second.ID, enabled.ID)
	got, err := client.GetSignatureKey(t.Context(), first.ID)
	require.NoError(t, err)
	first.PublicKey = ""
	assert.Equal(t, first, got, "the previously enabled key is disabled")

	for range 2 {
		require.NoError(t, client.DisableSignatureKey(t.Context()))
	}
	require.NoError(t, client.DeleteSignatureKey(t.Context(), first.ID))
	assert.ErrorIs(t, client.DeleteSignatureKey(t.Context(), first.ID), messagemedia.ErrNotFound)
}

func TestDeletionsOfKeysSucceedAfterALostResponse(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	client := api.Client(messagemedia.WithMaxRetryWait(0))
	key, err := client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	require.NoError(t, err)
	api.Fail(messagemediatest.Fault{ResetConnection: true, AfterCommit: true})
	require.NoError(t, client.DeleteSignatureKey(t.Context(), key.ID))
}

// TestSignatureKeysYieldsAllKeys covers servers that end a list in different ways.
func TestSignatureKeysYieldsAllKeys(t *testing.T) {
	t.Parallel()
	key := func(n int) string { return fmt.Sprintf(`{"key_id":"key-%d"}`, n) }
	for name, pages := range map[string][]string{
		"no keys":                      {`[]`},
		"an empty page after the last": {`[` + key(1) + `,` + key(2) + `]`, `[` + key(3) + `]`, `[]`},
		"the last page repeated":       {`[` + key(1) + `,` + key(2) + `]`, `[` + key(3) + `]`},
		"pages that overlap":           {`[` + key(1) + `,` + key(2) + `]`, `[` + key(2) + `,` + key(3) + `]`, `[]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, responding(func(r *http.Request) (*http.Response, error) {
				var page int
				_, err := fmt.Sscan(r.URL.Query().Get("page"), &page)
				return httpmock.NewStringResponse(200, pages[min(page, len(pages))-1]), err
			}), basic)
			all := client.SignatureKeys(t.Context())
			for range 2 {
				var ids []string
				for key, err := range all {
					require.NoError(t, err)
					ids = append(ids, key.ID)
				}
				if len(pages) == 1 {
					assert.Empty(t, ids)
				} else {
					assert.Equal(t, []string{"key-1", "key-2", "key-3"}, ids)
				}
			}
			for range all {
				break
			}
		})
	}
}

func TestSignatureKeysEndsWithAnError(t *testing.T) {
	t.Parallel()
	client := newClient(t, responding(httpmock.NewStringResponder(403, "")), basic)
	count := 0
	for key, err := range client.SignatureKeys(t.Context()) {
		count++
		assert.Nil(t, key)
		assert.ErrorIs(t, err, messagemedia.ErrForbidden)
	}
	assert.Equal(t, 1, count)
}

func TestInvalidSignatureKeyRequests(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		operate func(*messagemedia.Client) error
		want    []string
	}{
		"a key without a digest": {func(c *messagemedia.Client) error {
			_, err := c.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Cipher: "\xff"})
			return err
		}, []string{"/digest: Digest cannot be null", "/cipher: Not valid UTF-8"}},
		"negative pages": {func(c *messagemedia.Client) error {
			_, err := c.ListSignatureKeys(t.Context(), messagemedia.ListSignatureKeysRequest{Page: -1, PageSize: -2})
			return err
		}, []string{"/page: Page must not be negative, got -1; 0 means the first page", "/page_size: Page size must not be negative, got -2; 0 means the default"}},
		"getting a key with an invalid ID": {func(c *messagemedia.Client) error {
			_, err := c.GetSignatureKey(t.Context(), "")
			return err
		}, []string{"/key_id: [] is not an ID"}},
		"enabling a key with an invalid ID": {func(c *messagemedia.Client) error {
			_, err := c.EnableSignatureKey(t.Context(), "..")
			return err
		}, []string{"/key_id: [..] is not an ID"}},
		"deleting a key with the ID enabled": {func(c *messagemedia.Client) error {
			return c.DeleteSignatureKey(t.Context(), "enabled")
		}, []string{"/key_id: [enabled] is not an ID"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.operate(newClient(t, refusing(t), basic))
			invalid, ok := errors.AsType[*messagemedia.ValidationError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, c.want, invalid.Details)
		})
	}
}

func TestSignatureKeyJSON(t *testing.T) {
	t.Parallel()
	var key messagemedia.SignatureKey
	require.NoError(t, json.Unmarshal([]byte(aKey), &key))
	assert.Equal(t, messagemedia.SignatureKey{
		ID:        "7ca628a8-08b0-4e42-aeb8-960b37049c31",
		PublicKey: "MIGf",
		Cipher:    messagemedia.CipherRSA,
		Digest:    messagemedia.DigestSHA224,
		Created:   time.Date(2018, 1, 18, 10, 16, 12, 360e6, time.UTC),
	}, key)
	again, err := json.Marshal(key)
	require.NoError(t, err)
	assert.Equal(t, aKey, string(again))
}

// TestAnInvalidTimeDoesNotLoseThePublicKey matters because the API returns that only once.
func TestAnInvalidTimeDoesNotLoseThePublicKey(t *testing.T) {
	t.Parallel()
	for _, created := range []string{`"18 Jan 2018"`, `1516270572364`, `null`} {
		client := newClient(t, responding(httpmock.NewStringResponder(201, `{"key_id":"k","public_key":"MIGf","created":`+created+`}`)), basic)
		key, err := client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: "SHA3", Cipher: "EC"})
		require.NoError(t, err)
		assert.Equal(t, "MIGf", key.PublicKey)
		assert.Zero(t, key.Created)
		marshalled, err := json.Marshal(key)
		require.NoError(t, err)
		assert.NotContains(t, string(marshalled), "created")
	}
}

func TestInvalidResponsesForSignatureKeys(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ operation, response, want string }{
		"a created key without an ID":        {"CreateSignatureKey", `{"public_key":"MIGf"}`, "the key has no key_id"},
		"a created key without a public key": {"CreateSignatureKey", `{"key_id":"k"}`, "the key has no public_key"},
		"a key without an ID":                {"GetSignatureKey", `{}`, "the key has no key_id"},
		"a key that is not an object":        {"GetEnabledSignatureKey", `[]`, "cannot unmarshal array"},
		"a list that is null":                {"ListSignatureKeys", `null`, "the list is null"},
		"a list that is an object":           {"ListSignatureKeys", `{}`, "cannot unmarshal object"},
		"a list with a null":                 {"ListSignatureKeys", `[{"key_id":"k"},null]`, "/1 is null"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, responding(httpmock.NewStringResponder(200, c.response)), basic, messagemedia.WithMaxAttempts(1))
			err := keyOperations[c.operation].operate(t.Context(), client)
			unreadable, ok := errors.AsType[*messagemedia.DecodeError](err)
			require.True(t, ok, "%v", err)
			assert.ErrorContains(t, unreadable.Err, c.want)
			assert.Equal(t, c.operation == "CreateSignatureKey", errors.Is(err, messagemedia.ErrOutcomeUnknown))
		})
	}
}

func bodyOf(t *testing.T, r *http.Request) string {
	if r.Body == nil {
		return ""
	}
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return string(body)
}
