package webhook_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// keySource is a function that implements KeySource.
type keySource func(ctx context.Context, id string) (*webhook.Key, error)

func (s keySource) Key(ctx context.Context, id string) (*webhook.Key, error) { return s(ctx, id) }

// publicDER returns a public key of 1024 bits.
func publicDER(t *testing.T) []byte {
	t.Helper()
	key, _ := newSigner(t, webhook.SHA256)
	der, err := base64.StdEncoding.DecodeString(key.PublicKey)
	require.NoError(t, err)
	return der
}

func TestParseKeyReadsEveryForm(t *testing.T) {
	t.Parallel()
	der := publicDER(t)
	text := base64.StdEncoding.EncodeToString(der)
	inPEM := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	want, err := webhook.ParseKey("id", webhook.SHA256, text)
	require.NoError(t, err)
	assert.Equal(t, "id", want.ID())
	for name, public := range map[string]string{
		"white space around base64":         "\n\t " + text + " \r\n",
		"base64 in lines":                   text[:64] + "\n" + text[64:128] + "\r\n" + text[128:],
		"PEM":                               inPEM,
		"white space around PEM":            "\n  " + inPEM + "\n\n",
		"PEM with the line ends of Windows": strings.ReplaceAll(inPEM, "\n", "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := webhook.ParseKey("id", webhook.SHA256, public)
			require.NoError(t, err)
			assert.Equal(t, want, key)
		})
	}
}

// TestParseKeyRepairsUnambiguousDamage, and reports other damage.
func TestParseKeyRepairsUnambiguousDamage(t *testing.T) {
	t.Parallel()
	der := publicDER(t)
	text := base64.StdEncoding.EncodeToString(der)
	inPEM := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	want, err := webhook.ParseKey("id", webhook.SHA256, text)
	require.NoError(t, err)
	for name, public := range map[string]string{
		"line breaks as two characters":           strings.ReplaceAll(inPEM, "\n", `\n`),
		"line ends of Windows as four characters": strings.ReplaceAll(inPEM, "\n", `\r\n`),
		"escaped twice":                           strings.ReplaceAll(inPEM, "\n", `\\n`),
		"spaces":                                  strings.ReplaceAll(inPEM, "\n", " "),
		"none":                                    strings.ReplaceAll(inPEM, "\n", ""),
		"CR alone":                                strings.ReplaceAll(inPEM, "\n", "\r"),
		"quotes":                                  `"` + inPEM + `"`,
		"single quotes":                           "'" + strings.TrimSpace(inPEM) + "'\n",
		"quotes and line breaks, as in dotenv":    `"` + strings.ReplaceAll(inPEM, "\n", `\n`) + `"`,
		"quotes around base64":                    `"` + text + `"`,
		"base64 with spaces":                      text[:64] + " " + text[64:],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := webhook.ParseKey("id", webhook.SHA256, public)
			require.NoError(t, err)
			assert.Equal(t, want, key)
		})
	}
	for name, c := range map[string]struct{ public, want string }{
		"a plus that became a space":     {strings.Replace(text[:63], text[40:41], " ", 1) + text[63:], "a part is missing, or a + became a space"},
		"a quote at one end":             {`"` + inPEM, "a quote at one end only"},
		"one quote alone":                {`"`, "a quote at one end only"},
		"text before":                    {"key: " + inPEM, "text before the PEM block"},
		"text after":                     {inPEM + "key", "text after the PEM block"},
		"no end":                         {strings.Split(inPEM, "-----END")[0], "PEM block without the line -----END PUBLIC KEY-----"},
		"no beginning":                   {strings.TrimPrefix(inPEM, "-----BEGIN PUBLIC KEY-----"), "PEM block without the line -----BEGIN PUBLIC KEY-----"},
		"headers":                        {strings.Replace(inPEM, "-----\n", "-----\nProc-Type: 4\n", 1), "PEM block has headers"},
		"the base64 of URLs":             {strings.Repeat("-_", 8), "byte 1 is not a base64 character"},
		"padding in the middle":          {text[:8] + "AA==" + text[8:], "padding in the wrong place"},
		"a dash that an editor changed":  {strings.ReplaceAll(inPEM, "--", "—"), "byte 1 is not a base64 character"},
		"the certificate, another block": {strings.ReplaceAll(inPEM, "PUBLIC KEY", "CERTIFICATE"), "PEM block must be a PUBLIC KEY, got a CERTIFICATE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := webhook.ParseKey("id", webhook.SHA256, c.public)
			require.ErrorContains(t, err, "webhook: ParseKey: public key: ")
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), text[8:24], "the error contains no part of the text")
		})
	}
}

func TestParseKeyRejectsInvalidKeys(t *testing.T) {
	t.Parallel()
	der := publicDER(t)
	text := base64.StdEncoding.EncodeToString(der)
	encode := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	elliptic, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	ellipticDER, err := x509.MarshalPKIXPublicKey(&elliptic.PublicKey)
	require.NoError(t, err)
	modulus := new(big.Int).Lsh(big.NewInt(1), 1023)

	for name, c := range map[string]struct {
		id     string
		digest messagemedia.Digest
		public string
		want   string
	}{
		"no ID":                        {"", webhook.SHA256, text, `ID must be the key_id that the API returned, without white space around it, got ""`},
		"an ID with a line break":      {"id\n", webhook.SHA256, text, "white space around it"},
		"no digest":                    {"id", "", text, `digest must be SHA224, SHA256 or SHA512, got ""`},
		"an unsupported digest":        {"id", "SHA1", text, `digest must be SHA224, SHA256 or SHA512, got "SHA1"`},
		"no public key":                {"id", webhook.SHA256, " \n", "public key: empty; must be base64 of DER, or PEM"},
		"neither base64 nor PEM":       {"id", webhook.SHA256, "s3cret!", "byte 7 is not a base64 character"},
		"base64 of something":          {"id", webhook.SHA256, "c29tZXRoaW5n", "public key: not a SubjectPublicKeyInfo"},
		"half a key":                   {"id", webhook.SHA256, text[:80], "public key: not a SubjectPublicKeyInfo"},
		"a broken PEM block":           {"id", webhook.SHA256, "-----BEGIN PUBLIC KEY-----\n" + text, "PEM block without the line -----END PUBLIC KEY-----: a part is missing"},
		"a private key":                {"id", webhook.SHA256, encode("PRIVATE KEY", der), "PEM block must be a PUBLIC KEY, got a PRIVATE KEY"},
		"an RSA key of PKCS #1":        {"id", webhook.SHA256, encode("RSA PUBLIC KEY", der), "PEM block must be a PUBLIC KEY, got a RSA PUBLIC KEY"},
		"two PEM blocks":               {"id", webhook.SHA256, encode("PUBLIC KEY", der) + encode("PUBLIC KEY", der), "several PEM blocks"},
		"a key of an elliptic curve":   {"id", webhook.SHA256, encode("PUBLIC KEY", ellipticDER), "must be an RSA key, got a *ecdsa.PublicKey"},
		"a key of 512 bits":            {"id", webhook.SHA256, rsaKey(t, new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 511), big.NewInt(1)), 65537), "public key: can't verify signatures"},
		"a modulus that is even":       {"id", webhook.SHA256, rsaKey(t, modulus, 65537), "public key: can't verify signatures"},
		"an exponent of 1":             {"id", webhook.SHA256, rsaKey(t, new(big.Int).Add(modulus, big.NewInt(1)), 1), "public key: can't verify signatures"},
		"an exponent that is even":     {"id", webhook.SHA256, rsaKey(t, new(big.Int).Add(modulus, big.NewInt(1)), 4), "public key: can't verify signatures"},
		"an exponent that is negative": {"id", webhook.SHA256, rsaKey(t, new(big.Int).Add(modulus, big.NewInt(1)), -3), "public key: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := webhook.ParseKey(c.id, c.digest, c.public)
			assert.Nil(t, key)
			require.ErrorContains(t, err, "webhook: ParseKey: ")
			assert.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "s3cret")
		})
	}
}

// rsaKey encodes a key that package x509 refuses to encode.
func rsaKey(t *testing.T, modulus *big.Int, exponent int) string {
	t.Helper()
	key, err := asn1.Marshal(struct {
		N *big.Int
		E int
	}{modulus, exponent})
	require.NoError(t, err)
	type algorithm struct {
		Algorithm  asn1.ObjectIdentifier
		Parameters asn1.RawValue
	}
	der, err := asn1.Marshal(struct {
		Algorithm algorithm
		Key       asn1.BitString
	}{algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, asn1.NullRawValue}, asn1.BitString{Bytes: key, BitLength: 8 * len(key)}})
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(der)
}

func TestKeySet(t *testing.T) {
	t.Parallel()
	var set webhook.KeySet // the zero value is an empty set
	_, err := set.Key(t.Context(), "")
	require.ErrorIs(t, err, webhook.ErrUnknownKey)
	set.Remove("nobody's")

	text := base64.StdEncoding.EncodeToString(publicDER(t))
	first, err := webhook.ParseKey("7", webhook.SHA256, text)
	require.NoError(t, err)
	second, err := webhook.ParseKey("7", webhook.SHA512, text)
	require.NoError(t, err)
	for _, key := range []*webhook.Key{first, second} {
		set.Add(key)
		got, err := set.Key(t.Context(), "7")
		require.NoError(t, err)
		assert.Same(t, key, got)
	}
	set.Remove("7")
	_, err = set.Key(t.Context(), "7")
	require.ErrorIs(t, err, webhook.ErrUnknownKey)
}

func TestKeySetRejectsInvalidKeys(t *testing.T) {
	t.Parallel()
	for _, key := range []*webhook.Key{nil, {}} {
		require.EqualError(t, new(webhook.KeySet).Add(key), "webhook: KeySet: key must be returned by ParseKey")
		_, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(signer.Key(), key)))
		require.EqualError(t, err, "webhook: KeySet: key must be returned by ParseKey")
	}
}

// TestRotation accepts deliveries of one key while other keys are added and removed.
func TestRotation(t *testing.T) {
	t.Parallel()
	keys := webhook.NewKeySet(signer.Key())
	verifier := newVerifier(t, webhook.Signed(keys))
	other := messagemediatest.NewSigner(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 50 {
				keys.Add(other.Key())
				keys.Remove(other.Key().ID())
			}
		})
		group.Go(func() {
			for range 50 {
				_, err := verifier.Verify(signedRequest(t, "POST", "/hooks", "payload"))
				assert.NoError(t, err)
			}
		})
	}
	group.Wait()

	r := received("POST", "/hooks", "payload")
	require.NoError(t, other.Sign(r))
	_, err := verifier.Verify(r)
	require.ErrorIs(t, err, webhook.ErrUnknownKey)
	keys.Add(other.Key())
	require.NoError(t, other.Sign(r))
	delivery, err := verifier.Verify(r)
	require.NoError(t, err)
	assert.Equal(t, other.Key().ID(), delivery.KeyID)
	keys.Remove(signer.Key().ID())
	_, err = verifier.Verify(signedRequest(t, "POST", "/hooks", "payload"))
	require.ErrorIs(t, err, webhook.ErrUnknownKey)
}

// TestAKeyOfAnotherAccount cannot sign under the ID of a known key.
func TestAKeyOfAnotherAccount(t *testing.T) {
	t.Parallel()
	other := messagemediatest.NewSigner(t)
	verifier := newVerifier(t, webhook.Signed(webhook.NewKeySet(signer.Key(), other.Key())))
	r := received("POST", "/hooks", "payload")
	require.NoError(t, other.Sign(r))
	r.Header.Set("X-MessageMedia-Key-Id", signer.Key().ID())
	_, err := verifier.Verify(r)
	require.ErrorIs(t, err, webhook.ErrBadSignature)
}

func TestACustomKeySource(t *testing.T) {
	t.Parallel()
	type contextKey struct{}
	databaseDown := errors.New("database down")
	for name, c := range map[string]struct {
		key  *webhook.Key
		err  error
		want []error
	}{
		"a key":                              {signer.Key(), nil, nil},
		"a key that is not known":            {nil, webhook.ErrUnknownKey, []error{webhook.ErrUnknownKey}},
		"the same, wrapped":                  {nil, fmt.Errorf("table keys: %w", webhook.ErrUnknownKey), []error{webhook.ErrUnknownKey}},
		"a failure":                          {nil, databaseDown, []error{webhook.ErrKeySource, databaseDown}},
		"a failure and a key":                {signer.Key(), databaseDown, []error{webhook.ErrKeySource, databaseDown}},
		"neither key nor error":              {nil, nil, []error{webhook.ErrKeySource}},
		"a key that ParseKey did not return": {new(webhook.Key), nil, []error{webhook.ErrKeySource}},
		"the end of the request's time":      {nil, context.DeadlineExceeded, []error{webhook.ErrKeySource, context.DeadlineExceeded}},
		"a key that is not the signer's":     {smallKey(t), nil, []error{webhook.ErrBadSignature}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := keySource(func(ctx context.Context, id string) (*webhook.Key, error) {
				assert.Equal(t, "value", ctx.Value(contextKey{}), "the request's context")
				assert.Equal(t, signer.Key().ID(), id)
				return c.key, c.err
			})
			ctx := context.WithValue(t.Context(), contextKey{}, "value")
			r := signedRequest(t, "POST", "/hooks", "payload").WithContext(ctx)
			_, err := newVerifier(t, webhook.Signed(source, webhook.WithMinKeyBits(1024))).Verify(r)
			if len(c.want) == 0 {
				require.NoError(t, err)
			}
			for _, want := range c.want {
				require.ErrorIs(t, err, want)
			}
		})
	}
}

// TestTheKeySourceGetsTheIDUnchanged, whatever its form.
func TestTheKeySourceGetsTheIDUnchanged(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "' OR 1=1 --", "../etc", strings.Repeat("x", 10_000)} {
		var asked string
		verifier := newVerifier(t, webhook.Signed(keySource(func(_ context.Context, id string) (*webhook.Key, error) {
			asked = id
			return nil, webhook.ErrUnknownKey
		})))
		r := signedRequest(t, "POST", "/hooks", "payload")
		r.Header = r.Header.Clone()
		r.Header.Set("X-MessageMedia-Key-Id", id)
		_, err := verifier.Verify(r)
		require.EqualError(t, err, "webhook: unknown key")
		assert.Equal(t, id, asked)
	}
}

// FuzzParseKey checks that each parsed key can verify, and that it is the key that package pem
// reads.
func FuzzParseKey(f *testing.F) {
	der, err := base64.StdEncoding.DecodeString(platformKey.PublicKey)
	require.NoError(f, err)
	f.Add("id", "SHA256", platformKey.PublicKey)
	f.Add("id", "SHA-512", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
	f.Add("id", "SHA224", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----")
	f.Add("id", "SHA256", "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAA==")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, id, digest, public string) {
		key, err := webhook.ParseKey(id, messagemedia.Digest(digest), public)
		if err != nil {
			require.Nil(t, key)
			require.True(t, strings.HasPrefix(err.Error(), "webhook: ParseKey: "), err)
			return
		}
		require.Equal(t, id, key.ID())
		if block, rest := pem.Decode([]byte(public)); block != nil && len(rest) == 0 { // undamaged
			plain, err := webhook.ParseKey(id, messagemedia.Digest(digest), base64.StdEncoding.EncodeToString(block.Bytes))
			require.NoError(t, err)
			require.Equal(t, plain, key)
		}
		verifier, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(key), webhook.WithMinKeyBits(1024)))
		require.NoError(t, err)
		header := http.Header{"Date": {"Sat, 01 Jan 2000 00:00:00 GMT"}}
		for name, value := range map[string]string{"Signature": "AA==", "Cipher-Type": "RSA", "Digest-Type": digest, "Key-Id": id} {
			header.Set("X-MessageMedia-"+name, value)
		}
		_, err = verifier.VerifyRaw(t.Context(), webhook.RawRequest{Method: "POST", Target: "/", Header: header})
		require.ErrorIs(t, err, webhook.ErrBadSignature)
	})
}
