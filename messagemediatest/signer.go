package messagemediatest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // of SHA224 and SHA256
	_ "crypto/sha512" // of SHA512
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// Signer signs requests as the platform signs deliveries, for tests of an
// endpoint that verifies them.
type Signer struct {
	id      string
	digest  messagemedia.Digest
	private *rsa.PrivateKey
}

// NewSigner makes a signer with a key of its own, of 2048 bits, for SHA256. A test
// that needs another kind creates one at a [Server], and calls [Server.Signer].
func NewSigner(tb testing.TB) *Signer {
	tb.Helper()
	signer, err := newSigner(messagemedia.DigestSHA256, defaultKeyBits)
	if err != nil {
		tb.Fatal(err)
	}
	return signer
}

// Signer signs with the key that an account has enabled. The empty name stands
// for the account that the credentials belong to. It is nil when no key is enabled.
func (s *Server) Signer(account string) *Signer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key := s.account(account).enabledKey(); key != nil {
		return key.signer
	}
	return nil
}

func newSigner(digest messagemedia.Digest, bits int) (*Signer, error) {
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, fmt.Errorf("messagemediatest: %w", err)
	}
	return &Signer{id: newUUID(), digest: digest, private: private}, nil
}

// Key is what a verifier needs to accept the signer's requests.
func (s *Signer) Key() *webhook.Key {
	key, err := webhook.ParseKey(s.id, s.digest, s.publicKey())
	if err != nil {
		panic(err) // the key is made here
	}
	return key
}

// publicKey is the form in which the API gives it.
func (s *Signer) publicKey() string {
	der, err := x509.MarshalPKIXPublicKey(&s.private.PublicKey)
	if err != nil {
		panic(err) // an RSA key can always be marshalled
	}
	return base64.StdEncoding.EncodeToString(der)
}

// Sign adds a signature over the request's method, target, Date and body, and the
// headers that go with it. A Date that is set already stays, so that a test can
// send an old delivery. What is changed afterwards makes the signature wrong. The
// error is that of reading the body.
func (s *Signer) Sign(r *http.Request) error {
	body, err := takeBody(r)
	if err != nil {
		return fmt.Errorf("messagemediatest: sign: %w", err)
	}
	if r.Header.Get("Date") == "" {
		r.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	hash := map[messagemedia.Digest]crypto.Hash{
		messagemedia.DigestSHA224: crypto.SHA224,
		messagemedia.DigestSHA256: crypto.SHA256,
		messagemedia.DigestSHA512: crypto.SHA512,
	}[s.digest]
	text := hash.New()
	io.WriteString(text, r.Method+" "+target(r)+" HTTP/1.1"+r.Header.Get("Date"))
	text.Write(body)
	signature, err := rsa.SignPKCS1v15(nil, s.private, hash, text.Sum(nil))
	if err != nil {
		return fmt.Errorf("messagemediatest: sign: %w", err)
	}
	r.Header.Set("X-MessageMedia-Signature", base64.StdEncoding.EncodeToString(signature))
	r.Header.Set("X-MessageMedia-Digest-Type", string(s.digest))
	r.Header.Set("X-MessageMedia-Cipher-Type", string(messagemedia.CipherRSA))
	r.Header.Set("X-MessageMedia-Key-Id", s.id)
	return nil
}

// target is that of a request that came in, or of one that is to be sent.
func target(r *http.Request) string {
	if r.RequestURI != "" {
		return r.RequestURI
	}
	return r.URL.RequestURI()
}

// takeBody reads the body and puts it back.
func takeBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}
