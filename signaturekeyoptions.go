package messagemedia

import (
	"fmt"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// SignatureKeyOption configures [Client.SyncSignatureKey] and
// [Client.RotateSignatureKey], which return an error if a value is invalid.
type SignatureKeyOption func(*keySettings)

// keySettings collect the options.
type keySettings struct {
	digest     Digest
	takeOver   bool
	leftBehind bool // delete keys left behind
	violations violations
}

// SignatureKeyDigest sets the digest of new keys: [DigestSHA224], [DigestSHA256] or
// [DigestSHA512]. The default is DigestSHA256. An enabled key keeps its digest until it is
// rotated.
func SignatureKeyDigest(digest Digest) SignatureKeyOption {
	return func(s *keySettings) { s.digest = digest }
}

// TakeOverSignatureKey replaces an enabled key that the store lacks. This store cannot
// verify deliveries signed with the replaced key. A program that verifies with the replaced
// key rejects later deliveries. The replaced key is not deleted.
func TakeOverSignatureKey() SignatureKeyOption {
	return func(s *keySettings) { s.takeOver = true }
}

// DeleteKeysLeftBehind deletes keys of the account that are neither enabled nor in the
// store, if they were created more than an hour ago. A lost response to a creation leaves
// such a key behind, as does a crash before the key was stored. Do not use this option if
// another program keeps keys of the account in another store.
func DeleteKeysLeftBehind() SignatureKeyOption {
	return func(s *keySettings) { s.leftBehind = true }
}

func newKeySettings(operation string, store SignatureKeyStore, options []SignatureKeyOption) (keySettings, error) {
	s := keySettings{digest: DigestSHA256}
	if check.IsNil(store) {
		s.violations.add("store", "The store is nil; pass a SignatureKeyStore, such as that of NewFileKeyStore")
	}
	for i, option := range options {
		if option == nil {
			s.violations.add(fmt.Sprint("option ", i+1), "The option is nil")
			continue
		}
		option(&s)
	}
	switch s.digest {
	case DigestSHA224, DigestSHA256, DigestSHA512:
	default:
		s.violations.add("SignatureKeyDigest", "must be SHA224, SHA256 or SHA512, got %q", string(s.digest))
	}
	return s, s.violations.err(operation)
}
