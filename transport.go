package messagemedia

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
)

// maxIdlePerHost is how many idle connections a transport that is pinned to HTTP/1.1
// keeps. net/http's default of 2 makes 16 callers connect again and again.
const maxIdlePerHost = 64

// connections is the innermost RoundTripper of a client. It chooses the transport, and
// records whether requests were sent.
type connections struct {
	transport http.RoundTripper // nil for http.DefaultTransport, which is looked up at each call
	pin       bool              // to HTTP/1.1, if it is http.DefaultTransport
}

// newHTTPClient copies a client, wraps its transport with the middleware, and pins the
// transport to HTTP/1.1 if the Authenticator needs that.
func newHTTPClient(given *http.Client, scheme string, auth Authenticator, middleware []func(http.RoundTripper) http.RoundTripper) (*http.Client, *connections, error) {
	if given == nil {
		return nil, nil, errors.New("WithHTTPClient: client is nil; omit the option for the default")
	}
	signer, ok := auth.(interface{ RequiresHTTP1() bool })
	conns := &connections{transport: given.Transport, pin: ok && signer.RequiresHTTP1()}
	if transport, ok := cmp.Or(given.Transport, http.DefaultTransport).(*http.Transport); ok {
		switch {
		case transport == nil:
			return nil, nil, errors.New("WithHTTPClient: the transport is a nil *http.Transport")
		case conns.pin && hasOwnTLS(transport):
			return nil, nil, errOwnTLS
		case conns.pin && given.Transport != nil && !hasRegisteredProtocol(transport, scheme):
			conns.transport = http1Only(transport)
		}
	}
	var next http.RoundTripper = conns
	for i := len(middleware) - 1; i >= 0; i-- {
		if next = middleware[i](next); next == nil {
			return nil, nil, fmt.Errorf("WithMiddleware: function %d returned nil", i+1)
		}
	}
	client := *given
	client.Transport, client.Timeout = withoutRedirects{next}, 0 // the attempt's timeout has it
	return &client, conns, nil
}

// RoundTrip sends a request.
func (c *connections) RoundTrip(r *http.Request) (*http.Response, error) {
	roundTripper, err := c.current()
	if err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, err
	}
	evidence, _ := r.Context().Value(evidenceKey{}).(*evidence)
	transport, ok := roundTripper.(*http.Transport)
	if !ok || evidence == nil {
		return roundTripper.RoundTrip(r)
	}
	return evidence.roundTrip(transport, r)
}

// CloseIdleConnections closes the idle connections.
func (c *connections) CloseIdleConnections() {
	if roundTripper, err := c.current(); err == nil {
		if closer, ok := roundTripper.(interface{ CloseIdleConnections() }); ok {
			closer.CloseIdleConnections()
		}
	}
}

func (c *connections) current() (http.RoundTripper, error) {
	if c.transport != nil {
		return c.transport, nil
	}
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok || !c.pin {
		return http.DefaultTransport, nil
	}
	return defaultHTTP1.of(transport)
}

// defaultHTTP1 is http.DefaultTransport pinned to HTTP/1.1. All clients of the process share
// it, so that a program with many clients does not keep connections for each.
var defaultHTTP1 pinnedTransport

type pinnedTransport struct {
	mu               sync.Mutex
	original, pinned *http.Transport
}

// of returns the pinned copy of a transport. It creates a new copy only if the transport has
// changed, since a test may replace http.DefaultTransport.
func (p *pinnedTransport) of(transport *http.Transport) (*http.Transport, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.original == transport {
		return p.pinned, nil
	}
	if hasOwnTLS(transport) {
		return nil, errOwnTLS
	}
	if p.pinned != nil {
		p.pinned.CloseIdleConnections()
	}
	p.original, p.pinned = transport, http1Only(transport)
	return p.pinned, nil
}

var errOwnTLS = errors.New("WithHTTPClient: the transport has its own TLS dialer, which may negotiate HTTP/2, but HMAC signatures are for HTTP/1.1; set TLSClientConfig instead")

func hasOwnTLS(transport *http.Transport) bool {
	//lint:ignore SA1019 callers can still set DialTLS
	return transport.DialTLSContext != nil || transport.DialTLS != nil
}

// http1Only returns a copy of a transport that only speaks HTTP/1.1. It needs both settings:
// without Protocols the transport would offer HTTP/2, without NextProtos a server could
// choose it.
func http1Only(transport *http.Transport) *http.Transport {
	transport = transport.Clone()
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	if transport.TLSClientConfig == nil {
		transport.TLSClientConfig = new(tls.Config)
	}
	transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
	if transport.MaxIdleConnsPerHost == 0 {
		transport.MaxIdleConnsPerHost = maxIdlePerHost
	}
	return transport
}

// hasRegisteredProtocol reports whether RegisterProtocol has set another RoundTripper for a
// scheme. Clone would lose it, and it reports no connections. net/http exports no function
// for that, so this reads a field of the transport, where net/http and
// golang.org/x/net/http2 also register HTTP/2.
func hasRegisteredProtocol(transport *http.Transport, scheme string) bool {
	registered := reflect.ValueOf(transport).Elem().FieldByName("altProto") // an atomic.Value with a map
	if !registered.IsValid() || registered.NumField() == 0 {
		return false
	}
	protocols := registered.Field(0).Elem()
	if protocols.Kind() != reflect.Map {
		return false
	}
	roundTripper := protocols.MapIndex(reflect.ValueOf(scheme))
	return roundTripper.IsValid() && !roundTripper.IsNil() && !isHTTP2(roundTripper.Elem().Type())
}

// isHTTP2 reports whether a RoundTripper's type is the HTTP/2 of net/http, whose name
// differs between releases of Go, or that of golang.org/x/net/http2.
func isHTTP2(roundTripper reflect.Type) bool {
	if roundTripper.Kind() == reflect.Pointer {
		roundTripper = roundTripper.Elem()
	}
	switch roundTripper.PkgPath() {
	case "net/http":
		return strings.HasPrefix(roundTripper.Name(), "http2")
	case "golang.org/x/net/http2":
		return true
	}
	return false
}

// withoutRedirects hides the Location of a redirect from http.Client, which would turn PATCH
// into GET, forward the credentials, and fail without a response if the URL is invalid.
type withoutRedirects struct{ next http.RoundTripper }

const hiddenLocation = "\x00Location" // not the name of a header that a server can send

func (w withoutRedirects) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := w.next.RoundTrip(r)
	if err != nil || response == nil || response.StatusCode/100 != 3 {
		return response, err
	}
	redirect := *response // a mock may return one response many times
	redirect.Header = renamed(response.Header, "Location", hiddenLocation)
	return &redirect, nil
}

func restoreLocation(response *http.Response) {
	if response.StatusCode/100 == 3 {
		response.Header = renamed(response.Header, hiddenLocation, "Location")
	}
}

func renamed(header http.Header, from, to string) http.Header {
	header = header.Clone()
	if values, ok := header[from]; ok {
		delete(header, from)
		header[to] = values
	}
	return header
}
