package messagemediatest

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Fault makes a request fail. The zero value of a field changes nothing, so a
// fault says only what is to go wrong:
//
//	api.Fail(messagemediatest.Fault{Status: 503, Times: 2})
//	api.Fail(messagemediatest.Fault{Reset: true, AfterChange: true})
type Fault struct {
	// Match chooses the requests that fail. Nil is any request.
	Match func(*http.Request) bool

	// Times is how many requests fail. 0 is one.
	Times int

	// AfterChange lets the request take effect before it fails.
	AfterChange bool

	// Delay is the time until the failure, or until the answer if nothing else is
	// set. It ends early when the client leaves.
	Delay time.Duration

	// Reset breaks the connection off in place of an answer: before the request's
	// body is read, or after the change.
	Reset bool

	// Status, Header and Body are the answer in place of the real one, when Status
	// is set.
	Status int
	Header http.Header
	Body   string

	// CutOff announces the whole body, sends half of it, and breaks the connection off.
	CutOff bool

	// Trickle is the time before each byte of the body.
	Trickle time.Duration
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

// apply handles a request up to its answer. An answer with status 0 is none.
func (f Fault) apply(closing context.Context, r *http.Request, handle func() answer) (answer, delivery) {
	var answer answer
	if f.AfterChange {
		answer = handle()
	}
	if !sleep(closing, r, f.Delay) || f.Reset {
		return noAnswer, delivery{reset: true}
	}
	switch {
	case f.Status != 0:
		answer.status, answer.header, answer.body = f.Status, f.Header, []byte(f.Body)
	case !f.AfterChange:
		answer = handle()
	}
	return answer, delivery{closing: closing, cutOff: f.CutOff, trickle: f.Trickle}
}

var noAnswer = answer{}

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

// delivery is the way in which an answer goes out.
type delivery struct {
	closing context.Context
	reset   bool
	cutOff  bool
	trickle time.Duration
}

func (d delivery) write(w http.ResponseWriter, r *http.Request, answer answer) {
	if d.reset {
		reset(w)
		return
	}
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	if answer.status != http.StatusNoContent && answer.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(answer.body)))
	}
	w.WriteHeader(answer.status)
	body := answer.body
	if d.cutOff {
		body = body[:len(body)/2]
	}
	d.writeBody(w, r, body)
	if d.cutOff {
		http.NewResponseController(w).Flush()
		reset(w)
	}
}

func (d delivery) writeBody(w http.ResponseWriter, r *http.Request, body []byte) {
	if d.trickle == 0 {
		w.Write(body)
		return
	}
	for i := range body {
		if !sleep(d.closing, r, d.trickle) {
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
