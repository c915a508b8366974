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

// What several tests use.

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// respondingWith makes each response the same.
func respondingWith(status int, body string) httpmock.Responder {
	return httpmock.NewStringResponder(status, body)
}

// parsed is a URL that is known to be one.
func parsed(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return u
}

// silent is for servers that would tell of each connection that fails.
var silent = log.New(io.Discard, "", 0)

// jsonLogger writes each record, of any level, as a line of JSON.
func jsonLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// long skips a test that takes seconds, under -short.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes seconds")
	}
}

// makesKeysInABubble skips a test where RSA keys and IDs can't be made under fake time: the
// FIPS module of Go 1.26 measures the time to get its entropy.
func makesKeysInABubble(t *testing.T) {
	t.Helper()
	if fips140.Enabled() && strings.HasPrefix(runtime.Version(), "go1.26") {
		t.Skip("there is no entropy in a synctest bubble")
	}
}
