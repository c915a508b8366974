package messagemediatest

import (
	"net/http"
	"time"
)

// Exchange is a request that the server received, and its response.
type Exchange struct {
	Operation   string      // the SDK's name for the request, such as "CreateWebhook"; empty if the API has no such request
	Method      string      // of the request
	Target      string      // path and query, as they arrived
	Proto       string      // the HTTP version, such as "HTTP/1.1"
	Account     string      // the header Account, empty if there is none
	Header      http.Header // of the request
	RequestBody string      // empty if a fault kept it from being read

	Status       int           // of the response, 0 if there was none
	ResponseBody string        // empty if there was none
	Committed    bool          // whether the request took effect
	Duration     time.Duration // from the request's header to the response
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

// record keeps an exchange, and has it observed: by this goroutine, or by the one
// that is calling the observer already. So calls are one at a time, and an observer
// that sends a request does not wait for itself.
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

// nextToObserve returns a copy of the next exchange. If there is none, nobody is
// observing any more.
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
