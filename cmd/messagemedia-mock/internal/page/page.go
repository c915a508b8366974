// Package page serves the in-memory platform, and beside it a page that shows API calls
// and deliveries, simulates events, and checks templates.
//
// The page is at /. It calls these paths, which the API does not have:
//
//	GET    /                                        the page; ?token= gives a browser its cookie
//	GET    /mock/traffic                            the exchanges that are kept, as JSON
//	GET    /mock/traffic/stream                     the same and each change, as server-sent events
//	GET    /mock/traffic/{id}                       one exchange with everything in it
//	GET    /mock/traffic/{id}/attachments/{number}  a file of an MMS, as a download
//	POST   /mock/traffic/{id}/resend                sends a delivery again: a duplicate
//	DELETE /mock/traffic                            forgets all exchanges
//	POST   /mock/events                             simulates an event, and responds with each attempt
//	GET    /mock/samples                            an event of each type, and hostile texts
//	POST   /mock/template                           checks and renders a template
//	GET    /mock/webhooks                           the webhooks of every account that was used
//	PUT    /mock/webhooks/{id}/template             saves a template, by a call of the API
//
// [New] says who may call these. All other paths are the API's.
//
// The page runs no script but its own file, and loads nothing from elsewhere: its
// content security policy enforces both. It sets all values as text, never as markup.
// It shows bodies and headers in full, tokens included.
package page

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"

	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

//go:embed assets
var embedded embed.FS

// Config configures a page.
type Config struct {
	// API is the platform.
	API *messagemediatest.Server

	// Traffic has the API's calls and deliveries: the platform's observers record them.
	Traffic *Traffic

	// Token is exchanged for a cookie by browsers, and sent by other clients that read.
	Token string

	// Host is a name that the page may be called by, beside localhost and addresses.
	Host string

	// SendOptions are those of each delivery.
	SendOptions []messagemediatest.SendOption
}

// New returns a handler for the page and the API.
//
// A browser needs the token once, in the URL of the page. It gets a cookie for it
// (HttpOnly, SameSite=Strict), which every further request needs. Their Host must be
// localhost, an IP address or [Config.Host], and requests that change state must come
// from the page itself. Other clients send the token in a header
// "Authorization: Bearer TOKEN" to read, and need none to change state.
//
// The API checks its own credentials. It is served under any Host, so that a container
// can call it by any name, but not to pages of other sites, if the request changes state.
func New(config Config) http.Handler {
	p := &page{Config: config, access: newAccess(config.Token, config.Host)}
	assets, err := fs.Sub(embedded, "assets")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	private := http.NewServeMux()
	private.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, assets, "page.html") })
	for _, name := range []string{"page.js", "page.css", "icon.svg"} {
		private.HandleFunc("GET /mock/"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, assets, name) })
	}
	private.HandleFunc("GET /mock/traffic", p.serveTraffic)
	private.HandleFunc("GET /mock/traffic/stream", p.serveStream)
	private.HandleFunc("GET /mock/traffic/{id}", p.serveExchange)
	private.HandleFunc("GET /mock/traffic/{id}/attachments/{number}", p.serveAttachment)
	private.HandleFunc("POST /mock/traffic/{id}/resend", p.resend)
	private.HandleFunc("DELETE /mock/traffic", p.clear)
	private.HandleFunc("POST /mock/events", p.simulate)
	private.HandleFunc("GET /mock/samples", p.serveSamples)
	private.HandleFunc("POST /mock/template", p.tryTemplate)
	private.HandleFunc("GET /mock/webhooks", p.serveWebhooks)
	private.HandleFunc("PUT /mock/webhooks/{id}/template", p.saveTemplate)

	mux := http.NewServeMux()
	mux.Handle("/mock/", protected(p.access.require(private)))
	mux.Handle("/{$}", protected(p.servePage(p.access.require(private))))
	mux.HandleFunc("/favicon.ico", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) }) // browsers ask for it unasked
	mux.Handle("/", config.API)
	return http.NewCrossOriginProtection().Handler(mux)
}

type page struct {
	Config
	access *access
}

// servePage exchanges a token first.
func (p *page) servePage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.access.exchangeToken(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

// protected sets headers that restrict the page to its purpose.
func protected(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ") // for people with curl
	_ = encoder.Encode(body)    // the client may be gone
}

func respondError(w http.ResponseWriter, status int, message string) {
	respond(w, status, struct {
		Message string `json:"message"`
	}{message})
}
