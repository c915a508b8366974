package webhook

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// envelope is what a request says of itself before its body is read. All of it
// has been checked but the signature.
type envelope struct {
	method    string
	target    string // as it was signed
	header    http.Header
	key       *Key
	digest    messagemedia.Digest // as the request claims it
	signature []byte
	date      string
	signedAt  time.Time
}

// open checks all that can be checked without the body. The signed text has no
// delimiters, so it is this strictness that makes its parts unambiguous: a
// method is a token, a target has no space, a date has 29 bytes.
func (v *Verifier) open(ctx context.Context, method, target string, header http.Header) (e envelope, err error) {
	if !check.IsToken(method) {
		return e, fmt.Errorf("%w: the method is not a token", ErrMalformed)
	}
	if !isTarget(target) {
		return e, fmt.Errorf("%w: the target is empty, or has white space or control characters in it", ErrMalformed)
	}
	e = envelope{method: method, target: v.signedTarget(target), header: header}
	return e, v.readHeaders(ctx, &e)
}

// isTarget is false for what no HTTP/1.1 request line can carry. A target that
// came over HTTP/2 can have all of it.
func isTarget(s string) bool {
	for i := range len(s) {
		if s[i] <= 0x20 || s[i] == 0x7F {
			return false
		}
	}
	return s != ""
}

// signedTarget is the target that the platform saw.
func (v *Verifier) signedTarget(target string) string {
	if v.publicPath == "" {
		return target
	}
	if query := strings.IndexByte(target, '?'); query >= 0 {
		return v.publicPath + target[query:]
	}
	return v.publicPath
}

// readHeaders fills in what the signature's headers say.
func (v *Verifier) readHeaders(ctx context.Context, e *envelope) error {
	h, err := v.signatureHeaders(e.header)
	if err != nil {
		return err
	}
	if e.signature, err = decodeSignature(h.signature); err != nil {
		return err
	}
	if h.cipher != "RSA" {
		return fmt.Errorf("%w: the cipher is not known", ErrMalformed)
	}
	if e.key, err = v.findKey(ctx, h.keyID); err != nil {
		return err
	}
	e.digest, e.date = messagemedia.Digest(h.digest), h.date
	e.signedAt, err = parseDate(h.date)
	return err
}

type signatureHeaders struct {
	signature, cipher, digest, keyID, date string
}

// signatureHeaders finds the headers, whatever the case of their names. There
// must be exactly one of each: of two, a proxy in front may have taken the other.
func (v *Verifier) signatureHeaders(header http.Header) (h signatureHeaders, err error) {
	names := [...]string{
		"X-Messagemedia-Signature", "X-Messagemedia-Cipher-Type", "X-Messagemedia-Digest-Type", "X-Messagemedia-Key-Id", v.dateHeader,
	}
	var found [len(names)]string
	var counts [len(names)]int
	for name, values := range header {
		for i, wanted := range names {
			if len(name) == len(wanted) && len(values) > 0 && (name == wanted || strings.EqualFold(name, wanted)) {
				found[i], counts[i] = values[0], counts[i]+len(values)
			}
		}
	}
	for i, count := range counts {
		switch {
		case count == 0:
			return h, fmt.Errorf("%w: %s", ErrMissingHeader, names[i])
		case count > 1:
			return h, fmt.Errorf("%w: more than one %s", ErrMalformed, names[i])
		}
	}
	return signatureHeaders{found[0], found[1], found[2], found[3], found[4]}, nil
}

var strictBase64 = base64.StdEncoding.Strict()

// decodeSignature takes exactly one spelling of each signature. The decoder
// itself skips line breaks, even when it is strict: they show in the length.
func decodeSignature(text string) ([]byte, error) {
	signature, err := strictBase64.DecodeString(text)
	if err != nil || len(text) != strictBase64.EncodedLen(len(signature)) {
		return nil, fmt.Errorf("%w: the signature is not base64", ErrMalformed)
	}
	return signature, nil
}

func (v *Verifier) findKey(ctx context.Context, id string) (*Key, error) {
	key, err := v.keys.Key(ctx, id)
	switch {
	case errors.Is(err, ErrUnknownKey):
		return nil, ErrUnknownKey
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrKeySource, err)
	case key == nil || key.publicKey == nil:
		return nil, fmt.Errorf("%w: it returned neither a key of ParseKey nor an error", ErrKeySource)
	}
	return key, v.checkKeySize(key)
}

func (v *Verifier) checkKeySize(key *Key) error {
	if bits := key.publicKey.N.BitLen(); bits < v.minKeyBits {
		return fmt.Errorf("%w: %d bits, the verifier wants %d", ErrWeakKey, bits, v.minKeyBits)
	}
	return nil
}

// parseDate takes an IMF-fixdate, which has one spelling for each second. It looks
// where "Mon, 02 Jan 2006 15:04:05 GMT" has its parts: what is something else
// there does not format back to itself. time.Parse is slower, and more generous.
func parseDate(text string) (time.Time, error) {
	if len(text) == len(http.TimeFormat) {
		month := time.Month(1 + strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", text[8:11])/3)
		date := time.Date(number(text[12:16]), month, number(text[5:7]), number(text[17:19]), number(text[20:22]), number(text[23:25]), 0, time.UTC)
		var again [len(http.TimeFormat)]byte
		if string(date.AppendFormat(again[:0], http.TimeFormat)) == text {
			return date, nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: the date is not an HTTP date", ErrMalformed)
}

// number is 0 for what is none.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// checkSignature checks the signature over the request line, the Date and the
// body. The line says HTTP/1.1 whatever the request came over: the platform
// speaks that, a proxy in between perhaps not.
func (e *envelope) checkSignature(body []byte) error {
	if claimed, ok := hashOf(e.digest); !ok || claimed != e.key.hash {
		return ErrDigestMismatch
	}
	hash := e.key.hash.New()
	hash.Write([]byte(e.method + " " + e.target + " HTTP/1.1" + e.date))
	hash.Write(body)
	if rsa.VerifyPKCS1v15(e.key.publicKey, e.key.hash, hash.Sum(nil), e.signature) != nil {
		return ErrBadSignature
	}
	return nil
}
