package messagemediatest

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

// Server is the in-memory platform. [NewServer] and [Start] create one. It is safe for
// concurrent use. Its methods return copies of its state.
type Server struct {
	// URL is the base URL, for messagemedia.WithBaseURL.
	URL string

	// Key and Secret are the accepted credentials, for Basic and HMAC.
	Key, Secret string

	settings
	tb      testing.TB // nil in a program
	http    *httptest.Server
	client  *http.Client
	baseURL string // the initial URL: a user may change that field

	deliveryTransport *http.Transport

	shutdownCtx context.Context
	shutdown    context.CancelFunc

	deliveries  progressQueue
	keysCreated atomic.Int64
	matching    chan struct{} // holds a value while a Match function runs

	mu          sync.Mutex // never held while a user's function runs
	accounts    map[string]*account
	faults      []*Fault
	requests    []Exchange
	observed    int  // the number of requests that the observer has seen
	observing   bool // whether a goroutine is calling the observer
	connections map[net.Conn]struct{}
}

// NewServer starts a server for a test and closes it when the test ends. If an option is
// invalid or the server can't listen, the test fails.
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

// Start starts a server for a program. The caller must call [Server.Close]. Start returns
// an error if an option is invalid or the server can't listen.
func Start(options ...Option) (*Server, error) {
	settings, err := newSettings(options)
	if err != nil {
		return nil, fmt.Errorf("messagemediatest: Start: %w", err)
	}
	listener, dial, err := settings.listen()
	if err != nil {
		return nil, fmt.Errorf("messagemediatest: Start: %w", err)
	}
	s := &Server{
		Key: settings.key, Secret: settings.secret,
		settings:          *settings,
		deliveryTransport: new(http.Transport),
		matching:          make(chan struct{}, 1),
		accounts:          make(map[string]*account),
		connections:       make(map[net.Conn]struct{}),
	}
	s.shutdownCtx, s.shutdown = context.WithCancel(context.Background())
	s.http = &httptest.Server{
		Listener:    listener,
		Config:      &http.Server{Handler: s, ConnState: s.trackConnection},
		EnableHTTP2: settings.tls,
	}
	if settings.tls {
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	s.URL, s.baseURL, s.client = s.http.URL, s.http.URL, s.http.Client()
	if dial != nil {
		s.client.Transport.(*http.Transport).DialContext = dial
	}
	return s, nil
}

// closeGrace is the time that Close allows for a request whose client neither reads nor
// writes.
const closeGrace = time.Second

// Close shuts down the server. It ends the delays of faults and running sends at once,
// then waits for all requests to end. A callback must not call Close. Further calls have
// no effect.
func (s *Server) Close() {
	s.shutdown()
	s.mu.Lock()
	for connection := range s.connections {
		connection.SetDeadline(time.Now().Add(closeGrace))
	}
	s.mu.Unlock()
	s.http.Close()
	s.deliveryTransport.CloseIdleConnections()
}

func (s *Server) trackConnection(connection net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.connections[connection] = struct{}{}
	case http.StateClosed, http.StateHijacked:
		delete(s.connections, connection)
	}
}

// HTTPClient returns an HTTP client that reaches the server, over a socket or the
// in-memory network, and trusts its certificate.
func (s *Server) HTTPClient() *http.Client {
	client := *s.client
	return &client
}

// Client returns a client for the server, with its credentials and Basic authentication.
// The options can override its own. If an option is invalid, the test fails; without a
// test, every call of the client returns the error.
func (s *Server) Client(options ...messagemedia.Option) *messagemedia.Client {
	client, err := messagemedia.NewClient(messagemedia.BasicAuth(s.key, s.secret), s.clientOptions(options)...)
	if err != nil && s.tb != nil {
		s.tb.Helper()
		s.tb.Fatal(err)
	}
	if err != nil {
		client, _ = messagemedia.NewClient(invalidOptions{err}, s.clientOptions(nil)...)
	}
	return client
}

func (s *Server) clientOptions(options []messagemedia.Option) []messagemedia.Option {
	return slices.Concat([]messagemedia.Option{
		messagemedia.WithBaseURL(s.baseURL),
		messagemedia.WithHTTPClient(s.HTTPClient()),
		messagemedia.WithInsecureHTTP(),
	}, options)
}

// invalidOptions makes every call of a client fail.
type invalidOptions struct{ err error }

func (i invalidOptions) Authenticate(*http.Request) error { return i.err }

// maxRequestBytes is well above the size of a valid request.
const maxRequestBytes = 1 << 20

// ServeHTTP handles a request like the platform, unless a fault selects it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	route, id, allowed := findRoute(r.Method, r.URL)
	exchange := Exchange{
		Operation: route.operation, Method: r.Method, Target: r.RequestURI, Proto: r.Proto,
		Account: r.Header.Get("Account"), Header: r.Header.Clone(),
	}
	fault := s.takeFault(r, route.operation, exchange.Account)
	handle := func() response {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
		if err != nil {
			return badRequest(unparsable)
		}
		exchange.RequestBody = string(body)
		if !s.authorized(r, body) {
			return unauthorized
		}
		if route.serve == nil {
			return noRoute(allowed)
		}
		response := s.serve(route, r, call{exchange.Account, id, r.URL.RawQuery, body, fault.Lag})
		exchange.Committed = response.committed
		return response
	}
	response, plan := fault.apply(s.shutdownCtx, r, handle)
	exchange.Status, exchange.ResponseBody, exchange.Duration = response.status, string(response.body), time.Since(start)
	s.record(exchange)
	plan.write(w, r, response)
}

func noRoute(allowed []string) response {
	if len(allowed) > 0 {
		return methodNotAllowed(allowed)
	}
	return notFound
}

// serve handles an authorized request of the API.
func (s *Server) serve(route route, r *http.Request, c call) response {
	if s.withoutSignatureKeys && route.isForKeys() {
		return forbidden
	}
	if accounts := r.Header.Values("Account"); len(accounts) > 1 || len(accounts) == 1 && accounts[0] == "" {
		return errorResponse(http.StatusBadRequest, fmt.Sprintf("Account must be one sub-account, got %q", accounts))
	}
	if contentType := r.Header.Get("Content-Type"); route.takesBody() && !isJSON(contentType) {
		return errorResponse(http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Type must be application/json, got %q", contentType))
	}
	if !route.takesBody() && len(c.body) > 0 {
		return badRequest(unparsable)
	}
	if query := parseQuery(c.query); !route.isList() && len(query.wrong) > 0 {
		return badRequest(query.wrong...)
	}
	return route.serve(s, c)
}

func isJSON(contentType string) bool {
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	charset, named := parameters["charset"]
	return err == nil && mediaType == "application/json" && (!named || strings.EqualFold(charset, "utf-8"))
}

func newUUID() string {
	var id [16]byte
	rand.Read(id[:])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4, variant 10
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
