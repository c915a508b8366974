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

// Authenticator adds credentials to a request. [BasicAuth] and [HMACAuth] make
// one; write your own to change what is sent, or to fetch credentials.
//
// Authenticate is called for every attempt, from several goroutines at once. The
// request is final: its URL, header and body will go out as they are, its
// context is that of the call, and GetBody is set when there is a body. An error
// ends the call.
//
// An Authenticator that signs the HTTP version must also have the method
// RequiresHTTP1() bool and return true from it; one that wraps HMACAuth is such.
// The client then speaks HTTP/1.1 only.
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

// HMACAuth signs each attempt with the API secret, by HMAC-SHA256 unless an
// option says otherwise. The secret itself is never sent. If key, secret or an option is
// invalid, [NewClient] returns an error.
//
// The signature holds for about 300 seconds by the gateway's clock, and covers
// the date, the body, the method, the path with its query, and the HTTP version:
//
//   - the local clock must be right; an error 401 says how far it is off,
//   - requests go over HTTP/1.1, also where TLS would negotiate HTTP/2,
//   - a proxy in front of the API must pass the path on as it is. Behind a path
//     prefix, HMAC works only if the gateway sees the prefix, too.
//
// Under GODEBUG=fips140=only, a secret must have at least 14 bytes, and WithHMACSHA1 is an
// error of [NewClient]. The scheme's MD5 of the body is computed outside of the
// enforcement: it is a checksum, which the HMAC covers.
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

// WithHMACSHA1 signs by HMAC-SHA1, as some older accounts need.
func WithHMACSHA1() HMACOption {
	return func(s *hmacSigner) { s.algorithm, s.hash = algorithmSHA1, sha1.New }
}

// WithMD5Header sends the body's MD5 under another name than Content-MD5,
// which some proxies drop. The vendor's older SDKs use x-Content-MD5.
func WithMD5Header(name string) HMACOption {
	return func(s *hmacSigner) { s.digestHeader = name }
}

// credentials keep key and secret in a closure: fmt, reflection and test diffs
// show the fields of a struct, and call no method that could hide them.
type credentials struct {
	authenticate func(*http.Request) error
	http1        bool
	err          error // what is wrong with the credentials, without a word of them
}

func (c *credentials) Authenticate(r *http.Request) error {
	if c.err != nil {
		return c.err
	}
	return c.authenticate(r)
}

func (c *credentials) RequiresHTTP1() bool { return c.http1 }

// checkKey refuses an API key that its header can't carry.
func checkKey(key, forbidden string) error {
	if strings.ContainsAny(key, forbidden) {
		return fmt.Errorf("the API key contains a %s, which its header can't carry", forbidden)
	}
	return checkCredential("the API key", key)
}

func checkSecret(secret string) error { return checkCredential("the API secret", secret) }

// checkCredential refuses what came along when a value was copied.
func checkCredential(name, value string) error {
	switch {
	case value == "":
		return errors.New(name + " is empty")
	case strings.TrimSpace(value) != value:
		return errors.New(name + " begins or ends with white space")
	case strings.ContainsFunc(value, isInvisible):
		return errors.New(name + " contains a control character or one that does not show, such as a byte order mark")
	}
	return nil
}

// hmacSigner makes the signatures of Kong's hmac-auth, version 1.
type hmacSigner struct {
	key          string
	secret       []byte
	algorithm    string
	hash         func() hash.Hash
	digestHeader string // as it is signed
	digestKey    string // the same, as http.Header has it
	bodyNames    string // what is signed of a request with a body
}

const (
	// minFIPSKeyBytes is the least length of a key for HMAC under fips140=only: 112 bits.
	minFIPSKeyBytes = 112 / 8
	algorithmSHA1   = "hmac-sha1"
)

// check reports what is wrong with the options, and what would panic under fips140=only.
func (s *hmacSigner) check() error {
	enforced := fips140.Enforced()
	return errors.Join(
		check.That(check.IsToken(s.digestHeader), "WithMD5Header: %.100q is not the name of a header; the gateway knows Content-MD5 and x-Content-MD5", s.digestHeader),
		check.That(!enforced || s.algorithm != algorithmSHA1, "WithHMACSHA1: SHA-1 is not allowed under GODEBUG=fips140=only"),
		check.That(!enforced || len(s.secret) == 0 || len(s.secret) >= minFIPSKeyBytes, "the API secret must have at least %d bytes under GODEBUG=fips140=only", minFIPSKeyBytes),
	)
}

// authenticate sets the headers that are signed, and the signature. The signed
// text has a line for each of them, and one for the request line.
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

// bodyMD5 digests a copy of the body: the one in the request is yet to be sent.
func bodyMD5(r *http.Request) (digest string, err error) {
	if r.GetBody == nil {
		return "", errors.New("the body can't be signed: the request has no GetBody")
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
