package webhook

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of SHA224 and SHA256
	_ "crypto/sha512" // the hash of SHA512
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"sync"

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

// ParseKey reads a signature key as the API returned it when it was created:
// its ID, its digest and its public key. The public key is an RSA
// SubjectPublicKeyInfo, as base64 of DER or as PEM, with or without white space
// around it. The digest must be one of SHA224, SHA256 and SHA512.
func ParseKey(id string, digest messagemedia.Digest, publicKey string) (*Key, error) {
	if id == "" || id != strings.TrimSpace(id) {
		return nil, fmt.Errorf("webhook: key: the ID %q is empty, or has white space around it, want the key_id that the API returned", id)
	}
	hash, ok := hashOf(digest)
	if !ok {
		return nil, fmt.Errorf("webhook: key: digest %q, want SHA224, SHA256 or SHA512", digest)
	}
	public, err := parsePublicKey(strings.TrimSpace(publicKey))
	if err != nil {
		return nil, fmt.Errorf("webhook: key: %w", err)
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
		return nil, fmt.Errorf("the public key is not a SubjectPublicKeyInfo: %w", err)
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the public key is a %T, want an RSA key", parsed)
	}
	return public, tryPublicKey(public)
}

func decodePublicKey(text string) ([]byte, error) {
	switch {
	case text == "":
		return nil, errors.New("the public key is empty, want base64 of DER, or PEM")
	case strings.HasPrefix(text, "-----BEGIN"):
		return decodePEM([]byte(text))
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("the public key is neither base64 of DER nor PEM")
	}
	return der, nil
}

func decodePEM(text []byte) ([]byte, error) {
	block, rest := pem.Decode(text)
	switch {
	case block == nil:
		return nil, errors.New("the public key is a broken PEM block")
	case block.Type != "PUBLIC KEY":
		return nil, fmt.Errorf("the PEM block is a %s, want a PUBLIC KEY", block.Type)
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("something follows the PEM block, want one PUBLIC KEY alone")
	}
	return block.Bytes, nil
}

// tryPublicKey verifies a signature of zeros, so that a key that can never
// verify anything (too small, an impossible exponent) is refused where it is
// read and not at the first delivery.
func tryPublicKey(key *rsa.PublicKey) error {
	err := rsa.VerifyPKCS1v15(key, crypto.SHA256, make([]byte, crypto.SHA256.Size()), make([]byte, key.Size()))
	if errors.Is(err, rsa.ErrVerification) {
		return nil
	}
	return fmt.Errorf("the public key can't verify signatures: %w", err)
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

// KeySource finds the key that a delivery names. It is called for each delivery,
// with an ID that anyone can have sent, so a source over a database wants a cache.
type KeySource interface {
	// Key returns the key with this ID. An error that matches [ErrUnknownKey] means
	// that there is none, and the delivery is refused. Any other error means that
	// the source failed: [Verifier.Verify] then returns an error that matches
	// [ErrKeySource], and the handler has the platform try again.
	Key(ctx context.Context, id string) (*Key, error)
}

// KeySet is a [KeySource] in memory. It is safe for concurrent use, also while
// keys are added and removed. The zero value is an empty set.
type KeySet struct {
	mu   sync.RWMutex
	keys map[string]*Key
}

// NewKeySet returns a set of these keys. It panics as [KeySet.Add] does.
func NewKeySet(keys ...*Key) *KeySet {
	set := new(KeySet)
	for _, key := range keys {
		set.Add(key)
	}
	return set
}

// Add puts a key into the set, in place of one with the same ID. It panics when
// the key is nil, or not one that [ParseKey] returned.
func (s *KeySet) Add(key *Key) {
	if key == nil || key.publicKey == nil {
		panic("webhook: KeySet.Add: the key is not one of ParseKey")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = make(map[string]*Key)
	}
	s.keys[key.id] = key
}

// Remove takes the key with this ID out of the set, if it is there. Deliveries
// that it signed are refused from then on.
func (s *KeySet) Remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, id)
}

// Key returns the key with this ID, or [ErrUnknownKey].
func (s *KeySet) Key(_ context.Context, id string) (*Key, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if key, ok := s.keys[id]; ok {
		return key, nil
	}
	return nil, ErrUnknownKey
}
