package webhook_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func TestVerifyReturnsTheDelivery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := signedRequest(t, "POST", "/hooks/sms?tenant=7", `{"reply_id":"d3c2","content":"Hi"}`)
		r.Header.Set("X-Token", "t")
		delivery, err := verifier(t).Verify(r)
		require.NoError(t, err)
		assert.Equal(t, &webhook.Delivery{
			Scheme:   "signature",
			KeyID:    signer.Key().ID(),
			SignedAt: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
			Method:   "POST",
			Target:   "/hooks/sms?tenant=7",
			Header:   r.Header,
			Body:     []byte(`{"reply_id":"d3c2","content":"Hi"}`),
			Event:    &webhook.ReceivedSMS{ReplyID: "d3c2", Content: "Hi"},
		}, delivery)
		assert.Len(t, delivery.DedupeKey(), 66)
	})
}

// TestVerifyRawMatchesVerify for the header names of gateways, too.
func TestVerifyRawMatchesVerify(t *testing.T) {
	t.Parallel()
	for name, spell := range map[string]func(string) string{
		"names as net/http writes them": http.CanonicalHeaderKey,
		"names in lower case":           strings.ToLower,
		"names in upper case":           strings.ToUpper,
		"names as documented":           func(name string) string { return strings.Replace(name, "Messagemedia", "MessageMedia", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := signedRequest(t, "PUT", "/hooks", "payload")
			message := webhook.RawRequest{Method: "PUT", Target: "/hooks", Header: spelled(r.Header, spell), Body: []byte("payload")}
			delivery, err := verifier(t).VerifyRaw(t.Context(), message)
			require.NoError(t, err)
			byRequest, err := verifier(t).Verify(r)
			require.NoError(t, err)
			assert.Equal(t, byRequest, delivery, "its header has canonical names")
		})
	}
}

// spelled returns a header whose names are spelled otherwise.
func spelled(header http.Header, spell func(name string) string) http.Header {
	result := make(http.Header)
	for name, values := range header {
		result[spell(name)] = values
	}
	return result
}

// faults are ways to make a request invalid, each with its error, in the order of the checks.
var faults = []struct {
	name  string
	spoil func(*testing.T, *http.Request)
	is    error
	text  string
}{
	{"a method that is not a token", func(_ *testing.T, r *http.Request) { r.Method = "POST /x" }, webhook.ErrMalformed,
		"webhook: malformed request: method is not a token"},
	{"no target, as in a client's request", func(_ *testing.T, r *http.Request) { r.RequestURI = "" }, webhook.ErrMalformed,
		"webhook: malformed request: target is empty; the request must be a server's, or one of httptest.NewRequest"},
	{"a target with a space", func(_ *testing.T, r *http.Request) { r.RequestURI = "/hooks?a b" }, webhook.ErrMalformed,
		"webhook: malformed request: target has white space or control characters"},
	{"no signature", func(_ *testing.T, r *http.Request) { r.Header.Del("X-MessageMedia-Signature") }, webhook.ErrMissingHeader,
		"webhook: missing header: X-Messagemedia-Signature"},
	{"no cipher", func(_ *testing.T, r *http.Request) { r.Header.Del("X-MessageMedia-Cipher-Type") }, webhook.ErrMissingHeader,
		"webhook: missing header: X-Messagemedia-Cipher-Type"},
	{"no digest", func(_ *testing.T, r *http.Request) { r.Header.Del("X-MessageMedia-Digest-Type") }, webhook.ErrMissingHeader,
		"webhook: missing header: X-Messagemedia-Digest-Type"},
	{"no key ID", func(_ *testing.T, r *http.Request) { r.Header.Del("X-MessageMedia-Key-Id") }, webhook.ErrMissingHeader,
		"webhook: missing header: X-Messagemedia-Key-Id"},
	{"two dates", func(_ *testing.T, r *http.Request) { r.Header.Add("Date", r.Header.Get("Date")) }, webhook.ErrMalformed,
		"webhook: malformed request: more than one Date"},
	{"a signature that is not base64", func(_ *testing.T, r *http.Request) { r.Header.Set("X-MessageMedia-Signature", "!") }, webhook.ErrMalformed,
		"webhook: malformed request: signature is not base64"},
	{"another cipher", func(_ *testing.T, r *http.Request) { r.Header.Set("X-MessageMedia-Cipher-Type", "none") }, webhook.ErrMalformed,
		"webhook: malformed request: unknown cipher"},
	{"a key that is not known", func(_ *testing.T, r *http.Request) { r.Header.Set("X-MessageMedia-Key-Id", "nobody's") }, webhook.ErrUnknownKey,
		"webhook: unknown key"},
	{"a key that is too small", func(_ *testing.T, r *http.Request) { r.Header.Set("X-MessageMedia-Key-Id", "small") }, webhook.ErrWeakKey,
		"webhook: weak key: must have at least 2048 bits, got 1024"},
	{"an invalid date", func(_ *testing.T, r *http.Request) { r.Header.Set("Date", "today") }, webhook.ErrMalformed,
		"webhook: malformed request: Date is not an HTTP date"},
	{"a body that is too large", func(_ *testing.T, r *http.Request) { r.ContentLength = 9 << 20 }, webhook.ErrBodyTooLarge,
		"webhook: body too large: must have at most 8388608 bytes"},
	{"another digest", func(_ *testing.T, r *http.Request) { r.Header.Set("X-MessageMedia-Digest-Type", "SHA512") }, webhook.ErrDigestMismatch,
		"webhook: digest mismatch"},
	{"another body", func(_ *testing.T, r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("PAYLOAD")), 7
	}, webhook.ErrBadSignature,
		"webhook: bad signature"},
	{"an old date", func(t *testing.T, r *http.Request) {
		r.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		require.NoError(t, signer.Sign(r))
	}, webhook.ErrDateOutOfRange, "webhook: date out of range: 1h0m"},
}

// smallKey returns a key of 1024 bits with the ID "small".
func smallKey(t *testing.T) *webhook.Key {
	t.Helper()
	made, _ := newSigner(t, webhook.SHA256)
	key, err := webhook.ParseKey("small", webhook.SHA256, made.PublicKey)
	require.NoError(t, err)
	return key
}

// TestChecksRunInTheDocumentedOrder makes a request invalid in one way, and in all ways that
// are checked later.
func TestChecksRunInTheDocumentedOrder(t *testing.T) {
	t.Parallel()
	keys := webhook.NewKeySet(signer.Key())
	verifier := newVerifier(t, webhook.Signed(keys))
	keys.Add(smallKey(t)) // after NewVerifier, which would reject it
	for i, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			r := signedRequest(t, "POST", "/hooks", "payload")
			for _, fault := range slices.Backward(faults[i:]) {
				fault.spoil(t, r)
			}
			delivery, err := verifier.Verify(r)
			assert.Nil(t, delivery)
			require.ErrorIs(t, err, fault.is)
			if fault.name != "no signature" { // without all of its headers, the request is not signed
				assert.ErrorContains(t, err, fault.text)
			}

			r = signedRequest(t, "POST", "/hooks", "payload")
			fault.spoil(t, r)
			_, err = verifier.Verify(r)
			assert.ErrorContains(t, err, fault.text, "alone")
		})
	}
}

// TestJunkIsRejectedBeforeItsBodyIsRead covers all faults except those of the body, the
// signature and the age.
func TestJunkIsRejectedBeforeItsBodyIsRead(t *testing.T) {
	t.Parallel()
	keys := webhook.NewKeySet(signer.Key())
	verifier := newVerifier(t, webhook.Signed(keys))
	keys.Add(smallKey(t))
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			r := signedRequest(t, "POST", "/hooks", "payload")
			fault.spoil(t, r)
			body := &countingReader{Reader: r.Body}
			r.Body = io.NopCloser(body)
			_, err := verifier.Verify(r)
			require.ErrorIs(t, err, fault.is)
			needsBody := slices.Contains([]error{webhook.ErrDigestMismatch, webhook.ErrBadSignature, webhook.ErrDateOutOfRange}, fault.is)
			assert.Equal(t, needsBody, body.reads > 0)
		})
	}
}

type countingReader struct {
	io.Reader
	reads int
}

func (r *countingReader) Read(p []byte) (int, error) {
	r.reads++
	return r.Reader.Read(p)
}

// TestMethodsAndTargets signs each request, so that only the form can be invalid.
func TestMethodsAndTargets(t *testing.T) {
	t.Parallel()
	for method, ok := range map[string]bool{
		"GET": true, "get": true, "M-SEARCH": true, "!#$%&'*+-.^_`|~09azAZ": true,
		"": false, "POST ": false, "PO\tST": false, "POST\r\n": false, "PÖST": false, "PO\x80ST": false, "PO/ST": false, "(POST)": false, "POST\x00": false,
	} {
		_, err := verifier(t).Verify(signedRequest(t, method, "/hooks", "payload"))
		if ok {
			assert.NoError(t, err, "%q", method)
		} else {
			assert.ErrorIs(t, err, webhook.ErrMalformed, "%q", method)
		}
	}
	for c := range 256 {
		target := "/hooks" + string([]byte{byte(c)}) + "?a=b"
		_, err := verifier(t).Verify(signedRequest(t, "POST", target, "payload"))
		if c <= 0x20 || c == 0x7F {
			assert.ErrorIs(t, err, webhook.ErrMalformed, "%q", target)
		} else {
			assert.NoError(t, err, "%q", target)
		}
	}
	r := signedRequest(t, "POST", "/hooks", "payload")
	for _, target := range []string{"", " /hooks", "/hooks ", "/hooks?a b", "\t/hooks"} {
		r.RequestURI = target
		_, err := verifier(t).Verify(r)
		assert.ErrorIs(t, err, webhook.ErrMalformed, "%q", target)
	}
}

// TestEachHeaderMustOccurOnce repeats each header in all possible ways.
func TestEachHeaderMustOccurOnce(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"X-Messagemedia-Signature", "X-Messagemedia-Cipher-Type", "X-Messagemedia-Digest-Type", "X-Messagemedia-Key-Id", "Date"} {
		for how, double := range map[string]func(http.Header){
			"twice":                     func(h http.Header) { h.Add(name, h.Get(name)) },
			"twice, once empty":         func(h http.Header) { h.Add(name, "") },
			"in another case, too":      func(h http.Header) { h[strings.ToLower(name)] = []string{h.Get(name)} },
			"in another case, as empty": func(h http.Header) { h[strings.ToUpper(name)] = []string{""} },
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				header := signedRequest(t, "POST", "/hooks", "payload").Header
				double(header)
				_, err := verifier(t).VerifyRaw(t.Context(), webhook.RawRequest{Method: "POST", Target: "/hooks", Header: header, Body: []byte("payload")})
				require.ErrorIs(t, err, webhook.ErrMalformed)
				assert.ErrorContains(t, err, "more than one "+name)
			})
		}
		t.Run(name+" joined by a comma, as gateways do", func(t *testing.T) {
			t.Parallel()
			r := signedRequest(t, "POST", "/hooks", "payload")
			r.Header.Set(name, r.Header.Get(name)+","+r.Header.Get(name))
			_, err := verifier(t).Verify(r)
			require.Error(t, err)
		})
		t.Run(name+" without a value", func(t *testing.T) {
			t.Parallel()
			r := signedRequest(t, "POST", "/hooks", "payload")
			r.Header[name] = nil
			_, err := verifier(t).Verify(r)
			require.ErrorIs(t, err, webhook.ErrMissingHeader)
			r.Header[name] = []string{""}
			_, err = verifier(t).Verify(r)
			require.Error(t, err)
		})
	}
}

func TestASignatureHasOneEncoding(t *testing.T) {
	t.Parallel()
	right := signedRequest(t, "POST", "/hooks", "payload").Header.Get("X-MessageMedia-Signature")
	require.True(t, strings.HasSuffix(right, "=="), "the base64 of 256 bytes has padding")
	raw, err := base64.StdEncoding.DecodeString(right)
	require.NoError(t, err)
	last := right[len(right)-3]
	for name, c := range map[string]struct {
		signature string
		want      error
	}{
		"a line break in it":                {right[:64] + "\n" + right[64:], webhook.ErrMalformed},
		"a line break after it":             {right + "\r\n", webhook.ErrMalformed},
		"a space before it":                 {" " + right, webhook.ErrMalformed},
		"no padding":                        {strings.TrimRight(right, "="), webhook.ErrMalformed},
		"padding of a byte more":            {right + "=", webhook.ErrMalformed},
		"bits that no byte has at the end":  {right[:len(right)-3] + string(last+1) + "==", webhook.ErrMalformed},
		"the alphabet of URLs":              {base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xFF}, 256)), webhook.ErrMalformed},
		"hexadecimal":                       {"zz", webhook.ErrMalformed},
		"an empty signature":                {"", webhook.ErrBadSignature},
		"a byte less":                       {base64.StdEncoding.EncodeToString(raw[:255]), webhook.ErrBadSignature},
		"a byte more":                       {base64.StdEncoding.EncodeToString(append([]byte{0}, raw...)), webhook.ErrBadSignature},
		"a different byte":                  {base64.StdEncoding.EncodeToString(append([]byte{raw[0] ^ 1}, raw[1:]...)), webhook.ErrBadSignature},
		"zeros, which any exponent maps to": {base64.StdEncoding.EncodeToString(make([]byte, 256)), webhook.ErrBadSignature},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := signedRequest(t, "POST", "/hooks", "payload")
			r.Header.Set("X-MessageMedia-Signature", c.signature)
			_, err := verifier(t).Verify(r)
			assert.ErrorIs(t, err, c.want)
		})
	}
}

func TestDigests(t *testing.T) {
	t.Parallel()
	for _, digest := range []messagemedia.Digest{webhook.SHA224, webhook.SHA256, webhook.SHA512} {
		_, signer := newSigner(t, digest)
		verifier := newVerifier(t, webhook.Signed(webhook.NewKeySet(signer.Key()), webhook.WithMinKeyBits(1024)))
		for _, claim := range []string{"SHA224", "SHA256", "SHA512", "SHA-224", "SHA-256", "SHA-512", "SHA1", "MD5", "sha256", "SHA_256", "SHA256 ", "", "SHA384"} {
			t.Run(string(digest)+" claimed as "+claim, func(t *testing.T) {
				t.Parallel()
				r := received("POST", "/hooks", "payload")
				require.NoError(t, signer.Sign(r))
				r.Header.Set("X-MessageMedia-Digest-Type", claim)
				_, err := verifier.Verify(r)
				if strings.Replace(claim, "-", "", 1) == string(digest) {
					assert.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, webhook.ErrDigestMismatch)
				}
			})
		}
	}
}

func TestWeakKeys(t *testing.T) {
	t.Parallel()
	_, weak := newSigner(t, webhook.SHA256)
	deliver := func(verifier *webhook.Verifier) error {
		r := received("POST", "/hooks", "payload")
		require.NoError(t, weak.Sign(r))
		_, err := verifier.Verify(r)
		return err
	}

	_, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(signer.Key(), weak.Key())))
	require.ErrorIs(t, err, webhook.ErrWeakKey)
	assert.ErrorContains(t, err, "must have at least 2048 bits, got 1024")

	keys := webhook.NewKeySet()
	verifier := newVerifier(t, webhook.Signed(keys))
	keys.Add(weak.Key())
	require.ErrorIs(t, deliver(verifier), webhook.ErrWeakKey, "added later")

	verifier = newVerifier(t, webhook.Signed(keySource(func(context.Context, string) (*webhook.Key, error) { return weak.Key(), nil })))
	require.ErrorIs(t, deliver(verifier), webhook.ErrWeakKey, "of another source")

	require.NoError(t, deliver(newVerifier(t, webhook.Signed(keys, webhook.WithMinKeyBits(1024)))), "by option")
	_, err = webhook.NewVerifier(signedBySigner(webhook.WithMinKeyBits(2049)))
	require.ErrorIs(t, err, webhook.ErrWeakKey, "the option raises it, too")
}

// TestErrorsRevealNothing to a forger if a response contains their text.
func TestErrorsRevealNothing(t *testing.T) {
	t.Parallel()
	right := signedRequest(t, "POST", "/hooks", "payload")
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			assert.NotEmpty(t, fault.text)
			for _, secret := range []string{right.Header.Get("X-MessageMedia-Signature"), right.Header.Get("X-MessageMedia-Key-Id"), "SHA256", "payload", "/hooks"} {
				assert.NotContains(t, fault.text, secret)
			}
		})
	}
}

// FuzzVerify changes one part of a signed request, which must then be rejected.
func FuzzVerify(f *testing.F) {
	const method, target, body = "POST", "/hooks/sms?a=1", `{"reply_id":"d3c2","content":"Hi"}`
	right := signedRequest(f, method, target, body).Header
	date, signature := right.Get("Date"), right.Get("X-MessageMedia-Signature")
	f.Add(method, target, date, body, signature)
	f.Add("POS", "T /hooks/sms?a=1", date, body, signature)
	f.Add(method, target+" HTTP/1.1"+date+body, date, "", signature)
	f.Add(method, target, date+body[:1], body[1:], signature)
	f.Add(method, "/hooks/sms", date, body+" ", signature)
	f.Add("GET", target, " "+date, body, signature+"\n")
	f.Add("", "", "", "", "")
	verifier := newVerifier(f, signedBySigner(webhook.WithMaxAge(math.MaxInt64)))
	f.Fuzz(func(t *testing.T, m, target2, d, b, s string) {
		header := right.Clone()
		header.Set("Date", d)
		header.Set("X-MessageMedia-Signature", s)
		delivery, err := verifier.VerifyRaw(t.Context(), webhook.RawRequest{Method: m, Target: target2, Header: header, Body: []byte(b)})
		if m == method && target2 == target && d == date && b == body && s == signature {
			require.NoError(t, err)
			return
		}
		require.Error(t, err)
		require.Nil(t, delivery)
	})
}
