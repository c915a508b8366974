package main

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// keyRun records what this run does to signature keys.
type keyRun struct {
	before  []string // the IDs of the keys before this run
	created []string // the IDs of the keys that this run created
	lost    bool     // whether the response to a creation was lost

	id      string         // the ID of the key for the checks, or empty
	public  *rsa.PublicKey // nil if it could not be parsed
	enabled bool           // whether this run enabled it
	foreign bool           // whether another key is enabled
}

var keyChecks = []check{
	{"list of signature keys", "200, or 403 without the feature", observeKeyList},
	{"page 0 of the keys", "400: pages count from 1", observeKeyPage0},
	{"enabled key", "200, or 404 Currently no key is enabled", observeEnabledKey},
	{"key by an unknown ID", "404 Entity not found", observeUnknownKey},
	{"key by an ID that is not a UUID", "400 key_id property value is invalid", observeKeyNotUUID},
	{"create a key", "201, RSA of 2048 bits in base64 of DER", observeCreateKey},
	{"cipher RA", "400 with details that begin with /cipher", observeUnknownCipher},
	{"key in the list", "without its public key", observeListedKey},
	{"Account, on signature keys", "", func(ctx context.Context, p *probe) (observation, error) {
		return p.compareAccount(ctx, keysPath+"?page=1&page_size=100")
	}},
	{"enable a key", "200, and the key is enabled", observeEnableKey},
}

var keyDeletionChecks = []check{
	{"delete an enabled key", "200, and no key is enabled", observeDeleteKey},
	{"delete a key again", "404 Entity not found", observeDeleteKeyAgain},
}

var errNoKey = errors.New("no key was created")

func observeKeyList(ctx context.Context, p *probe) (observation, error) {
	got, err := p.get(ctx, keysPath+"?page=1&page_size=1")
	if err != nil {
		return observation{}, err
	}
	if got.ok() {
		var list []json.RawMessage
		isArray := json.Unmarshal([]byte(got.body), &list) == nil
		return observed(isArray && len(list) <= 1, "%d, an array: %t, page_size 1 respected: %t", got.status, isArray, len(list) <= 1)
	}
	return observed(got.status == http.StatusForbidden, "%v", got)
}

func observeKeyPage0(ctx context.Context, p *probe) (observation, error) {
	got, err := p.get(ctx, keysPath+"?page=0&page_size=1")
	return p.sawKeyError(got, err, http.StatusBadRequest, "")
}

// sawKeyError observes an error response, unless the account lacks signatures.
func (p *probe) sawKeyError(got *reply, err error, status int, message string) (observation, error) {
	switch {
	case err != nil:
		return observation{}, err
	case got.status == http.StatusForbidden:
		return observation{}, fmt.Errorf("the account does not have signatures: %v", got)
	case got.ok():
		return observed(false, "%d", got.status)
	}
	return observed(got.status == status && strings.Contains(got.body, message), "%v", got)
}

func observeEnabledKey(ctx context.Context, p *probe) (observation, error) {
	got, err := p.get(ctx, keysPath+"/enabled")
	if err == nil && got.ok() {
		p.keyRun.foreign = true
		return observed(got.text("key_id") != "", "%d, digest %s, with its public key: %t", got.status, got.text("digest"), got.text("public_key") != "")
	}
	return p.sawKeyError(got, err, http.StatusNotFound, "Currently no key is enabled")
}

func observeUnknownKey(ctx context.Context, p *probe) (observation, error) {
	got, err := p.get(ctx, keysPath+"/"+unknownID)
	return p.sawKeyError(got, err, http.StatusNotFound, "Entity not found")
}

func observeKeyNotUUID(ctx context.Context, p *probe) (observation, error) {
	got, err := p.get(ctx, keysPath+"/probe-no-such-key")
	return p.sawKeyError(got, err, http.StatusBadRequest, "key_id property value is invalid")
}

func observeCreateKey(ctx context.Context, p *probe) (observation, error) {
	if !p.keys {
		return observation{}, errors.New("needs -keys")
	}
	got, err := p.createKey(ctx, `{"digest":"SHA256","cipher":"RSA"}`)
	if err != nil || !got.ok() {
		return p.sawKeyError(got, err, http.StatusCreated, "")
	}
	p.keyRun.id = got.text("key_id")
	der, err := base64.StdEncoding.DecodeString(got.text("public_key"))
	if err != nil {
		return observed(false, "%d, the public key is not base64", got.status)
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return observed(false, "%d, the public key is not a SubjectPublicKeyInfo: %v", got.status, err)
	}
	key, isRSA := public.(*rsa.PublicKey)
	if !isRSA {
		return observed(false, "%d, the public key is a %T", got.status, public)
	}
	p.keyRun.public = key
	return observed(got.status == http.StatusCreated && key.N.BitLen() == 2048, "%d, RSA of %d bits, enabled: %v, created: %s",
		got.status, key.N.BitLen(), got.fields()["enabled"], got.text("created"))
}

// createKey creates a key. Before the first creation it records the existing keys.
func (p *probe) createKey(ctx context.Context, body string) (*reply, error) {
	if p.keyRun.before == nil {
		keys, err := p.allKeys(ctx)
		if err != nil {
			return nil, err
		}
		p.keyRun.before = []string{""} // not nil, even if there are no keys
		for _, key := range keys {
			p.keyRun.before = append(p.keyRun.before, key.ID)
		}
	}
	got, err := p.send(ctx, request{method: http.MethodPost, path: keysPath, body: body})
	if err != nil {
		p.keyRun.lost = true
		return nil, err
	}
	if id := got.text("key_id"); got.ok() && id != "" {
		p.keyRun.created = append(p.keyRun.created, id)
	}
	return got, nil
}

func (p *probe) allKeys(ctx context.Context) (keys []*messagemedia.SignatureKey, err error) {
	for key, err := range p.basic.SignatureKeys(ctx) {
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func observeUnknownCipher(ctx context.Context, p *probe) (observation, error) {
	if !p.keys {
		return observation{}, errors.New("needs -keys")
	}
	got, err := p.createKey(ctx, `{"digest":"SHA256","cipher":"RA"}`)
	return p.sawKeyError(got, err, http.StatusBadRequest, "/cipher")
}

func observeListedKey(ctx context.Context, p *probe) (observation, error) {
	if p.keyRun.id == "" {
		return observation{}, errNoKey
	}
	keys, err := p.allKeys(ctx)
	if err != nil {
		return failedWith(err)
	}
	for _, key := range keys {
		if key.ID == p.keyRun.id {
			return observed(key.PublicKey == "", "with its public key: %t", key.PublicKey != "")
		}
	}
	return observed(false, "the key is not in the list")
}

// observeEnableKey enables the key only if none is enabled. Otherwise it would disable another
// program's key.
func observeEnableKey(ctx context.Context, p *probe) (observation, error) {
	switch {
	case p.keyRun.id == "":
		return observation{}, errNoKey
	case p.keyRun.foreign:
		return observation{}, errors.New("another key is enabled and is left unchanged")
	}
	before, err := p.get(ctx, keysPath+"/enabled")
	if err != nil {
		return observation{}, err
	}
	if before.status != http.StatusNotFound {
		return observation{}, fmt.Errorf("another key may be enabled: got %d instead of 404", before.status)
	}
	got, err := p.send(ctx, request{method: http.MethodPatch, path: keysPath + "/enabled", body: string(asJSON(fields{"key_id": p.keyRun.id}))})
	if err != nil {
		return observation{}, err
	}
	after, err := p.get(ctx, keysPath+"/enabled")
	if err != nil {
		return observation{}, err
	}
	p.keyRun.enabled = after.text("key_id") == p.keyRun.id
	return observed(got.status == http.StatusOK && p.keyRun.enabled, "%d, the key is enabled: %t", got.status, p.keyRun.enabled)
}

// observeDeleteKey does not disable the key first, because the API would disable whichever key is
// enabled then.
func observeDeleteKey(ctx context.Context, p *probe) (observation, error) {
	if !p.keyRun.enabled {
		return observation{}, errors.New("the probe's key is not enabled")
	}
	got, err := p.send(ctx, request{method: http.MethodDelete, path: keysPath + "/" + p.keyRun.id})
	if err != nil {
		return observation{}, err
	}
	after, err := p.get(ctx, keysPath+"/enabled")
	if err != nil {
		return observation{}, err
	}
	return observed(got.status == http.StatusOK && after.status == http.StatusNotFound, "%v; then the enabled key gets %d", got, after.status)
}

func observeDeleteKeyAgain(ctx context.Context, p *probe) (observation, error) {
	if p.keyRun.id == "" {
		return observation{}, errNoKey
	}
	if _, err := p.send(ctx, request{method: http.MethodDelete, path: keysPath + "/" + p.keyRun.id}); err != nil {
		return observation{}, err
	}
	got, err := p.send(ctx, request{method: http.MethodDelete, path: keysPath + "/" + p.keyRun.id})
	return p.sawKeyError(got, err, http.StatusNotFound, "Entity not found")
}
