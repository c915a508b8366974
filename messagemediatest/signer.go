package messagemediatest

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // registers SHA224 and SHA256
	_ "crypto/sha512" // registers SHA512
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// Signer signs requests like the platform signs deliveries, for tests of a receiver.
// [NewSigner] and [Server.Signer] return one. It is safe for concurrent use.
type Signer struct {
	id      string
	digest  messagemedia.Digest
	private *rsa.PrivateKey
}

// NewSigner creates a signer with a new RSA key of 2048 bits for SHA256. For another size
// or digest, create a key in a [Server] and call [Server.Signer].
func NewSigner(tb testing.TB) *Signer {
	tb.Helper()
	private, err := generateKey(defaultKeyBits)
	if err != nil {
		tb.Fatal(err)
	}
	return &Signer{id: newUUID(), digest: messagemedia.DigestSHA256, private: private}
}

// Signer returns a signer for the enabled key of an account, or nil if no key is enabled.
// If account is empty, it is the account that the credentials belong to.
func (s *Server) Signer(account string) *Signer {
	keys := s.state(account, 0).keys
	if i := findEnabledKey(keys); i >= 0 {
		return keys[i].signer
	}
	return nil
}

// Key returns the public key that verifies the signer's requests. If s is nil, Key returns
// nil.
func (s *Signer) Key() *webhook.Key {
	if s == nil {
		return nil
	}
	key, err := webhook.ParseKey(s.id, s.digest, s.publicKey())
	if err != nil {
		panic(err) // the key was generated here
	}
	return key
}

// publicKey returns the public key in the API's format.
func (s *Signer) publicKey() string {
	der, err := x509.MarshalPKIXPublicKey(&s.private.PublicKey)
	if err != nil {
		panic(err) // an RSA key can always be marshalled
	}
	return base64.StdEncoding.EncodeToString(der)
}

// signatureHeaders are the headers that Sign sets.
var signatureHeaders = [...]string{
	"Date", "X-MessageMedia-Signature", "X-MessageMedia-Digest-Type", "X-MessageMedia-Cipher-Type", "X-MessageMedia-Key-Id",
}

// Sign adds a signature to a request. The signature covers the method, the request
// target, the Date and the body, so changing one of them invalidates it. Sign sets the
// headers of the signature and, if it is unset, the Date. A test that needs an old
// delivery sets the Date before.
//
// Sign returns an error if s is nil, the request is nil or has no URL, or its body can't
// be read.
func (s *Signer) Sign(r *http.Request) error {
	if s == nil {
		return errors.New("messagemediatest: sign: signer must not be nil; no key is enabled")
	}
	if r == nil || r.URL == nil && r.RequestURI == "" {
		return errors.New("messagemediatest: sign: request must not be nil, and must have a URL")
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
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

// target returns the request target of a received request or of an outgoing one.
func target(r *http.Request) string {
	if r.RequestURI != "" {
		return r.RequestURI
	}
	return r.URL.RequestURI()
}

// takeBody reads the body and replaces it with a copy.
func takeBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}
