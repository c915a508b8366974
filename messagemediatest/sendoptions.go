package messagemediatest

import (
	"errors"
	"net/http"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// SendOption configures a call of [Server.Send], [Server.SendReports],
// [Server.SendToCallbackURL] or [Server.Resend].
type SendOption func(*sendSettings)

type sendSettings struct {
	account            string
	client             *http.Client
	handler            http.Handler
	retryDelays        bool
	unescapedURLValues bool
	signerFor          func(account string) *Signer // returns nil for no signature
	duplicates         []time.Duration              // the time before each duplicate
	err                error                        // names the invalid options
}

// ToAccount sends to the webhooks of a sub-account. If name is empty, and by default, the
// account is the one that the server's credentials belong to.
func ToAccount(name string) SendOption {
	return func(s *sendSettings) { s.account = name }
}

// ToHandler delivers to a handler, for any host in a webhook's URL. It uses real HTTP
// over the in-memory network, as tests with the fake time of testing/synctest need.
//
// The request's context ends with the attempt. The send does not wait for a handler that
// runs longer. In a bubble, such a handler must return before the bubble ends.
func ToHandler(handler http.Handler) SendOption {
	return func(s *sendSettings) {
		s.handler = handler
		s.require(handler != nil, "ToHandler: handler must not be nil")
	}
}

// ThroughClient delivers through an HTTP client, such as the client of an httptest.Server
// with TLS. Redirects are not followed.
func ThroughClient(client *http.Client) SendOption {
	return func(s *sendSettings) {
		s.client = client
		s.require(client != nil, "ThroughClient: client must not be nil")
	}
}

// SignedBy signs with this signer instead of the account's enabled key, even if the
// account has none or lacks the feature. It suits a single signed delivery, or a delivery
// that the receiver must reject because it does not know the key.
func SignedBy(signer *Signer) SendOption {
	return func(s *sendSettings) {
		s.signerFor = func(string) *Signer { return signer }
		s.require(signer != nil, "SignedBy: signer must not be nil; use Unsigned")
	}
}

// Unsigned sends without a signature, even if the account has an enabled key.
func Unsigned() SendOption {
	return func(s *sendSettings) { s.signerFor = func(string) *Signer { return nil } }
}

// WithDuplicate sends a duplicate of each delivery, as the platform does after a lost
// response. The duplicate has the same body and a new Date and signature.
//
// The duplicate follows the end of the delivery after the given time, which can exceed
// the time for which a receiver remembers deliveries. Under fake time, the wait takes no
// time. If WithDuplicate is given more than once, each time counts from the preceding
// duplicate.
func WithDuplicate(after time.Duration) SendOption {
	return func(s *sendSettings) {
		s.duplicates = append(s.duplicates, after)
		s.require(after >= 0, "WithDuplicate: must not be negative, got %v", after)
	}
}

// WithRetryDelays waits between attempts like the platform, for the webhook's RetryDelay.
// If RetryDelay is zero, it waits 5 seconds. By default, retries follow without a delay.
func WithRetryDelays() SendOption {
	return func(s *sendSettings) { s.retryDelays = true }
}

// WithUnescapedURLValues renders the values of variables in a webhook's URL without
// percent-encoding. By default, they are percent-encoded. It is not documented which one
// the platform does, so a receiver should accept both.
func WithUnescapedURLValues() SendOption {
	return func(s *sendSettings) { s.unescapedURLValues = true }
}

func (s *sendSettings) require(ok bool, format string, args ...any) {
	s.err = errors.Join(s.err, check.That(ok, format, args...))
}

// newSendSettings applies options. The error names every invalid value.
func (s *Server) newSendSettings(options []SendOption) (*sendSettings, error) {
	settings := &sendSettings{client: &http.Client{Transport: s.deliveryTransport}, signerFor: s.Signer}
	for _, option := range options {
		if option == nil {
			return nil, errors.New("a SendOption is nil")
		}
		option(settings)
	}
	return settings, settings.err
}
