package messagemedia_test

import (
	"net/http"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

func TestSmoke(t *testing.T) {
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("GET", "https://api.messagemedia.com/v1/webhooks/messages", httpmock.NewStringResponder(200, `{"page":0,"pageSize":100,"pageData":[{"id":"a","encoding":null,"read_timeout":1500}]}`))
	c, err := messagemedia.NewClient(messagemedia.HMACAuth("k", "s"), messagemedia.WithHTTPClient(&http.Client{Transport: mock}))
	require.NoError(t, err)
	for w, err := range c.Webhooks(t.Context()) {
		require.NoError(t, err)
		t.Logf("%+v", w)
	}
	c, err = messagemedia.NewClient(messagemedia.HMACAuth("", "s "), messagemedia.WithBaseURL("http://foo"), messagemedia.WithTimeout(0))
	t.Log(err)
}
