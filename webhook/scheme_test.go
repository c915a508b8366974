package webhook_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

const (
	aToken     = "9Zq1vJ0cLxkR5sXw2BtUdA"
	otherToken = "Q7hN4mPz8KfYe3GcVb6TjW"
)

func headerToken(tokens ...string) webhook.Scheme {
	return webhook.HeaderToken("X-Webhook-Token", tokens...)
}
func queryToken(tokens ...string) webhook.Scheme { return webhook.QueryToken("token", tokens...) }

// tokenRequest returns a received request with this header and target.
func tokenRequest(target string, header http.Header) *http.Request {
	r := received("POST", target, aPayload)
	r.Header = header
	return r
}

func TestHeaderToken(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, headerToken(aToken, otherToken))
	for name, c := range map[string]struct {
		header http.Header
		scheme string // empty if the delivery is rejected
	}{
		"the token":             {http.Header{"X-Webhook-Token": {aToken}}, "header:X-Webhook-Token"},
		"the second token":      {http.Header{"X-Webhook-Token": {otherToken}}, "header:X-Webhook-Token#2"},
		"a name in lower case":  {http.Header{"x-webhook-token": {aToken}}, "header:X-Webhook-Token"},
		"none":                  {http.Header{}, ""},
		"no header at all":      {nil, ""},
		"no value":              {http.Header{"X-Webhook-Token": nil}, ""},
		"an empty value":        {http.Header{"X-Webhook-Token": {""}}, ""},
		"another":               {http.Header{"X-Webhook-Token": {rand.Text()}}, ""},
		"the beginning":         {http.Header{"X-Webhook-Token": {aToken[:21]}}, ""},
		"more":                  {http.Header{"X-Webhook-Token": {aToken + "x"}}, ""},
		"another case":          {http.Header{"X-Webhook-Token": {strings.ToUpper(aToken)}}, ""},
		"space around it":       {http.Header{"X-Webhook-Token": {" " + aToken}}, ""},
		"twice":                 {http.Header{"X-Webhook-Token": {aToken, aToken}}, ""},
		"twice, in two cases":   {http.Header{"X-Webhook-Token": {aToken}, "x-webhook-token": {aToken}}, ""},
		"joined by a comma":     {http.Header{"X-Webhook-Token": {aToken + ", " + aToken}}, ""},
		"under another name":    {http.Header{"X-Webhook-Tokens": {aToken}}, ""},
		"with a scheme of HTTP": {http.Header{"X-Webhook-Token": {"Bearer " + aToken}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			delivery, err := v.VerifyRaw(t.Context(), webhook.RawRequest{Method: "POST", Target: "/hooks", Header: c.header})
			if c.scheme == "" {
				require.EqualError(t, err, "webhook: bad token", "the same error for a missing and for a wrong token")
				require.ErrorIs(t, err, webhook.ErrBadToken)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.scheme, delivery.Scheme)
			assert.Empty(t, delivery.KeyID)
			assert.Zero(t, delivery.SignedAt)
		})
	}
	_, err := v.Verify(tokenRequest("/hooks", http.Header{"x-webhook-token": {aToken}}))
	require.ErrorIs(t, err, webhook.ErrBadToken, "a server's names are canonical")
	bearer := newVerifier(t, webhook.HeaderToken("authorization", "Bearer "+aToken))
	delivery, err := bearer.Verify(tokenRequest("/hooks", http.Header{"Authorization": {"Bearer " + aToken}}))
	require.NoError(t, err)
	assert.Equal(t, "header:Authorization", delivery.Scheme)
}

func TestQueryToken(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, queryToken(aToken, otherToken))
	for target, scheme := range map[string]string{
		"/hooks?token=" + aToken:                   "query:token",
		"/hooks?a=b&token=" + otherToken:           "query:token#2",
		"/hooks?token=" + aToken + "&x=%zz":        "query:token",
		"http://example.com/hooks?token=" + aToken: "query:token",
		"/hooks":                       "",
		"/hooks?":                      "",
		"/hooks?token":                 "",
		"/hooks?token=":                "",
		"/hooks?token=" + aToken + "x": "",
		"/hooks?Token=" + aToken:       "",
		"/hooks?token=" + aToken + "&token=" + aToken: "",
		"/hooks?token=" + aToken + "&tok%65n=x":       "", // the name in an escaped form
		"/hooks?tok%65n=" + aToken:                    "",
		"/hooks?token=%39" + aToken[1:]:               "",
		"/hooks?token=" + aToken + ";x":               "",
		"/hooks/token=" + aToken:                      "",
		"/hooks?x=?token=" + aToken:                   "",
		"/hooks?token=" + aToken + "#":                "",
	} {
		delivery, err := v.Verify(tokenRequest(target, nil))
		if scheme == "" {
			assert.ErrorIs(t, err, webhook.ErrBadToken, target)
			continue
		}
		require.NoError(t, err, target)
		assert.Equal(t, scheme, delivery.Scheme)
	}
}

// TestTokensAtTheLimits are accepted.
func TestTokensAtTheLimits(t *testing.T) {
	t.Parallel()
	for _, token := range []string{strings.Repeat("a", 16), "! and single spaces ~"} {
		v := newVerifier(t, headerToken(token))
		_, err := v.Verify(tokenRequest("/hooks", http.Header{"X-Webhook-Token": {token}}))
		require.NoError(t, err)
	}
	const everyRange = "azAZ09-._~azAZ09"
	_, err := newVerifier(t, queryToken(everyRange)).Verify(tokenRequest("/hooks?token="+everyRange, nil))
	require.NoError(t, err)
}

func TestInvalidTokens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scheme webhook.Scheme
		want   string
	}{
		"no token":               {headerToken(), "HeaderToken: no token given"},
		"an unset variable":      {headerToken(""), "HeaderToken: token 1 must have at least 16 bytes, got 0"},
		"a short token":          {headerToken(aToken, "s3cret"), "HeaderToken: token 2 must have at least 16 bytes, got 6"},
		"15 bytes":               {queryToken(aToken[:15]), "QueryToken: token 1 must have at least 16 bytes, got 15"},
		"a variable":             {headerToken("s3cret$moContent-long"), "HeaderToken: token 1 must be visible ASCII without $ and #"},
		"a directive":            {headerToken("s3cret#end-long-enough"), "must be visible ASCII without $ and #"},
		"a line break":           {headerToken("s3cret-long-enough\n"), "HeaderToken: token 1 begins or ends with white space"},
		"a space at the end":     {headerToken("s3cret-long-enough "), "HeaderToken: token 1 begins or ends with white space"},
		"a line break inside":    {headerToken("s3cret-long\nenough"), "must be visible ASCII without $ and #"},
		"two spaces inside":      {headerToken("s3cret  long-enough"), "must be visible ASCII without $ and #, with single spaces at most"},
		"a DEL":                  {headerToken("s3cret-long\x7fenough"), "must be visible ASCII without $ and #"},
		"not ASCII":              {headerToken("s3crét-long-enough"), "must be visible ASCII without $ and #"},
		"an escape in a URL":     {queryToken("s3cret%41-long-enough"), "QueryToken: token 1 must be of A-Z a-z 0-9 - . _ ~"},
		"base64 in a URL":        {queryToken("s3cret+/long-enough="), "QueryToken: token 1 must be of A-Z a-z 0-9 - . _ ~"},
		"twice the same":         {headerToken(aToken, aToken), "HeaderToken: token 2 must differ from the others"},
		"no name":                {webhook.HeaderToken("", aToken), `HeaderToken: name must be the name of a header, got ""`},
		"a name with a colon":    {webhook.HeaderToken("X-Token:", aToken), "name must be the name of a header"},
		"a parameter's brackets": {webhook.QueryToken("token[]", aToken), `QueryToken: name must be of A-Z a-z 0-9 - . _ ~, got "token[]"`},
		"no parameter":           {webhook.QueryToken("", aToken), "QueryToken: name must be of"},
		"no scheme for all":      {webhook.AllOf(), "AllOf: no scheme given"},
		"no scheme for any":      {webhook.AnyOf(), "AnyOf: no scheme given"},
		"nil among all":          {webhook.AllOf(headerToken(aToken), nil), "AllOf: scheme 2 is nil"},
		"nil among any":          {webhook.AnyOf(nil, headerToken(aToken)), "AnyOf: scheme 1 is nil"},
		"nested":                 {webhook.AnyOf(headerToken(aToken), webhook.AllOf(queryToken(aToken), headerToken("s3cret"))), "HeaderToken: token 1 must have at least 16 bytes"},
		"nested and empty":       {webhook.AllOf(headerToken(aToken), webhook.AllOf()), "AllOf: no scheme given"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := webhook.NewVerifier(c.scheme)
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "s3cr")
		})
	}
	for _, name := range []string{"Host", "date", "Content-Type", "content-length", "Transfer-Encoding", "User-Agent", "X-MessageMedia-Signature", "X-Forwarded-For", "Connection", "Proxy-Authorization"} {
		_, err := webhook.NewVerifier(webhook.HeaderToken(name, aToken))
		assert.ErrorContains(t, err, "must not be a header that HTTP or the platform sets", name)
	}
}

// TestPrintingASchemeShowsNoTokens, not even in the diff of a failed test.
func TestPrintingASchemeShowsNoTokens(t *testing.T) {
	t.Parallel()
	scheme := webhook.AnyOf(signedBySigner(), headerToken(aToken), webhook.AllOf(queryToken(otherToken), signedBySigner()))
	v := newVerifier(t, scheme)
	handler := newHandler(t, v, accept)
	others := []any{headerToken(otherToken + "x"), newVerifier(t, queryToken(aToken)), newHandler(t, verifier(t), accept), queryToken(aToken)}
	for i, value := range []any{scheme, v, handler, headerToken(aToken)} {
		var diff recorder
		assert.Equal(&diff, value, others[i])
		require.NotEmpty(t, diff)
		printed := string(diff) + fmt.Sprintf("%v %+v %#v %s %q %x %d", value, value, value, value, value, value, value)
		require.Greater(t, len(printed), 100)
		for _, token := range []string{aToken, otherToken, fmt.Sprintf("%x", aToken)} {
			assert.NotContains(t, printed, token)
		}
	}
}

// recorder keeps the messages of failed assertions.
type recorder string

func (r *recorder) Errorf(format string, args ...any) { *r += recorder(fmt.Sprintf(format, args...)) }

// schemeCase is a request with a signature and tokens, which may be wrong or missing.
type schemeCase struct {
	signature string // "right", "wrong", "unknown key", or none
	header    string
	query     string
}

func (c schemeCase) request(t *testing.T) *http.Request {
	target := "/hooks"
	if c.query != "" {
		target += "?token=" + c.query
	}
	r := received("POST", target, aPayload)
	if c.signature != "" {
		require.NoError(t, signer.Sign(r))
	}
	switch c.signature {
	case "wrong":
		r.Header.Set("X-MessageMedia-Signature", "AA==")
	case "unknown key":
		r.Header.Set("X-MessageMedia-Key-Id", "nobody's")
	}
	if c.header != "" {
		r.Header.Set("X-Webhook-Token", c.header)
	}
	return r
}

// brokenKeys is a KeySource that counts its calls and fails.
type brokenKeys struct{ asked int }

func (k *brokenKeys) Key(context.Context, string) (*webhook.Key, error) {
	k.asked++
	return nil, errDatabase
}

func TestCombinations(t *testing.T) {
	t.Parallel()
	broken := func() webhook.Scheme { return webhook.Signed(new(brokenKeys)) }
	for name, c := range map[string]struct {
		scheme       webhook.Scheme
		request      schemeCase
		status       int
		reason       webhook.Reason
		accepted     string
		signatureErr error
	}{
		"any: the signature comes first": {webhook.AnyOf(headerToken(aToken), signedBySigner()), schemeCase{"right", aToken, ""}, 204, webhook.ReasonHandled, "signature", nil},
		"any: the token alone":           {webhook.AnyOf(signedBySigner(), headerToken(aToken)), schemeCase{"", aToken, ""}, 204, webhook.ReasonHandled, "header:X-Webhook-Token", nil},
		"any: the tokens in order":       {webhook.AnyOf(queryToken(aToken), headerToken(aToken)), schemeCase{"", aToken, aToken}, 204, webhook.ReasonHandled, "query:token", nil},
		"any: a wrong signature and a token": {webhook.AnyOf(signedBySigner(), headerToken(aToken)), schemeCase{"wrong", aToken, ""},
			204, webhook.ReasonHandled, "header:X-Webhook-Token", webhook.ErrBadSignature},
		"any: an unknown key and a token": {webhook.AnyOf(signedBySigner(), headerToken(aToken)), schemeCase{"unknown key", aToken, ""},
			204, webhook.ReasonHandled, "header:X-Webhook-Token", webhook.ErrUnknownKey},
		"any: a failing KeySource and a token": {webhook.AnyOf(broken(), headerToken(aToken)), schemeCase{"right", aToken, ""},
			204, webhook.ReasonHandled, "header:X-Webhook-Token", webhook.ErrKeySource},
		"any: a failing KeySource":                        {webhook.AnyOf(broken(), headerToken(aToken)), schemeCase{"right", otherToken, ""}, 503, webhook.ReasonKeySource, "", nil},
		"any: a failing KeySource, unsigned":              {webhook.AnyOf(broken(), headerToken(aToken)), schemeCase{"", otherToken, ""}, 401, webhook.ReasonBadToken, "", nil},
		"any: no proof":                                   {webhook.AnyOf(signedBySigner(), headerToken(aToken)), schemeCase{}, 401, webhook.ReasonBadToken, "", nil},
		"any: all wrong":                                  {webhook.AnyOf(signedBySigner(), headerToken(aToken)), schemeCase{"wrong", otherToken, ""}, 401, webhook.ReasonBadSignature, "", nil},
		"any: two sources of keys, one broken":            {webhook.AnyOf(broken(), signedBySigner()), schemeCase{"right", "", ""}, 204, webhook.ReasonHandled, "signature", webhook.ErrKeySource},
		"any: two sources, one broken, a wrong signature": {webhook.AnyOf(broken(), signedBySigner()), schemeCase{"wrong", "", ""}, 503, webhook.ReasonKeySource, "", nil},
		"all: both":                                       {webhook.AllOf(signedBySigner(), headerToken(aToken)), schemeCase{"right", aToken, ""}, 204, webhook.ReasonHandled, "header:X-Webhook-Token+signature", nil},
		"all: no token":                                   {webhook.AllOf(signedBySigner(), headerToken(aToken)), schemeCase{"right", "", ""}, 401, webhook.ReasonBadToken, "", nil},
		"all: no signature":                               {webhook.AllOf(signedBySigner(), headerToken(aToken)), schemeCase{"", aToken, ""}, 401, webhook.ReasonMissingHeader, "", nil},
		"all: a wrong signature":                          {webhook.AllOf(signedBySigner(), headerToken(aToken)), schemeCase{"wrong", aToken, ""}, 401, webhook.ReasonBadSignature, "", nil},
		"all: a failing KeySource":                        {webhook.AllOf(broken(), headerToken(aToken)), schemeCase{"right", aToken, ""}, 503, webhook.ReasonKeySource, "", nil},
		"all: a failing KeySource and a wrong token":      {webhook.AllOf(broken(), headerToken(aToken)), schemeCase{"right", otherToken, ""}, 401, webhook.ReasonBadToken, "", nil},
		"all of nested ones: a wrong token decides": {webhook.AllOf(webhook.AllOf(broken(), headerToken(aToken)), webhook.AllOf(broken(), queryToken(aToken))),
			schemeCase{"right", aToken, otherToken}, 401, webhook.ReasonBadToken, "", nil},
		"any in all": {webhook.AllOf(webhook.AnyOf(signedBySigner(), headerToken(aToken)), queryToken(aToken)), schemeCase{"", aToken, aToken},
			204, webhook.ReasonHandled, "query:token+header:X-Webhook-Token", nil},
		"any in all, a wrong signature": {webhook.AllOf(webhook.AnyOf(signedBySigner(), headerToken(aToken)), queryToken(aToken)), schemeCase{"wrong", aToken, aToken},
			204, webhook.ReasonHandled, "query:token+header:X-Webhook-Token", webhook.ErrBadSignature},
		"all in any": {webhook.AnyOf(webhook.AllOf(signedBySigner(), queryToken(aToken)), headerToken(aToken)), schemeCase{"right", "", aToken},
			204, webhook.ReasonHandled, "query:token+signature", nil},
		"all in any, a wrong signature": {webhook.AnyOf(webhook.AllOf(signedBySigner(), queryToken(aToken)), headerToken(aToken)), schemeCase{"wrong", aToken, aToken},
			204, webhook.ReasonHandled, "header:X-Webhook-Token", webhook.ErrBadSignature},
		"any in any, a wrong signature": {webhook.AnyOf(webhook.AnyOf(signedBySigner(), queryToken(aToken)), headerToken(aToken)), schemeCase{"wrong", aToken, ""},
			204, webhook.ReasonHandled, "header:X-Webhook-Token", webhook.ErrBadSignature},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			observed := new(outcomes)
			handler := newHandler(t, newVerifier(t, c.scheme), accept, observed.options()...)
			assert.Equal(t, c.status, response(handler, c.request.request(t)).Code)
			outcome := observed.only(t)
			assert.Equal(t, c.reason, outcome.Reason, "%v", outcome.Err)
			assert.Equal(t, c.accepted, outcome.Scheme)
			assert.Equal(t, strings.Contains(c.accepted, "signature"), outcome.KeyID != "")
			require.ErrorIs(t, outcome.SignatureErr, c.signatureErr)
			if c.signatureErr != nil {
				assert.Contains(t, observed.log.String(), `level=WARN msg="webhook: token accepted, signature not accepted" scheme=`)
			}
		})
	}
}

// TestAWrongTokenCausesNoLookUp for nested schemes, too.
func TestAWrongTokenCausesNoLookUp(t *testing.T) {
	t.Parallel()
	lookups := 0
	signed := webhook.Signed(keySource(func(context.Context, string) (*webhook.Key, error) { lookups++; return signer.Key(), nil }))
	scheme := webhook.AllOf(webhook.AllOf(signed, headerToken(aToken)), webhook.AllOf(signed, queryToken(aToken)))
	v := newVerifier(t, scheme)
	_, err := v.Verify(schemeCase{"right", aToken, otherToken}.request(t))
	require.ErrorIs(t, err, webhook.ErrBadToken)
	assert.Zero(t, lookups)
	_, err = v.Verify(schemeCase{"right", aToken, aToken}.request(t))
	require.NoError(t, err)
	assert.Equal(t, 2, lookups)
}

// TestAKeySourcesErrorWhoseMethodsPanic does not prevent another scheme from accepting the
// delivery. The error is a nil pointer.
func TestAKeySourcesErrorWhoseMethodsPanic(t *testing.T) {
	t.Parallel()
	signed := webhook.Signed(keySource(func(context.Context, string) (*webhook.Key, error) {
		var none *url.Error
		return nil, none
	}))
	observed := new(outcomes)
	handler := newHandler(t, newVerifier(t, webhook.AnyOf(signed, headerToken(aToken))), accept, observed.options()...)
	assert.Equal(t, 204, response(handler, schemeCase{"right", aToken, ""}.request(t)).Code)
	assert.ErrorIs(t, observed.only(t).SignatureErr, webhook.ErrKeySource)

	observed = new(outcomes)
	handler = newHandler(t, newVerifier(t, signed), accept, observed.options()...)
	assert.Equal(t, 500, response(handler, schemeCase{"right", "", ""}.request(t)).Code)
	assert.ErrorContains(t, observed.only(t).Err, "webhook: panic in the KeySource: ")
}

// TestALoggerThatPanicsOverASignature changes no response.
func TestALoggerThatPanicsOverASignature(t *testing.T) {
	t.Parallel()
	handler := newHandler(t, newVerifier(t, webhook.AnyOf(signedBySigner(), headerToken(aToken))), accept,
		webhook.WithLogger(slog.New(failingLog(func() { panic("oops") }))))
	assert.Equal(t, 204, response(handler, schemeCase{"wrong", aToken, ""}.request(t)).Code)
}

// TestARequestWithoutTheTokenCausesNoLookup. Its body is not read either.
func TestARequestWithoutTheTokenCausesNoLookup(t *testing.T) {
	t.Parallel()
	keys := new(brokenKeys)
	v := newVerifier(t, webhook.AllOf(webhook.Signed(keys), headerToken(aToken)))
	r := schemeCase{"right", otherToken, ""}.request(t)
	body := &countingReader{Reader: strings.NewReader("junk")}
	r.Body = readCloser{body}
	_, err := v.Verify(r)
	require.ErrorIs(t, err, webhook.ErrBadToken)
	assert.Zero(t, keys.asked)
	assert.Zero(t, body.reads)
}

type readCloser struct{ *countingReader }

func (readCloser) Close() error { return nil }

func TestAKeySourceThatHangsLeavesTimeForTheToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hung := keySource(func(ctx context.Context, _ string) (*webhook.Key, error) { <-ctx.Done(); return nil, ctx.Err() })
		handler := newHandler(t, newVerifier(t, webhook.AnyOf(webhook.Signed(hung), headerToken(aToken))), accept)
		start := time.Now()
		assert.Equal(t, 204, response(handler, schemeCase{"right", aToken, ""}.request(t)).Code)
		assert.Equal(t, 2500*time.Millisecond, time.Since(start), "half of the time before the deduplicator")
	})
}

// TestAnEmptyBodyOfUnknownLength may have been read before. Only a signature proves that the
// platform sent it so.
func TestAnEmptyBodyOfUnknownLength(t *testing.T) {
	t.Parallel()
	signature, token := verifier(t), newVerifier(t, headerToken(aToken))
	both := newVerifier(t, webhook.AnyOf(webhook.Signed(webhook.NewKeySet(signer.Key())), headerToken(aToken)))
	signed := func(body string) *http.Request { return signedRequest(t, "POST", "/hooks", body) }
	withToken := func(string) *http.Request { return schemeCase{header: aToken}.request(t) }
	for name, c := range map[string]struct {
		verifier *webhook.Verifier
		request  func(body string) *http.Request
		signed   string // the body that the signature covers
		body     string
		length   int64
		want     []error // none if the delivery is accepted
	}{
		"with a bad signature":                     {signature, signed, "payload", "", -1, []error{webhook.ErrBadSignature, webhook.ErrBodyConsumed}},
		"with a bad signature, announced as empty": {signature, signed, "payload", "", 0, []error{webhook.ErrBadSignature}},
		"not empty, with a bad signature":          {signature, signed, "payload", "forged", -1, []error{webhook.ErrBadSignature}},
		"announced, with a bad signature":          {signature, signed, "payload", "forged", 6, []error{webhook.ErrBadSignature}},
		"with a signature":                         {signature, signed, "", "", -1, nil},
		"with a token":                             {token, withToken, "", "", -1, []error{webhook.ErrBodyConsumed}},
		"with a token, announced as empty":         {token, withToken, "", "", 0, nil},
		"with a signature, where a token would do": {both, signed, "", "", -1, nil},
		"with a token, where a signature would do": {both, withToken, "", "", -1, []error{webhook.ErrBodyConsumed}},
		"of a GET with a token": {token, func(string) *http.Request {
			r := withToken("")
			r.Method = "GET"
			return r
		}, "", "", -1, nil},
		"not empty, with a token": {token, withToken, "", "payload", -1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := c.request(c.signed)
			r.Body, r.ContentLength = readCloser{&countingReader{Reader: strings.NewReader(c.body)}}, c.length
			_, err := c.verifier.Verify(r)
			if c.want == nil {
				require.NoError(t, err)
			}
			for _, known := range []error{webhook.ErrBadSignature, webhook.ErrBodyConsumed} {
				assert.Equal(t, slices.Contains(c.want, known), errors.Is(err, known), "%v: %v", known, err)
			}
		})
	}
}

// FuzzTokens checks that each accepted request has the token exactly once and in one form.
func FuzzTokens(f *testing.F) {
	v := newVerifier(f, webhook.AnyOf(headerToken(aToken, otherToken), queryToken(aToken)))
	f.Add("token="+aToken, "X-Webhook-Token", aToken)
	f.Add("a=b&token="+aToken+"&tok%65n=", "x-webhook-token", "")
	f.Add("token="+aToken+"&token="+aToken, "X-WEBHOOK-TOKEN", otherToken+" ")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, query, name, value string) {
		delivery, err := v.VerifyRaw(t.Context(), webhook.RawRequest{Method: "POST", Target: "/hooks?" + query, Header: http.Header{name: {value}}})
		byHeader := strings.EqualFold(name, "X-Webhook-Token") && (value == aToken || value == otherToken)
		switch {
		case err != nil:
			require.Nil(t, delivery)
			require.False(t, byHeader && !strings.ContainsFunc(query, func(r rune) bool { return r <= ' ' || r == 0x7F }), "a request with the right token is rejected")
			require.NotContains(t, err.Error(), aToken)
		case strings.HasPrefix(delivery.Scheme, "header:"):
			require.True(t, byHeader)
		default:
			require.Equal(t, 1, strings.Count("&"+query+"&", "&token="))
			require.Contains(t, "&"+query+"&", "&token="+aToken+"&")
		}
	})
}
