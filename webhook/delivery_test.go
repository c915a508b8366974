package webhook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestTheDedupeKeyHasAStableForm, because receivers store keys.
func TestTheDedupeKeyHasAStableForm(t *testing.T) {
	t.Parallel()
	report := webhook.DeliveryReport{DeliveryReportID: "1", Status: "delivered", StatusCode: 220}
	assert.Equal(t, "1-d65cceecdea62eeaeda76f75d9ef6305a72c9519816d3746258c9289f4e44537",
		(&webhook.Delivery{Method: "POST", Target: "/hooks?to=crm", Event: &report}).DedupeKey())
	for _, event := range []webhook.Event{
		nil, &webhook.DeliveryReport{StatusCode: 220}, &webhook.ReceivedSMS{Content: "YES"}, &webhook.ReceivedMMS{}, &webhook.OptOut{}, &webhook.UnparsedEvent{Raw: []byte("YES")},
	} {
		assert.Empty(t, (&webhook.Delivery{Method: "POST", Target: "/hooks", Event: event}).DedupeKey())
	}
}

// identity contains the parts of a dedupe key.
type identity struct{ method, target, kind, id, status, code string }

// keyOf returns the dedupe key of a delivery with this identity and a token in its URL.
func keyOf(t testing.TB, v *webhook.Verifier, i identity, token string) string {
	id := map[string]string{"DELIVERY_REPORT": "delivery_report_id", "OPT_OUT": "notification_id"}[i.kind]
	if id == "" {
		id = "reply_id"
	}
	body, err := json.Marshal(map[string]string{"event": i.kind, id: i.id, "status": i.status, "error_code": i.code})
	require.NoError(t, err)
	target, separator := i.target, "?"
	if strings.Contains(target, "?") {
		separator = "&"
	}
	d, err := v.VerifyRaw(t.Context(), webhook.RawRequest{Method: i.method, Target: target + separator + "token=" + token, Body: body})
	require.NoError(t, err)
	require.NotEmpty(t, d.DedupeKey())
	assert.Len(t, d.DedupeKey(), 66)
	return d.DedupeKey()
}

// TestDifferentDeliveriesHaveDifferentKeys compares all pairs of random deliveries. They
// differ if method, target, kind, ID or state differ. The token does not matter.
func TestDifferentDeliveriesHaveDifferentKeys(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, queryToken(aToken, otherToken))
	pick := func(from ...string) string { return from[rand.N(len(from))] }
	seen := map[string]identity{}
	for range 20_000 {
		i := identity{
			method: pick("GET", "POST", "PUT"),
			target: pick("/h", "/h?", "/h?a", "/h?to=crm", "/h?to=crm&a", "/hh", "/H", "/", "/h?to=crm1", "/h?x=token"),
			kind:   pick("DELIVERY_REPORT", "RECEIVED_SMS", "RECEIVED_MMS", "OPT_OUT"),
			id:     pick("1", "2", "1 1", "11", "1:1", "1delivered", "x", "x y"),
		}
		if i.kind == "DELIVERY_REPORT" {
			i.status, i.code = pick("", "delivered", "enroute", "z", "y z", "220"), pick("0", "1", "-1", "220", "101", "2", "20")
		}
		key := keyOf(t, v, i, pick(aToken, otherToken))
		if other, ok := seen[key]; ok {
			// "/h?" and "/h" differ only by the token's parameter.
			i.target, other.target = strings.TrimSuffix(i.target, "?"), strings.TrimSuffix(other.target, "?")
			require.Equal(t, other, i)
		}
		seen[key] = i
	}
	require.Greater(t, len(seen), 3_000)
}

// TestTheKeyDependsOnEachPart changes one part at a time.
func TestTheKeyDependsOnEachPart(t *testing.T) {
	t.Parallel()
	report := func(change func(*webhook.Delivery, *webhook.DeliveryReport)) string {
		r := &webhook.DeliveryReport{DeliveryReportID: "x", Status: "y"}
		d := &webhook.Delivery{Method: "POST", Target: "/h", Event: r}
		change(d, r)
		return d.DedupeKey()
	}
	keys := []string{
		report(func(*webhook.Delivery, *webhook.DeliveryReport) {}),
		report(func(d *webhook.Delivery, _ *webhook.DeliveryReport) { d.Method = "PUT" }),
		report(func(d *webhook.Delivery, _ *webhook.DeliveryReport) { d.Target = "/h?tenant=b" }),
		report(func(_ *webhook.Delivery, r *webhook.DeliveryReport) { r.DeliveryReportID = "x y" }),
		report(func(_ *webhook.Delivery, r *webhook.DeliveryReport) { r.Status = "z" }),
		report(func(_ *webhook.Delivery, r *webhook.DeliveryReport) { r.StatusCode = 1 }),
		report(func(_ *webhook.Delivery, r *webhook.DeliveryReport) { r.StatusCode = 2 }),
		report(func(_ *webhook.Delivery, r *webhook.DeliveryReport) { r.StatusCode = -1 }),
		report(func(_ *webhook.Delivery, r *webhook.DeliveryReport) { r.StatusCode = 220 }),
		report(func(_ *webhook.Delivery, r *webhook.DeliveryReport) { r.Status = "220" }),
		(&webhook.Delivery{Method: "POST", Target: "/h", Event: &webhook.ReceivedSMS{ReplyID: "x"}}).DedupeKey(),
		(&webhook.Delivery{Method: "POST", Target: "/h", Event: &webhook.ReceivedMMS{ReplyID: "x"}}).DedupeKey(),
		(&webhook.Delivery{Method: "POST", Target: "/h", Event: &webhook.OptOut{NotificationID: "x"}}).DedupeKey(),
	}
	slices.Sort(keys)
	assert.Len(t, slices.Compact(keys), 13)
	same := report(func(_ *webhook.Delivery, r *webhook.DeliveryReport) {
		r.RetryCount, r.Metadata, r.OriginalText = 3, map[string]string{"a": "b"}, "text"
	})
	assert.Equal(t, report(func(*webhook.Delivery, *webhook.DeliveryReport) {}), same, "a retry has the same key")
}

// secretDelivery returns a delivery with two tokens and other values that may be tokens.
func secretDelivery(t *testing.T, body string) *webhook.Delivery {
	t.Helper()
	v := newVerifier(t, webhook.AllOf(queryToken(aToken), webhook.HeaderToken("Authorization", "Bearer "+otherToken)))
	d, err := v.VerifyRaw(t.Context(), webhook.RawRequest{
		Method: "POST", Target: "/hooks?token=" + aToken + "&to=s3cret", Body: []byte(body),
		Header: http.Header{"Authorization": {"Bearer " + otherToken}, "X-Api-Key": {"s3cret"}, "x-lower": {"s3cret", "s3cret"}, "Content-Type": {"application/json"}},
	})
	require.NoError(t, err)
	return d
}

var secrets = []string{aToken, otherToken, "s3cret"}

// TestADeliveryRoundTripsThroughJSON without the values that may be tokens, and with the same
// dedupe key.
func TestADeliveryRoundTripsThroughJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{sampleReport, sampleSMS, sampleMMS, sampleOptOut, "<xml/>", ""} {
		d := secretDelivery(t, body)
		encoded, err := json.Marshal(d)
		require.NoError(t, err)
		for _, secret := range secrets {
			assert.NotContains(t, string(encoded), secret)
		}
		var back webhook.Delivery
		require.NoError(t, json.Unmarshal(encoded, &back))
		assert.Equal(t, d.DedupeKey(), back.DedupeKey())
		again, err := json.Marshal(back)
		require.NoError(t, err)
		assert.Equal(t, string(encoded), string(again), "a second round trip changes nothing")
		assert.Equal(t, "/hooks?…", back.Target)
		assert.Equal(t, http.Header{"Authorization": {"…"}, "X-Api-Key": {"…"}, "X-Lower": {"…", "…"}, "Content-Type": {"application/json"}}, back.Header)
		assert.Equal(t, [5]any{d.Scheme, d.Method, string(d.Body), d.Event, d.KeyID}, [5]any{back.Scheme, back.Method, string(back.Body), back.Event, back.KeyID})
	}
	for _, body := range []string{sampleMMS, "YES"} { // without a token, nothing changes
		d, err := verifier(t).Verify(signedRequest(t, "POST", "/hooks", body))
		require.NoError(t, err)
		encoded, err := json.Marshal(struct{ Delivery webhook.Delivery }{*d})
		require.NoError(t, err)
		var back struct{ Delivery webhook.Delivery }
		require.NoError(t, json.Unmarshal(encoded, &back))
		assert.Equal(t, *d, back.Delivery)
	}
	form := &webhook.Delivery{Method: "POST", Target: "/h", Body: []byte("reply_id=1"), Event: webhook.ParseValues(url.Values{"reply_id": {"1"}})}
	encoded, err := json.Marshal(form)
	require.NoError(t, err)
	var back webhook.Delivery
	require.NoError(t, json.Unmarshal(encoded, &back))
	assert.Equal(t, *form, back, "an event that the callback set")
	assert.ErrorContains(t, json.Unmarshal([]byte(`{"body":5}`), &back), "webhook: decode Delivery: ")
}

func TestPrintingADeliveryShowsNoTokens(t *testing.T) {
	t.Parallel()
	d := secretDelivery(t, `{"reply_id":"1","content":"s3cret","source_number":"s3cret"}`)
	raw := webhook.RawRequest{Method: "POST", Target: d.Target, Header: d.Header, Body: d.Body}
	for _, value := range []any{d, *d, raw, &raw} {
		var logs bytes.Buffer
		slog.New(slog.NewTextHandler(&logs, nil)).Info("delivery", "value", value)
		slog.New(slog.NewJSONHandler(&logs, nil)).Info("delivery", "value", value)
		printed := fmt.Sprintf("%v %+v %#v %s %q %x %d", value, value, value, value, value, value, value) + logs.String()
		require.GreaterOrEqual(t, strings.Count(printed, "/hooks?…"), 9)
		for _, secret := range secrets {
			assert.NotContains(t, printed, secret)
		}
	}
	assert.Equal(t, "POST /hooks?… (query:token+header:Authorization, RECEIVED_SMS, 60 bytes)", fmt.Sprint(d))
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"cat.jpeg":                         "cat.jpg",
		"cat":                              "cat.jpg",
		"":                                 "attachment.jpg",
		"../../etc/passwd":                 "passwd.jpg",
		`C:\Windows\system32\evil.exe`:     "evil.jpg",
		"/":                                "attachment.jpg",
		"..":                               "attachment.jpg",
		".bashrc":                          "attachment.jpg",
		"evil.php.jpg":                     "evil_php.jpg",
		"a\x00b\nc\u202egpj.exe":           "a_b_c_gpj.jpg",
		"Käse 😀 (1).png":                   "Käse 😀 (1).jpg",
		"con.jpg":                          "attachment-con.jpg",
		"COM¹":                             "attachment-COM¹.jpg",
		"a<b>:\"|?*$`;&.gif":               "a_b.jpg",
		" -rf .jpg":                        "rf.jpg",
		"bad\xffutf8.png":                  "bad_utf8.jpg",
		"a" + strings.Repeat("ü", 200):     "a" + strings.Repeat("ü", 47) + ".jpg",
		strings.Repeat("ü", 200) + ".jpeg": strings.Repeat("ü", 48) + ".jpg",
		strings.Repeat("a", 97):            strings.Repeat("a", 96) + ".jpg",
	} {
		assert.Equal(t, want, webhook.Attachment{ContentType: "image/jpeg; name=x", Name: name}.FileName(), "%q", name)
	}
	for mediaType, want := range map[string]string{
		"text/html": "a.bin", "image/svg+xml": "a.bin", "application/x-sh": "a.bin", "": "a.bin", "/": "a.bin", "IMAGE/PNG": "a.png", "video/3gpp": "a.3gp", "text/x-vcard": "a.vcf",
	} {
		assert.Equal(t, want, webhook.Attachment{ContentType: mediaType, Name: "a.html"}.FileName(), mediaType)
	}
}

// FuzzFileName checks that no name leaves its directory, is hidden, or has a second extension.
func FuzzFileName(f *testing.F) {
	f.Add("../a.b", "image/png")
	f.Add("\xff", "")
	f.Fuzz(func(t *testing.T, name, mediaType string) {
		got := webhook.Attachment{ContentType: mediaType, Name: name}.FileName()
		require.LessOrEqual(t, len(got), 100)
		require.Equal(t, 1, strings.Count(got, "."))
		require.False(t, strings.HasPrefix(got, "."))
		require.False(t, strings.ContainsAny(got, "/\\:<>\"|?*\x00\n\r\x7f"))
		require.True(t, slices.Equal([]rune(got), []rune(strings.ToValidUTF8(got, ""))))
	})
}

// FuzzDedupeKey checks that different deliveries have different keys, and that a JSON round
// trip keeps the key.
func FuzzDedupeKey(f *testing.F) {
	f.Add("POST", "/h", "1", "delivered", 220, "POST", "/h?a", "1", "delivered", 220)
	f.Add("POST", "/h", "x", "y z", 0, "POST", "/h", "x y", "z", 0)
	f.Fuzz(func(t *testing.T, m1, t1, i1, s1 string, c1 int, m2, t2, i2, s2 string, c2 int) {
		a := webhook.Delivery{Method: m1, Target: t1, Event: &webhook.DeliveryReport{DeliveryReportID: i1, Status: webhook.Status(s1), StatusCode: webhook.StatusCode(c1)}}
		b := webhook.Delivery{Method: m2, Target: t2, Event: &webhook.DeliveryReport{DeliveryReportID: i2, Status: webhook.Status(s2), StatusCode: webhook.StatusCode(c2)}}
		require.Equal(t, i1 == "", a.DedupeKey() == "")
		if a.DedupeKey() != "" {
			same := m1 == m2 && t1 == t2 && i1 == i2 && s1 == s2 && c1 == c2
			require.Equal(t, same, a.DedupeKey() == b.DedupeKey())
		}
	})
}

// FuzzTargets checks that a stripped prefix is restored byte for byte, and that a token does
// not change the key.
func FuzzTargets(f *testing.F) {
	prefixed := newVerifier(f, headerToken(aToken), webhook.WithStrippedPrefix("/hooks"))
	public := newVerifier(f, headerToken(aToken), webhook.WithPublicURL("https://example.com/a%2Fb"))
	byQuery := newVerifier(f, webhook.AnyOf(headerToken(aToken), queryToken(aToken)))
	f.Add("/sms?a=%31;b")
	f.Add("http://example.com/x?y")
	f.Add("/?token=" + aToken + "&a")
	f.Add("")
	f.Fuzz(func(t *testing.T, target string) {
		raw := webhook.RawRequest{Method: "POST", Target: target, Header: http.Header{"X-Webhook-Token": {aToken}}, Body: []byte(`{"reply_id":"1"}`)}
		path, query, hasQuery := strings.Cut(target, "?")
		if hasQuery {
			query = "?" + query
		}
		for _, v := range []*webhook.Verifier{prefixed, public, byQuery} {
			d, err := v.VerifyRaw(t.Context(), raw)
			if err != nil {
				require.ErrorIs(t, err, webhook.ErrMalformed)
				continue
			}
			switch v {
			case public:
				require.Equal(t, "/a%2Fb"+query, d.Target)
			case prefixed:
				require.True(t, strings.HasPrefix(d.Target, "/hooks"))
				require.True(t, strings.HasSuffix(d.Target, query))
				if strings.HasPrefix(path, "/") {
					require.Equal(t, "/hooks"+target, d.Target)
				}
			default:
				require.Equal(t, target, d.Target)
				if !strings.Contains(target, "token") {
					require.Equal(t, (&webhook.Delivery{Method: "POST", Target: target, Event: d.Event}).DedupeKey(), d.DedupeKey())
				}
				d2, err := v.VerifyRaw(t.Context(), webhook.RawRequest{Method: "POST", Target: target + map[bool]string{true: "&", false: "?"}[hasQuery] + "token=" + otherToken, Header: raw.Header, Body: raw.Body})
				require.NoError(t, err)
				if query != "?" { // "?" is removed with the last parameter
					require.Equal(t, d.DedupeKey(), d2.DedupeKey())
				}
			}
		}
	})
}
