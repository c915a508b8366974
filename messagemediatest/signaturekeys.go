package messagemediatest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

const (
	signatureKeysPath  = "/v1/iam/signature_keys"
	defaultKeyBits     = 2048
	defaultKeyPageSize = 20
)

var (
	digests = []messagemedia.Digest{messagemedia.DigestSHA224, messagemedia.DigestSHA256, messagemedia.DigestSHA512}
	ciphers = []messagemedia.Cipher{messagemedia.CipherRSA}

	uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// signatureKey is a key with its private half. The public half is in none of
// the responses but the one that created it.
type signatureKey struct {
	messagemedia.SignatureKey
	signer *Signer
}

func (a *account) serveKeys(r *http.Request, id string, body []byte, bits int) response {
	switch {
	case id == "" && r.Method == http.MethodGet:
		return a.listKeys(r.URL.Query())
	case id == "" && r.Method == http.MethodPost:
		return a.createKey(body, bits)
	case id == "enabled" && r.Method == http.MethodGet:
		return a.getEnabledKey()
	case id == "enabled" && r.Method == http.MethodPatch:
		return a.enableKey(body)
	case id == "enabled" && r.Method == http.MethodDelete:
		return a.disableKey()
	case id != "" && r.Method == http.MethodGet:
		return a.getKey(id)
	case id != "" && r.Method == http.MethodDelete:
		return a.deleteKey(id)
	}
	return response{status: http.StatusMethodNotAllowed}
}

func (a *account) createKey(body []byte, bits int) response {
	var request messagemedia.CreateSignatureKeyRequest
	if err := json.Unmarshal(body, &request); err != nil {
		return badRequest("Failed to parse message body.")
	}
	if details := keyViolations(request); len(details) > 0 {
		return badRequest(details...)
	}
	signer, err := newSigner(request.Digest, bits)
	if err != nil {
		return errorResponse(http.StatusInternalServerError, err.Error())
	}
	key := &signatureKey{signer: signer, SignatureKey: messagemedia.SignatureKey{
		ID:      signer.id,
		Cipher:  request.Cipher,
		Digest:  request.Digest,
		Created: time.Now().UTC().Truncate(time.Millisecond),
	}}
	a.keys = append(a.keys, key)
	created := key.SignatureKey
	created.PublicKey = signer.publicKey()
	return committed(http.StatusCreated, created)
}

func keyViolations(request messagemedia.CreateSignatureKeyRequest) []string {
	var details []string
	switch {
	case request.Digest == "":
		details = append(details, "/digest: Digest cannot be null")
	case !slices.Contains(digests, request.Digest):
		details = append(details, fmt.Sprintf("/digest: [%s] is invalid", request.Digest))
	}
	switch {
	case request.Cipher == "":
		details = append(details, "/cipher: Cipher cannot be null")
	case !slices.Contains(ciphers, request.Cipher):
		details = append(details, fmt.Sprintf("/cipher: [%s] is invalid", request.Cipher))
	}
	return details
}

// listKeys counts pages from 1.
func (a *account) listKeys(query url.Values) response {
	page, err := parseCount(cmp.Or(query.Get("page"), "1"))
	if err != nil || page == 0 {
		return badRequest("page property value is invalid")
	}
	size, err := parseCount(query.Get("page_size"))
	if err != nil {
		return badRequest("page_size property value is invalid")
	}
	size = cmp.Or(size, defaultKeyPageSize)
	part := []messagemedia.SignatureKey{}
	for i, key := range a.keys {
		if i/size == page-1 {
			part = append(part, key.SignatureKey)
		}
	}
	return jsonResponse(http.StatusOK, part)
}

func (a *account) getKey(id string) response {
	if !uuidPattern.MatchString(id) {
		return badRequest("key_id property value is invalid")
	}
	if key := a.findKey(id); key != nil {
		return jsonResponse(http.StatusOK, key.SignatureKey)
	}
	return keyNotFound
}

func (a *account) deleteKey(id string) response {
	key := a.findKey(id)
	if key == nil {
		return keyNotFound
	}
	a.keys = slices.DeleteFunc(a.keys, func(k *signatureKey) bool { return k == key })
	return response{status: http.StatusOK, committed: true}
}

func (a *account) getEnabledKey() response {
	if key := a.enabledKey(); key != nil {
		return jsonResponse(http.StatusOK, key.SignatureKey)
	}
	return errorResponse(http.StatusNotFound, "Currently no key is enabled")
}

func (a *account) enableKey(body []byte) response {
	var request struct {
		KeyID string `json:"key_id"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return badRequest("Failed to parse message body.")
	}
	if request.KeyID == "" {
		return badRequest("/key_id: Key id cannot be null")
	}
	key := a.findKey(request.KeyID)
	if key == nil {
		return keyNotFound
	}
	for _, other := range a.keys {
		other.Enabled = other == key
	}
	return committed(http.StatusOK, key.SignatureKey)
}

func (a *account) disableKey() response {
	key := a.enabledKey()
	if key != nil {
		key.Enabled = false
	}
	return response{status: http.StatusNoContent, committed: key != nil}
}

func (a *account) findKey(id string) *signatureKey {
	return a.findKeyFunc(func(k *signatureKey) bool { return k.ID == id })
}

func (a *account) enabledKey() *signatureKey {
	return a.findKeyFunc(func(k *signatureKey) bool { return k.Enabled })
}

func (a *account) findKeyFunc(is func(*signatureKey) bool) *signatureKey {
	if i := slices.IndexFunc(a.keys, is); i >= 0 {
		return a.keys[i]
	}
	return nil
}

var keyNotFound = errorResponse(http.StatusNotFound, "Entity not found")
