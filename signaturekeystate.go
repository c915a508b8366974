package messagemedia

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// keyState contains the keys of the account and of the store.
type keyState struct {
	keys    []*SignatureKey
	enabled *SignatureKey // one of keys, or nil
	stored  map[string]StoredKey
}

func (s *keyState) isStored(id string) bool {
	_, stored := s.stored[id]
	return stored
}

func (s *keyState) enabledIsStored() bool { return s.enabled != nil && s.isStored(s.enabled.ID) }

// storedIDs returns the IDs in a fixed order, so that runs are reproducible.
func (s *keyState) storedIDs() []string { return slices.Sorted(maps.Keys(s.stored)) }

func (s *keyState) isEnabled(id string) bool { return s.enabled != nil && s.enabled.ID == id }

func (s *keyState) has(id string) bool {
	return slices.ContainsFunc(s.keys, func(k *SignatureKey) bool { return k.ID == id })
}

// checkPublicKey returns an error if a public key cannot verify signatures.
func checkPublicKey(text string) error {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return errors.New("the public key is not base64")
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return fmt.Errorf("the public key is not a SubjectPublicKeyInfo: %w", err)
	}
	if _, ok := key.(*rsa.PublicKey); !ok {
		return fmt.Errorf("the public key is a %T, not an RSA key", key)
	}
	return nil
}
