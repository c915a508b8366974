package messagemedia_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// tlsFault is a TLS failure of every attempt, on a real socket.
type tlsFault struct {
	fault
	cause func(error) bool

	// The faults of the client's and the platform's configuration. If nil, that side has none.
	client   func(*tls.Config)
	platform func(*tls.Config)
	accept   func(net.Conn) // in place of the platform's TLS
}

var tlsFaults = []tlsFault{
	{fault: fault{name: "a certificate of an unknown authority"}, cause: has[x509.UnknownAuthorityError],
		client: func(c *tls.Config) { c.RootCAs = x509.NewCertPool() }},
	{fault: fault{name: "a certificate for another host"}, cause: has[x509.HostnameError],
		client: func(c *tls.Config) { c.ServerName = "elsewhere.test" }},
	{fault: fault{name: "an expired certificate"}, cause: has[x509.CertificateInvalidError],
		client: func(c *tls.Config) { c.Time = func() time.Time { return time.Now().AddDate(100, 0, 0) } }},
	{fault: fault{name: "a TLS version that is too old", repeated: true}, cause: isAlert,
		client:   func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 },
		platform: func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }},
	{fault: fault{name: "a missing client certificate", leaves: unknown, repeated: true}, cause: isAlert,
		platform: func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }}, // TLS 1.3 reports this after the request
	{fault: fault{name: "HTTP without TLS"}, cause: is(http.ErrSchemeMismatch),
		accept: func(c net.Conn) { io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); hold(c) }},
	{fault: fault{name: "a close during the handshake", repeated: true}, cause: func(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) },
		accept: func(c net.Conn) { c.Read(make([]byte, 1)) }},
	{fault: fault{name: "a handshake that never ends", repeated: true, matches: []string{"Timeout"}}, cause: has[net.Error],
		accept: hold},
}

// TestMatrixOfTLS checks the attempts and the cause of each error. If the handshake fails, the
// request was not sent. An invalid certificate or a port without TLS would fail again, so the
// client does not retry.
func TestMatrixOfTLS(t *testing.T) {
	long(t)
	t.Parallel()
	for _, operations := range [][]operation{webhookOperations, signatureKeyOperations} {
		grid := newGrid(t, operations)
		for _, f := range tlsFaults {
			f.matches = append(f.matches, "net.Error")
			grid.row(f.name+"\talways", func(o *operation) outcome { return runTLSCell(t, o, &f) })
		}
		grid.print()
	}
}

func runTLSCell(t *testing.T, o *operation, f *tlsFault) outcome {
	api := messagemediatest.NewServer(t, messagemediatest.WithKeyBits(1024))
	id := o.given(t, api.Client())
	before := stateOf(t, api)
	url, transport := f.serve(t, api)
	link := linkOver(transport)
	options := []messagemedia.Option{messagemedia.WithBaseURL(url), messagemedia.WithHTTPClient(&http.Client{Transport: link.transport}), messagemedia.WithMiddleware(link.count), messagemedia.WithMaxRetryWait(0)}
	if slices.Contains(f.matches, "Timeout") {
		options = append(options, messagemedia.WithAttemptTimeout(50*time.Millisecond))
	}
	err := o.call(t.Context(), api.Client(options...), id)

	got := outcome{err == nil, link.attempts(), matches(err)}
	assert.Equal(t, expect(o, &f.fault, true), got, "%s, %s: %v", o.name, f.name, err)
	assert.True(t, f.cause(err), "%s, %s: %v", o.name, f.name, err)
	assert.Equal(t, before, stateOf(t, api))
	link.transport.CloseIdleConnections()
	require.Eventually(t, func() bool { return link.open.Load() == 0 }, 5*time.Second, time.Millisecond, "connections were left open")
	return got
}

// isAlert reports whether the other side ended the handshake.
func isAlert(err error) bool {
	operation, ok := errors.AsType[*net.OpError](err)
	return ok && operation.Op == "remote error"
}

// serve serves the platform with the fault. It returns the address and a client's transport.
func (f *tlsFault) serve(t *testing.T, api http.Handler) (string, *http.Transport) {
	server := httptest.NewUnstartedServer(api)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // would log each failed handshake
	server.TLS = new(tls.Config)
	if f.platform != nil {
		f.platform(server.TLS)
	}
	if f.accept != nil {
		server.Listener = &interceptor{server.Listener, f.accept}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := server.Client().Transport.(*http.Transport)
	if f.client != nil {
		f.client(transport.TLSClientConfig)
	}
	return server.URL, transport
}

// interceptor passes each connection of a server to take instead.
type interceptor struct {
	net.Listener
	take func(net.Conn)
}

func (i *interceptor) Accept() (net.Conn, error) {
	for {
		connection, err := i.Listener.Accept()
		if err != nil {
			return nil, err
		}
		go func() {
			defer connection.Close()
			i.take(connection)
		}()
	}
}

// hold keeps a connection until the other side closes it.
func hold(connection net.Conn) { io.Copy(io.Discard, connection) }
