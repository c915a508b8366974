package messagemediatest

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Fault makes a request fail. The zero value of a field changes nothing, so a fault
// names only what goes wrong:
//
//	api.Fail(messagemediatest.Fault{Status: 503, Times: 2})
//	api.Fail(messagemediatest.Fault{ResetConnection: true, AfterCommit: true})
type Fault struct {
	// Match selects the requests that fail. If nil, any request does.
	Match func(*http.Request) bool

	// Times is how many requests fail. If zero, one does.
	Times int

	// AfterCommit lets the request take effect before it fails.
	AfterCommit bool

	// Delay is the time until the failure, or until the response if nothing else is
	// set. It ends early if the client disconnects.
	Delay time.Duration

	// ResetConnection resets the connection instead of responding: before the request's
	// body is read or, with AfterCommit, after the request took effect.
	ResetConnection bool

	// Status, Header and Body replace the real response, if Status is set.
	Status int
	Header http.Header
	Body   string

	// TruncateBody announces the whole body, sends half of it, and resets the connection.
	TruncateBody bool

	// ByteDelay is the time before each byte of the body.
	ByteDelay time.Duration
}

// Fail queues faults. A request takes the first that matches it.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fault := range faults {
		fault.Times = max(1, fault.Times)
		s.faults = append(s.faults, &fault)
	}
}

// nextFault returns a copy of the fault that a request takes; the zero one when
// there is none.
func (s *Server) nextFault(r *http.Request) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fault := range s.faults {
		if fault.Times > 0 && (fault.Match == nil || fault.Match(r)) {
			fault.Times--
			return *fault
		}
	}
	return Fault{}
}

// apply handles a request up to its response. A response with status 0 is none.
func (f Fault) apply(closing context.Context, r *http.Request, handle func() response) (response, responsePlan) {
	var response response
	if f.AfterCommit {
		response = handle()
	}
	if !sleep(closing, r, f.Delay) || f.ResetConnection {
		return noResponse, responsePlan{resetConnection: true}
	}
	switch {
	case f.Status != 0:
		response.status, response.header, response.body = f.Status, f.Header, []byte(f.Body)
	case !f.AfterCommit:
		response = handle()
	}
	return response, responsePlan{shutdownCtx: closing, truncateBody: f.TruncateBody, byteDelay: f.ByteDelay}
}

var noResponse = response{}

// sleep waits, unless the client or the server goes first.
func sleep(closing context.Context, r *http.Request, d time.Duration) bool {
	if d == 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-closing.Done():
	}
	return false
}

// responsePlan is how a response is written.
type responsePlan struct {
	shutdownCtx     context.Context
	resetConnection bool
	truncateBody    bool
	byteDelay       time.Duration
}

func (d responsePlan) write(w http.ResponseWriter, r *http.Request, response response) {
	if d.resetConnection {
		reset(w)
		return
	}
	for name, values := range response.header {
		w.Header()[name] = values
	}
	if response.status != http.StatusNoContent && response.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(response.body)))
	}
	w.WriteHeader(response.status)
	body := response.body
	if d.truncateBody {
		body = body[:len(body)/2]
	}
	d.writeBody(w, r, body)
	if d.truncateBody {
		http.NewResponseController(w).Flush()
		reset(w)
	}
}

func (d responsePlan) writeBody(w http.ResponseWriter, r *http.Request, body []byte) {
	if d.byteDelay == 0 {
		w.Write(body)
		return
	}
	for i := range body {
		if !sleep(d.shutdownCtx, r, d.byteDelay) {
			return
		}
		w.Write(body[i : i+1])
		http.NewResponseController(w).Flush()
	}
}

// reset breaks the connection off, over HTTP/2 the stream. Without lingering, a
// client sees a reset and not an end.
func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	connection.Close()
}
