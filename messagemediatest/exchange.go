package messagemediatest

import (
	"net/http"
	"time"
)

// Exchange is a request that the server received and its response.
type Exchange struct {
	Operation   string      // the name of the SDK's method, such as "CreateWebhook"; empty if the API has no such request
	Method      string      // the request's method
	Target      string      // the request target: path and query as received
	Proto       string      // the HTTP version, such as "HTTP/1.1"
	Account     string      // the header Account, or empty
	Header      http.Header // the request's header
	RequestBody string      // empty if a fault prevented reading it

	Status       int           // the response's status; 0 if there was no response
	ResponseBody string        // empty if there was no response
	Committed    bool          // whether the request took effect
	Duration     time.Duration // from receiving the request's header to the response
}

func (e Exchange) clone() Exchange {
	e.Header = e.Header.Clone()
	return e
}

// Requests returns copies of all requests so far, in the order of their responses.
func (s *Server) Requests() []Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	copies := make([]Exchange, len(s.requests))
	for i, exchange := range s.requests {
		copies[i] = exchange.clone()
	}
	return copies
}

// record stores an exchange. If no other goroutine is calling the observer, record calls
// it. Calls are therefore serialized, and an observer that sends a request does not
// deadlock.
func (s *Server) record(exchange Exchange) {
	s.mu.Lock()
	s.requests = append(s.requests, exchange)
	if s.observing {
		s.mu.Unlock()
		return
	}
	s.observing = true
	s.mu.Unlock()
	finished := false
	defer func() {
		if !finished { // the observer panicked
			s.mu.Lock()
			s.observing = false
			s.mu.Unlock()
		}
	}()
	for next, ok := s.nextToObserve(); ok; next, ok = s.nextToObserve() {
		s.observe(next)
	}
	finished = true
}

// nextToObserve returns a copy of the next exchange. If there is none, it marks the
// observer as idle.
func (s *Server) nextToObserve() (Exchange, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.observed == len(s.requests) {
		s.observing = false
		return Exchange{}, false
	}
	s.observed++
	return s.requests[s.observed-1].clone(), true
}
