package messagemediatest

import (
	"errors"
	"net/http"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// SendOption changes how [Server.Send], [Server.SendReports],
// [Server.SendToCallbackURL] and [Server.Resend] deliver an event.
type SendOption func(*sendSettings)

type sendSettings struct {
	account            string
	client             *http.Client
	handler            http.Handler
	retryDelays        bool
	unescapedURLValues bool
	signerFor          func(account string) *Signer // nil for no signature
	duplicates         []time.Duration              // how long after the delivery
	err                error                        // of invalid options
}

// ToAccount sends to the webhooks of a sub-account. The default is the account
// that the server's credentials belong to.
func ToAccount(name string) SendOption {
	return func(s *sendSettings) { s.account = name }
}

// ToHandler delivers to a handler, whatever host a webhook's URL names, over
// connections in memory that carry real HTTP. Tests with the fake time of
// testing/synctest need it. A request's context ends with the attempt; a handler
// that goes on after that is not waited for, and must end before a bubble does.
func ToHandler(handler http.Handler) SendOption {
	return func(s *sendSettings) {
		s.handler = handler
		s.require(handler != nil, "ToHandler: handler must not be nil")
	}
}

// ThroughClient delivers through a client of yours, for example that of an
// httptest.Server with a certificate of its own. Redirects are not followed.
func ThroughClient(client *http.Client) SendOption {
	return func(s *sendSettings) {
		s.client = client
		s.require(client != nil, "ThroughClient: client must not be nil")
	}
}

// SignedBy signs with this signer, whichever key the account has enabled, and even if
// it lacks the feature: one call for a signed delivery, or for one that is signed with
// a key that the receiver must not accept.
func SignedBy(signer *Signer) SendOption {
	return func(s *sendSettings) {
		s.signerFor = func(string) *Signer { return signer }
		s.require(signer != nil, "SignedBy: signer must not be nil; use Unsigned")
	}
}

// Unsigned sends without a signature, as to an account that lacks the feature, even if
// a key is enabled.
func Unsigned() SendOption {
	return func(s *sendSettings) { s.signerFor = func(string) *Signer { return nil } }
}

// WithDuplicate sends each delivery once more, although it was acknowledged: as the
// platform does if it did not see the response. The duplicate has the same body, and
// is signed again at its own time. It is sent after the delivery has ended and this
// time has passed, which may be longer than a receiver remembers deliveries; under fake
// time that takes none. With several of these options, each counts from the one before.
func WithDuplicate(after time.Duration) SendOption {
	return func(s *sendSettings) {
		s.duplicates = append(s.duplicates, after)
		s.require(after >= 0, "WithDuplicate: must not be negative, got %v", after)
	}
}

// WithRetryDelays waits the webhook's RetryDelay between two attempts, as the
// platform does; if it is unset, 5 seconds. By default nothing waits.
func WithRetryDelays() SendOption {
	return func(s *sendSettings) { s.retryDelays = true }
}

// WithUnescapedURLValues puts the values of variables into a webhook's URL as they are.
// By default they are percent-encoded. Which of these the platform does is not
// documented: a receiver that can take both is safe.
func WithUnescapedURLValues() SendOption {
	return func(s *sendSettings) { s.unescapedURLValues = true }
}

func (s *sendSettings) require(ok bool, format string, args ...any) {
	s.err = errors.Join(s.err, check.That(ok, format, args...))
}

// newSendSettings applies options. The error names everything that is wrong with them.
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
