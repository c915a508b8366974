package webhook_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func TestVerifyGivesTheDelivery(t *testing.T) {
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

// TestVerifyRawDoesTheSame has headers as gateways write them, too.
func TestVerifyRawDoesTheSame(t *testing.T) {
	t.Parallel()
	for name, spell := range map[string]func(string) string{
		"names as net/http has them":       http.CanonicalHeaderKey,
		"names in lower case":              strings.ToLower,
		"names in upper case":              strings.ToUpper,
		"names as the documents have them": func(name string) string { return strings.Replace(name, "Messagemedia", "MessageMedia", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := signedRequest(t, "PUT", "/hooks", "payload")
			header := http.Header{}
			for name, values := range r.Header {
				header[spell(name)] = values
			}
			message := webhook.RawRequest{Method: "PUT", Target: "/hooks", Header: header, Body: []byte("payload")}
			delivery, err := verifier(t).VerifyRaw(t.Context(), message)
			require.NoError(t, err)
			byRequest, err := verifier(t).Verify(r)
			require.NoError(t, err)
			byRequest.Header = header
			assert.Equal(t, byRequest, delivery)
		})
	}
}

// faults are what can be wrong with a request, in the order in which it is
// checked, each with the error that it gets.
var faults = []struct {
	name  string
	spoil func(*testing.T, *http.Request)
	is    error
	text  string
}{
	{"a method that is no token", func(_ *testing.T, r *http.Request) { r.Method = "POST /x" }, webhook.ErrMalformed,
		"webhook: malformed request: method is not a token"},
	{"a target with a space", func(_ *testing.T, r *http.Request) { r.RequestURI = "/hooks?a b" }, webhook.ErrMalformed,
		"webhook: malformed request: target is empty, or has white space or control characters"},
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
		"webhook: malformed request: the signature is not base64"},
	{"another cipher", func(_ *testing.T, r *http.Request) { r.Header.Set("X-MessageMedia-Cipher-Type", "none") }, webhook.ErrMalformed,
		"webhook: malformed request: unknown cipher"},
	{"a key that is not known", func(_ *testing.T, r *http.Request) { r.Header.Set("X-MessageMedia-Key-Id", "nobody's") }, webhook.ErrUnknownKey,
		"webhook: unknown key"},
	{"a key that is too small", func(_ *testing.T, r *http.Request) { r.Header.Set("X-MessageMedia-Key-Id", "small") }, webhook.ErrWeakKey,
		"webhook: weak key: must have at least 2048 bits, got 1024"},
	{"a date that is none", func(_ *testing.T, r *http.Request) { r.Header.Set("Date", "today") }, webhook.ErrMalformed,
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

// smallKey is a key of 1024 bits with the ID "small".
func smallKey(t *testing.T) *webhook.Key {
	t.Helper()
	made, _ := newSigner(t, webhook.SHA256)
	key, err := webhook.ParseKey("small", webhook.SHA256, made.PublicKey)
	require.NoError(t, err)
	return key
}

// TestEachCheckComesBeforeThoseBelowIt spoils a request in one way, and in all
// those ways that are checked later.
func TestEachCheckComesBeforeThoseBelowIt(t *testing.T) {
	t.Parallel()
	keys := webhook.NewKeySet(signer.Key())
	verifier := newVerifier(t, webhook.Signed(keys))
	keys.Add(smallKey(t)) // later than NewVerifier, which would refuse it
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
			if fault.name != "no signature" { // with none of its headers, it is not signed
				assert.ErrorContains(t, err, fault.text)
			}

			r = signedRequest(t, "POST", "/hooks", "payload")
			fault.spoil(t, r)
			_, err = verifier.Verify(r)
			assert.ErrorContains(t, err, fault.text, "alone")
		})
	}
}

// TestJunkIsRefusedBeforeItsBodyIsRead has all that is wrong with a request but
// its body, signature and age.
func TestJunkIsRefusedBeforeItsBodyIsRead(t *testing.T) {
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

// TestMethodsAndTargets signs each, so that only its form can be wrong.
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

// TestExactlyOneOfEachHeader has two of each, in all the ways in which there can
// be two.
func TestExactlyOneOfEachHeader(t *testing.T) {
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
				r := signedRequest(t, "POST", "/hooks", "payload")
				double(r.Header)
				_, err := verifier(t).Verify(r)
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

func TestASignatureHasOneSpelling(t *testing.T) {
	t.Parallel()
	right := signedRequest(t, "POST", "/hooks", "payload").Header.Get("X-MessageMedia-Signature")
	require.True(t, strings.HasSuffix(right, "=="), "256 bytes leave one over")
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
		"nothing in it":                     {"", webhook.ErrBadSignature},
		"a byte less":                       {base64.StdEncoding.EncodeToString(raw[:255]), webhook.ErrBadSignature},
		"a byte more":                       {base64.StdEncoding.EncodeToString(append([]byte{0}, raw...)), webhook.ErrBadSignature},
		"a byte that is another":            {base64.StdEncoding.EncodeToString(append([]byte{raw[0] ^ 1}, raw[1:]...)), webhook.ErrBadSignature},
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

// TestADateHasOneSpelling signs each date, at a moment when each would be fresh.
func TestADateHasOneSpelling(t *testing.T) {
	t.Parallel()
	for name, date := range map[string]string{
		"a date of RFC 850":                  "Saturday, 01-Jan-00 00:00:00 GMT",
		"a date of asctime":                  "Sat Jan  1 00:00:00 2000",
		"a date of RFC 3339":                 "2000-01-01T00:00:00Z",
		"another zone":                       "Sat, 01 Jan 2000 00:00:00 UTC",
		"a zone as a number":                 "Sat, 01 Jan 2000 00:00:00 +0000",
		"the wrong day of the week":          "Sun, 01 Jan 2000 00:00:00 GMT",
		"a day with a space for a digit":     "Sat,  1 Jan 2000 00:00:00 GMT",
		"an hour of one digit and a space":   "Sat, 01 Jan 2000  0:00:00 GMT",
		"a sign for a digit":                 "Sat, +1 Jan 2000 00:00:00 GMT",
		"fractions of a second":              "Sat, 01 Jan 2000 00:00:00.0 GMT",
		"names in upper case":                "SAT, 01 JAN 2000 00:00:00 GMT",
		"a month that is part of two":        "Sat, 01 anF 2000 00:00:00 GMT",
		"a day that the month does not have": "Sat, 32 Dec 1999 00:00:00 GMT",
		"a minute of 60 seconds":             "Fri, 31 Dec 1999 23:59:60 GMT",
		"an hour of the day before":          "Fri, 31 Dec 1999 24:00:00 GMT",
		"a space before it":                  " Sat, 01 Jan 2000 00:00:00 GMT",
		"a space after it":                   "Sat, 01 Jan 2000 00:00:00 GMT ",
		"a day of one digit that is zero":    "Fri, 0 Jan 2000 00:00:00 GMT",
		"a day of one digit and its space":   "Sat, 1  Jan 2000 00:00:00 GMT",
		"a day of two digits, one missing":   "Sat,01 Jan 2000 00:00:00 GMT",
		"two of them":                        "Sat, 01 Jan 2000 00:00:00 GMT, Sat, 01 Jan 2000 00:00:00 GMT",
		"29 bytes of something else":         "29 bytes that name no moment!",
		"29 bytes of UTF-8":                  "Sat, 01 Jan 2000 00:00:00 GÜ",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := received("POST", "/hooks", "payload")
				r.Header.Set("Date", date)
				require.NoError(t, signer.Sign(r))
				_, err := verifier(t).Verify(r)
				require.ErrorIs(t, err, webhook.ErrMalformed)
				assert.ErrorContains(t, err, "Date is not an HTTP date")
			})
		})
	}
	for _, date := range []string{"Sat, 01 Jan 2000 00:00:00 GMT", "Sat, 1 Jan 2000 00:00:00 GMT"} { // which one Java writes is not known
		synctest.Test(t, func(t *testing.T) {
			r := received("POST", "/hooks", "payload")
			r.Header.Set("Date", date)
			require.NoError(t, signer.Sign(r))
			delivery, err := verifier(t).Verify(r)
			require.NoError(t, err)
			assert.Equal(t, time.Now().UTC(), delivery.SignedAt)
		})
	}
}

// TestEveryDayHasItsDate goes through the days of four years.
func TestEveryDayHasItsDate(t *testing.T) {
	t.Parallel()
	verifier := newVerifier(t, signedBySigner(webhook.WithMaxAge(math.MaxInt64), webhook.WithMaxClockSkew(math.MaxInt64)))
	for day := range 4*365 + 1 {
		date := time.Date(2024, 1, 1+day, day%24, day%60, day%59, 0, time.UTC)
		r := received("POST", "/hooks", "")
		r.Header.Set("Date", date.Format(http.TimeFormat))
		for name, value := range map[string]string{"Signature": "AA==", "Cipher-Type": "RSA", "Digest-Type": "SHA256", "Key-Id": signer.Key().ID()} {
			r.Header.Set("X-MessageMedia-"+name, value)
		}
		_, err := verifier.Verify(r)
		require.ErrorIs(t, err, webhook.ErrBadSignature, "%v is a date", date)
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

// TestFreshness stands on both sides of each border.
func TestFreshness(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []webhook.SignedOption
		age     time.Duration
		stale   bool
	}{
		"15 minutes back":                    {nil, 15 * time.Minute, false},
		"15 minutes and a moment back":       {nil, 15*time.Minute + 1, true},
		"5 minutes ahead":                    {nil, -5 * time.Minute, false},
		"5 minutes and a second ahead":       {nil, -5*time.Minute - time.Second, true},
		"a minute back, by option":           {[]webhook.SignedOption{webhook.WithMaxAge(time.Minute)}, time.Minute, false},
		"more than a minute back, by option": {[]webhook.SignedOption{webhook.WithMaxAge(time.Minute)}, time.Minute + 1, true},
		"now, where nothing may be ahead":    {[]webhook.SignedOption{webhook.WithMaxClockSkew(0)}, 0, false},
		"ahead, where nothing may be":        {[]webhook.SignedOption{webhook.WithMaxClockSkew(0)}, -time.Second, true},
		"a day ahead, by option":             {[]webhook.SignedOption{webhook.WithMaxClockSkew(24 * time.Hour)}, -24 * time.Hour, false},
		"a century back, of any age":         {[]webhook.SignedOption{webhook.WithMaxAge(math.MaxInt64)}, 100 * 365 * 24 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := received("POST", "/hooks", "payload")
				date := time.Now().Add(-c.age.Truncate(time.Second))
				r.Header.Set("Date", date.UTC().Format(http.TimeFormat))
				require.NoError(t, signer.Sign(r))
				time.Sleep(c.age % time.Second)
				delivery, err := newVerifier(t, signedBySigner(c.options...)).Verify(r)
				if c.stale {
					require.ErrorIs(t, err, webhook.ErrDateOutOfRange)
					return
				}
				require.NoError(t, err)
				assert.True(t, delivery.SignedAt.Equal(date))
			})
		})
	}
}

// TestDatesFarAway are further from now than a time.Duration can say.
func TestDatesFarAway(t *testing.T) {
	t.Parallel()
	for _, date := range []string{"Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 0000 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"} {
		r := received("POST", "/hooks", "payload")
		r.Header.Set("Date", date)
		require.NoError(t, signer.Sign(r))
		_, err := verifier(t).Verify(r)
		assert.ErrorIs(t, err, webhook.ErrDateOutOfRange, date)
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	connectionLost := errors.New("connection lost")
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   error
	}{
		"as it came":           {func(*http.Request) {}, nil},
		"a byte at a time":     {func(r *http.Request) { r.Body = io.NopCloser(iotest.OneByteReader(r.Body)) }, nil},
		"of unknown length":    {func(r *http.Request) { r.ContentLength = -1 }, nil},
		"said to be too large": {func(r *http.Request) { r.ContentLength = 11 }, webhook.ErrBodyTooLarge},
		"a byte too large":     {func(r *http.Request) { *r = *signedRequest(t, "POST", "/hooks", "eleven byte") }, webhook.ErrBodyTooLarge},
		"too large, unannounced": {func(r *http.Request) {
			*r = *signedRequest(t, "POST", "/hooks", "eleven byte")
			r.ContentLength = -1
		}, webhook.ErrBodyTooLarge},
		"limited by a middleware": {func(r *http.Request) { r.Body = http.MaxBytesReader(nil, r.Body, 3) }, webhook.ErrBodyTooLarge},
		"cut off": {func(r *http.Request) {
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader("ten"), iotest.ErrReader(io.ErrUnexpectedEOF)))
		}, webhook.ErrBodyUnreadable},
		"lost":                              {func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(connectionLost)) }, connectionLost},
		"read by a middleware":              {func(r *http.Request) { io.Copy(io.Discard, r.Body) }, webhook.ErrBodyConsumed},
		"read in part":                      {func(r *http.Request) { io.CopyN(io.Discard, r.Body, 3) }, webhook.ErrBodyConsumed},
		"read and closed":                   {func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(http.ErrBodyReadAfterClose)) }, webhook.ErrBodyConsumed},
		"read, where the length is unknown": {func(r *http.Request) { r.ContentLength = -1; io.Copy(io.Discard, r.Body) }, webhook.ErrBodyConsumed},
		"taken away":                        {func(r *http.Request) { r.Body = nil }, webhook.ErrBodyConsumed},
		"read and put back": {func(r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := signedRequest(t, "POST", "/hooks", "ten bytes!")
			c.change(r)
			delivery, err := verifier(t, webhook.WithMaxBodyBytes(10)).Verify(r)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "ten bytes!", string(delivery.Body))
		})
	}
}

func TestARequestWithoutABody(t *testing.T) {
	t.Parallel()
	r := signedRequest(t, "GET", "/hooks?text=Hi", "")
	r.Body = nil
	delivery, err := verifier(t).Verify(r)
	require.NoError(t, err)
	assert.Empty(t, delivery.Body)
	assert.IsType(t, &webhook.UnparsedEvent{}, delivery.Event)
	assert.Empty(t, delivery.DedupeKey())
}

// TestTheLimitOfTheBodyIsEightMebibytes has a body of that size, and one of a
// byte more.
func TestTheLimitOfTheBodyIsEightMebibytes(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]error{8 << 20: nil, 8<<20 + 1: webhook.ErrBodyTooLarge} {
		r := signedRequest(t, "POST", "/hooks", strings.Repeat("x", size))
		message := webhook.RawRequest{Method: "POST", Target: "/hooks", Header: r.Header, Body: bytes.Repeat([]byte("x"), size)}
		_, err := verifier(t).VerifyRaw(t.Context(), message)
		require.ErrorIs(t, err, want)
		_, err = verifier(t).Verify(r)
		require.ErrorIs(t, err, want)
	}
}

func TestNewVerifierReportsEveryBadOption(t *testing.T) {
	t.Parallel()
	_, err := webhook.NewVerifier(
		webhook.Signed(nil, nil, webhook.WithMaxAge(0), webhook.WithMaxClockSkew(-1), webhook.WithDateHeader("X Date"), webhook.WithMinKeyBits(1023)),
		nil, webhook.WithMaxBodyBytes(0), webhook.WithPublicURL(""), webhook.WithStrippedPrefix("hooks/"), webhook.WithTarget(nil))
	assert.EqualError(t, err, strings.Join([]string{
		"webhook: NewVerifier: option is nil",
		"webhook: Signed: option is nil",
		"webhook: Signed: keys are nil; pass a KeySet or a KeySource of your own",
		"webhook: WithMaxAge: must be positive, got 0s",
		"webhook: WithMaxClockSkew: must not be negative, got -1ns",
		`webhook: WithDateHeader: must be the name of a header, got "X Date"`,
		"webhook: WithMinKeyBits: must be at least 1024, got 1023",
		"webhook: WithMaxBodyBytes: must be positive, got 0",
		"webhook: WithPublicURL, WithStrippedPrefix and WithTarget exclude each other",
		"webhook: WithPublicURL: must be a URL such as https://host/path",
		`webhook: WithStrippedPrefix: must be a path such as /hooks, without a slash at its end, got "hooks/"`,
		"webhook: WithTarget: function is nil",
	}, "\n"))
	for _, scheme := range []webhook.Scheme{
		nil, webhook.Signed((*webhook.KeySet)(nil)), webhook.Signed(keySource(nil)), webhook.Signed(webhook.NewKeySet(nil)), webhook.Signed(webhook.NewKeySet(new(webhook.Key))),
	} {
		_, err = webhook.NewVerifier(scheme)
		assert.Error(t, err)
	}
}

func TestPublicURLsThatCannotBeRight(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"/hooks/s3cret":                       "must be a URL such as",
		"example.com/hooks/s3cret":            "must be a URL such as",
		"ftp://example.com/s3cret":            "must be a URL such as",
		"https:///s3cret":                     "must be a URL such as",
		"https://example.com/s3cret%zz":       "must be a URL such as",
		"https://s3cret@example.com/hooks":    "must have scheme, host and path only",
		"https://example.com/hooks?s3cret=1":  "must have scheme, host and path only",
		"https://example.com/hooks#s3cret":    "must have scheme, host and path only",
		"https://example.com/hooks?":          "must have scheme, host and path only",
		"https://example.com/hooks of s3cret": "path must be escaped",
	} {
		_, err := webhook.NewVerifier(signedBySigner(), webhook.WithPublicURL(url))
		require.ErrorContains(t, err, want, url)
		assert.NotContains(t, err.Error(), "s3cret")
	}
}

// TestPublicURL: its path, byte for byte, is what was signed.
func TestPublicURL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ public, arrives, signed string }{
		"a path that was cut":                 {"https://example.com/hooks/sms", "/sms", "/hooks/sms"},
		"a path with a query":                 {"https://example.com/hooks/sms", "/sms?a=%31;b&&c", "/hooks/sms?a=%31;b&&c"},
		"an empty query":                      {"https://example.com/hooks/sms", "/sms?", "/hooks/sms?"},
		"escapes, in the case they have":      {"https://example.com/a%2fb%2Fc", "/x", "/a%2fb%2Fc"},
		"no path":                             {"https://example.com", "/x?a", "/?a"},
		"a slash at the end":                  {"http://example.com:8080/hooks/", "/", "/hooks/"},
		"double slashes":                      {"https://example.com//hooks//", "/x", "//hooks//"},
		"a target in absolute form":           {"https://example.com/hooks", "http://10.0.0.1/x?a", "/hooks?a"},
		"a path in a script that is not ours": {"https://example.com/käse", "/x", "/käse"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := signedRequest(t, "POST", c.signed, "payload")
			r.RequestURI = c.arrives
			delivery, err := verifier(t, webhook.WithPublicURL(c.public)).Verify(r)
			require.NoError(t, err)
			assert.Equal(t, c.signed, delivery.Target)
			message := webhook.RawRequest{Method: "POST", Target: c.arrives, Header: r.Header, Body: []byte("payload")}
			_, err = verifier(t).VerifyRaw(t.Context(), message)
			require.ErrorIs(t, err, webhook.ErrBadSignature, "without the option")
		})
	}
}

// TestDateHeader: a Date of the gateway's own does not matter then.
func TestDateHeader(t *testing.T) {
	t.Parallel()
	r := signedRequest(t, "POST", "/hooks", "payload")
	r.Header.Set("X-Original-Date", r.Header.Get("Date"))
	r.Header["Date"] = []string{"Sat, 01 Jan 2000 00:00:00 GMT", "x"}
	_, err := newVerifier(t, signedBySigner(webhook.WithDateHeader("x-original-DATE"))).Verify(r)
	require.NoError(t, err)
	r.Header.Add("X-Original-Date", r.Header.Get("X-Original-Date"))
	_, err = newVerifier(t, signedBySigner(webhook.WithDateHeader("x-original-date"))).Verify(r)
	require.ErrorIs(t, err, webhook.ErrMalformed)
	r.Header.Del("X-Original-Date")
	_, err = newVerifier(t, signedBySigner(webhook.WithDateHeader("X-Original-Date"))).Verify(r)
	require.EqualError(t, err, "webhook: missing header: X-Original-Date", "Date is no stand-in")
}

// TestErrorsTellNothing: a response that is built from one teaches a forger nothing.
func TestErrorsTellNothing(t *testing.T) {
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

// FuzzVerify changes one thing of a signed message, and must never see it accepted.
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
