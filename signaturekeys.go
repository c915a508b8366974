package messagemedia

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	signatureKeysPath = "/v1/iam/signature_keys"
	signatureKeyRoute = signatureKeysPath + "/{key_id}"
	enabledKeyPath    = signatureKeysPath + "/enabled"

	keyPageSize = 20 // the size in the API's documentation
)

// Digest names the hash function of signatures. Unlisted values are accepted and returned
// unchanged.
type Digest string

// The documented digests.
const (
	DigestSHA224 Digest = "SHA224"
	DigestSHA256 Digest = "SHA256"
	DigestSHA512 Digest = "SHA512"
)

// Cipher names the algorithm of a signature key. Unlisted values are accepted and returned
// unchanged.
type Cipher string

// CipherRSA is the only documented cipher.
const CipherRSA Cipher = "RSA"

// SignatureKey is a key pair with which the platform signs deliveries. The platform keeps
// the private key. SignatureKey marshals to and from the API's own JSON.
type SignatureKey struct {
	// ID is a UUID that the platform assigns. Deliveries contain the ID of their key.
	ID string

	// PublicKey verifies signatures. It is the base64 encoding of a DER
	// SubjectPublicKeyInfo. Only CreateSignatureKey returns it.
	PublicKey string

	// Cipher is the algorithm of the key.
	Cipher Cipher

	// Digest is the hash function of the key's signatures.
	Digest Digest

	// Created is the creation time, in milliseconds. If the response has none, or one that
	// is not in the format of RFC 3339, Created is zero.
	Created time.Time

	// Enabled reports whether deliveries are signed with this key. At most one key of
	// an account is enabled.
	Enabled bool
}

// CreateSignatureKeyRequest describes a key to create. Digest is required.
type CreateSignatureKeyRequest struct {
	// Digest is the hash function of the key's signatures.
	Digest Digest `json:"digest"`

	// Cipher is the algorithm of the key. If empty, it is [CipherRSA].
	Cipher Cipher `json:"cipher"`
}

// ListSignatureKeysRequest chooses a page of the account's signature keys.
type ListSignatureKeysRequest struct {
	// Page is the number of the page. The first is 1. If zero, it is 1.
	Page int

	// PageSize is the maximum number of keys in a page. If zero, it is 20.
	PageSize int
}

// CreateSignatureKey creates a key and returns it with its public key. The API returns the
// public key only once, so store it before you enable the key. [Client.SyncSignatureKey]
// does that.
//
// A retry could create a second key, so the call is retried only after 429, or if the
// request was not sent. If the response was lost, the error matches [ErrOutcomeUnknown], and
// a key whose public key is not known may exist. [Client.SignatureKeys] lists it, and
// [Client.DeleteSignatureKey] deletes it.
func (c *Client) CreateSignatureKey(ctx context.Context, request CreateSignatureKeyRequest) (*SignatureKey, error) {
	const operation = "CreateSignatureKey"
	var v violations
	v.requireText("/digest", "Digest", string(request.Digest))
	v.requireUTF8("/cipher", string(request.Cipher))
	if err := v.err(operation); err != nil {
		return nil, err
	}
	request.Cipher = cmp.Or(request.Cipher, CipherRSA)
	body, err := encodeJSON(request)
	if err != nil {
		return nil, fmt.Errorf("messagemedia: %s: %w", operation, err)
	}
	var created SignatureKey
	err = c.do(ctx, &call{
		operation:     operation,
		method:        http.MethodPost,
		path:          signatureKeysPath,
		route:         signatureKeysPath,
		body:          body,
		decode:        created.decodeCreated,
		nonIdempotent: true,
	})
	if err != nil {
		return nil, err
	}
	return &created, nil
}

// ListSignatureKeys returns one page of the account's keys, without their public keys. The
// response does not tell which page is the last; the page after it is empty.
// [Client.SignatureKeys] iterates over all keys.
func (c *Client) ListSignatureKeys(ctx context.Context, request ListSignatureKeysRequest) ([]*SignatureKey, error) {
	var v violations
	v.page(request.Page, request.PageSize)
	if err := v.err("ListSignatureKeys"); err != nil {
		return nil, err
	}
	return c.listSignatureKeys(ctx, "ListSignatureKeys", request)
}

func (c *Client) listSignatureKeys(ctx context.Context, operation string, request ListSignatureKeysRequest) ([]*SignatureKey, error) {
	query := url.Values{
		"page":      {strconv.Itoa(cmp.Or(request.Page, 1))},
		"page_size": {strconv.Itoa(cmp.Or(request.PageSize, keyPageSize))},
	}
	var keys []*SignatureKey
	err := c.do(ctx, &call{
		operation: operation,
		method:    http.MethodGet,
		path:      signatureKeysPath + "?" + query.Encode(),
		route:     signatureKeysPath,
		decode:    func(data []byte) (err error) { keys, err = decodeKeys(data); return err },
	})
	return keys, err
}

// SignatureKeys returns an iterator over all keys of the account. Each range over it reads
// every page before it yields the first key, so the loop may delete keys. An error is
// yielded once, with a nil key, and ends the loop. A list of more than 1,000 pages is an
// error.
func (c *Client) SignatureKeys(ctx context.Context) iter.Seq2[*SignatureKey, error] {
	return iterate(func() ([]*SignatureKey, error) {
		listing, err := c.signatureKeyPages(ctx, "SignatureKeys").read(nil)
		return listing.items, err
	})
}

// signatureKeyPages returns the pages of the account's keys. An empty page ends the list.
func (c *Client) signatureKeyPages(ctx context.Context, operation string) pages[SignatureKey] {
	return pages[SignatureKey]{
		operation: operation,
		first:     1,
		id:        func(k *SignatureKey) string { return k.ID },
		page: func(number int) ([]*SignatureKey, bool, error) {
			keys, err := c.listSignatureKeys(ctx, operation, ListSignatureKeysRequest{Page: number})
			return keys, false, err
		},
		pause: func(reading int) error { return c.pause(ctx, reading) },
	}
}

// GetSignatureKey returns the key with this ID, without its public key. If no key has this
// ID, the error matches [ErrNotFound].
func (c *Client) GetSignatureKey(ctx context.Context, id string) (*SignatureKey, error) {
	const operation = "GetSignatureKey"
	if err := checkKeyID(operation, id); err != nil {
		return nil, err
	}
	return c.signatureKey(ctx, &call{
		operation: operation,
		method:    http.MethodGet,
		path:      signatureKeysPath + "/" + url.PathEscape(id),
		route:     signatureKeyRoute,
	})
}

// DeleteSignatureKey deletes the key with this ID. If no key has this ID, the error matches
// [ErrNotFound]. If the response to an earlier attempt of the same call was lost and the
// list of keys lacks the ID, the call succeeds.
func (c *Client) DeleteSignatureKey(ctx context.Context, id string) error {
	const operation = "DeleteSignatureKey"
	if err := checkKeyID(operation, id); err != nil {
		return err
	}
	return deleteByID(ctx, c, c.signatureKeyPages(ctx, operation), id, &call{
		operation: operation,
		path:      signatureKeysPath + "/" + url.PathEscape(id),
		route:     signatureKeyRoute,
	})
}

// EnableSignatureKey enables the key with this ID and disables the previously enabled key.
// The platform then signs deliveries with this key. EnableSignatureKey returns the key without
// its public key. If no key has this ID, the error matches [ErrNotFound].
func (c *Client) EnableSignatureKey(ctx context.Context, id string) (*SignatureKey, error) {
	const operation = "EnableSignatureKey"
	if err := checkKeyID(operation, id); err != nil {
		return nil, err
	}
	body, err := encodeJSON(map[string]string{"key_id": id})
	if err != nil {
		return nil, fmt.Errorf("messagemedia: %s: %w", operation, err)
	}
	return c.signatureKey(ctx, &call{
		operation: operation,
		method:    http.MethodPatch,
		path:      enabledKeyPath,
		route:     enabledKeyPath,
		body:      body,
	})
}

// GetEnabledSignatureKey returns the enabled key, without its public key. If no key is
// enabled, the error matches [ErrNotFound]. A 404 of a proxy matches it, too. To make sure
// that no key is enabled, use [Client.SignatureKeys].
func (c *Client) GetEnabledSignatureKey(ctx context.Context) (*SignatureKey, error) {
	return c.signatureKey(ctx, &call{
		operation:   "GetEnabledSignatureKey",
		method:      http.MethodGet,
		path:        enabledKeyPath,
		route:       enabledKeyPath,
		mayBeAbsent: true,
	})
}

// DisableSignatureKey disables the enabled key. The platform then does not sign deliveries,
// and a receiver that verifies signatures rejects them. If no key is enabled, the call
// succeeds.
func (c *Client) DisableSignatureKey(ctx context.Context) error {
	return c.do(ctx, &call{
		operation: "DisableSignatureKey",
		method:    http.MethodDelete,
		path:      enabledKeyPath,
		route:     enabledKeyPath,
	})
}

// signatureKey makes a call that returns one key.
func (c *Client) signatureKey(ctx context.Context, call *call) (*SignatureKey, error) {
	var key SignatureKey
	call.decode = key.decode
	if err := c.do(ctx, call); err != nil {
		return nil, err
	}
	return &key, nil
}

// checkKeyID rejects invalid IDs and "enabled", which is the API's path of the enabled key:
// deleting that would disable the key.
func checkKeyID(operation, id string) error {
	var v violations
	v.id("/key_id", id)
	if id == "enabled" {
		v.add("/key_id", "[%s] is not an ID", id)
	}
	return v.err(operation)
}

// signatureKeyJSON is the JSON of a key.
type signatureKeyJSON struct {
	ID        string          `json:"key_id"`
	PublicKey string          `json:"public_key,omitzero"`
	Cipher    Cipher          `json:"cipher"`
	Digest    Digest          `json:"digest"`
	Created   json.RawMessage `json:"created,omitzero"`
	Enabled   bool            `json:"enabled"`
}

const createdLayout = `"2006-01-02T15:04:05.000Z07:00"`

// MarshalJSON returns the API's own JSON.
func (k SignatureKey) MarshalJSON() ([]byte, error) {
	wire := signatureKeyJSON{ID: k.ID, PublicKey: k.PublicKey, Cipher: k.Cipher, Digest: k.Digest, Enabled: k.Enabled}
	if !k.Created.IsZero() {
		wire.Created = k.Created.UTC().AppendFormat(nil, createdLayout)
	}
	return encodeJSON(wire)
}

// UnmarshalJSON reads the API's own JSON. It ignores unknown fields. If the creation time is
// invalid, Created is zero. That is not an error, since the API returns the public key only
// once.
func (k *SignatureKey) UnmarshalJSON(data []byte) error {
	var wire signatureKeyJSON
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	*k = SignatureKey{ID: wire.ID, PublicKey: wire.PublicKey, Cipher: wire.Cipher, Digest: wire.Digest, Enabled: wire.Enabled}
	_ = json.Unmarshal(wire.Created, &k.Created)
	return nil
}

func (k *SignatureKey) decode(data []byte) error {
	if err := k.UnmarshalJSON(data); err != nil {
		return err
	}
	if k.ID == "" {
		return errors.New("the key has no key_id")
	}
	return nil
}

func (k *SignatureKey) decodeCreated(data []byte) error {
	if err := k.decode(data); err != nil {
		return err
	}
	if k.PublicKey == "" {
		return errors.New("the key has no public_key")
	}
	return nil
}

// decodeKeys rejects null, which does not mean that the account has no keys.
func decodeKeys(data []byte) ([]*SignatureKey, error) {
	var keys []*SignatureKey
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, err
	}
	if keys == nil {
		return nil, errors.New("the list is null")
	}
	for i, key := range keys {
		if key == nil {
			return nil, fmt.Errorf("/%d is null", i)
		}
	}
	return keys, nil
}
