package messagemedia

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
)

const (
	maxResponseBytes  = 10 << 20 // of a 2xx response
	maxErrorBodyBytes = 64 << 10 // kept of any other
)

// Client calls the API. It can't be changed after [NewClient] made it, and is
// safe for concurrent use. Make one and keep it: it holds the connections.
type Client struct {
	http           *http.Client
	baseURL        string // without a slash at its end
	authenticate   func(*http.Request) error
	account        *string // nil for the account that the credentials belong to
	userAgent      string
	attemptTimeout time.Duration
	maxAttempts    int
	maxRetryWait   time.Duration
	logger         *slog.Logger
}

// NewClient makes a client with the credentials of an account. Its error names
// everything that is wrong with the arguments.
func NewClient(auth Authenticator, options ...Option) (*Client, error) {
	s := settings{
		baseURL:        defaultBaseURL,
		httpClient:     &http.Client{},
		attemptTimeout: defaultAttemptTimeout,
		maxAttempts:    defaultMaxAttempts,
		maxRetryWait:   defaultMaxRetryWait,
		logger:         slog.New(slog.DiscardHandler),
	}
	err := errors.Join(checkAuthenticator(auth), s.apply(options), s.check())
	if err == nil {
		s.httpClient, err = newHTTPClient(s.httpClient, auth)
	}
	if err != nil {
		return nil, fmt.Errorf("messagemedia: NewClient: %w", err)
	}
	return &Client{
		http:           s.httpClient,
		baseURL:        strings.TrimRight(s.baseURL, "/"),
		authenticate:   auth.Authenticate,
		userAgent:      strings.TrimSpace(s.userAgent + " webhooks-go-sdk/" + version() + " (" + runtime.Version() + ")"),
		attemptTimeout: s.attemptTimeout,
		maxAttempts:    s.maxAttempts,
		maxRetryWait:   s.maxRetryWait,
		logger:         s.logger,
	}, nil
}

// ForAccount returns a client that acts for a sub-account, with the same
// credentials, which must be the parent account's. An ID that no header can carry
// is an error of every call.
func (c *Client) ForAccount(id string) *Client {
	forAccount := *c
	forAccount.account = &id
	return &forAccount
}

// call is one operation, as the pipeline sees it.
type call struct {
	operation     string             // the name of Client's method
	method        string             // of HTTP
	path          string             // escaped, with the query
	route         string             // the path with placeholders, for logs
	body          []byte             // JSON, or nil
	decode        func([]byte) error // reads the response; nil when there is nothing to read
	nonIdempotent bool               // sent again only when the platform did not act on it
}

// do takes a call through its attempts. The error matches ErrOutcomeUnknown when
// any attempt may have changed something.
func (c *Client) do(ctx context.Context, call *call) error {
	if err := c.checkAccount(call.operation); err != nil {
		return err
	}
	ctx = context.WithValue(ctx, operationKey{}, call.operation)
	unknown := false
	for attempt := 1; ; attempt++ {
		sent, err := c.attempt(ctx, call, attempt)
		if err == nil {
			return nil
		}
		unknown = unknown || call.outcomeUnknown(err, sent)
		if attempt < c.maxAttempts && call.retryable(err, sent) {
			if err = c.waitBeforeRetry(ctx, attempt, err); err == nil {
				continue
			}
		}
		if unknown {
			err = fmt.Errorf("%w; %w", err, ErrOutcomeUnknown)
		}
		return err
	}
}

// attempt sends a call once, and logs that. sent reports whether the platform may
// have seen it.
func (c *Client) attempt(ctx context.Context, call *call, number int) (sent bool, err error) {
	start := time.Now()
	var progress progress
	response, err := c.send(ctx, call, &progress)

	level := slog.LevelDebug
	if err != nil {
		level = slog.LevelWarn
	}
	if c.logger.Enabled(ctx, level) {
		c.logger.LogAttrs(ctx, level, "messagemedia: request", call.attributes(number, time.Since(start), response)...)
	}
	return progress.mayHaveSent(), err
}

// send is the one path that every request takes: build, authenticate, send,
// classify, decode. A response that it returns has been read and closed.
func (c *Client) send(ctx context.Context, call *call, progress *progress) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.attemptTimeout, attemptTimeoutError(c.attemptTimeout))
	defer cancel()
	request, err := c.newRequest(progress.trace(ctx), call)
	if err != nil {
		return nil, fmt.Errorf("messagemedia: %s: %w", call.operation, err)
	}
	if err := c.authenticate(request); err != nil {
		return nil, fmt.Errorf("messagemedia: %s: authenticate: %w", call.operation, err)
	}
	if ctx.Err() != nil { // not every RoundTripper looks, and none tells that it sent nothing
		return nil, fmt.Errorf("messagemedia: %s: %w", call.operation, transportErrorFrom(ctx, ctx.Err()))
	}
	progress.started.Store(true)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("messagemedia: %s: %w", call.operation, transportErrorFrom(ctx, err))
	}
	defer response.Body.Close()
	response.Request = request // not every RoundTripper sets it
	return response, call.decodeResponse(response)
}

func (c *Client) newRequest(ctx context.Context, call *call) (*http.Request, error) {
	var body io.Reader
	if call.body != nil {
		body = bytes.NewReader(call.body) // of a type that makes net/http set GetBody
	}
	request, err := http.NewRequestWithContext(ctx, call.method, c.baseURL+call.path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.userAgent)
	if call.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.account != nil {
		request.Header.Set("Account", *c.account)
	}
	return request, nil
}

// decodeResponse decodes a 2xx response and returns an error for any other.
func (c *call) decodeResponse(response *http.Response) error {
	if response.StatusCode < 200 || response.StatusCode > 299 {
		body, _ := readBody(response, maxErrorBodyBytes) // the status counts, whatever becomes of the body
		return newAPIError(c.operation, response, body)
	}
	if err := c.decodeSuccess(response); err != nil {
		return &DecodeError{c.operation, response.StatusCode, requestID(response.Header), err}
	}
	return nil
}

// decodeSuccess decodes a 2xx response. If there is nothing to decode, any response will do but
// a page of HTML: that is a proxy's or a log-in's, and the API never saw the call.
func (c *call) decodeSuccess(response *http.Response) error {
	contentType := response.Header.Get("Content-Type")
	if c.decode == nil {
		_, _ = readBody(response, maxErrorBodyBytes) // lets the connection be used again
		if strings.Contains(contentType, "html") {
			return fmt.Errorf("its Content-Type is %q, which the API's is not", contentType)
		}
		return nil
	}
	body, err := readBody(response, maxResponseBytes)
	if err != nil {
		return err
	}
	if err := c.decode(body); err != nil {
		if !strings.Contains(contentType, "json") {
			return fmt.Errorf("its Content-Type is %q: %w", contentType, err)
		}
		return err
	}
	return nil
}

// readBody reads a body up to a limit. Passing it is an error; what was read
// until an error is returned beside it.
func readBody(response *http.Response, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if int64(len(body)) > limit {
		return body[:limit], &http.MaxBytesError{Limit: limit}
	}
	if err != nil {
		err = transportErrorFrom(response.Request.Context(), err)
	}
	return body, err
}

// transportErrorFrom returns why an attempt failed without a response: the caller's
// context ended, the attempt took too long, or the transport failed.
func transportErrorFrom(ctx context.Context, err error) error {
	timeout, timedOut := context.Cause(ctx).(attemptTimeoutError)
	switch {
	case timedOut:
		return &transportError{timeout}
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // the operation, which the caller adds, says more than method and URL
	}
	return &transportError{err}
}

// progress tells how far an attempt came. Its flags are atomic, since net/http
// may report on a connection that the attempt no longer waits for.
type progress struct{ started, wantedConnection, gotConnection atomic.Bool }

func (p *progress) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { p.wantedConnection.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { p.gotConnection.Store(true) },
	})
}

// mayHaveSent reports whether a byte may have reached the platform: not before there was
// a connection. A RoundTripper that reports none may have sent all of them.
func (p *progress) mayHaveSent() bool {
	return p.started.Load() && (p.gotConnection.Load() || !p.wantedConnection.Load())
}

// attributes are all that a log record says of an attempt.
func (c *call) attributes(attempt int, duration time.Duration, response *http.Response) []slog.Attr {
	attributes := []slog.Attr{
		slog.String("operation", c.operation),
		slog.String("method", c.method),
		slog.String("path", c.route),
		slog.Int("attempt", attempt),
		slog.Duration("duration", duration),
	}
	if response != nil {
		attributes = append(attributes,
			slog.Int("status", response.StatusCode),
			slog.String("request_id", requestID(response.Header)))
	}
	return attributes
}

type operationKey struct{}

// OperationFromContext returns the name of the Client's method that a request is
// made for, such as "CreateWebhook", given the request's context. It is meant for
// a RoundTripper that traces or counts calls, and is empty in other contexts.
func OperationFromContext(ctx context.Context) string {
	operation, _ := ctx.Value(operationKey{}).(string)
	return operation
}

func (c *Client) checkAccount(operation string) error {
	if c.account == nil || *c.account != "" && *c.account == strings.TrimSpace(*c.account) && !strings.ContainsFunc(*c.account, unicode.IsControl) {
		return nil
	}
	var v violations
	v.add("/account", "%q is not the ID of a sub-account", *c.account)
	return v.err(operation)
}

func checkAuthenticator(auth Authenticator) error {
	if auth == nil {
		return errors.New("there are no credentials; pass BasicAuth or HMACAuth")
	}
	if credentials, ok := auth.(*credentials); ok {
		return credentials.err
	}
	return nil
}

// newHTTPClient copies a client so that it follows no redirects (net/http would
// turn PATCH into GET, and send the credentials on), and speaks HTTP/1.1 only if
// the authenticator needs that.
func newHTTPClient(given *http.Client, auth Authenticator) (*http.Client, error) {
	client := *given
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if signer, ok := auth.(interface{ RequiresHTTP1() bool }); !ok || !signer.RequiresHTTP1() {
		return &client, nil
	}
	transport, ok := cmp.Or(client.Transport, http.DefaultTransport).(*http.Transport)
	if !ok {
		return &client, nil
	}
	//lint:ignore SA1019 callers can still set DialTLS
	if transport.DialTLSContext != nil || transport.DialTLS != nil {
		return nil, errors.New("WithHTTPClient: the transport has a TLS dialler of its own, which may negotiate HTTP/2, and HMAC signatures are for HTTP/1.1; set TLSClientConfig in its place")
	}
	client.Transport = http1Only(transport)
	return &client, nil
}

// http1Only copies a transport. It needs both settings: without Protocols it
// would still try HTTP/2, without NextProtos a server could still choose it.
func http1Only(transport *http.Transport) *http.Transport {
	transport = transport.Clone()
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	if transport.TLSClientConfig == nil {
		transport.TLSClientConfig = new(tls.Config)
	}
	transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
	return transport
}
