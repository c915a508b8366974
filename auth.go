package messagemedia

import (
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
	"unicode"

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
// header. A key or secret that can't be right is an error of [NewClient].
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
// option says otherwise. The secret itself is never sent. A key or secret that
// can't be right is an error of [NewClient].
//
// The signature holds for about 300 seconds by the gateway's clock, and covers
// the date, the body, the method, the path with its query, and the HTTP version:
//
//   - the local clock must be right; an error 401 says how far it is off,
//   - requests go over HTTP/1.1, also where TLS would negotiate HTTP/2,
//   - a proxy in front of the API must pass the path on as it is. Behind a path
//     prefix, HMAC works only if the gateway sees the prefix, too.
func HMACAuth(key, secret string, options ...HMACOption) Authenticator {
	signer := hmacSigner{key: key, secret: []byte(secret), algorithm: "hmac-sha256", hash: sha256.New, digestHeader: "Content-MD5"}
	for _, option := range options {
		option(&signer)
	}
	signer.digestKey = http.CanonicalHeaderKey(signer.digestHeader)
	signer.bodyNames = "Date " + signer.digestHeader + " request-line"
	err := errors.Join(checkKey(key, `"`), checkSecret(secret))
	if !check.IsToken(signer.digestHeader) {
		err = errors.Join(err, fmt.Errorf("WithMD5Header: %q is not the name of a header; the gateway knows Content-MD5 and x-Content-MD5", signer.digestHeader))
	}
	return &credentials{err: err, authenticate: signer.authenticate, http1: true}
}

// HMACOption changes how [HMACAuth] signs.
type HMACOption func(*hmacSigner)

// WithHMACSHA1 signs by HMAC-SHA1, as some older accounts need.
func WithHMACSHA1() HMACOption {
	return func(s *hmacSigner) { s.algorithm, s.hash = "hmac-sha1", sha1.New }
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
	switch {
	case key == "":
		return errors.New("the API key is empty")
	case strings.TrimSpace(key) != key:
		return errors.New("the API key begins or ends with white space")
	case strings.ContainsAny(key, forbidden) || strings.ContainsFunc(key, unicode.IsControl):
		return fmt.Errorf("the API key has a control character or a %s, which its header can't carry", forbidden)
	}
	return nil
}

func checkSecret(secret string) error {
	switch {
	case secret == "":
		return errors.New("the API secret is empty")
	case strings.TrimSpace(secret) != secret:
		return errors.New("the API secret begins or ends with white space")
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
func bodyMD5(r *http.Request) (string, error) {
	if r.GetBody == nil {
		return "", errors.New("the body can't be signed: the request has no GetBody")
	}
	body, err := r.GetBody()
	if err != nil {
		return "", err
	}
	defer body.Close()
	digest := md5.New()
	if _, err := io.Copy(digest, body); err != nil {
		return "", err
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}
