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

// Digest names the hash that the platform signs deliveries with. Values that are
// not listed here pass through in both directions.
type Digest string

// The documented digests.
const (
	DigestSHA224 Digest = "SHA224"
	DigestSHA256 Digest = "SHA256"
	DigestSHA512 Digest = "SHA512"
)

// Cipher names the kind of a signature key. Values that are not listed here pass
// through in both directions.
type Cipher string

// CipherRSA is the one documented cipher.
const CipherRSA Cipher = "RSA"

// SignatureKey is a key that the platform signs deliveries with. The platform
// keeps its private half. It marshals to the API's own JSON, and back.
type SignatureKey struct {
	// ID is made by the platform, a UUID. Deliveries name the key by it.
	ID string

	// PublicKey is what deliveries are verified with: base64 of a DER
	// SubjectPublicKeyInfo. Only CreateSignatureKey returns it: store it then.
	PublicKey string

	// Cipher is the kind of the key.
	Cipher Cipher

	// Digest is the hash that the key signs.
	Digest Digest

	// Created is when the key was made, to the millisecond. It is zero when the API
	// gives no time, or one in another form than RFC 3339.
	Created time.Time

	// Enabled reports whether deliveries are signed with this key. At most one key of
	// an account is enabled.
	Enabled bool
}

// CreateSignatureKeyRequest describes a key to create. Digest is required.
type CreateSignatureKeyRequest struct {
	// Digest is the hash that the key signs.
	Digest Digest `json:"digest"`

	// Cipher is the kind of the key. Empty stands for [CipherRSA].
	Cipher Cipher `json:"cipher"`
}

// ListSignatureKeysRequest chooses a page of the account's signature keys.
type ListSignatureKeysRequest struct {
	// Page is the number of the page. The first is 1, which 0 stands for.
	Page int

	// PageSize is how many keys a page has at most. 0 stands for 20.
	PageSize int
}

// CreateSignatureKey creates a key, which is not enabled yet, and returns it with
// its public half. The API never returns that again: store it before you enable
// the key.
//
// A second key would be a second key, so this is tried again only after 429, and
// after a failure before the request was sent. The error matches
// [ErrOutcomeUnknown] when the response was lost: a key without a known public half
// may then exist. [Client.SignatureKeys] finds it, for DeleteSignatureKey.
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

// ListSignatureKeys returns one page of the account's keys, without their public
// keys. A page has no size of its own: an empty one follows the last.
// [Client.SignatureKeys] iterates over all of them.
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

// SignatureKeys iterates over all keys of the account. Each range over it reads
// every page before it yields the first key, so a loop may delete what it is
// given. An error is yielded once, without a key, and ends the loop. A list of more than
// 1,000 pages is one.
func (c *Client) SignatureKeys(ctx context.Context) iter.Seq2[*SignatureKey, error] {
	return iterate(func() ([]*SignatureKey, error) {
		listing, err := c.signatureKeyPages(ctx, "SignatureKeys").read(nil)
		return listing.items, err
	})
}

// signatureKeyPages are the pages of the account's keys. None says that it is the last: an
// empty one is.
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

// GetSignatureKey returns the key with an ID, without its public half. The error
// matches [ErrNotFound] when there is none.
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

// DeleteSignatureKey deletes a key. If there is no such key, the error matches
// [ErrNotFound], unless an earlier attempt whose response was lost may have deleted it: if
// the list of keys lacks it then, the call succeeds.
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

// EnableSignatureKey has the platform sign deliveries with this key from now on,
// and with no other: the key that was enabled before is disabled. It returns the
// key without its public half. The error matches [ErrNotFound] when there is no
// such key.
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

// GetEnabledSignatureKey returns the key that deliveries are signed with, without its
// public key. If none is enabled, the error matches [ErrNotFound]. So does a 404 of a proxy
// that knows no such path: that no key is enabled is what [Client.SignatureKeys] tells.
func (c *Client) GetEnabledSignatureKey(ctx context.Context) (*SignatureKey, error) {
	return c.signatureKey(ctx, &call{
		operation:   "GetEnabledSignatureKey",
		method:      http.MethodGet,
		path:        enabledKeyPath,
		route:       enabledKeyPath,
		mayBeAbsent: true,
	})
}

// DisableSignatureKey has the platform sign no deliveries from now on. It succeeds
// when no key is enabled, too. A receiver that verifies then refuses everything.
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

// checkKeyID refuses, besides what is no ID, the name under which the API keeps
// the enabled key: deleting that would disable it.
func checkKeyID(operation, id string) error {
	var v violations
	v.id("/key_id", id)
	if id == "enabled" {
		v.add("/key_id", "[%s] is not an ID", id)
	}
	return v.err(operation)
}

// signatureKeyJSON is a key as it stands on the wire.
type signatureKeyJSON struct {
	ID        string          `json:"key_id"`
	PublicKey string          `json:"public_key,omitzero"`
	Cipher    Cipher          `json:"cipher"`
	Digest    Digest          `json:"digest"`
	Created   json.RawMessage `json:"created,omitzero"`
	Enabled   bool            `json:"enabled"`
}

const createdLayout = `"2006-01-02T15:04:05.000Z07:00"`

// MarshalJSON writes the API's own JSON.
func (k SignatureKey) MarshalJSON() ([]byte, error) {
	wire := signatureKeyJSON{ID: k.ID, PublicKey: k.PublicKey, Cipher: k.Cipher, Digest: k.Digest, Enabled: k.Enabled}
	if !k.Created.IsZero() {
		wire.Created = k.Created.UTC().AppendFormat(nil, createdLayout)
	}
	return encodeJSON(wire)
}

// UnmarshalJSON reads the API's own JSON. Unknown fields are ignored. A time that
// can't be read leaves Created zero, for it must not cost the public key, which
// comes only once.
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

// decodeKeys does not take null for an account without keys.
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
