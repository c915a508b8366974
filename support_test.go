package messagemedia_test

import (
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/url"

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
