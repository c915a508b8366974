package messagemedia

import (
	"errors"
	"fmt"
	"os"
)

// The variables of the environment that [NewClientFromEnv] reads.
const (
	envAPIKey    = "MESSAGEMEDIA_API_KEY"
	envAPISecret = "MESSAGEMEDIA_API_SECRET"
	envBaseURL   = "MESSAGEMEDIA_BASE_URL"
	envAuth      = "MESSAGEMEDIA_AUTH"
)

// NewClientFromEnv makes a client with the credentials of an account that are in the
// environment:
//
//   - MESSAGEMEDIA_API_KEY and MESSAGEMEDIA_API_SECRET are required.
//   - MESSAGEMEDIA_BASE_URL is for [WithBaseURL]. If empty, it is the global host.
//   - MESSAGEMEDIA_AUTH is "basic" for [BasicAuth] or "hmac" for [HMACAuth]. If empty, it is
//     basic.
//
// The options come after the environment. NewClientFromEnv returns an error that names
// everything that is missing or invalid.
func NewClientFromEnv(options ...Option) (*Client, error) {
	client, err := newClientFromEnv(options)
	if err != nil {
		return nil, fmt.Errorf("messagemedia: NewClientFromEnv: %w", err)
	}
	return client, nil
}

func newClientFromEnv(options []Option) (*Client, error) {
	key, secret := os.Getenv(envAPIKey), os.Getenv(envAPISecret)
	var auth Authenticator
	var errs []error
	switch os.Getenv(envAuth) {
	case "", "basic":
		auth = BasicAuth(key, secret)
	case "hmac":
		auth = HMACAuth(key, secret)
	default:
		errs = append(errs, errors.New(envAuth+` must be "basic" or "hmac"`))
	}
	for name, value := range map[string]string{envAPIKey: key, envAPISecret: secret} {
		if value == "" {
			errs = append(errs, errors.New(name+" is not set"))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if baseURL := os.Getenv(envBaseURL); baseURL != "" {
		options = append([]Option{WithBaseURL(baseURL)}, options...)
	}
	client, err := newClient(auth, options)
	if err != nil {
		return nil, fmt.Errorf("%s, %s, %s or an option: %w", envAPIKey, envAPISecret, envBaseURL, err)
	}
	return client, nil
}
