package messagemediatest

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"
)

var noResponse = response{}

// sleep waits for d. It returns false if the client disconnects or the server is closed
// before.
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

// responsePlan defines how a response is written.
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

// reset resets the connection, or the stream of HTTP/2. SetLinger(0) makes a TCP
// connection end with a reset instead of a normal close.
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
