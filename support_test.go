package messagemedia_test

import (
	"crypto/fips140"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
)

// Helpers of several tests.

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// respondingWith responds to every request with the same status and body.
func respondingWith(status int, body string) httpmock.Responder {
	return httpmock.NewStringResponder(status, body)
}

// parsed parses a URL that is known to be valid.
func parsed(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return u
}

// silent discards what a server logs about each failed connection.
var silent = log.New(io.Discard, "", 0)

// jsonLogger returns a logger that writes each record, of any level, as a line of JSON.
func jsonLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// long skips a test that takes seconds if -short is set.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds")
	}
}

// makesKeysInABubble skips a test if RSA keys and IDs can't be created under fake time, because
// the FIPS module of Go 1.26 measures time to gather entropy.
func makesKeysInABubble(t *testing.T) {
	t.Helper()
	if fips140.Enabled() && strings.HasPrefix(runtime.Version(), "go1.26") {
		t.Skip("there is no entropy in a synctest bubble")
	}
}
