package messagemedia

import (
	"errors"
	"fmt"
	"os"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// The environment variables that [NewClientFromEnv] reads.
const (
	envAPIKey    = "MESSAGEMEDIA_API_KEY"
	envAPISecret = "MESSAGEMEDIA_API_SECRET"
	envBaseURL   = "MESSAGEMEDIA_BASE_URL"
	envAuth      = "MESSAGEMEDIA_AUTH"
)

// NewClientFromEnv returns a client that is configured by environment variables:
//
//   - MESSAGEMEDIA_API_KEY and MESSAGEMEDIA_API_SECRET are required.
//   - MESSAGEMEDIA_BASE_URL sets the base URL, like [WithBaseURL]. If empty, it is the default.
//   - MESSAGEMEDIA_AUTH is "basic" for [BasicAuth] or "hmac" for [HMACAuth]. If empty, it is
//     "basic".
//
// Options override the environment. If a variable is missing, or a variable or an option is
// invalid, NewClientFromEnv returns an error that names all of them.
func NewClientFromEnv(options ...Option) (*Client, error) {
	auth, authErr := authenticatorFromEnv()
	s, err := newSettings(os.Getenv(envBaseURL), envBaseURL, options)
	client, err := newClient(auth, s, authErr, err)
	if err != nil {
		return nil, fmt.Errorf("messagemedia: NewClientFromEnv: %w", err)
	}
	return client, nil
}

func authenticatorFromEnv() (Authenticator, error) {
	key, secret, scheme := os.Getenv(envAPIKey), os.Getenv(envAPISecret), os.Getenv(envAuth)
	auth := BasicAuth(key, secret)
	if scheme == "hmac" {
		auth = HMACAuth(key, secret)
	}
	errs := []error{
		check.That(scheme == "" || scheme == "basic" || scheme == "hmac", `%s must be "basic" or "hmac"`, envAuth),
		check.That(key != "", "%s is not set", envAPIKey),
		check.That(secret != "", "%s is not set", envAPISecret),
	}
	if err := checkAuthenticator(auth); err != nil && key != "" && secret != "" {
		errs = append(errs, fmt.Errorf("%s or %s: %w", envAPIKey, envAPISecret, err))
	}
	return auth, errors.Join(errs...)
}
