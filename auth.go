package messagemedia

import (
	"crypto/fips140"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// Authenticator adds credentials to a request. [BasicAuth] and [HMACAuth] return one. Write
// your own to fetch credentials, or for another scheme.
//
// Authenticate is called for every attempt, concurrently. The URL, header and body of the
// request are final, its context is derived from that of the call, and GetBody is set if
// there is a body. If Authenticate returns an error, the call ends with that error.
//
// If an Authenticator signs the HTTP version, as one that wraps HMACAuth does, it must also
// have a method RequiresHTTP1() bool that returns true. The client then only speaks
// HTTP/1.1.
type Authenticator interface {
	Authenticate(*http.Request) error
}

// BasicAuth authenticates with the API key and secret in the Authorization
// header. If key or secret is invalid, [NewClient] returns an error.
func BasicAuth(key, secret string) Authenticator {
	header := "Basic " + base64.StdEncoding.EncodeToString([]byte(key+":"+secret))
	return &credentials{
		err: errors.Join(checkKey(key, ":"), checkSecret(secret)),
		authenticate: func(r *http.Request) error {
			r.Header.Set("Authorization", header)
			return nil
		},
	}
}

// HMACAuth signs each attempt with the API secret, by default with HMAC-SHA256. The secret
// is never sent. If key, secret or an option is invalid, [NewClient] returns an error.
//
// A signature is valid for about 300 seconds by the platform's clock. It covers the date,
// the body, the method, the path with its query, and the HTTP version. Therefore:
//
//   - The local clock must be correct. If the API responds 401, the error contains the
//     clock skew.
//   - Requests use HTTP/1.1, even if TLS would negotiate HTTP/2.
//   - A proxy in front of the API must not change the path. If the base URL has a path
//     prefix, the platform must receive it.
//
// Under GODEBUG=fips140=only, [NewClient] returns an error if the secret has fewer than 14
// bytes or if [WithHMACSHA1] is given. The MD5 of the body is computed outside of the
// enforcement, since it is a checksum that the HMAC covers.
func HMACAuth(key, secret string, options ...HMACOption) Authenticator {
	signer := hmacSigner{key: key, secret: []byte(secret), algorithm: "hmac-sha256", hash: sha256.New, digestHeader: "Content-MD5"}
	var errs []error
	for i, option := range options {
		if option == nil {
			errs = append(errs, fmt.Errorf("HMACAuth: option %d is nil", i+1))
			continue
		}
		option(&signer)
	}
	signer.digestKey = http.CanonicalHeaderKey(signer.digestHeader)
	signer.bodyNames = "Date " + signer.digestHeader + " request-line"
	err := errors.Join(append(errs, checkKey(key, `"`), checkSecret(secret), signer.check())...)
	return &credentials{err: err, authenticate: signer.authenticate, http1: true}
}

// HMACOption changes how [HMACAuth] signs.
type HMACOption func(*hmacSigner)

// WithHMACSHA1 signs with HMAC-SHA1, which some older accounts need.
func WithHMACSHA1() HMACOption {
	return func(s *hmacSigner) { s.algorithm, s.hash = algorithmSHA1, sha1.New }
}

// WithMD5Header sets the name of the header with the body's MD5. The default is Content-MD5,
// which some proxies drop. The vendor's older SDKs use x-Content-MD5.
func WithMD5Header(name string) HMACOption {
	return func(s *hmacSigner) { s.digestHeader = name }
}

// credentials keep key and secret in a closure: fmt, reflection and test diffs
// show the fields of a struct, and call no method that could hide them.
type credentials struct {
	authenticate func(*http.Request) error
	http1        bool
	err          error // all problems of the credentials; it quotes none of them
}

func (c *credentials) Authenticate(r *http.Request) error {
	if c.err != nil {
		return c.err
	}
	return c.authenticate(r)
}

func (c *credentials) RequiresHTTP1() bool { return c.http1 }

// checkKey rejects an API key that contains a delimiter of its header.
func checkKey(key, forbidden string) error {
	if strings.ContainsAny(key, forbidden) {
		return fmt.Errorf("the API key contains a %s, which is not allowed in its header", forbidden)
	}
	return checkCredential("the API key", key)
}

func checkSecret(secret string) error { return checkCredential("the API secret", secret) }

// checkCredential rejects an empty value, and characters that were copied by accident.
func checkCredential(name, value string) error {
	switch {
	case value == "":
		return errors.New(name + " is empty")
	case strings.TrimSpace(value) != value:
		return errors.New(name + " begins or ends with white space")
	case strings.ContainsFunc(value, isInvisible):
		return errors.New(name + " contains a control or invisible character, such as a byte order mark")
	}
	return nil
}

// hmacSigner signs requests as Kong's hmac-auth plugin, version 1, expects it.
type hmacSigner struct {
	key          string
	secret       []byte
	algorithm    string
	hash         func() hash.Hash
	digestHeader string // the name that is signed
	digestKey    string // its canonical form, the key in http.Header
	bodyNames    string // the signed names, for a request with a body
}

const (
	// minFIPSKeyBytes is the minimum length of an HMAC key under fips140=only: 112 bits.
	minFIPSKeyBytes = 112 / 8
	algorithmSHA1   = "hmac-sha1"
)

// check returns an error for invalid options, and for those that panic under fips140=only.
func (s *hmacSigner) check() error {
	enforced := fips140.Enforced()
	return errors.Join(
		check.That(check.IsToken(s.digestHeader), "WithMD5Header: %.100q is not a header name; the platform accepts Content-MD5 and x-Content-MD5", s.digestHeader),
		check.That(!enforced || s.algorithm != algorithmSHA1, "WithHMACSHA1: SHA-1 is not allowed under GODEBUG=fips140=only"),
		check.That(!enforced || len(s.secret) == 0 || len(s.secret) >= minFIPSKeyBytes, "the API secret must have at least %d bytes under GODEBUG=fips140=only", minFIPSKeyBytes),
	)
}

// authenticate sets the signed headers and the signature. The signed text has a line for
// each of these headers, followed by the request line.
func (s *hmacSigner) authenticate(r *http.Request) error {
	date := time.Now().UTC().Format(http.TimeFormat)
	r.Header.Set("Date", date)
	names, digestLine := "Date request-line", ""
	if r.Body != nil && r.Body != http.NoBody {
		digest, err := bodyMD5(r)
		if err != nil {
			return err
		}
		r.Header[s.digestKey] = []string{digest}
		names, digestLine = s.bodyNames, s.digestHeader+": "+digest+"\n"
	}
	mac := hmac.New(s.hash, s.secret)
	io.WriteString(mac, "Date: "+date+"\n"+digestLine+r.Method+" "+r.URL.RequestURI()+" HTTP/1.1")
	signature := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	r.Header.Set("Authorization", `hmac username="`+s.key+`", algorithm="`+s.algorithm+
		`", headers="`+names+`", signature="`+signature+`"`)
	return nil
}

// bodyMD5 reads a copy of the body, since the request's own is sent later.
func bodyMD5(r *http.Request) (digest string, err error) {
	if r.GetBody == nil {
		return "", errors.New("sign the body: the request has no GetBody")
	}
	body, err := r.GetBody()
	if err != nil {
		return "", err
	}
	defer body.Close()
	fips140.WithoutEnforcement(func() {
		sum := md5.New()
		if _, err = io.Copy(sum, body); err == nil {
			digest = hex.EncodeToString(sum.Sum(nil))
		}
	})
	return digest, err
}
