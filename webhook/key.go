package webhook

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of SHA224 and SHA256
	_ "crypto/sha512" // the hash of SHA512
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// The digests of a signature key, from package messagemedia.
const (
	SHA224 = messagemedia.DigestSHA224
	SHA256 = messagemedia.DigestSHA256
	SHA512 = messagemedia.DigestSHA512
)

// Key is the public key of a signature key. It verifies the signatures of deliveries. It is
// immutable. [ParseKey] returns one.
type Key struct {
	id        string
	hash      crypto.Hash
	publicKey *rsa.PublicKey
}

// ID returns the ID that the platform assigned to the key.
func (k *Key) ID() string { return k.id }

// ParseKey parses a signature key from the ID, the digest and the public key that the API
// returned when it created the key. The digest must be SHA224, SHA256 or SHA512. The public
// key is an RSA SubjectPublicKeyInfo, as base64 of DER or as PEM.
//
// Environment variables and files often change a key. ParseKey accepts changes that leave
// the key unambiguous: quotes around the text, and line breaks that are missing, or that
// became spaces, CR LF or the two characters \n. For other changes, the error describes
// the problem. It never contains the text.
func ParseKey(id string, digest messagemedia.Digest, publicKey string) (*Key, error) {
	if id == "" || id != strings.TrimSpace(id) {
		return nil, fmt.Errorf("webhook: ParseKey: ID must be the key_id that the API returned, without white space around it, got %q", id)
	}
	hash, ok := hashOf(digest)
	if !ok {
		return nil, fmt.Errorf("webhook: ParseKey: digest must be SHA224, SHA256 or SHA512, got %q", digest)
	}
	public, err := parsePublicKey(publicKey)
	if err != nil {
		return nil, fmt.Errorf("webhook: ParseKey: public key: %w", err)
	}
	return &Key{id: id, hash: hash, publicKey: public}, nil
}

func parsePublicKey(text string) (*rsa.PublicKey, error) {
	der, err := decodePublicKey(text)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("not a SubjectPublicKeyInfo: %w", err)
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("must be an RSA key, got a %T", parsed)
	}
	return public, tryPublicKey(public)
}

// tryPublicKey verifies a signature of zeros, so that ParseKey rejects a key that cannot
// verify any signature, such as one that is too small or has an impossible exponent.
func tryPublicKey(key *rsa.PublicKey) error {
	err := rsa.VerifyPKCS1v15(key, crypto.SHA256, make([]byte, crypto.SHA256.Size()), make([]byte, key.Size()))
	if errors.Is(err, rsa.ErrVerification) {
		return nil
	}
	return fmt.Errorf("can't verify signatures: %w", err)
}

// hashOf returns the hash that a digest names. A delivery may name a digest with a hyphen,
// as in SHA-512.
func hashOf(digest messagemedia.Digest) (crypto.Hash, bool) {
	switch digest {
	case SHA224, "SHA-224":
		return crypto.SHA224, true
	case SHA256, "SHA-256":
		return crypto.SHA256, true
	case SHA512, "SHA-512":
		return crypto.SHA512, true
	}
	return 0, false
}

func (k *Key) checkSize(minBits int) error {
	if bits := k.publicKey.N.BitLen(); bits < minBits {
		return fmt.Errorf("%w: must have at least %d bits, got %d", ErrWeakKey, minBits, bits)
	}
	return nil
}
