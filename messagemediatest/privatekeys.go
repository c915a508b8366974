package messagemediatest

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"
)

const (
	defaultKeyBits = 2048
	minKeyBits     = 1024 // the size of the vendor's sample key
	maxKeyBits     = 8192
)

// sharedKeys are the RSA keys that servers share, because generating a key dominates the
// time of a test.
var sharedKeys keyPool

// keyPool holds RSA keys by size and number. The zero value is ready to use.
type keyPool struct {
	mu   sync.Mutex
	keys map[keyNumber]func() (*rsa.PrivateKey, error)
}

type keyNumber struct{ bits, number int }

// key returns the key with a size and number. The first call for a key generates it and
// does not block calls for other keys.
func (p *keyPool) key(bits, number int) (*rsa.PrivateKey, error) {
	p.mu.Lock()
	if p.keys == nil {
		p.keys = make(map[keyNumber]func() (*rsa.PrivateKey, error))
	}
	wanted := keyNumber{bits, number}
	if p.keys[wanted] == nil {
		p.keys[wanted] = sync.OnceValues(func() (*rsa.PrivateKey, error) { return generateKey(bits) })
	}
	key := p.keys[wanted]
	p.mu.Unlock()
	return key()
}

// newPrivateKey returns a key that this server has not used before.
func (s *Server) newPrivateKey() (*rsa.PrivateKey, error) {
	if s.uniqueKeys {
		return generateKey(s.keyBits)
	}
	return sharedKeys.key(s.keyBits, int(s.keysCreated.Add(1)))
}

func generateKey(bits int) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, fmt.Errorf("messagemediatest: %w", err)
	}
	return key, nil
}
