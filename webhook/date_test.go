package webhook_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestADateHasOneForm signs each date at a time when it would be fresh.
func TestADateHasOneForm(t *testing.T) {
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
		"letters of two months":              "Sat, 01 anF 2000 00:00:00 GMT",
		"a day that the month does not have": "Sat, 32 Dec 1999 00:00:00 GMT",
		"a minute of 60 seconds":             "Fri, 31 Dec 1999 23:59:60 GMT",
		"an hour of the day before":          "Fri, 31 Dec 1999 24:00:00 GMT",
		"a space before it":                  " Sat, 01 Jan 2000 00:00:00 GMT",
		"a space after it":                   "Sat, 01 Jan 2000 00:00:00 GMT ",
		"a day of one digit that is zero":    "Fri, 0 Jan 2000 00:00:00 GMT",
		"a day of one digit and its space":   "Sat, 1  Jan 2000 00:00:00 GMT",
		"a day of two digits, one missing":   "Sat,01 Jan 2000 00:00:00 GMT",
		"two dates":                          "Sat, 01 Jan 2000 00:00:00 GMT, Sat, 01 Jan 2000 00:00:00 GMT",
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
	for _, date := range []string{"Sat, 01 Jan 2000 00:00:00 GMT", "Sat, 1 Jan 2000 00:00:00 GMT"} { // the platform's form is not documented
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

func TestTheDatesOfFourYearsParse(t *testing.T) {
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

// TestTheAgeOfADate covers both sides of each limit.
func TestTheAgeOfADate(t *testing.T) {
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

// TestDatesFarFromNow differ from now by more than a time.Duration can hold.
func TestDatesFarFromNow(t *testing.T) {
	t.Parallel()
	for _, date := range []string{"Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 0000 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"} {
		r := received("POST", "/hooks", "payload")
		r.Header.Set("Date", date)
		require.NoError(t, signer.Sign(r))
		_, err := verifier(t).Verify(r)
		assert.ErrorIs(t, err, webhook.ErrDateOutOfRange, date)
	}
}

// TestDateHeader ignores the gateway's own Date.
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
	require.EqualError(t, err, "webhook: missing header: X-Original-Date", "Date does not replace it")
}

// TestADateThatAnAdapterSplit at its comma is accepted as one Date.
func TestADateThatAnAdapterSplit(t *testing.T) {
	t.Parallel()
	signed := signedRequest(t, "POST", "/hooks", "payload").Header
	day, rest, _ := strings.Cut(signed.Get("Date"), ", ")
	for _, c := range []struct {
		values []string
		want   error
	}{{[]string{day, rest}, nil}, {[]string{rest, day}, webhook.ErrMalformed}, {[]string{day, rest, ""}, webhook.ErrMalformed}, {[]string{day, " " + rest}, webhook.ErrMalformed}} {
		r := received("POST", "/hooks", "payload")
		r.Header = signed.Clone()
		r.Header["Date"] = c.values
		_, err := verifier(t).Verify(r)
		require.ErrorIs(t, err, c.want, "%q", c.values)
	}
}

func TestTheDateErrorSaysByHowMuch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for age, want := range map[time.Duration]string{
			time.Hour:        "webhook: date out of range: 1h0m0s old, must be at most 15m0s",
			-6 * time.Minute: "webhook: date out of range: 6m0s ahead, must be at most 5m0s; check this machine's clock",
		} {
			r := received("POST", "/h", "payload")
			r.Header.Set("Date", time.Now().Add(-age).UTC().Format(http.TimeFormat))
			require.NoError(t, signer.Sign(r))
			_, err := verifier(t).Verify(r)
			require.EqualError(t, err, want)
		}
	})
}
