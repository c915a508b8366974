package webhook_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// The matrix tests how clients can behave towards a server with this package's handler, over
// an in-memory network and with fake time. This command prints it:
//
//	go test -v -run Matrix ./webhook

const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second
	callbackTakes = time.Second
	bodyTimeout   = 5 * time.Second // of the handler, shorter than that of the server
	maxBodyBytes  = 1 << 10

	aPayload = `{"reply_id":"d3c2","content":"Hello","source_number":"+61491570156"}`
)

// client is a way to send a delivery, with the expected result.
type client struct {
	name string
	send func(*sender)
	deaf bool // it does not read the response
	want result
}

type result struct {
	status  int            // of the response; 0 without a response
	after   time.Duration  // until the response, or until the connection was closed
	handled bool           // the callback returned nil
	reason  webhook.Reason // that the observer got
}

var clients = []client{
	{name: "sends at once", want: result{204, callbackTakes, true, webhook.ReasonHandled},
		send: func(s *sender) { s.head(); s.body(aPayload); s.end() }},
	{name: "is slow by each byte, and ends in time", want: result{204, callbackTakes + time.Duration(len(aPayload))*time.Millisecond, true, webhook.ReasonHandled},
		send: func(s *sender) { s.head(); s.drip(aPayload, time.Millisecond); s.end() }},
	{name: "is slow by each byte", want: result{400, bodyTimeout, false, webhook.ReasonBody},
		send: func(s *sender) { s.head(); s.drip(aPayload, time.Second); s.end() }},
	{name: "stops after the header", want: result{400, bodyTimeout, false, webhook.ReasonBody},
		send: func(s *sender) { s.head() }},
	{name: "stops in the header", want: result{0, headerTimeout, false, ""},
		send: func(s *sender) { s.write("POST /hooks HTTP/1.1\r\n") }},
	{name: "leaves in the header", want: result{0, 0, false, ""},
		send: func(s *sender) { s.write("POST /hooks HTTP/1.1\r\n"); s.leave() }},
	{name: "leaves in the body", want: result{0, 0, false, webhook.ReasonBody},
		send: func(s *sender) { s.head(); s.body(aPayload[:20]); s.leave() }},
	{name: "leaves while the callback runs", want: result{0, callbackTakes, true, webhook.ReasonHandled},
		send: func(s *sender) { s.head(); s.body(aPayload); s.end(); s.leave() }},
	{name: "does not read the response", want: result{0, writeTimeout, true, webhook.ReasonHandled}, deaf: true,
		send: func(s *sender) { s.head(); s.body(aPayload); s.end() }},
	{name: "sends too much", want: result{413, 0, false, webhook.ReasonTooLarge},
		send: func(s *sender) { s.payload = strings.Repeat("x", maxBodyBytes+1); s.head(); s.body(s.payload); s.end() }},
	{name: "sends another body than was signed", want: result{401, 0, false, webhook.ReasonBadSignature},
		send: func(s *sender) { s.head(); s.body(strings.ToUpper(aPayload)); s.end() }},
}

func TestMatrixOfClients(t *testing.T) {
	t.Parallel()
	signer := messagemediatest.NewSigner(t)
	var grid strings.Builder
	table := tabwriter.NewWriter(&grid, 0, 0, 2, ' ', 0)
	defer func() { // also if a cell ends the test
		table.Flush()
		t.Log("\n" + grid.String())
	}()
	fmt.Fprint(table, "a client that\twith Content-Length\tin chunks\t")
	for _, c := range clients {
		fmt.Fprint(table, "\n", c.name)
		for _, chunked := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				got := c.run(t, &sender{payload: aPayload, chunked: chunked, signer: signer})
				want := c.want
				if got.status == 0 && want.after <= got.after && got.after < want.after+time.Second {
					want.after = got.after // how long a connection lingers depends on the release of Go
				}
				assert.Equal(t, want, got, "a client that %s, in chunks: %t", c.name, chunked)
				fmt.Fprint(table, "\t", got)
			})
		}
		fmt.Fprint(table, "\t")
	}
}

func (r result) String() string {
	response, handled := "no response", "not handled"
	if r.status != 0 {
		response = fmt.Sprint(r.status)
	}
	if r.handled {
		handled = "handled"
	}
	return fmt.Sprintf("%s after %v, %s", response, r.after, handled)
}

// run lets a client send a delivery to a new server. It leaves no goroutine, because the
// test's bubble would not end.
func (c *client) run(t *testing.T, s *sender) (got result) {
	accepting := newVerifier(t, webhook.Signed(webhook.NewKeySet(s.signer.Key())), webhook.WithMaxBodyBytes(maxBodyBytes))
	handler := newHandler(t, accepting,
		func(context.Context, *webhook.Delivery) error {
			time.Sleep(callbackTakes)
			got.handled = true
			return nil
		},
		webhook.WithObserver(func(_ context.Context, o webhook.DeliveryOutcome) { got.reason = o.Reason }))
	server := serve(handler)
	s.connection = server.dial()

	start := time.Now()
	var sending sync.WaitGroup
	sending.Go(func() { c.send(s) })
	if !c.deaf {
		got.status = s.response()
	}
	if got.status == 0 {
		server.closed.Wait()
	}
	got.after = time.Since(start)
	s.leave()
	server.Close()
	server.closed.Wait()
	sending.Wait()
	return got
}

// sender writes a delivery to a connection. It ignores write errors.
type sender struct {
	connection net.Conn
	signer     *messagemediatest.Signer
	payload    string // that is signed and announced
	chunked    bool
}

func (s *sender) write(text string) (written bool) {
	_, err := io.WriteString(s.connection, text)
	return err == nil
}

func (s *sender) leave() { s.connection.Close() }

// head writes the header, including the signature.
func (s *sender) head() {
	r, _ := http.NewRequest(http.MethodPost, "http://localhost/hooks", strings.NewReader(s.payload))
	if err := s.signer.Sign(r); err != nil {
		panic(err) // the request above is valid
	}
	framing := fmt.Sprintf("Content-Length: %d", len(s.payload))
	if s.chunked {
		framing = "Transfer-Encoding: chunked"
	}
	var header bytes.Buffer
	r.Header.Write(&header)
	s.write("POST /hooks HTTP/1.1\r\nHost: localhost\r\n" + framing + "\r\n" + header.String() + "\r\n")
}

func (s *sender) body(part string) (written bool) {
	if s.chunked {
		part = fmt.Sprintf("%x\r\n%s\r\n", len(part), part)
	}
	return s.write(part)
}

func (s *sender) drip(text string, every time.Duration) {
	for written := true; written && text != ""; text = text[1:] {
		time.Sleep(every)
		written = s.body(text[:1])
	}
}

func (s *sender) end() {
	if s.chunked {
		s.write("0\r\n\r\n")
	}
}

// response returns the status of the response, or 0 if there is none.
func (s *sender) response() int {
	response, err := http.ReadResponse(bufio.NewReader(s.connection), nil)
	if err != nil {
		return 0
	}
	return response.StatusCode
}

// TestTenThousandDeliveries sends 2,500 events four times each, 64 at a time. It sends each
// delivery until it is acknowledged. The callback fails at random, and responses are lost at
// random. One event in ten is forged. In the end, the Deduplicator has let each genuine event
// be handled once, all its deliveries were acknowledged, and no forged event was handled.
func TestTenThousandDeliveries(t *testing.T) {
	t.Parallel()
	const events, repeats, senders = 2_500, 4, 64
	var handled, acknowledged [events]atomic.Int32
	observed := new(outcomes)
	signer := smallSigner(t)
	server := serve(newHandler(t, newVerifier(t, webhook.Signed(webhook.NewKeySet(signer.Key()), webhook.WithMinKeyBits(1024))),
		func(_ context.Context, d *webhook.Delivery) error {
			runtime.Gosched() // so that duplicates run at once
			switch chance := rand.N(100); {
			case chance < 10:
				panic("the database is gone")
			case chance < 50:
				return errors.New("the database is down")
			}
			id, err := strconv.Atoi(d.Event.(*webhook.ReceivedSMS).ReplyID)
			handled[id].Add(1)
			return err
		},
		observed.options(inMemory())[1:]...))
	defer server.Close()
	platform := &http.Client{Transport: &lossy{http.Transport{
		DialContext:         func(context.Context, string, string) (net.Conn, error) { return server.dial(), nil },
		MaxIdleConnsPerHost: senders,
	}}}

	deliveries := make(chan *signed)
	var sending sync.WaitGroup
	for range senders {
		sending.Go(func() {
			for d := range deliveries {
				if d.deliver(platform) == http.StatusNoContent {
					acknowledged[d.id].Add(1)
				}
			}
		})
	}
	forged := func(id int) bool { return id%10 == 0 }
	for id := range events {
		d := sign(t, signer, id, forged(id))
		for range repeats {
			deliveries <- d
		}
	}
	close(deliveries)
	sending.Wait()

	for id := range events {
		want := [2]int32{1, repeats}
		if forged(id) {
			want = [2]int32{}
		}
		got := [2]int32{handled[id].Load(), acknowledged[id].Load()}
		assert.Equal(t, want, got, "event %d: how often it was handled, and acknowledged", id)
	}
	counts := observed.reasons()
	t.Log(counts)
	for _, reason := range []webhook.Reason{webhook.ReasonCallback, webhook.ReasonPanic, webhook.ReasonBadSignature, webhook.ReasonDuplicate} {
		assert.Positive(t, counts[reason], "without %v the test shows less", reason)
	}
}

// signed is a signed delivery of an event.
type signed struct {
	id     int
	header http.Header
	body   string // if forged, not the one that was signed
}

func sign(t *testing.T, signer *messagemediatest.Signer, id int, forged bool) *signed {
	body := fmt.Sprintf(`{"reply_id":"%d","content":"Hello","source_number":"+61491570156"}`, id)
	r, err := http.NewRequest(http.MethodPost, "http://localhost/hooks", strings.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, signer.Sign(r))
	if forged {
		body = strings.Replace(body, "Hello", "Adieu", 1)
	}
	return &signed{id, r.Header, body}
}

// deliver sends a delivery until it is acknowledged or rejected.
func (d *signed) deliver(platform *http.Client) (status int) {
	for status != http.StatusNoContent && status != http.StatusUnauthorized {
		r, err := http.NewRequest(http.MethodPost, "http://localhost/hooks", strings.NewReader(d.body))
		if err != nil {
			return 0
		}
		r.Header = d.header
		response, err := platform.Do(r)
		if err != nil {
			continue // the response was lost
		}
		response.Body.Close()
		status = response.StatusCode
	}
	return status
}

// lossy loses one of ten responses.
type lossy struct{ http.Transport }

func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.Transport.RoundTrip(r)
	if err == nil && rand.N(10) == 0 {
		response.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return response, err
}

// smallSigner returns a signer with a key of 1024 bits, which signs in a third of the time.
func smallSigner(t *testing.T) *messagemediatest.Signer {
	api := messagemediatest.NewServer(t, messagemediatest.WithKeyBits(1024))
	key, err := api.Client().CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	require.NoError(t, err)
	_, err = api.Client().EnableSignatureKey(t.Context(), key.ID)
	require.NoError(t, err)
	return api.Signer("")
}

// endpoint is a server on an in-memory network, with all timeouts set.
type endpoint struct {
	http.Server
	connections chan net.Conn
	closed      sync.WaitGroup // of all its connections
}

func serve(handler http.Handler) *endpoint {
	e := newEndpoint(handler)
	e.start()
	return e
}

func newEndpoint(handler http.Handler) *endpoint {
	e := &endpoint{connections: make(chan net.Conn)}
	e.Handler = handler
	e.ReadHeaderTimeout, e.ReadTimeout, e.WriteTimeout = headerTimeout, readTimeout, writeTimeout
	e.ErrorLog = log.New(io.Discard, "", 0)
	e.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			e.closed.Done()
		}
	}
	return e
}

func (e *endpoint) start() { go e.Serve(&listener{e.connections, make(chan struct{})}) }

func (e *endpoint) dial() net.Conn {
	client, server := net.Pipe()
	e.closed.Add(1)
	e.connections <- server
	return client
}

type listener struct {
	connections chan net.Conn
	done        chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	close(l.done)
	return nil
}

func (l *listener) Addr() net.Addr { return new(net.IPAddr) }
