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

// settings are the values of the options. check validates them together.
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

// WithAddr sets the address to listen on, such as "127.0.0.1:8080". It must not be empty.
// The default is a free port of 127.0.0.1. WithAddr can't be combined with
// [WithInMemoryNetwork].
func WithAddr(address string) Option {
	return func(s *settings) { s.address = &address }
}

// WithTLS serves HTTPS over HTTP/2 and HTTP/1.1. [Server.HTTPClient] trusts the
// certificate.
func WithTLS() Option {
	return func(s *settings) { s.tls = true }
}

// WithInMemoryNetwork serves connections in memory instead of sockets, for tests with
// the fake time of testing/synctest. Only [Server.HTTPClient] and [Server.Client] reach
// the server.
func WithInMemoryNetwork() Option {
	return func(s *settings) { s.inMemoryNetwork = true }
}

// WithObserver sets a function that observes requests. The server calls observe with a
// copy of each request and its response before it sends the response. Calls are made one
// at a time, in the order of [Server.Requests], and without holding a lock: observe may
// use the server and send requests to it.
//
// Concurrent requests do not wait for observe, so it may see one after its response was
// sent. [Server.Close] waits for observe.
func WithObserver(observe func(Exchange)) Option {
	return func(s *settings) { s.observe = observe }
}

// WithKeyBits sets the size in bits of the RSA keys that the server creates, from 1024 to
// 8192. The default is 2048, the size observed in the platform's keys.
func WithKeyBits(bits int) Option {
	return func(s *settings) { s.keyBits = bits }
}

// WithUniqueKeys creates RSA keys that no other server has. By default, the servers of a
// process share RSA keys, because generating them is slow. The keys of one server all
// differ, but the first RSA key of a server is the same as the first of every other
// server, with a different ID. A test in which one server must not verify another's
// deliveries needs this option.
func WithUniqueKeys() Option {
	return func(s *settings) { s.uniqueKeys = true }
}

// WithoutSignatureKeys disables the feature that signs deliveries, which most real
// accounts do not have. Calls for signature keys respond 403.
func WithoutSignatureKeys() Option {
	return func(s *settings) { s.withoutSignatureKeys = true }
}

// WithNormalization sets a function that changes each webhook before it is created or
// updated, such as [Normalize]. The server stores and returns the changed webhook. The
// platform, too, may change the spelling of a URL or a template. Webhooks are unique by
// URL and method after normalization.
//
// The webhook has only the fields of the request. The function may change these fields,
// but can neither set nor clear others. The server calls it without holding a lock, and
// concurrently for concurrent requests.
func WithNormalization(normalize func(*messagemedia.Webhook)) Option {
	return func(s *settings) { s.normalize = normalize }
}

// newSettings applies options. The error names every invalid value.
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

// cannotStandInKey reports whether Basic or HMAC can't send a key that contains r.
func cannotStandInKey(r rune) bool { return r == ':' || r == '"' || unicode.IsControl(r) }

// listen returns a listener. For the in-memory network, it also returns the dial function.
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
