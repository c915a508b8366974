package messagemediatest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func TestDeliveriesAreSignedByTheAccountOrByOptions(t *testing.T) {
	t.Parallel()
	own := messagemediatest.NewSigner(t)
	signedByOwn := messagemediatest.SignedBy(own)
	for name, c := range map[string]struct {
		server  []messagemediatest.Option
		enabled bool
		send    []messagemediatest.SendOption
		signed  string // the signer, or empty
	}{
		"no key is enabled":                                                 {},
		"a key is enabled":                                                  {enabled: true, signed: "account"},
		"a key is enabled, and the delivery unsigned":                       {enabled: true, send: []messagemediatest.SendOption{messagemediatest.Unsigned()}},
		"a key is enabled, and the delivery signed by another":              {enabled: true, send: []messagemediatest.SendOption{signedByOwn}, signed: "own"},
		"no key is enabled, and the delivery signed by another":             {send: []messagemediatest.SendOption{signedByOwn}, signed: "own"},
		"the account lacks the feature":                                     {server: []messagemediatest.Option{messagemediatest.WithoutSignatureKeys()}},
		"the account lacks the feature, and the delivery signed by another": {server: []messagemediatest.Option{messagemediatest.WithoutSignatureKeys()}, send: []messagemediatest.SendOption{signedByOwn}, signed: "own"},
		"the last of two options is that for unsigned":                      {send: []messagemediatest.SendOption{signedByOwn, messagemediatest.Unsigned()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := messagemediatest.NewServer(t, c.server...)
			signers := map[string]*messagemediatest.Signer{"own": own}
			if c.enabled {
				enableKey(t, api, api.Client())
				signers["account"] = api.Signer("")
			}
			subscribe(t, api.Client(), unchanged)
			receiver := new(recorder)
			options := append(c.send, messagemediatest.ToHandler(receiver))
			mustSend(t, api, sms, options...)
			_, err := api.SendToCallbackURL(t.Context(), "https://receiver.example/callback", sms, options...)
			require.NoError(t, err)
			require.Len(t, receiver.requests, 2)
			for _, request := range receiver.requests {
				assert.Equal(t, c.signed != "", request.header.Get("X-MessageMedia-Signature") != "")
				for who, signer := range signers {
					assert.Equal(t, who == c.signed, request.verifies(t, signer), who)
				}
			}
		})
	}
}

func TestWithoutSignatureKeysTheirCallsAreForbidden(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithoutSignatureKeys())
	const id = "/00000000-0000-4000-8000-000000000000"
	for _, call := range []struct{ method, target, body string }{
		{"POST", keysPath, `{"digest":"SHA256","cipher":"RSA"}`},
		{"GET", keysPath, ""},
		{"GET", keysPath + id, ""},
		{"DELETE", keysPath + id, ""},
		{"GET", keysPath + "/enabled", ""},
		{"PATCH", keysPath + "/enabled", `{"key_id":"x"}`},
		{"DELETE", keysPath + "/enabled", ""},
	} {
		status, response := send(t, api, call.method, call.target, call.body)
		assert.Equal(t, 403, status)
		assert.Equal(t, `{"message":"This feature has not been enabled in your account."}`, response)
	}
	_, err := api.Client().CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	assert.ErrorIs(t, err, messagemedia.ErrForbidden)
	assert.Nil(t, api.Signer(""))
}
