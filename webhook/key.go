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

// The digests that a signature key can have, under this package's name.
const (
	SHA224 = messagemedia.DigestSHA224
	SHA256 = messagemedia.DigestSHA256
	SHA512 = messagemedia.DigestSHA512
)

// Key is the public half of a signature key: what deliveries are verified with.
// It is immutable. [ParseKey] makes one.
type Key struct {
	id        string
	hash      crypto.Hash
	publicKey *rsa.PublicKey
}

// ID is the ID that the platform gave the key.
func (k *Key) ID() string { return k.id }

// ParseKey reads a signature key as the API returned it when it was created: its ID, its
// digest and its public key. The digest must be SHA224, SHA256 or SHA512. The public key
// is an RSA SubjectPublicKeyInfo, as base64 of DER or as PEM.
//
// A text that was damaged on its way through an environment variable or a file is
// accepted if it can have one meaning only: with quotes around it, with line breaks
// that are missing, spaces, CR LF or the two characters \n. Otherwise the error names the
// damage. It never shows the text.
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

// tryPublicKey verifies a signature of zeros, so that a key that can never
// verify anything (too small, an impossible exponent) is refused where it is
// read and not at the first delivery.
func tryPublicKey(key *rsa.PublicKey) error {
	err := rsa.VerifyPKCS1v15(key, crypto.SHA256, make([]byte, crypto.SHA256.Size()), make([]byte, key.Size()))
	if errors.Is(err, rsa.ErrVerification) {
		return nil
	}
	return fmt.Errorf("can't verify signatures: %w", err)
}

// hashOf is the hash that a digest names. Deliveries write some digests with a
// hyphen, as in SHA-512.
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
