package messagemedia

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"time"
)

// Client is a client of the API. It is immutable and safe for concurrent use. Create one
// with [NewClient] and reuse it, since it holds the connections. Every call of a zero Client
// returns an error.
type Client struct {
	http           *http.Client
	connections    *connections
	baseURL        string // without a trailing slash
	authenticate   func(*http.Request) error
	ownAuth        bool    // the Authenticator is of this package, and makes requests that can be sent
	account        *string // nil for the account that the credentials belong to
	userAgent      string
	attemptTimeout time.Duration
	maxAttempts    int
	maxRetryWait   time.Duration
	logger         *slog.Logger
}

// NewClient returns a client that authenticates with auth. If an argument is invalid, it
// returns an error with all problems of the arguments.
func NewClient(auth Authenticator, options ...Option) (*Client, error) {
	s, err := newSettings("", "", options)
	client, err := newClient(auth, s, checkAuthenticator(auth), err)
	if err != nil {
		return nil, fmt.Errorf("messagemedia: NewClient: %w", err)
	}
	return client, nil
}

// newClient returns the client, or the given errors and those of its transport.
func newClient(auth Authenticator, s settings, errs ...error) (*Client, error) {
	scheme, _, _ := strings.Cut(s.baseURL, ":")
	httpClient, connections, err := newHTTPClient(s.httpClient, strings.ToLower(scheme), auth, s.middleware)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	if timeout := s.httpClient.Timeout; timeout > 0 {
		s.attemptTimeout = min(s.attemptTimeout, timeout)
	}
	_, ownAuth := auth.(*credentials)
	return &Client{
		http:           httpClient,
		connections:    connections,
		baseURL:        strings.TrimRight(s.baseURL, "/"),
		authenticate:   auth.Authenticate,
		ownAuth:        ownAuth,
		userAgent:      strings.TrimSpace(s.userAgent + " webhooks-go-sdk/" + version() + " (" + runtime.Version() + ")"),
		attemptTimeout: s.attemptTimeout,
		maxAttempts:    s.maxAttempts,
		maxRetryWait:   s.maxRetryWait,
		logger:         s.logger,
	}, nil
}

// ForAccount returns a client that acts for a sub-account with the same credentials, which
// must be those of the parent account. If id is empty or not a valid header value, every
// call returns an error, so that an unset variable does not change the parent's webhooks.
// The header Account is documented for webhooks, but not for signature keys.
func (c *Client) ForAccount(id string) *Client {
	forAccount := *c
	forAccount.account = &id
	return &forAccount
}

// CloseIdleConnections closes the idle connections, like [http.Client.CloseIdleConnections].
// A client with [HMACAuth] has its own connections. Other clients use those of the transport
// given to [WithHTTPClient] or of [http.DefaultTransport], which other parts of the program
// may share.
func (c *Client) CloseIdleConnections() {
	if c.connections != nil {
		c.connections.CloseIdleConnections()
	}
}

// call is one call of the API.
type call struct {
	operation     string             // the name of the method of Client
	method        string             // the HTTP method
	path          string             // escaped, with the query
	route         string             // the path with placeholders, for logs
	body          []byte             // JSON, or nil
	decode        func([]byte) error // decodes the response; nil if it has no content
	url           string             // the webhook's URL in the body, whose tokens are redacted from errors
	headers       map[string]string  // the webhook's headers in the body, redacted likewise
	nonIdempotent bool               // retried only if the platform did not act on it
	mayBeAbsent   bool               // a 404 is an expected result, not logged as a failure
}

// do makes the attempts of a call. If the call fails and an attempt may have changed
// something, the error matches ErrOutcomeUnknown.
func (c *Client) do(ctx context.Context, call *call) error {
	if err := c.check(call.operation); err != nil {
		return err
	}
	start := time.Now()
	unknown := false
	for number := 1; ; number++ {
		a := c.attempt(ctx, call, number)
		err := a.err
		unknown = unknown || a.outcomeUnknown()
		if number < c.maxAttempts && a.retryable() {
			if err = c.waitBeforeRetry(ctx, number, err); err == nil {
				continue
			}
		}
		if err != nil && unknown {
			err = fmt.Errorf("%w; %w", err, ErrOutcomeUnknown)
		}
		c.logEnd(ctx, call, number, start, err)
		return err
	}
}

// attempt is one request of a call, with its result.
type attempt struct {
	call     *call
	number   int
	request  *http.Request
	response *http.Response // its body is read and closed; nil if there was no response
	evidence evidence
	started  bool // a RoundTripper was called
	sent     bool // the platform may have seen the request
	err      error
	reason   reason // of the error
}

// attempt sends a call once and logs the attempt.
func (c *Client) attempt(ctx context.Context, call *call, number int) *attempt {
	start := time.Now()
	a := &attempt{call: call, number: number}
	c.send(ctx, a)
	c.logAttempt(ctx, a, start)
	return a
}

// send builds, authenticates and sends a request, and classifies and decodes the response.
func (c *Client) send(caller context.Context, a *attempt) {
	ctx, cancel := context.WithTimeoutCause(caller, c.attemptTimeout, attemptTimeoutError(c.attemptTimeout))
	defer cancel()
	err := c.build(ctx, a)
	if err == nil {
		err = c.authenticate(a.request)
	}
	if err == nil && !c.ownAuth {
		err = checkSendable(a.request)
	}
	if err != nil {
		a.failAuthentication(caller, ctx, err)
		return
	}
	if ctx.Err() != nil { // a RoundTripper may ignore the context, or not report that it sent nothing
		a.failTransport(caller, ctx, ctx.Err())
		return
	}
	a.evidence.request = a.request
	a.started = true
	response, err := c.http.Do(a.request)
	if err != nil {
		a.failTransport(caller, ctx, err)
		return
	}
	restoreLocation(response)
	a.response, a.sent = response, true
	a.classify(caller, ctx)
}

// build creates the request of an attempt.
func (c *Client) build(ctx context.Context, a *attempt) error {
	call := a.call
	var body io.Reader
	if call.body != nil {
		body = bytes.NewReader(call.body) // for this type, net/http sets GetBody
	}
	request, err := http.NewRequestWithContext(&attemptContext{ctx, call.operation, &a.evidence}, call.method, c.baseURL+call.path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.userAgent)
	if call.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.account != nil {
		request.Header.Set("Account", *c.account)
	}
	a.request = request
	return nil
}

// OperationFromContext returns the name of the called method of [Client], such as
// "CreateWebhook", from the context of a request. It is for middleware that traces or counts
// calls. For any other context, it returns "".
func OperationFromContext(ctx context.Context) string {
	operation, _ := ctx.Value(operationKey{}).(string)
	return operation
}

// check returns an error if the client cannot make any call.
func (c *Client) check(operation string) error {
	if c == nil || c.http == nil {
		return fmt.Errorf("messagemedia: %s: the client was not created by NewClient", operation)
	}
	if c.account == nil || *c.account != "" && *c.account == strings.TrimSpace(*c.account) && !strings.ContainsFunc(*c.account, isInvisible) {
		return nil
	}
	var v violations
	v.add("/account", "%q is not the ID of a sub-account", *c.account)
	return v.err(operation)
}

func checkAuthenticator(auth Authenticator) error {
	if auth == nil {
		return errors.New("authenticator is nil; pass BasicAuth or HMACAuth")
	}
	if credentials, ok := auth.(*credentials); ok {
		return credentials.err
	}
	return nil
}
