package messagemediatest

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// Server is the platform in memory. It is safe for concurrent use.
type Server struct {
	// URL is where the server is, for messagemedia.WithBaseURL.
	URL string

	// Key and Secret are the credentials that it accepts, by Basic and by HMAC.
	Key, Secret string

	tb      testing.TB // nil in a program
	keyBits int
	http    *httptest.Server
	client  *http.Client

	deliveryTransport *http.Transport // what deliveries go out through

	observe     func(Exchange)
	shutdownCtx context.Context
	close       context.CancelFunc

	mu       sync.Mutex
	accounts map[string]*account
	faults   []*Fault
	requests []Exchange
}

// Option configures a [Server].
type Option func(*settings)

type settings struct {
	key, secret string
	address     string
	tls         bool
	inMemory    bool
	observe     func(Exchange)
	keyBits     int
}

// WithCredentials sets the API key and secret that the server accepts. The
// defaults are "test-key" and "test-secret".
func WithCredentials(key, secret string) Option {
	return func(s *settings) { s.key, s.secret = key, secret }
}

// WithAddr sets the address to listen on, as in "127.0.0.1:8080". The default is
// a free port of this host.
func WithAddr(address string) Option {
	return func(s *settings) { s.address = address }
}

// WithTLS serves HTTPS, and offers HTTP/2 and HTTP/1.1. The server's HTTP client
// trusts its certificate.
func WithTLS() Option {
	return func(s *settings) { s.tls = true }
}

// WithInMemoryNetwork serves connections in memory instead of sockets, for tests with
// the fake time of testing/synctest. Only the server's own HTTP client reaches it.
func WithInMemoryNetwork() Option {
	return func(s *settings) { s.inMemory = true }
}

// WithKeyBits sets the size of the RSA keys that the server makes. The default is
// 2048, the size that the platform's keys have been seen with.
func WithKeyBits(bits int) Option {
	return func(s *settings) { s.keyBits = bits }
}

// WithObserver calls a function with each request and its response, when the
// response is on its way.
func WithObserver(observe func(Exchange)) Option {
	return func(s *settings) { s.observe = observe }
}

// NewServer starts a server for a test, and closes it when the test ends. When
// it can't start, the test fails.
func NewServer(tb testing.TB, options ...Option) *Server {
	tb.Helper()
	s, err := Start(options...)
	if err != nil {
		tb.Fatal(err)
	}
	s.tb = tb
	tb.Cleanup(s.Close)
	return s
}

// Start starts a server for a program, which must close it. The error says why it
// can't listen.
func Start(options ...Option) (*Server, error) {
	settings := settings{key: "test-key", secret: "test-secret", address: "127.0.0.1:0", observe: func(Exchange) {}, keyBits: defaultKeyBits}
	for _, option := range options {
		option(&settings)
	}
	listener, dial, err := settings.listen()
	if err != nil {
		return nil, fmt.Errorf("messagemediatest: %w", err)
	}
	s := &Server{
		Key: settings.key, Secret: settings.secret,
		keyBits: settings.keyBits, observe: settings.observe, deliveryTransport: new(http.Transport), accounts: make(map[string]*account),
	}
	s.shutdownCtx, s.close = context.WithCancel(context.Background())
	s.http = &httptest.Server{Listener: listener, Config: &http.Server{Handler: s}, EnableHTTP2: settings.tls}
	if settings.tls {
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	s.URL = s.http.URL
	s.client = s.http.Client()
	if dial != nil {
		s.client.Transport.(*http.Transport).DialContext = dial
	}
	return s, nil
}

func (s *settings) listen() (net.Listener, func(context.Context, string, string) (net.Conn, error), error) {
	if s.inMemory {
		pipe := newPipeListener()
		return pipe, pipe.dial, nil
	}
	listener, err := net.Listen("tcp", s.address)
	return listener, nil, err
}

// Close ends the server, requests that it delays, and what [Server.Send] is about
// to do. It blocks until all requests that are under way have ended.
func (s *Server) Close() {
	s.close()
	s.http.Close()
	s.deliveryTransport.CloseIdleConnections()
}

// HTTPClient returns a client that reaches the server, whether it is on a socket
// or in memory, and trusts its certificate.
func (s *Server) HTTPClient() *http.Client {
	client := *s.client
	return &client
}

// Client returns a client with the server's credentials, over Basic. The options
// come after those that make it reach the server. An option that can't be right
// fails the test, or panics in a program.
func (s *Server) Client(options ...messagemedia.Option) *messagemedia.Client {
	client, err := messagemedia.NewClient(messagemedia.BasicAuth(s.Key, s.Secret), s.clientOptions(options)...)
	if err != nil && s.tb != nil {
		s.tb.Helper()
		s.tb.Fatal(err)
	}
	if err != nil {
		panic(err)
	}
	return client
}

func (s *Server) clientOptions(options []messagemedia.Option) []messagemedia.Option {
	return slices.Concat([]messagemedia.Option{
		messagemedia.WithBaseURL(s.URL),
		messagemedia.WithHTTPClient(s.HTTPClient()),
		messagemedia.WithInsecureHTTP(),
	}, options)
}

// Webhooks returns what an account holds now, in the order of creation. The empty
// name stands for the account that the credentials belong to.
func (s *Server) Webhooks(account string) []messagemedia.Webhook {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.account(account).webhooks)
}

// Exchange is a request that the server received, and its response.
type Exchange struct {
	Method      string      // of the request
	Target      string      // path and query, as they came
	Proto       string      // the HTTP version, such as "HTTP/1.1"
	Account     string      // the header Account, empty when there is none
	Header      http.Header // of the request
	RequestBody string      // of the request, empty when a fault kept it from being read

	Status       int           // of the response, 0 when there was none
	ResponseBody string        // the response's body
	Committed    bool          // whether the request took effect
	Duration     time.Duration // from the request's header to the response
}

// Requests returns all requests so far, in the order of their responses.
func (s *Server) Requests() []Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// maxRequestBytes is far more than a valid request has.
const maxRequestBytes = 1 << 20

// ServeHTTP handles a request as the platform does, or as a fault wants it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	exchange := Exchange{
		Method: r.Method, Target: r.RequestURI, Proto: r.Proto,
		Account: r.Header.Get("Account"), Header: r.Header.Clone(),
	}
	handle := func() response {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
		if err != nil {
			return badRequest("Failed to parse message body.")
		}
		exchange.RequestBody = string(body)
		response := s.handle(r, body)
		exchange.Committed = response.committed
		return response
	}
	response, delivery := s.nextFault(r).apply(s.shutdownCtx, r, handle)
	exchange.Status, exchange.ResponseBody, exchange.Duration = response.status, string(response.body), time.Since(start)
	s.mu.Lock()
	s.requests = append(s.requests, exchange)
	s.mu.Unlock()
	s.observe(exchange)
	delivery.write(w, r, response)
}

// response is what the server sends back, and whether the request took effect.
type response struct {
	status    int
	header    http.Header
	body      []byte
	committed bool
}

// handle is the platform: who asks, for what, and what becomes of it.
func (s *Server) handle(r *http.Request, body []byte) response {
	if !s.authorized(r, body) {
		return response{status: http.StatusUnauthorized}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.account(r.Header.Get("Account"))
	if rest, ok := strings.CutPrefix(r.URL.Path, webhooksPath); ok && (rest == "" || rest[0] == '/') {
		return account.serveWebhooks(r, strings.TrimPrefix(rest, "/"), body)
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, signatureKeysPath); ok && (rest == "" || rest[0] == '/') {
		return account.serveKeys(r, strings.TrimPrefix(rest, "/"), body, s.keyBits)
	}
	return response{status: http.StatusNotFound}
}

// account returns an account by its name. It is made when it is first named.
func (s *Server) account(name string) *account {
	if s.accounts[name] == nil {
		s.accounts[name] = new(account)
	}
	return s.accounts[name]
}

func newUUID() string {
	var id [16]byte
	rand.Read(id[:])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4, variant 10
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
