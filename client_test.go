package messagemedia_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// newClient makes a client that sends through the given one.
func newClient(t *testing.T, through *http.Client, auth messagemedia.Authenticator, options ...messagemedia.Option) *messagemedia.Client {
	t.Helper()
	client, err := messagemedia.NewClient(auth, append([]messagemedia.Option{messagemedia.WithHTTPClient(through)}, options...)...)
	require.NoError(t, err)
	return client
}
