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

// Client calls the API. It can't be changed after [NewClient] made it, and is safe for
// concurrent use. Make one and keep it: it holds the connections. The zero Client is not
// usable; every call of it returns an error.
type Client struct {
	http           *http.Client
	connections    *connections
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
	client, err := newClient(auth, options)
	if err != nil {
		return nil, fmt.Errorf("messagemedia: NewClient: %w", err)
	}
	return client, nil
}

func newClient(auth Authenticator, options []Option) (*Client, error) {
	s := settings{
		baseURL:        defaultBaseURL,
		httpClient:     &http.Client{},
		attemptTimeout: defaultAttemptTimeout,
		maxAttempts:    defaultMaxAttempts,
		maxRetryWait:   defaultMaxRetryWait,
		logger:         slog.New(slog.DiscardHandler),
	}
	if err := errors.Join(checkAuthenticator(auth), s.apply(options), s.check()); err != nil {
		return nil, err
	}
	if timeout := s.httpClient.Timeout; timeout > 0 {
		s.attemptTimeout = min(s.attemptTimeout, timeout)
	}
	scheme, _, _ := strings.Cut(s.baseURL, ":")
	httpClient, connections, err := newHTTPClient(s.httpClient, strings.ToLower(scheme), auth, s.middleware)
	if err != nil {
		return nil, err
	}
	return &Client{
		http:           httpClient,
		connections:    connections,
		baseURL:        strings.TrimRight(s.baseURL, "/"),
		authenticate:   auth.Authenticate,
		userAgent:      strings.TrimSpace(s.userAgent + " webhooks-go-sdk/" + version() + " (" + runtime.Version() + ")"),
		attemptTimeout: s.attemptTimeout,
		maxAttempts:    s.maxAttempts,
		maxRetryWait:   s.maxRetryWait,
		logger:         s.logger,
	}, nil
}

// ForAccount returns a client that acts for a sub-account, with the same credentials,
// which must be the parent account's. If id is empty or not a valid header value, every
// call returns an error: an unset variable must not change the parent's webhooks.
func (c *Client) ForAccount(id string) *Client {
	forAccount := *c
	forAccount.account = &id
	return &forAccount
}

// CloseIdleConnections closes the connections that no call uses, as the method of the
// same name of [http.Client] does. A client with [HMACAuth] has connections of its own,
// which nothing else can close; otherwise they are those of the transport that
// [WithHTTPClient] gives, or of [http.DefaultTransport], which other parts of the program
// may share.
func (c *Client) CloseIdleConnections() {
	if c.connections != nil {
		c.connections.CloseIdleConnections()
	}
}

// call is one operation, as the pipeline sees it.
type call struct {
	operation     string             // the name of Client's method
	method        string             // of HTTP
	path          string             // escaped, with the query
	route         string             // the path with placeholders, for logs
	body          []byte             // JSON, or nil
	decode        func([]byte) error // reads the response; nil if there is nothing to read
	url           string             // of the webhook in the body, whose tokens no error repeats
	headers       map[string]string  // likewise
	nonIdempotent bool               // sent again only if the platform did not act on it
	mayBeAbsent   bool               // a 404 is one of the results, and no failure to warn of
}

// do takes a call through its attempts. The error matches ErrOutcomeUnknown if any
// attempt may have changed something.
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
		c.logEnd(ctx, call, number, time.Since(start), err)
		return err
	}
}

// attempt is one request of a call, and what became of it.
type attempt struct {
	call     *call
	number   int
	request  *http.Request
	response *http.Response // read and closed; nil if there was none
	evidence evidence
	started  bool // a RoundTripper was called
	sent     bool // the platform may have seen the request
	err      error
	reason   reason // of the error
}

// attempt sends a call once, and logs that.
func (c *Client) attempt(ctx context.Context, call *call, number int) *attempt {
	start := time.Now()
	a := &attempt{call: call, number: number}
	c.send(ctx, a)
	c.logAttempt(ctx, a, time.Since(start))
	return a
}

// send is the one path that every request takes: build, authenticate, send, classify,
// decode.
func (c *Client) send(caller context.Context, a *attempt) {
	ctx, cancel := context.WithTimeoutCause(caller, c.attemptTimeout, attemptTimeoutError(c.attemptTimeout))
	defer cancel()
	err := c.build(ctx, a)
	if err == nil {
		err = c.authenticate(a.request)
	}
	if err == nil {
		err = checkSendable(a.request)
	}
	if err != nil {
		a.failAuthentication(caller, ctx, err)
		return
	}
	if ctx.Err() != nil { // not every RoundTripper looks, and none tells that it sent nothing
		a.failTransport(caller, ctx, ctx.Err())
		return
	}
	a.evidence.method, a.evidence.target = a.request.Method, a.request.URL.RequestURI()
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

// build makes the request of an attempt.
func (c *Client) build(ctx context.Context, a *attempt) error {
	call := a.call
	var body io.Reader
	if call.body != nil {
		body = bytes.NewReader(call.body) // of a type that makes net/http set GetBody
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

// OperationFromContext returns the name of the Client's method that a request is
// made for, such as "CreateWebhook", given the request's context. It is meant for
// a middleware that traces or counts calls, and is empty in other contexts.
func OperationFromContext(ctx context.Context) string {
	operation, _ := ctx.Value(operationKey{}).(string)
	return operation
}

// check reports why a client can't make any call.
func (c *Client) check(operation string) error {
	if c == nil || c.http == nil {
		return fmt.Errorf("messagemedia: %s: the client was not made by NewClient", operation)
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
		return errors.New("there are no credentials; pass BasicAuth or HMACAuth")
	}
	if credentials, ok := auth.(*credentials); ok {
		return credentials.err
	}
	return nil
}
