package benchmarks

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// The hand-written receiver does the minimum work: the hash and RSA alone, encoding/json
// alone, both without a handler, or a handler that reads the body.

const benchReport = `{"event":"DELIVERY_REPORT","delivery_report_id":"01e1fa0a-6e27-4945-9cdb-18644b4de043",` +
	`"message_id":"d781dcab-d9d8-4fb2-9e03-872f07ae94ba","account_id":"MyAccount","vendor_id":"MyVendor","format":"SMS",` +
	`"source_number":"+61491570156","original_text":"Your parcel arrives today","status":"delivered","error_code":"220",` +
	`"submitted_date":"2017-05-19T06:06:32.000Z","date_received":"2017-05-19T06:06:33.123Z","metadata":{"order":"7","shop":"Perth"}}`

// benchDelivery has the parts of a freshly signed delivery.
type benchDelivery struct {
	message    webhook.RawRequest
	keys       *webhook.KeySet
	key        *rsa.PublicKey
	publicKeys map[string]*rsa.PublicKey // the same key, by ID
	head       []byte                    // the request line and the Date, as they are signed
	signature  []byte
}

func newBenchDelivery(tb testing.TB, body []byte) *benchDelivery {
	r := httptest.NewRequest(http.MethodPost, "/hooks/sms?tenant=7", bytes.NewReader(body))
	for _, name := range []string{"Accept", "Accept-Encoding", "Content-Type", "User-Agent", "X-Token"} {
		r.Header.Set(name, "another header of a delivery")
	}
	signer, publicKey := newSigner(tb)
	require.NoError(tb, signer.Sign(r))
	der, err := base64.StdEncoding.DecodeString(publicKey)
	require.NoError(tb, err)
	public, err := x509.ParsePKIXPublicKey(der)
	require.NoError(tb, err)
	signature, err := base64.StdEncoding.DecodeString(r.Header.Get("X-MessageMedia-Signature"))
	require.NoError(tb, err)
	return &benchDelivery{
		message:    webhook.RawRequest{Method: r.Method, Target: r.RequestURI, Header: r.Header, Body: body},
		keys:       webhook.NewKeySet(signer.Key()),
		key:        public.(*rsa.PublicKey),
		publicKeys: map[string]*rsa.PublicKey{signer.Key().ID(): public.(*rsa.PublicKey)},
		head:       []byte(r.Method + " " + r.RequestURI + " HTTP/1.1" + r.Header.Get("Date")),
		signature:  signature,
	}
}

// newSigner returns the signer of a platform with an enabled key.
func newSigner(tb testing.TB) (signer *messagemediatest.Signer, publicKey string) {
	api := messagemediatest.NewServer(tb)
	client := api.Client()
	key, err := client.CreateSignatureKey(tb.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	require.NoError(tb, err)
	_, err = client.EnableSignatureKey(tb.Context(), key.ID)
	require.NoError(tb, err)
	return api.Signer(""), key.PublicKey
}

func newVerifier(tb testing.TB, keys *webhook.KeySet) *webhook.Verifier {
	verifier, err := webhook.NewVerifier(webhook.Signed(keys, webhook.WithMaxAge(time.Hour))) // a slow run signs once
	require.NoError(tb, err)
	return verifier
}

// BenchmarkVerify verifies a body that is not JSON. By hand is the hash and RSA alone. Both
// sides parse it, as VerifyRaw does.
func BenchmarkVerify(b *testing.B) {
	for _, size := range []int{1 << 10, 1 << 20} {
		d := newBenchDelivery(b, bytes.Repeat([]byte("x"), size))
		verifier := newVerifier(b, d.keys)
		b.Run(fmt.Sprintf("bytes=%d/client=hand", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := d.verifyPrepared(); err != nil {
					b.Fatal(err)
				}
				webhook.Parse(d.message.Body)
			}
		})
		b.Run(fmt.Sprintf("bytes=%d/client=sdk", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verifier.VerifyRaw(b.Context(), d.message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkVerifyRequest verifies a request. By hand is a verifier that accepts what the
// platform sends, and checks no more than it must.
func BenchmarkVerifyRequest(b *testing.B) {
	d := newBenchDelivery(b, bytes.Repeat([]byte("x"), 1<<10))
	verifier := newVerifier(b, d.keys)
	for client, verify := range map[string]func(*http.Request) error{
		"hand": d.verifyRequest,
		"sdk": func(r *http.Request) error {
			_, err := verifier.Verify(r)
			return err
		},
	} {
		b.Run("client="+client, func(b *testing.B) {
			r, body := d.request(b.Context())
			b.ReportAllocs()
			for b.Loop() {
				body.Reset(d.message.Body)
				if err := verify(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// verifyPrepared computes the hash and RSA alone, over a prepared head.
func (d *benchDelivery) verifyPrepared() error {
	hash := sha256.New()
	hash.Write(d.head)
	hash.Write(d.message.Body)
	return rsa.VerifyPKCS1v15(d.key, crypto.SHA256, hash.Sum(nil), d.signature)
}

// verifyRequest also finds the headers, decodes the signature, checks the Date and reads the
// body.
func (d *benchDelivery) verifyRequest(r *http.Request) error {
	signature, err := base64.StdEncoding.DecodeString(r.Header.Get("X-MessageMedia-Signature"))
	if err != nil {
		return err
	}
	date := r.Header.Get("Date")
	if signedAt, err := http.ParseTime(date); err != nil || time.Since(signedAt) > time.Hour {
		return errors.New("the Date is invalid or too old")
	}
	key, ok := d.publicKeys[r.Header.Get("X-MessageMedia-Key-Id")]
	if !ok || r.Header.Get("X-MessageMedia-Cipher-Type") != "RSA" || r.Header.Get("X-MessageMedia-Digest-Type") != "SHA256" {
		return errors.New("the key is unknown")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	webhook.Parse(body)
	hash := sha256.New()
	io.WriteString(hash, r.Method+" "+r.RequestURI+" HTTP/1.1"+date)
	hash.Write(body)
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, hash.Sum(nil), signature)
}

// request returns the delivery as a request of an http.Server, and the reader of its body.
func (d *benchDelivery) request(ctx context.Context) (*http.Request, *bytes.Reader) {
	ctx = context.WithValue(ctx, http.ServerContextKey, &http.Server{})
	r := httptest.NewRequestWithContext(ctx, d.message.Method, d.message.Target, nil)
	r.Header, r.ContentLength = d.message.Header, int64(len(d.message.Body))
	body := bytes.NewReader(nil)
	r.Body = io.NopCloser(body)
	return r, body
}

// benchReportJSON is webhook.DeliveryReport for encoding/json, with the same types.
type benchReportJSON struct {
	DeliveryReportID string             `json:"delivery_report_id"`
	MessageID        string             `json:"message_id"`
	AccountID        string             `json:"account_id"`
	VendorID         string             `json:"vendor_id"`
	Format           string             `json:"format"`
	RecipientNumber  string             `json:"source_number"`
	OriginalText     string             `json:"original_text"`
	Status           webhook.Status     `json:"status"`
	StatusCode       webhook.StatusCode `json:"error_code,string"`
	BillingUnits     *float64           `json:"billing_units"`
	SubmittedAt      time.Time          `json:"submitted_date"`
	ReceivedAt       time.Time          `json:"date_received"`
	RetryCount       int                `json:"retry_count"`
	Metadata         map[string]string  `json:"metadata"`
	FieldErrors      map[string]string  `json:"field_errors"`
}

// BenchmarkParse parses a delivery report. Unlike the SDK, encoding/json alone accepts
// duplicate names and names in another case.
func BenchmarkParse(b *testing.B) {
	payload := []byte(benchReport)
	b.Run("client=hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var report benchReportJSON
			if err := json.Unmarshal(payload, &report); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("client=sdk", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := webhook.Parse(payload).(*webhook.DeliveryReport); !ok {
				b.Fatal("the payload was not parsed")
			}
		}
	})
}

// TestBothSidesParseTheSameReport ensures that both sides are comparable.
func TestBothSidesParseTheSameReport(t *testing.T) {
	t.Parallel()
	var report benchReportJSON
	require.NoError(t, json.Unmarshal([]byte(benchReport), &report))
	require.Equal(t, webhook.DeliveryReport(report), *webhook.Parse([]byte(benchReport)).(*webhook.DeliveryReport))
}

// BenchmarkTokenDelivery responds to a delivery report with a token. The hand-written
// handler reads and parses the report without a check.
func BenchmarkTokenDelivery(b *testing.B) {
	const token = "9Zq1vJ0cLxkR5sXw2BtUdA"
	d := newBenchDelivery(b, []byte(benchReport))
	d.message.Header.Set("X-Token", token)
	verifier, err := webhook.NewVerifier(webhook.HeaderToken("X-Token", token))
	require.NoError(b, err)
	b.Run("client=hand", func(b *testing.B) {
		d.handle(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if _, ok := webhook.Parse(body).(*webhook.DeliveryReport); !ok || err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		}))
	})
	b.Run("client=sdk", func(b *testing.B) { d.handle(b, newBenchHandler(b, verifier)) })
}

func newBenchHandler(tb testing.TB, verifier *webhook.Verifier) *webhook.Handler {
	handler, err := webhook.NewHandler(verifier, func(context.Context, *webhook.Delivery) error { return nil },
		webhook.WithDeduplicator(forgetful{}), webhook.WithObserver(func(context.Context, webhook.DeliveryOutcome) {}))
	require.NoError(tb, err)
	return handler
}

// handle calls a handler repeatedly with the delivery, as an http.Server does.
func (d *benchDelivery) handle(b *testing.B, handler http.Handler) {
	r, body := d.request(b.Context())
	b.ReportAllocs()
	for b.Loop() {
		body.Reset(d.message.Body)
		w := &statusWriter{header: http.Header{}}
		if handler.ServeHTTP(w, r); w.status != http.StatusNoContent {
			b.Fatal(w.status)
		}
	}
}

// worstPayloads are the slowest payloads to parse within the body limit of 8 MiB.
var worstPayloads = map[string]func() []byte{
	"nested": func() []byte {
		return []byte(`{"a":` + strings.Repeat("[", 4<<20-5) + strings.Repeat("]", 4<<20-5) + `}`)
	},
	"nested 5000 deep": func() []byte {
		return fill(`{"reply_id":"1"`, `,"x":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000), `}`)
	},
	"empty names":       func() []byte { return fill(`{"reply_id":"1"`, `,"":0`, `}`) },
	"long names":        func() []byte { return fill(`{"reply_id":"1"`, `,"vendor_account_iD":0`, `}`) },
	"metadata":          func() []byte { return fillNumbered(`{"reply_id":"1","metadata":{"a":"b"`, `,"%d":""`, `}}`) },
	"metadata list":     func() []byte { return fillNumbered(`{"reply_id":"1","metadata":[{"key":"a"}`, `,{"key":"%d"}`, `]}`) },
	"empty attachments": func() []byte { return fill(`{"reply_id":"1","attachments":[{}`, `,{}`, `]}`) },
	"null attachments":  func() []byte { return fill(`{"reply_id":"1","attachments":[0`, `,0`, `]}`) },
	"one attachment": func() []byte {
		return []byte(`{"reply_id":"1","attachments":[{"content":"` + strings.Repeat("AAAA", 2<<20-16) + `"}]}`)
	},
	"escapes": func() []byte {
		return []byte(`{"reply_id":"1","content":"` + strings.Repeat(`\u0041`, (8<<20-40)/6) + `"}`)
	},
	"backslashes": func() []byte { return []byte(`{"reply_id":"1","content":"` + strings.Repeat(`\\`, 4<<20-20) + `"}`) },
	"not UTF-8":   func() []byte { return []byte(`{"reply_id":"1","content":"` + strings.Repeat("\xff", 8<<20-40) + `"}`) },
	"white space": func() []byte { return []byte(`{"reply_id":"1"` + strings.Repeat(" ", 8<<20-40) + `}`) },
}

func fill(begin, part, end string) []byte {
	return []byte(begin + strings.Repeat(part, (8<<20-len(begin)-len(end))/len(part)) + end)
}

func fillNumbered(begin, format, end string) []byte {
	payload := []byte(begin)
	for i := 0; len(payload) < 8<<20-40; i++ {
		payload = fmt.Appendf(payload, format, i)
	}
	return append(payload, end...)
}

// BenchmarkParseWorst parses payloads of 8 MiB that an attacker or a sender could create.
// Each should take less than a second.
func BenchmarkParseWorst(b *testing.B) {
	for name, payload := range worstPayloads {
		b.Run("payload="+strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			data := payload()
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				webhook.Parse(data)
			}
		})
	}
}

// forgetful is a Deduplicator that reports every delivery as new.
type forgetful struct{}

func (forgetful) Do(ctx context.Context, _ string, handle func(context.Context) error) (bool, error) {
	return false, handle(ctx)
}

// statusWriter replaces httptest.ResponseRecorder, whose cost would distort the result.
type statusWriter struct {
	header http.Header
	status int
}

func (w *statusWriter) Header() http.Header         { return w.header }
func (w *statusWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *statusWriter) WriteHeader(status int)      { w.status = status }

// BenchmarkSignedDelivery responds to a signed delivery report. The hand-written handler
// verifies and parses the report and does nothing else. The SDK's has a deduplicator and an
// observer.
func BenchmarkSignedDelivery(b *testing.B) {
	d := newBenchDelivery(b, []byte(benchReport))
	for client, handler := range signedHandlers(b, d) {
		b.Run("client="+client, func(b *testing.B) { d.handle(b, handler) })
	}
}

func signedHandlers(tb testing.TB, d *benchDelivery) map[string]http.Handler {
	verifier := newVerifier(tb, d.keys)
	return map[string]http.Handler{
		"hand": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := verifier.Verify(r); err != nil {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		}),
		"sdk": newBenchHandler(tb, verifier),
	}
}

// BenchmarkServer has an http.Server respond to signed delivery reports over loopback, one at a
// time and 16 at a time, with the handlers of BenchmarkSignedDelivery.
func BenchmarkServer(b *testing.B) {
	d := newBenchDelivery(b, []byte(benchReport))
	handlers := signedHandlers(b, d)
	for _, parallel := range []int{1, 16} {
		for _, client := range []string{"hand", "sdk"} {
			b.Run(fmt.Sprintf("parallel=%d/client=%s", parallel, client), func(b *testing.B) {
				server := httptest.NewServer(handlers[client])
				defer server.Close()
				through := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
				defer through.CloseIdleConnections()
				b.ReportAllocs()
				inParallel(b, parallel, func(ctx context.Context) error { return d.send(ctx, through, server.URL) })
			})
		}
	}
}

func (d *benchDelivery) send(ctx context.Context, through *http.Client, server string) error {
	request, err := http.NewRequestWithContext(ctx, d.message.Method, server+d.message.Target, bytes.NewReader(d.message.Body))
	if err != nil {
		return err
	}
	request.Header = d.message.Header
	response, err := through.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		return errors.New(response.Status)
	}
	return nil
}
