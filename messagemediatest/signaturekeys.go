package messagemediatest

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

const defaultKeyPageSize = 20

var (
	digests = []string{string(messagemedia.DigestSHA224), string(messagemedia.DigestSHA256), string(messagemedia.DigestSHA512)}
	ciphers = []string{string(messagemedia.CipherRSA)}

	uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// signatureKey is a key of an account.
type signatureKey struct {
	signer  *Signer
	created time.Time
	enabled bool
}

// signatureKeyJSON is a key in a response. Only the response to its creation has the
// public key.
type signatureKeyJSON struct {
	KeyID     string              `json:"key_id"`
	PublicKey string              `json:"public_key,omitzero"`
	Cipher    messagemedia.Cipher `json:"cipher"`
	Digest    messagemedia.Digest `json:"digest"`
	Created   string              `json:"created"`
	Enabled   bool                `json:"enabled"`
}

func (k signatureKey) json() signatureKeyJSON {
	return signatureKeyJSON{
		KeyID:   k.signer.id,
		Cipher:  messagemedia.CipherRSA,
		Digest:  k.signer.digest,
		Created: k.created.UTC().Format("2006-01-02T15:04:05.000Z"),
		Enabled: k.enabled,
	}
}

func (s *Server) createKey(c call) response {
	o := parseBody(c.body, "digest", "cipher")
	digest, cipher := o.text("digest"), o.text("cipher")
	if !o.isUnparsable() {
		o.checkEnum("digest", digest, digests, true)
		o.checkEnum("cipher", cipher, ciphers, true)
	}
	if len(o.wrong) > 0 {
		return badRequest(o.wrong...)
	}
	private, err := s.newPrivateKey()
	if err != nil {
		return errorResponse(http.StatusInternalServerError, err.Error())
	}
	key := signatureKey{
		signer:  &Signer{id: newUUID(), digest: messagemedia.Digest(digest), private: private},
		created: time.Now(),
	}
	return s.change(c.account, func(state *state) response {
		state.keys = append(state.keys, key)
		created := key.json()
		created.PublicKey = key.signer.publicKey()
		return committed(http.StatusCreated, created)
	})
}

// listKeys counts pages from 1.
func (s *Server) listKeys(c call) response {
	query := parseQuery(c.query, "page", "page_size")
	page, size := query.count("page"), cmp.Or(query.count("page_size"), defaultKeyPageSize)
	if !query.values.Has("page") {
		page = 1
	}
	if page == 0 && len(query.wrong) == 0 {
		query.wrong.add("page property value is invalid")
	}
	if len(query.wrong) > 0 {
		return badRequest(query.wrong...)
	}
	keys := []signatureKeyJSON{}
	for i, key := range s.state(c.account, c.lag).keys {
		if i/size == page-1 {
			keys = append(keys, key.json())
		}
	}
	return jsonResponse(http.StatusOK, keys)
}

func (s *Server) getKey(c call) response {
	if !uuidPattern.MatchString(c.id) {
		return badRequest("key_id property value is invalid")
	}
	keys := s.state(c.account, 0).keys
	if i := findKey(keys, c.id); i >= 0 {
		return jsonResponse(http.StatusOK, keys[i].json())
	}
	return keyNotFound
}

func (s *Server) deleteKey(c call) response {
	return s.change(c.account, func(state *state) response {
		i := findKey(state.keys, c.id)
		if i < 0 {
			return keyNotFound
		}
		state.keys = slices.Delete(state.keys, i, i+1)
		return response{status: http.StatusOK, committed: true}
	})
}

func (s *Server) getEnabledKey(c call) response {
	keys := s.state(c.account, 0).keys
	if i := findEnabledKey(keys); i >= 0 {
		return jsonResponse(http.StatusOK, keys[i].json())
	}
	return errorResponse(http.StatusNotFound, "Currently no key is enabled")
}

func (s *Server) enableKey(c call) response {
	o := parseBody(c.body, "key_id")
	id := o.text("key_id")
	if !o.isUnparsable() {
		o.wrong.require(id != "", "/key_id: Key id cannot be null")
	}
	if len(o.wrong) > 0 {
		return badRequest(o.wrong...)
	}
	return s.change(c.account, func(state *state) response {
		enabled := findKey(state.keys, id)
		if enabled < 0 {
			return keyNotFound
		}
		for i := range state.keys {
			state.keys[i].enabled = i == enabled
		}
		return committed(http.StatusOK, state.keys[enabled].json())
	})
}

func (s *Server) disableKey(c call) response {
	return s.change(c.account, func(state *state) response {
		i := findEnabledKey(state.keys)
		if i >= 0 {
			state.keys[i].enabled = false
		}
		return response{status: http.StatusNoContent, committed: i >= 0}
	})
}

func findKey(keys []signatureKey, id string) int {
	return slices.IndexFunc(keys, func(k signatureKey) bool { return k.signer.id == id })
}

func findEnabledKey(keys []signatureKey) int {
	return slices.IndexFunc(keys, func(k signatureKey) bool { return k.enabled })
}
