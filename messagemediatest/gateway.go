package messagemediatest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// maxClockSkew is the largest difference between the Date of a signed request and this
// clock.
const maxClockSkew = 300 * time.Second

// requestLine represents the request line in the list of signed headers.
const requestLine = "request-line"

// authorized reports whether the gateway would accept the request's credentials.
func (s *Server) authorized(r *http.Request, body []byte) bool {
	if len(r.Header.Values("Authorization")) != 1 {
		return false
	}
	if key, secret, ok := r.BasicAuth(); ok {
		return key == s.key && secret == s.secret
	}
	signature, ok := parseHMAC(r.Header.Get("Authorization"))
	return ok && signature.username == s.key &&
		signature.coversRequest() && dateInRange(r) && signature.coversBody(r, body) &&
		signature.verify(r, s.secret)
}

// dateInRange reports whether the Date is within maxClockSkew.
func dateInRange(r *http.Request) bool {
	date, err := time.Parse(http.TimeFormat, r.Header.Get("Date"))
	return err == nil && time.Since(date).Abs() <= maxClockSkew
}

// hmacSignature is an Authorization header of Kong's hmac-auth scheme.
type hmacSignature struct {
	username, algorithm, signature string

	headers []string // the names of the signed headers, in order
}

var hmacPattern = regexp.MustCompile(`^hmac username="([^"]*)", *algorithm="([^"]*)", *headers="([^"]*)", *signature="([^"]*)"$`)

func parseHMAC(header string) (hmacSignature, bool) {
	parts := hmacPattern.FindStringSubmatch(header)
	if parts == nil {
		return hmacSignature{}, false
	}
	return hmacSignature{username: parts[1], algorithm: parts[2], headers: strings.Fields(parts[3]), signature: parts[4]}, true
}

// coversRequest reports whether the signature covers the Date and the request line, so
// that it is not valid for another request or at another time.
func (h hmacSignature) coversRequest() bool {
	return h.signs("date") && slices.Contains(h.headers, requestLine)
}

func (h hmacSignature) signs(header string) bool {
	return slices.ContainsFunc(h.headers, func(name string) bool { return strings.EqualFold(name, header) })
}

// coversBody reports whether each signed digest matches the body. A body needs at least
// one signed digest.
func (h hmacSignature) coversBody(r *http.Request, body []byte) bool {
	sum := md5.Sum(body)
	covered := len(body) == 0
	for _, name := range []string{"Content-MD5", "x-Content-MD5"} {
		if !h.signs(name) {
			continue
		}
		if r.Header.Get(name) != hex.EncodeToString(sum[:]) {
			return false
		}
		covered = true
	}
	return covered
}

// verify reports whether the signature matches the request as received. The signed text
// has header names in the spelling of the list, and the actual HTTP version.
func (h hmacSignature) verify(r *http.Request, secret string) bool {
	algorithms := map[string]func() hash.Hash{"hmac-sha1": sha1.New, "hmac-sha256": sha256.New}
	algorithm, known := algorithms[h.algorithm]
	if !known {
		return false
	}
	var lines []string
	for _, name := range h.headers {
		if name == requestLine {
			lines = append(lines, r.Method+" "+r.RequestURI+" "+r.Proto)
		} else {
			lines = append(lines, name+": "+r.Header.Get(name))
		}
	}
	mac := hmac.New(algorithm, []byte(secret))
	mac.Write([]byte(strings.Join(lines, "\n")))
	signature, err := base64.StdEncoding.DecodeString(h.signature)
	return err == nil && hmac.Equal(signature, mac.Sum(nil))
}
