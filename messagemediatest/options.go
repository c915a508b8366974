package messagemediatest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// Option configures a [Server]. Start returns an error if a value is invalid.
type Option func(*settings)

// settings are what the options choose, before they are checked together.
type settings struct {
	key, secret          string
	address              *string // nil for a free port
	tls                  bool
	inMemoryNetwork      bool
	observe              func(Exchange)
	observeDelivery      func(DeliveryProgress)
	keyBits              int
	uniqueKeys           bool
	withoutSignatureKeys bool
	normalize            func(*messagemedia.Webhook)
}

// WithCredentials sets the API key and secret that the server accepts. Neither may be
// empty. The defaults are "test-key" and "test-secret".
func WithCredentials(key, secret string) Option {
	return func(s *settings) { s.key, s.secret = key, secret }
}

// WithAddr sets the address to listen on, as in "127.0.0.1:8080". The default is
// a free port of this host.
func WithAddr(address string) Option {
	return func(s *settings) { s.address = &address }
}

// WithTLS serves HTTPS, and offers HTTP/2 and HTTP/1.1. The server's HTTP client
// trusts its certificate.
func WithTLS() Option {
	return func(s *settings) { s.tls = true }
}

// WithInMemoryNetwork serves connections in memory instead of sockets, for tests with
// the fake time of testing/synctest. Only the server's own HTTP client reaches it.
func WithInMemoryNetwork() Option {
	return func(s *settings) { s.inMemoryNetwork = true }
}

// WithObserver calls a function with a copy of each request and its response, before
// the response is sent. Calls are made one at a time, in the order of
// [Server.Requests], and without a lock: observe may use the server, and send it
// requests. While it runs, other requests do not wait for it, so with several at once
// it may see one after its response was sent. Close waits for it.
func WithObserver(observe func(Exchange)) Option {
	return func(s *settings) { s.observe = observe }
}

// WithKeyBits sets the size of the RSA keys that the server creates, from 1024 to
// 8192. The default is 2048, the size that the platform's keys have been seen with.
func WithKeyBits(bits int) Option {
	return func(s *settings) { s.keyBits = bits }
}

// WithUniqueKeys creates RSA keys that no other server has. By default servers share
// them, since they take time to generate: the keys of one server all differ, but the
// first that a server creates is the same RSA key as the first of every other server
// of the process, under another ID. A test of two platforms that must not verify each
// other's deliveries needs this option.
func WithUniqueKeys() Option {
	return func(s *settings) { s.uniqueKeys = true }
}

// WithoutSignatureKeys makes the accounts those that most customers have: without the
// feature that signs deliveries. The calls for signature keys respond 403.
func WithoutSignatureKeys() Option {
	return func(s *settings) { s.withoutSignatureKeys = true }
}

// WithNormalization stores each webhook that is created or updated as normalize
// leaves it, and responds with that: the platform may spell a URL or a template
// otherwise than it was given. [Normalize] is such a function. Webhooks are unique by
// URL and method after it.
//
// Normalize is given the fields of the request alone; it can change them, and neither
// set nor clear others. It is called without a lock, at once for requests that arrive
// at once.
func WithNormalization(normalize func(*messagemedia.Webhook)) Option {
	return func(s *settings) { s.normalize = normalize }
}

// newSettings applies options. The error names everything that is wrong with them.
func newSettings(options []Option) (*settings, error) {
	s := &settings{
		key: "test-key", secret: "test-secret",
		observe:         func(Exchange) {},
		observeDelivery: func(DeliveryProgress) {},
		keyBits:         defaultKeyBits,
		normalize:       func(*messagemedia.Webhook) {},
	}
	for _, option := range options {
		if option == nil {
			return nil, errors.New("an Option is nil")
		}
		option(s)
	}
	return s, s.check()
}

func (s *settings) check() error {
	return errors.Join(
		check.That(s.key != "" && !strings.ContainsFunc(s.key, cannotStandInKey),
			"WithCredentials: key must not be empty, and must not contain a colon, a quote or a control character, got %q", s.key),
		check.That(s.secret != "", "WithCredentials: secret must not be empty"),
		check.That(s.address == nil || *s.address != "", "WithAddr: address must not be empty"),
		check.That(s.address == nil || !s.inMemoryNetwork, "WithAddr: the in-memory network has no addresses"),
		check.That(s.observe != nil, "WithObserver: observe must not be nil"),
		check.That(s.observeDelivery != nil, "WithDeliveryObserver: observe must not be nil"),
		check.That(minKeyBits <= s.keyBits && s.keyBits <= maxKeyBits,
			"WithKeyBits: must be from %d to %d, got %d", minKeyBits, maxKeyBits, s.keyBits),
		check.That(s.normalize != nil, "WithNormalization: normalize must not be nil"),
	)
}

// cannotStandInKey reports whether Basic or HMAC could not send a key with r in it.
func cannotStandInKey(r rune) bool { return r == ':' || r == '"' || unicode.IsControl(r) }

// listen returns a listener, and for the in-memory network what dials it.
func (s *settings) listen() (net.Listener, func(context.Context, string, string) (net.Conn, error), error) {
	if s.inMemoryNetwork {
		pipe := newPipeListener()
		return pipe, pipe.dial, nil
	}
	address := "127.0.0.1:0"
	if s.address != nil {
		address = *s.address
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, nil, fmt.Errorf("WithAddr: %w", err)
	}
	return listener, nil, nil
}
