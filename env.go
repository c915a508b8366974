package messagemedia

import (
	"errors"
	"fmt"
	"os"
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
