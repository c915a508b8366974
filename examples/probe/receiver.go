package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// receiver records every request below the path of this run, for the checks. It verifies nothing,
// so don't copy it to receive deliveries.
type receiver struct {
	server *http.Server

	mu      sync.Mutex
	byName  map[string][]delivery
	arrived chan struct{} // receives after each delivery
}

// delivery is a received request.
type delivery struct {
	method, target, proto string
	header                http.Header
	body                  string
	at                    time.Time
}

// startReceiving starts the receiver. It needs a public URL or the in-memory platform.
func (p *probe) startReceiving() error {
	if p.publicURL == "" && p.api.memory == nil {
		return errors.New("needs -url")
	}
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		return err
	}
	if p.api.memory != nil {
		p.publicURL = "http://" + listener.Addr().String()
	}
	r := &receiver{byName: make(map[string][]delivery), arrived: make(chan struct{}, 1)}
	r.server = &http.Server{
		Handler:      http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) { r.receive(w, request, p.marker) }),
		ReadTimeout:  10 * time.Second,
		WriteTimeout: 10 * time.Second,
	}
	go r.server.Serve(listener)
	p.received = r
	return nil
}

func (p *probe) stopReceiving() {
	if p.received != nil {
		p.received.server.Close()
	}
}

// receive records a request. It responds 503 to the first delivery of the webhook "json", to
// observe a retry.
func (r *receiver) receive(w http.ResponseWriter, request *http.Request, marker string) {
	if !strings.Contains(request.URL.Path, marker) {
		http.NotFound(w, request)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, 1<<20))
	if err != nil {
		http.Error(w, "unreadable body", http.StatusBadRequest)
		return
	}
	name := path.Base(request.URL.Path)
	r.mu.Lock()
	r.byName[name] = append(r.byName[name], delivery{request.Method, request.RequestURI, request.Proto, request.Header, string(body), time.Now()})
	first := len(r.byName[name]) == 1
	r.mu.Unlock()
	if name == "json" && first {
		w.WriteHeader(http.StatusServiceUnavailable)
	} else {
		w.WriteHeader(http.StatusNoContent)
	}
	select {
	case r.arrived <- struct{}{}:
	default:
	}
}

func (r *receiver) deliveries(name string) []delivery {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.byName[name])
}

// await waits for a number of deliveries of each webhook. If the context ends, await describes the
// missing ones.
func (r *receiver) await(ctx context.Context, want map[string]int) []string {
	for {
		var missing []string
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if got := len(r.deliveries(name)); got < want[name] {
				missing = append(missing, fmt.Sprintf("%s (%d of %d)", name, got, want[name]))
			}
		}
		if len(missing) == 0 {
			return nil
		}
		select {
		case <-r.arrived:
		case <-ctx.Done():
			return missing
		}
	}
}
