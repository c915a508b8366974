package messagemedia

import (
	"context"
	"time"
)

// SignatureKeyStore keeps the public keys of an account's signature keys. The API
// returns a public key only once, so whoever verifies deliveries reads it from here.
// [NewFileKeyStore] keeps them in a directory. A database table is a few lines more,
// with the ID as its primary key.
//
// Several programs use a store at the same time, without locks or transactions. It
// must guarantee:
//
//   - A PutSignatureKey that has returned nil is durable, and seen by every
//     SignatureKeys that begins afterwards, in every program. A replica that lags
//     behind is not such a store: read from the primary.
//   - One key is written and deleted as a whole. The keys are independent of each
//     other, so nothing else needs to be atomic.
//   - An error leaves it open whether the change took effect.
//
// Its methods are called concurrently, and must return soon after ctx has ended.
// A store holds the keys of one account.
type SignatureKeyStore interface {
	// SignatureKeys returns all stored keys, in any order. With an error it returns
	// none: a key that is missing from the result counts as not stored.
	SignatureKeys(ctx context.Context) ([]StoredKey, error)

	// PutSignatureKey stores a key, in place of a stored one with the same ID.
	PutSignatureKey(ctx context.Context, key StoredKey) error

	// DeleteSignatureKey deletes the key with this ID. If there is none, it does
	// nothing and returns nil.
	DeleteSignatureKey(ctx context.Context, id string) error
}

// StoredKey is a signature key in a [SignatureKeyStore]. Nothing in it is secret. The
// precision of its times may be a second.
type StoredKey struct {
	// ID is the ID that the platform gave the key.
	ID string `json:"id"`

	// Digest is the hash that the key signs.
	Digest Digest `json:"digest"`

	// PublicKey verifies deliveries: base64 of a DER SubjectPublicKeyInfo.
	PublicKey string `json:"public_key"`

	// Created is when the key was stored first, by the clock of the program that did so.
	Created time.Time `json:"created,omitzero"`

	// Replaced is when another key was about to be enabled in place of this one. It is
	// zero if that did not happen, and then a nullable column has NULL.
	Replaced time.Time `json:"replaced,omitzero"`
}
