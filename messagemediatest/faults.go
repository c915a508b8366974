package messagemediatest

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/check"
)

// Fault makes a request fail. A zero field has no effect. A Fault without Match that selects
// requests, or has AfterCommit, must say how they fail:
//
//	api.Fail(messagemediatest.Fault{Status: 503, Times: 2})
//	api.Fail(messagemediatest.Fault{Operation: "CreateWebhook", ResetConnection: true, AfterCommit: true})
//	api.Fail(messagemediatest.Fault{Operation: "ListWebhooks", Lag: 1})
//	api.Fail(messagemediatest.Fault{Operation: "DeleteWebhook", Status: 404, Body: "<html>No such host"}) // of a proxy
type Fault struct {
	// Operation selects requests by the name of the SDK's method, such as
	// "CreateWebhook". GetWebhook, Webhooks and syncs send "ListWebhooks". If empty,
	// Operation selects any request.
	Operation string

	// Account selects requests by their sub-account, such as new("branch"). The account
	// that the credentials belong to is new(""). If nil, Account selects requests for
	// any account.
	Account *string

	// Match reports whether a request that Operation and Account select fails. If nil,
	// all of them do. Match receives a copy of the request without its body. The server
	// calls it for one request at a time and without holding a lock. Match may call the
	// server's methods. It may also send requests, but not ones for which a Match
	// function must be called: those wait until Match has returned.
	Match func(*http.Request) bool

	// Times is the number of requests that fail. If zero, one request fails.
	Times int

	// AfterCommit lets the request take effect before it fails.
	AfterCommit bool

	// Delay is the time until the failure, or until the response if no failure is set.
	// It ends early if the client disconnects or the server is closed.
	Delay time.Duration

	// ResetConnection resets the connection instead of responding. With AfterCommit, it
	// does so after the request took effect, otherwise before the body is read.
	ResetConnection bool

	// Status, Header and Body replace the real response. Status is 101 or from 200 to
	// 999. If zero, Header and Body must be unset.
	Status int
	Header http.Header
	Body   string

	// TruncateBody sends the Content-Length of the whole body and half of the body, then
	// resets the connection.
	TruncateBody bool

	// ByteDelay is the time before each byte of the response body.
	ByteDelay time.Duration

	// Lag makes a list outdated: it shows the account before its last Lag changes, from 0
	// to 100. Operation must be "ListWebhooks" or "ListSignatureKeys".
	Lag int
}

func (f Fault) clone() Fault {
	f.Header = f.Header.Clone()
	if f.Account != nil {
		f.Account = new(*f.Account)
	}
	return f
}

// check returns an error if a field is invalid.
func (f Fault) check() error {
	lists := []string{"ListWebhooks", "ListSignatureKeys"}
	return cmp.Or(
		check.That(f.Operation == "" || slices.Contains(operations(), f.Operation), "Operation must be one of %q, got %q", operations(), f.Operation),
		check.That(f.Times >= 0, "Times must not be negative, got %d", f.Times),
		check.That(f.Delay >= 0, "Delay must not be negative, got %v", f.Delay),
		check.That(f.ByteDelay >= 0, "ByteDelay must not be negative, got %v", f.ByteDelay),
		check.That(f.Status == 0 || f.Status == 101 || 200 <= f.Status && f.Status <= 999, "Status must be 101 or from 200 to 999, got %d", f.Status),
		check.That(f.Status != 0 || f.Header == nil && f.Body == "", "Header and Body need a Status"),
		check.That(0 <= f.Lag && f.Lag <= maxLag, "Lag must be from 0 to %d, got %d", maxLag, f.Lag),
		check.That(f.Lag == 0 || slices.Contains(lists, f.Operation), "Operation must be one of %q with a Lag, got %q", lists, f.Operation),
		check.That(f.hasEffect() || f.Match != nil || f.Operation == "" && f.Account == nil && !f.AfterCommit,
			"the fault has no effect; set Delay, ResetConnection, Status, TruncateBody, ByteDelay or Lag"),
	)
}

func (f Fault) hasEffect() bool {
	return f.Delay != 0 || f.ResetConnection || f.Status != 0 || f.TruncateBody || f.ByteDelay != 0 || f.Lag != 0
}

// Fail queues faults. Each request takes the first fault that selects it. If a fault is
// invalid, Fail queues none and returns an error. If [NewServer] created the server, the
// test fails, too, so it may ignore the error.
func (s *Server) Fail(faults ...Fault) error {
	queued := make([]*Fault, len(faults))
	for i, fault := range faults {
		if err := fault.check(); err != nil {
			return s.reject(fmt.Errorf("messagemediatest: Fail: %w", err))
		}
		fault.Times = max(1, fault.Times)
		queued[i] = new(fault.clone())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, queued...)
	return nil
}

// reject returns err. If the server belongs to a test, the test fails.
func (s *Server) reject(err error) error {
	if s.tb != nil {
		s.tb.Helper()
		s.tb.Error(err)
	}
	return err
}

// Faults returns copies of the queued faults. Their Times count the requests that are
// still to fail.
func (s *Server) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	faults := make([]Fault, len(s.faults))
	for i, fault := range s.faults {
		faults[i] = fault.clone()
	}
	return faults
}

// ClearFaults removes all queued faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// takeFault returns the fault that a request takes, or the zero Fault.
func (s *Server) takeFault(r *http.Request, operation, account string) Fault {
	for _, candidate := range s.faultsFor(operation, account) {
		if fault, ok := s.takeIfMatched(candidate, r); ok {
			return fault
		}
	}
	return Fault{}
}

// faultsFor returns the queued faults that select an operation and an account.
func (s *Server) faultsFor(operation, account string) []*Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var faults []*Fault
	for _, fault := range s.faults {
		if (fault.Operation == "" || fault.Operation == operation) && (fault.Account == nil || *fault.Account == account) {
			faults = append(faults, fault)
		}
	}
	return faults
}

func (s *Server) isQueued(fault *Fault) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.faults, fault)
}

// takeIfMatched takes a fault if its Match function is nil or returns true. It calls one
// Match function at a time.
func (s *Server) takeIfMatched(fault *Fault, r *http.Request) (Fault, bool) {
	if fault.Match == nil {
		return s.take(fault)
	}
	s.matching <- struct{}{} // a mutex would stop the fake time of a bubble
	defer func() { <-s.matching }()
	copied := r.Clone(r.Context())
	copied.Body = http.NoBody
	if !s.isQueued(fault) || !fault.Match(copied) {
		return Fault{}, false
	}
	return s.take(fault)
}

// take returns a copy of a fault and decrements its Times. It reports whether the fault
// was still queued.
func (s *Server) take(fault *Fault) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.faults, fault)
	if i < 0 {
		return Fault{}, false
	}
	if fault.Times--; fault.Times == 0 {
		s.faults = slices.Delete(s.faults, i, i+1)
	}
	return fault.clone(), true
}

// apply handles a request with the fault. If the returned status is 0, the server sends
// no response.
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
