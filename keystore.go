package messagemedia

import (
	"context"
	"time"
)

// SignatureKeyStore stores the public keys of one account's signature keys. The API returns
// a public key only once, so receivers read it from the store. [NewFileKeyStore] stores the
// keys in a directory. A database table with the ID as its primary key works as well.
//
// If two accounts share a store, each takes the keys of the other for replaced ones:
// [Client.RotateSignatureKey] removes them, and the other account's deliveries are rejected.
//
// Several programs use a store concurrently, without locks or transactions. A store must
// guarantee:
//
//   - If PutSignatureKey returns nil, the key is durable. Every later call of SignatureKeys
//     returns it, in every program. A database replica that lags behind does not guarantee
//     this, so read from the primary.
//   - Each key is written and deleted atomically. Nothing else needs to be atomic.
//
// If PutSignatureKey or DeleteSignatureKey returns an error, callers assume that the change
// may have taken effect. Methods must return soon after ctx has ended.
type SignatureKeyStore interface {
	// SignatureKeys returns all stored keys, in any order. If it cannot return all of
	// them, it returns an error: a missing key counts as not stored.
	SignatureKeys(ctx context.Context) ([]StoredKey, error)

	// PutSignatureKey stores a key. It replaces a stored key with the same ID.
	PutSignatureKey(ctx context.Context, key StoredKey) error

	// DeleteSignatureKey deletes the key with this ID. If there is none, it returns nil.
	DeleteSignatureKey(ctx context.Context, id string) error
}

// StoredKey is a signature key in a [SignatureKeyStore]. None of its fields is secret. A
// store may truncate the times to seconds.
type StoredKey struct {
	// ID is the ID that the platform assigned.
	ID string `json:"id"`

	// Digest is the hash function of the key's signatures.
	Digest Digest `json:"digest"`

	// PublicKey verifies signatures. It is the base64 encoding of a DER
	// SubjectPublicKeyInfo.
	PublicKey string `json:"public_key"`

	// Created is when a program created the key, by the clock of that program.
	Created time.Time `json:"created,omitzero"`

	// Replaced is when a program was about to enable another key in place of this one. If
	// that did not happen, it is zero, or NULL in a nullable column.
	Replaced time.Time `json:"replaced,omitzero"`
}
