package webhook_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestSignaturesOfOpenSSL verifies deliveries that testdata/openssl/make.sh signed.
func TestSignaturesOfOpenSSL(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/openssl/golden.json")
	require.NoError(t, err)
	var golden []struct {
		Bits                                            int
		Digest                                          messagemedia.Digest
		Method, Target, Body, Date, DER, PEM, Signature string
	}
	require.NoError(t, json.Unmarshal(data, &golden))
	require.Len(t, golden, 3*3*2, "sizes, digests, methods")

	for _, c := range golden {
		t.Run(fmt.Sprint(c.Bits, " bits, ", c.Digest, ", ", c.Method), func(t *testing.T) {
			t.Parallel()
			key, err := webhook.ParseKey("key", c.Digest, c.DER)
			require.NoError(t, err)
			ofPEM, err := webhook.ParseKey("key", c.Digest, c.PEM)
			require.NoError(t, err)
			require.Equal(t, key, ofPEM)
			var options []webhook.SignedOption
			if c.Bits < 2048 {
				_, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(key)))
				require.ErrorIs(t, err, webhook.ErrWeakKey)
				options = append(options, webhook.WithMinKeyBits(c.Bits))
			}
			synctest.Test(t, func(t *testing.T) { // so that the clock shows the signed date
				verifier := newVerifier(t, webhook.Signed(webhook.NewKeySet(key), options...))
				message := webhook.RawRequest{Method: c.Method, Target: c.Target, Body: []byte(c.Body), Header: http.Header{}}
				for name, value := range map[string]string{"Signature": c.Signature, "Cipher-Type": "RSA", "Digest-Type": string(c.Digest), "Key-Id": "key"} {
					message.Header.Set("X-MessageMedia-"+name, value)
				}
				message.Header.Set("Date", c.Date)
				delivery, err := verifier.VerifyRaw(t.Context(), message)
				require.NoError(t, err)
				assert.Equal(t, c.Target, delivery.Target)

				message.Target += "x"
				_, err = verifier.VerifyRaw(t.Context(), message)
				require.ErrorIs(t, err, webhook.ErrBadSignature)
			})
		})
	}
}
