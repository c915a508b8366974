package main

import (
	"cmp"
	"crypto/tls"
	"net/http"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// api is the API to probe: the real one or the in-memory platform's.
type api struct {
	baseURL     string
	key, secret string
	transport   *http.Transport
	memory      *messagemediatest.Server // nil for the real API
}

func connect(getenv func(string) string) (*api, error) {
	a := &api{
		baseURL:   cmp.Or(getenv("MESSAGEMEDIA_BASE_URL"), "https://api.messagemedia.com"),
		key:       getenv("MESSAGEMEDIA_API_KEY"),
		secret:    getenv("MESSAGEMEDIA_API_SECRET"),
		transport: http.DefaultTransport.(*http.Transport).Clone(),
	}
	if a.key != "" || a.secret != "" {
		return a, nil
	}
	memory, err := messagemediatest.Start(messagemediatest.WithTLS())
	if err != nil {
		return nil, err
	}
	a.memory, a.baseURL, a.key, a.secret = memory, memory.URL, memory.Key, memory.Secret
	a.transport = memory.HTTPClient().Transport.(*http.Transport).Clone()
	return a, nil
}

func (a *api) close() {
	a.transport.CloseIdleConnections()
	if a.memory != nil {
		a.memory.Close()
	}
}

// raw returns an HTTP client that uses only one protocol, "http/1.1" or "h2".
func (a *api) raw(protocol string) *http.Client {
	transport := a.transport.Clone()
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(protocol == "http/1.1")
	transport.Protocols.SetHTTP2(protocol == "h2")
	if transport.TLSClientConfig == nil {
		transport.TLSClientConfig = new(tls.Config)
	}
	transport.TLSClientConfig.NextProtos = []string{protocol}
	return &http.Client{
		Transport:     transport,
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (a *api) client(auth messagemedia.Authenticator) (*messagemedia.Client, error) {
	return messagemedia.NewClient(auth,
		messagemedia.WithBaseURL(a.baseURL),
		messagemedia.WithHTTPClient(&http.Client{Transport: a.transport}))
}
